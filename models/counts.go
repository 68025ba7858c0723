package models

import (
	"context"
	"time"

	"assent/terms"
	"assent/tracker"
)

// counts is what is to be added to cells of the rollup of enrollments.
type counts map[cell]int64

type cell struct {
	Campaign string
	Country  string
	Status   terms.Status
	Stage    int
}

func cellOf(e *tracker.Enrolled) cell { return cell{e.Campaign, e.Country, e.Status, e.Stage} }

func (c counts) add(e *tracker.Enrolled, people int64) { c[cellOf(e)] += people }

// days is what is to be added to the tallies of days.
type days map[day]int64

type day struct {
	Campaign string
	Day      string
	Tally    tracker.Tally
}

// dayOf is how the day of an instant is written.
func dayOf(when time.Time) string { return when.UTC().Format(time.DateOnly) }

func (d days) add(campaign, date string, tally tracker.Tally) { d[day{campaign, date, tally}]++ }

// sum is one entry of counts or days.
type sum[K any] struct {
	of     K
	people int64
}

// sums lists what is not zero.
func sums[K comparable](of map[K]int64) []sum[K] {
	list := make([]sum[K], 0, len(of))
	for k, people := range of {
		if people != 0 {
			list = append(list, sum[K]{k, people})
		}
	}
	return list
}

func (t *tx) addCounts(ctx context.Context, c counts) error {
	return t.each(ctx, "counts", `INSERT INTO counts (campaign, country, status, stage, people)
		SELECT :campaign, :country, :status, :stage, :people {from} WHERE true
		ON CONFLICT (campaign, country, status, stage) DO UPDATE SET people = counts.people + excluded.people`,
		newBatch(sums(c),
			text("campaign", func(s *sum[cell]) string { return s.of.Campaign }),
			text("country", func(s *sum[cell]) string { return s.of.Country }),
			text("status", func(s *sum[cell]) string { return string(s.of.Status) }),
			number("stage", func(s *sum[cell]) int64 { return int64(s.of.Stage) }),
			number("people", func(s *sum[cell]) int64 { return s.people })))
}

func (t *tx) addDays(ctx context.Context, d days) error {
	return t.each(ctx, "days", `INSERT INTO days (campaign, day, tally, people)
		SELECT :campaign, :day, :tally, :people {from} WHERE true
		ON CONFLICT (campaign, day, tally) DO UPDATE SET people = days.people + excluded.people`,
		newBatch(sums(d),
			text("campaign", func(s *sum[day]) string { return s.of.Campaign }),
			text("day", func(s *sum[day]) string { return s.of.Day }),
			text("tally", func(s *sum[day]) string { return string(s.of.Tally) }),
			number("people", func(s *sum[day]) int64 { return s.people })))
}

// Counts lists the cells with people in them, by country, status and stage.
func (r reader) Counts(ctx context.Context, campaign string) ([]tracker.Count, error) {
	list := []tracker.Count{}
	err := r.in(ctx).Table("counts").Select("country", "status", "stage", "people").
		Where("campaign = ? AND people <> 0", campaign).Order("country, status, stage").Find(&list).Error
	return list, r.translate(err, campaignName(campaign))
}

// Days lists the tallies in order of day, then tally.
func (r reader) Days(ctx context.Context, campaign string) ([]tracker.Day, error) {
	list := []tracker.Day{}
	err := r.in(ctx).Table("days").Select("day", "tally", "people").
		Where("campaign = ?", campaign).Order("day, tally").Find(&list).Error
	return list, r.translate(err, campaignName(campaign))
}
