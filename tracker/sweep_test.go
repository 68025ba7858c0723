package tracker_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

func TestTheLadderOf2021OnARealDatabase(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR", "DE", "TR") // p-1 is never reached
		for _, tc := range []struct {
			at   time.Time
			want [4]string
		}{
			{announce.Add(-time.Hour), [4]string{"announced", "announced", "announced", "announced"}},
			{deadline.Add(-time.Hour), [4]string{"announced", "announced", "announced", "announced"}},
			{deadline, [4]string{"reminded", "reminded", "reminded", "announced"}},
			{deadline.Add(28 * day), [4]string{"persistent", "persistent", "reminded", "announced"}},
			{deadline.Add(50 * day), [4]string{"limited", "persistent", "reminded", "announced"}},
			{deadline.Add(64 * day), [4]string{"suspended_delivery", "persistent", "reminded", "announced"}},
		} {
			w.walk(tc.at, "p-0", "p-2", "p-3")
			for i, want := range tc.want {
				if got := w.position(id(i)).Stage; got != want {
					t.Fatalf("at %s: %s is at %s, want %s", tc.at.Format(time.DateTime), id(i), got, want)
				}
			}
		}
		overview, err := w.Overview(t.Context(), "new-terms-2021")
		if err != nil {
			t.Fatal(err)
		}
		if got := overview.Totals; got.InScope != 4 || got.Restricted != 1 || got.Pending != 4 || got.Noticed != 3 {
			t.Fatalf("totals %+v", got)
		}
	})
}

func TestAYearWithoutATickMovesEachPersonOneStage(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR")
		w.walk(announce, "p-0", "p-1")
		w.set(announce.Add(365 * day))
		run, err := w.Sweep(t.Context(), w.clock())
		if err != nil || run.Moved != 2 {
			t.Fatalf("run %+v, %v", run, err)
		}
		for range 3 { // at the same instant, and an hour later
			if run, err = w.Sweep(t.Context(), w.clock()); err != nil || run.Moved != 0 {
				t.Fatalf("again: %+v, %v", run, err)
			}
			w.set(w.clock().Add(time.Hour))
		}
		if got := w.position("p-0").Stage; got != "reminded" {
			t.Fatalf("at %s after a year without a tick", got)
		}
	})
}

func TestSweepsAtOnceMoveEachPersonOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US", "MX", "NG", "EG", "KE", "PH", "VN")
		w.walk(deadline.Add(-time.Hour), "p-0")
		w.set(deadline)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := w.Sweep(t.Context(), deadline); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for i := range 9 {
			file, err := w.File(t.Context(), id(i))
			if err != nil {
				t.Fatal(err)
			}
			if len(file.Transitions) != 1 || file.Transitions[0].To != 1 {
				t.Fatalf("%s: %+v", id(i), file.Transitions)
			}
		}
	})
}

func TestAnAcceptanceRacingASweepWins(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US", "MX", "NG")
		w.walk(deadline.Add(-time.Hour), id(0), id(1), id(2), id(3), id(4))
		w.set(deadline)
		choices := make([]tracker.Choice, 5)
		for i := range choices {
			choices[i] = w.choice(id(i), terms.Accept, "k")
		}
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := w.Sweep(t.Context(), deadline); err != nil {
				t.Error(err)
			}
		})
		for _, c := range choices {
			group.Go(func() {
				if _, _, err := w.Respond(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for i := range 5 {
			if pos := w.position(id(i)); pos.Status != terms.Accepted || pos.Stage != "announced" {
				t.Fatalf("%s: %+v", id(i), pos)
			}
		}
	})
}

func TestPeopleWhoArriveLaterAreEnrolledWithTheFullNotice(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		joined := deadline.Add(10 * day)
		w.set(joined)
		if err := w.AddPeople(t.Context(), []tracker.Person{{ID: "late", Country: "BR", Locale: "pt-BR", Type: terms.Personal}, {ID: "bot", Country: "BR", Locale: "en", Type: terms.Bot}}); err != nil {
			t.Fatal(err)
		}
		if next := w.position("late").Next; next.Stage != "reminded" || next.At.Before(joined.Add(30*day)) {
			t.Fatalf("next %+v", next)
		}
		if pos := w.position("bot"); pos.Status != terms.Exempt {
			t.Fatalf("bot %+v", pos)
		}
	})
}

func TestSomeoneWhoMovesIsUnderTheRulesOfTheNewPlace(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR")
		w.walk(deadline.Add(50*day), "p-0", "p-1")
		if w.allowed("p-0", "messages.send") {
			t.Fatal("not limited yet")
		}
		moved := tracker.Person{ID: "p-0", Country: "DE", Locale: "de", Type: terms.Personal}
		if err := w.AddPeople(t.Context(), []tracker.Person{moved}); err != nil {
			t.Fatal(err)
		}
		w.walk(deadline.Add(51*day), "p-0", "p-1")
		if pos := w.position("p-0"); pos.Region != "eea-uk" || pos.Stage != "reminded" || !w.allowed("p-0", "messages.send") {
			t.Fatalf("in Germany: %+v", pos)
		}
		if w.allowed("p-1", "messages.send") {
			t.Fatal("the one who stayed was restored")
		}
		overview, err := w.Overview(t.Context(), "new-terms-2021")
		if err != nil || overview.Totals.InScope != 2 || overview.Totals.Restricted != 1 {
			t.Fatalf("totals %+v, %v", overview.Totals, err)
		}
	})
}

func TestAHoldFreezesItsScopeAndItsReleaseResumes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		w.walk(deadline.Add(-day), "p-0", "p-1")
		hold, err := w.PlaceHold(t.Context(), terms.Hold{Campaign: "new-terms-2021", Scope: terms.Scope{Region: "BR"}, Reason: "ANPD asked for time", Clock: terms.ClockStop, Effect: terms.Freeze}, "mei")
		if err != nil {
			t.Fatal(err)
		}
		w.walk(deadline.Add(day), "p-0", "p-1")
		if br, in := w.position("p-0"), w.position("p-1"); br.Stage != "announced" || br.HoldID != hold.ID || in.Stage != "reminded" {
			t.Fatalf("BR %+v, IN %+v", br, in)
		}
		if _, err := w.ReleaseHold(t.Context(), "new-terms-2021", hold.ID, "done", "ben"); err != nil {
			t.Fatal(err)
		}
		w.walk(deadline.Add(3*day), "p-0", "p-1")
		if br := w.position("p-0"); br.Stage != "reminded" {
			t.Fatalf("BR after the release: %+v", br)
		}
		if _, err := w.ReleaseHold(t.Context(), "new-terms-2021", hold.ID, "done", "ben"); !errors.Is(err, terms.Conflict) {
			t.Fatalf("released twice: %v", err)
		}
		if _, err := w.PlaceHold(t.Context(), terms.Hold{Campaign: "new-terms-2021"}, "mei"); !errors.Is(err, terms.Invalid) {
			t.Fatalf("an empty hold: %v", err)
		}
	})
}

func TestDecideLaterSilencesRemindersUntilTheBudgetIsUsed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(announce)
		until, err := w.Snooze(t.Context(), "p-0", "new-terms-2021")
		if err != nil || !until.Equal(announce.Add(7*day)) {
			t.Fatalf("until %s, %v", until, err)
		}
		if pos := w.position("p-0"); !pos.Quiet.Equal(until) || pos.Snoozes != 1 {
			t.Fatalf("position %+v", pos)
		}
		if _, err := w.Snooze(t.Context(), "p-0", "new-terms-2021"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Snooze(t.Context(), "p-0", "new-terms-2021"); !errors.Is(err, terms.TooMany) {
			t.Fatalf("beyond the budget: %v", err)
		}
	})
}

func TestADeletedPersonIsGoneButWhatWasProvedStays(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR")
		receipt := w.respond("p-0", terms.Accept, "k1")
		if err := w.DeletePerson(t.Context(), "p-0", "test"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Standing(t.Context(), "p-0"); !errors.Is(err, terms.NotFound) {
			t.Fatalf("standing: %v", err)
		}
		if _, err := w.Receipt(t.Context(), receipt.ReceiptID); err != nil {
			t.Fatalf("receipt: %v", err)
		}
		overview, err := w.Overview(t.Context(), "new-terms-2021")
		if err != nil || overview.Totals.InScope != 1 {
			t.Fatalf("totals %+v, %v", overview.Totals, err)
		}
	})
}
