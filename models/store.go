package models

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"assent/terms"
	"assent/tracker"
)

// Options are the choices when opening a store; the zero value is right for
// a server.
type Options struct {
	NoMigrate bool         // refuse a database that is not up to date instead of migrating it
	Throwaway bool         // a SQLite file that nobody wants back after a crash: nothing waits for the disk
	Log       *slog.Logger // for what happens in the background; nil: nowhere
}

// Store keeps the facts in one database. It is safe for concurrent use.
type Store struct {
	engine      engine
	url         string
	pools       pools
	write, read *gorm.DB // on the pools
}

var _ tracker.Store = (*Store)(nil)

// patience is how long opening a database waits for another process that holds
// it: one that brings an older schema up to date, or was stopped in the middle of
// a write.
const (
	patience = time.Minute
	again    = 100 * time.Millisecond
)

// Open opens the database at a URL, sqlite:PATH or postgres://…, and brings its
// tables up to date. It makes the SQLite file when there is none, and a
// PostgreSQL database must exist. It refuses, and says what to do, where the
// database is damaged, as far as can be told at once (see CheckStructure), was
// written by a newer program, or where the engine cannot keep its promises.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		s, err := open(ctx, url, o)
		if err == nil || !held(err) || waiting.Err() != nil {
			return s, err
		}
		o.Log.WarnContext(ctx, "another process holds the database; waiting until it lets go", "at_most", patience, "error", err)
		select {
		case <-waiting.Done():
		case <-time.After(again):
		}
	}
}

// held reports whether another process keeps SQLite's lock. PostgreSQL waits by
// itself.
func held(err error) bool {
	var lite sqlite3.Error
	return errors.As(err, &lite) && lite.Code == sqlite3.ErrBusy
}

func open(ctx context.Context, url string, o Options) (*Store, error) {
	s, err := connect(ctx, url, o)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, !o.NoMigrate); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func connect(ctx context.Context, url string, o Options) (*Store, error) {
	s := &Store{url: url}
	var err error
	switch scheme, path, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		s.engine = sqlite{}
		s.pools, err = openSQLite(ctx, path, o)
	case "postgres", "postgresql":
		s.engine = postgres{}
		s.pools, err = openPostgres(ctx, url, o.Log)
	default:
		err = errors.New("database.url is neither sqlite:PATH nor postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	if err != nil {
		return nil, err
	}
	s.write, err = s.through(s.pools.write)
	if err == nil {
		s.read, err = s.through(s.pools.read)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// through puts gorm on a pool.
func (s *Store) through(pool *sql.DB) (*gorm.DB, error) {
	db, err := gorm.Open(s.engine.dialector(pool), &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true,
		Logger:                 logger.Discard, // errors are returned
	})
	if err != nil {
		return nil, fmt.Errorf("start gorm: %w", err)
	}
	return db, nil
}

// Listen calls fn with the newest revision each time that any process on the
// same database has committed changes, and with 0 once it is told of them: what
// came before is not told again. It returns when the context ends or the
// connection is lost. On SQLite it only waits, because nobody is told: look at
// Revision now and then all the same.
func (s *Store) Listen(ctx context.Context, fn func(revision uint64)) error {
	return s.engine.listen(ctx, s.url, fn)
}

// Close ends the work in the background and closes all connections. What runs
// on them fails.
func (s *Store) Close() error { return s.pools.close() }

// View runs fn on one consistent read snapshot.
func (s *Store) View(ctx context.Context, fn func(tracker.Reader) error) error {
	return s.view(ctx, func(r reader) error { return fn(r) })
}

func (s *Store) view(ctx context.Context, fn func(reader) error) error {
	conn, err := s.pools.read.Conn(ctx)
	if err != nil {
		return outage(fmt.Errorf("wait for a connection: %w", err))
	}
	defer func() { _ = conn.Close() }() // which gives it back
	snapshot, err := conn.BeginTx(s.engine.brief(ctx), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return outage(fmt.Errorf("begin a transaction: %w", err))
	}
	defer func() { _ = snapshot.Rollback() }() // there is nothing to lose
	db := s.read.WithContext(ctx)
	db.Statement.ConnPool = snapshot
	return outage(fn(reader{s.engine, db}))
}

// Update runs fn in one write transaction, durable when Update returns nil.
// One runs at a time; others wait for as long as their context lets them.
func (s *Store) Update(ctx context.Context, fn func(tracker.Tx) error) error {
	return s.update(ctx, func(t *tx) error { return fn(t) })
}

func (s *Store) update(ctx context.Context, fn func(*tx) error) error {
	err := transaction(ctx, s.write, &sql.TxOptions{}, func(db *gorm.DB) error {
		t := &tx{reader: reader{s.engine, db}}
		if err := t.begin(ctx); err != nil {
			return err
		}
		if err := fn(t); err != nil {
			return err
		}
		return t.finish(ctx)
	})
	if err == nil {
		s.pools.wrote()
	}
	return outage(err)
}

// transaction commits when fn returns nil, and in every other case, a panic
// among them, rolls back.
func transaction(ctx context.Context, db *gorm.DB, opts *sql.TxOptions, fn func(*gorm.DB) error) error {
	db = db.WithContext(ctx).Begin(opts)
	if db.Error != nil {
		return fmt.Errorf("begin a transaction: %w", db.Error)
	}
	committed := false
	defer func() {
		if !committed {
			db.Rollback() // its error would say no more than the one that led here
		}
	}()
	if err := fn(db); err != nil {
		return err
	}
	committed = true
	if err := db.Commit().Error; err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// reader answers questions within a transaction.
type reader struct {
	engine engine
	db     *gorm.DB
}

func (r reader) in(ctx context.Context) *gorm.DB { return r.db.WithContext(ctx) }

func (r reader) pool() gorm.ConnPool { return r.db.Statement.ConnPool }

// tx writes.
type tx struct {
	reader
	started  uint64 // newest revision when the transaction began
	revision uint64 // newest revision now
	missed   error  // a write that failed: the transaction cannot be committed
}

func (t *tx) begin(ctx context.Context) error {
	if err := t.in(ctx).Raw(t.engine.turn()).Row().Scan(&t.started); err != nil {
		return fmt.Errorf("wait for the turn to write: %w", err)
	}
	t.revision = t.started
	return nil
}

// finish refuses to commit after a write that failed, even where fn went on as
// if nothing had happened: PostgreSQL could not, so SQLite does not either.
func (t *tx) finish(ctx context.Context) error {
	if t.missed != nil {
		return t.missed
	}
	if t.revision == t.started {
		return nil
	}
	return t.exec(ctx, "revision", t.engine.moved(), t.revision)
}

// insert adds a row, or rows, of one type; Conflict when one of the same key
// is there. The thing is what they are called in the error.
func (t *tx) insert(ctx context.Context, thing string, rows any) error {
	return t.wrote(t.in(ctx).Create(rows).Error, thing)
}

// put adds a row, or replaces the one of the same primary key.
func (t *tx) put(ctx context.Context, thing string, row any) error {
	return t.wrote(t.in(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(row).Error, thing)
}

// exec runs a statement that may find nothing to do.
func (t *tx) exec(ctx context.Context, thing, statement string, args ...any) error {
	return t.wrote(t.in(ctx).Exec(statement, args...).Error, thing)
}

// set runs a statement that has to write exactly one row. When it wrote none
// the error is of what missed says: the caller's view of why.
func (t *tx) set(ctx context.Context, thing string, missed func() error, statement string, args ...any) error {
	result := t.in(ctx).Exec(statement, args...)
	if result.Error == nil && result.RowsAffected == 0 {
		t.missed = cmp.Or(missed(), terms.Errorf(terms.Conflict, "%s is not as it was expected", thing))
		return t.missed
	}
	return t.wrote(result.Error, thing)
}

// each runs a statement for every row of a batch.
func (t *tx) each(ctx context.Context, thing, statement string, b batch) error {
	if b.size == 0 {
		return nil
	}
	return t.wrote(t.engine.exec(ctx, t.pool(), statement, b), thing)
}

func (t *tx) wrote(err error, thing string) error {
	if err != nil {
		t.missed = t.translate(err, thing)
		return t.missed
	}
	return nil
}

// translate gives an error of gorm or an engine its kind. What is not about
// the thing itself, such as a full disk, stays without one.
func (r reader) translate(err error, thing string) error {
	if translator, ok := r.db.Dialector.(gorm.ErrorTranslator); ok && err != nil {
		err = translator.Translate(err)
	}
	var lite sqlite3.Error
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, sql.ErrNoRows):
		return terms.Errorf(terms.NotFound, "%s does not exist", thing)
	case errors.Is(err, gorm.ErrDuplicatedKey),
		errors.As(err, &lite) && lite.ExtendedCode == sqlite3.ErrConstraintRowID:
		return terms.Errorf(terms.Conflict, "%s exists already", thing)
	case errors.As(err, &pg) && pg.Code == "22021":
		return terms.Errorf(terms.Invalid, "%s: texts must be valid UTF-8 without NUL characters", thing)
	default:
		return fmt.Errorf("%s: %w", thing, err)
	}
}
