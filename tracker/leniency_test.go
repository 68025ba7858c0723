package tracker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

func TestAnExtensionGivesMoreTimeWithinItsBudget(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(deadline.Add(-10*day), "p-0")
		extend := func(until time.Time, lift bool) (tracker.Enrolled, error) {
			return w.Extend(t.Context(), tracker.Extension{Person: "p-0", Campaign: campaign, Until: until, Lift: lift, Reason: "in hospital"}, "mei")
		}
		_, err := extend(w.clock().Add(91*day), false)
		fails(t, err, terms.Invalid, "until", "90d")
		_, err = extend(w.clock(), false)
		fails(t, err, terms.Invalid, "ahead")
		_, err = w.Extend(t.Context(), tracker.Extension{Person: "p-0", Campaign: campaign, Until: deadline}, "mei")
		fails(t, err, terms.Invalid, "reason")
		for range 3 {
			if _, err := extend(deadline.Add(20*day), false); err != nil {
				t.Fatal(err)
			}
		}
		_, err = extend(deadline.Add(21*day), false)
		fails(t, err, terms.TooMany, "3 times")
		w.walk(deadline.Add(20*day-time.Hour), "p-0")
		w.at("announced", "p-0")
		w.walk(deadline.Add(20*day), "p-0")
		w.at("reminded", "p-0")
	})
}

func TestAnExtensionThatLiftsGivesBackAtOnceUntilItsEnd(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		w.walk(deadline.Add(80*day), "p-0", "p-1")
		until := w.clock().Add(30 * day)
		for person, lift := range map[string]bool{"p-0": true, "p-1": false} {
			x := tracker.Extension{Person: person, Campaign: campaign, Until: until, Lift: lift, Reason: "in hospital"}
			if _, err := w.Extend(t.Context(), x, "mei"); err != nil {
				t.Fatal(err)
			}
		}
		w.can(true, "messages.send", "p-0")
		w.can(false, "messages.send", "p-1")
		if !strings.HasSuffix(w.causes("p-0"), " extension") || strings.Contains(w.causes("p-1"), "extension") {
			t.Fatalf("causes: %s; %s", w.causes("p-0"), w.causes("p-1"))
		}
		// At persistent until the new clock comes to the stage after it: 35 days
		// after its start, and then the share of the spread.
		w.walk(until.Add(35*day-time.Hour), "p-0", "p-1")
		w.at("persistent", "p-0")
		w.at("suspended_delivery", "p-1")
		w.walk(until.Add(49*day), "p-0", "p-1")
		w.at("limited", "p-0")
	})
}

func TestAnExemptionGivesEverythingBackAndItsEndAsksAnew(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US")
		w.respond("p-2", terms.Accept, "k")
		w.walk(deadline.Add(80*day), "p-0", "p-1")
		until := w.clock().Add(40 * day)
		exempt := func(person string, until time.Time) error {
			_, err := w.Exempt(t.Context(), tracker.Exemption{Person: person, Campaign: campaign, Until: until, Reason: "a court"}, "mei")
			return err
		}
		if err := errors.Join(exempt("p-0", until), exempt("p-1", time.Time{})); err != nil {
			t.Fatal(err)
		}
		fails(t, exempt("p-2", until), terms.Conflict, "accepted")
		fails(t, exempt("p-0", start), terms.Invalid, "ahead")
		w.can(true, "messages.send", "p-0", "p-1")
		if pos := w.position("p-0"); pos.Status != terms.Exempt || !pos.Until.Equal(until) {
			t.Fatalf("exempt: %+v", pos)
		}
		w.walk(until.Add(-time.Hour), "p-0", "p-1")
		if pos := w.position("p-0"); pos.Status != terms.Exempt {
			t.Fatalf("before its end: %+v", pos)
		}
		w.walk(until.Add(3*time.Hour), "p-0")
		if pos := w.position("p-0"); pos.Status != terms.Pending || pos.Stage != "announced" {
			t.Fatalf("after its end: %+v", pos)
		}
		w.walk(until.Add(30*day-time.Hour), "p-0")
		w.at("announced", "p-0")
		w.can(true, "messages.send", "p-0", "p-1")
		if _, err := w.EndExemption(t.Context(), "p-1", campaign, "the court decided", "mei"); err != nil {
			t.Fatal(err)
		}
		if pos := w.position("p-1"); pos.Status != terms.Pending || pos.Next.At.Before(w.clock().Add(30*day)) {
			t.Fatalf("asked again: %+v", pos)
		}
		_, err := w.EndExemption(t.Context(), "p-1", campaign, "again", "mei")
		fails(t, err, terms.Conflict)
	})
}

func TestTheEndOfAnExemptionTakesNoAcceptanceBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		if _, err := w.Exempt(t.Context(), tracker.Exemption{Person: "p-0", Campaign: campaign, Reason: "a court"}, "mei"); err != nil {
			t.Fatal(err)
		}
		w.respond("p-0", terms.Accept, "k1")
		if _, err := w.EndExemption(t.Context(), "p-0", campaign, "the court decided", "mei"); err != nil {
			t.Fatal(err)
		}
		if pos := w.position("p-0"); pos.Status != terms.Accepted {
			t.Fatalf("accepted, and now %+v", pos)
		}
		w.can(true, "business.data_sharing", "p-0")
		c := w.choice("p-0", terms.Withdraw, "k2")
		c.Documents = nil
		if _, _, err := w.Respond(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if pos := w.position("p-0"); pos.Status != terms.Pending {
			t.Fatalf("nothing excuses any more: %+v", pos)
		}
	})
}

func TestAWithdrawalStartsANewClockWithFullNoticeAndDwell(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.respond("p-0", terms.Accept, "k1")
		w.walk(deadline.Add(200*day), "p-0")
		w.at("announced", "p-0")
		c := w.choice("p-0", terms.Withdraw, "k2")
		c.Documents, c.Method = nil, ledger.MethodAPI
		if _, _, err := w.Respond(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		withdrawn := w.clock()
		for _, step := range []struct {
			stage string
			after time.Duration
		}{{"reminded", 30 * day}, {"persistent", 58 * day}} {
			w.walk(withdrawn.Add(step.after-time.Hour), "p-0")
			if w.position("p-0").Stage == step.stage {
				t.Fatalf("%s within %s", step.stage, step.after)
			}
			w.walk(withdrawn.Add(step.after), "p-0")
			w.at(step.stage, "p-0")
		}
		w.walk(withdrawn.Add(80*day), "p-0")
		w.at("limited", "p-0")
	})
}

func TestWhoMovesKeepsTheirTimeAndComesUnderTheRulesThere(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "DE")
		w.walk(deadline.Add(80*day), "p-0", "p-1")
		w.at("suspended_delivery", "p-0")
		w.person(tracker.Person{ID: "p-0", Country: "TR"})
		w.can(true, "messages.send", "p-0") // the ladder there goes no further than announced
		w.person(tracker.Person{ID: "p-1", Country: "BR"})
		w.can(true, "messages.send", "p-1")
		moved := w.clock()
		w.walk(moved.Add(2*time.Hour), "p-0", "p-1")
		w.at("announced", "p-0")
		w.walk(moved.Add(20*day), "p-0", "p-1")
		w.at("persistent", "p-1")
		w.walk(moved.Add(30*day-time.Hour), "p-0", "p-1")
		w.can(true, "messages.send", "p-1") // a notice period of its own before it loses anything
		w.walk(moved.Add(60*day), "p-0", "p-1")
		w.can(false, "messages.send", "p-1")
		w.at("announced", "p-0")
		w.person(tracker.Person{ID: "p-0", Country: "BR"}) // and back
		w.can(true, "messages.send", "p-0")
	})
}

// boundPlan makes bots follow their owners.
func boundPlan(p *terms.Plan) { p.Audience.Bound = []terms.AccountType{terms.Bot} }

// household is a campaign in which two bots belong to p-0, one to nobody.
func (w *world) household() {
	w.t.Helper()
	w.launch("BR", "IN")
	w.replace(boundPlan)
	for id, owner := range map[string]string{"bot-1": "p-0", "bot-2": "p-0", "bot-3": ""} {
		w.person(tracker.Person{ID: id, Type: terms.Bot, Owner: owner})
	}
}

func TestABoundAccountStandsWhereItsOwnerStands(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.household()
		for at := announce; at.Before(deadline.Add(80 * day)); at = at.Add(5 * day) {
			w.walk(at, "p-0")
			w.at(w.position("p-0").Stage, "bot-1", "bot-2")
			w.can(w.allowed("p-0", "messages.send"), "messages.send", "bot-1", "bot-2")
			w.can(w.allowed("p-0", "calls.answer"), "calls.answer", "bot-1", "bot-2")
		}
		w.can(false, "calls.answer", "bot-1")
		if pos := w.position("bot-3"); pos.Status != terms.Exempt {
			t.Fatalf("a bot without an owner: %+v", pos)
		}
		_, _, err := w.Respond(t.Context(), w.choice("bot-1", terms.Accept, "k"))
		fails(t, err, terms.Conflict, "owner")
		_, err = w.Exempt(t.Context(), tracker.Exemption{Person: "bot-1", Campaign: campaign, Reason: "x"}, "mei")
		fails(t, err, terms.Conflict, "owner")
		w.respond("p-0", terms.Accept, "k")
		w.can(true, "messages.send", "p-0", "bot-1", "bot-2")
		w.can(true, "business.data_sharing", "bot-1")
		if pos := w.position("bot-2"); pos.Status != terms.Accepted {
			t.Fatalf("its owner accepted: %+v", pos)
		}
		if causes := w.causes("bot-1"); !strings.HasSuffix(causes, "owner") || strings.Contains(causes, "sweep") {
			t.Fatalf("causes: %s", causes)
		}
	})
}

func TestABoundAccountIsExemptOnceItsOwnerIsGoneOrLetsItGo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.household()
		w.walk(deadline.Add(80*day), "p-0", "p-1")
		w.can(false, "messages.send", "bot-1", "bot-2")
		w.person(tracker.Person{ID: "bot-2", Type: terms.Bot})
		if pos := w.position("bot-2"); pos.Status != terms.Exempt || pos.Bound {
			t.Fatalf("let go: %+v", pos)
		}
		if err := w.DeletePerson(t.Context(), "p-0", "mei"); err != nil {
			t.Fatal(err)
		}
		w.can(true, "messages.send", "bot-1", "bot-2")
		w.person(tracker.Person{ID: "bot-1", Type: terms.Bot, Owner: "p-1"})
		w.at(w.position("p-1").Stage, "bot-1")
		w.walk(deadline.Add(120*day), "p-1")
		w.at(w.position("p-1").Stage, "bot-1")
	})
}

func TestAPersonDeletedMidLadderLeavesTheOthersAndTheCountsRight(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US")
		w.walk(deadline.Add(50*day), "p-0", "p-1", "p-2")
		w.pass(20 * day) // p-0 is due
		if err := w.DeletePerson(t.Context(), "p-0", "mei"); err != nil {
			t.Fatal(err)
		}
		w.walk(w.clock().Add(day), "p-1", "p-2")
		w.at("suspended_delivery", "p-1", "p-2")
		overview, err := w.Overview(t.Context(), campaign)
		if err != nil || overview.Totals.InScope != 2 || overview.Totals.Restricted != 2 || overview.Stages[4] != 2 {
			t.Fatalf("%+v %v, %v", overview.Totals, overview.Stages, err)
		}
		w.person(tracker.Person{ID: "p-0"}) // whoever comes under this id is somebody else
		w.at("announced", "p-0")
		if got := w.transitions("p-0"); len(got) != 0 {
			t.Fatalf("the newcomer has a past: %+v", got)
		}
	})
}

func TestOneCampaignNeverLiftsWhatAnotherHasTaken(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		second := plan()
		second.Campaign, second.Regions, second.Grants = "age-check", nil, nil
		second.Documents = second.Documents[:1]
		second.Stages[4].Off = nil
		if _, err := w.AddPlan(t.Context(), second, nil, "mei"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Activate(t.Context(), "age-check", 1, "mei", nil); err != nil {
			t.Fatal(err)
		}
		for at := announce; at.Before(deadline.Add(80 * day)); at = at.Add(3 * day) {
			w.walk(at, "p-0")
			n := tracker.ReportedNotice{Person: "p-0", Campaign: "age-check", Channel: tracker.Email, Delivered: true}
			if _, err := w.Notice(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		w.can(false, "messages.send", "p-0")
		w.can(false, "calls.answer", "p-0")
		w.respond("p-0", terms.Accept, "k")
		w.can(true, "calls.answer", "p-0")
		w.can(false, "messages.send", "p-0")
		if state, _ := w.standing("p-0").Find("messages.send"); state.Campaign != "age-check" || state.Stage != "limited" {
			t.Fatalf("explained by %+v", state)
		}
		c := w.choice("p-0", terms.Accept, "k2")
		c.Campaign, c.Documents = "age-check", c.Documents[:1]
		if _, _, err := w.Respond(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		w.can(true, "messages.send", "p-0")
	})
}

func TestPeopleNoNoticeReachedAreNotRestrictedButListed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US")
		w.walk(deadline.Add(100*day), "p-1")
		w.can(true, "messages.send", "p-0", "p-2")
		w.at("suspended_delivery", "p-1")
		listed := func() string {
			list, err := w.Unreached(t.Context(), campaign, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, e := range list {
				ids = append(ids, e.Person)
			}
			return strings.Join(ids, " ")
		}
		if got := listed(); got != "p-0 p-2" {
			t.Fatalf("listed: %q", got)
		}
		n := tracker.ReportedNotice{Person: "p-0", Campaign: campaign, Channel: tracker.Email} // sent, and nobody knows whether it came
		if _, err := w.Notice(t.Context(), n); err != nil || listed() != "p-0 p-2" {
			t.Fatalf("listed: %q, %v", listed(), err)
		}
		w.present("p-0")
		if got := listed(); got != "p-2" {
			t.Fatalf("listed: %q", got)
		}
		reached := w.clock()
		w.walk(reached.Add(day - time.Hour))
		w.can(true, "messages.send", "p-0") // the final warning is a day before
		w.walk(reached.Add(65*day - time.Hour))
		w.can(true, "messages.send", "p-0") // the notice period, and then the 35 days
		w.walk(reached.Add(80 * day))
		w.can(false, "messages.send", "p-0")
	})
}
