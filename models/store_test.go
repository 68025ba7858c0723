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

// engines are the URLs of a database without facts on each engine.
var engines = map[string]func(testing.TB) string{"sqlite": file, "postgres": testenv.Prepared(migrated)}

// blank are the URLs of a database with nothing in it at all.
var blank = map[string]func(testing.TB) string{"sqlite": file, "postgres": testenv.Postgres}

func file(t testing.TB) string { return "sqlite:" + t.TempDir() + "/assent.db" }

// migrated brings a database to this version's schema.
func migrated(url string) error {
	s, err := models.Open(context.Background(), url, models.Options{})
	if err != nil {
		return err
	}
	return s.Close()
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
