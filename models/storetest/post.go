package storetest

import (
	"fmt"
	"time"

	"assent/terms"
	"assent/tracker"
)

func contactsAreKeptApartAndErased(s *store) {
	people := s.people("p", 3)
	contact := func(p tracker.Person) tracker.Contact {
		return get(s, func(r tracker.Reader) (tracker.Contact, error) { return r.Contact(s.ctx, p.Ref) })
	}
	missing(s, func(r tracker.Reader) (tracker.Contact, error) { return r.Contact(s.ctx, people[0].Ref) })
	ana := tracker.Contact{
		Ref: people[0].Ref, Email: "ana@example.org", Channels: []tracker.Channel{tracker.Email, tracker.Push}, Zone: "America/Sao_Paulo", Language: "pt-BR",
		Changed: noon, Silenced: noon.Add(time.Hour), Bounced: noon.Add(2 * time.Hour), Soft: 2,
	}
	ben := tracker.Contact{Ref: people[1].Ref, Email: "ana@example.org", Changed: noon}
	old := ben
	old.Email = "old@example.org"
	s.update(func(tx tracker.Tx) error { return tx.PutContacts(s.ctx, []tracker.Contact{ana, old, ben}) })
	s.same("every field", contact(people[0]), ana)
	s.same("the last of two", contact(people[1]), ben)
	all := get(s, func(r tracker.Reader) (map[int64]tracker.Contact, error) {
		return r.Contacts(s.ctx, []int64{people[0].Ref, people[1].Ref, people[2].Ref})
	})
	s.same("of many", []any{len(all), all[ana.Ref], all[ben.Ref]}, []any{2, ana, ben})
	at := func(email string) []tracker.Contact {
		return get(s, func(r tracker.Reader) ([]tracker.Contact, error) { return r.ContactsAt(s.ctx, email) })
	}
	s.same("by address", at("ana@example.org"), []tracker.Contact{ana, ben})
	s.same("by none", at(""), []tracker.Contact{})

	ana.Email, ana.Soft, ana.Bounced = "", 0, time.Time{}
	s.update(func(tx tracker.Tx) error { return tx.PutContacts(s.ctx, []tracker.Contact{ana}) })
	s.same("replaced", contact(people[0]), ana)
	for range 2 {
		s.update(func(tx tracker.Tx) error { return tx.DeleteContact(s.ctx, ben.Ref) })
	}
	missing(s, func(r tracker.Reader) (tracker.Contact, error) { return r.Contact(s.ctx, ben.Ref) })
	if err := s.Update(s.ctx, func(tx tracker.Tx) error { return tx.PutContacts(s.ctx, []tracker.Contact{{Email: "x@example.org"}}) }); err == nil {
		s.Fatal("a contact of nobody was stored")
	}
}

// letter is a delivery to a person that is to be sent at an hour after noon.
func letter(p tracker.Person, n int) tracker.Delivery {
	return tracker.Delivery{
		Notice: fmt.Sprintf("ntc_%d", n), Channel: tracker.Email, Ref: p.Ref, Person: p.ID, Campaign: campaign, Plan: 1, Stage: 2,
		Kind: tracker.LetterTold, Created: noon.Add(time.Duration(n) * time.Minute), State: tracker.Queued, NextAt: noon.Add(time.Duration(n) * time.Hour),
	}
}

func deliveriesMoveFromStateToState(s *store) {
	people := s.people("p", 2)
	first, second, third := letter(people[0], 1), letter(people[1], 2), letter(people[0], 3)
	add := func(list ...tracker.Delivery) {
		s.update(func(tx tracker.Tx) error { return tx.AddDeliveries(s.ctx, list) })
	}
	set := func(was tracker.DeliveryState, d tracker.Delivery) func(tracker.Tx) error {
		return func(tx tracker.Tx) error { return tx.SetDelivery(s.ctx, was, d) }
	}
	counts := func() map[tracker.DeliveryState]int64 {
		return get(s, func(r tracker.Reader) (map[tracker.DeliveryState]int64, error) {
			return r.DeliveryCounts(s.ctx, tracker.Email, "")
		})
	}
	add(third, first, second)
	add(first)
	s.same("counted once", counts(), map[tracker.DeliveryState]int64{tracker.Queued: 3})
	due := func(hours int) []tracker.Delivery {
		return get(s, func(r tracker.Reader) ([]tracker.Delivery, error) {
			return r.DueDeliveries(s.ctx, tracker.Queued, noon.Add(time.Duration(hours)*time.Hour), 10)
		})
	}
	s.same("due", [][]tracker.Delivery{due(0), due(2), due(9)}, [][]tracker.Delivery{{}, {first, second}, {first, second, third}})

	claimed := first
	claimed.State, claimed.NextAt, claimed.Tries, claimed.Claim, claimed.Lease = tracker.Claimed, time.Time{}, 1, "me", noon.Add(time.Minute)
	s.update(set(tracker.Queued, claimed))
	s.refused(terms.Conflict, set(tracker.Queued, claimed))
	s.refused(terms.NotFound, set(tracker.Queued, letter(people[0], 9)))
	lapsed := func(after time.Duration) []tracker.Delivery {
		return get(s, func(r tracker.Reader) ([]tracker.Delivery, error) {
			return r.LapsedDeliveries(s.ctx, noon.Add(after), 10)
		})
	}
	s.same("lapsed", [][]tracker.Delivery{lapsed(time.Second), lapsed(time.Minute)}, [][]tracker.Delivery{{}, {claimed}})
	s.same("what is left", due(9), []tracker.Delivery{second, third})

	sent := claimed
	sent.State, sent.Claim, sent.Lease, sent.Sent, sent.Said, sent.Reason = tracker.Sent, "", time.Time{}, noon, tracker.Never(), "taken"
	s.update(set(tracker.Claimed, sent))
	s.same("as it is", get(s, func(r tracker.Reader) (tracker.Delivery, error) { return r.Delivery(s.ctx, "ntc_1", tracker.Email) }), sent)
	missing(s, func(r tracker.Reader) (tracker.Delivery, error) { return r.Delivery(s.ctx, "ntc_1", tracker.Push) })
	dead := second
	dead.State, dead.NextAt = tracker.Dead, time.Time{}
	s.update(set(tracker.Queued, dead))
	s.same("counts", counts(), map[tracker.DeliveryState]int64{tracker.Queued: 1, tracker.Sent: 1, tracker.Dead: 1})
	s.same("counts of another campaign", get(s, func(r tracker.Reader) (map[tracker.DeliveryState]int64, error) {
		return r.DeliveryCounts(s.ctx, tracker.Email, "another")
	}), map[tracker.DeliveryState]int64{})
	s.same("counts of the campaign", get(s, func(r tracker.Reader) (map[tracker.DeliveryState]int64, error) {
		return r.DeliveryCounts(s.ctx, tracker.Email, first.Campaign)
	}), counts())
	list := func(person string, states ...tracker.DeliveryState) []tracker.Delivery {
		return get(s, func(r tracker.Reader) ([]tracker.Delivery, error) { return r.Deliveries(s.ctx, states, person, 10) })
	}
	s.same("in trouble", list("", tracker.Troubled()...), []tracker.Delivery{dead})
	s.same("of a person", list(people[0].ID, tracker.Queued, tracker.Sent), []tracker.Delivery{third, sent})
	s.same("of all", list("", tracker.Queued, tracker.Sent, tracker.Dead), []tracker.Delivery{third, dead, sent})

	later := third
	later.State, later.NextAt, later.Sent, later.Said = tracker.Sent, time.Time{}, noon.Add(time.Hour), noon.AddDate(0, 1, 0)
	s.update(set(tracker.Queued, later))
	when := func(since time.Duration) []time.Time {
		return get(s, func(r tracker.Reader) ([]time.Time, error) { return r.SentTo(s.ctx, people[0].Ref, noon.Add(since)) })
	}
	s.same("sent since", [][]time.Time{when(0), when(time.Second)}, [][]time.Time{{noon, noon.Add(time.Hour)}, {noon.Add(time.Hour)}})
	said := get(s, func(r tracker.Reader) (map[int64]time.Time, error) {
		return r.LastSaid(s.ctx, campaign, []int64{people[0].Ref, people[1].Ref})
	})
	s.same("said last", []any{len(said), said[people[0].Ref]}, []any{1, later.Said})

	s.update(func(tx tracker.Tx) error { return tx.DeletePerson(s.ctx, people[0].ID, noon) })
	s.same("of who is left", counts(), map[tracker.DeliveryState]int64{tracker.Dead: 1})
	missing(s, func(r tracker.Reader) (tracker.Delivery, error) { return r.Delivery(s.ctx, "ntc_1", tracker.Email) })
}

func followersAndWalksKeepTheirPlace(s *store) {
	place := func(r tracker.Reader) (uint64, error) { return r.Place(s.ctx, "mail") }
	missing(s, place)
	for _, revision := range []uint64{7, 9} {
		s.update(func(tx tracker.Tx) error { return tx.SetPlace(s.ctx, "mail", revision) })
		s.same("place", get(s, place), revision)
	}
	mailings := func() []tracker.Mailing {
		return get(s, func(r tracker.Reader) ([]tracker.Mailing, error) { return r.Mailings(s.ctx) })
	}
	s.same("none", mailings(), []tracker.Mailing{})
	first, newer, other := tracker.Mailing{Campaign: "a", Revision: 1, Ref: 5}, tracker.Mailing{Campaign: "a", Revision: 3}, tracker.Mailing{Campaign: "b", Revision: 2}
	for _, m := range []tracker.Mailing{first, other, newer} {
		s.update(func(tx tracker.Tx) error { return tx.PutMailing(s.ctx, m) })
	}
	s.same("the newest of each", mailings(), []tracker.Mailing{newer, other})
	s.update(func(tx tracker.Tx) error { return tx.EndMailing(s.ctx, "a") })
	s.same("what is left", mailings(), []tracker.Mailing{other})
}
