package models

import (
	"database/sql/driver"
	"encoding/json"
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
