package terms_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// story is what is known of a person who never accepts: each notice presented
// to them, and an extension.
type story struct {
	created, joined, extended time.Time
	notices                   []time.Time
}

// oracle says when such a person enters each stage, counted hour by hour from
// the words of the design, for holds that cover the person and have no spread
// and a plan without shadow or brown-out; spreads are the person's own.
//
//	start = max(deadline, first presented notice + notice period,
//	        created + notice period, extension end) + held time
//	due(s+1) = max(start + after(s+1) + spread, entered(s) + dwell(s))
func oracle(p terms.Plan, country string, who story, holds []terms.Hold, spreads []time.Duration, until time.Time) map[int]time.Time {
	l := p.In(country)
	entered := map[int]time.Time{0: who.joined}
	var first, seen, warned, again time.Time // a notice at all; one at this stage; its final warning; the end of a restarting hold
	var held, here time.Duration             // under a stopping hold: in all, and at this stage
	stage, notices := 0, who.notices
	for now := who.joined; now.Before(until) && stage < l.Last; now = now.Add(time.Hour) {
		if len(notices) > 0 && notices[0].Equal(now) {
			first, seen, notices = sooner(first, now), sooner(seen, now), notices[1:]
		}
		covered, stopped := false, false
		for _, h := range holds {
			active := !now.Before(h.Starts) && (h.Ends.IsZero() || now.Before(h.Ends))
			covered, stopped = covered || active, stopped || active && h.Clock == terms.ClockStop
			if h.Clock == terms.ClockRestart && h.Ends.Equal(now) && now.After(who.joined) {
				again = now
			}
		}
		for !covered && !now.Before(l.AnnounceAt) && stage < l.Last {
			next, warning := p.Stages[stage+1], p.Stages[stage].FinalWarning
			start := later(l.Deadline, who.created.Add(p.NoticePeriod), who.extended)
			for _, from := range []time.Time{first, again} {
				if !from.IsZero() {
					start = later(start, from.Add(p.NoticePeriod))
				}
			}
			if next.FromAnnounce {
				start = later(l.AnnounceAt, who.joined)
			}
			due := later(start.Add(held+next.After+spreads[stage+1]), entered[stage].Add(dwell(p, stage)+here))
			if len(next.Off)+len(next.Set) > 0 {
				if warning > 0 && warned.IsZero() && !now.Before(due.Add(-warning)) {
					warned = now
				}
				if seen.IsZero() || now.Sub(seen) < warning || warning > 0 && (warned.IsZero() || now.Sub(warned) < warning) {
					break
				}
			}
			if now.Before(due) {
				break
			}
			stage++
			entered[stage], seen, warned, here = now, time.Time{}, time.Time{}, 0
			if slices.ContainsFunc(who.notices, now.Equal) {
				seen = now
			}
		}
		if stopped {
			held, here = held+time.Hour, here+time.Hour
		}
	}
	return entered
}

func later(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// sooner is the first of two instants, where zero is none yet.
func sooner(first, now time.Time) time.Time {
	if first.IsZero() {
		return now
	}
	return first
}

// lived is when the rules let the person enter each stage, looked at only when
// a fact changes and when they said to look again.
func lived(p terms.Plan, e terms.Enrollment, who story, holds []terms.Hold, until time.Time) map[int]time.Time {
	entered := map[int]time.Time{0: e.Entered}
	facts := slices.Clone(who.notices)
	for _, h := range holds {
		facts = append(facts, h.Starts, h.Ends)
	}
	slices.SortFunc(facts, time.Time.Compare)
	for now := e.Joined; now.Before(until); {
		if slices.ContainsFunc(who.notices, now.Equal) {
			e = e.Notice(now)
		}
		due := terms.Step(p, e, holds, now)
		if e = e.Apply(p, due, now); due.Action == terms.Enter {
			entered[e.Stage] = now
			if slices.ContainsFunc(who.notices, now.Equal) {
				e = e.Notice(now)
			}
		}
		if due.Action != terms.Wait {
			continue
		}
		next := until
		if !due.Next.IsZero() && due.Next.Before(next) {
			next = due.Next
		}
		if i := slices.IndexFunc(facts, func(at time.Time) bool { return at.After(now) }); i >= 0 && facts[i].Before(next) {
			next = facts[i]
		}
		now = next
	}
	return entered
}

func TestANoticedPersonReachesEachStageExactlyWhenTheDesignSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		country := drawCountry(t)
		who := story{created: announce.Add(days(t, "created", -400, 60)), joined: announce.Add(-2 * day)}
		if who.created.After(who.joined) {
			who.joined = who.created
		}
		e := terms.Enroll(p, "ana", country, terms.Personal, who.created, who.joined)
		if sometimes(t, "extended", 4) {
			who.extended = announce.Add(days(t, "extension", 1, 300))
			e.NotBefore = who.extended
		}
		at := who.joined
		for range rapid.IntRange(0, 20).Draw(t, "notices") {
			at = at.Add(hours(t, "notice after", 1, 24*40))
			who.notices = append(who.notices, at)
		}
		var holds []terms.Hold
		for i := range rapid.IntRange(0, 2).Draw(t, "holds") {
			h := drawHold(t, fmt.Sprintf("h%d", i), announce.Add(days(t, "hold day", 0, 300)))
			h.Scope, h.Spread, h.Effect = terms.Scope{}, 0, terms.Freeze
			holds = append(holds, h)
		}
		until := announce.Add(450 * day)
		got, want := lived(p, e, who, holds, until), oracle(p, country, who, holds, spreadsOf(p, e), until)
		if len(got) != len(want) {
			t.Fatalf("the rules: %v\nthe design: %v", got, want)
		}
		for stage := range want {
			if !got[stage].Equal(want[stage]) {
				t.Fatalf("stage %d: the rules %s, the design %s\n%+v\n%+v", stage, got[stage], want[stage], p.Stages, holds)
			}
		}
	})
}

// spreadsOf asks the rules, of each stage alone, by how much a person is late.
func spreadsOf(p terms.Plan, e terms.Enrollment) []time.Duration {
	out := make([]time.Duration, len(p.Stages))
	for i, s := range p.Stages {
		if i > 0 && s.Spread > 0 {
			out[i] = spreadOf(s.Spread, e.Person)
		}
	}
	return out
}

func spreadOf(window time.Duration, person string) time.Duration {
	p, none := plan(), time.Duration(0)
	p.Stages = []terms.Stage{{Key: "s0", FromAnnounce: true, Dwell: &none}, {Key: "s1", Spread: window}}
	e := terms.Enroll(p, person, "IN", terms.Personal, announce.Add(-400*day), announce)
	return p.Ahead(e, nil, announce)[0].At.Sub(deadline)
}
