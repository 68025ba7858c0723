package models

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"assent/terms"
)

// outage makes an error Unavailable when it is the database that cannot work
// now: it does not answer, the disk is full or fails. The same may work later.
func outage(err error) error {
	var kind terms.Kind
	if err == nil || errors.As(err, &kind) || !out(err) {
		return err
	}
	return fmt.Errorf("%w: %w", terms.Errorf(terms.Unavailable, "the database cannot be used at the moment; try again soon"), err)
}

func out(err error) bool {
	var lite sqlite3.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &lite):
		switch lite.Code {
		case sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrNomem, sqlite3.ErrProtocol:
			return true
		}
		return false
	case errors.As(err, &pg):
		// Connection exceptions, a lack of resources, intervention of an operator,
		// errors of the system; a server that only reads; turns that cross.
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "57P") ||
			strings.HasPrefix(pg.Code, "58") || pg.Code == "25006" || pg.Code == "25P03" || strings.HasPrefix(pg.Code, "40")
	case errors.As(err, &connect), errors.As(err, &network), pgconn.SafeToRetry(err):
		return true
	default:
		return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
	}
}
