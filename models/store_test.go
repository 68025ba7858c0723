package models_test

import (
	"context"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/models"
	"assent/models/storetest"
	"assent/tracker"
)

var noon = time.Date(2021, 5, 15, 12, 0, 0, 0, time.UTC)

// open opens a store that is closed when the test ends.
func open(t testing.TB, url string) *models.Store {
	t.Helper()
	s, err := models.Open(context.Background(), url, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// engines are the URLs of a fresh database on each engine.
var engines = map[string]func(testing.TB) string{
	"sqlite":   func(t testing.TB) string { return "sqlite:" + t.TempDir() + "/assent.db" },
	"postgres": testenv.Postgres,
}

func TestBothEnginesBehaveTheSame(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) tracker.Store { return open(t, fresh(t)) })
		})
	}
}
