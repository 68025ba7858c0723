package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"assent/gate"
	"assent/internal/testenv"
	"assent/terms"
)

// taken is what a follower takes, its people in order.
func taken(t *testing.T, f *gate.Follower) (gate.Mark, []string) {
	t.Helper()
	mark, people, ok := f.Take()
	if !ok {
		t.Fatal("the follower is lost")
	}
	slices.Sort(people)
	return mark, people
}

func TestASnapshotListsOnceEverybodyWhoIsNotAsByDefault(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), start.Add(170*day)
	for i := range 1000 {
		s.save(at(int64(i+1), "terms", "BR", i%3, now.Add(-day))) // a third of them are limited
	}
	g := newGate(t, s, func() time.Time { return now })
	var all []string
	for after := ""; ; {
		list := g.Snapshot(after, 100)
		for _, p := range list {
			if p.Person <= after {
				t.Fatalf("%s after %s", p.Person, after)
			}
			after = p.Person
			all = append(all, p.Person)
			if key, rules := p.Profile.Rules(); key == gate.DefaultRules || !json.Valid(rules) || p.Next()["terms"].IsZero() {
				t.Fatalf("%s has the rules %s: %s, and next %v", p.Person, key, rules, p.Next())
			}
		}
		if len(list) < 100 {
			break
		}
	}
	if len(all) != 333 {
		t.Fatalf("%d people", len(all))
	}
	e, _ := g.Entry("u1")
	if key, _ := e.Profile.Rules(); key != gate.DefaultRules {
		t.Fatalf("whoever is only told has the rules %s", key)
	}
}

func TestAFollowerIsToldWhoseAnswersChangeAndHowFarTheyGo(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), start.Add(170*day)
	s.save(at(1, "terms", "BR", 1, now.Add(-day)))
	g := newGate(t, s, func() time.Time { return now })
	f := g.Follow(10)
	defer f.Close()
	if mark, people := taken(t, f); len(people) != 0 || mark.Revision != 1 || mark != g.Mark() {
		t.Fatal(mark, people)
	}
	moved := g.Moved()
	s.save(at(1, "terms", "BR", 2, now))
	s.save(at(2, "terms", "BR", 0, now)) // is told and loses nothing
	catchUp(t, g)
	<-moved
	<-f.Wake()
	if mark, people := taken(t, f); fmt.Sprint(people) != "[u1]" || mark.Revision != 3 {
		t.Fatal(mark, people)
	}
	again, err := gate.ParseMark(g.Mark().String())
	if err != nil || again != g.Mark() {
		t.Fatal(again, err)
	}
	for i := range 20 {
		s.save(at(int64(i+1), "terms", "BR", 3, now))
	}
	catchUp(t, g)
	if _, people, ok := f.Take(); ok || len(people) != 0 {
		t.Fatal("a follower with more than it can hold was not lost")
	}
}

// TestAMarkWaitsUntilEverybodyIsPlacedAgain takes a plan or hold that moves
// everybody: nobody may be missed by a follower that comes back with a mark.
func TestAMarkWaitsUntilEverybodyIsPlacedAgain(t *testing.T) {
	t.Parallel()
	s, c := newSource("terms"), testenv.NewClock(start.Add(170*day))
	s.save(at(1, "terms", "BR", 2, c.Now().Add(-day)))
	flaky := &failing{source: s}
	g := gate.New(flaky, gate.Options{Catalogue: catalogue(), Now: c.Now})
	if err := g.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := g.Mark()
	s.hold("terms", terms.Hold{ID: "h", Starts: c.Now().Add(-time.Hour), Effect: terms.Lift, Clock: terms.ClockStop})
	flaky.rows = errors.New("the database is gone")
	if err := g.CatchUp(t.Context(), 0); err == nil {
		t.Fatal("nobody could be placed, and nothing was said")
	}
	if g.Mark() != before || g.Revision() != 2 {
		t.Fatalf("at %v after %v with people left to place", g.Mark(), before)
	}
	if d := g.Decide("u1", "messages.send"); d.Allowed {
		t.Fatal("placed without being read")
	}
	flaky.rows = nil
	catchUp(t, g)
	if d := g.Decide("u1", "messages.send"); !d.Allowed || g.Mark().Revision != 2 {
		t.Fatalf("%+v at %v", d, g.Mark())
	}
	s.hold("terms", terms.Hold{ID: "later", Starts: c.Now().Add(time.Hour), Effect: terms.Lift, Clock: terms.ClockStop})
	catchUp(t, g)
	mark := g.Mark()
	if g.Turned(mark) {
		t.Fatal("nothing has turned yet")
	}
	c.Set(c.Now().Add(2 * time.Hour))
	catchUp(t, g)
	if !g.Turned(mark) || g.Turned(g.Mark()) {
		t.Fatal("a hold began by itself")
	}
}

// failing is a source whose rows cannot be read for a while.
type failing struct {
	*source
	rows error
}

func (f *failing) Rows(ctx context.Context, rows []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	if f.rows != nil {
		return nil, f.rows
	}
	return f.source.Rows(ctx, rows, campaign, after, limit)
}
