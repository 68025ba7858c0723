package tracker

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"

	"assent/terms"

	"golang.org/x/mod/sumdb/note"
)

// Deps is what a Tracker works with. All are required.
type Deps struct {
	Store     Store
	Catalogue terms.Catalogue
	Now       func() time.Time
	Random    io.Reader   // cryptographic; crypto/rand.Reader outside tests
	Signer    note.Signer // of the log; its name is the log's origin
	// Committed is called after a transaction that changed positions, with the
	// newest revision, before the use-case returns: when it comes back, every
	// answer given by this process reflects the change. Revision 0 means all
	// there is, also what can move everybody of a campaign.
	Committed func(ctx context.Context, revision uint64) error
	Pace      Pace
}

// Tracker runs the use-cases. It holds no state between calls.
type Tracker struct {
	Deps
}

// New returns a tracker.
func New(d Deps) *Tracker { return &Tracker{d} }

// instant is now as facts keep it: UTC, whole microseconds.
func (t *Tracker) instant() time.Time { return t.Now().UTC().Truncate(time.Microsecond) }

// newID returns a fresh identifier: a prefix that says what it names, and 128
// random bits in lower-case base32.
func (t *Tracker) newID(prefix string) (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(t.Random, raw); err != nil {
		return "", fmt.Errorf("draw a random id: %w", err)
	}
	return prefix + "_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)), nil
}

// DefaultRandom is the source of randomness outside tests.
func DefaultRandom() io.Reader { return rand.Reader }

// read answers one question on a snapshot of its own.
func read[T any](ctx context.Context, t *Tracker, ask func(Reader) (T, error)) (T, error) {
	var answer T
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		answer, err = ask(r)
		return err
	})
	return answer, err
}

// committed tells the followers of the log of changes what one use-case has
// changed; revision 0 means that it changed nothing.
func (t *Tracker) committed(ctx context.Context, revision uint64) error {
	if revision == 0 {
		return nil
	}
	return t.Committed(context.WithoutCancel(ctx), revision)
}

// rules is a campaign with what its positions are judged by: the plans that
// have people on them, and the holds.
type rules struct {
	campaign Campaign
	active   PlanRecord
	plans    map[int]terms.Plan
	held     []Hold
	holds    []terms.Hold
}

// rulesOf loads the rules of a running campaign; NotFound for one that does
// not exist or has no active plan.
func rulesOf(ctx context.Context, r Reader, campaign string) (rules, error) {
	c, err := r.Campaign(ctx, campaign)
	if err != nil {
		return rules{}, err
	}
	if c.Plan == 0 {
		return rules{}, terms.Errorf(terms.NotFound, "campaign %q has no active plan yet; activate one first", campaign)
	}
	records, err := r.Plans(ctx, campaign)
	if err != nil {
		return rules{}, err
	}
	out := rules{campaign: c, plans: make(map[int]terms.Plan, len(records))}
	for _, record := range records {
		out.plans[record.Number] = record.Plan
		if record.Number == c.Plan {
			out.active = record
		}
	}
	out.held, err = r.Holds(ctx, campaign)
	for _, h := range out.held {
		out.holds = append(out.holds, h.Hold)
	}
	return out, err
}

// running lists the rules of every campaign with an active plan.
func running(ctx context.Context, r Reader) ([]rules, error) {
	campaigns, err := r.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var out []rules
	for _, c := range campaigns {
		if c.Plan == 0 {
			continue
		}
		one, err := rulesOf(ctx, r, c.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// planOf returns the plan a person is under.
func (r rules) planOf(e Enrolled) (terms.Plan, error) {
	p, ok := r.plans[e.Plan]
	if !ok {
		return terms.Plan{}, fmt.Errorf("person %s is under plan %d of campaign %s, which is not stored", e.Person, e.Plan, e.Campaign)
	}
	return p, nil
}

// standing evaluates one enrollment.
func (r rules) standing(c terms.Catalogue, e Enrolled, now time.Time) (terms.Standing, error) {
	p, err := r.planOf(e)
	if err != nil {
		return terms.Standing{}, err
	}
	return p.Standing(c, e.Enrollment, r.holds, now), nil
}

// schedule sets when the sweep looks at a person next, rounded up to the tick
// so that due rows lie together in the index, and always after now.
func (t *Tracker) schedule(p terms.Plan, e Enrolled, holds []terms.Hold, now time.Time) Enrolled {
	e.NextAt = terms.NextAt(p, e.Enrollment, holds, now)
	if e.NextAt.IsZero() {
		return e
	}
	at := e.NextAt.Truncate(t.Pace.Tick)
	if at.Before(e.NextAt) {
		at = at.Add(t.Pace.Tick)
	}
	if !at.After(now) {
		at = now.Truncate(t.Pace.Tick).Add(t.Pace.Tick)
	}
	e.NextAt = at
	return e
}
