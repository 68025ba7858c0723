package terms

import (
	"slices"
	"strconv"
	"time"
)

// InForce returns the plans of a campaign as they bind people, by the number
// an enrollment carries: the active one as it is written, and every other
// merged with those that followed it and with the active one into the gentlest
// of all, which is what people keep until the active plan is confirmed and they
// are put under it: so no third plan takes what the second had given. plans are
// those that have ever been active. Reversals in force apply to all; what an
// undone one had given, it takes back from nobody at once. Without an active
// plan, none is in force.
func InForce(plans []Plan, active int, reversals []Reversal, c Catalogue) map[int]Plan {
	i := slices.IndexFunc(plans, func(p Plan) bool { return p.Number == active })
	if i < 0 {
		return nil
	}
	current := plans[i]
	current.Reversals = slices.Clone(reversals)
	slices.SortStableFunc(current.Reversals, func(a, b Reversal) int { return a.At.Compare(b.At) })
	current.Basis = strconv.Itoa(active)
	for _, r := range current.Reversals {
		if r.Undone.IsZero() {
			current.Basis += " " + r.ID
		}
	}
	between := slices.DeleteFunc(slices.Clone(plans), func(p Plan) bool { return p.Number == active })
	slices.SortFunc(between, func(a, b Plan) int { return a.Number - b.Number })
	out := map[int]Plan{active: current}
	for i, p := range between {
		for _, q := range between[i+1:] {
			p = Gentler(p, q, c)
		}
		p = Gentler(p, current, c)
		p.Basis = strconv.Itoa(p.Number) + "~" + current.Basis
		out[p.Number] = p
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
	for i := range to {
		to[i] = max(to[i], 0)
	}
	g.Stages = make([]Stage, len(old.Stages))
	for i := range old.Stages {
		before, upTo := to[max(i-1, 0)], to[min(i+1, len(to)-1)]
		g.Stages[i] = gentlerStage(old, next, i, to[i], before, upTo)
	}
	for i := range g.Stages {
		take(&g, old, next, i, slices.Min(to[i:]), c)
	}
	g.Regions = gentlerRegions(g, old, next)
	g.Reversals = reversalsOn(old, next)
	return g
}

// gentlerStage merges the times of stage i with those of stage to of the next
// ladder, and of the stages between it and the places of the stages before and
// after i, which only the next ladder has; what it takes is added later.
func gentlerStage(old, next Plan, i, to, before, upTo int) Stage {
	s, n := old.Stages[i], next.Stages[to]
	n.After = max(n.After, next.passed(before+1, to))
	switch {
	case s.FromAnnounce == n.FromAnnounce:
		s.After = max(s.After, n.After)
	case i > 0 && !n.FromAnnounce:
		s.FromAnnounce, s.After = false, n.After
	}
	var between, warning time.Duration // who is late still has the stages between ahead
	for j := to + 1; j < upTo; j++ {
		between, warning = between+next.dwell(j), max(warning, next.Stages[j].FinalWarning)
	}
	least := max(old.dwell(i), next.dwell(to)+between)
	s.Dwell, s.Spread, s.FinalWarning = &least, max(s.Spread, n.Spread), max(s.FinalWarning, n.FinalWarning, warning, between)
	s.Reminder, s.Shadow = n.Reminder, false
	s.BrownOut, s.Off, s.Set = nil, nil, nil
	return s
}

// passed is how long after the clock's start the stages of a part of the ladder
// are over for the last of the people: from one stage to just before another.
func (p Plan) passed(from, to int) time.Duration {
	var out time.Duration
	for j := from; j < to; j++ {
		due := p.Stages[j].Spread
		if p.Stages[j].FromAnnounce == p.Stages[to].FromAnnounce {
			due += p.Stages[j].After
		}
		out = max(out, due) + p.dwell(j)
	}
	return out
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
	s := &g.Stages[i]
	switch {
	case len(s.Set) == 0: // whoever would lose something by one of the plans still needs a notice first
		tried := old.Stages[i]
		if !tried.Restricts() {
			tried = next.Stages[to]
		}
		s.Shadow, s.Off, s.Set = tried.Restricts(), tried.Off, tried.Set
	case window:
		brownOut := *o
		s.BrownOut = &brownOut
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
// that bound them until now, as InForce has it: at the stage that theirs is
// mapped to, or at the highest before it that takes nothing more than they are
// without already. What the new plan would take earlier waits until the notice
// period has run again from now, or until the old date. included says whether
// the plan asks accounts of this type at all; again, that who accepted the
// documents of the old plan has to be asked about those of the new.
func (e Enrollment) Adopt(old, next Plan, c Catalogue, holds []Hold, included, again bool, now time.Time) Enrollment {
	before := old.restored(e, holds, now)
	e = before
	e.Plan = next.Number
	switch {
	case e.Bound:
		e.Stage = gentlest(old, next, c, e.Stage, max(align(old, next)[e.Stage], 0))
		return e
	case next.renews(e, included, again):
		return e.Recall(next, now)
	case !included && e.Status != Exempt:
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
	e = next.restored(e, holds, now)
	return e.keepDates(before, old, next, c, holds, now)
}

// renews reports whether a plan asks someone again who is settled.
func (p Plan) renews(e Enrollment, included, again bool) bool {
	switch e.Status {
	case Accepted:
		l := p.In(e.Country)
		return included && (again || e.Effect == Void && l.Effect == Full && l.Recorded == AskAgain)
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
		return slices.ContainsFunc(c, func(one Capability) bool { return takesMore(old, next, one, at, to) })
	}
	for stage > 0 && takes(stage) {
		stage--
	}
	return stage
}

// takesMore reports whether a stage of the next plan takes more of a
// capability than one of the old, at any time of the day.
func takesMore(old, next Plan, c Capability, at, to int) bool {
	if c.Grant || c.ExitRight {
		return false
	}
	known := old.hours().contains(next.hours())
	return c.Stricter(next.left(c, to, false), old.left(c, at, false)) || c.Stricter(next.left(c, to, true), old.left(c, at, known))
}

// keepDates makes sure that nothing ahead by the next plan comes before its old
// date unless the notice period has run again from now, and that who would lose
// anything earlier, or anything new, is told anew. Before are the facts by the
// old plan.
func (e Enrollment) keepDates(before Enrollment, old, next Plan, c Catalogue, holds []Hold, now time.Time) Enrollment {
	if e.Status == Accepted || e.Status == Exempt || e.Bound {
		return e
	}
	notice := now.Add(max(old.NoticePeriod, next.NoticePeriod))
	then, open := coverage(&next, &e, holds, now)
	if open = open && then.IsZero(); open { // nobody knows when they go on, so no old date is as good as the notice period
		then = now
	}
	was, is := old.dates(before.seen(now), holds, then), next.dates(e.seen(now), holds, then)
	for to, s := range next.Stages {
		if is[to].IsZero() || !s.Restricts() {
			continue
		}
		date := lossDate(old, next, c, before.Stage, to, was)
		if !date.IsZero() && !is[to].Before(date) {
			continue
		}
		e.Told, e.Noticed, e.Warned = time.Time{}, time.Time{}, time.Time{}
		floor := notice
		if !open {
			floor = earliest(notice, date)
		}
		if is[to].Before(floor) {
			ahead := s.After + spread(s.Spread, e.Person, e.Campaign) + held(&next, &e, holds, e.Joined, then)
			e.NotBefore = latest(e.NotBefore, floor.Add(-ahead))
		}
	}
	return e
}

// seen returns the facts as if a notice were presented now at the latest.
func (e Enrollment) seen(now time.Time) Enrollment {
	if e.FirstNotice.IsZero() {
		e.FirstNotice = now
	}
	return e
}

// lossDate is when the old plan would have taken what a stage of the next one
// takes from people who are at a stage of the old, and no earlier than anything
// else would have come; zero for never.
func lossDate(old, next Plan, c Catalogue, at, to int, dates []time.Time) time.Time {
	if at+1 >= len(dates) || dates[at+1].IsZero() {
		return time.Time{}
	}
	out := dates[at+1]
	for _, one := range c {
		if !takesMore(old, next, one, at, to) {
			continue
		}
		from := at
		for from < len(dates) && takesMore(old, next, one, from, to) {
			from++
		}
		if from == len(dates) || dates[from].IsZero() {
			return time.Time{}
		}
		out = latest(out, dates[from])
	}
	return out
}
