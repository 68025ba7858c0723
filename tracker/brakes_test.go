package tracker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// crowd is a campaign without spread in which n people reached by every notice
// are at persistent, an hour before they are due to lose something.
func (w *world) crowd(n int) []string {
	w.t.Helper()
	w.publish()
	var people []string
	for i := range n {
		people = append(people, fmt.Sprintf("c-%03d", i))
		w.person(tracker.Person{ID: people[i], Created: start.Add(-400 * day)})
	}
	w.replace(func(p *terms.Plan) { p.Stages[3].Spread = 0 })
	w.walk(crowdDue.Add(-time.Hour), people...)
	w.at("persistent", people...)
	return people
}

// crowdDue is when the crowd is due.
var crowdDue = deadline.Add(35 * day)

// restricted counts the people who are without something.
func (w *world) restricted() int {
	w.t.Helper()
	o, err := w.Overview(w.t.Context(), campaign)
	if err != nil {
		w.t.Fatal(err)
	}
	return int(o.Totals.Restricted)
}

func (w *world) breaker() tracker.BreakerState {
	w.t.Helper()
	b, err := w.BreakerOf(w.t.Context(), campaign)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) expect(people int64) {
	w.t.Helper()
	x := tracker.Expectation{Campaign: campaign, People: people, Until: w.clock().Add(5 * day), Reason: "as the preview says"}
	if _, err := w.Expect(w.t.Context(), x, "mei"); err != nil {
		w.t.Fatal(err)
	}
}

func guarded(g tracker.Guard) wiring { return func(d *tracker.Deps) { d.Guard = g } }

func TestARunThatWouldRestrictTooManyStopsBeforeTheFirst(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(20)
		w.set(crowdDue)
		preview, err := w.Preview(t.Context(), campaign, time.Time{}, tracker.PreviewOptions{})
		if err != nil || !preview.Trips || preview.Restricted != 20 || len(preview.Stopped) != 1 || preview.Stopped[0].People != 20 {
			t.Fatalf("the preview: %+v, %v", preview, err)
		}
		for range 3 {
			if run := w.sweep(); run.Stopped != 20 || run.Moved != 0 || w.restricted() != 0 {
				t.Fatalf("%d restricted by %+v", w.restricted(), run)
			}
			w.pass(time.Hour)
		}
		if b := w.breaker(); b.TrippedAt.IsZero() || b.Would != 20 || b.Limit != 5 || b.Allowed != 5 {
			t.Fatalf("the breaker: %+v", b)
		}
		// Everything else goes on: choices, reminders, restorations.
		w.respond(people[0], terms.Accept, "k")
		w.person(tracker.Person{ID: "new"})
		w.pass(time.Hour)
		if run := w.sweep(); run.Told != 1 || run.Stopped != 19 {
			t.Fatalf("a newcomer is told: %+v", run)
		}
		w.reverse("reminded", "")
		w.pass(time.Hour)
		if run := w.sweep(); run.Moved != 19 {
			t.Fatalf("people are taken back: %+v", run)
		}
		w.pass(7 * day)
		if w.sweep(); w.breaker().TrippedAt.IsZero() {
			t.Fatal("the breaker has closed by itself")
		}
	}, guarded(tracker.Guard{Share: 0.25, Floor: 2, Factor: 2}))
}

func TestWhatStaffApproveTheSweepDoesUpToItsFactor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(20)
		w.set(crowdDue)
		w.sweep()
		w.expect(9)
		if b := w.breaker(); !b.TrippedAt.IsZero() || b.Allowed != 18 {
			t.Fatalf("approved: %+v", b)
		}
		if run := w.sweep(); run.Stopped != 20 || w.restricted() != 0 {
			t.Fatalf("more than twice what was approved: %+v", run)
		}
		w.expect(10)
		if run := w.sweep(); run.Moved != 20 || w.restricted() != 20 {
			t.Fatalf("approved: %+v", run)
		}
		w.pass(10 * day)
		w.can(false, "messages.send", people...)
		if b := w.breaker(); b.Allowed != 5 {
			t.Fatalf("what was approved counts for ever: %+v", b)
		}
		_, err := w.Expect(t.Context(), tracker.Expectation{Campaign: campaign, Until: w.clock().Add(40 * day)}, "mei")
		fails(t, err, terms.Invalid, "people", "until", "reason")
	}, guarded(tracker.Guard{Share: 0.25, Floor: 2, Factor: 2}))
}

func TestTheBreakerAddsUpWhatRunsRestrictWithinADay(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(12)
		until := crowdDue // of the ladder's clock: 35 days later each loses something
		later := map[int]time.Duration{0: 0, 1: 0, 2: 0, 3: 3 * time.Hour, 4: 3 * time.Hour, 5: 3 * time.Hour}
		for i, person := range people {
			after, soon := later[i]
			if !soon {
				after = 60 * day
			}
			h := terms.Hold{Scope: terms.Scope{Person: person}, Clock: terms.ClockContinue, Ends: until.Add(after)}
			if after > 0 {
				w.hold(h)
			}
		}
		w.set(crowdDue)
		if run := w.sweep(); run.Moved != 3 || w.restricted() != 3 {
			t.Fatalf("three of five allowed: %+v", run)
		}
		w.set(crowdDue.Add(3 * time.Hour))
		if run := w.sweep(); run.Stopped != 3 || w.restricted() != 3 {
			t.Fatalf("three more would be six within a day: %+v", run)
		}
		w.set(crowdDue.Add(26 * time.Hour))
		if run := w.sweep(); run.Stopped != 3 {
			t.Fatalf("it waits for staff, not for the next day: %+v", run)
		}
		w.expect(3)
		if run := w.sweep(); run.Moved != 3 || w.restricted() != 6 {
			t.Fatalf("approved: %+v", run)
		}
	}, guarded(tracker.Guard{Share: 0.01, Floor: 5, Factor: 2}))
}

func TestTwoSweepsAtOnceRestrictNoMoreThanTheBreakerLetsThrough(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.crowd(30)
		other := w.beside(guarded(tracker.Guard{Floor: 30, Factor: 2}))
		half := w.beside(guarded(tracker.Guard{Floor: 10, Factor: 2}))
		w.set(crowdDue)
		var group sync.WaitGroup
		for _, one := range []*world{half, half, half} {
			group.Go(func() {
				if _, err := one.Sweep(t.Context(), crowdDue); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := w.restricted(); n != 0 {
			t.Fatalf("%d restricted", n)
		}
		other.expect(30)
		other.sweep()
		if n := w.restricted(); n != 30 {
			t.Fatalf("%d restricted once approved", n)
		}
	})
}

func TestWhilePausedASweepOnlyGivesBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(5)
		w.walk(crowdDue, people...)
		w.can(false, "messages.send", people...)
		_, err := w.Pause(t.Context(), "", "mei")
		fails(t, err, terms.Invalid, "reason")
		if _, err := w.Pause(t.Context(), "look at this first", "mei"); err != nil {
			t.Fatal(err)
		}
		w.person(tracker.Person{ID: people[0], Country: "DE"})
		w.person(tracker.Person{ID: "new"})
		w.set(crowdDue.Add(60 * day))
		w.present(people...)
		w.pass(time.Hour)
		preview, err := w.Preview(t.Context(), campaign, time.Time{}, tracker.PreviewOptions{})
		if err != nil || !preview.Paused {
			t.Fatalf("%+v, %v", preview, err)
		}
		run := w.sweep()
		if run.Told != 0 || run.Moved != 0 || run.Stopped != 5 {
			t.Fatalf("paused: %+v", run)
		}
		w.at("limited", people[1:]...)
		w.can(true, "messages.send", people[0])
		w.respond(people[1], terms.Accept, "k")
		w.can(true, "messages.send", people[1])
		if err := w.Resume(t.Context(), "all is well", "ben"); err != nil {
			t.Fatal(err)
		}
		w.sweep()
		w.at("suspended_delivery", people[2:]...)
		fails(t, w.Resume(t.Context(), "twice", "ben"), terms.Conflict, "not paused")
	})
}

// TestAPauseStopsARunThatHasBegun pauses when a run has decided its first chunks
// and written none.
func TestAPauseStopsARunThatHasBegun(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.crowd(20)
		w.set(crowdDue)
		writes := 0
		run := w.beside(func(d *tracker.Deps) {
			measure := d.Pace.Stopwatch
			d.Pace.Stopwatch = func() func() time.Duration {
				if writes++; writes == 2 { // the first measures the walk
					if _, err := w.Pause(t.Context(), "look at this first", "mei"); err != nil {
						t.Error(err)
					}
				}
				return measure()
			}
		}).sweep()
		if n := w.restricted(); n != 0 || run.Moved != 0 || run.Stopped != 20 {
			t.Fatalf("%d restricted after the pause: %+v", n, run)
		}
		if err := w.Resume(t.Context(), "as foreseen", "mei"); err != nil {
			t.Fatal(err)
		}
		if w.sweep(); w.restricted() != 20 {
			t.Fatalf("%d restricted once resumed", w.restricted())
		}
	})
}

// TestASweepThatWasStoppedGoesOnSoon has every chunk last an hour, as for a machine
// that slept in it: it must not rest for many.
func TestASweepThatWasStoppedGoesOnSoon(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.crowd(20)
		w.set(crowdDue)
		rested, times := time.Duration(0), 0
		w.beside(func(d *tracker.Deps) {
			d.Pace.Duty = 0.1
			d.Pace.Stopwatch = func() func() time.Duration { return func() time.Duration { return time.Hour } }
			d.Pace.Rest = func(_ context.Context, rest time.Duration) { rested, times = max(rested, rest), times+1 }
		}).sweep()
		if times == 0 || rested > 5*time.Second {
			t.Errorf("it rested %d times, up to %v", times, rested)
		}
	})
}

func TestAClockThatGoesBackStopsSteppingUntilStaffResume(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(5)
		w.set(crowdDue.Add(3 * day)) // somebody set the clock wrong
		w.person(tracker.Person{ID: "new"})
		w.sweep()
		w.set(crowdDue.Add(3*day - 2*time.Hour)) // which two ticks may do
		if run := w.sweep(); run.Stopped != 0 {
			t.Fatalf("a step of two ticks: %+v", run)
		}
		w.set(crowdDue.Add(-2 * time.Hour))
		if run := w.sweep(); run.Moved+run.Told != 0 {
			t.Fatalf("after the clock went back: %+v", run)
		}
		pause, err := w.Paused(t.Context())
		if err != nil || pause.At.IsZero() || pause.By != "sweep" {
			t.Fatalf("not paused: %+v, %v", pause, err)
		}
		w.set(crowdDue.Add(time.Hour))
		if run := w.sweep(); run.Moved+run.Told != 0 {
			t.Fatalf("it goes on by itself: %+v", run)
		}
		if err := w.Resume(t.Context(), "the clock is right now", "mei"); err != nil {
			t.Fatal(err)
		}
		w.person(tracker.Person{ID: "newer"})
		w.pass(time.Hour)
		if run := w.sweep(); run.Told != 1 {
			t.Fatalf("resumed, by the clock that is right: %+v", run)
		}
		w.can(false, "messages.send", people...) // taken on the wrong day, and recorded so
	})
}

func TestARowThatCannotBeHandledIsLeftAloneAfterThreeTriesAndTheOthersGoOn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(9)
		w.exec("UPDATE enrollments SET stage = 99 WHERE person = 'c-004'")
		w.set(crowdDue)
		for try := 1; try <= 5; try++ {
			run := w.sweep()
			if want := map[bool]int{true: 1, false: 0}[try <= tracker.MaxTries]; run.Failed != want {
				t.Fatalf("try %d: %+v", try, run)
			}
			if try == 1 && run.Moved != 8 {
				t.Fatalf("the others: %+v", run)
			}
			w.pass(time.Hour)
		}
		w.can(false, "messages.send", append(people[:4:4], people[5:]...)...)
		failures, err := w.Failures(t.Context(), campaign)
		if err != nil || len(failures) != 1 || failures[0].Person != "c-004" || failures[0].Tries != 3 || failures[0].Error == "" {
			t.Fatalf("%+v, %v", failures, err)
		}
		w.exec("UPDATE enrollments SET stage = 2 WHERE person = 'c-004'")
		if run := w.sweep(); run.Moved != 0 {
			t.Fatalf("tried before staff said so: %+v", run)
		}
		if err := w.Retry(t.Context(), campaign, "c-004", "mei"); err != nil {
			t.Fatal(err)
		}
		if run := w.sweep(); run.Moved != 1 || run.Failed != 0 {
			t.Fatalf("repaired: %+v", run)
		}
		w.can(false, "messages.send", people...)
		fails(t, w.Retry(t.Context(), campaign, "c-004", "mei"), terms.NotFound)
	})
}

// leased is a process that sweeps only while it holds the lease.
func leased(w *world, holder string, rest func()) wiring {
	return func(d *tracker.Deps) {
		d.Lease = &tracker.LeaseTerms{Holder: holder, TTL: time.Minute, Now: w.clock}
		d.Pace.Rest = func(context.Context, time.Duration) { rest() }
		d.Pace.Rows, d.Pace.MaxRows = 4, 4
	}
}

func TestOneProcessSweepsAtATimeAndAZombieWritesNoMore(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(30)
		w.set(crowdDue)
		second := w.beside(leased(w, "second", func() {}))
		var once sync.Once
		first := w.beside(leased(w, "first", func() {
			once.Do(func() { // between two chunks of the first process
				if _, err := second.Sweep(t.Context(), crowdDue); !errors.Is(err, tracker.ErrLeased) {
					t.Errorf("beside a process that sweeps: %v", err)
				}
				before := len(w.moved(people))
				w.pass(2 * time.Minute) // which the first one does not wake in
				if run, err := second.Sweep(t.Context(), crowdDue); err != nil || run.Moved != len(people)-before || before == 0 {
					t.Errorf("after %d moves the second takes over: %+v, %v", before, run, err)
				}
			})
		}))
		run, err := first.Sweep(t.Context(), crowdDue)
		if !errors.Is(err, tracker.ErrLeaseLost) || run.Moved >= len(people) {
			t.Fatalf("the zombie: %+v, %v", run, err)
		}
		if moved := w.moved(people); len(moved) != len(people) {
			t.Fatalf("%d of %d moved", len(moved), len(people))
		}
		if run, err := first.Sweep(t.Context(), crowdDue); err != nil || run.Moved != 0 {
			t.Fatalf("it comes back as any other: %+v, %v", run, err)
		}
	})
}

// moved are the people with exactly one transition into the stage of the crowd.
func (w *world) moved(people []string) []string {
	w.t.Helper()
	var out []string
	for _, person := range people {
		n := 0
		for _, one := range w.transitions(person) {
			if one.To == 3 {
				n++
			}
		}
		if n > 1 {
			w.t.Errorf("%s was moved there %d times", person, n)
		}
		if n == 1 {
			out = append(out, person)
		}
	}
	return out
}

func TestWithoutALeaseSweepsOfSeveralProcessesStillMoveEachPersonOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(40)
		w.set(crowdDue)
		var group sync.WaitGroup
		for range 4 {
			one := w.beside()
			group.Go(func() {
				if _, err := one.Sweep(t.Context(), crowdDue); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if moved := w.moved(people); len(moved) != len(people) {
			t.Fatalf("%d of %d moved", len(moved), len(people))
		}
	})
}

func TestWhatAnotherRunRestrictsMeanwhileCounts(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		people := w.crowd(8)
		w.set(crowdDue)
		var once sync.Once
		run, err := w.beside(guarded(tracker.Guard{Floor: 10, Factor: 2}), leased(w, "first", func() {
			once.Do(func() { // after a chunk of four, and a look ahead that saw room for ten
				err := w.Store.Update(t.Context(), func(tx tracker.Tx) error { return tx.AddRestricted(t.Context(), campaign, crowdDue, 5) })
				if err != nil {
					t.Error(err)
				}
			})
		})).Sweep(t.Context(), crowdDue)
		if err != nil || run.Moved != 4 || run.Stopped != 4 {
			t.Fatalf("%+v, %v", run, err)
		}
		if b := w.breaker(); b.TrippedAt.IsZero() || w.restricted() != 4 {
			t.Fatalf("%d of %d restricted, the breaker %+v", w.restricted(), len(people), b)
		}
	})
}
