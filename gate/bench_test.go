package gate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"assent/gate"
	"assent/terms"
)

// population is a gate with people spread over the ladder.
func population(b *testing.B, people int) (*gate.Gate, []string) {
	b.Helper()
	s, now := newSource("terms"), start.Add(170*day)
	ids := make([]string, people)
	for i := range people {
		row := at(int64(i+1), "terms", "BR", i%4, now.Add(-time.Duration(i%1000)*time.Minute))
		ids[i] = row.Person
		s.rows["terms"][row.Ref] = row
	}
	return newGate(b, s, func() time.Time { return now }), ids
}

func BenchmarkDecide(b *testing.B) {
	g, ids := population(b, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if d := g.Decide(ids[i%len(ids)], "messages.send"); !d.Known {
			b.Fatal(d)
		}
	}
}

func BenchmarkBulkAnswer(b *testing.B) {
	g, ids := population(b, 10_000)
	now, buffer := start.Add(170*day), make([]byte, 0, 8<<10)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e, _ := g.Entry(ids[i%len(ids)])
		buffer = e.AppendFlags(buffer[:0], now, nil)
	}
	b.SetBytes(int64(len(buffer)))
}

func BenchmarkETag(b *testing.B) {
	g, ids := population(b, 10_000)
	now, buffer := start.Add(170*day), make([]byte, 0, 64)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e, _ := g.Entry(ids[i%len(ids)])
		if buffer = e.AppendTag(buffer[:0], now); len(buffer) == 0 {
			b.Fatal("no tag")
		}
	}
}

func BenchmarkChange(b *testing.B) {
	s, now := newSource("terms"), start.Add(170*day)
	g := newGate(b, s, func() time.Time { return now })
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.save(at(int64(i%1000), "terms", "BR", i%4, now.Add(-time.Duration(i%777)*time.Hour)))
		if i%1000 == 999 {
			catchUp(b, g)
		}
	}
	if g.People() > 1000 {
		b.Fatal(fmt.Sprint(g.People()))
	}
}

// crowd is a source of a million restricted people, made as they are read, with
// ids of sixteen bytes.
type crowd struct {
	*source
	people int
}

func (c crowd) Rows(_ context.Context, rows []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	for ref := after + 1; ref <= int64(c.people) && len(rows) < limit; ref++ {
		row := at(0, campaign, "BR", 3+int(ref)%2, start.Add(169*day+time.Duration(ref)*time.Millisecond))
		row.Ref, row.Person = ref, crowded(ref*10)
		rows = append(rows, row)
	}
	return rows, nil
}

// crowded is the id of one of ten million people, of whom every tenth is
// restricted.
func crowded(n int64) string { return fmt.Sprintf("person-%09d", n) }

// BenchmarkTenMillion decides about random people among ten million, of whom a
// million are restricted, and then about random ones of those. It reports what
// one of them costs in memory, all counted: after loading, and at the worst while
// all of them change.
func BenchmarkTenMillion(b *testing.B) {
	const restricted = 1_000_000
	now := start.Add(170 * day)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s := newSource("terms")
	g := gate.New(crowd{s, restricted}, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: func() time.Time { return now }})
	if err := g.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	each := func() float64 { return float64(heap()-before) / restricted }
	loaded := each()
	most := loaded
	for again := range 2 { // each hold has everybody placed again
		s.hold("terms", terms.Hold{ID: fmt.Sprint(again), Campaign: "terms", Clock: terms.ClockContinue, Effect: terms.Freeze, Starts: now})
		if err := g.CatchUp(b.Context(), 0); err != nil {
			b.Fatal(err)
		}
		most = max(most, each())
	}
	for name, of := range map[string]int64{"anybody": 1, "restricted": 10} {
		b.Run(name, func(b *testing.B) {
			ids := make([]string, 1<<18)
			for i := range ids {
				ids[i] = crowded((rand.Int64N(10*restricted/of) + 1) * of)
			}
			off := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if d := g.Decide(ids[i&(len(ids)-1)], "messages.send"); !d.Allowed {
					off++
				}
			}
			b.ReportMetric(loaded, "B/person")
			b.ReportMetric(most, "worst-B/person")
			if g.People() != restricted || off == 0 {
				b.Fatal(g.People(), off)
			}
		})
	}
}
