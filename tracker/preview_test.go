package tracker_test

import (
	"errors"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

func TestThePreviewOfARunIsWhatTheRunThenDoes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US", "MX", "NG", "DE", "TR", "EG")
		reached := []string{"p-0", "p-1", "p-2", "p-3", "p-5"}
		for at := deadline.Add(-day); at.Before(deadline.Add(70 * day)); at = at.Add(7 * day) {
			w.walk(at, reached...)
			w.set(at.Add(3 * day))
			preview, err := w.Preview(t.Context(), "new-terms-2021", time.Time{}, tracker.PreviewOptions{})
			if err != nil {
				t.Fatal(err)
			}
			run, err := w.Sweep(t.Context(), w.clock())
			if err != nil {
				t.Fatal(err)
			}
			var moved, told, waiting int
			for _, m := range preview.Moves {
				switch m.Action {
				case terms.Enter, terms.Restore:
					moved += m.People
				default:
					told += m.People
				}
			}
			for _, wait := range preview.Waits {
				waiting += wait.People
			}
			if preview.Examined != run.Examined || moved != run.Moved || told != run.Told || waiting != run.Waiting {
				t.Fatalf("at %s the preview says examined %d, moved %d, told %d, waiting %d; the run did %+v", at, preview.Examined, moved, told, waiting, run)
			}
		}
	})
}

func TestAPreviewNamesWhatPeopleWouldLose(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		w.walk(deadline.Add(50*day), "p-0") // nothing reaches p-1
		preview, err := w.Preview(t.Context(), "new-terms-2021", deadline.Add(64*day), tracker.PreviewOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(preview.Capabilities) != 1 || preview.Capabilities[0] != (tracker.PreviewCapability{Capability: "calls.answer", Lose: 1}) {
			t.Errorf("capabilities %+v", preview.Capabilities)
		}
		if len(preview.Sample) != 1 || preview.Sample[0].Person != "p-0" || preview.Sample[0].To != "suspended_delivery" {
			t.Errorf("sample %+v", preview.Sample)
		}
		if w.position("p-0").Stage != "limited" {
			t.Error("the preview moved somebody")
		}
		if _, err := w.Preview(t.Context(), "new-terms-2021", start, tracker.PreviewOptions{}); !errors.Is(err, terms.Invalid) {
			t.Errorf("in the past: %v", err)
		}
		if _, err := w.Preview(t.Context(), "no-such", deadline.Add(64*day), tracker.PreviewOptions{}); !errors.Is(err, terms.NotFound) {
			t.Errorf("of no campaign: %v", err)
		}
	})
}
