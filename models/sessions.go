package models

import (
	"context"
	"time"
)

func (r reader) SessionOver(ctx context.Context, person, id string, begun time.Time) (bool, error) {
	var good bool
	err := r.in(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM people p WHERE p.id = ?
		AND NOT EXISTS (SELECT 1 FROM spent s WHERE s.id = ?)
		AND NOT EXISTS (SELECT 1 FROM signed_out o WHERE o.ref = p.ref AND o.at > ?))`, person, id, at(begun)).Row().Scan(&good)
	return !good, r.translate(err, "sessions")
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
