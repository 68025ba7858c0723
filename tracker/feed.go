package tracker

import (
	"context"
	"time"

	"assent/terms"
)

// Feed is a page of the log of changes, for followers outside this process.
type Feed struct {
	Changes []Change
	Stages  []string // key of the stage each change left the person in; "" where it has none
	Newest  uint64   // revision of the whole log
}

// Changes returns changes after a revision, in order, at most limit.
func (t *Tracker) Changes(ctx context.Context, after uint64, limit int) (Feed, error) {
	var f Feed
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		if f.Newest, err = r.Revision(ctx); err != nil {
			return err
		}
		if f.Changes, err = r.Changes(ctx, after, limit); err != nil {
			return err
		}
		f.Stages, err = stagesOf(ctx, r, f.Changes)
		return err
	})
	return f, err
}

// Revision is the newest revision of the log of changes.
func (t *Tracker) Revision(ctx context.Context) (uint64, error) {
	return read(ctx, t, func(r Reader) (uint64, error) { return r.Revision(ctx) })
}

// LastSweep is when the last sweep ended; zero when none has.
func (t *Tracker) LastSweep(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := t.Store.View(ctx, func(r Reader) error {
		runs, err := r.Runs(ctx, overviewLength)
		for _, run := range runs {
			if at = run.Finished; !at.IsZero() {
				return nil
			}
		}
		return err
	})
	return at, err
}

// stagesOf names the stage of each change by the plan it happened under.
func stagesOf(ctx context.Context, r Reader, changes []Change) ([]string, error) {
	type ref struct {
		campaign string
		plan     int
	}
	plans := map[ref]terms.Plan{}
	keys := make([]string, len(changes))
	for i, c := range changes {
		if c.Plan == 0 { // of the campaign as a whole
			continue
		}
		at := ref{c.Enrolled.Campaign, c.Plan}
		p, ok := plans[at]
		if !ok {
			record, err := r.Plan(ctx, at.campaign, at.plan)
			if err != nil {
				return nil, err
			}
			p = record.Plan
			plans[at] = p
		}
		keys[i] = p.Stages[c.Stage].Key
	}
	return keys, nil
}
