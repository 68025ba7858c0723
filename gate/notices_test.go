package gate_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"assent/gate"
)

// tag is the entity tag of a bulk answer.
func tag(e gate.Entry, now time.Time) string { return string(e.AppendTag(nil, now)) }

// told reports whether a reader has a notice.
func told(r *gate.Reader) bool {
	select {
	case <-r.Changed():
		return true
	default:
		return false
	}
}

// rest lets time pass.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// noticed is a gate with people in a stage, and the notices of its changes.
func noticed(t *testing.T, limits gate.NoticeLimits, people, stage int) (*source, *gate.Gate, *gate.Notices) {
	t.Helper()
	s, now := newSource("terms"), start.Add(170*day)
	for i := range people {
		row := at(int64(i+1), "terms", "BR", stage, now)
		s.rows["terms"][row.Ref] = row
	}
	notices := gate.NewNotices(limits)
	g := gate.New(s, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: func() time.Time { return now }})
	g.Watch(notices.Applied)
	if err := g.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, g, notices
}

func join(t *testing.T, n *gate.Notices, person string) *gate.Reader {
	t.Helper()
	r, ok := n.Join(person)
	if !ok {
		t.Fatalf("no room for a reader of %s", person)
	}
	return r
}

func TestOnlyReadersWhoseAnswersChangedAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, g, n := noticed(t, gate.NoticeLimits{Readers: 10, PerPerson: 2, PerSecond: 1000}, 2, 1)
		first, second := join(t, n, "u1"), join(t, n, "u2")
		s.save(at(1, "terms", "BR", 2, start.Add(170*day)))
		catchUp(t, g)
		s.save(at(1, "terms", "BR", 3, start.Add(170*day)))
		catchUp(t, g)
		rest(time.Second)
		if !told(first) || told(first) || told(second) {
			t.Fatal("want one notice for u1, whatever number of changes, and none for u2")
		}
	})
}

func TestNoticesOfAChangeForEverybodyAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const people = 500
		s, g, n := noticed(t, gate.NoticeLimits{Readers: people, PerPerson: 1, PerSecond: 100}, people, 1)
		readers := make([]*gate.Reader, people)
		for i := range readers {
			readers[i] = join(t, n, fmt.Sprintf("u%d", i+1))
		}
		for i := range people {
			s.save(at(int64(i+1), "terms", "BR", 2, start.Add(170*day)))
		}
		catchUp(t, g)
		count := func() (sum int) {
			for _, r := range readers {
				if told(r) {
					sum++
				}
			}
			return sum
		}
		if rest(2 * time.Second); count() > 210 {
			t.Fatal("more than a hundred a second")
		}
		// Whoever is restored meanwhile does not wait for the others.
		s.save(at(people, "terms", "BR", 1, start.Add(170*day)))
		catchUp(t, g)
		if rest(100 * time.Millisecond); !told(readers[people-1]) {
			t.Fatal("a restoration waited behind restrictions")
		}
		if rest(time.Minute); count() < 280 {
			t.Fatal("some were never told")
		}
	})
}

func TestReadersAreBounded(t *testing.T) {
	t.Parallel()
	_, _, n := noticed(t, gate.NoticeLimits{Readers: 3, PerPerson: 2, PerSecond: 1000}, 0, 1)
	first := join(t, n, "u1")
	join(t, n, "u1")
	if _, ok := n.Join("u1"); ok {
		t.Fatal("a third reader for one person")
	}
	join(t, n, "u2")
	if _, ok := n.Join("u3"); ok {
		t.Fatal("a fourth reader")
	}
	n.Leave(first)
	n.Leave(first)
	join(t, n, "u3")
	if n.Readers() != 3 {
		t.Fatalf("%d readers", n.Readers())
	}
}
