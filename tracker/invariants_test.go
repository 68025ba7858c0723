package tracker_test

import (
	"slices"
	"time"

	"assent/terms"
	"assent/tracker"
)

// facts are what the store has of everybody now, and how much each may do.
func (m *machine) facts() (map[string]tracker.Enrolled, map[string]int, []tracker.Count) {
	rows, could := map[string]tracker.Enrolled{}, map[string]int{}
	var counts []tracker.Count
	err := m.Store.View(m.t.Context(), func(r tracker.Reader) error {
		list, err := r.Positions(m.t.Context(), campaign, 0, 100)
		if err != nil {
			return err
		}
		moves, err := r.Transitions(m.t.Context(), campaign, "", 10_000)
		if err != nil {
			return err
		}
		plans, holds, err := tracker.Rules(m.t.Context(), r, catalogue(), campaign)
		if err != nil {
			return err
		}
		for _, e := range list {
			rows[e.Person], could[e.Person] = e, capable(plans[e.Plan].Standing(catalogue(), e.Enrollment, holds, m.clock()))
			m.recorded(e, moves)
		}
		counts, err = r.Counts(m.t.Context(), campaign)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return rows, could, counts
}

// check compares the store with the model, and what has happened since the last
// check with the invariants.
func (m *machine) check(act string) {
	now := m.clock()
	rows, could, counts := m.facts()
	if len(rows) != len(m.model.people) {
		m.t.Fatalf("%s: %d people, want %d", act, len(rows), len(m.model.people))
	}
	for id, e := range rows {
		m.same(act, m.model.people[id], e)
		if before, known := m.before[id]; known {
			m.lawful(act, before, e, could[id]-m.could[id], now)
		}
		if e.Status == terms.Accepted && (e.Stage != 0 || could[id] < 3) {
			m.t.Fatalf("%s: %s has accepted and can do %d things at stage %d", act, id, could[id], e.Stage)
		}
	}
	m.counted(act, rows, counts)
	m.before, m.could = rows, could
}

// capable counts what a person may do, grants apart.
func capable(s terms.Standing) int {
	n := 0
	for _, state := range s.Capabilities {
		if state.Value.Bool() && state.Capability != "business.data_sharing" {
			n++
		}
	}
	return n
}

// same compares a person with the model's.
func (m *machine) same(act string, s *soul, e tracker.Enrolled) {
	if m.harsher && s.status != terms.Accepted {
		s.status, s.stage, s.entered, s.told = e.Status, e.Stage, e.Entered, !e.Told.IsZero() // go on from what is
		s.noticed, s.warned, s.first, s.notBefore = e.Noticed, e.Warned, e.FirstNotice, e.NotBefore
		s.snoozes, s.extensions, s.excused, s.exemptUntil, s.moves = e.Snoozes, e.Extensions, e.Excused, e.ExemptUntil, nil
		return
	}
	same := s.status == e.Status && s.stage == e.Stage && s.entered.Equal(e.Entered) && s.told == !e.Told.IsZero() &&
		s.noticed.Equal(e.Noticed) && s.warned.Equal(e.Warned) && s.first.Equal(e.FirstNotice) && s.notBefore.Equal(e.NotBefore) &&
		s.snoozes == e.Snoozes && s.extensions == e.Extensions && s.excused == e.Excused && s.exemptUntil.Equal(e.ExemptUntil) &&
		s.joined.Equal(e.Joined)
	if !same {
		m.t.Fatalf("%s at %s: the store has\n%+v\nthe model has\n%+v", act, m.clock().Format(time.DateTime), e, *s)
	}
}

// lawful checks one person's change against the invariants.
func (m *machine) lawful(act string, before, after tracker.Enrolled, gained int, now time.Time) {
	fail := func(what string) {
		m.t.Helper()
		m.t.Fatalf("%s at %s: %s\nfrom %+v\nto   %+v", act, now.Format(time.DateTime), what, before, after)
	}
	sweep := act == "sweep" || act == "two sweeps"
	switch {
	case after.Stage > before.Stage && !sweep:
		fail("moved up by something else than a sweep")
	case gained < 0 && after.Stage <= before.Stage:
		fail("something was taken without a step up")
	case after.Stage > before.Stage+1:
		fail("two stages at once")
	}
	if after.Stage <= before.Stage {
		return
	}
	p := shortPlan()
	stage := p.Stages[after.Stage]
	if before.Status != terms.Pending && before.Status != terms.Declined {
		fail("moved up though " + string(before.Status))
	}
	for _, h := range m.model.holds {
		if h.covers(m.model.people[after.Person]) && h.active(now) {
			fail("moved up under a hold")
		}
	}
	if !stage.Takes() {
		return
	}
	switch {
	case before.Noticed.IsZero() || now.Sub(before.Noticed) < p.Stages[before.Stage].FinalWarning:
		fail("restricted without a notice in time")
	case p.Stages[before.Stage].FinalWarning > 0 && (before.Warned.IsZero() || now.Sub(before.Warned) < p.Stages[before.Stage].FinalWarning):
		fail("restricted without a final warning in time")
	case now.Sub(before.Entered) < 2*day:
		fail("restricted before the stage has lasted")
	case now.Sub(before.FirstNotice) < p.NoticePeriod || now.Sub(before.Created) < p.NoticePeriod || now.Sub(before.Joined) < p.NoticePeriod:
		fail("restricted within the notice period")
	case now.Before(m.model.deadline):
		fail("restricted before the deadline")
	}
}

// recorded checks that a person is where the recorded transitions, newest
// first, lead.
func (m *machine) recorded(e tracker.Enrolled, all []tracker.Transition) {
	at, moves := 0, []hop{}
	for i := range all {
		one := all[len(all)-1-i]
		if one.Person != e.Person {
			continue
		}
		if one.From != at {
			m.t.Fatalf("%s went from stage %d, and was at %d: %+v", e.Person, one.From, at, one)
		}
		if at = one.To; one.From != one.To {
			moves = append(moves, hop{one.From, one.To})
		}
	}
	if at != e.Stage {
		m.t.Fatalf("%s is at stage %d, and the transitions lead to %d", e.Person, e.Stage, at)
	}
	if want := m.model.people[e.Person].moves; !m.harsher && !slices.Equal(want, moves) {
		m.t.Fatalf("%s moved %v, want %v", e.Person, moves, want)
	}
}

// counted checks the rollup against the rows.
func (m *machine) counted(act string, rows map[string]tracker.Enrolled, counts []tracker.Count) {
	type cell struct {
		country string
		status  terms.Status
		stage   int
	}
	want := map[cell]int64{}
	for _, e := range rows {
		want[cell{e.Country, e.Status, e.Stage}]++
	}
	for _, c := range counts {
		want[cell{c.Country, c.Status, c.Stage}] -= c.People
	}
	for at, off := range want {
		if off != 0 {
			m.t.Fatalf("%s: the rollup is off by %d for %+v", act, off, at)
		}
	}
}

// foreseen checks that a run did what its preview said: to whom, how many, and
// what they lost or got back.
func (m *machine) foreseen(p tracker.Preview, people map[string]terms.DueAction, run tracker.Run, before map[string]tracker.Enrolled, could map[string]int) {
	moved, told, waiting, lost, back, net := 0, 0, 0, 0, 0, 0
	for _, one := range p.Moves {
		if one.Action == terms.Tell || one.Action == terms.Warn {
			told += one.People
		} else {
			moved += one.People
		}
	}
	for _, one := range p.Waits {
		waiting += one.People
	}
	if p.Examined != run.Examined || moved != run.Moved || told != run.Told || waiting != run.Waiting || len(p.Stopped) > 0 {
		m.t.Fatalf("the preview %+v\nthe run %+v", p, run)
	}
	for person := range before {
		net += m.could[person] - could[person]
		if did := doneTo(before[person], m.before[person]); did != people[person] {
			m.t.Fatalf("the preview said %q of %s, and the run did %q", people[person], person, did)
		}
	}
	for _, c := range p.Capabilities {
		lost, back = lost+c.Lose, back+c.Regain
	}
	if net != back-lost {
		m.t.Fatalf("the preview says %d lost and %d regained, and %d more are there: %+v", lost, back, net, p)
	}
}

// doneTo is what a run did to a person, "" for nothing.
func doneTo(before, after tracker.Enrolled) terms.DueAction {
	switch {
	case before.Status != after.Status:
		return terms.Recall
	case after.Stage > before.Stage:
		return terms.Enter
	case after.Stage < before.Stage:
		return terms.Restore
	case !before.Warned.Equal(after.Warned):
		return terms.Warn
	case !before.Told.Equal(after.Told):
		return terms.Tell
	default:
		return ""
	}
}
