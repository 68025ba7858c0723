package clients_test

import (
	"strings"
	"testing"
	"time"
)

func TestAReversalTakesPeopleBackAndCanBeUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.steep()
	w.crowd(3)
	w.reach(w.Now())
	w.flag("u1", "messages.send").says("value", false)
	w.send("POST", campaign+"/reversals", `{"region":"Brazil","reminders":"loud"}`).is(422).
		says("errors.0.path", "reason", "errors.1.path", "to", "errors.2.path", "region", "errors.3.path", "reminders")
	body := `{"to":"announced","reminders":"soften","reason":"no account is limited for now","reference":"press/7"}`
	made := w.send("POST", campaign+"/reversals", body).is(201).says("to", "announced", "region", "", "reminders", "soften", "reference", "press/7",
		"before.0.stage", "announced", "before.0.people", 0, "before.1.people", 3, "after.0.people", 3, "after.1.people", 0,
		"undo_until", w.Now().Add(7*day).Format(time.RFC3339))
	w.flag("u1", "messages.send").says("value", true)
	at := campaign + "/reversals/" + made.at("id").(string)
	w.send("GET", "/api/v1/people/u1/standing", "").is(200).says("campaigns.0.reversal", made.at("id"), "campaigns.0.stage", "announced")
	w.send("DELETE", at, "").is(409).mentions("still being taken back")
	w.reach(w.Now().Add(time.Hour))
	w.send("GET", at, "").is(200).says("current.0.people", 3, "current.1.people", 0, "before.1.people", 3)
	w.send("DELETE", at, `{"reason":"decided otherwise"}`).is(200).says("undone_at", w.Now().Format(time.RFC3339), "undo_reason", "decided otherwise")
	w.send("DELETE", at, "").is(409)
	w.flag("u1", "messages.send").says("value", true) // undoing takes nothing at once
	w.reach(w.Now().Add(time.Hour))

	off := w.send("POST", campaign+"/reversals", `{"region":"BR","to":"off","reason":"enough"}`).is(201).
		says("to", "announced", "region", "BR", "reminders", "stop", "before.0.people", 3)
	w.flag("u1", "terms.notice").says("value.mode", "none")
	w.reach(w.Now().Add(8 * day))
	w.send("DELETE", campaign+"/reversals/"+off.at("id").(string), "").is(409).mentions("could be undone until")
	w.send("GET", campaign+"/reversals", "").is(200).says("reversals.0.id", made.at("id"), "reversals.1.id", off.at("id"))
}

func TestTimeIsExtendedWithinTheBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.steep()
	w.crowd(1)
	w.reach(w.Now())
	w.flag("u0", "messages.send").says("value", false)
	const at = "/api/v1/people/u0/extensions"
	w.send("POST", at, `{"campaign":"new-terms-2021","for":"14d","reason":"in hospital"}`).is(201).
		says("person", "u0", "position.stage", "limited", "position.extended", w.Now().Add(14*day).Format(time.RFC3339))
	until := w.Now().Add(20 * day).Format(time.RFC3339)
	w.send("POST", at, object("campaign", "new-terms-2021", "until", until, "lift", true, "reason", "still there")).is(201).
		says("position.stage", "announced", "position.extended", until)
	w.flag("u0", "messages.send").says("value", true)
	for body, path := range map[string]string{
		`{"campaign":"new-terms-2021","reason":"x"}`:                                     "until",
		object("campaign", "new-terms-2021", "reason", "x", "for", "1d", "until", until): "until",
		`{"campaign":"new-terms-2021","reason":"x","for":"soon"}`:                        "for",
		`{"campaign":"new-terms-2021","reason":"x","for":"200d"}`:                        "for",
		`{"campaign":"new-terms-2021","reason":"x","until":"2020-01-01T00:00:00Z"}`:      "until",
		`{"campaign":"new-terms-2021","for":"1d"}`:                                       "reason",
	} {
		w.send("POST", at, body).is(422).says("errors.0.path", path)
	}
	w.send("POST", at, `{"campaign":"new-terms-2021","for":"30d","reason":"the third time"}`).is(201)
	w.send("POST", at, `{"campaign":"new-terms-2021","for":"40d","reason":"the fourth time"}`).is(409).mentions("3 times", "hold or an exemption")
	w.send("POST", at, `{"campaign":"none","for":"1d","reason":"x"}`).is(404)
	w.send("POST", "/api/v1/people/nobody/extensions", `{"campaign":"new-terms-2021","for":"1d","reason":"x"}`).is(404)
}

func TestAnExemptionGivesEverythingBackUntilItEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.steep()
	w.crowd(1)
	w.reach(w.Now())
	const at = "/api/v1/people/u0/exemptions"
	w.send("POST", at, `{"campaign":"new-terms-2021"}`).is(422).says("errors.0.path", "reason")
	w.send("POST", at, `{"campaign":"new-terms-2021","reason":"x","until":"2020-01-01T00:00:00Z"}`).is(422).says("errors.0.path", "until")
	w.send("POST", at, `{"campaign":"new-terms-2021","reason":"under guardianship","until":"2022-01-01T00:00:00Z"}`).is(201).
		says("position.status", "exempt", "position.until", "2022-01-01T00:00:00Z", "position.next", nil)
	w.flag("u0", "messages.send").says("value", true)
	w.send("DELETE", at+"?reason=over", "").is(422).says("errors.0.path", "campaign")
	w.send("DELETE", at+"?campaign=new-terms-2021", "").is(422).says("errors.0.path", "reason")
	w.send("DELETE", at+"?campaign=new-terms-2021&reason=over", "").is(200).says("position.status", "pending", "position.stage", "announced")
	w.send("DELETE", at+"?campaign=new-terms-2021&reason=over", "").is(409)
	w.choose("u0", "accepted", "k").is(201)
	w.send("POST", at, `{"campaign":"new-terms-2021","reason":"x"}`).is(409).mentions("accepted")
}

func TestAHoldCoversACohort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.send("POST", "/api/v1/people", `{"id":"u1","region":"BR","locale":"pt-BR","attributes":{"app":"kaios","tier":"free"}}`).is(201).says("attributes.app", "kaios")
	w.send("POST", "/api/v1/people", `{"id":"u2","region":"BR","locale":"pt-BR","attributes":{"app":"android"}}`).is(201)
	w.send("GET", "/api/v1/people/u1", "").is(200).says("attributes.tier", "free")
	placed := w.send("POST", campaign+"/holds", `{"scope":{"region":"BR","attributes":{"app":"kaios"}},"reason":"no such page there","reference":"ticket/9","clock":"restart",
		"effect":"lift","reminders":true,"message":{"en":"You need to do nothing.","pt":"Nada a fazer."}}`).is(201).
		says("scope.attributes.app", "kaios", "reminders", true, "spread", "14d", "message.pt", "Nada a fazer.")
	w.send("GET", "/api/v1/people/u1/standing", "").is(200).says("campaigns.0.hold.id", placed.at("id"), "campaigns.0.hold.reason", "no such page there",
		"campaigns.0.hold.reference", "ticket/9", "campaigns.0.hold.ends_at", nil, "campaigns.0.hold.message", "Nada a fazer.", "campaigns.0.lifted", true)
	w.send("GET", "/api/v1/people/u2/standing", "").is(200).says("campaigns.0.hold", nil)
	w.reach(w.Now().Add(time.Hour))
	w.send("POST", campaign+"/holds", `{"reason":"x","scope":{"person":"u2"},"spread":"0s","clock":"continue"}`).is(201).says("spread", "0s")
	w.send("DELETE", campaign+"/holds/"+placed.at("id").(string), `{"reason":"there is a page now"}`).is(200).says("release_reason", "there is a page now")
	w.send("GET", campaign+"/holds", "").is(200).says("holds.0.id", placed.at("id"), "holds.1.scope.person", "u2")
	for body, path := range map[string]string{
		`{"reason":"x","scope":{"attributes":{"Not A Key":"x"}}}`: "scope.attributes.Not A Key",
		`{"reason":"x","scope":{"region":"Brazil"}}`:              "scope.region",
		`{"reason":"x","spread":"soon"}`:                          "spread",
		`{"reason":"x","spread":"91d"}`:                           "spread",
		`{"reason":"x","message":{"english":"x"}}`:                "message.english",
		`{"reason":"x","message":{"en":" "}}`:                     "message.en",
	} {
		w.send("POST", campaign+"/holds", body).is(422).says("errors.0.path", path)
	}
	w.send("POST", "/api/v1/people", `{"id":"u3","region":"BR","locale":"en","attributes":{"A":"x"}}`).is(422).says("errors.0.path", "attributes.A")
}

func TestABoundAccountStandsWhereItsOwnerStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign("account_types: [personal, business]", "account_types: [personal, business], bound: [bot]")
	w.person("ana", "BR")
	got := w.send("POST", "/api/v1/people", `{"id":"ana-bot","region":"BR","locale":"en","account_type":"bot","owner":"ana"}`+"\n"+
		`{"id":"odd","region":"BR","locale":"en","account_type":"bot","owner":"odd"}`, "Content-Type", "application/x-ndjson").is(200).Body.String()
	if !strings.Contains(got, `{"line":1,"status":"stored"}`) || !strings.Contains(got, `"path":"owner"`) {
		t.Fatal(got)
	}
	w.send("GET", "/api/v1/people/ana-bot", "").is(200).says("owner", "ana")
	w.send("GET", "/api/v1/people/ana-bot/standing", "").is(200).says("campaigns.0.bound", true, "campaigns.0.status", "pending", "campaigns.0.restore", nil)
	w.choose("ana", "accepted", "k").is(201)
	w.send("GET", "/api/v1/people/ana-bot/standing", "").is(200).says("campaigns.0.status", "accepted")
	w.choose("ana-bot", "accepted", "k").is(409).mentions("owner")
	w.send("POST", "/api/v1/people/ana-bot/extensions", `{"campaign":"new-terms-2021","for":"1d","reason":"x"}`).is(409).mentions("owner")
}

func TestSomebodyMayChooseForAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	send := func(behalf string) answer {
		body := strings.TrimSuffix(object("campaign", "new-terms-2021", "action", "accepted", "documents", documents()), "}") + `,"on_behalf":` + behalf + "}"
		return w.send("POST", "/api/v1/people/u1/responses", body, "Idempotency-Key", "k")
	}
	send(`{}`).is(422).says("errors.0.path", "on_behalf.by", "errors.1.path", "on_behalf.relation")
	send(`{"by":"Ana","relation":"friend"}`).is(422).says("errors.0.path", "on_behalf.relation")
	send(`{"by":"Ana","relation":"guardian","note":"`+strings.Repeat("x", 1001)+`"}`).is(422).says("errors.0.path", "on_behalf.note")
	send(`{"by":"Ana","role":"guardian"}`).is(400).says("errors.0.path", "on_behalf.role")
	receipt := send(`{"by":"Ana Silva","relation":"guardian","note":"signed on paper"}`).is(201).says("record.method", "on_behalf")
	if by := receipt.at("record.actor").(string); !strings.HasPrefix(by, "key:") {
		t.Errorf("actor %q", by)
	}
	stored, err := w.tracker.Receipt(t.Context(), receipt.at("receipt_id").(string))
	w.must(err)
	want := `{"client_ip":"192.0.2.1","client_ip_rule":"peer","on_behalf":{"by":"Ana Silva","note":"signed on paper","relation":"guardian"},"peer_ip":"192.0.2.1"}`
	if string(stored.Details) != want || strings.Contains(string(stored.Record), "Silva") {
		t.Errorf("details %s, want %s; record %s", stored.Details, want, stored.Record)
	}
}
