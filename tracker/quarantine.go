package tracker

import (
	"context"
	"fmt"

	"assent/terms"
)

// mostFailures is how many rows of one chunk may fail on their own before the
// run takes it for an outage, which says nothing about the rows.
const mostFailures = 10

// oneByOne does the rows of a chunk that failed each in a transaction of its
// own. A row that still fails is counted; after MaxTries runs it is left out
// until staff release it.
func (s *sweeping) oneByOne(ctx context.Context, c chunk, why error) (chunk, error) {
	out := chunk{campaign: c.campaign, after: c.after, rows: c.rows}
	var err error
	if out.due, err = read(ctx, s.Tracker, func(r Reader) ([]Enrolled, error) { return r.Due(ctx, c.campaign, s.now, c.after, c.rows) }); err != nil {
		return out, why
	}
	var failures []Failure
	for _, e := range out.due {
		done, err := s.attempt(ctx, chunk{campaign: c.campaign, pick: s.alone(e)})
		out.revision = max(out.revision, done.revision)
		if err == nil {
			continue
		}
		failures = append(failures, Failure{Campaign: c.campaign, Ref: e.Ref, Person: e.Person, Error: err.Error(), At: s.now})
		if len(failures) > mostFailures || ctx.Err() != nil {
			return out, fmt.Errorf("%d of the rows after %s fail, the last with: %w", len(failures), c.after.NextAt, err)
		}
	}
	s.Failed += len(failures)
	return out, s.Store.Update(ctx, func(tx Tx) error {
		for _, f := range failures {
			if _, err := tx.AddFailure(ctx, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgive forgets the failures of earlier runs that did not come again: only
// tries in a row count.
func (s *sweeping) forgive(ctx context.Context, campaign string) error {
	failures, err := s.Failures(ctx, campaign)
	if err != nil {
		return err
	}
	for _, f := range failures {
		if f.Tries >= MaxTries || !f.At.Before(s.now) {
			continue
		}
		err := s.Store.Update(ctx, func(tx Tx) error { return tx.EndFailure(ctx, campaign, f.Person) })
		if err != nil && !isKind(err, terms.NotFound) {
			return err
		}
	}
	return nil
}

// alone picks one row, if it is still due.
func (s *sweeping) alone(e Enrolled) func(context.Context, Reader) ([]Enrolled, error) {
	return func(ctx context.Context, r Reader) ([]Enrolled, error) {
		now, err := r.Enrollment(ctx, e.Person, e.Campaign)
		if isKind(err, terms.NotFound) || err == nil && (now.NextAt.IsZero() || now.NextAt.After(s.now)) {
			return nil, nil
		}
		return []Enrolled{now}, err
	}
}

// Failures lists enrollments that sweeps could not handle, newest first.
func (t *Tracker) Failures(ctx context.Context, campaign string) ([]Failure, error) {
	return read(ctx, t, func(r Reader) ([]Failure, error) { return r.Failures(ctx, campaign, listLength) })
}

// Retry lets sweeps try an enrollment again that failed. NotFound when none
// did.
func (t *Tracker) Retry(ctx context.Context, campaign, person, actor string) error {
	now := t.instant()
	err := t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.EndFailure(ctx, campaign, person); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "failure.retry", Object: campaign, Person: person})
	})
	if err == nil {
		t.wake()
	}
	return err
}

// Pause stops all stepping: until it is resumed sweeps give back and do nothing
// else. Answers stay as they are. Invalid without a reason.
func (t *Tracker) Pause(ctx context.Context, reason, actor string) (Pause, error) {
	if reason == "" {
		return Pause{}, terms.Faults{{Path: "reason", Detail: "say why, for the record"}}
	}
	p := Pause{At: t.instant(), Reason: reason, By: actor}
	return p, t.setPause(ctx, p, Act{At: p.At, Actor: actor, Action: "stepping.pause", Reason: reason})
}

// Resume lets sweeps step again. Conflict when they do already.
func (t *Tracker) Resume(ctx context.Context, reason, actor string) error {
	p, err := t.Paused(ctx)
	if err != nil {
		return err
	}
	if p.At.IsZero() {
		return terms.Errorf(terms.Conflict, "stepping is not paused")
	}
	err = t.setPause(ctx, Pause{}, Act{At: t.instant(), Actor: actor, Action: "stepping.resume", Reason: reason})
	if err == nil {
		t.wake()
	}
	return err
}

func (t *Tracker) setPause(ctx context.Context, p Pause, a Act) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		before, err := tx.Pause(ctx)
		if err != nil {
			return err
		}
		p.Seen = before.Seen
		if err := tx.SetPause(ctx, p); err != nil {
			return err
		}
		a.Before, a.After = facts("paused", !before.At.IsZero()), facts("paused", !p.At.IsZero())
		return t.note(ctx, tx, a)
	})
}

// Paused returns the pause in force, zero for none.
func (t *Tracker) Paused(ctx context.Context) (Pause, error) {
	return read(ctx, t, func(r Reader) (Pause, error) { return r.Pause(ctx) })
}

// Unreached lists people whose next stage is due and waits for a notice to
// reach them, after a Ref, at most limit.
func (t *Tracker) Unreached(ctx context.Context, campaign string, after int64, limit int) ([]Enrolled, error) {
	return read(ctx, t, func(r Reader) ([]Enrolled, error) {
		if _, err := r.Campaign(ctx, campaign); err != nil {
			return nil, err
		}
		return r.Unreached(ctx, campaign, after, limit)
	})
}
