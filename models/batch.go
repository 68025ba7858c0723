package models

import (
	"regexp"
	"slices"
	"time"
)

// batch is rows that go into one statement together, by column. PostgreSQL
// takes the columns as arrays in one round trip; SQLite, which has no round
// trip to save, takes the rows one by one through a prepared statement.
//
// The statement is written once for both. In it ":ref" is the column ref of
// the row at hand, "{from}" is where a FROM clause with the rows belongs, and
// "{and}" where they join others in such a clause.
type batch struct {
	size    int
	columns []column
}

type column struct {
	name  string
	array string // its type in PostgreSQL
	all   any    // a slice
	row   func(i int) any
}

// columnOf makes a column out of things of type T.
type columnOf[T any] func(things []T) column

func newBatch[T any](things []T, columns ...columnOf[T]) batch {
	b := batch{size: len(things), columns: make([]column, len(columns))}
	for i, of := range columns {
		b.columns[i] = of(things)
	}
	return b
}

func text[T any](name string, get func(*T) string) columnOf[T] { return list(name, "text[]", get) }

func number[T any](name string, get func(*T) int64) columnOf[T] {
	return list(name, "bigint[]", get)
}

func flag[T any](name string, get func(*T) bool) columnOf[T] { return list(name, "boolean[]", get) }

func binary[T any](name string, get func(*T) []byte) columnOf[T] {
	return list(name, "bytea[]", func(t *T) []byte { return blob(get(t)) })
}

func moment[T any](name string, get func(*T) time.Time) columnOf[T] {
	return number(name, func(t *T) int64 { return int64(at(get(t))) })
}

func list[T, V any](name, array string, get func(*T) V) columnOf[T] {
	return func(things []T) column {
		all := make([]V, len(things))
		for i := range things {
			all[i] = get(&things[i])
		}
		return column{name, array, all, func(i int) any { return all[i] }}
	}
}

var placeholder = regexp.MustCompile(`:[a-z_]+`)

// uses returns the columns a statement names, in order of first mention.
func (b batch) uses(statement string) []column {
	var used []column
	for _, found := range placeholder.FindAllString(statement, -1) {
		same := func(c column) bool { return c.name == found[1:] }
		if slices.ContainsFunc(used, same) {
			continue
		}
		used = append(used, b.columns[slices.IndexFunc(b.columns, same)])
	}
	return used
}
