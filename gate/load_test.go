package gate_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"assent/gate"
)

// asked is a source that knows who was handed out, and can fail after somebody.
type asked struct {
	*source
	mu     sync.Mutex
	handed map[int64]int
	fails  int64 // whoever asks for people after this one fails; 0: nobody
}

func (a *asked) Rows(ctx context.Context, to []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	if a.fails != 0 && after >= a.fails {
		return nil, errors.New("the disk is gone")
	}
	rows, err := a.source.Rows(ctx, to, campaign, after, limit)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, row := range rows {
		a.handed[row.Ref]++
	}
	return rows, err
}

func TestTwoReadersLoadEverybodyWhereverTheyMeet(t *testing.T) {
	t.Parallel()
	const people = 3100 // pages are of 1,000
	options := gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: func() time.Time { return start.Add(171 * day) }}
	for _, middle := range []int64{0, 1, 999, 1000, 1550, 3099, 3100, 9999} {
		s := newSource("terms")
		for ref := int64(1); ref <= people; ref++ {
			s.rows["terms"][ref] = at(ref, "terms", "BR", 2, start.Add(170*day))
		}
		s.books["terms"] = gate.Book{Campaign: "terms", Plans: s.books["terms"].Plans, Middle: middle}
		a := &asked{source: s, handed: map[int64]int{}}
		g := gate.New(a, options)
		if err := g.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if g.People() != people || g.Decide("u1", "chats.list").Allowed || g.Decide("u3100", "chats.list").Allowed {
			t.Errorf("middle %d: %d people are placed", middle, g.People())
		}
		for ref, times := range a.handed { // a page of each reader at most is read by both
			if times > 2 {
				t.Fatalf("middle %d: %d was read %d times", middle, ref, times)
			}
		}
		for _, fails := range []int64{1, 2000} {
			broken := gate.New(&asked{source: s, handed: map[int64]int{}, fails: fails}, options)
			if err := broken.Load(t.Context()); err == nil || broken.Ready() {
				t.Errorf("middle %d, nothing after %d can be read: %v", middle, fails, err)
			}
		}
	}
}
