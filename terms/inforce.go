package terms

import (
	"slices"
	"strconv"
	"time"
)

// InForce returns the plans of a campaign as they bind people, by the number
// an enrollment carries: the active one as it is written, and every other
// merged with the active one into the gentler of both, which is what people
// keep until the active plan is confirmed and they are put under it. Reversals
// in force apply to all.
func InForce(plans []Plan, active int, reversals []Reversal, c Catalogue) map[int]Plan {
	var current Plan
	for _, p := range plans {
		if p.Number == active {
			current = p
		}
	}
	current.Reversals = nil
	basis := strconv.Itoa(active)
	for _, r := range reversals {
		if r.Undone.IsZero() {
			current.Reversals = append(current.Reversals, r)
			basis += " " + r.ID
		}
	}
	slices.SortStableFunc(current.Reversals, func(a, b Reversal) int { return a.At.Compare(b.At) })
	out := make(map[int]Plan, len(plans))
	for _, p := range plans {
		one := current
		one.Basis = basis
		if p.Number != active {
			one = Gentler(p, current, c)
			one.Basis = strconv.Itoa(p.Number) + "~" + basis
		}
		out[p.Number] = one
	}
	return out
}

// Gentler returns a plan with the ladder and number of the old one that is, in
// everything that takes time or access from people, the gentler of two: later
// dates, longer periods, fewer capabilities taken away, fewer stages. It asks
// for the documents of the next one. A stage of the old ladder that has no
// place in the next counts as its first, which takes nothing.
func Gentler(old, next Plan, c Catalogue) Plan {
	g := old
	g.Title, g.Documents = next.Title, next.Documents
	g.AnnounceAt, g.Deadline = latest(old.AnnounceAt, next.AnnounceAt), latest(old.Deadline, next.Deadline)
	g.NoticePeriod = max(old.NoticePeriod, next.NoticePeriod)
	g.Snooze = Snooze{For: max(old.Snooze.For, next.Snooze.For), Max: max(old.Snooze.Max, next.Snooze.Max)}
	g.Grants = slices.DeleteFunc(slices.Clone(old.Grants), func(key string) bool { return !slices.Contains(next.Grants, key) })
	to := align(old, next)
	g.Stages = make([]Stage, len(old.Stages))
	for i := range old.Stages {
		to[i] = max(to[i], 0)
		g.Stages[i] = gentlerStage(old, next, i, to[i])
		g.Stages[i].BrownOut, g.Stages[i].Off, g.Stages[i].Set = nil, nil, nil
	}
	for i := range g.Stages {
		take(&g, old, next, i, to[i], c)
	}
	g.Regions = gentlerRegions(g, old, next)
	g.Reversals = reversalsOn(old, next)
	return g
}

// gentlerStage merges the times of two stages.
func gentlerStage(old, next Plan, i, to int) Stage {
	s, n := old.Stages[i], next.Stages[to]
	switch {
	case s.FromAnnounce == n.FromAnnounce:
		s.After = max(s.After, n.After)
	case i > 0 && !n.FromAnnounce:
		s.FromAnnounce, s.After = false, n.After
	}
	dwell := max(old.dwell(i), next.dwell(to))
	s.Dwell, s.Spread, s.FinalWarning = &dwell, max(s.Spread, n.Spread), max(s.FinalWarning, n.FinalWarning)
	s.Reminder, s.Shadow = n.Reminder, false
	return s
}

// take sets what stage i of the merged plan takes: only what both plans take
// there, and in a brown-out only where both have the very same.
func take(g *Plan, old, next Plan, i, to int, c Catalogue) {
	o, n := old.Stages[i].BrownOut, next.Stages[to].BrownOut
	window := o != nil && n != nil && *o == *n
	for _, capability := range c {
		if capability.Grant || capability.ExitRight {
			continue
		}
		value := old.left(capability, i, window)
		if other := next.left(capability, to, window); capability.Stricter(value, other) {
			value = other
		}
		if capability.Stricter(value, g.left(capability, i, window)) {
			g.Stages[i].Set = append(g.Stages[i].Set, SetValue{capability.Key, value})
		}
	}
	if window && len(g.Stages[i].Set) > 0 {
		brownOut := *o
		g.Stages[i].BrownOut = &brownOut
	}
}

// gentlerRegions merges the regions country by country.
func gentlerRegions(g, old, next Plan) []Region {
	var out []Region
	for _, country := range countries(old, next) {
		before, after := old.In(country), next.In(country)
		r := Region{
			Key: after.Region, former: before.Region, Countries: []string{country}, Documents: after.Documents,
			AnnounceAt: latest(before.AnnounceAt, after.AnnounceAt), Deadline: latest(before.Deadline, after.Deadline),
			Reminder: after.Reminder, LastStage: g.Stages[min(before.Last, lastOf(old, next, country))].Key,
			Effect: Full, Message: after.Message,
		}
		if before.Effect == Void || after.Effect == Void {
			r.Effect = Void
		}
		out = append(out, r)
	}
	return out
}

// reversalsOn words the reversals of the next plan by the stages of the old.
func reversalsOn(old, next Plan) []Reversal {
	out := slices.Clone(next.Reversals)
	to := align(old, next)
	for i, r := range out {
		limit, last := next.StageIndex(r.Stage), 0
		for j := range to {
			if to[j] >= 0 && to[j] <= limit {
				last = j
			}
		}
		out[i].Stage = old.Stages[last].Key
	}
	return out
}

// Adopt returns the facts of someone who is put under a plan after another
// that bound them until now: at the stage that theirs is mapped to, or at the
// highest before it that takes nothing more than they are without already. A
// date that the new plan would make earlier waits until the notice period has
// run again from now, or until the old date. included says whether the plan
// asks accounts of this type at all; again, that who accepted the documents of
// the old plan has to be asked about those of the new.
func (e Enrollment) Adopt(old, next Plan, c Catalogue, included, again bool, now time.Time) Enrollment {
	before := e
	e.Plan = next.Number
	if e.Bound {
		return e
	}
	if next.renews(e, included, again) {
		return e.Recall(next, now)
	}
	if !included && e.Status != Exempt {
		e = e.restart(now)
		e.Status, e.Effect = Exempt, ""
		return e
	}
	if e.Status == Accepted && e.Effect == Void && next.In(e.Country).Recorded == Effective {
		e.Effect = next.In(e.Country).Effect
	}
	stage := max(align(old, next)[e.Stage], 0)
	gentle := gentlest(old, next, c, e.Stage, stage)
	if e.Stage = gentle; gentle != stage {
		e = e.restart(now)
		e.Stage = gentle
		e.Told = time.Time{}
	}
	return e.keepDate(before, old, next, now)
}

// renews reports whether a plan asks someone again who is settled.
func (p Plan) renews(e Enrollment, included, again bool) bool {
	switch e.Status {
	case Accepted:
		l := p.In(e.Country)
		return again && included || e.Effect == Void && l.Effect == Full && l.Recorded == AskAgain
	case Exempt:
		return included && !e.Excused
	default:
		return false
	}
}

// gentlest is the highest stage of the next plan up to one that takes nothing
// that people at a stage of the old plan still have.
func gentlest(old, next Plan, c Catalogue, at, stage int) int {
	takes := func(to int) bool {
		return slices.ContainsFunc(c, func(one Capability) bool {
			return !one.Grant && !one.ExitRight && (one.Stricter(next.left(one, to, false), old.left(one, at, false)) ||
				one.Stricter(next.left(one, to, true), old.left(one, at, true)))
		})
	}
	for stage > 0 && takes(stage) {
		stage--
	}
	return stage
}

// keepDate makes sure that the next stage is not due before it was due by the
// old plan, unless the notice period has run again; the person is told anew.
func (e Enrollment) keepDate(before Enrollment, old, next Plan, now time.Time) Enrollment {
	if e.Status == Accepted || e.Status == Exempt || e.Stage+1 >= len(next.Stages) {
		return e
	}
	floor := now.Add(next.NoticePeriod)
	if before.Stage+1 < len(old.Stages) {
		floor = earliest(floor, dueAt(old, before, nil, now))
	}
	due := dueAt(next, e, nil, now)
	if !due.Before(floor) {
		return e
	}
	s := next.Stages[e.Stage+1]
	e.NotBefore = latest(e.NotBefore, floor.Add(-s.After-spread(s.Spread, e.Person, e.Campaign)))
	e.Told, e.Noticed, e.Warned = time.Time{}, time.Time{}, time.Time{}
	return e
}
