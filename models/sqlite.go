package models

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
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

func (sqlite) moved() string { return "UPDATE revision SET value = ?" }

// listen waits: nobody is told.
func (sqlite) listen(ctx context.Context, _ string, _ func(uint64)) error {
	<-ctx.Done()
	return ctx.Err()
}

// brief leaves out that it ends: database/sql and the driver begin a goroutine each
// to wait for that, for every statement.
func (sqlite) brief(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func (sqlite) queue(context.Context, gorm.ConnPool) error { return nil }

func (sqlite) exec(ctx context.Context, in gorm.ConnPool, statement string, b batch) error {
	if used := b.uses(statement); strings.Contains(statement, "{from}") && slices.ContainsFunc(used, column.isBinary) {
		return inBlocks(ctx, in, statement, b.size, used)
	}
	statement, args := tabled(statement, b)
	_, err := in.ExecContext(ctx, statement, args...)
	return err
}

// largest is how many rows a block has at most.
const largest = 32

// inBlocks runs a statement for some rows at a time, each value of which is a
// parameter: bytes that JSON would hold as digits cost more on their way through
// it. A block has a power of two rows, so that few statements need be prepared.
func inBlocks(ctx context.Context, in gorm.ConnPool, statement string, rows int, used []column) error {
	names := make([]string, len(used))
	for i, c := range used {
		names[i] = c.name
	}
	statement = strings.Replace(rendered(statement, nil, nil), "{from}", "FROM n", 1)
	one := ", (?" + strings.Repeat(", ?", len(used)-1) + ")"
	args := make([]any, 0, min(rows, largest)*len(used))
	for row, size := 0, largest; row < rows; row += size {
		for size > rows-row {
			size /= 2
		}
		args = args[:0]
		for i := row; i < row+size; i++ {
			for _, c := range used {
				args = append(args, c.value(i))
			}
		}
		block := "WITH n(" + strings.Join(names, ", ") + ") AS (VALUES " + strings.Repeat(one, size)[len(", "):] + ") " + statement
		if _, err := in.ExecContext(ctx, block, args...); err != nil {
			return err
		}
	}
	return nil
}

func (sqlite) query(ctx context.Context, in gorm.ConnPool, statement string, b batch) (*sql.Rows, error) {
	statement, args := tabled(statement, b)
	return in.QueryContext(ctx, statement, args...)
}

// written asks which rows an update wrote only when some were missed: telling
// which takes a statement much longer than counting.
func (s sqlite) written(ctx context.Context, in gorm.ConnPool, statement string, b batch) ([]bool, error) {
	if !strings.Contains(statement, thisRow) {
		return returned(ctx, s, in, statement, b)
	}
	rows, err := s.update(ctx, in, statement, b)
	if err != nil || rows == b.size {
		return allOf(b.size), err
	}
	return told(ctx, s, in, justMoved, b)
}

// justMoved finds the rows of a batch that an update before it has written. Whoever
// else moved a row from the same position has the journal say so; the update has
// not written it yet.
const justMoved = `SELECT enrollments.campaign, enrollments.ref FROM enrollments {and}
	WHERE enrollments.campaign = :campaign AND ` + thisRow + ` AND enrollments.seq = :before + 1 AND NOT EXISTS (
		SELECT 1 FROM changes c WHERE c.ref = :ref AND c.campaign = :campaign AND c.seq = :before + 1)`

// update counts the rows it writes. Where most differ only in whom they are about
// and how often these were moved before, they go in as lists, which SQLite updates
// in one pass; otherwise as a table, which takes it two.
func (sqlite) update(ctx context.Context, in gorm.ConnPool, statement string, b batch) (int, error) {
	parts, rendering := b.groups("ref", strings.TrimSuffix(statement, asItWas), longest), listed
	if len(parts)*fewest > b.size || b.most("before") >= 1<<seqBits {
		parts, rendering = []batch{b}, tabled
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
	longest = 1_024 // rows in a list, with two parameters each: SQLite takes 32,766
	seqBits = 20    // of a number that also holds ref, and lists a row as it was
)

// listed puts rows that differ only in ref and seq into a statement. A list is
// filled up to a power of two with what it has, so that few statements need be
// prepared.
func listed(statement string, b batch) (string, []any) {
	statement = strings.Replace(strings.TrimSuffix(statement, thisRow+asItWas), "{from}", "", 1)
	once := b.uses(statement)
	args := make([]any, len(once), len(once)+2*longest)
	for i, c := range once {
		args[i] = c.value(0)
	}
	size := 1
	for size < b.size {
		size *= 2
	}
	ref, seq := b.column("ref"), b.column("before")
	for i := range size {
		args = append(args, ref.number(min(i, b.size-1)))
	}
	for i := range size {
		row := min(i, b.size-1)
		args = append(args, ref.number(row)<<seqBits|seq.number(row))
	}
	numbers := func(first int) string { // SQLite numbers a parameter one above the one before it
		return fmt.Sprintf("(?%d%s)", first, strings.Repeat(", ?", size-1))
	}
	statement = rendered(statement, once, func(i int, _ column) string { return fmt.Sprintf("?%d", i+1) })
	return fmt.Sprintf("%s enrollments.ref IN %s AND enrollments.ref << %d | enrollments.seq IN %s",
		statement, numbers(len(once)+1), seqBits, numbers(len(once)+1+size)), args
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
		args = append(args, table(b.size, each))
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

// table writes rows as JSON.
func table(size int, each []column) string {
	var data strings.Builder
	data.Grow(roomFor(size, each))
	var value []byte
	data.WriteByte('[')
	for i := range size {
		if i > 0 {
			data.WriteByte(',')
		}
		for j, c := range each {
			separator := byte(',')
			if j == 0 {
				separator = '['
			}
			value = c.appendJSON(append(value[:0], separator), i)
			data.Write(value)
		}
		data.WriteByte(']')
	}
	data.WriteByte(']')
	return data.String()
}

// roomFor is about as many bytes as table writes, going by the first and the last
// row, and seldom fewer.
func roomFor(size int, each []column) int {
	row := 0
	for _, c := range each {
		row += max(len(c.appendJSON(nil, 0)), len(c.appendJSON(nil, size-1))) + len(",[],")
	}
	return size * row
}
