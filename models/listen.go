package models

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// channel is that on which PostgreSQL tells of commits. A notice takes a lock
	// of the whole database until its commit is done, which costs nothing here:
	// writers take turns anyway.
	channel = "assent_changes"
	// hanging up may take this long.
	goodbye = time.Second
)

// listen has a connection of its own, which does nothing else.
func (postgres) listen(ctx context.Context, url string, fn func(revision uint64)) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to listen for changes: %w", err)
	}
	defer func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
		defer cancel()
		_ = conn.Close(late) // it may be lost already
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listen for changes: %w", err)
	}
	fn(0)
	for {
		told, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("listen for changes: %w", err)
		}
		revision, err := strconv.ParseUint(told.Payload, 10, 63)
		if err != nil {
			revision = 0 // somebody else's word is no number of ours: look
		}
		fn(revision)
	}
}
