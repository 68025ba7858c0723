package tracker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"assent/terms"
	"assent/tracker"
)

// spilling is a store whose transactions come to nothing at the last moment while
// it is told so.
type spilling struct {
	tracker.Store
	on atomic.Bool
}

var errSpilt = errors.New("the disk is full")

func (s *spilling) Update(ctx context.Context, fn func(tracker.Tx) error) error {
	return s.Store.Update(ctx, func(tx tracker.Tx) error {
		if err := fn(tx); err != nil || !s.on.Load() {
			return err
		}
		return errSpilt
	})
}

// spilt makes a hold that is taken back before it is committed.
func (w *world) spilt(s *spilling, h terms.Hold) {
	w.t.Helper()
	s.on.Store(true)
	defer s.on.Store(false)
	h.Campaign, h.Reason, h.Clock, h.Effect = campaign, "never", terms.ClockStop, terms.Lift
	if _, err := w.PlaceHold(w.t.Context(), h, "mei"); !errors.Is(err, errSpilt) {
		w.t.Fatalf("the hold was placed: %v", err)
	}
}

// withSpilling puts a store of each engine behind one that spills.
func withSpilling(t *testing.T, test func(*testing.T, *world, *spilling)) {
	t.Helper()
	t.Parallel()
	for name, url := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &spilling{}
			test(t, newWorld(t, url(t), &hands{now: start}, func(d *tracker.Deps) { s.Store, d.Store = d.Store, s }), s)
		})
	}
}

// judged is what the rules make of everybody, by a tracker.
func (w *world) judged(by *tracker.Tracker, people ...string) string {
	w.t.Helper()
	overview, err := by.Overview(w.t.Context(), campaign)
	w.must(err)
	told := fmt.Sprintf("%+v\n%+v\n", overview.Plan, overview.Holds)
	reversals, err := by.ReversalList(w.t.Context(), campaign)
	w.must(err)
	told += fmt.Sprintf("%+v\n", reversals)
	for _, person := range people {
		offer, err := by.Offer(w.t.Context(), person, campaign)
		w.must(err)
		told += fmt.Sprintf("%+v\n", offer)
	}
	return told
}

func TestAnActThatChangesTheRulesIsSeenByEveryoneAtOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "DE", "BR")
		w.walk(deadline.Add(-day), "p-0", "p-1")
		other := w.beside()
		var region, person tracker.Hold
		var reversal tracker.Reversed
		for _, act := range []struct {
			name string
			do   func()
		}{
			{"a hold", func() { region = w.hold(terms.Hold{Scope: terms.Scope{Region: "BR"}}) }},
			{"a hold that gives back", func() { person = w.hold(terms.Hold{Scope: terms.Scope{Person: "p-2"}, Effect: terms.Lift}) }},
			{"a release", func() { w.release(region) }},
			{"another plan", func() { w.replace(func(p *terms.Plan) { p.Deadline = deadline.Add(7 * day) }) }},
			{"a plan that takes sooner", func() { w.replace(func(p *terms.Plan) { p.Stages[3].After = 30 * day }) }},
			{"its confirmation", func() { w.confirm(3) }},
			{"a reversal", func() { reversal = w.reverse("announced", "eea-uk") }},
			{"its undoing", func() {
				w.sweep()
				_, err := w.Undo(t.Context(), campaign, reversal.ID, "too soon", "ben")
				w.must(err)
			}},
			{"an erasure of somebody with a hold", func() {
				_, err := w.ErasePerson(t.Context(), person.Scope.Person, "asked for it", "mei")
				w.must(err)
			}},
		} {
			w.judged(w.Tracker, "p-0", "p-1") // they know the rules now
			was, before := w.judged(other.Tracker, "p-0", "p-1"), w.ruled()
			act.do()
			want := w.judged(tracker.New(w.Deps), "p-0", "p-1")
			if want == was || w.ruled() <= before {
				t.Errorf("%s changes nothing, or no number says so: %d after %d", act.name, w.ruled(), before)
			}
			for name, got := range map[string]string{"who did it": w.judged(w.Tracker, "p-0", "p-1"), "another process": w.judged(other.Tracker, "p-0", "p-1")} {
				if got != want {
					t.Errorf("after %s %s goes by\n%s\nand the store has\n%s", act.name, name, got, want)
				}
			}
		}
	})
}

// ruled is the revision of the newest change of the rules.
func (w *world) ruled() uint64 {
	w.t.Helper()
	var c tracker.Campaign
	w.view(func(r tracker.Reader) error {
		var err error
		c, err = r.Campaign(w.t.Context(), campaign)
		return err
	})
	return c.Ruled
}

func TestRulesThatWereNeverCommittedAreServedToNobody(t *testing.T) {
	withSpilling(t, func(t *testing.T, w *world, s *spilling) {
		w.launch("BR", "DE")
		var newest uint64
		w.view(func(r tracker.Reader) error {
			var err error
			newest, err = r.Revision(t.Context())
			return err
		})
		w.spilt(s, terms.Hold{Scope: terms.Scope{Person: "p-0"}})
		kept := w.beside().hold(terms.Hold{Scope: terms.Scope{Region: "DE"}})
		if w.ruled() != newest+1 { // the revision that the other one would have had
			t.Fatalf("the rules changed at %d, and %d was the newest revision before", w.ruled(), newest)
		}
		if got := w.position("p-0").HoldID; got != "" {
			t.Errorf("p-0 is under hold %s, which was never placed", got)
		}
		if got := w.position("p-1").HoldID; got != kept.ID {
			t.Errorf("p-1 is under hold %q, and %s was placed", got, kept.ID)
		}
	})
}

func TestWhoeverReadsBesideChangesOfTheRulesSeesEachOnceItIsMade(t *testing.T) {
	withSpilling(t, func(t *testing.T, w *world, s *spilling) {
		w.launch("BR")
		var made atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for ctx.Err() == nil {
					least := made.Load()
					o, err := w.Overview(t.Context(), campaign)
					if err != nil || int64(len(o.Holds)) < least {
						t.Errorf("%d holds of at least %d that were placed: %v", len(o.Holds), least, err)
						return
					}
					if slices.ContainsFunc(o.Holds, func(h tracker.Hold) bool { return h.Reason == "never" }) {
						t.Error("somebody sees a hold that was never placed")
						return
					}
				}
			})
		}
		for range 15 {
			w.spilt(s, terms.Hold{Scope: terms.Scope{Person: "p-0"}})
			w.hold(terms.Hold{Scope: terms.Scope{Person: "p-0"}, Effect: terms.Lift})
			made.Add(1)
		}
		stop()
		readers.Wait()
	})
}
