package models

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// batch is rows that go into one statement together. A column with the same
// value in every row, as most have in a chunk of a sweep, goes in once, as a
// plain parameter; the others go in as a table, in one parameter or one each.
//
// The statement is written once for both engines. In it ":ref" is the column
// ref of the row at hand, "{from}" is where a FROM clause with the rows
// belongs, and "{and}" where they join others in such a clause.
type batch struct {
	size    int
	columns []column
}

// column is one value of every row: a number, a text or bytes, of which it has
// only one. Values are got when they are needed, and for most columns never.
type column struct {
	name   string
	kind   kind
	number func(i int) int64
	text   func(i int) string
	bytes  func(i int) []byte // not nil
}

type kind int

const (
	isText kind = iota
	isNumber
	isFlag
	isBinary
)

// columnOf makes a column out of things of type T.
type columnOf[T any] func(things []T) column

func newBatch[T any](things []T, columns ...columnOf[T]) batch {
	b := batch{size: len(things), columns: make([]column, len(columns))}
	for i, of := range columns {
		b.columns[i] = of(things)
	}
	return b
}

func text[T any](name string, get func(*T) string) columnOf[T] {
	return func(things []T) column {
		return column{name: name, kind: isText, text: func(i int) string { return get(&things[i]) }}
	}
}

func number[T any](name string, get func(*T) int64) columnOf[T] {
	return func(things []T) column {
		return column{name: name, kind: isNumber, number: func(i int) int64 { return get(&things[i]) }}
	}
}

func flag[T any](name string, get func(*T) bool) columnOf[T] {
	return func(things []T) column {
		return column{name: name, kind: isFlag, number: func(i int) int64 {
			if get(&things[i]) {
				return 1
			}
			return 0
		}}
	}
}

func binary[T any](name string, get func(*T) []byte) columnOf[T] {
	return func(things []T) column {
		return column{name: name, kind: isBinary, bytes: func(i int) []byte { return blob(get(&things[i])) }}
	}
}

func moment[T any](name string, get func(*T) time.Time) columnOf[T] {
	return number(name, func(t *T) int64 { return int64(at(get(t))) })
}

// equals compares a row of one column with one of another of the same kind.
func (c column) equals(i int, d column, j int) bool {
	if c.number != nil {
		return c.number(i) == d.number(j)
	}
	if c.bytes != nil {
		return bytes.Equal(c.bytes(i), d.bytes(j))
	}
	return c.text(i) == d.text(j)
}

func (c column) isBinary() bool { return c.kind == isBinary }

// value is what a database takes as a parameter.
func (c column) value(i int) any {
	switch c.kind {
	case isText:
		return c.text(i)
	case isNumber:
		return c.number(i)
	case isFlag:
		return c.number(i) != 0
	default:
		return c.bytes(i)
	}
}

// appendJSON writes a value as an element of an array; bytes as hex digits.
func (c column) appendJSON(to []byte, i int) []byte {
	switch c.kind {
	case isText:
		return appendString(to, c.text(i))
	case isBinary:
		return append(hex.AppendEncode(append(to, '"'), c.bytes(i)), '"')
	default:
		return strconv.AppendInt(to, c.number(i), 10)
	}
}

// appendString keeps every byte as it is, unlike package encoding/json, and
// escapes what JSON cannot hold.
func appendString(to []byte, s string) []byte {
	to = append(to, '"')
	for i := range len(s) {
		switch b := s[i]; {
		case b == '"' || b == '\\':
			to = append(to, '\\', b)
		case b < ' ':
			to = append(to, `\u00`...)
			to = hex.AppendEncode(to, []byte{b})
		default:
			to = append(to, b)
		}
	}
	return append(to, '"')
}

var placeholder = regexp.MustCompile(`:[a-z_]+`)

// split returns the columns a statement names, in order of first mention:
// those that are the same in every row, and the others. A single row has none
// of the others; more have at least one, which says how many there are.
func (b batch) split(statement string) ([]column, []column) {
	var once, each []column
	used := b.uses(statement)
	for i, varies := range b.varying(used) {
		if varies {
			each = append(each, used[i])
		} else {
			once = append(once, used[i])
		}
	}
	if len(each) == 0 && b.size > 1 {
		once, each = once[1:], once[:1]
	}
	return once, each
}

func (b batch) uses(statement string) []column {
	var used []column
	for _, found := range placeholder.FindAllString(statement, -1) {
		if !slices.ContainsFunc(used, func(c column) bool { return c.name == found[1:] }) {
			used = append(used, b.column(found[1:]))
		}
	}
	return used
}

func (b batch) column(name string) column {
	return b.columns[slices.IndexFunc(b.columns, func(c column) bool { return c.name == name })]
}

// most is the largest number in a column.
func (b batch) most(name string) int64 {
	return slices.Max(list(b.size, b.column(name).number))
}

// groups parts the rows into those that are the same but for one column, as far
// as a statement is concerned, at most so many in each.
func (b batch) groups(but, statement string, most int) []batch {
	_, each := b.split(statement)
	each = slices.DeleteFunc(each, func(c column) bool { return c.name == but })
	var parts [][]int
	index := map[string]int{}
	var key []byte
	for i := range b.size {
		key = key[:0]
		for _, c := range each {
			key = append(c.appendJSON(key, i), ',')
		}
		at, known := index[string(key)]
		if !known || len(parts[at]) == most {
			at = len(parts)
			index[string(key)], parts = at, append(parts, nil)
		}
		parts[at] = append(parts[at], i)
	}
	groups := make([]batch, len(parts))
	for i, rows := range parts {
		groups[i] = b.only(rows)
	}
	return groups
}

// only is some of the rows.
func (b batch) only(rows []int) batch {
	some := batch{size: len(rows), columns: slices.Clone(b.columns)}
	for i, c := range some.columns {
		switch c.kind {
		case isText:
			some.columns[i].text = func(i int) string { return c.text(rows[i]) }
		case isBinary:
			some.columns[i].bytes = func(i int) []byte { return c.bytes(rows[i]) }
		default:
			some.columns[i].number = func(i int) int64 { return c.number(rows[i]) }
		}
	}
	return some
}

// differing tells of each column whether it differs from that of the other batch
// in any row. It goes row by row: what is about one row lies together in memory.
func (b batch) differing(other batch) []bool {
	return anyRow(len(b.columns), b.size, func(column, row int) bool {
		return !b.columns[column].equals(row, other.columns[column], row)
	})
}

// varying tells of each of some columns whether it has more than one value.
func (b batch) varying(columns []column) []bool {
	return anyRow(len(columns), b.size, func(column, row int) bool {
		return !columns[column].equals(row, columns[column], 0)
	})
}

// anyRow tells of each column whether something is so of it in any row.
func anyRow(columns, rows int, is func(column, row int) bool) []bool {
	found := make([]bool, columns)
	for row := range rows {
		for column := range columns {
			if !found[column] && is(column, row) {
				found[column] = true
			}
		}
	}
	return found
}

// rendered puts a statement's columns in their places: position numbers the
// parameters from 1 for those that go in once, and a row of the others is
// called n.
func rendered(statement string, once []column, position func(i int, c column) string) string {
	return placeholder.ReplaceAllStringFunc(statement, func(name string) string {
		i := slices.IndexFunc(once, func(c column) bool { return c.name == name[1:] })
		if i < 0 {
			return "n." + name[1:]
		}
		return position(i, once[i])
	})
}
