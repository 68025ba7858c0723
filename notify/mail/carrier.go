package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"assent/terms"
	"assent/tracker"
)

// Carrier sends letters that are due.
type Carrier struct {
	Tracker *tracker.Tracker
	Writer  Writer
	Server  Server
	Claim   string                               // names this process
	Wall    func() time.Time                     // the real clock, by which claims lapse
	Rest    func(context.Context, time.Duration) // waits between letters
	Rate    float64                              // letters a second, at most
	Log     *slog.Logger

	notBefore time.Time // until when the server is left alone
	failures  int       // in a row
}

const (
	page  = 500              // changes, people or letters in one transaction
	batch = 20               // letters claimed at a time
	spare = 30 * time.Second // that a claim lasts beyond the time its letters may take
)

// Run does all there is to do now: it queues letters, looks after those of dead
// processes, counts those that did not come back, and sends. It stops early, and
// goes on where it stopped, when its context ends or the server is away.
func (c *Carrier) Run(ctx context.Context) error {
	for _, step := range []func(context.Context, int) (bool, error){c.Tracker.QueueLetters, c.Tracker.WalkLetters, c.Tracker.CountLetters} {
		for more := true; more; {
			var err error
			if more, err = step(ctx, page); err != nil {
				return err
			}
			if err = ctx.Err(); err != nil {
				return err
			}
		}
	}
	if err := c.Tracker.LapseLetters(ctx, c.Wall()); err != nil {
		return err
	}
	return c.send(ctx)
}

// lease is until when a claim of so many letters lasts.
func (c *Carrier) lease(letters int) time.Time {
	return c.Wall().Add(time.Duration(letters)*(c.Server.Timeout+c.pause()) + spare)
}

func (c *Carrier) pause() time.Duration { return time.Duration(float64(time.Second) / c.Rate) }

// send sends what is due over one line, which is opened when there is something.
// A server that is away, or does not answer, is left alone for longer and longer:
// what it was given without an answer has to be looked after by staff.
func (c *Carrier) send(ctx context.Context) error {
	if c.Wall().Before(c.notBefore) {
		return nil
	}
	run := &run{Carrier: c}
	defer run.hangUp()
	for ctx.Err() == nil && !run.away {
		letters, err := c.Tracker.ClaimLetters(ctx, c.Claim, c.lease(batch), batch)
		if err != nil || len(letters) == 0 {
			return err
		}
		for _, d := range letters {
			if err := run.one(ctx, d); err != nil {
				return err
			}
		}
	}
	if !run.away {
		c.failures = 0
		return ctx.Err()
	}
	c.notBefore = c.Wall().Add(min(firstRest<<min(c.failures, 10), longestRest))
	c.failures++
	return errors.New("the mail server is away or does not answer")
}

// How long a server is left alone.
const (
	firstRest   = time.Minute
	longestRest = 15 * time.Minute
)

// run is one run of sending.
type run struct {
	*Carrier
	line *Line // nil while there is none
	away bool  // the server: what is claimed goes back
}

func (r *run) hangUp() {
	if r.line != nil {
		_ = r.line.Close() // everything that was taken was acknowledged
	}
	r.line = nil
}

// one deals with one letter: drops it, puts it off, gives it back or sends it.
func (r *run) one(ctx context.Context, d tracker.Delivery) error {
	l, err := r.Tracker.LetterOf(ctx, d)
	switch {
	case err != nil:
		return err
	case l.Drop != "" || !l.Wait.IsZero():
		return lost(r.Tracker.DeferLetter(ctx, l))
	case r.away || ctx.Err() != nil:
		return lost(r.Tracker.SettleLetter(ctx, l, tracker.Unreachable, "the server went away before its turn"))
	}
	message, err := r.Writer.Write(l, r.Tracker.Now())
	if err != nil {
		return errors.Join(lost(r.Tracker.SettleLetter(ctx, l, tracker.Refused, "it cannot be put into words")), fmt.Errorf("write notice %s: %w", d.Notice, err))
	}
	if r.line == nil {
		if r.line, err = r.Server.Dial(ctx); err != nil {
			r.Log.WarnContext(ctx, "the mail server cannot be reached", "error", err)
			r.away = true
			return lost(r.Tracker.SettleLetter(ctx, l, tracker.Unreachable, "the server cannot be reached"))
		}
	}
	if err := r.Tracker.BeginLetter(ctx, d, r.lease(1)); err != nil {
		return lost(err)
	}
	outcome, reason := tracker.Taken, ""
	var refused *Refusal
	if errors.As(r.line.Send(message), &refused) {
		r.Log.WarnContext(ctx, "a letter was not taken", "notice", d.Notice, "outcome", refused.Outcome, "reason", refused.Reason)
		outcome, reason = refused.Outcome, refused.Reason
		if outcome == tracker.Unreachable { // the message may be why
			outcome = tracker.NotNow
		}
		r.away = outcome == tracker.Unanswered
		r.hangUp() // after a refusal it may be in any state
	}
	err = lost(r.Tracker.SettleLetter(ctx, l, outcome, reason))
	r.Rest(ctx, r.pause())
	return err
}

// lost passes over a claim that another process has taken over: the letter is its
// own by now.
func lost(err error) error {
	if errors.Is(err, terms.Conflict) || errors.Is(err, terms.NotFound) {
		return nil
	}
	return err
}

// Test sends a message to an address at once, outside any delivery.
func (c *Carrier) Test(ctx context.Context, m Message) error {
	line, err := c.Server.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = line.Close() }() // the message was acknowledged or not
	return line.Send(m)
}
