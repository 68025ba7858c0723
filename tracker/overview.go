package tracker

import (
	"context"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// Overview is one campaign as staff see it, from rollups kept with every
// write: its cost does not grow with the number of people.
type Overview struct {
	Campaign    Campaign
	Plan        PlanRecord
	Plans       int // how many plans there are
	Totals      Totals
	Stages      []int64 // people who have not accepted, by stage
	Days        []Day
	Regions     []RegionTotals // of the plan, then the largest countries outside them
	Upcoming    []Upcoming
	Holds       []Hold
	Transitions []Transition // newest first
	Runs        []Run        // newest first
}

// Totals counts people.
type Totals struct {
	InScope    int64 // everybody but the exempt
	Accepted   int64
	Pending    int64
	Declined   int64
	Exempt     int64
	Restricted int64 // at a stage that takes something away
	Noticed    int64 // reached by at least one notice
}

// RegionTotals is one region of the plan, or one country outside its regions.
type RegionTotals struct {
	Key       string
	Countries []string
	Local     terms.Local
	Totals    Totals
}

// Upcoming is a stage that people of a region enter next on the calendar.
type Upcoming struct {
	Stage  string
	Region string // key of the plan's region, "" for the rest of the world
	At     time.Time
	Until  time.Time // end of the spread
	People int64     // at the stage before, who have not accepted, now
	Lose   []string  // capabilities the stage takes away
}

// overviewLength is how many transitions and runs an Overview lists.
const overviewLength = 12

// countriesShown is how many countries outside the plan's regions are listed.
const countriesShown = 8

// Overview returns a campaign's numbers; NotFound when there is none, or no
// active plan.
func (t *Tracker) Overview(ctx context.Context, campaign string) (Overview, error) {
	now := t.instant()
	var o Overview
	err := t.Store.View(ctx, func(r Reader) error {
		rules, err := t.rulesOf(ctx, r, campaign)
		if err != nil {
			return err
		}
		o = Overview{Campaign: rules.campaign, Plan: rules.active, Plans: len(rules.plans), Holds: rules.held}
		counts, err := r.Counts(ctx, campaign)
		if err != nil {
			return err
		}
		if o.Days, err = r.Days(ctx, campaign); err != nil {
			return err
		}
		if o.Transitions, err = r.Transitions(ctx, campaign, "", overviewLength); err != nil {
			return err
		}
		if o.Runs, err = r.Runs(ctx, overviewLength); err != nil {
			return err
		}
		o.count(counts, now)
		return nil
	})
	return o, err
}

// Overviews lists every campaign with an active plan.
func (t *Tracker) Overviews(ctx context.Context) ([]Overview, error) {
	campaigns, err := read(ctx, t, func(r Reader) ([]Campaign, error) { return r.Campaigns(ctx) })
	if err != nil {
		return nil, err
	}
	var out []Overview
	for _, c := range campaigns {
		if c.Plan == 0 {
			out = append(out, Overview{Campaign: c})
			continue
		}
		o, err := t.Overview(ctx, c.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// count works the totals out of the rollup cells.
func (o *Overview) count(cells []Count, now time.Time) {
	p := o.Plan.Plan
	o.Stages = make([]int64, len(p.Stages))
	regions := map[string]*RegionTotals{}
	for _, cell := range cells {
		o.Totals.add(p, cell)
		if cell.Status == terms.Pending || cell.Status == terms.Declined {
			o.Stages[cell.Stage] += cell.People
		}
		r := regionOf(p, cell.Country, regions)
		r.Totals.add(p, cell)
	}
	for _, day := range o.Days {
		if day.Tally == TallyNoticed {
			o.Totals.Noticed += day.People
		}
	}
	o.Regions = sortRegions(p, regions)
	o.Upcoming = upcoming(p, cells, now)
}

// add counts one cell.
func (t *Totals) add(p terms.Plan, c Count) {
	if c.Status == terms.Exempt {
		t.Exempt += c.People
		return
	}
	t.InScope += c.People
	switch c.Status {
	case terms.Accepted:
		t.Accepted += c.People
	case terms.Declined:
		t.Declined += c.People
	default:
		t.Pending += c.People
	}
	if c.Status != terms.Accepted && slices.ContainsFunc(p.Stages[:c.Stage+1], terms.Stage.Takes) {
		t.Restricted += c.People
	}
}

func regionOf(p terms.Plan, country string, seen map[string]*RegionTotals) *RegionTotals {
	l := p.In(country)
	key := l.Region
	if key == "" {
		key = country
	}
	if seen[key] == nil {
		seen[key] = &RegionTotals{Key: key, Local: l}
	}
	r := seen[key]
	if !slices.Contains(r.Countries, country) {
		r.Countries = append(r.Countries, country)
	}
	return r
}

// sortRegions puts the plan's regions first, in its order, then the largest
// countries outside them.
func sortRegions(p terms.Plan, regions map[string]*RegionTotals) []RegionTotals {
	var out, rest []RegionTotals
	for _, r := range p.Regions {
		if totals := regions[r.Key]; totals != nil {
			out = append(out, *totals)
		}
	}
	for _, r := range regions {
		if r.Local.Region == "" {
			rest = append(rest, *r)
		}
	}
	slices.SortFunc(rest, func(a, b RegionTotals) int {
		if d := b.Totals.InScope - a.Totals.InScope; d != 0 {
			return int(max(min(d, 1), -1))
		}
		return strings.Compare(a.Key, b.Key)
	})
	return append(out, rest[:min(len(rest), countriesShown)]...)
}

// upcoming lists the stages ahead on the calendar, region by region. Personal
// clocks can only make an entry later than the dates given here.
func upcoming(p terms.Plan, cells []Count, now time.Time) []Upcoming {
	regions := []terms.Local{p.In("")}
	for _, r := range p.Regions {
		regions = append(regions, p.In(r.Countries[0]))
	}
	var out []Upcoming
	for _, l := range regions {
		waiting := waitingBefore(p, l.Region, cells)
		for i := 1; i <= l.Last; i++ {
			s := p.Stages[i]
			at := l.Deadline.Add(s.After)
			if s.FromAnnounce {
				at = l.AnnounceAt.Add(s.After)
			}
			if until := at.Add(s.Spread); until.After(now) {
				out = append(out, Upcoming{Stage: s.Key, Region: l.Region, At: at, Until: until, People: waiting[i], Lose: s.Off})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Upcoming) int { return a.At.Compare(b.At) })
	return out
}

// waitingBefore counts, for each stage, the people of a region who have not
// accepted and are at an earlier one.
func waitingBefore(p terms.Plan, region string, cells []Count) []int64 {
	out := make([]int64, len(p.Stages))
	for _, c := range cells {
		if p.In(c.Country).Region != region || c.Status != terms.Pending && c.Status != terms.Declined {
			continue
		}
		for i := c.Stage + 1; i < len(out); i++ {
			out[i] += c.People
		}
	}
	return out
}
