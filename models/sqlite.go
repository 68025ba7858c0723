package models

import (
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

func (sqlite) exec(ctx context.Context, in gorm.ConnPool, statement string, b batch) error {
	statement, args := tabled(statement, b)
	_, err := in.ExecContext(ctx, statement, args...)
	return err
}

func (sqlite) query(ctx context.Context, in gorm.ConnPool, statement string, b batch) (*sql.Rows, error) {
	statement, args := tabled(statement, b)
	return in.QueryContext(ctx, statement, args...)
}

// written counts first, which costs nothing, and asks which rows it was only
// when some were missed: by taking the statement back and running it again.
func (s sqlite) written(ctx context.Context, in gorm.ConnPool, statement string, b batch) ([]bool, error) {
	tell := func(statement string) error {
		_, err := in.ExecContext(ctx, statement)
		return err
	}
	if err := tell("SAVEPOINT counted"); err != nil {
		return nil, err
	}
	rows, err := count(ctx, in, statement, b)
	if err != nil {
		return nil, err
	}
	if rows == b.size {
		return allOf(b.size), tell("RELEASE counted")
	}
	if err := tell("ROLLBACK TO counted"); err != nil {
		return nil, err
	}
	written, err := returned(ctx, s, in, statement, b)
	if err != nil {
		return nil, err
	}
	return written, tell("RELEASE counted")
}

// count runs a statement and says how many rows it wrote. Where most rows differ
// only in whom they are about they go in as lists of these, which SQLite updates
// in one pass; otherwise as a table, which takes it two.
func count(ctx context.Context, in gorm.ConnPool, statement string, b batch) (int, error) {
	parts, rendering := []batch{b}, tabled
	if strings.Contains(statement, thisRow) {
		if alike := b.groups("ref", statement, longest); len(alike)*fewest <= b.size {
			parts, rendering = alike, listed
		}
	}
	rows := 0
	for _, part := range parts {
		statement, args := rendering(statement, part)
		result, err := in.ExecContext(ctx, statement, args...)
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		rows += int(n)
	}
	return rows, nil
}

const (
	fewest  = 30    // rows a list must have on average to be worth a statement
	longest = 1_024 // rows in a list, with a parameter each: SQLite takes 32,766
)

// listed puts rows that differ only in ref into a statement. A list is filled up
// to a power of two with what it has, so that few statements need be prepared.
func listed(statement string, b batch) (string, []any) {
	ref, size := b.uses(":ref")[0], 1
	for size < b.size {
		size *= 2
	}
	marks, args := make([]string, size), make([]any, size)
	for i := range args {
		marks[i], args[i] = fmt.Sprintf("?%d", i+1), ref.number(min(i, b.size-1))
	}
	statement = strings.NewReplacer(thisRow, "enrollments.ref IN ("+strings.Join(marks, ", ")+")", "{from}", "").Replace(statement)
	once := b.uses(statement)
	for _, c := range once {
		args = append(args, c.value(0))
	}
	return rendered(statement, once, func(i int, _ column) string { return fmt.Sprintf("?%d", size+1+i) }), args
}

// tabled puts the rows of a batch into a statement as one parameter that holds
// them as JSON: what SQLite reads from there is faster than a parameter each,
// and the statement stays the same for any number of rows. They are made a
// table first, which the planner could otherwise take for the inner loop of a
// join.
func tabled(statement string, b batch) (string, []any) {
	once, each := b.split(statement)
	var args []any
	if len(each) > 0 {
		args = append(args, string(table(b.size, each)))
	}
	first := len(args) + 1
	statement = rendered(statement, once, func(i int, _ column) string { return fmt.Sprintf("?%d", first+i) })
	for _, c := range once {
		args = append(args, c.value(0))
	}
	if len(each) == 0 {
		return strings.NewReplacer("{from}", "", "{and}", "").Replace(statement), args
	}
	names, values := make([]string, len(each)), make([]string, len(each))
	for i, c := range each {
		names[i], values[i] = c.name, fmt.Sprintf("value->>%d", i)
		if c.kind == isBinary {
			values[i] = "unhex(" + values[i] + ")"
		}
	}
	rows := "WITH n(" + strings.Join(names, ", ") + ") AS MATERIALIZED (SELECT " + strings.Join(values, ", ") + " FROM jsonb_each(?1)) "
	return rows + strings.NewReplacer("{from}", "FROM n", "{and}", ", n").Replace(statement), args
}

func table(size int, each []column) []byte {
	data := append(make([]byte, 0, size*len(each)*16), '[')
	for i := range size {
		if i > 0 {
			data = append(data, ',')
		}
		for j, c := range each {
			separator := byte(',')
			if j == 0 {
				separator = '['
			}
			data = c.appendJSON(append(data, separator), i)
		}
		data = append(data, ']')
	}
	return append(data, ']')
}
