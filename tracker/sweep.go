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

func (s *sweeping) campaign(ctx context.Context, campaign string) error {
	var err error
	if s.fuse, err = s.arm(ctx, &s.Run, campaign, s.now); err != nil {
		return err
	}
	rows := s.Pace.Rows
	for at := (Cursor{}); ; {
		elapsed := s.Pace.Stopwatch()
		chunk, err := s.chunk(ctx, campaign, at, rows)
		if err != nil {
			return err
		}
		if err := s.committed(ctx, chunk.revision); err != nil {
			return err
		}
		if chunk.looked < rows {
			return nil
		}
		at = chunk.last
		took := elapsed()
		rows = s.Pace.next(rows, took)
		s.Pace.Rest(ctx, s.Pace.rest(took))
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

// chunk does the next rows in one transaction. Where that fails for another
// reason than the database, it goes row by row, so that one row that cannot be
// handled does not keep the others.
func (s *sweeping) chunk(ctx context.Context, campaign string, after Cursor, rows int) (chunk, error) {
	next := func(ctx context.Context, tx Tx) ([]Enrolled, error) { return tx.Due(ctx, campaign, s.now, after, rows) }
	out, err := s.attempt(ctx, campaign, next)
	if errors.Is(err, errFull) {
		if s.fuse, err = s.trip(ctx, s.fuse, &s.Run, campaign, int64(rows), s.now); err == nil {
			out, err = s.attempt(ctx, campaign, next)
		}
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrLeaseLost) {
		return out, err
	}
	return s.oneByOne(ctx, campaign, after, rows, err)
}

// attempt reads rows, their rules and holds, decides and writes, in one
// transaction: a hold placed meanwhile is either seen or comes after.
func (s *sweeping) attempt(ctx context.Context, campaign string, pick func(context.Context, Tx) ([]Enrolled, error)) (chunk, error) {
	var out chunk
	counts := s.Run
	err := s.Store.Update(ctx, func(tx Tx) error {
		out, counts = chunk{}, s.Run
		if err := s.hold(ctx, tx); err != nil {
			return err
		}
		r, err := s.rulesOf(ctx, tx, campaign)
		if err != nil {
			return err
		}
		due, err := pick(ctx, tx)
		if err != nil || len(due) == 0 {
			return err
		}
		out.looked = len(due)
		out.last = Cursor{due[len(due)-1].NextAt, due[len(due)-1].Ref}
		moves, err := s.moves(ctx, tx, r, due, &counts)
		if err != nil {
			return err
		}
		if err := s.save(ctx, tx, r, moves, s.now); err != nil {
			return err
		}
		out.revision, err = tx.Revision(ctx)
		return err
	})
	if err == nil {
		s.Run = counts
	}
	return out, err
}

// moves decides about rows, and leaves those where they are that the breaker or
// a pause stops.
func (s *sweeping) moves(ctx context.Context, tx Tx, r rules, due []Enrolled, counts *Run) ([]Move, error) {
	moves := make([]Move, 0, len(due))
	newly := 0
	for _, e := range due {
		m, stopped, err := s.one(r, e, counts)
		if err != nil {
			return nil, err
		}
		if stopped {
			continue
		}
		if m.After.Stage > e.Stage && restricts(r.plans[e.Plan], e.Stage, m.After.Stage) {
			newly++
		}
		moves = append(moves, m)
	}
	return moves, s.count(ctx, tx, r.campaign.Key, newly)
}

// one decides about one row, and survives it whatever is wrong with it. The
// second result is whether it must stay where it is.
func (s *sweeping) one(r rules, e Enrolled, counts *Run) (Move, bool, error) {
	var m Move
	stopped := false
	err := survive(func() error {
		p, err := r.planOf(e)
		if err != nil {
			return err
		}
		if stopped = s.stops(p, terms.Step(p, e.Enrollment, r.holds, s.now)); stopped {
			counts.Examined++
			counts.Stopped++
			return nil
		}
		m, err = s.decide(r, e, s.now, counts)
		return err
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

// stops reports whether what is due must wait for staff.
func (s *sweeping) stops(p terms.Plan, due terms.Due) bool {
	if s.paused {
		return due.Action != terms.Restore
	}
	return s.fuse.blown && due.Action == terms.Enter && p.Stages[due.Stage].Takes()
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
	return m.transit(cause, run.ID, now), nil
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
