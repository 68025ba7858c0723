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

// fewest is the smallest chunk: below it what each transaction costs by itself is
// what takes the time, and smaller ones would only be more of them.
const fewest = 50

// next sizes the chunk after one of rows that took this long.
func (p Pace) next(rows int, took time.Duration) int {
	if took <= 0 {
		return min(rows*2, p.MaxRows)
	}
	fit := int(float64(rows) * float64(p.Hold) / float64(took))
	return max(min(fit, rows*2, p.MaxRows), min(fewest, p.MaxRows))
}

// longestRest is enough for any chunk. One that seems to ask for more did not hold
// the writer all that time: the process was stopped in it, or the machine slept.
const longestRest = 5 * time.Second

// rest is how long to leave the writer alone after holding it this long.
func (p Pace) rest(took time.Duration) time.Duration {
	return min(time.Duration(float64(took)*(1/p.Duty-1)), longestRest)
}

// Sweep looks at every enrollment that is due and does what terms.Step says,
// at most one stage each, whatever the time since the last sweep. planned is
// when the run should have started. It is safe to run twice, or two at once:
// each row moves by compare-and-set, and an acceptance that gets there first
// wins. The run's ledger row is written at the start and at the end.
//
// It stops short of restricting anybody where the breaker says so, and of
// everything but giving back while stepping is paused or the clock has gone
// back. ErrLeased, with nothing done, while another process sweeps.
func (t *Tracker) Sweep(ctx context.Context, planned time.Time) (Run, error) {
	now := t.instant()
	id, err := t.newID("run")
	if err != nil {
		return Run{}, err
	}
	s := &sweeping{Tracker: t, now: now, Run: Run{ID: id, Job: "sweep", Planned: planned.UTC(), Started: now}}
	if err := t.Store.Update(ctx, func(tx Tx) error { return s.start(ctx, tx) }); err != nil {
		return Run{}, fmt.Errorf("start run: %w", err)
	}
	failure := s.all(ctx)
	s.Finished = t.instant()
	if failure != nil {
		s.Error = failure.Error()
	}
	ctx = context.WithoutCancel(ctx)
	if err := t.Store.Update(ctx, func(tx Tx) error { return s.finish(ctx, tx) }); err != nil {
		return s.Run, errors.Join(failure, fmt.Errorf("finish run %s: %w", s.ID, err))
	}
	return s.Run, failure
}

// sweeping is one run.
type sweeping struct {
	*Tracker
	Run
	now    time.Time
	lease  Lease
	paused bool
	fuse   fuse // of the campaign at hand
}

// start takes the lease, looks whether stepping is paused, and opens the ledger
// row.
func (s *sweeping) start(ctx context.Context, tx Tx) error {
	if err := s.hold(ctx, tx); err != nil {
		return err
	}
	pause, err := tx.Pause(ctx)
	if err != nil {
		return err
	}
	if pause.At.IsZero() && s.now.Before(pause.Seen.Add(-2*s.Pace.Tick)) {
		pause.At, pause.By = s.now, "sweep"
		pause.Reason = fmt.Sprintf("the clock shows %s, and the last run started at %s", s.now.Format(time.RFC3339), pause.Seen.Format(time.RFC3339))
	}
	s.paused = !pause.At.IsZero()
	pause.Seen = s.now
	if err := tx.SetPause(ctx, pause); err != nil {
		return err
	}
	return tx.StartRun(ctx, s.Run)
}

func (s *sweeping) finish(ctx context.Context, tx Tx) error {
	if s.Lease != nil {
		if err := tx.EndLease(ctx, sweepLease, s.lease.Fence); err != nil {
			return err
		}
	}
	return tx.FinishRun(ctx, s.Run)
}

func (s *sweeping) all(ctx context.Context) error {
	campaigns, err := read(ctx, s.Tracker, func(r Reader) ([]rules, error) { return s.running(ctx, r) })
	if err != nil {
		return err
	}
	for _, r := range campaigns {
		if err := s.walk(ctx, r.campaign.Key, s.now, &s.Run, nil); err != nil {
			return err
		}
		err := s.campaign(ctx, r.campaign.Key)
		if err == nil {
			err = s.forgive(ctx, r.campaign.Key)
		}
		if err != nil {
			return fmt.Errorf("sweep campaign %s: %w", r.campaign.Key, err)
		}
	}
	return nil
}

// campaign goes over everybody due in a campaign, chunk by chunk. While one
// chunk is written the next is read and decided, so that the writer is held for
// the writing alone.
func (s *sweeping) campaign(ctx context.Context, campaign string) error {
	var err error
	if s.fuse, err = s.arm(ctx, &s.Run, campaign, s.now); err != nil {
		return err
	}
	rows := s.Pace.Rows
	for next := s.ahead(ctx, campaign, Cursor{}, rows); next != nil; {
		c := <-next
		next = nil
		if c.ready && len(c.due) == c.rows {
			next = s.ahead(ctx, campaign, c.last(), rows)
		}
		elapsed := s.Pace.Stopwatch()
		done, err := s.write(ctx, c)
		took := elapsed()
		if err == nil {
			err = s.committed(ctx, done.revision)
		}
		if next == nil && err == nil && len(done.due) == c.rows { // it could not be read ahead
			next = s.ahead(ctx, campaign, done.last(), rows)
		}
		if next != nil && err == nil {
			rows = s.Pace.next(c.rows, took)
			s.Pace.Rest(ctx, s.Pace.rest(took))
			err = ctx.Err()
		}
		if err != nil {
			if next != nil {
				<-next // it uses the store until then
			}
			return err
		}
	}
	return nil
}

// add adds what a chunk did.
func (r *Run) add(c Run) {
	r.Examined += c.Examined
	r.Moved += c.Moved
	r.Told += c.Told
	r.Held += c.Held
	r.Waiting += c.Waiting
	r.Stopped += c.Stopped
}

// miss takes back what was counted of a row that had moved on.
func (r *Run) miss(kind ChangeKind) {
	switch kind {
	case ChangeTold, ChangeWarned:
		r.Told--
	case ChangeEntered, ChangeRestored, ChangeRecalled:
		r.Moved--
	default:
		r.Waiting--
	}
}

// one decides about one row, and survives it whatever is wrong with it. The
// second result is whether it must stay where it is.
func (s *sweeping) one(r rules, e Enrolled, b brakes, counts *Run) (Move, bool, error) {
	var m Move
	stopped := false
	err := survive(func() error {
		p, err := r.planOf(e)
		if err != nil {
			return err
		}
		counts.Examined++
		due := terms.Step(p, e.Enrollment, r.holds, s.now)
		if stopped = b.stops(p, due); stopped {
			counts.Stopped++
			return nil
		}
		m = s.decide(r, p, e, due, s.now, counts)
		return nil
	})
	return m, stopped, err
}

// survive turns a panic into an error.
func survive(do func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return do()
}

// brakes are what keeps a chunk from doing all that is due.
type brakes struct{ paused, blown bool }

func (s *sweeping) brakes() brakes { return brakes{s.paused, s.fuse.blown} }

// stops reports whether what is due must wait for staff.
func (b brakes) stops(p terms.Plan, due terms.Due) bool {
	if b.paused {
		return due.Action != terms.Restore
	}
	return b.blown && due.Action == terms.Enter && p.Stages[due.Stage].Takes()
}

// errFull takes back a chunk that would restrict more people than the breaker
// lets through. The look ahead made room for it; another run was quicker.
var errFull = errors.New("the breaker lets no more through")

// count adds people newly restricted to those of the last hours.
func (s *sweeping) count(ctx context.Context, tx Tx, campaign string, people int) error {
	if people == 0 {
		return nil
	}
	recent, err := tx.Restricted(ctx, campaign, s.now.Add(-guardWindow))
	if err != nil {
		return err
	}
	if recent+int64(people) > s.fuse.limit {
		return errFull
	}
	return tx.AddRestricted(ctx, campaign, s.now, people)
}

// decide turns what terms.Step says is due to one person into a move, and counts
// it. A move that tells, warns, enters or restores is itself the notice handed
// to the in-app channel.
func (t *Tracker) decide(r rules, p terms.Plan, e Enrolled, due terms.Due, now time.Time, run *Run) Move {
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
	case terms.Recall:
		run.Moved++
		m.Kind = ChangeRecalled
	case terms.Enter:
		run.Moved++
		m.Kind = ChangeEntered
	case terms.Restore:
		run.Moved++
		m.Kind = ChangeRestored
	}
	cause := CauseSweep
	if due.Action == terms.Restore && p.In(e.Country).ReversalID != "" {
		cause = CauseReversal
	}
	return m.transit(cause, run.ID, now)
}

// NextDue is when the next sweep will find something to do; zero when nothing
// is ahead.
func (t *Tracker) NextDue(ctx context.Context) (time.Time, error) {
	now := t.instant()
	return read(ctx, t, func(r Reader) (time.Time, error) {
		campaigns, err := r.Campaigns(ctx)
		if err != nil {
			return time.Time{}, err
		}
		for _, c := range campaigns {
			if behind, err := walking(ctx, r, c); err != nil || c.Plan != 0 && behind {
				return now, err
			}
		}
		return r.NextDue(ctx)
	})
}
