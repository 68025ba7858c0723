package tracker_test

import (
	"errors"
	"testing"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

func TestChoicesMadeTogetherAreEachProvedAndInForce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "DE", "TR", "BR")
		w.walk(announce.Add(day))
		w.respond("p-3", terms.Accept, "earlier")
		batch := []tracker.Choice{
			w.choice("p-0", terms.Accept, "k"), w.choice("p-1", terms.Decline, "k"), w.choice("p-2", terms.Accept, "k"), w.choice("p-3", terms.Accept, "k"),
		}
		for range 2 { // the second time all of them are there already
			if err := w.RespondMany(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range []terms.Status{terms.Accepted, terms.Declined, terms.Accepted, terms.Accepted} {
			if got := w.position(id(i)).Status; got != want {
				t.Errorf("%s is %s, want %s", id(i), got, want)
			}
			list, err := w.History(t.Context(), id(i))
			if err != nil || len(list) != 1 {
				t.Fatalf("%s made %d choices, %v", id(i), len(list), err)
			}
			receipt, err := w.Receipt(t.Context(), list[0].ReceiptID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ledger.Verify(ledger.Receipt{Record: receipt.Record, Proof: receipt.Proof}, w.verifier); err != nil {
				t.Errorf("%s: %v", id(i), err)
			}
		}
	})
}

func TestOneChoiceThatIsRefusedTakesTheOthersBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR")
		before := w.logged()
		stale := w.choice("p-1", terms.Accept, "k")
		stale.Documents[0].SHA256 = stale.Documents[1].SHA256
		var refused *terms.Stale
		if err := w.RespondMany(t.Context(), []tracker.Choice{w.choice("p-0", terms.Accept, "k"), stale}); !errors.As(err, &refused) {
			t.Fatalf("the error is %v", err)
		}
		if got := w.position("p-0").Status; got != terms.Pending {
			t.Fatalf("p-0 is %s", got)
		}
		if after := w.logged(); after != before {
			t.Fatalf("the log grew from %d to %d records", before, after)
		}
	})
}

func TestNoticesReportedTogetherReachEachPerson(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR", "BR")
		w.walk(announce.Add(day))
		seen := func(person string) tracker.ReportedNotice {
			return tracker.ReportedNotice{Person: person, Campaign: "new-terms-2021", Channel: tracker.Email, Delivered: true}
		}
		if err := w.NoticeMany(t.Context(), []tracker.ReportedNotice{seen("p-0"), seen("nobody")}); !errors.Is(err, terms.NotFound) {
			t.Fatalf("the error is %v", err)
		}
		if err := w.NoticeMany(t.Context(), []tracker.ReportedNotice{seen("p-1"), seen("p-2")}); err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{0, 1, 1} {
			file, err := w.File(t.Context(), id(i))
			if err != nil {
				t.Fatal(err)
			}
			reported := 0
			for _, n := range file.Notices {
				if n.Kind == tracker.Reported && n.Delivered && n.Stage == 0 {
					reported++
				}
			}
			if reported != want {
				t.Errorf("%s has %d reported notices, want %d", id(i), reported, want)
			}
		}
	})
}
