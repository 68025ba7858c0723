package models

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"
)

const (
	// oldestSQLite has the fix of the WAL-reset bug, which corrupts files.
	oldestSQLite = 3_051_003
	// readers is the pool that only reads. More of them take the processor
	// from the writer.
	readers = 5
	// The log is written back a second after a commit, off its path; a commit
	// does it itself only when the log has grown to 80 MB all the same.
	writeBack        = time.Second
	autoCheckpoint   = 20_000 // pages
	busyMilliseconds = 5_000
	keptStatements   = 128
	writerCache      = 65_536 // KiB; with the default of 2 MB a sweep reads pages again and again
	// Opening reads a file of up to so many bytes for damage, which takes a quarter
	// of a second: the time after which a server is back must not grow with it.
	readAtOnce = 50 << 20
)

// openSQLite opens or makes the file and starts writing its log back.
func openSQLite(ctx context.Context, path string, o Options) (pools, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return pools{}, fmt.Errorf("database.url sqlite:%s names no file: give a path such as sqlite:data/assent.db", path)
	}
	if err := makeFile(path); err != nil {
		return pools{}, err
	}
	write, err := sqlitePool(ctx, path, o, 1, "&_txlock=immediate&_cache_size=-"+strconv.Itoa(writerCache), inMemory)
	if err != nil {
		return pools{}, damaged(path, err)
	}
	var read *sql.DB
	if err = checkSQLite(ctx, path, write); err == nil {
		read, err = sqlitePool(ctx, path, o, readers, "&_query_only=true", inFiles)
	}
	if err != nil {
		return pools{}, errors.Join(damaged(path, err), write.Close())
	}
	wrote, end := writeBackAfterwards(ctx, read, o.Log)
	wrote() // what a process that was killed has left in the log
	return pools{write, read, wrote, end}, nil
}

// makeFile makes the file when there is none, readable by its owner only:
// it holds evidence and personal data.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("make the directory of the database: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	return file.Close()
}

// connector opens connections that are all set up and checked the same way,
// which statements through a pool are not.
type connector struct {
	dsn    string
	driver *sqlite3.SQLiteDriver
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

func sqlitePool(ctx context.Context, path string, o Options, size int, more, temporary string) (*sql.DB, error) {
	synchronous := "2" // FULL
	if o.Throwaway {
		synchronous = "0"
	}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() +
		"?_foreign_keys=on&_journal_mode=WAL&_synchronous=" + synchronous + "&_busy_timeout=" + strconv.Itoa(busyMilliseconds) +
		"&_secure_delete=on&_stmt_cache_size=" + strconv.Itoa(keptStatements) +
		"&_mutex=no" + more // database/sql lets one at a time use a connection: SQLite need not lock it for each value
	pool := sql.OpenDB(connector{dsn, &sqlite3.SQLiteDriver{ConnectHook: setUp(synchronous, temporary)}})
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// setUp makes sure of what durability and integrity rest on: SQLite ignores a
// pragma it does not understand or cannot follow without an error.
func setUp(synchronous, temporary string) func(*sqlite3.SQLiteConn) error {
	want := map[string]string{
		"journal_mode": "wal", "synchronous": synchronous, "foreign_keys": "1", "busy_timeout": strconv.Itoa(busyMilliseconds),
		"secure_delete": "1", // what is deleted is overwritten
	}
	return func(conn *sqlite3.SQLiteConn) error {
		for name, value := range want {
			got, err := pragma(conn, name)
			if err != nil {
				return err
			}
			if got != value {
				return fmt.Errorf("SQLite has %s = %s where %s is needed: keep the file on a local disk that supports it", name, got, value)
			}
		}
		_, err := conn.Exec("PRAGMA wal_autocheckpoint = "+strconv.Itoa(autoCheckpoint)+"; "+temporary, nil)
		return err
	}
}

// To undo a statement, SQLite keeps what its pages were, and else would write that
// to a file that is thrown away: as much again as the statement writes, and what a
// person has had erased would be in there. Whoever only reads undoes nothing, and
// may have much to sort.
const (
	inMemory = "PRAGMA temp_store = MEMORY"
	inFiles  = "PRAGMA temp_store = FILE"
)

// roomy runs what may take as much room by the way as there is in the database.
func (sqlite) roomy(ctx context.Context, p pools, fn func() error) error {
	if _, err := p.write.ExecContext(ctx, inFiles); err != nil {
		return err
	}
	err := fn()
	_, back := p.write.ExecContext(context.WithoutCancel(ctx), inMemory)
	return errors.Join(err, back)
}

func pragma(conn *sqlite3.SQLiteConn, name string) (string, error) {
	rows, err := conn.Query("PRAGMA "+name, nil)
	if err != nil {
		return "", fmt.Errorf("ask for %s: %w", name, err)
	}
	value := make([]driver.Value, 1)
	if err := cmp.Or(rows.Next(value), rows.Close()); err != nil {
		return "", fmt.Errorf("ask for %s: %w", name, err)
	}
	return fmt.Sprint(value[0]), nil
}

func checkSQLite(ctx context.Context, path string, pool *sql.DB) error {
	if _, number, _ := sqlite3.Version(); number < oldestSQLite {
		return fmt.Errorf("this program was built with SQLite %d, which can corrupt its files: build it with %d or newer", number, oldestSQLite)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > readAtOnce {
		return err
	}
	return structure(ctx, pool)
}

// structure reads every page and reports the first that is not as it should be.
func structure(ctx context.Context, pool *sql.DB) error {
	var found string
	if err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return sqlite3.Error{Code: sqlite3.ErrCorrupt}
	}
	return nil
}

// CheckStructure reads all of a SQLite database for damage, beside everybody:
// opening it does so only where it is small. PostgreSQL finds damage by itself,
// where pages have checksums.
func (s *Store) CheckStructure(ctx context.Context) error {
	path, lite := File(s.url)
	if !lite {
		return nil
	}
	if err := structure(ctx, s.pools.read); err != nil {
		return damaged(path, err)
	}
	return nil
}

func corrupt(err error) bool {
	var engine sqlite3.Error
	return errors.As(err, &engine) && (engine.Code == sqlite3.ErrCorrupt || engine.Code == sqlite3.ErrNotADB)
}

// damaged says what to do about a file that is broken or is something else.
func damaged(path string, err error) error {
	if !corrupt(err) {
		return fmt.Errorf("open the database %s: %w", path, err)
	}
	return fmt.Errorf("the database %s is damaged or is no SQLite database (%w): "+
		"keep it with its -wal and -shm files for an examination, and put the newest good backup in its place without them", path, err)
}

// writeBackAfterwards copies the log into the database file, beside the writer,
// a while after each time its first function tells it of a commit, until the second
// ends it. Closing the
// last connection does the rest. Where nothing is written, nothing wakes.
func writeBackAfterwards(ctx context.Context, pool *sql.DB, log *slog.Logger) (func(), func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended, written := make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-written:
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(writeBack):
			}
			_, err := pool.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
			if err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "checkpoint failed", "error", err)
			}
		}
	}()
	wrote := func() {
		select {
		case written <- struct{}{}:
		default: // it is told already
		}
	}
	return wrote, func() { cancel(); <-ended }
}
