package tracker

import (
	"context"
	"errors"
)

// chunk is the rows of one transaction of a sweep, and what is to be done.
type chunk struct {
	campaign string
	after    Cursor
	rows     int // at most so many
	pick     func(context.Context, Reader) ([]Enrolled, error)

	ready    bool   // what follows is filled in
	brakes   brakes // that were on when it was decided
	rules    rules  // that it was decided by
	due      []Enrolled
	moves    []Move
	newly    int // people written who are restricted from now on
	counts   Run // what it adds to the run's
	revision uint64
}

func (c chunk) last() Cursor {
	if len(c.due) == 0 {
		return c.after
	}
	last := c.due[len(c.due)-1]
	return Cursor{last.NextAt, last.Ref}
}

// ahead reads and decides the rows after a place, beside whatever is written
// meanwhile. What cannot be read so is left to the transaction that writes it.
func (s *sweeping) ahead(ctx context.Context, campaign string, after Cursor, rows int) chan chunk {
	c := chunk{campaign: campaign, after: after, rows: rows, pick: func(ctx context.Context, r Reader) ([]Enrolled, error) {
		return r.Due(ctx, campaign, s.now, after, rows)
	}}
	b := s.brakes()
	out := make(chan chunk, 1)
	go func() {
		decided := c
		err := s.Store.View(ctx, func(r Reader) error { return s.prepare(ctx, r, &decided, b) })
		if err != nil {
			decided = c
		}
		out <- decided
	}()
	return out
}

// prepare reads the rows of a chunk and the rules they stand under, and decides.
func (s *sweeping) prepare(ctx context.Context, r Reader, c *chunk, b brakes) error {
	var err error
	c.brakes = b
	if c.rules, err = s.rulesOf(ctx, r, c.campaign); err != nil {
		return err
	}
	if c.due, err = c.pick(ctx, r); err != nil {
		return err
	}
	c.moves, c.counts = make([]Move, 0, len(c.due)), Run{ID: s.ID}
	for _, e := range c.due {
		m, stopped, err := s.one(c.rules, e, b, &c.counts)
		if err != nil {
			return err
		}
		if !stopped {
			c.moves = append(c.moves, m)
		}
	}
	c.ready = true
	return nil
}

// write writes a chunk in one transaction. Where that fails for another reason
// than the database, it goes row by row, so that one row that cannot be handled
// does not keep the others.
func (s *sweeping) write(ctx context.Context, c chunk) (chunk, error) {
	done, err := s.attempt(ctx, c)
	if errors.Is(err, errFull) {
		if s.fuse, err = s.trip(ctx, s.fuse, &s.Run, c.campaign, int64(done.newly), s.now); err == nil {
			done, err = s.attempt(ctx, c)
		}
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrLeaseLost) {
		return done, err
	}
	return s.oneByOne(ctx, c, err)
}

// attempt writes a chunk as it was decided, or decides it here where the rules
// have changed since or a brake was put on: a hold or a pause meanwhile is
// either seen or comes after. A row that has moved on since it was read is left
// to its next date.
func (s *sweeping) attempt(ctx context.Context, c chunk) (chunk, error) {
	var done chunk
	err := s.Store.Update(ctx, func(tx Tx) error {
		done = c
		if err := s.hold(ctx, tx); err != nil {
			return err
		}
		campaign, err := tx.Campaign(ctx, c.campaign)
		if err != nil {
			return err
		}
		pause, err := tx.Pause(ctx)
		if err != nil {
			return err
		}
		s.paused = s.paused || !pause.At.IsZero() // since the run began
		if !done.ready || campaign.Ruled != done.rules.campaign.Ruled || done.brakes != s.brakes() {
			if err := s.prepare(ctx, tx, &done, s.brakes()); err != nil {
				return err
			}
		}
		return s.put(ctx, tx, &done)
	})
	if err == nil {
		s.add(done.counts)
	}
	return done, err
}

// put writes the moves of a chunk, and those of accounts bound to the people
// moved.
func (s *sweeping) put(ctx context.Context, tx Tx, c *chunk) error {
	if len(c.moves) == 0 {
		return nil
	}
	revisions, err := tx.Save(ctx, c.moves, s.now)
	if err != nil {
		return err
	}
	moved := make([]Enrolled, 0, len(c.moves))
	c.newly = 0
	for i, m := range c.moves {
		if revisions[i] == 0 {
			c.counts.miss(m.Kind)
			continue
		}
		moved = append(moved, m.After)
		if m.After.Stage > m.Before.Stage && restricts(c.rules.plans[m.After.Plan], m.Before.Stage, m.After.Stage) {
			c.newly++
		}
	}
	if err := s.count(ctx, tx, c.campaign, c.newly); err != nil {
		return err
	}
	if err := s.follow(ctx, tx, c.rules, moved, s.now); err != nil {
		return err
	}
	c.revision, err = tx.Revision(ctx)
	return err
}
