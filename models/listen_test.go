package models_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"assent/internal/testenv"
)

func TestPostgresTellsOtherProcessesOfCommits(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	listener := open(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	told, ended := make(chan uint64, 100), make(chan error, 1)
	go func() { ended <- listener.Listen(ctx, func(revision uint64) { told <- revision }) }()
	hears := func(want uint64) {
		t.Helper()
		select {
		case got := <-told:
			if got != want {
				t.Errorf("told of revision %d, want %d", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("not told of revision %d", want)
		}
	}
	hears(0)
	if err := work(url, "a", 2); err != nil {
		t.Fatal(err)
	}
	hears(1)
	hears(2)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestSQLiteTellsNobody(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := open(t, engines["sqlite"](t)).Listen(ctx, func(revision uint64) { t.Errorf("told of revision %d", revision) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
