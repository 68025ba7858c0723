package models_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"assent/gate"
	"assent/models"
	"assent/terms"
	"assent/tracker"
)

// loading is a source for a gate: positions from a store, under a plan that
// restricts whoever is in its second stage.
type loading struct {
	store *models.Store
	plan  terms.Plan
}

func (l loading) Books(context.Context) ([]gate.Book, error) {
	return []gate.Book{{Campaign: "c", Plans: map[int]terms.Plan{1: l.plan}, Middle: million / 2}}, nil
}

func (l loading) Rows(ctx context.Context, rows []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	err := l.store.View(ctx, func(r tracker.Reader) error {
		return r.Placed(ctx, campaign, after, limit, func(e *tracker.Enrolled) {
			rows = append(rows, gate.Row{Ref: e.Ref, Locale: e.Locale, Enrollment: e.Enrollment})
		})
	})
	return rows, err
}

func (loading) Changes(context.Context, uint64, int) ([]gate.Change, error) { return nil, nil }
func (loading) Revision(context.Context) (uint64, error)                    { return 0, nil }

// capabilities are as many as messengers have.
func capabilities() terms.Catalogue {
	list := make(terms.Catalogue, 20)
	for i := range list {
		list[i] = terms.Capability{Key: fmt.Sprintf("capability.%d", i), Kind: terms.Boolean, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	}
	return list
}

// BenchmarkLoad fills a gate with a million restricted people, as a server does
// when it begins.
func BenchmarkLoad(b *testing.B) {
	for name, fresh := range engines {
		b.Run(name, func(b *testing.B) {
			url := fresh(b)
			newCrowd(b, url, pace()).fill(million, 1)
			run(b, raw(b, url), fmt.Sprintf("UPDATE enrollments SET stage = 1, entered = %d + ref, told = %[1]d, noticed = %[1]d + ref", noon.UnixMicro()))
			day := 24 * time.Hour
			plan := terms.Plan{
				Campaign: "c", Number: 1, Title: terms.Texts{"en": "New terms"}, AnnounceAt: noon.AddDate(0, -4, 0), Deadline: noon, NoticePeriod: 30 * day,
				Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
				Stages: []terms.Stage{
					{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Every: 7 * day, Dismissible: true}},
					{Key: "limited", Spread: 14 * day, Off: []string{"capability.1", "capability.2", "capability.3"}},
					{Key: "later", After: 28 * day, Off: []string{"capability.4", "capability.5"}},
				},
			}
			b.ResetTimer()
			for b.Loop() {
				g := gate.New(loading{open(b, url), plan}, gate.Options{Catalogue: capabilities(), PublicURL: "https://terms.example.org", Now: func() time.Time { return noon.Add(day) }})
				if err := g.Load(b.Context()); err != nil {
					b.Fatal(err)
				}
				if d := g.Decide("person-77777", "capability.2"); g.People() != million+answerers || d.Allowed {
					b.Fatal(g.People(), d)
				}
			}
		})
	}
}
