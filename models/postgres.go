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

func (postgres) queue(ctx context.Context, in gorm.ConnPool) error {
	_, err := in.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock)
	return err
}

func (postgres) exec(ctx context.Context, in gorm.ConnPool, statement string, b batch) error {
	used := b.uses(statement)
	_, err := in.ExecContext(ctx, unnested(statement, used), arrays(used)...)
	return err
}

func (postgres) query(ctx context.Context, in gorm.ConnPool, statement string, b batch, scan func(*sql.Rows) error) error {
	used := b.uses(statement)
	rows, err := in.QueryContext(ctx, unnested(statement, used), arrays(used)...)
	if err != nil {
		return err
	}
	return eachRow(rows, scan)
}

func (p postgres) written(ctx context.Context, in gorm.ConnPool, statement string, b batch) ([]bool, error) {
	type key struct {
		campaign string
		ref      int64
	}
	keys := b.uses(":campaign :ref")
	index := make(map[key]int, b.size)
	for i := range b.size {
		k := key{keys[0].row(i).(string), keys[1].row(i).(int64)}
		if _, twice := index[k]; !twice {
			index[k] = i
		}
	}
	written := make([]bool, b.size)
	err := p.query(ctx, in, statement+" RETURNING enrollments.campaign, enrollments.ref", b, func(rows *sql.Rows) error {
		var k key
		err := rows.Scan(&k.campaign, &k.ref)
		written[index[k]] = true
		return err
	})
	return written, err
}

// unnested puts the rows of a batch into a statement, as arrays side by side.
func unnested(statement string, used []column) string {
	params, names := make([]string, len(used)), make([]string, len(used))
	for i, c := range used {
		params[i], names[i] = fmt.Sprintf("$%d::%s", i+1, c.array), c.name
	}
	rows := "unnest(" + strings.Join(params, ", ") + ") AS n(" + strings.Join(names, ", ") + ")"
	statement = placeholder.ReplaceAllStringFunc(statement, func(name string) string { return "n." + name[1:] })
	return strings.NewReplacer("{from}", "FROM "+rows, "{and}", ", "+rows).Replace(statement)
}

func arrays(used []column) []any {
	all := make([]any, len(used))
	for i, c := range used {
		all[i] = c.all
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
	p := pools{postgresPool(config, 1), postgresPool(config, postgresReaders), func() {}}
	if err := checkPostgres(ctx, p.write, log); err != nil {
		return pools{}, errors.Join(err, p.close())
	}
	return p, nil
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
