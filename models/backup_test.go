package models_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assent/models"
	"assent/terms"
	"assent/tracker"
)

func TestABackupIsOfOneInstantWhileOthersWrite(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "100% odd? #name.db")
	s := open(t, "sqlite:"+path)
	if err := addPerson(s, strings.Repeat("x", 1_000_000)); err != nil {
		t.Fatal(err)
	}
	stop, ended := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { ended <- n }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			// Two people at once: a copy has both or none.
			err := s.Update(ctx, func(tx tracker.Tx) error {
				name := strings.Repeat("y", n+1)
				_, err := tx.PutPeople(ctx, []tracker.Person{{ID: name}, {ID: name + "z"}})
				return err
			})
			if err != nil {
				t.Error(err)
				return
			}
			n++
		}
	}()
	copied := filepath.Join(dir, "copy.db")
	err := models.Backup(ctx, path, copied, func(int64, int64) {})
	close(stop)
	if n := <-ended; err != nil || n == 0 {
		t.Fatalf("%d were written meanwhile, %v", n, err)
	}
	c, err := models.OpenCopy(copied)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(ctx); err != nil {
		t.Error(err)
	}
	if addPerson(c, "eve") == nil {
		t.Error("a copy that is looked into was written to")
	}
	pairs := map[byte]int{}
	err = c.View(ctx, func(r tracker.Reader) error {
		all, err := r.People(ctx, 0, 100_000)
		for _, p := range all {
			pairs[p.ID[len(p.ID)-1]]++
		}
		return err
	})
	if err = errors.Join(err, c.Close()); err != nil || pairs['y'] != pairs['z'] {
		t.Errorf("%v, %v", pairs, err)
	}
	if left, err := filepath.Glob(copied + "-*"); err != nil || len(left) > 0 {
		t.Errorf("%v is left beside it, %v", left, err)
	}
}

func TestABackupHoldsNothingThatWasDeleted(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "assent.db")
	s := open(t, "sqlite:"+path)
	for _, one := range []string{"somebody who stays", "somebody to forget"} {
		if err := addPerson(s, one); err != nil {
			t.Fatal(err)
		}
	}
	err := s.Update(ctx, func(tx tracker.Tx) error { return tx.DeletePerson(ctx, "somebody to forget", noon) })
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Backup(ctx, path, path+".copy", func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path + ".copy")
	if err != nil || !bytes.Contains(data, []byte("somebody who stays")) || bytes.Contains(data, []byte("somebody to forget")) {
		t.Errorf("the copy has it still, %v", err)
	}
}

func TestADatabaseThatIsOpenIsNotReplaced(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	path, from := filepath.Join(dir, "assent.db"), filepath.Join(dir, "copy.db")
	s, err := models.Open(ctx, "sqlite:"+path, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(addPerson(s, "ana"), models.Backup(ctx, path, from, func(int64, int64) {}), addPerson(s, "ben")); err != nil {
		t.Fatal(err)
	}
	accept := func(string) error { return nil }
	for replace, says := range map[bool]string{false: "--replace", true: "stop the server"} {
		if _, err := models.Replace(ctx, path, from, replace, noon, accept); !errors.Is(err, terms.Conflict) || !strings.Contains(err.Error(), says) {
			t.Errorf("replace %t: %v", replace, err)
		}
	}
	if err := errors.Join(addPerson(s, "eve"), s.Close()); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("not good enough")
	if _, err := models.Replace(ctx, path, from, true, noon, func(string) error { return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	aside, err := models.Replace(ctx, path, from, true, noon, accept)
	if err != nil {
		t.Fatal(err)
	}
	for file, people := range map[string]int{aside: 3, path: 1} {
		err := open(t, "sqlite:"+file).View(ctx, func(r tracker.Reader) error {
			all, err := r.People(ctx, 0, 10)
			if len(all) != people {
				t.Errorf("%s has %d people, want %d", file, len(all), people)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 7 { // each with its log, while it is open
		t.Errorf("%v is left, %v", files, err)
	}
}
