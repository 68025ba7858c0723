// Package testenv hands tests what they need from the machine they run on: an
// empty PostgreSQL database and the path of a browser. It never skips a test:
// where something is missing the test fails and says what to install.
//
// Only tests import it. The PostgreSQL cluster is private to the run: it uses
// the programs Debian installs, on a free port, with its data in a temporary
// directory, and is gone when the run is over.
package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable names the environment variable with the URL of a running cluster
// for tests to share; `make test` sets it. Without it each test binary that
// asks for a database starts a cluster of its own.
const Variable = "TESTENV_POSTGRES"

// shared is the cluster of this process, started when first asked for. Nothing
// stops it: it ends by itself when the process does. The Cluster is kept, not
// only its URL: collected as garbage, its pipe would close and end the server.
var shared = sync.OnceValues(func() (*Cluster, error) { //nolint:gochecknoglobals // one cluster for all tests of a process
	if given := os.Getenv(Variable); given != "" {
		return &Cluster{URL: given}, nil
	}
	return Start()
})

// Postgres returns the URL of a new, empty PostgreSQL database, which is
// dropped when the test ends. The role in it is a superuser, and the server's
// time zone is far from UTC, so that nothing works by accident of the zone.
func Postgres(t testing.TB) string {
	t.Helper()
	return database(t, "template1")
}

// Prepared is Postgres with databases that are copies of one, which prepare had
// once in this process: a copy takes a tenth of the time of a schema.
func Prepared(prepare func(url string) error) func(testing.TB) string {
	name := "model_" + strings.ToLower(rand.Text())
	prepared := sync.OnceValue(func() error {
		cluster, err := shared()
		if err != nil {
			return err
		}
		if err := execute(cluster.URL, "CREATE DATABASE "+name); err != nil {
			return err
		}
		address, err := cluster.database(name)
		if err != nil {
			return err
		}
		return prepare(address)
	})
	return func(t testing.TB) string {
		t.Helper()
		if err := prepared(); err != nil {
			t.Fatalf("a PostgreSQL database for tests to copy: %v", err)
		}
		return database(t, name)
	}
}

func database(t testing.TB, model string) string {
	t.Helper()
	cluster, err := shared()
	if err != nil {
		t.Fatalf("a PostgreSQL database for the test: %v", err)
	}
	return cluster.copied(t, model)
}

// Database returns the URL of a new, empty database of a cluster, which is
// dropped when the test ends.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	return c.copied(t, "template1")
}

// copied returns the URL of a copy of another database.
func (c *Cluster) copied(t testing.TB, model string) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	if err := execute(c.URL, "CREATE DATABASE "+name+" TEMPLATE "+model); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(c.URL, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	address, err := c.database(name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// database is the URL of a database by its name.
func (c *Cluster) database(name string) (string, error) {
	address, err := url.Parse(c.URL)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", Variable, err)
	}
	return address.JoinPath("..", name).String(), nil
}

// PostgresProgram returns the path of a program that is installed with the
// server, such as pg_dump.
func PostgresProgram(t testing.TB, name string) string {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(bin, name)
}

// execute runs one statement on a connection of its own.
func execute(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to the test cluster: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	if err != nil {
		err = fmt.Errorf("%s: %w", statement, err)
	}
	if closing := conn.Close(ctx); err == nil && closing != nil {
		err = fmt.Errorf("close the connection to the test cluster: %w", closing)
	}
	return err
}

// Chromium returns the path of an installed Chromium or Chrome. Whoever runs
// the tests as root has to start it with --no-sandbox.
func Chromium(t testing.TB) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("a browser for the test: none of %s is installed: apt-get install chromium, or make setup as root",
		strings.Join(names, ", "))
	return ""
}
