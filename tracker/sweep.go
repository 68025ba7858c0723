package tracker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/terms"
)

// Pace keeps a sweep from holding the writer: chunks are sized by how long
// their transaction takes, and the sweep rests between them, so that
// acceptances keep theirs.
type Pace struct {
	Tick      time.Duration // grid on which due times are rounded up; the scheduler's interval
	Rows      int           // of the first chunk
	MaxRows   int
	Hold      time.Duration                         // aimed-at length of a chunk's transaction
	Duty      float64                               // share of the time that may be spent holding the writer, (0, 1]
	Stopwatch func() (elapsed func() time.Duration) // measures a chunk
	Rest      func(context.Context, time.Duration)  // waits between chunks
}

// next sizes the chunk after one of rows that took this long.
func (p Pace) next(rows int, took time.Duration) int {
	if took <= 0 {
		return min(rows*2, p.MaxRows)
	}
	fit := int(float64(rows) * float64(p.Hold) / float64(took))
	return max(min(fit, rows*2, p.MaxRows), 1)
}

// rest is how long to leave the writer alone after holding it this long.
func (p Pace) rest(took time.Duration) time.Duration {
	return time.Duration(float64(took) * (1/p.Duty - 1))
}

// Sweep looks at every enrollment that is due and does what terms.Step says,
// at most one stage each, whatever the time since the last sweep. planned is
// when the run should have started. It is safe to run twice, or two at once:
// each row moves by compare-and-set, and an acceptance that gets there first
// wins. The run's ledger row is written at the start and at the end.
func (t *Tracker) Sweep(ctx context.Context, planned time.Time) (Run, error) {
	now := t.instant()
	id, err := t.newID("run")
	if err != nil {
		return Run{}, err
	}
	run := Run{ID: id, Job: "sweep", Planned: planned.UTC(), Started: now}
	if err := t.Store.Update(ctx, func(tx Tx) error { return tx.StartRun(ctx, run) }); err != nil {
		return run, fmt.Errorf("start run: %w", err)
	}
	failure := t.sweepAll(ctx, &run, now)
	run.Finished = t.instant()
	if failure != nil {
		run.Error = failure.Error()
	}
	ctx = context.WithoutCancel(ctx)
	if err := t.Store.Update(ctx, func(tx Tx) error { return tx.FinishRun(ctx, run) }); err != nil {
		return run, errors.Join(failure, fmt.Errorf("finish run %s: %w", run.ID, err))
	}
	return run, failure
}

func (t *Tracker) sweepAll(ctx context.Context, run *Run, now time.Time) error {
	campaigns, err := read(ctx, t, func(r Reader) ([]rules, error) { return running(ctx, r) })
	if err != nil {
		return err
	}
	for _, r := range campaigns {
		if err := t.enrollAll(ctx, r.campaign.Key, now, nil); err != nil {
			return err
		}
		if err := t.sweepCampaign(ctx, run, r.campaign.Key, now); err != nil {
			return fmt.Errorf("sweep campaign %s: %w", r.campaign.Key, err)
		}
	}
	return nil
}

func (t *Tracker) sweepCampaign(ctx context.Context, run *Run, campaign string, now time.Time) error {
	rows := t.Pace.Rows
	for at := (Cursor{}); ; {
		elapsed := t.Pace.Stopwatch()
		chunk, err := t.sweepChunk(ctx, run, campaign, now, at, rows)
		if err != nil {
			return err
		}
		if err := t.committed(ctx, chunk.revision); err != nil {
			return err
		}
		if chunk.looked < rows {
			return nil
		}
		at = chunk.last
		took := elapsed()
		rows = t.Pace.next(rows, took)
		t.Pace.Rest(ctx, t.Pace.rest(took))
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// chunk is what one transaction of a sweep did.
type chunk struct {
	looked   int
	last     Cursor
	revision uint64
}

// sweepChunk reads what is due, its rules and holds, decides and writes, in one
// transaction: a hold placed meanwhile is either seen or comes after.
func (t *Tracker) sweepChunk(ctx context.Context, run *Run, campaign string, now time.Time, after Cursor, rows int) (chunk, error) {
	var out chunk
	counts := *run
	err := t.Store.Update(ctx, func(tx Tx) error {
		out, counts = chunk{}, *run
		r, err := rulesOf(ctx, tx, campaign)
		if err != nil {
			return err
		}
		due, err := tx.Due(ctx, campaign, now, after, rows)
		if err != nil || len(due) == 0 {
			return err
		}
		out.looked = len(due)
		out.last = Cursor{due[len(due)-1].NextAt, due[len(due)-1].Ref}
		moves := make([]Move, 0, len(due))
		for _, e := range due {
			m, err := t.decide(r, e, now, &counts)
			if err != nil {
				return err
			}
			moves = append(moves, m)
		}
		revisions, err := tx.Save(ctx, moves, now)
		for _, revision := range revisions {
			out.revision = max(out.revision, revision)
		}
		return err
	})
	if err == nil {
		*run = counts
	}
	return out, err
}

// decide turns what terms.Step says of one person into a move, and counts it.
// A move that tells, warns, enters or restores is itself the notice handed to
// the in-app channel.
func (t *Tracker) decide(r rules, e Enrolled, now time.Time, run *Run) (Move, error) {
	p, err := r.planOf(e)
	if err != nil {
		return Move{}, err
	}
	run.Examined++
	due := terms.Step(p, e.Enrollment, r.holds, now)
	m := Move{Before: e, After: e, Kind: ChangeNext}
	m.After.Enrollment = e.Apply(p, due, now)
	m.After = t.schedule(p, m.After, r.holds, now)
	switch due.Action {
	case terms.Wait:
		if run.Waiting++; due.Why == terms.WaitsForHold {
			run.Held++
		}
	case terms.Tell:
		run.Told++
		m.Kind = ChangeTold
	case terms.Warn:
		run.Told++
		m.Kind = ChangeWarned
	case terms.Enter, terms.Restore:
		run.Moved++
		m.Kind = ChangeEntered
		if due.Action == terms.Restore {
			m.Kind = ChangeRestored
		}
		m.Transition = &Transition{
			Person: e.Person, Ref: e.Ref, Campaign: e.Campaign, Plan: e.Plan, Country: e.Country,
			From: e.Stage, To: due.Stage, Cause: CauseSweep, At: now, Run: run.ID,
		}
		m.Tallies = []Tally{LeftStage(e.Stage), EnteredStage(due.Stage)}
	}
	return m, nil
}

// NextDue is when the next sweep will find something to do; zero when nothing
// is ahead.
func (t *Tracker) NextDue(ctx context.Context) (time.Time, error) {
	return read(ctx, t, func(r Reader) (time.Time, error) { return r.NextDue(ctx) })
}
