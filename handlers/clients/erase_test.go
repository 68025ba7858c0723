package clients_test

import (
	"fmt"
	"testing"
	"time"

	"assent/tracker"
)

func TestWhatIsHeldIsReadOutAndThenErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("ana", "BR")
	w.send("PUT", "/api/v1/people/ana/contact", object("email", "ana@example.org")).is(200)
	w.reach(date(2021, 1, 7))
	receipt := w.choose("ana", "accepted", "key-1").is(201).at("receipt_id").(string)

	held := w.send("GET", "/api/v1/people/ana/export", "").is(200)
	held.says("format", 1, "person", "ana", "held.people.0.id", "ana", "held.contacts.0.email", "ana@example.org",
		"held.responses.0.receipt_id", receipt, "held.responses.0.idempotency_key", "key-1", "held.enrollments.0.status", "accepted")
	w.send("GET", "/api/v1/people/ana/evidence", "").is(200)
	w.send("GET", "/api/v1/acts", "").is(200).says(
		"acts.0.action", "evidence.export", "acts.0.person", "ana", "acts.1.action", "person.export", "acts.1.person", "ana")

	w.send("POST", "/api/v1/people/ana/erase", "{}").is(422)
	w.send("POST", "/api/v1/people/ana/erase", object("reason", "ana has asked")).is(422)
	done := w.send("POST", "/api/v1/people/ana/erase", object("reason", "asked by letter")).is(200)
	done.says("records", 3) // the choice, and that it was read twice
	stone := w.send("GET", "/api/v1/acts/"+fmt.Sprint(done.at("erasures.0.id")), "").is(200)
	stone.says("action", "person.erase", "reason", "asked by letter", "record.kind", "erasure", "leaf_index", done.at("erasures.0.leaf_index"))

	w.send("POST", "/api/v1/people/ana/erase", object("reason", "again")).is(404)
	w.send("GET", "/api/v1/people/ana", "").is(404)
	w.send("GET", "/api/v1/receipts/"+receipt, "").is(200)
	w.send("GET", "/api/v1/receipts/"+receipt+"/evidence", "").is(200)
	w.send("GET", "/api/v1/changes", "").is(200).says("changes.4.kind", "removed", "changes.4.person", "ana")
}

func TestErasingAndReadingOutNeedScopesOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("ana", "BR")
	key := func(scopes ...tracker.Scope) string {
		_, secret, err := w.tracker.CreateKey(t.Context(), "one", scopes, time.Time{}, "test")
		w.must(err)
		return "Bearer " + secret
	}
	most := key(tracker.PeopleWrite, tracker.ResponsesWrite, tracker.CampaignsWrite, tracker.DecisionsRead)
	w.send("POST", "/api/v1/people/ana/erase", object("reason", "x"), "Authorization", most).is(403)
	w.send("GET", "/api/v1/people/ana/export", "", "Authorization", most).is(403)
	w.send("GET", "/api/v1/people/ana/export", "", "Authorization", key(tracker.EvidenceRead)).is(200)
	w.send("POST", "/api/v1/people/ana/erase", object("reason", "asked by letter"), "Authorization", key(tracker.PeopleErase)).is(200)
}
