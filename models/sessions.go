package models

import (
	"context"
	"fmt"
	"time"
)

// SessionOver is one statement, which needs no transaction around it.
func (s *Store) SessionOver(ctx context.Context, person, id string, begun time.Time) (bool, error) {
	conn, err := s.pools.read.Conn(ctx)
	if err != nil {
		return false, outage(fmt.Errorf("wait for a connection: %w", err))
	}
	defer func() { _ = conn.Close() }() // which gives it back
	var good bool
	err = conn.QueryRowContext(s.engine.brief(ctx), `SELECT EXISTS (SELECT 1 FROM people p WHERE p.id = $1
		AND NOT EXISTS (SELECT 1 FROM spent s WHERE s.id = $2)
		AND NOT EXISTS (SELECT 1 FROM signed_out o WHERE o.ref = p.ref AND o.at > $3))`, person, id, int64(at(begun))).Scan(&good)
	if err != nil {
		return false, outage(fmt.Errorf("sessions: %w", err))
	}
	return !good, nil
}

func (t *tx) Spend(ctx context.Context, id string, expires, now time.Time) error {
	if err := t.exec(ctx, "tokens", "DELETE FROM spent WHERE expires <= ?", at(now)); err != nil {
		return err
	}
	return t.set(ctx, "a token that can be used once", func() error { return nil },
		"INSERT INTO spent (id, expires) VALUES (?, ?) ON CONFLICT DO NOTHING", id, at(expires))
}

func (t *tx) SignOut(ctx context.Context, ref int64, when time.Time) error {
	return t.exec(ctx, "sessions",
		"INSERT INTO signed_out (ref, at) VALUES (?, ?) ON CONFLICT (ref) DO UPDATE SET at = excluded.at", ref, at(when))
}
