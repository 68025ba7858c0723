package simulate

import (
	"context"
	"slices"
	"time"

	"assent/terms"
	"assent/tracker"
)

// closeDay counts where people are at the end of a day.
func (s *simulation) closeDay(ctx context.Context, number int) error {
	d := Day{
		Day: number, Date: s.start.AddDate(0, 0, number).Format(time.DateOnly),
		Stages: make([]int64, len(s.Plan.Stages)), Load: s.today,
	}
	s.today = Load{}
	var counts []tracker.Count
	err := s.tracker.Store.View(ctx, func(r tracker.Reader) error {
		var err error
		counts, err = r.Counts(ctx, s.Plan.Campaign)
		return err
	})
	if err != nil {
		return err
	}
	first := slices.IndexFunc(s.Plan.Stages, terms.Stage.Takes)
	for _, c := range counts {
		switch c.Status {
		case terms.Accepted:
			d.Accepted += c.People
			continue
		case terms.Exempt:
			d.Exempt += c.People
			continue
		case terms.Declined:
			d.Declined += c.People
		}
		d.Stages[c.Stage] += c.People
		if first >= 0 && c.Stage >= first {
			d.Restricted += c.People
		}
	}
	s.result.Days = append(s.result.Days, d)
	if s.Progress != nil {
		s.Progress(number + 1)
	}
	return nil
}

// add adds the days up.
func (s *simulation) add(ctx context.Context) error {
	t := &s.result.Totals
	for _, d := range s.result.Days {
		t.add(d.Load)
		if d.Restricted > t.MostRestricted {
			t.MostRestricted, t.MostRestrictedDay = d.Restricted, d.Day
		}
		if d.Notices > t.MostNotices {
			t.MostNotices, t.MostNoticesDay = d.Notices, d.Day
		}
	}
	last := s.result.Days[len(s.result.Days)-1]
	t.Accepted, t.Declined, t.Exempt, t.Restricted = last.Accepted, last.Declined, last.Exempt, last.Restricted
	t.PassedOver = t.Ticks - t.Runs
	for after, more := int64(0), true; more; {
		list, err := s.tracker.Unreached(ctx, s.Plan.Campaign, after, tracker.MaxBatch)
		if err != nil {
			return err
		}
		if more = len(list) == tracker.MaxBatch; more {
			after = list[len(list)-1].Ref
		}
		t.Unreached += len(list)
	}
	return nil
}
