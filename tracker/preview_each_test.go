package tracker_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

func TestAPreviewTellsOfEverybodyForWhomSomethingIsDue(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US", "MX", "NG", "DE", "TR", "EG")
		reached := []string{"p-0", "p-1", "p-2", "p-3", "p-5"}
		for at := deadline; at.Before(deadline.Add(70 * day)); at = at.Add(14 * day) {
			w.walk(at, reached...)
			w.set(at.Add(10 * day))
			told := map[tracker.PreviewMove]int{}
			lose := map[string]int{}
			preview, err := w.Preview(t.Context(), "new-terms-2021", time.Time{}, tracker.PreviewOptions{Each: func(p tracker.PreviewPerson) error {
				told[tracker.PreviewMove{Action: p.Action, From: p.From, To: p.To, Region: p.Region}]++
				for _, capability := range p.Lose {
					lose[capability]++
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range preview.Moves {
				people := m.People
				if m.People = 0; told[m] != people {
					t.Errorf("%d lines of %+v, and %d people", told[m], m, people)
				}
				delete(told, m)
			}
			if len(told) > 0 {
				t.Errorf("at %s the lines tell of %v besides", at, told)
			}
			for _, c := range preview.Capabilities {
				if lose[c.Capability] != c.Lose {
					t.Errorf("%d lines lose %s, and %d people", lose[c.Capability], c.Capability, c.Lose)
				}
			}
		}
		full := errors.New("nobody reads any more")
		_, err := w.Preview(t.Context(), "new-terms-2021", deadline.Add(100*day), tracker.PreviewOptions{Each: func(tracker.PreviewPerson) error { return full }})
		if !errors.Is(err, full) {
			t.Errorf("it goes on: %v", err)
		}
	})
}

func TestAPreviewKnowsThatALiftingHoldHasGivenBackAlready(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "DE")
		w.walk(deadline.Add(60*day), "p-0", "p-1")
		hold := terms.Hold{Campaign: "new-terms-2021", Scope: terms.Scope{Region: "BR"}, Reason: "court order", Clock: terms.ClockStop, Effect: terms.Lift}
		if _, err := w.PlaceHold(t.Context(), hold, "test"); err != nil {
			t.Fatal(err)
		}
		preview, err := w.Preview(t.Context(), "new-terms-2021", w.clock().Add(60*day), tracker.PreviewOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(preview.Moves, func(m tracker.PreviewMove) bool {
			return m.Action == terms.Restore && m.From == "limited" && m.People == 1
		}) {
			t.Fatalf("the run takes nobody back: %+v", preview.Moves)
		}
		for _, c := range preview.Capabilities {
			if c.Regain > 0 {
				t.Errorf("a run gives %s back to %d people, who have it", c.Capability, c.Regain)
			}
		}
	})
}
