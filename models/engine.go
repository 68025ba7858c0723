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
	// moved stores the newest revision, of which other processes are told when it
	// is committed, where the engine can.
	moved() string
	// listen calls fn with 0 once it is told, then with each of them, until the
	// context ends or the connection is lost.
	listen(ctx context.Context, url string, fn func(revision uint64)) error
	// brief is the context for what is over before anybody could take it back, where
	// seeing to that they can would take longer.
	brief(ctx context.Context) context.Context
	// queue makes other processes that migrate wait, until the transaction ends.
	queue(ctx context.Context, in gorm.ConnPool) error

	// exec runs a statement for all rows of a batch.
	exec(ctx context.Context, in gorm.ConnPool, statement string, b batch) error
	// query runs one for all rows of a batch; the answers come in any order.
	query(ctx context.Context, in gorm.ConnPool, statement string, b batch) (*sql.Rows, error)
	// written runs a statement that writes enrollments, from a batch with the
	// columns campaign and ref, which no two of its rows have in common, and
	// reports which rows of it were written.
	written(ctx context.Context, in gorm.ConnPool, statement string, b batch) ([]bool, error)

	// roomy runs what may take as much room by the way as there is in the database.
	roomy(ctx context.Context, p pools, fn func() error) error
	// scrub clears away what deleting left behind in the files of tables.
	scrub(ctx context.Context, p pools, tables []string) error
}

// returned runs a statement that writes enrollments and asks which it was.
func returned(ctx context.Context, e engine, in gorm.ConnPool, statement string, b batch) ([]bool, error) {
	return told(ctx, e, in, statement+" RETURNING enrollments.campaign, enrollments.ref", b)
}

// told runs a statement that answers with enrollments, by campaign and ref, and
// reports which rows of the batch they are.
func told(ctx context.Context, e engine, in gorm.ConnPool, statement string, b batch) ([]bool, error) {
	type key struct {
		campaign string
		ref      int64
	}
	keys := b.uses(":campaign :ref")
	index := make(map[key]int, b.size)
	for i := range b.size {
		index[key{keys[0].text(i), keys[1].number(i)}] = i
	}
	rows, err := e.query(ctx, in, statement, b)
	if err != nil {
		return nil, err
	}
	written := make([]bool, b.size)
	return written, eachValues(rows, func(v *values) { written[index[key{v.text(), v.number()}]] = true })
}

func allOf(size int) []bool {
	written := make([]bool, size)
	for i := range written {
		written[i] = true
	}
	return written
}

// pools are the connections to a database.
type pools struct {
	write, read *sql.DB
	wrote       func() // is told of each commit
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
