package models

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// instant is a time as it is stored: microseconds since 1970 in UTC, where 0 is
// the zero time. Numbers compare the same in SQL, in Go and on both engines,
// which texts with zones do not.
type instant int64

func at(t time.Time) instant {
	if t.IsZero() {
		return 0
	}
	return instant(t.UnixMicro())
}

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(i)).UTC()
}

// object is a column that holds a value as JSON.
type object[T any] struct{ it T }

// Value encodes for the database.
func (o object[T]) Value() (driver.Value, error) {
	data, err := json.Marshal(o.it)
	return string(data), err
}

// Scan decodes what the database has.
func (o *object[T]) Scan(from any) error {
	switch data := from.(type) {
	case string:
		return json.Unmarshal([]byte(data), &o.it)
	case []byte:
		return json.Unmarshal(data, &o.it)
	default:
		return fmt.Errorf("a JSON column holds a %T", from)
	}
}

// values are the columns of a row, taken one after the other, where NULL is a
// zero value. Rows that come by the million are read through it: the standard
// library scans into what has a type of ours several times as slowly.
type values struct {
	row  []any
	next int
}

// eachValues calls read for every row and closes them.
func eachValues(rows *sql.Rows, read func(*values)) error {
	columns, err := rows.Columns()
	if err != nil {
		return errors.Join(err, rows.Close())
	}
	v := values{row: make([]any, len(columns))}
	into := make([]any, len(columns))
	for i := range into {
		into[i] = &v.row[i]
	}
	return eachRow(rows, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		v.next = 0
		read(&v)
		return nil
	})
}

func (v *values) take() any {
	v.next++
	return v.row[v.next-1]
}

func (v *values) text() string {
	text, _ := v.take().(string)
	return text
}

func (v *values) bytes() []byte {
	data, _ := v.take().([]byte)
	return data
}

func (v *values) number() int64 {
	number, _ := v.take().(int64)
	return number
}

func (v *values) time() time.Time { return instant(v.number()).time() }

// flag knows that SQLite has numbers for it.
func (v *values) flag() bool {
	switch flag := v.take().(type) {
	case bool:
		return flag
	case int64:
		return flag != 0
	default:
		return false
	}
}

// blob is bytes for a column that is never NULL.
func blob(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// all turns rows into what they stand for.
func all[Row, T any](rows []Row, of func(Row) T) []T {
	list := make([]T, len(rows))
	for i := range rows {
		list[i] = of(rows[i])
	}
	return list
}
