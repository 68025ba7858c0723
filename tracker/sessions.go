package tracker

import (
	"context"
	"time"
)

// Spend uses up a token that is good for once, by its id, until it expires:
// Conflict when it was used before, by this process or another, also before a
// restart.
func (t *Tracker) Spend(ctx context.Context, id string, expires time.Time) error {
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error { return tx.Spend(ctx, id, expires, now) })
}

// SessionOver reports whether a person's session was ended: it by itself, all
// that began before some instant, or the account with them.
func (t *Tracker) SessionOver(ctx context.Context, person, id string, begun time.Time) (bool, error) {
	return t.Store.SessionOver(ctx, person, id, begun)
}

// SignOut ends all sessions of a person that began before an instant, by the
// clock that sessions go by. NotFound for an unknown person.
func (t *Tracker) SignOut(ctx context.Context, person string, at time.Time) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		p, err := tx.Person(ctx, person)
		if err != nil {
			return err
		}
		return tx.SignOut(ctx, p.Ref, at)
	})
}
