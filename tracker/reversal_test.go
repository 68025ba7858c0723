package tracker_test

import (
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// people counts those of some counts that are at a stage or beyond.
func beyond(counts []tracker.Count, stage int) int64 {
	var n int64
	for _, c := range counts {
		if c.Stage >= stage {
			n += c.People
		}
	}
	return n
}

func TestAReversalGivesBackAtOnceAndIsFollowedByTheSweep(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "DE", "US")
		w.respond("p-3", terms.Accept, "k")
		w.walk(deadline.Add(80*day), "p-0", "p-1", "p-2")
		w.at("suspended_delivery", "p-0", "p-1")
		r := w.reverse("reminded", "")
		if beyond(r.Before, 4) != 2 || beyond(r.After, 2) != 0 || beyond(r.After, 1) != 3 {
			t.Fatalf("before %v, after %v", r.Before, r.After)
		}
		w.can(true, "messages.send", "p-0", "p-1")
		if pos := w.position("p-0"); pos.Stage != "reminded" || pos.Reversal != r.ID {
			t.Fatalf("at once: %+v", pos)
		}
		if n := len(w.transitions("p-0")); n != 4 {
			t.Fatalf("%d transitions before a sweep", n)
		}
		w.pass(time.Hour)
		if run := w.sweep(); run.Moved != 2 {
			t.Fatalf("the sweep takes them back: %+v", run)
		}
		for range 2 {
			w.pass(time.Hour)
			if run := w.sweep(); run.Moved != 0 {
				t.Fatalf("again: %+v", run)
			}
		}
		if causes := w.causes("p-0"); causes != "sweep sweep sweep sweep reversal" {
			t.Fatalf("causes: %s", causes)
		}
		now, err := w.Reversal(t.Context(), campaign, r.ID)
		if err != nil || beyond(now.Current, 2) != 0 || beyond(now.Before, 4) != 2 {
			t.Fatalf("now %v, before %v, %v", now.Current, now.Before, err)
		}
		w.walk(deadline.Add(300*day), "p-0", "p-1", "p-2")
		w.at("reminded", "p-0", "p-1", "p-2")
		w.at("announced", "p-3")
	})
}

func TestAReversalCanBeUndoneForAWhileAndTakesNothingAtOnceThen(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		w.walk(deadline.Add(80*day), "p-0", "p-1")
		r := w.reverse("reminded", "BR")
		w.can(true, "messages.send", "p-0")
		w.can(false, "messages.send", "p-1")
		_, err := w.Undo(t.Context(), campaign, r.ID, "a mistake", "ben")
		fails(t, err, terms.Conflict, "still being taken back")
		w.walk(deadline.Add(81*day), "p-0", "p-1")
		undone, err := w.Undo(t.Context(), campaign, r.ID, "a mistake", "ben")
		if err != nil || undone.UndoneBy != "ben" || beyond(undone.UndoBefore, 4) != 1 {
			t.Fatalf("%+v, %v", undone, err)
		}
		restored := w.transitions("p-0")[4].At
		w.can(true, "messages.send", "p-0")
		w.at("reminded", "p-0")
		w.walk(restored.Add(28*day-time.Hour), "p-0", "p-1")
		w.at("reminded", "p-0") // its dwell is the gap of 28 days
		w.walk(restored.Add(28*day), "p-0", "p-1")
		w.at("persistent", "p-0")
		w.walk(restored.Add(200*day), "p-0", "p-1")
		w.at("suspended_delivery", "p-0")
		_, err = w.Undo(t.Context(), campaign, r.ID, "again", "ben")
		fails(t, err, terms.Conflict)
	})
}

func TestAReversalCannotBeUndoneAfterItsWindow(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(deadline.Add(80*day), "p-0")
		r := w.reverse(tracker.ToOff, "")
		w.walk(r.UndoUntil.Add(time.Hour), "p-0")
		_, err := w.Undo(t.Context(), campaign, r.ID, "too late", "ben")
		fails(t, err, terms.Conflict, "could be undone until")
		if pos := w.position("p-0"); pos.Stage != "announced" || pos.Reminder.Mode != terms.NoReminder {
			t.Fatalf("off: %+v", pos)
		}
		_, err = w.Undo(t.Context(), campaign, "rev_none", "no such", "ben")
		fails(t, err, terms.NotFound)
	})
}

func TestAReversalKeepsSoftensOrStopsReminders(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US")
		w.walk(deadline.Add(40*day), "p-0", "p-1", "p-2")
		for country, what := range map[string]terms.Reminding{"BR": terms.KeepReminders, "IN": terms.SoftenReminders, "US": terms.StopReminders} {
			r := terms.Reversal{Campaign: campaign, Region: country, Stage: "persistent", Reminders: what, Reason: "the outcry"}
			if _, err := w.Reverse(t.Context(), r, "mei"); err != nil {
				t.Fatal(err)
			}
		}
		for person, want := range map[string]terms.Mode{"p-0": terms.FullScreen, "p-1": terms.Banner, "p-2": terms.NoReminder} {
			if got := w.position(person).Reminder.Mode; got != want {
				t.Fatalf("%s is reminded by %q, want %q", person, got, want)
			}
		}
		_, err := w.Reverse(t.Context(), terms.Reversal{Campaign: campaign, Region: "atlantis", Stage: "nowhere", Reminders: "shout"}, "mei")
		fails(t, err, terms.Invalid, "reason", "nowhere", "atlantis", "shout")
	})
}

func TestAPlanReplacedUnderAReversalDoesNotGetRoundIt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(deadline.Add(80*day), "p-0")
		w.reverse("reminded", "")
		w.walk(deadline.Add(81*day), "p-0")
		if c := w.replace(func(p *terms.Plan) { p.Deadline = deadline.Add(10 * day) }); c.Confirmed != 2 {
			t.Fatalf("a later deadline: %+v", c)
		}
		w.walk(deadline.Add(300*day), "p-0")
		w.at("reminded", "p-0")
	})
}
