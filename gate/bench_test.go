package gate_test

import (
	"fmt"
	"testing"
	"time"

	"assent/gate"
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
