package models

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"

	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

type sqlite struct{}

func (sqlite) name() string { return "sqlite" }

func (sqlite) dialector(conn *sql.DB) gorm.Dialector {
	return gormsqlite.New(gormsqlite.Config{Conn: conn})
}

// turn needs no lock: a write transaction begins IMMEDIATE, which is the lock.
func (sqlite) turn() string { return "SELECT value FROM revision" }

func (sqlite) queue(context.Context, gorm.ConnPool) error { return nil }

func (s sqlite) exec(ctx context.Context, in gorm.ConnPool, statement string, b batch) error {
	return s.rowByRow(ctx, in, statement, b, func(ctx context.Context, stmt *sql.Stmt, _ int, row []any) error {
		_, err := stmt.ExecContext(ctx, row...)
		return err
	})
}

func (s sqlite) query(ctx context.Context, in gorm.ConnPool, statement string, b batch, scan func(*sql.Rows) error) error {
	return s.rowByRow(ctx, in, statement, b, func(ctx context.Context, stmt *sql.Stmt, _ int, row []any) error {
		rows, err := stmt.QueryContext(ctx, row...)
		if err != nil {
			return err
		}
		return eachRow(rows, scan)
	})
}

func (s sqlite) written(ctx context.Context, in gorm.ConnPool, statement string, b batch) ([]bool, error) {
	written := make([]bool, b.size)
	err := s.rowByRow(ctx, in, statement, b, func(ctx context.Context, stmt *sql.Stmt, i int, row []any) error {
		result, err := stmt.ExecContext(ctx, row...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		written[i] = n > 0
		return err
	})
	return written, err
}

// rowByRow prepares a statement and hands it to do with each row. It looks for
// cancellation between rows: with a context that can be cancelled the driver
// would start a goroutine for each of them, which costs half as much again.
func (sqlite) rowByRow(ctx context.Context, in gorm.ConnPool, statement string, b batch,
	do func(ctx context.Context, stmt *sql.Stmt, i int, row []any) error,
) error {
	used := b.uses(statement)
	whole := context.WithoutCancel(ctx)
	stmt, err := in.PrepareContext(whole, numbered(statement, used))
	if err != nil {
		return err
	}
	defer stmt.Close() //nolint:errcheck // it would report again what an execution has reported
	row := make([]any, len(used))
	for i := 0; i < b.size && err == nil; i++ {
		for j, c := range used {
			row[j] = c.row(i)
		}
		err = cmp.Or(ctx.Err(), do(whole, stmt, i, row))
	}
	return err
}

// numbered puts SQLite's placeholders into a statement over a batch.
func numbered(statement string, used []column) string {
	statement = strings.NewReplacer("{from}", "", "{and}", "").Replace(statement)
	return placeholder.ReplaceAllStringFunc(statement, func(name string) string {
		for i, c := range used {
			if c.name == name[1:] {
				return fmt.Sprintf("?%d", i+1)
			}
		}
		return name
	})
}
