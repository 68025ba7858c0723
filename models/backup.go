package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"assent/terms"
)

// syncEvery is how often a copy that is being written is synced.
const syncEvery = 20 * time.Millisecond

// File is the path of the SQLite database at a URL; false where it is none.
func File(url string) (string, bool) { return strings.CutPrefix(url, "sqlite:") }

// Backup writes the SQLite database in a file as it is at one instant into
// another, which must be missing or empty. It may run beside a server: it reads
// one snapshot, which no writer waits for. Progress hears of bytes.
//
// VACUUM INTO reads every row and writes it anew, so that the copy is as small
// as can be and holds nothing that was deleted, such as the details of somebody
// who was erased. SQLite's backup interface copies pages as they are, free ones
// included, and begins again each time another process has written in between:
// beside a busy server it never ends.
func Backup(ctx context.Context, from, to string, progress func(done, all int64)) error {
	pool := bare(from, "mode=rw&_busy_timeout=5000")
	defer func() { _ = pool.Close() }() // only read from
	var size int64
	err := pool.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size)
	if err != nil {
		return damaged(from, err)
	}
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		_, err := pool.ExecContext(ctx, "VACUUM INTO ?", to)
		done <- err
	}()
	err = syncing(out, done, func(n int64) { progress(n, size) })
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("copy the database: %w", damaged(from, err))
	}
	return nil
}

// syncing brings a file that grows to the disk, a little at a time, until what
// writes it is done: all of it at once would keep the disk from the writer.
func syncing(file *os.File, done <-chan error, progress func(int64)) error {
	ticker := time.NewTicker(syncEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			info, err := file.Stat()
			if err == nil {
				progress(info.Size())
				err = file.Sync()
			}
			if err != nil {
				return errors.Join(err, <-done)
			}
		}
	}
}

// bare is a SQLite file as it is: nothing of it is set up, made or migrated.
func bare(path, settings string) *sql.DB {
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings}).String()
	pool := sql.OpenDB(connector{dsn, &sqlite3.SQLiteDriver{}})
	pool.SetMaxOpenConns(readers)
	return pool
}

// OpenCopy opens a copy of a SQLite database to be looked into. Nothing is
// written to it or beside it, whatever its schema. Nobody else may have it open.
func OpenCopy(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	pool := bare(path, "mode=ro&immutable=1")
	s := &Store{engine: sqlite{}, pools: pools{pool, pool, func() {}, func() {}}}
	var err error
	if s.read, err = s.through(pool); err != nil {
		return nil, errors.Join(fmt.Errorf("open the copy: %w", err), s.Close())
	}
	s.write = s.read
	return s, nil
}

// Check reads the whole database and reports what is broken in it: pages,
// indexes, and references between tables. PostgreSQL is not asked: it makes
// indexes and references anew when an archive is restored, and refuses what does
// not fit.
func (s *Store) Check(ctx context.Context) error {
	if s.engine != (sqlite{}) {
		return nil
	}
	for what, statement := range map[string]string{
		"structure":  "PRAGMA integrity_check(20)",
		"references": `SELECT DISTINCT "table" || ' refers to what is not in ' || parent FROM pragma_foreign_key_check LIMIT 20`,
	} {
		rows, err := s.pools.read.QueryContext(ctx, statement)
		if err != nil {
			return fmt.Errorf("check the %s: %w", what, err)
		}
		var found []string
		err = eachRow(rows, func(rows *sql.Rows) error {
			found = append(found, "")
			return rows.Scan(&found[len(found)-1])
		})
		if err != nil {
			return fmt.Errorf("check the %s: %w", what, err)
		}
		if found = slices.DeleteFunc(found, func(one string) bool { return one == "ok" }); len(found) > 0 {
			return fmt.Errorf("the %s of the database is broken: %s", what, strings.Join(found, "; "))
		}
	}
	return nil
}

// Replace puts a copy in the place of the SQLite database at a path, which
// nobody may have open, and lets accept look at the copy where it will lie
// before it does. A database that was there is kept with its log under the name
// that is returned, "" if there was none: Conflict unless replace is set, or
// where another process has it open.
func Replace(ctx context.Context, path, from string, replace bool, now time.Time, accept func(copied string) error) (string, error) {
	info, err := os.Stat(path)
	there := err == nil && info.Size() > 0
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if there && !replace {
		return "", terms.Errorf(terms.Conflict, "there is a database at %s: with --replace it is kept under another name", path)
	}
	if there {
		if err := unused(ctx, path); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return "", fmt.Errorf("make the directory of the database: %w", err)
	}
	copied, err := copyBeside(path, from)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(copied))
	}
	if err := accept(copied); err != nil {
		return "", errors.Join(err, os.Remove(copied))
	}
	aside := ""
	if there {
		aside = path + ".replaced-" + now.UTC().Format("20060102T150405Z")
	}
	return aside, swap(path, copied, aside)
}

// unused reports whether a process has the database open: leaving the mode in
// which there is a log takes the database for oneself, and writes the log back.
// A file that is damaged cannot tell.
func unused(ctx context.Context, path string) error {
	pool := bare(path, "mode=rw&_busy_timeout=1000")
	_, err := pool.ExecContext(ctx, "PRAGMA journal_mode = DELETE")
	err = errors.Join(err, pool.Close())
	var engine sqlite3.Error
	if errors.As(err, &engine) && (engine.Code == sqlite3.ErrBusy || engine.Code == sqlite3.ErrLocked) {
		return terms.Errorf(terms.Conflict, "another process has %s open: stop the server first", path)
	}
	return nil
}

// copyBeside copies a file into the directory of the database, down to the
// disk, and returns its name there.
func copyBeside(path, from string) (string, error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // only read from
	out, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	return out.Name(), errors.Join(err, out.Sync(), out.Close())
}

// swap moves the database aside and the copy into its place. Its log goes
// along: beside another database it would spoil that.
func swap(path, copied, aside string) error {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		err := error(nil)
		if aside != "" {
			err = os.Rename(path+suffix, aside+suffix)
		} else {
			err = os.Remove(path + suffix)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("move the database aside: %w", err)
		}
	}
	if err := os.Rename(copied, path); err != nil {
		return fmt.Errorf("put the copy into place: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
