package models

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"assent/terms"
)

// scrub writes the file anew. Overwriting what is deleted (secure_delete) is not
// enough: where a page was split, the old image of what moved to the other page
// stays in the gap. It takes the writer for as long as it copies; bringing the
// log into the file and cutting it to nothing, which follows, does not.
func (e sqlite) scrub(ctx context.Context, p pools, _ []string) error {
	err := e.roomy(ctx, p, func() error {
		_, err := p.write.ExecContext(ctx, "VACUUM")
		return err
	})
	if err != nil {
		return fmt.Errorf("write the database file anew: %w", err)
	}
	conn, err := p.read.Conn(ctx)
	if err != nil {
		return fmt.Errorf("cut the write-ahead log: %w", err)
	}
	defer func() { _ = conn.Close() }() // back to its pool
	if err := cutLog(ctx, conn); err != nil {
		return fmt.Errorf("cut the write-ahead log: %w", err)
	}
	return nil
}

const (
	cutWaits = 40 // milliseconds in which writers wait for us to have the log for ourselves
	cutTries = 300
	cutRest  = 100 * time.Millisecond
)

// cutLog brings the write-ahead log into the file beside everybody, and cuts it
// in a moment in which nobody reads from it.
func cutLog(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", cutWaits)); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("PRAGMA busy_timeout = %d", busyMilliseconds))
	}()
	for range cutTries {
		if _, err := conn.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			return err
		}
		var busy, pages, written int
		if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &written); err != nil || busy == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(cutRest):
		}
	}
	return terms.Errorf(terms.Unavailable, "somebody goes on reading from the write-ahead log; try again when long reads, such as an export, have ended")
}

// scrub gives the room of deleted rows free, beside everybody. Copies that the
// server keeps, in its own write-ahead log among them, are not its to clear.
func (postgres) scrub(ctx context.Context, p pools, tables []string) error {
	if _, err := p.write.ExecContext(ctx, "VACUUM "+strings.Join(tables, ", ")); err != nil {
		return fmt.Errorf("clear away deleted rows: %w", err)
	}
	return nil
}
