package testenv_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"assent/internal/testenv"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // already cut when its database was dropped
	})
	return conn
}

func TestEachTestGetsADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	one, other := connect(t, testenv.Postgres(t)), connect(t, testenv.Postgres(t))
	if _, err := one.Exec(t.Context(), "CREATE TABLE here (id bigint)"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "CREATE TABLE here (id bigint)"); err != nil {
		t.Errorf("the databases are one: %v", err)
	}
}

func TestADatabaseIsGoneAfterItsTestEvenWithConnectionsOpen(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("a test", func(t *testing.T) {
		url = testenv.Postgres(t)
		if _, err := pgx.Connect(context.Background(), url); err != nil {
			t.Fatal(err)
		}
	})
	_, err := pgx.Connect(t.Context(), url)
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("connecting after the test: %v", err)
	}
}

func TestAClusterIsGoneWhenStopped(t *testing.T) {
	t.Parallel()
	c, err := testenv.Start()
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, c.URL)
	var dir string
	if err := conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("its data is still there: %v", err)
	}
	if _, err := pgx.Connect(t.Context(), c.URL); err == nil {
		t.Error("it still answers")
	}
}

func TestTheBrowserAnswersToItsName(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), testenv.Chromium(t), "--version").CombinedOutput()
	if err != nil || !strings.Contains(strings.ToLower(string(output)), "chrom") {
		t.Errorf("%s: %v", output, err)
	}
}
