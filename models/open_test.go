package models_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/models"
	"assent/tracker"
)

// refuses opens a store, which has to fail with a text that says these things.
func refuses(t *testing.T, url string, o models.Options, says ...string) {
	t.Helper()
	s, err := models.Open(context.Background(), url, o)
	if err == nil {
		t.Fatal("opened", s.Close())
	}
	for _, words := range says {
		if !strings.Contains(err.Error(), words) {
			t.Fatalf("the error does not say %q: %v", words, err)
		}
	}
}

func addPerson(s *models.Store, id string) error {
	ctx := context.Background()
	return s.Update(ctx, func(tx tracker.Tx) error {
		_, err := tx.PutPeople(ctx, []tracker.Person{{ID: id}})
		return err
	})
}

func TestAURLWithoutADatabaseIsRefused(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if s, err := models.Open(ctx, "postgres://nobody@127.0.0.1:1/none", models.Options{}); err == nil {
		t.Fatal("opened", s.Close())
	}
	for url, says := range map[string]string{
		"": "sqlite:PATH", "assent.db": "sqlite:PATH", "mysql://x": "postgres://", "sqlite:": "sqlite:data/assent.db", "sqlite::memory:": "names no file",
		"postgres://a:secret@127.0.0.1:port/x": "database.url",
	} {
		refuses(t, url, models.Options{}, says)
	}
	if _, err := models.Open(context.Background(), "postgres://a:secret@127.0.0.1:port/x", models.Options{}); strings.Contains(err.Error(), "secret") {
		t.Fatalf("the error tells the password: %v", err)
	}
}

func TestADatabaseFileIsMadeWithItsDirectoryForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "100% odd? #name.db")
	s := open(t, "sqlite:"+path)
	if err := addPerson(s, "ana"); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + "-wal"} {
		info, err := os.Stat(file)
		if err != nil || info.Mode() != 0o600 {
			t.Fatalf("%s: %v, %v", file, info, err)
		}
	}
}

func TestWhatIsWrittenIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, fresh := range blank {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			first, err := models.Open(ctx, url, models.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(addPerson(first, "ana"), first.Close()); err != nil {
				t.Fatal(err)
			}
			again, err := models.Open(ctx, url, models.Options{NoMigrate: true})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			err = again.View(ctx, func(r tracker.Reader) error {
				_, err := r.Person(ctx, "ana")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestADamagedFileIsRefusedAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	torn := filepath.Join(t.TempDir(), "torn.db")
	s, err := models.Open(context.Background(), "sqlite:"+torn, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(torn)
	if err != nil {
		t.Fatal(err)
	}
	zeroed := append([]byte{}, whole...)
	clear(zeroed[4096*10 : 4096*12])
	for name, content := range map[string][]byte{
		"not a database": []byte(strings.Repeat("this is a text, not a database. ", 1000)),
		"cut off":        whole[:len(whole)/2],
		"pages zeroed":   zeroed,
	} {
		path := filepath.Join(t.TempDir(), "damaged.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, "sqlite:"+path, models.Options{}, path, "damaged", "backup")
		after, err := os.ReadFile(path)
		if err != nil || string(after) != string(content) {
			t.Fatalf("%s: the file was changed (%v)", name, err)
		}
	}
}

func TestALargeFileIsOpenedAtOnceAndItsDamageFoundAfterwards(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "large.db")
	s, err := models.Open(t.Context(), "sqlite:"+path, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db := raw(t, "sqlite:"+path)
	run(t, db, "CREATE TABLE ballast AS SELECT zeroblob(60000000)")
	var page int64
	if err := db.QueryRow("SELECT rootpage FROM sqlite_master WHERE name = 'notices'").Scan(&page); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.CheckStructure(t.Context()), s.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(make([]byte, 4096), (page-1)*4096)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, "sqlite:"+path)
	if err := s.CheckStructure(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("the damage was not found: %v", err)
	}
}

// hold keeps SQLite's writer, as a process does that was stopped in the middle of a
// write, until the function is called.
func hold(t *testing.T, path string) func() {
	t.Helper()
	conn, err := raw(t, "sqlite:"+path).Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := conn.ExecContext(context.Background(), "ROLLBACK")
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestADatabaseThatIsUpToDateOpensWhileAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	s, err := models.Open(t.Context(), "sqlite:"+path, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer hold(t, path)()
	var said testenv.Log
	second, err := models.Open(t.Context(), "sqlite:"+path, models.Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil || said.String() != "" {
		t.Fatalf("it waited: %s %v", said.String(), err)
	}
}

func TestOpeningWaitsForWhoeverHoldsTheDatabaseAndSaysSo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	run(t, raw(t, "sqlite:"+path), "PRAGMA journal_mode = WAL")
	release := hold(t, path)
	var said testenv.Log
	opened := make(chan error, 1)
	go func() {
		s, err := models.Open(context.Background(), "sqlite:"+path, models.Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(said.String(), "another process holds the database"); {
		if time.Now().After(deadline) {
			t.Fatal("nothing was said")
		}
		time.Sleep(10 * time.Millisecond)
	}
	release()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
}

func TestProcessesThatStartTogetherMigrateOnceAndTakeTurnsWriting(t *testing.T) {
	t.Parallel()
	const processes, each = 3, 10
	for name, fresh := range blank {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			var all sync.WaitGroup
			failed := make(chan error, processes)
			for p := range processes {
				all.Go(func() { failed <- work(url, string(rune('a'+p)), each) })
			}
			all.Wait()
			close(failed)
			for err := range failed {
				if err != nil {
					t.Error(err)
				}
			}
			err := open(t, url).View(context.Background(), func(r tracker.Reader) error {
				changes, err := r.Changes(context.Background(), 0, 1000)
				for i, c := range changes {
					if c.Revision != uint64(i)+1 {
						t.Errorf("change %d has revision %d", i+1, c.Revision)
					}
				}
				if len(changes) != processes*each {
					t.Errorf("%d changes, want %d", len(changes), processes*each)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// work is what one process does: open, write, close.
func work(url, id string, times int) error {
	ctx := context.Background()
	s, err := models.Open(ctx, url, models.Options{})
	if err != nil {
		return err
	}
	for range times {
		err := s.Update(ctx, func(tx tracker.Tx) error {
			plan := tracker.PlanRecord{}
			plan.Campaign = id
			number, err := tx.AddPlan(ctx, plan)
			if err != nil {
				return err
			}
			return tx.Activate(ctx, id, number, true, noon)
		})
		if err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return s.Close()
}

func TestTheLogIsWrittenBackIntoTheFileInTheBackground(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	s := open(t, "sqlite:"+path)
	if err := addPerson(s, strings.Repeat("x", 100_000)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		info, err := os.Stat(path)
		if err == nil && info.Size() > 100_000 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the file did not grow: %v, %v", info, err)
		}
	}
}

func TestClosingLeavesOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "assent.db")
	s, err := models.Open(context.Background(), "sqlite:"+path, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(addPerson(s, "ana"), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path + "-wal", path + "-shm"} {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", file, err)
		}
	}
	if err := addPerson(s, "ben"); err == nil {
		t.Error("a closed store still writes")
	}
}
