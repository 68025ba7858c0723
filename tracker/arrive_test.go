package tracker_test

import (
	"testing"

	"assent/terms"
	"assent/tracker"
)

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
