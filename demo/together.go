package demo

import (
	"context"
	"time"

	"assent/terms"
	"assent/tracker"
)

// together is how many acts share a transaction, so that a visitor who
// responds meanwhile is not kept waiting.
const together = 200

// inOne puts acts into effect in one transaction.
func (s *Story) inOne(ctx context.Context, acts []act, now time.Time) error {
	var revision uint64
	err := s.deps.Store.Update(ctx, func(tx tracker.Tx) error {
		revision = 0
		deps := s.deps
		deps.Store = join(s.deps.Store, tx)
		deps.Now = func() time.Time { return now }
		deps.Committed = func(_ context.Context, newest uint64) error {
			revision = max(revision, newest)
			return nil
		}
		deps.Changed = nil // nobody may know of what can still be taken back
		t := tracker.New(deps)
		for _, a := range acts {
			if err := a.do(ctx, t, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || revision == 0 {
		return err
	}
	return s.deps.Committed(ctx, revision)
}

// oneByOne puts acts into effect each on its own, passing over those that are
// too late, and returns the others.
func (s *Story) oneByOne(ctx context.Context, acts []act, now time.Time) ([]act, error) {
	var done []act
	t := s.at(now)
	for _, a := range acts {
		switch err := a.do(ctx, t, now); {
		case err == nil:
			done = append(done, a)
		case !refused(err):
			return done, err
		}
	}
	return done, nil
}

// joined is a store whose transactions are parts of one that is open. What the
// acts of people cannot change, it reads once.
type joined struct {
	tracker.Store // for what needs no transaction
	tracker.Tx
	campaigns map[string]tracker.Campaign
	plans     map[string][]tracker.PlanRecord
	holds     map[string][]tracker.Hold
	versions  map[terms.DocumentRef]tracker.Version
}

func join(store tracker.Store, tx tracker.Tx) joined {
	return joined{
		store, tx, map[string]tracker.Campaign{}, map[string][]tracker.PlanRecord{},
		map[string][]tracker.Hold{}, map[terms.DocumentRef]tracker.Version{},
	}
}

// View reads in the open transaction.
func (j joined) View(_ context.Context, fn func(tracker.Reader) error) error { return fn(j) }

// Update writes in the open transaction. An error of fn must end that one too.
func (j joined) Update(_ context.Context, fn func(tracker.Tx) error) error { return fn(j) }

// Campaign reads a campaign once.
func (j joined) Campaign(ctx context.Context, key string) (tracker.Campaign, error) {
	return once(ctx, j.campaigns, key, j.Tx.Campaign)
}

// Plans reads the plans of a campaign once.
func (j joined) Plans(ctx context.Context, campaign string) ([]tracker.PlanRecord, error) {
	return once(ctx, j.plans, campaign, j.Tx.Plans)
}

// Holds reads the holds of a campaign once.
func (j joined) Holds(ctx context.Context, campaign string) ([]tracker.Hold, error) {
	return once(ctx, j.holds, campaign, j.Tx.Holds)
}

// Version reads a version once.
func (j joined) Version(ctx context.Context, ref terms.DocumentRef) (tracker.Version, error) {
	return once(ctx, j.versions, ref, j.Tx.Version)
}

func once[K comparable, V any](ctx context.Context, known map[K]V, key K, read func(context.Context, K) (V, error)) (V, error) {
	if v, ok := known[key]; ok {
		return v, nil
	}
	v, err := read(ctx, key)
	if err == nil {
		known[key] = v
	}
	return v, err
}
