package staff

import (
	"slices"
	"strings"
	"time"

	"assent/templates/chart"
	"assent/terms"
	"assent/tracker"
)

// past is a campaign at the end of each UTC day since its announcement; the last entry is now.
type past []moment

// moment is the count of people at an instant. Stages holds who had not accepted, by stage.
type moment struct {
	at       time.Time
	accepted int
	of       int
	stages   []int
}

// history adds up the tallies of each day. Its last entry is the exact count of now; earlier ones leave out what has no
// tally: the deletion of an account. Before the announcement there is no history.
func history(o tracker.Overview, now time.Time) past {
	if now.Before(o.Plan.AnnounceAt) {
		return nil
	}
	sums := map[tracker.Tally]int64{}
	rest := slices.SortedFunc(slices.Values(o.Days), func(a, b tracker.Day) int { return strings.Compare(a.Day, b.Day) })
	until := func(end time.Time) {
		for ; len(rest) > 0 && rest[0].Day < end.Format(time.DateOnly); rest = rest[1:] {
			sums[rest[0].Tally] += rest[0].People
		}
	}
	asked := scale(o)
	first := o.Plan.AnnounceAt.UTC().Truncate(24 * time.Hour)
	until(first)
	out := past{count(o.Plan.Plan, o.Plan.AnnounceAt, sums, asked)}
	for end := first.AddDate(0, 0, 1); end.Before(now); end = end.AddDate(0, 0, 1) {
		until(end)
		out = append(out, count(o.Plan.Plan, end.Add(-time.Microsecond), sums, asked))
	}
	return append(out, present(o, now))
}

// scale answers the share of all who were enrolled that is asked: the tallies count the exempt among the enrolled.
func scale(o tracker.Overview) float64 {
	var enrolled int64
	for _, d := range o.Days {
		if d.Tally == tracker.TallyEnrolled {
			enrolled += d.People
		}
	}
	if enrolled == 0 {
		return 0
	}
	return min(float64(o.Totals.InScope)/float64(enrolled), 1)
}

// count works one moment out of the sums of all tallies up to it. Whoever has not accepted and is in no later stage is in
// the first: entering it has no tally of its own.
func count(p terms.Plan, at time.Time, sums map[tracker.Tally]int64, asked float64) moment {
	of := int(float64(sums[tracker.TallyEnrolled])*asked + 0.5)
	accepted := min(max(int(sums[tracker.TallyAccepted]-sums[tracker.TallyWithdrawn]), 0), of)
	m := moment{at: at, accepted: accepted, of: of, stages: make([]int, len(p.Stages))}
	left := of - accepted
	for i := len(p.Stages) - 1; i > 0; i-- {
		here := int(sums[tracker.EnteredStage(i)] - sums[tracker.LeftStage(i)])
		m.stages[i] = min(max(here, 0), left)
		left -= m.stages[i]
	}
	m.stages[0] = left
	return m
}

func present(o tracker.Overview, now time.Time) moment {
	m := moment{at: now, accepted: int(o.Totals.Accepted), of: int(o.Totals.InScope)}
	for _, n := range o.Stages {
		m.stages = append(m.stages, int(n))
	}
	return m
}

// accepted is how many people had accepted at an instant, nil before the announcement.
func (h past) accepted(at time.Time) *int {
	var found *int
	for i := range h {
		if !h[i].at.After(at) {
			found = &h[i].accepted
		}
	}
	return found
}

func (h past) acceptance(o tracker.Overview, now time.Time) chart.Figure {
	a := chart.Acceptance{ID: "accepted", From: o.Plan.AnnounceAt, To: now, Today: now, Deadline: o.Plan.Deadline}
	for i, s := range o.Plan.Stages {
		at := o.Plan.Deadline.Add(s.After)
		if s.FromAnnounce {
			at = o.Plan.AnnounceAt.Add(s.After)
		}
		a.Stages = append(a.Stages, chart.Start{At: at, Name: stageName(o.Plan.Plan, i)})
		if end := at.Add(s.Spread).AddDate(0, 0, 14); end.After(a.To) {
			a.To = end
		}
	}
	for _, m := range h {
		a.Points = append(a.Points, chart.Point{At: m.at, Accepted: m.accepted, Of: m.of})
	}
	return a.Figure()
}

func (h past) stages(o tracker.Overview, now time.Time) chart.Figure {
	s := chart.Stages{ID: "stages", Today: now}
	for i := range o.Plan.Stages {
		s.Names = append(s.Names, stageName(o.Plan.Plan, i))
	}
	for _, m := range h {
		s.Days = append(s.Days, chart.Column{At: m.at, People: m.stages})
	}
	return s.Figure()
}
