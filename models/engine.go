package models

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

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

// pools are the connections to a database.
type pools struct {
	write, read *sql.DB
	end         func() // ends what works on them in the background
}

func (p pools) close() error {
	p.end()
	return errors.Join(p.write.Close(), p.read.Close())
}

// eachRow calls scan for every row and closes them.
func eachRow(rows *sql.Rows, scan func(*sql.Rows) error) error {
	var err error
	for err == nil && rows.Next() {
		err = scan(rows)
	}
	return cmp.Or(err, rows.Err(), rows.Close())
}
