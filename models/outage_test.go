package models_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"assent/terms"
	"assent/tracker"
)

func TestOnlyWhatMayWorkLaterIsCalledUnavailable(t *testing.T) {
	t.Parallel()
	s := open(t, engines["sqlite"](t))
	pg := func(code string) error { return fmt.Errorf("insert: %w", &pgconn.PgError{Code: code}) }
	lite := func(code sqlite3.ErrNo) error { return fmt.Errorf("insert: %w", sqlite3.Error{Code: code}) }
	for name, c := range map[string]struct {
		err   error
		later bool
	}{
		"nothing":                          {nil, false},
		"SQLite: the disk is full":         {lite(sqlite3.ErrFull), true},
		"SQLite: the disk fails":           {lite(sqlite3.ErrIoErr), true},
		"SQLite: another writes":           {lite(sqlite3.ErrBusy), true},
		"SQLite: only to be read":          {lite(sqlite3.ErrReadonly), true},
		"SQLite: a constraint":             {lite(sqlite3.ErrConstraint), false},
		"SQLite: damaged":                  {lite(sqlite3.ErrCorrupt), false},
		"PostgreSQL: the connection broke": {pg("08006"), true},
		"PostgreSQL: too many connections": {pg("53300"), true},
		"PostgreSQL: it is being stopped":  {pg("57P01"), true},
		"PostgreSQL: the disk fails":       {pg("58030"), true},
		"PostgreSQL: a standby":            {pg("25006"), true},
		"PostgreSQL: it took too long":     {pg("25P03"), true},
		"PostgreSQL: turns that cross":     {pg("40001"), true},
		"PostgreSQL: a query was ended":    {pg("57014"), false},
		"PostgreSQL: a constraint":         {pg("23505"), false},
		"PostgreSQL: a mistake of ours":    {pg("42601"), false},
		"a network that is away":           {&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"a connection that is closed":      {fmt.Errorf("read: %w", net.ErrClosed), true},
		"a connection that is bad":         {driver.ErrBadConn, true},
		"an answer that broke off":         {io.ErrUnexpectedEOF, true},
		"an error with a kind":             {terms.Errorf(terms.Conflict, "it is there already"), false},
		"an error with a kind over another": {
			fmt.Errorf("%w: %w", terms.Errorf(terms.NotFound, "it is gone"), sqlite3.Error{Code: sqlite3.ErrFull}), false,
		},
		"anything else": {errors.New("a mistake of ours"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, got := range []error{
				s.View(context.Background(), func(tracker.Reader) error { return c.err }),
				s.Update(context.Background(), func(tracker.Tx) error { return c.err }),
			} {
				if errors.Is(got, terms.Unavailable) != c.later || !errors.Is(got, c.err) {
					t.Errorf("became %v", got)
				}
			}
		})
	}
}
