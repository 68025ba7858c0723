package tracker_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// told is every sentence about a person.
func (w *world) told(person string) string {
	w.t.Helper()
	x, err := w.Explain(w.t.Context(), person)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(x.Sentences(), "\n")
}

// tells fails unless all of it is said of a person.
func (w *world) tells(person string, sentences ...string) {
	w.t.Helper()
	told := w.told(person)
	for _, want := range sentences {
		if !strings.Contains(told, want) {
			w.t.Errorf("of %s it is not said %q:\n%s", person, want, told)
		}
	}
}

func TestSomebodyLimitedIsExplainedInSentences(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "DE", "TR", "BR")
		w.respond("p-2", terms.Accept, "k")
		w.walk(deadline.Add(64*day), "p-0", "p-1")
		w.tells("p-0",
			"p-0 has a personal account in BR.",
			"Our terms are changing (new-terms-2021): the person has not chosen yet. The stage is Suspended delivery since ",
			"The announcement was on 6 January 2021, the deadline was on 15 May 2021.",
			"A notice was first seen or delivered on 6 January 2021; the notice period is 30 days.",
			"Suspended delivery limits: messages.send, calls.answer.", "No further stage lies ahead.", "Accepting brings everything back at once.",
			"not allowed since ", "the stage Limited of new-terms-2021 took it away", "the stage Suspended delivery of new-terms-2021 took it away",
			"only accepting new-terms-2021 turns it on")
		w.tells("p-1", "Reminded takes nothing away.", "The ladder ends in the region eea-uk at Reminded.")
		w.tells("p-2", "which is recorded and has no effect where the person is", "accepting new-terms-2021 has no effect where the person is.")
		w.tells("p-3", "No notice has been seen or delivered. Without one, nothing is taken away.",
			"Next is Limited, but not until a notice of this stage has reached the person.")
		x, err := w.Explain(t.Context(), "p-0")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(x.Capabilities, func(c tracker.CapabilityWhy) bool { return c.Capability == "messages.send" })
		if send := x.Capabilities[i]; send.Allowed || send.Rule != tracker.RuleStage || !send.Since.Before(x.Campaigns[0].Since) {
			t.Errorf("messages.send was lost at the stage before: %+v", send)
		}
		if _, err := w.Explain(t.Context(), "nobody"); !errors.Is(err, terms.NotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestWhatStaffDidIsPartOfTheExplanation(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR", "BR", "BR")
		w.walk(announce.Add(day), "p-0", "p-1", "p-2", "p-3")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.PlaceHold(t.Context(), terms.Hold{
			Campaign: "new-terms-2021", Scope: terms.Scope{Person: "p-0"}, Reason: "a complaint", Clock: terms.ClockStop, Effect: terms.Freeze,
		}, "mei")
		must(err)
		_, err = w.Extend(t.Context(), tracker.Extension{Person: "p-1", Campaign: "new-terms-2021", Until: announce.Add(40 * day), Reason: "in hospital"}, "mei")
		must(err)
		_, err = w.Exempt(t.Context(), tracker.Exemption{Person: "p-2", Campaign: "new-terms-2021", Reason: "a court order"}, "mei")
		must(err)
		w.tells("p-0", "A hold covers the person since 7 January 2021, without an end so far (a complaint): nobody it covers moves to another stage.",
			"Next is Reminded, but not until the hold has ended.")
		w.tells("p-1", "Staff gave the person more time, until 15 February 2021 (in hospital).")
		w.tells("p-2", "the person is exempt, by an act of staff.", "The exemption lasts without an end so far (a court order).")
		_, err = w.Reverse(t.Context(), terms.Reversal{Campaign: "new-terms-2021", Stage: "announced", Reason: "too soon"}, "mei")
		must(err)
		w.tells("p-3", "The campaign was taken back to Announced on 7 January 2021 (too soon); nobody it covers goes further.", "No further stage lies ahead.")
	})
}

func TestWhatKeepsTheNextStageAwayIsPartOfTheExplanation(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "BR", "BR", "BR")
		w.Guard = tracker.Guard{Share: 0.05, Floor: 1, Factor: 2}
		w.walk(deadline.Add(34*day), "p-0", "p-1", "p-2", "p-3")
		for _, at := range []time.Time{deadline.Add(60 * day), deadline.Add(62 * day)} { // they are warned, and then all due at once
			w.set(at)
			if _, err := w.Sweep(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		w.tells("p-0", "The breaker stopped this campaign on 16 July 2021: a run would have newly restricted 4 people, and 1 were allowed.",
			"but not until staff approve what the breaker stopped.")
		if _, err := w.Pause(t.Context(), "look at the clock", "mei"); err != nil {
			t.Fatal(err)
		}
		w.tells("p-0", "Stepping is paused since 16 July 2021 (look at the clock): nobody is told, warned or moved on until staff resume it.",
			"but not until stepping is resumed.")
	})
}

func TestAPlanThatWaitsForConfirmationIsPartOfTheExplanation(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(announce.Add(day), "p-0")
		sooner := plan()
		sooner.Deadline = deadline.Add(-30 * day)
		record, err := w.AddPlan(t.Context(), sooner, []byte("source"), "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Activate(t.Context(), sooner.Campaign, record.Number, "test", nil); err != nil {
			t.Fatal(err)
		}
		w.tells("p-0", "Plan 2 waits for confirmation: until then the person keeps the gentler of it and plan 1.", "the deadline is on 15 May 2021")
	})
}
