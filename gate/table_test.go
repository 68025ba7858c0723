package gate_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"assent/gate"
)

// TestEverybodyIsKeptApart has thousands of people come, change and go, some with
// very long ids, some in two campaigns, some with silent reminders, and compares
// the gate with a map.
func TestEverybodyIsKeptApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, now := newSource("alpha", "beta"), start.Add(170*day)
		g := gate.New(s, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: func() time.Time { return now }})
		if err := g.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		kept := map[string]map[string]gate.Row{} // person → campaign → position
		people := rapid.SampledFrom([]int{3, 200, 1500}).Draw(t, "people")
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			for range people {
				ref := int64(rapid.IntRange(1, people).Draw(t, "ref"))
				row := at(ref, rapid.SampledFrom([]string{"alpha", "alpha", "beta"}).Draw(t, "campaign"), "BR", int(ref)%4, now.Add(-time.Duration(ref)*time.Minute))
				if ref%50 == 0 {
					row.Person += strings.Repeat("x", int(ref*37)%5000)
				}
				if ref%7 == 0 {
					row.SnoozedUntil = now.Add(time.Duration(ref) * time.Second)
				}
				if rapid.IntRange(0, 2).Draw(t, "act") == 0 {
					s.remove(row)
					delete(kept[row.Person], row.Campaign)
					continue
				}
				s.save(row)
				if kept[row.Person] == nil {
					kept[row.Person] = map[string]gate.Row{}
				}
				kept[row.Person][row.Campaign] = row
			}
			if err := g.CatchUp(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			compareWith(t, g, kept)
		}
	})
}

func compareWith(t *rapid.T, g *gate.Gate, kept map[string]map[string]gate.Row) {
	count := 0
	for person, rows := range kept {
		e, known := g.Entry(person)
		if known != (len(rows) > 0) || len(e.Profile.Standing.Positions) != len(rows) {
			t.Fatalf("%.20s: known %v with %d positions, but is in %d campaigns", person, known, len(e.Profile.Standing.Positions), len(rows))
		}
		if !known {
			continue
		}
		count++
		leading := rows[e.Profile.Standing.Positions[e.Profile.Leading].Campaign]
		quiet := int64(0)
		if !leading.SnoozedUntil.IsZero() {
			quiet = leading.SnoozedUntil.UnixMicro()
		}
		if e.Since != leading.Entered.UnixMicro() || e.Quiet != quiet {
			t.Fatalf("%.20s: %+v, but the position is %+v", person, e.Clock, leading)
		}
	}
	listed := map[string]bool{}
	for after := ""; ; {
		page := g.Snapshot(after, 500)
		for _, p := range page {
			if listed[p.Person] || len(kept[p.Person]) == 0 {
				t.Fatalf("%.20s is listed twice, or is not there", p.Person)
			}
			listed[p.Person], after = true, p.Person
		}
		if len(page) < 500 {
			break
		}
	}
	if g.People() != count {
		t.Fatal(fmt.Sprintf("%d people, want %d", g.People(), count))
	}
}

// TestNobodyIsMissedWhileOthersComeAndGo has readers look for people who stay
// while so many others come, change and go that the table is made again and
// again: whoever is there is found, with one of the positions they have had.
func TestNobodyIsMissedWhileOthersComeAndGo(t *testing.T) {
	t.Parallel()
	s, now := newSource("alpha"), start.Add(170*day)
	g := newGate(t, s, func() time.Time { return now })
	const stay, rounds = 400, 12
	stages := map[string]string{"limited": "chats.list", "suspended": "media"}
	row := func(ref int64, stage int) gate.Row { return at(ref, "alpha", "BR", stage, now.Add(-day)) }
	for ref := int64(1); ref <= stay; ref++ {
		s.save(row(ref, 2))
	}
	catchUp(t, g)
	var readers sync.WaitGroup
	var done atomic.Bool
	for reader := range 3 {
		readers.Go(func() {
			for ref := reader; !done.Load(); ref++ {
				person := fmt.Sprintf("u%d", ref%stay+1)
				d := g.Decide(person, "chats.list")
				if e, known := g.Entry(person); !known || d.Allowed || stages[e.Profile.Standing.Positions[0].Stage] == "" {
					t.Errorf("%s: %+v, known %v", person, d, known)
					return
				}
				g.Decide("nobody", "chats.list")
				g.Snapshot("", 10)
			}
		})
	}
	for round := range int64(rounds) {
		for ref := int64(1); ref <= stay; ref += 7 {
			s.save(row(ref, 2+int(round)%2))
		}
		for other := int64(stay + 1); other < stay+600; other++ {
			if s.save(row(other, 1)); (other+round)%3 != 0 {
				s.remove(row(other, 1))
			}
		}
		catchUp(t, g)
	}
	done.Store(true)
	readers.Wait()
}

func TestADecisionAllocatesNothing(t *testing.T) { //nolint:paralleltest // what others allocate would count
	s, now := newSource("alpha", "beta"), start.Add(170*day)
	g := newGate(t, s, func() time.Time { return now })
	for _, campaign := range []string{"alpha", "beta"} {
		row := at(1, campaign, "BR", 2, now)
		row.SnoozedUntil = now.Add(day)
		s.save(row)
	}
	catchUp(t, g)
	for _, person := range []string{"u1", "stranger"} {
		if n := testing.AllocsPerRun(1000, func() { g.Decide(person, "messages.send") }); n > 0 {
			t.Errorf("%s: %v allocations", person, n)
		}
	}
}
