package models_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"assent/gate"
	"assent/terms"
	"assent/tracker"
)

// placed is a source of people in one campaign, from memory.
type placed struct {
	book gate.Book
	rows []gate.Row
}

func (p placed) Books(context.Context) ([]gate.Book, error) { return []gate.Book{p.book}, nil }

func (p placed) Rows(_ context.Context, to []gate.Row, _ string, after int64, limit int) ([]gate.Row, error) {
	for _, row := range p.rows {
		if row.Ref > after && len(to) < limit {
			to = append(to, row)
		}
	}
	return to, nil
}

func (placed) Changes(context.Context, uint64, int) ([]gate.Change, error) { return nil, nil }
func (placed) Revision(context.Context) (uint64, error)                    { return 0, nil }

// answers are everything that a gate knows of each person, at one instant.
func (p placed) answers(t *testing.T) map[string]string {
	t.Helper()
	grant := terms.Capability{Key: "grant", Kind: terms.Boolean, Grant: true, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	g := gate.New(p, gate.Options{Catalogue: append(capabilities(), grant), PublicURL: "https://terms.example.org", Now: func() time.Time { return noon }})
	if err := g.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, row := range p.rows {
		e, _ := g.Entry(row.Person)
		all[row.Person] = fmt.Sprintf("%s %s %+v %+v", e.AppendTag(nil, noon), e.AppendFlags(nil, noon, nil), e.Profile.Standing, e.Clock)
	}
	return all
}

// without is the same people without what one field says of them.
func (p placed) without(field string) placed {
	rows := make([]gate.Row, len(p.rows))
	for i, row := range p.rows {
		reflect.ValueOf(&row).Elem().FieldByName(field).SetZero()
		rows[i] = row
	}
	return placed{p.book, rows}
}

// tells reports whether anybody's row says something in a field.
func (p placed) tells(field string) bool {
	for _, row := range p.rows {
		if !reflect.ValueOf(row).FieldByName(field).IsZero() {
			return true
		}
	}
	return false
}

// varied is a campaign in which everything that is known of a person counts.
func varied() gate.Book {
	day := 24 * time.Hour
	p := terms.Plan{
		Campaign: "c", Number: 1, Title: terms.Texts{"en": "New terms", "fr": "Nos conditions changent"},
		AnnounceAt: noon.AddDate(0, -3, 0), Deadline: noon.AddDate(0, -1, 0), NoticePeriod: 30 * day,
		Snooze: terms.Snooze{For: 7 * day, Max: 2}, Grants: []string{"grant"},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Every: 7 * day, Dismissible: true}},
			{Key: "persistent", FromAnnounce: true, After: 28 * day, FinalWarning: day},
			{Key: "limited", After: 7 * day, Off: []string{"capability.1"}},
			{Key: "suspended", After: 21 * day, Off: []string{"capability.2"}},
		},
		Regions: []terms.Region{
			{Key: "eea", Countries: []string{"DE"}, Reminder: &terms.Reminder{AskOnce: true}, LastStage: "persistent"},
			{Key: "turkey", Countries: []string{"TR"}, Effect: terms.Void},
		},
	}
	next := p
	next.Number = 2
	return gate.Book{Campaign: "c", Plans: map[int]terms.Plan{1: p, 2: next}, Holds: []terms.Hold{
		{ID: "1", Campaign: "c", Scope: terms.Scope{Attributes: "app=kaios"}, Clock: terms.ClockStop, Effect: terms.Freeze, Starts: noon.Add(-day)},
		{ID: "2", Campaign: "c", Scope: terms.Scope{Region: "IN"}, Clock: terms.ClockStop, Effect: terms.Freeze, Starts: noon.AddDate(0, 0, -40), Ends: noon.AddDate(0, 0, -30)},
	}}
}

// anywhere is a person anywhere in the campaign, with every field drawn.
func anywhere(r *rand.Rand, person tracker.Person) tracker.Enrolled {
	some := func() bool { return r.IntN(2) == 0 }
	when := func(from, to int) time.Time { // from some days before now to some after, or not yet
		if some() {
			return time.Time{}
		}
		return noon.Add(time.Duration(from+r.IntN(to-from))*24*time.Hour + time.Duration(r.IntN(1e9))*time.Microsecond)
	}
	e := tracker.Enrolled{Ref: person.Ref, Locale: []string{"en", "fr"}[r.IntN(2)], Enrollment: terms.Enrollment{
		Person: person.ID, Campaign: "c", Plan: 1 + r.IntN(2), Country: []string{"BR", "DE", "TR", "IN"}[r.IntN(4)], Attributes: []terms.Attributes{"", "", "", "app=kaios"}[r.IntN(4)],
		Created: when(-80, 0), Joined: when(-80, 0), Status: []terms.Status{terms.Pending, terms.Pending, terms.Declined, terms.Accepted, terms.Exempt}[r.IntN(5)],
		Bound: r.IntN(4) == 0, Stage: r.IntN(4), Entered: when(-80, 0), Told: when(-40, 0), Noticed: when(-40, 0), Warned: when(-40, 0),
		FirstNotice: when(-80, 0), NotBefore: when(-60, 20), SnoozedUntil: when(-7, 7), Snoozes: r.IntN(3), Answered: some(),
		Excused: some(), ExemptUntil: when(-10, 10), Extensions: r.IntN(3),
	}}
	if e.Status == terms.Accepted {
		e.Effect = []terms.Effect{terms.Full, terms.Void}[r.IntN(2)]
	}
	return e
}

// TestAGateIsLoadedFromWhatItsAnswersGoByAndNoMore compares what is read for a gate with
// all there is: the answers are the same, each field that is read makes another
// of somebody's, and none does that is left out.
func TestAGateIsLoadedFromWhatItsAnswersGoByAndNoMore(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const people = 2000
			ctx, s, r := t.Context(), open(t, fresh(t)), rand.New(rand.NewPCG(1, 2))
			whole, read := placed{book: varied()}, placed{book: varied()}
			err := s.Update(ctx, func(tx tracker.Tx) error {
				if _, err := tx.AddPlan(ctx, tracker.PlanRecord{Plan: whole.book.Plans[1], Source: []byte("campaign: c\n"), Created: noon, Actor: "ada"}); err != nil {
					return err
				}
				list := make([]tracker.Person, people)
				for i := range list {
					list[i] = tracker.Person{ID: fmt.Sprintf("p%04d", i), Type: terms.Personal}
				}
				list, err := tx.PutPeople(ctx, list)
				if err != nil {
					return err
				}
				rows := make([]tracker.Enrolled, people)
				for i := range list {
					rows[i] = anywhere(r, list[i])
					whole.rows = append(whole.rows, gate.Row{Ref: rows[i].Ref, Locale: rows[i].Locale, Enrollment: rows[i].Enrollment})
				}
				_, err = tx.Enroll(ctx, rows, noon)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if read.rows, err = (loading{store: s}).Rows(ctx, nil, "c", 0, people); err != nil {
				t.Fatal(err)
			}
			want := whole.answers(t)
			different := func(p placed) int {
				n := 0
				for person, answer := range p.answers(t) {
					if answer != want[person] {
						n++
					}
				}
				return n
			}
			if n := different(read); n > 0 || len(read.rows) != people {
				t.Errorf("%d of %d people have other answers than all that is known of them leads to", n, len(read.rows))
			}
			for _, field := range reflect.VisibleFields(reflect.TypeFor[gate.Row]()) {
				switch field.Name {
				case "Enrollment", "Ref", "Person", "Campaign": // who it is
					continue
				}
				if !whole.tells(field.Name) {
					t.Errorf("nobody has %s", field.Name)
				}
				if n := different(whole.without(field.Name)); read.tells(field.Name) != (n > 0) {
					t.Errorf("%s is read: %v; without it %d of %d people have other answers", field.Name, read.tells(field.Name), n, people)
				}
			}
		})
	}
}
