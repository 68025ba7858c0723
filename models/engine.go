package models

import (
	"context"
	"database/sql"

	"gorm.io/gorm"
)

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	// name is that of the directory with its migrations.
	name() string
	dialector(conn *sql.DB) gorm.Dialector
	// turn selects the newest revision and makes other writers wait.
	turn() string
	// queue makes other processes that migrate wait, until the transaction ends.
	queue(ctx context.Context, in gorm.ConnPool) error

	// exec runs a statement for every row of a batch.
	exec(ctx context.Context, in gorm.ConnPool, statement string, b batch) error
	// query runs one for every row of a batch and calls scan on every row of
	// the answers, which come in any order.
	query(ctx context.Context, in gorm.ConnPool, statement string, b batch, scan func(*sql.Rows) error) error
	// written runs a statement that writes enrollments, from a batch with the
	// columns campaign and ref, and reports which rows of it were written.
	written(ctx context.Context, in gorm.ConnPool, statement string, b batch) ([]bool, error)
}

// eachRow calls scan for every row and closes them.
func eachRow(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
