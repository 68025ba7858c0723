package tracker_test

import (
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

func TestAHarsherPlanBindsNewcomersAndTheOthersOnlyOnceItIsConfirmed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		w.walk(deadline.Add(-90*day), "p-0", "p-1")
		sooner := deadline.Add(-70 * day)
		if c := w.replace(func(p *terms.Plan) { p.Deadline = sooner }); c.Plan != 2 || c.Confirmed != 1 {
			t.Fatalf("activated: %+v", c)
		}
		w.person(tracker.Person{ID: "new", Created: start.Add(-400 * day)})
		if pos := w.position("new"); pos.Plan != 2 || !pos.Next.At.Equal(deadline.Add(-60*day)) {
			t.Fatalf("a newcomer, 30 days of notice before the rest: %+v", pos)
		}
		old := w.loses("p-0")
		if pos := w.position("p-0"); pos.Plan != 1 || !pos.Next.At.Equal(deadline) || old.Before(deadline.Add(35*day)) {
			t.Fatalf("who was in keeps the gentler date: %+v", pos)
		}
		w.walk(deadline.Add(-20*day), "p-0", "p-1", "new")
		if w.position("p-0").Stage != "announced" || w.position("new").Stage != "persistent" {
			t.Fatal("not confirmed, and one is not as it was")
		}
		confirmed := w.clock()
		w.confirm(2)
		if at := w.loses("p-0"); at.Before(confirmed.Add(30*day)) || !at.Before(old) {
			t.Fatalf("loses something on %s, which was %s; the notice period runs again from %s", at, old, confirmed)
		}
		w.pass(time.Hour)
		if run := w.sweep(); run.Told+run.Moved < 2 {
			t.Fatalf("told of the new plan: %+v", run)
		}
		at := w.loses("p-0")
		w.walk(at.Add(-time.Hour), "p-0", "p-1", "new")
		w.can(true, "messages.send", "p-0")
		w.walk(at.Add(2*day), "p-0", "p-1", "new")
		w.can(false, "messages.send", "p-0")
		_, err := w.Confirm(t.Context(), campaign, 2, "mei", nil)
		fails(t, err, terms.Conflict, "confirmed already")
	})
}

// loses is when a person comes to the stage that takes the first thing away.
func (w *world) loses(person string) time.Time {
	w.t.Helper()
	offer, err := w.Offer(w.t.Context(), person, campaign)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, ahead := range offer.Ahead {
		if ahead.Stage == "limited" {
			return ahead.At
		}
	}
	w.t.Fatalf("%s has %+v ahead", person, offer.Ahead)
	return time.Time{}
}

func TestConfirmingAPlanTakesNothingFromAnybodyAtOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "US")
		everybody := []string{"p-0", "p-1", "p-2"}
		w.respond("p-2", terms.Accept, "k")
		w.walk(deadline.Add(29*day), "p-0", "p-1")
		w.at("persistent", "p-0", "p-1")
		c := w.replace(func(p *terms.Plan) { // what was taken at the fourth stage is taken at the third
			p.Stages[2].Off, p.Stages[3].Off = []string{"messages.send"}, []string{"calls.answer"}
			p.Stages[4].Off = nil
		})
		if c.Confirmed != 1 {
			t.Fatalf("it takes sooner, and binds everybody: %+v", c)
		}
		w.can(true, "messages.send", everybody...)
		confirmed := w.clock()
		w.confirm(2)
		w.at("reminded", "p-0", "p-1") // the highest stage that takes no more than they are without
		w.can(true, "messages.send", everybody...)
		for at := confirmed; at.Before(confirmed.Add(29 * day)); at = at.Add(3 * day) {
			w.walk(at, "p-0")
			w.can(true, "messages.send", everybody...)
		}
		w.walk(confirmed.Add(60*day), "p-0")
		w.can(false, "messages.send", "p-0")
		w.can(true, "messages.send", "p-1", "p-2") // not reached by a notice of the new plan; accepted
	})
}

func TestPeopleAtARenamedStageStayThereByTheMapping(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(deadline.Add(29*day), "p-0")
		before := w.position("p-0")
		unmapped := w.draft(func(p *terms.Plan) { p.Stages[2].Key = "insistent" })
		_, err := w.Activate(t.Context(), campaign, unmapped, "mei", nil)
		fails(t, err, terms.Invalid, "mapping.persistent")
		if c, err := w.Campaign(t.Context(), campaign); err != nil || c.Plan != 1 {
			t.Fatalf("the refused plan is in force: %+v, %v", c, err)
		}
		if c := w.replace(func(p *terms.Plan) {
			p.Stages[2].Key, p.Mapping = "insistent", []terms.StageMapping{{From: "persistent", To: "insistent"}}
		}); c.Confirmed != 3 {
			t.Fatalf("another name takes nothing: %+v", c)
		}
		after := w.position("p-0")
		if after.Stage != "insistent" || !after.Since.Equal(before.Since) || !after.Next.At.Equal(before.Next.At) || w.causes("p-0") != "sweep sweep plan" {
			t.Fatalf("from %+v to %+v by %s", before, after, w.causes("p-0"))
		}
		w.walk(deadline.Add(50*day), "p-0")
		w.at("limited", "p-0")
	})
}

func TestPeopleAtARemovedStageGoWhereTheMappingSays(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR")
		w.walk(deadline.Add(50*day), "p-0")
		w.can(false, "messages.send", "p-0")
		shorter := func(p *terms.Plan) { p.Stages = append(p.Stages[:3:3], p.Stages[4]) }
		_, err := w.Activate(t.Context(), campaign, w.draft(shorter), "mei", nil)
		fails(t, err, terms.Invalid, "mapping.limited")
		number := w.draft(func(p *terms.Plan) {
			shorter(p)
			p.Mapping = []terms.StageMapping{{From: "limited", To: "persistent"}}
		})
		if _, err := w.Activate(t.Context(), campaign, number, "mei", nil); err != nil {
			t.Fatal(err)
		}
		w.confirm(number)
		w.at("persistent", "p-0")
		w.can(true, "messages.send", "p-0")
		if last := w.causes("p-0"); last != "sweep sweep sweep plan" {
			t.Fatalf("causes: %s", last)
		}
	})
}

func TestARegionAsksForItsOwnDocuments(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		c := w.replace(func(p *terms.Plan) {
			p.Regions = append(p.Regions, terms.Region{Key: "brazil", Countries: []string{"BR"}, Documents: p.Documents[:1]})
		})
		w.confirm(c.Plan)
		for person, want := range map[string]int{"p-0": 1, "p-1": 2} {
			offer, err := w.Offer(t.Context(), person, campaign)
			if err != nil || len(offer.Versions) != want {
				t.Fatalf("%s is asked for %d documents, %v", person, len(offer.Versions), err)
			}
			both := w.choice(person, terms.Accept, "both")
			one := both
			one.Documents, one.IdempotencyKey = both.Documents[:1], "one"
			if want == 2 {
				one, both = both, one
			}
			_, _, err = w.Respond(t.Context(), both)
			fails(t, err, terms.Conflict, "show the current ones")
			if _, _, err := w.Respond(t.Context(), one); err != nil {
				t.Fatalf("%s accepts what is asked: %v", person, err)
			}
		}
	})
}

func TestAcceptancesWithoutEffectCountOnceTheEffectIsLiftedOrAreAskedForAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("TR", "SA")
		w.replace(func(p *terms.Plan) { p.Regions[1].Countries = []string{"TR", "SA"} })
		w.respond("p-0", terms.Accept, "k")
		w.respond("p-1", terms.Accept, "k")
		w.can(false, "business.data_sharing", "p-0", "p-1")
		lifted := func(turkey, saudi terms.Recorded) func(*terms.Plan) {
			return func(p *terms.Plan) {
				p.Regions[1] = terms.Region{Key: "turkey", Countries: []string{"TR"}, Effect: terms.Full, Recorded: turkey, LastStage: "announced"}
				p.Regions = append(p.Regions, terms.Region{Key: "saudi", Countries: []string{"SA"}, Effect: terms.Full, Recorded: saudi, LastStage: "announced"})
			}
		}
		_, err := w.Activate(t.Context(), campaign, w.draft(lifted("", terms.AskAgain)), "mei", nil)
		fails(t, err, terms.Invalid, "TR", "recorded without effect")
		c := w.replace(lifted(terms.Effective, terms.AskAgain))
		w.can(false, "business.data_sharing", "p-0", "p-1")
		w.confirm(c.Plan)
		w.can(true, "business.data_sharing", "p-0")
		w.can(false, "business.data_sharing", "p-1")
		if pos := w.position("p-1"); pos.Status != terms.Pending || !pos.Extended.Equal(w.clock().Add(30*day)) {
			t.Fatalf("asked again, with a new clock: %+v", pos)
		}
		w.respond("p-1", terms.Accept, "again")
		w.can(true, "business.data_sharing", "p-1")
	})
}

func TestWhatAPlanWouldChangeCanBeSeenBefore(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN", "DE")
		w.walk(deadline.Add(-90*day), "p-0")
		number := w.draft(func(p *terms.Plan) { p.Deadline = deadline.Add(-70 * day) })
		preview, err := w.PreviewPlan(t.Context(), campaign, number, nil)
		if err != nil || preview.People != 3 || len(preview.Harsher) == 0 || len(preview.Changes) == 0 {
			t.Fatalf("%+v, %v", preview, err)
		}
		sooner := 0
		for _, o := range preview.Outcomes {
			if o.Sooner {
				sooner += o.People
			}
		}
		if sooner != 3 {
			t.Fatalf("%d come sooner: %+v", sooner, preview.Outcomes)
		}
		if c, err := w.Campaign(t.Context(), campaign); err != nil || c.Plan != 1 {
			t.Fatalf("looking changed it: %+v, %v", c, err)
		}
	})
}

func TestALaterDateGivesBackAtOnceWhatItWouldNotHaveTakenYet(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.launch("BR", "IN")
		w.walk(deadline.Add(50*day), "p-0", "p-1")
		w.can(false, "messages.send", "p-0", "p-1")
		later := deadline.Add(60 * day)
		w.replace(func(p *terms.Plan) { p.Deadline = later })
		w.can(true, "messages.send", "p-0", "p-1")
		w.at("persistent", "p-0", "p-1")
		w.walk(later.Add(35*day-time.Hour), "p-0")
		w.can(true, "messages.send", "p-0", "p-1")
		w.walk(later.Add(50*day), "p-0")
		w.can(false, "messages.send", "p-0")
		w.can(true, "messages.send", "p-1") // whom no notice of the stage reached since
	})
}
