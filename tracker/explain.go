package tracker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"assent/terms"
)

// Explanation is why a person may do what the person may do, as data and in
// sentences that staff can read to a caller.
type Explanation struct {
	PersonStanding
	At           time.Time
	Capabilities []CapabilityWhy // those that are not as for somebody in no campaign
	Campaigns    []CampaignWhy   // in order of campaign, as Standing.Positions
}

// CapabilityWhy is one capability that a rule of a campaign decides about.
type CapabilityWhy struct {
	terms.State
	Allowed  bool      // as much as anybody can have
	Rule     Rule      // what decides
	Since    time.Time // when that rule began to count for the person
	Sentence string
}

// Rule is the kind of rule that decides about a capability.
type Rule string

// The rules.
const (
	RuleStage    Rule = "stage"        // a stage of the ladder took it away
	RuleBrownOut Rule = "brown_out"    // a stage takes it away for some hours of the day, which are now
	RuleGrant    Rule = "not_accepted" // only acceptance turns it on
	RuleVoid     Rule = "void_effect"  // accepted, where acceptance has no effect
	RuleHold     Rule = "hold"         // accepted, and off while a hold covers the person
	RuleAccepted Rule = "accepted"     // turned on by acceptance
)

// CampaignWhy is where a person stands in one campaign, and all that bears on
// what comes next.
type CampaignWhy struct {
	terms.Position
	Title     string
	Active    int          // number of the plan in force
	Awaiting  bool         // that plan waits for confirmation, and the person keeps the gentler of it and an earlier one
	Local     terms.Local  // the plan as it stands where the person is
	Holds     []Hold       // in force for the person, oldest first
	Extension *Leave       // more time that staff gave, still running
	Exemption *Leave       // by staff, in force
	Reversed  *Reversal    // the newest reversal in force for the person
	Breaker   Breaker      // of the campaign; TrippedAt is zero while it stops nothing
	Pause     Pause        // of all stepping; At is zero while there is none
	Failure   *Failure     // sweeps fail to handle the person; after MaxTries they leave the person out
	Ahead     []terms.Next // with dates, for somebody who does nothing
	Blocked   bool         // a pause, the breaker or a failure keeps the next stage away
	Restore   string       // what would bring everything back, "" when nothing is taken away
	Sentences []string     // all of this in words

	plan     terms.Plan
	enrolled Enrolled
	active   terms.Plan
}

// Leave is what staff granted one person, with the reason they gave. Until is
// zero for an open end.
type Leave struct {
	Until  time.Time
	Reason string // "" when the audit log is too long by now to find it
	By     string
}

// Sentences is the whole explanation, in the order in which it is told.
func (x Explanation) Sentences() []string {
	out := []string{x.who()}
	for _, c := range x.Campaigns {
		out = append(out, c.Sentences...)
	}
	for _, c := range x.Capabilities {
		out = append(out, c.Sentence)
	}
	return out
}

// Explain evaluates a person now and says why. NotFound for somebody unknown.
func (t *Tracker) Explain(ctx context.Context, person string) (Explanation, error) {
	x := Explanation{At: t.instant()}
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		if x.Person, err = r.Person(ctx, person); err != nil {
			return err
		}
		if x.Revision, err = r.Revision(ctx); err != nil {
			return err
		}
		enrollments, err := r.Enrollments(ctx, person)
		if err != nil {
			return err
		}
		parts := make([]terms.Standing, len(enrollments))
		x.Campaigns = make([]CampaignWhy, len(enrollments))
		for i, e := range enrollments {
			if parts[i], x.Campaigns[i], err = t.explained(ctx, r, x.Person, e, x.At); err != nil {
				return err
			}
		}
		x.Standing = terms.Combine(t.Catalogue, parts...)
		return x.decide(ctx, r, t.Catalogue)
	})
	return x, err
}

// explained gathers what bears on one enrollment.
func (t *Tracker) explained(ctx context.Context, r Reader, person Person, e Enrolled, now time.Time) (terms.Standing, CampaignWhy, error) {
	rules, err := t.rulesOf(ctx, r, e.Campaign)
	if err != nil {
		return terms.Standing{}, CampaignWhy{}, err
	}
	standing, err := rules.standing(t.Catalogue, e, now)
	if err != nil {
		return terms.Standing{}, CampaignWhy{}, err
	}
	p := rules.plans[e.Plan]
	c := CampaignWhy{
		Position: standing.Positions[0], Title: rules.active.Title.In("en"), Active: rules.active.Number,
		Awaiting: e.Plan != rules.active.Number && !rules.confirmed(), Local: p.In(e.Country), Ahead: p.Ahead(e.Enrollment, rules.holds, now),
		plan: p, enrolled: e, active: rules.active.Plan,
	}
	for _, h := range rules.held {
		if h.Covers(p, e.Enrollment) && h.Active(now) {
			c.Holds = append(c.Holds, h)
		}
	}
	for _, one := range rules.reversed {
		if one.ID == c.Reversal {
			c.Reversed = &one
		}
	}
	if err := c.obstacles(ctx, r); err != nil {
		return standing, c, err
	}
	if err := c.leave(ctx, r, now); err != nil {
		return standing, c, err
	}
	c.tell(person, t.Catalogue, now)
	return standing, c, nil
}

// obstacles reads what keeps sweeps from moving the person.
func (c *CampaignWhy) obstacles(ctx context.Context, r Reader) error {
	var err error
	if c.Breaker, err = r.Breaker(ctx, c.Campaign); err != nil {
		return err
	}
	if c.Pause, err = r.Pause(ctx); err != nil {
		return err
	}
	failures, err := r.Failures(ctx, c.Campaign, listLength)
	for _, f := range failures {
		if f.Ref == c.enrolled.Ref {
			c.Failure = &f
		}
	}
	next := c.plan.StageIndex(c.Next.Stage)
	c.Blocked = next >= 0 && (!c.Pause.At.IsZero() || c.out() || !c.Breaker.TrippedAt.IsZero() && c.plan.Stages[next].Takes())
	return err
}

// out reports whether sweeps leave the person out.
func (c *CampaignWhy) out() bool { return c.Failure != nil && c.Failure.Tries >= MaxTries }

// actsSearched is how far back the reason of an extension or exemption is
// looked for.
const actsSearched = 2000

// leave finds the extension and the exemption in force, and their reasons.
func (c *CampaignWhy) leave(ctx context.Context, r Reader, now time.Time) error {
	e := c.enrolled
	extended := e.Extensions > 0 && e.NotBefore.After(now)
	if !extended && !e.Excused {
		return nil
	}
	acts, err := r.ActsOf(ctx, ActQuery{Ref: e.Ref, Limit: actsSearched})
	newest := func(action string, until time.Time) *Leave {
		i := slices.IndexFunc(acts, func(a Act) bool { return a.Action == action && a.Object == e.Campaign })
		if i < 0 {
			return &Leave{Until: until}
		}
		return &Leave{until, acts[i].Reason, acts[i].Actor}
	}
	if extended {
		c.Extension = newest("person.extend", e.NotBefore)
	}
	if e.Excused {
		c.Exemption = newest("person.exempt", e.ExemptUntil)
	}
	return err
}

// decide explains the capabilities that a campaign decides about.
func (x *Explanation) decide(ctx context.Context, r Reader, catalogue terms.Catalogue) error {
	for i, s := range x.Standing.Capabilities {
		if s.Reason == terms.ReasonDefault {
			continue
		}
		at := slices.IndexFunc(x.Campaigns, func(c CampaignWhy) bool { return c.Campaign == s.Campaign })
		one := CapabilityWhy{State: s, Allowed: !catalogue[i].Stricter(s.Value, catalogue[i].On())}
		if err := one.trace(ctx, r, x.Campaigns[at], x.At); err != nil {
			return err
		}
		one.Sentence = one.say(catalogue[i], x.Campaigns[at])
		x.Capabilities = append(x.Capabilities, one)
	}
	return nil
}

// trace finds out which rule decides, and since when.
func (w *CapabilityWhy) trace(ctx context.Context, r Reader, c CampaignWhy, now time.Time) error {
	w.Since = c.Since
	switch w.Reason {
	case terms.ReasonNotGranted:
		w.Rule, w.Since = RuleGrant, c.enrolled.Joined
	case terms.ReasonVoid:
		w.Rule = RuleVoid
	case terms.ReasonHeld:
		w.Rule = RuleHold
		if len(c.Holds) > 0 {
			w.Since = c.Holds[0].Starts
		}
	case terms.ReasonGranted:
		w.Rule = RuleAccepted
	default:
		return w.traceStage(ctx, r, c, now)
	}
	return nil
}

// traceStage finds when the person came to the stage that decides, which can
// lie before the one the person is at.
func (w *CapabilityWhy) traceStage(ctx context.Context, r Reader, c CampaignWhy, now time.Time) error {
	w.Rule = RuleStage
	stage := c.plan.StageIndex(w.Stage)
	if stage >= 0 && c.plan.Stages[stage].BrownOut != nil {
		w.Rule = RuleBrownOut
		if w.Since = now.Truncate(24 * time.Hour).Add(c.plan.Stages[stage].BrownOut.At); w.Since.After(now) {
			w.Since = w.Since.Add(-24 * time.Hour)
		}
		return nil
	}
	if w.Stage == c.Stage {
		return nil
	}
	moves, err := r.Transitions(ctx, c.Campaign, c.enrolled.Person, fileLength)
	i := slices.IndexFunc(moves, func(m Transition) bool { return m.To == stage && m.From < stage })
	if i >= 0 {
		w.Since = moves[i].At
	}
	return err
}

// waits says what the next stage waits for where it is not a matter of time
// alone.
func (c *CampaignWhy) waits() string {
	if c.Blocked {
		return cmp.Or(map[bool]string{true: "until sweeps handle the person again"}[c.out()],
			map[bool]string{true: "until stepping is resumed"}[!c.Pause.At.IsZero()], "until staff approve what the breaker stopped")
	}
	return map[string]string{
		terms.WaitsForNotice: "until a notice of this stage has reached the person",
		terms.WaitsForHold:   "until the hold has ended",
	}[c.Next.Why]
}
