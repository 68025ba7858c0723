package tracker_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

func TestAHoldForACohortStopsItAndNobodyElse(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR")
		w.person(tracker.Person{ID: "p-1", Attributes: "app=kaios\nbeta=no"})
		w.walk(deadline.Add(-day), "p-0", "p-1")
		h := w.hold(terms.Hold{Scope: terms.Scope{Attributes: "app=kaios"}})
		w.walk(deadline.Add(2*day), "p-0", "p-1")
		w.at("reminded", "p-0")
		w.at("announced", "p-1")
		if pos := w.position("p-1"); pos.HoldID != h.ID || pos.Next.Why != terms.WaitsForHold {
			t.Fatalf("held: %+v", pos)
		}
		w.person(tracker.Person{ID: "p-1", Attributes: "app=android"}) // another phone
		w.walk(deadline.Add(3*day), "p-0", "p-1")
		w.at("reminded", "p-1")
	})
}

func TestRemindersUnderAHoldGoOnOnlyWhereItSaysSo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		w.walk(announce.Add(day))
		w.hold(terms.Hold{Scope: terms.Scope{Region: "BR"}})
		w.hold(terms.Hold{Scope: terms.Scope{Region: "IN"}, Reminders: true})
		if br, in := w.position("p-0").Reminder.Mode, w.position("p-1").Reminder.Mode; br != terms.NoReminder || in != terms.Banner {
			t.Fatalf("BR %q, IN %q", br, in)
		}
		w.hold(terms.Hold{Scope: terms.Scope{Person: "p-1"}})
		if in := w.position("p-1").Reminder.Mode; in != terms.NoReminder {
			t.Fatalf("a second hold is silent: %q", in)
		}
	})
}

func TestOfOverlappingHoldsTheLastOneCountsAndTheTimeCountsOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(announce.Add(10*day), "p-0")
		region := w.hold(terms.Hold{Scope: terms.Scope{Region: "BR"}})
		w.walk(announce.Add(15 * day))
		person := w.hold(terms.Hold{Scope: terms.Scope{Person: "p-0"}})
		w.walk(announce.Add(20 * day))
		w.release(region)
		if pos := w.position("p-0"); pos.HoldID != person.ID {
			t.Fatalf("one is left: %+v", pos)
		}
		w.walk(announce.Add(30 * day))
		w.release(person)
		if at := w.position("p-0").Next.At; !at.Equal(deadline.Add(20 * day)) {
			t.Fatalf("held for 20 days, and next is %s after the deadline", at.Sub(deadline))
		}
		w.walk(deadline.Add(20*day-time.Hour), "p-0")
		w.at("announced", "p-0")
		w.walk(deadline.Add(20*day), "p-0")
		w.at("reminded", "p-0")
	})
}

func TestAfterAHoldPeopleGoOnOverItsSpread(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch()
		var people []string
		for i := range 40 {
			people = append(people, fmt.Sprintf("q-%d", i))
			w.person(tracker.Person{ID: people[i], Created: start.Add(-400 * day)})
		}
		w.walk(deadline.Add(-day), people...)
		h := w.hold(terms.Hold{Clock: terms.ClockContinue, Spread: -1})
		if h.Spread != 14*day {
			t.Fatalf("the deployment's spread is 14 days, the hold's %s", h.Spread)
		}
		w.walk(deadline.Add(10*day), people...)
		w.release(h)
		released := w.clock()
		perDay := map[int]int{}
		w.walk(released.Add(15*day), people...)
		for _, person := range people {
			moved := w.transitions(person)
			if len(moved) != 1 {
				t.Fatalf("%s: %+v", person, moved)
			}
			perDay[int(moved[0].At.Sub(released)/day)]++
		}
		for d, n := range perDay {
			if d > 14 || n > len(people)/3 {
				t.Fatalf("%d of %d on day %d: %v", n, len(people), d, perDay)
			}
		}
		if len(perDay) < 8 {
			t.Fatalf("people go on on %d days only: %v", len(perDay), perDay)
		}
	})
}

func TestAfterAHoldThatRestartsTheClockTheNoticePeriodRunsAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(deadline.Add(-day), "p-0")
		h := w.hold(terms.Hold{Clock: terms.ClockRestart})
		w.walk(deadline.Add(10*day), "p-0")
		w.release(h)
		if at := w.position("p-0").Next.At; !at.Equal(deadline.Add(40 * day)) {
			t.Fatalf("next is %s after the deadline", at.Sub(deadline))
		}
		w.walk(deadline.Add(40*day-time.Hour), "p-0")
		w.at("announced", "p-0")
		w.walk(deadline.Add(40*day), "p-0")
		w.at("reminded", "p-0")
	})
}

func TestAHoldThatLiftsGivesEverythingBackAndItsEndTakesNothingAtOnce(t *testing.T) {
	for name, h := range map[string]terms.Hold{
		"released":                       {Scope: terms.Scope{Region: "BR"}},
		"ending by itself":               {Scope: terms.Scope{Region: "BR"}, Ends: deadline.Add(100 * day)},
		"of one person":                  {Scope: terms.Scope{Person: "p-0"}, Ends: deadline.Add(100 * day)},
		"beginning and ending by itself": {Scope: terms.Scope{Region: "BR"}, Starts: deadline.Add(90 * day), Ends: deadline.Add(100 * day)},
	} {
		t.Run(name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, w *world) {
				w.launch("BR", "IN")
				w.walk(deadline.Add(80*day), "p-0", "p-1")
				w.at("suspended_delivery", "p-0", "p-1")
				h := h
				h.Effect = terms.Lift
				placed := w.hold(h)
				w.walk(placed.Starts.Add(time.Hour), "p-0", "p-1")
				w.can(true, "messages.send", "p-0")
				if n := len(w.transitions("p-0")); n != 5 {
					t.Fatalf("%d transitions: the sweep does not follow", n)
				}
				w.can(false, "messages.send", "p-1")
				w.walk(deadline.Add(100*day), "p-0", "p-1")
				if placed.Ends.IsZero() {
					w.release(placed)
				}
				w.can(true, "messages.send", "p-0")
				w.walk(deadline.Add(101*day), "p-0", "p-1")
				w.at("persistent", "p-0") // the last stage that takes nothing
				w.walk(deadline.Add(106*day), "p-0", "p-1")
				w.can(true, "messages.send", "p-0")
				w.walk(deadline.Add(200*day), "p-0", "p-1")
				w.at("suspended_delivery", "p-0", "p-1")
			})
		})
	}
}

func TestTheReleaseOfAHoldWaitsForASecondPerson(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		h := w.hold(terms.Hold{})
		_, err := w.ReleaseHold(t.Context(), campaign, h.ID, "done", "ben")
		var awaits *tracker.Awaits
		if !errors.As(err, &awaits) {
			t.Fatalf("released by one person: %v", err)
		}
		if pos := w.position("p-0"); pos.HoldID != h.ID {
			t.Fatalf("asking for it released it: %+v", pos)
		}
		_, err = w.Approve(t.Context(), awaits.Approval.ID, "ben")
		fails(t, err, terms.Conflict, "second person")
		if _, err := w.Approve(t.Context(), awaits.Approval.ID, "aya"); err != nil {
			t.Fatal(err)
		}
		if pos := w.position("p-0"); pos.HoldID != "" {
			t.Fatalf("approved: %+v", pos)
		}
		_, err = w.Approve(t.Context(), awaits.Approval.ID, "aya")
		fails(t, err, terms.Conflict, "approved already")
	}, func(d *tracker.Deps) {
		d.Approvals = tracker.Approvals{Acts: []string{tracker.ActRelease}, Expire: 7 * day}
	})
}
