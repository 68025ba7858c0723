package tracker

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"assent/terms"
)

// rules is a campaign with what its positions are judged by: the plans in force
// for the people on them, and the holds. What it holds is shared: whoever wants
// another plan in it puts one in the place of what is there.
type rules struct {
	campaign Campaign
	active   PlanRecord         // as it is written
	written  map[int]PlanRecord // every plan that was ever active, as it is written
	plans    map[int]terms.Plan // the same, as they bind people now: see terms.InForce
	held     []Hold
	holds    []terms.Hold
	reversed []Reversal
}

// rulesOf returns the rules of a running campaign; NotFound for one that does
// not exist or has no active plan.
func (t *Tracker) rulesOf(ctx context.Context, r Reader, campaign string) (rules, error) {
	c, err := r.Campaign(ctx, campaign)
	if err != nil {
		return rules{}, err
	}
	return t.rulesFor(ctx, r, c)
}

// rulesFor is rulesOf for a campaign whose row has just been read. They are
// loaded once for each change of them, by whichever process it was made.
func (t *Tracker) rulesFor(ctx context.Context, r Reader, c Campaign) (rules, error) {
	if known, found := t.shelf.find(c); found {
		return known, nil
	}
	out, err := loadRules(ctx, r, t.Catalogue, c)
	if tx, writes := r.(Tx); err == nil && (!writes || c.Ruled <= tx.Began()) {
		t.shelf.put(out)
	}
	return out, err
}

// shelf keeps rules by campaign. Only what is committed is put there, so that
// the number of the change they were read at tells them apart from any others;
// nobody writes into what they hold. The zero value is an empty shelf.
type shelf struct {
	mu    sync.Mutex
	known map[string]rules
}

// mostKept is how many campaigns a shelf has the rules of, and how many versions
// are kept. Fewer campaigns than these run at a time.
const mostKept = 64

// find returns the rules of a campaign that is as it was when they were read,
// but for what is no rule: how far the walk has come.
func (s *shelf) find(c Campaign) (rules, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, found := s.known[c.Key]
	if !found || known.campaign.Ruled != c.Ruled {
		return rules{}, false
	}
	known.campaign = c
	return known, true
}

func (s *shelf) put(r rules) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= mostKept {
		s.known = map[string]rules{}
	}
	s.known[r.campaign.Key] = r
}

// Rules returns what the positions of a campaign are judged by, for whoever
// answers from memory: the plans in force by number, and the holds. Both are
// empty while no plan is active.
func Rules(ctx context.Context, r Reader, c terms.Catalogue, campaign string) (map[int]terms.Plan, []terms.Hold, error) {
	found, err := r.Campaign(ctx, campaign)
	if err != nil || found.Plan == 0 {
		return nil, nil, err
	}
	out, err := loadRules(ctx, r, c, found)
	return out.plans, out.holds, err
}

func loadRules(ctx context.Context, r Reader, catalogue terms.Catalogue, c Campaign) (rules, error) {
	if c.Plan == 0 {
		return rules{}, terms.Errorf(terms.NotFound, "campaign %q has no active plan yet; activate one first", c.Key)
	}
	out := rules{campaign: c, written: map[int]PlanRecord{}}
	records, err := r.Plans(ctx, c.Key)
	if err != nil {
		return rules{}, err
	}
	var plans []terms.Plan
	for _, record := range records {
		if record.Number == c.Plan {
			out.active = record
		}
		if !record.ActivatedAt.IsZero() {
			out.written[record.Number] = record
			plans = append(plans, record.Plan)
		}
	}
	if out.reversed, err = r.Reversals(ctx, c.Key); err != nil {
		return rules{}, err
	}
	reversals := make([]terms.Reversal, len(out.reversed))
	for i, one := range out.reversed {
		reversals[i] = one.Reversal
	}
	out.plans = terms.InForce(plans, c.Plan, reversals, catalogue)
	out.held, err = r.Holds(ctx, c.Key)
	out.holds = make([]terms.Hold, len(out.held))
	for i, h := range out.held {
		out.holds[i] = h.Hold
	}
	return out, err
}

// running lists the rules of every campaign with an active plan.
func (t *Tracker) running(ctx context.Context, r Reader) ([]rules, error) {
	campaigns, err := r.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var out []rules
	for _, c := range campaigns {
		if c.Plan == 0 {
			continue
		}
		one, err := t.rulesFor(ctx, r, c)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// current is the active plan as it binds people.
func (r rules) current() terms.Plan { return r.plans[r.active.Number] }

// previous is the plan that was active before the active one; zero for the first.
func (r rules) previous() terms.Plan {
	var out PlanRecord
	for number, one := range r.written {
		later := cmp.Or(one.ActivatedAt.Compare(out.ActivatedAt), cmp.Compare(number, out.Number)) > 0
		if number != r.active.Number && later {
			out = one
		}
	}
	return out.Plan
}

// confirmed reports whether the active plan binds everybody, also those who
// were in before it.
func (r rules) confirmed() bool { return r.campaign.Confirmed == r.campaign.Plan }

// planOf returns the plan a person is under.
func (r rules) planOf(e Enrolled) (terms.Plan, error) {
	p, ok := r.plans[e.Plan]
	if !ok {
		return terms.Plan{}, fmt.Errorf("person %s is under plan %d of campaign %s, which is not stored", e.Person, e.Plan, e.Campaign)
	}
	if e.Stage < 0 || e.Stage >= len(p.Stages) {
		return terms.Plan{}, fmt.Errorf("person %s is at stage %d of campaign %s, and plan %d has %d", e.Person, e.Stage, e.Campaign, e.Plan, len(p.Stages))
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
// so that due rows lie together in the index, and always after now; and whether
// the person is one that no notice has reached.
func (t *Tracker) schedule(p terms.Plan, e Enrolled, holds []terms.Hold, now time.Time) Enrolled {
	due := terms.Step(p, e.Enrollment, holds, now)
	e.Unreached = due.Action == terms.Wait && due.Why == terms.WaitsForNotice && due.Next.IsZero()
	e.NextAt = now
	if due.Action == terms.Wait {
		e.NextAt = due.Next
	}
	for _, h := range holds { // one that gives back is not waited for: it comes to people wherever they are
		begins := h.Effect == terms.Lift && h.Starts.After(now) && taken(p, e.Stage) && h.Covers(p, e.Enrollment)
		if begins && (e.NextAt.IsZero() || h.Starts.Before(e.NextAt)) {
			e.NextAt = h.Starts
		}
	}
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

// regionKnown reports whether a scope's region means something: a key of the
// active plan's regions, or a country code.
func (r rules) regionKnown(region string) bool {
	if region == "" || country.MatchString(region) {
		return true
	}
	for _, one := range r.active.Regions {
		if one.Key == region {
			return true
		}
	}
	return false
}
