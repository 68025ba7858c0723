package storetest

import (
	"errors"
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

func (s *store) put(people ...tracker.Person) []tracker.Person {
	s.Helper()
	s.update(func(tx tracker.Tx) error {
		var err error
		people, err = tx.PutPeople(s.ctx, people)
		return err
	})
	return people
}

func peopleGetAscendingNumbersInTheOrderGiven(s *store) {
	s.same("nobody", s.put(), []tracker.Person{})
	missing(s, func(r tracker.Reader) (tracker.Person, error) { return r.Person(s.ctx, "ana") })

	ana := tracker.Person{ID: "ana", Country: "BR", Locale: "pt-BR", Type: terms.Personal, Created: noon}
	bot := tracker.Person{ID: "a bot", Country: "", Locale: "", Type: terms.Bot, Attributes: "app=kaios\nos=4", Owner: "ana"}
	zoe := tracker.Person{ID: "zoé", Country: "FR", Locale: "fr", Type: terms.Business, Created: noon.Add(-time.Microsecond)}
	stored := s.put(zoe, bot, ana)
	if stored[0].Ref <= 0 || stored[1].Ref <= stored[0].Ref || stored[2].Ref <= stored[1].Ref {
		s.Fatalf("numbers do not ascend: %+v", stored)
	}
	zoe.Ref, bot.Ref, ana.Ref = stored[0].Ref, stored[1].Ref, stored[2].Ref
	s.same("stored", stored, []tracker.Person{zoe, bot, ana})
	s.same("person", get(s, func(r tracker.Reader) (tracker.Person, error) { return r.Person(s.ctx, "zoé") }), zoe)
}

func knownPeopleKeepTheirNumberAndDateOfCreation(s *store) {
	first := s.put(tracker.Person{ID: "ana", Country: "BR", Locale: "pt-BR", Type: terms.Personal, Created: noon})[0]
	moved := tracker.Person{ID: "ana", Country: "PT", Locale: "pt-PT", Type: terms.Business, Created: noon.Add(time.Hour), Attributes: "app=web", Owner: "ben"}
	stored := s.put(tracker.Person{ID: "ben", Created: noon}, tracker.Person{ID: "ana", Country: "XX", Owner: "carl"}, moved)
	moved.Ref, moved.Created = first.Ref, noon
	if stored[0].Ref <= first.Ref {
		s.Fatalf("a newcomer has number %d, after %d", stored[0].Ref, first.Ref)
	}
	s.same("the last of two counts", stored[1:], []tracker.Person{moved, moved})
	s.same("person", get(s, func(r tracker.Reader) (tracker.Person, error) { return r.Person(s.ctx, "ana") }), moved)
	moved.Attributes, moved.Owner = "", ""
	s.same("on its own again", s.put(moved), []tracker.Person{moved})
}

func peopleAreCountedByTheLanguageTheySpeak(s *store) {
	count := func(r tracker.Reader) ([]tracker.SpokenCount, error) { return r.Languages(s.ctx) }
	s.same("of nobody", get(s, count), []tracker.SpokenCount{})
	s.put(tracker.Person{ID: "ana", Locale: "pt-BR", Type: terms.Personal}, tracker.Person{ID: "bo", Locale: "en", Type: terms.Personal},
		tracker.Person{ID: "bot", Locale: "en", Type: terms.Bot}, tracker.Person{ID: "cy", Locale: "en", Type: terms.Personal}, tracker.Person{ID: "dee", Type: terms.Personal})
	s.same("by language and type", get(s, count), []tracker.SpokenCount{
		{Type: terms.Personal, People: 1}, {Locale: "en", Type: terms.Bot, People: 1}, {Locale: "en", Type: terms.Personal, People: 2},
		{Locale: "pt-BR", Type: terms.Personal, People: 1},
	})
}

func peopleAreListedPageByPage(s *store) {
	want := s.people("p", 25)
	var got []tracker.Person
	for after := int64(0); len(got) <= len(want); {
		page := get(s, func(r tracker.Reader) ([]tracker.Person, error) { return r.People(s.ctx, after, 10) })
		if len(page) == 0 {
			break
		}
		got, after = append(got, page...), page[len(page)-1].Ref
	}
	s.same("people", got, want)
}

func aDeletedPersonIsGoneAndItsNumberNotGivenAgain(s *store) {
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, "ana", noon) })
	people := s.people("p", 3)
	rows := s.enroll(campaign, people)
	s.enroll("another", people[2:])
	s.move(noon, step(rows[2], 0, 1))
	before := s.revision()
	gone := func(key string) tracker.Enrolled {
		return tracker.Enrolled{Enrollment: terms.Enrollment{Campaign: key, Person: people[2].ID}}
	}

	s.update(func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, people[2].ID, noon.Add(time.Hour)) })
	missing(s, func(r tracker.Reader) (tracker.Person, error) { return r.Person(s.ctx, people[2].ID) })
	missing(s, func(r tracker.Reader) (tracker.Enrolled, error) { return r.Enrollment(s.ctx, people[2].ID, campaign) })
	s.same("changes", s.changes(before, 10), []tracker.Change{
		{Revision: before + 1, Kind: tracker.ChangeRemoved, At: noon.Add(time.Hour), Enrolled: gone("another")},
		{Revision: before + 2, Kind: tracker.ChangeRemoved, At: noon.Add(time.Hour), Stage: 1, From: 1, Enrolled: gone(campaign)},
	})
	s.same("a change of who is gone now", s.changes(before-1, 1)[0].Enrolled, tracker.Enrolled{Enrollment: terms.Enrollment{Campaign: campaign}})
	s.recount(campaign)
	s.recount("another")
	left := get(s, func(r tracker.Reader) ([]tracker.Transition, error) { return r.Transitions(s.ctx, campaign, "", 10) })
	if len(left) != 1 || left[0].Person != "" || left[0].Ref != people[2].Ref {
		s.Fatalf("what is left of the person: %+v", left)
	}

	again := s.put(tracker.Person{ID: people[2].ID})[0]
	if again.Ref <= people[2].Ref {
		s.Fatalf("number %d was given before", again.Ref)
	}
	s.same("history of the new account", get(s, func(r tracker.Reader) ([]tracker.Transition, error) {
		return r.Transitions(s.ctx, "", people[2].ID, 10)
	}), []tracker.Transition{})
}

// recount compares the counts kept with the enrollments counted.
func (s *store) recount(key string) {
	s.Helper()
	want := map[tracker.Count]int64{}
	for _, e := range get(s, func(r tracker.Reader) ([]tracker.Enrolled, error) { return r.Positions(s.ctx, key, 0, 1_000_000) }) {
		want[tracker.Count{Country: e.Country, Status: e.Status, Stage: e.Stage}]++
	}
	got := map[tracker.Count]int64{}
	for _, c := range get(s, func(r tracker.Reader) ([]tracker.Count, error) { return r.Counts(s.ctx, key) }) {
		people := c.People
		c.People = 0
		got[c] = people
	}
	s.same("counts of "+key, fmt.Sprint(got), fmt.Sprint(want))
}

func anAccountIsReadWithItsPlaceInEveryCampaign(s *store) {
	account := func(id string) tracker.Account {
		return get(s, func(r tracker.Reader) (tracker.Account, error) { return r.Account(s.ctx, id) })
	}
	missing(s, func(r tracker.Reader) (tracker.Account, error) { return r.Account(s.ctx, "p-000") })
	people := s.people("p", 3)
	alone := tracker.Account{Person: people[0]}
	s.same("in no campaign there is", account("p-000"), alone)

	second := s.enroll("second", people[:1])
	first := s.enroll("first", people[:2])
	s.enroll("third", people[1:])
	s.update(func(tx tracker.Tx) error { return tx.Activate(s.ctx, "second", 1, true, noon) })
	s.update(func(tx tracker.Tx) error {
		return tx.PutContacts(s.ctx, []tracker.Contact{{Ref: people[0].Ref, Language: "hi", Zone: "Asia/Kolkata"}})
	})
	s.update(func(tx tracker.Tx) error { return s.respond(tx, response(people[0], 0, "k")) })
	published, draft := version("terms", "1"), version("terms", "2")
	s.update(func(tx tracker.Tx) error {
		return errors.Join(tx.PutVersion(s.ctx, published), tx.PutVersion(s.ctx, draft), tx.Publish(s.ctx, published.DocumentRef, noon))
	})
	want := tracker.Account{
		Person: people[0], Language: "hi", Zone: "Asia/Kolkata", Answered: true, Published: 1,
		Places: []tracker.Place{{Enrolled: first[0], Campaign: s.campaign("first")}, {Enrolled: second[0], Campaign: s.campaign("second")}},
	}
	s.same("in two of three campaigns", account("p-000"), want)
	if got := account("p-002"); len(got.Places) != 1 || got.Answered || got.Zone != "" {
		s.Errorf("somebody else: %+v", got)
	}
}
