package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
)

const (
	oldestPostgres = 150_000
	// A pool larger than this only loses: the server has few cores too.
	postgresReaders = 16
	// A process that hangs in the middle of a write makes all others wait;
	// the server ends its transaction after this time.
	idleInTransaction = "30s"
	// migrationLock is the advisory lock of whoever migrates: "assent" in ASCII.
	migrationLock = 0x617373656e74
)

type postgres struct{}

func (postgres) name() string { return "postgres" }

func (postgres) dialector(conn *sql.DB) gorm.Dialector {
	return gormpostgres.New(gormpostgres.Config{Conn: conn})
}

func (postgres) turn() string { return "SELECT value FROM revision FOR UPDATE" }

func (postgres) moved() string {
	return "UPDATE revision SET value = ? RETURNING pg_notify('" + channel + "', value::text)"
}

// brief is as any: a server may be far away, or gone.
func (postgres) brief(ctx context.Context) context.Context { return ctx }

func (postgres) queue(ctx context.Context, in gorm.ConnPool) error {
	_, err := in.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock)
	return err
}

func (postgres) roomy(_ context.Context, _ pools, fn func() error) error { return fn() }

func (postgres) exec(ctx context.Context, in gorm.ConnPool, statement string, b batch) error {
	statement, args := unnested(statement, b)
	_, err := in.ExecContext(ctx, statement, args...)
	return err
}

func (postgres) query(ctx context.Context, in gorm.ConnPool, statement string, b batch) (*sql.Rows, error) {
	statement, args := unnested(statement, b)
	return in.QueryContext(ctx, statement, args...)
}

func (p postgres) written(ctx context.Context, in gorm.ConnPool, statement string, b batch) ([]bool, error) {
	return returned(ctx, p, in, statement, b)
}

// unnested puts the rows of a batch into a statement, as arrays side by side.
func unnested(statement string, b batch) (string, []any) {
	once, each := b.split(statement)
	statement = rendered(statement, once, func(i int, c column) string { return fmt.Sprintf("$%d::%s", i+1, c.kind.postgres()) })
	args := make([]any, 0, len(once)+len(each))
	for _, c := range once {
		args = append(args, c.value(0))
	}
	if len(each) == 0 {
		return strings.NewReplacer("{from}", "", "{and}", "").Replace(statement), args
	}
	params, names := make([]string, len(each)), make([]string, len(each))
	for i, c := range each {
		args = append(args, array(c, b.size))
		params[i], names[i] = fmt.Sprintf("$%d::%s[]", len(args), c.kind.postgres()), c.name
	}
	rows := "unnest(" + strings.Join(params, ", ") + ") AS n(" + strings.Join(names, ", ") + ")"
	return strings.NewReplacer("{from}", "FROM "+rows, "{and}", ", "+rows).Replace(statement), args
}

// postgres is the type of a column.
func (k kind) postgres() string { return [...]string{"text", "bigint", "boolean", "bytea"}[k] }

func array(c column, size int) any {
	switch c.kind {
	case isText:
		return list(size, c.text)
	case isNumber:
		return list(size, c.number)
	case isFlag:
		return list(size, func(i int) bool { return c.number(i) != 0 })
	default:
		return list(size, c.bytes)
	}
}

func list[T any](size int, get func(i int) T) []T {
	all := make([]T, size)
	for i := range all {
		all[i] = get(i)
	}
	return all
}

func openPostgres(ctx context.Context, url string, log *slog.Logger) (pools, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return pools{}, fmt.Errorf("database.url: %w", err)
	}
	config.RuntimeParams["application_name"] = "assent"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = idleInTransaction
	p := pools{postgresPool(byIndex(config), 1), postgresPool(config, postgresReaders), func() {}, func() {}}
	if err := checkPostgres(ctx, p.write, log); err != nil {
		return pools{}, errors.Join(err, p.close())
	}
	return p, nil
}

// byIndex is for whoever writes: what is looked for on the way to a write has an
// index, and is looked for in it. A statement is planned once. Planned while a table
// was still small, it would otherwise read the whole of it each time, until the
// server happens to take stock: of a campaign's first minute that is the most.
func byIndex(config *pgx.ConnConfig) *pgx.ConnConfig {
	config = config.Copy()
	config.RuntimeParams["enable_seqscan"] = "off"
	config.RuntimeParams["jit"] = "off" // which the price put on reading a whole table would set off
	return config
}

func postgresPool(config *pgx.ConnConfig, size int) *sql.DB {
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// checkPostgres refuses a server this store does not work on, and warns of one
// that can lose what it has acknowledged.
func checkPostgres(ctx context.Context, pool *sql.DB, log *slog.Logger) error {
	var version int
	var encoding, fsync, commit string
	err := pool.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
		current_setting('fsync'), current_setting('synchronous_commit')`).Scan(&version, &encoding, &fsync, &commit)
	switch {
	case err != nil:
		return fmt.Errorf("connect to the database: %w", err)
	case version < oldestPostgres:
		return fmt.Errorf("the database server is PostgreSQL %d, and %d or newer is needed", version/10_000, oldestPostgres/10_000)
	case encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s: make it anew with ENCODING 'UTF8'", encoding)
	case fsync == "off" || commit == "off":
		log.WarnContext(ctx, "postgresql acknowledges what it can still lose", "fsync", fsync, "synchronous_commit", commit)
	}
	return nil
}
