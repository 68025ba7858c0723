package tracker

import (
	"context"
	"slices"
	"time"

	"assent/terms"
)

// Point is an enforcement point: a messaging server or another that keeps what
// people may do and follows changes, as it last said of itself.
type Point struct {
	Name      string
	Kind      string    // what it is, such as "prosody"
	OnSilence string    // OnSilenceHold or OnSilenceAllow
	Revision  uint64    // of the newest change it had applied
	Behind    uint64    // how many changes it lacked then
	Since     time.Time // of the oldest of them; zero when it lacked none
	Heard     time.Time
	Counts    map[string]int64 // since it started: refusals, messages held, questions not answered
}

// What an enforcement point does while Assent cannot be reached.
const (
	OnSilenceHold  = "hold"  // everybody stays as last known
	OnSilenceAllow = "allow" // after a while everybody is let through
)

const (
	// maxPoints bounds what anybody with a key can have kept.
	maxPoints = 64
	// pointSilent is after how long without a word an enforcement point is silent;
	// it says one every few seconds.
	pointSilent = 30 * time.Second
	// pointLate is how old a change may be that an enforcement point lacks.
	pointLate = 5 * time.Second
)

// PointState is how an enforcement point does.
type PointState string

// The states of an enforcement point.
const (
	PointCurrent PointState = "current"
	PointBehind  PointState = "behind" // it lacks changes it should have
	PointSilent  PointState = "silent" // it says nothing; it goes on by what it knew
)

// State is how it does at an instant.
func (p Point) State(now time.Time) PointState {
	switch {
	case now.Sub(p.Heard) > pointSilent:
		return PointSilent
	case p.Lag() > pointLate:
		return PointBehind
	}
	return PointCurrent
}

// Lag is how long it had lacked a change when it last spoke.
func (p Point) Lag() time.Duration {
	if p.Since.IsZero() {
		return 0
	}
	return max(0, p.Heard.Sub(p.Since))
}

// ReportPoint keeps what an enforcement point says of itself, and works out what
// it lacks.
func (t *Tracker) ReportPoint(ctx context.Context, p Point) (Point, error) {
	p.Heard = t.instant()
	err := t.Store.Update(ctx, func(tx Tx) error {
		list, err := tx.Points(ctx)
		if err != nil {
			return err
		}
		if len(list) >= maxPoints && !slices.ContainsFunc(list, func(known Point) bool { return known.Name == p.Name }) {
			return terms.Errorf(terms.TooMany, "%d enforcement points are known already; forget one first", len(list))
		}
		newest, err := tx.Revision(ctx)
		if err != nil {
			return err
		}
		if p.Behind, p.Since = newest-min(newest, p.Revision), (time.Time{}); p.Behind > 0 {
			lacks, err := tx.Changes(ctx, p.Revision, 1)
			if err != nil {
				return err
			}
			p.Since = lacks[0].At
		}
		return tx.PutPoint(ctx, p)
	})
	return p, err
}

// Points lists them by name.
func (t *Tracker) Points(ctx context.Context) ([]Point, error) {
	return read(ctx, t, func(r Reader) ([]Point, error) { return r.Points(ctx) })
}

// ForgetPoint takes one that is no more off the list.
func (t *Tracker) ForgetPoint(ctx context.Context, name, actor string) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.DeletePoint(ctx, name); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: t.instant(), Actor: actor, Action: "point.forget", Object: name})
	})
}
