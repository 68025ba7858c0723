package tracker_test

import (
	"errors"
	"testing"

	"assent/terms"
	"assent/tracker"
)

func TestAnOlderPlanIsNotActivatedAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		later := plan()
		later.Deadline = deadline.Add(day)
		if _, err := w.AddPlan(t.Context(), later, nil, "test"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Activate(t.Context(), "new-terms-2021", 2, "test", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Activate(t.Context(), "new-terms-2021", 1, "test", nil); !errors.Is(err, terms.Conflict) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestNewcomersDoNotLookLikeAnUnfinishedWalk(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		late := []tracker.Person{{ID: "late", Country: "BR", Locale: "pt-BR", Type: terms.Personal}}
		if err := w.AddPeople(t.Context(), late); err != nil {
			t.Fatal(err)
		}
		p, err := w.Preview(t.Context(), "new-terms-2021", w.clock(), tracker.PreviewOptions{})
		if err != nil || p.Walking {
			t.Fatalf("walking %t, %v", p.Walking, err)
		}
	})
}
