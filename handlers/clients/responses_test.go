package clients_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/ledger"
	"assent/tracker"
)

func TestAChoiceIsRecordedOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	var created, repeated, receipts sync.Map
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			body := object("campaign", "new-terms-2021", "action", "accepted", "documents", documents())
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/people/u1/responses", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-API-Key", bootstrap)
			r.Header.Set("Idempotency-Key", fmt.Sprintf("key-%d", i%4))
			got := httptest.NewRecorder()
			w.engine.ServeHTTP(got, r)
			map[int]*sync.Map{201: &created, 200: &repeated}[got.Code].Store(i, true)
			var receipt struct {
				ID string `json:"receipt_id"`
			}
			if json.Unmarshal(got.Body.Bytes(), &receipt) == nil {
				receipts.Store(receipt.ID, true)
			}
		})
	}
	wait.Wait()
	count := func(m *sync.Map) int {
		n := 0
		m.Range(func(any, any) bool { n++; return true })
		return n
	}
	if count(&created) != 1 || count(&repeated) != 39 || count(&receipts) != 1 {
		t.Fatalf("%d created, %d repeated, %d receipts", count(&created), count(&repeated), count(&receipts))
	}
	w.logged(1)
}

// logged checks how many responses the log holds, beside the acts of staff.
func (w *world) logged(responses int) {
	w.Helper()
	var records [][]byte
	w.must(w.store.View(w.Context(), func(r tracker.Reader) error {
		var err error
		records, err = r.Records(w.Context(), 0, 1000)
		return err
	}))
	n := 0
	for _, record := range records {
		if _, _, err := ledger.ParseRecord(record); err == nil {
			n++
		}
	}
	if n != responses {
		w.Fatalf("%d responses among %d records, want %d", n, len(records), responses)
	}
}

func TestWhoLostTheReplyCanAskWhetherTheChoiceLanded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	ask := func(person, key string) answer {
		return w.send("GET", "/api/v1/people/"+person+"/responses?idempotency_key="+key, "")
	}
	ask("u1", "a%2Fb").is(404).mentions("same key")
	sent := w.choose("u1", "accepted", "a/b").is(201)
	ask("u1", "a%2Fb").is(200).says("receipt_id", sent.at("receipt_id")).says("proof", sent.at("proof"))
	ask("u1", "other").is(404)
	ask("nobody", "a%2Fb").is(404).mentions("nobody")
	ask("u1", "").is(422).mentions("idempotency_key")
}

func TestAKeyBelongsToOneChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.choose("u1", "withdrawn", "w").is(409).mentions("no acceptance")
	declined := w.choose("u1", "declined", "k1").is(201)
	w.choose("u1", "accepted", "k1").is(409).mentions("Idempotency-Key")
	w.choose("u1", "declined", "k1").is(200).says("receipt_id", declined.at("receipt_id"))
	w.choose("u1", "accepted", "k2").is(201)
	w.choose("u1", "withdrawn", "k3").is(201).says("action", "withdrawn")
	w.send("GET", "/api/v1/people/u1/standing", "").is(200).says("campaigns.0.status", "pending", "campaigns.0.restore", "accept")
}

func TestAnAcceptanceWithoutEffectIsRecordedAsSuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "TR")
	w.choose("u1", "accepted", "k1").is(201).says("effect", "void", "record.effect", "void")
	w.flag("u1", "business.data_sharing").is(200).says("value", false, "variant", "void_effect")
}

func TestEvidenceKeepsWhereAChoiceCameFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.person("u2", "BR")
	forged := []string{"Idempotency-Key", "k", "X-Forwarded-For", "6.6.6.6", "X-Real-IP", "6.6.6.6"}
	body := object("campaign", "new-terms-2021", "action", "accepted", "documents", documents(), "sentence", "I accept", "button_label", "Accept",
		"presented_at", "2021-01-07T10:00:00Z", "details", map[string]string{"client_ip": "203.0.113.7", "device": "phone"})
	first := w.send("POST", "/api/v1/people/u1/responses", body, forged...).is(201).
		says("record.sentence", "I accept", "record.button_label", "Accept", "record.method", "api", "record.presented_at", "2021-01-07T10:00:00.000000Z")
	second := w.send("POST", "/api/v1/people/u2/responses", object("campaign", "new-terms-2021", "action", "accepted", "documents", documents()), forged...).is(201)
	for receipt, want := range map[string]string{
		first.at("receipt_id").(string):  `{"client_ip":"203.0.113.7","client_ip_rule":"given by the client","device":"phone","peer_ip":"192.0.2.1"}`,
		second.at("receipt_id").(string): `{"client_ip":"192.0.2.1","client_ip_rule":"peer","peer_ip":"192.0.2.1"}`,
	} {
		stored, err := w.tracker.Receipt(t.Context(), receipt)
		w.must(err)
		if string(stored.Details) != want {
			t.Errorf("details %s, want %s", stored.Details, want)
		}
		if strings.Contains(string(stored.Record), "203.0.113.7") || strings.Contains(string(stored.Record), "u1") {
			t.Errorf("the record names the person: %s", stored.Record)
		}
	}
	if strings.Contains(w.log.String(), "203.0.113.7") || strings.Contains(w.log.String(), bootstrap) {
		t.Error("the log holds personal data or a key")
	}
}

func TestAHoldGivesEverythingBackUntilItIsReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.person("u2", "DE")
	w.limit("u1")
	w.limit("u2")
	const holds = "/api/v1/campaigns/new-terms-2021/holds"
	placed := w.send("POST", holds, `{"scope":{"region":"BR"},"reason":"court order","reference":"1/2021","clock":"stop","effect":"lift"}`).is(201).
		says("scope.region", "BR", "clock", "stop", "effect", "lift", "ends_at", nil, "reference", "1/2021")
	w.flag("u1", "messages.send").says("value", true)
	w.flag("u2", "messages.send").says("value", false)
	w.send("GET", "/api/v1/people/u1/standing", "").is(200).says("campaigns.0.hold.id", placed.at("id"), "campaigns.0.lifted", true)
	w.send("GET", "/api/v1/campaigns/new-terms-2021", "").is(200).says("holds.0.id", placed.at("id"))
	w.reach(w.Now().Add(day))
	w.send("DELETE", holds+"/"+placed.at("id").(string), "").is(200).says("ends_at", w.Now().Format(time.RFC3339))
	w.flag("u1", "messages.send").says("value", true) // its end takes nothing at once
	w.send("DELETE", holds+"/"+placed.at("id").(string), "").is(409)
	w.send("POST", holds, `{"scope":{"person":"u2"},"effect":"slow","clock":"back"}`).is(422).says("errors.0.path", "reason", "errors.1.path", "clock", "errors.2.path", "effect")
	w.send("POST", holds, `{"reason":"x","starts_at":"2020-01-01T00:00:00Z","ends_at":"2019-01-01T00:00:00Z"}`).is(422).says("errors.0.path", "starts_at")
}

func TestACampaignIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send("GET", "/api/v1/campaigns/new-terms-2021", "").is(404)
	w.campaign()
	for i := range 5 {
		w.person(fmt.Sprintf("u%d", i), "BR")
	}
	w.send("POST", "/api/v1/people", `{"id":"b1","region":"BR","locale":"en","account_type":"bot"}`).is(201)
	w.choose("u0", "accepted", "k").is(201)
	w.choose("u1", "declined", "k").is(201)
	w.limit("u2")
	w.send("GET", "/api/v1/campaigns/new-terms-2021", "").is(200).says(
		"plan", 1, "counts.in_scope", 5, "counts.accepted", 1, "counts.declined", 1, "counts.pending", 3, "counts.exempt", 1,
		"counts.noticed", 3, "deadline", "2021-05-15T00:00:00Z", "stages.0.stage", "announced")
	w.send("DELETE", "/api/v1/people/u2", "").is(204)
	w.send("GET", "/api/v1/people/u2", "").is(404)
	w.flag("u2", "messages.send").says("value", true)
	w.send("GET", "/api/v1/campaigns/new-terms-2021", "").is(200).says("counts.in_scope", 4)
}

func TestLinksLeadToTheChoicePageAndExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	for purpose, expires := range map[string]string{"session": "2021-01-04T01:00:00Z", "notice": "2021-03-05T00:00:00Z"} {
		link := w.send("POST", "/api/v1/people/u1/links", object("campaign", "new-terms-2021", "purpose", purpose)).is(201).says("expires_at", expires)
		if url := link.at("url").(string); !strings.HasPrefix(url, publicURL+"/l/") {
			t.Errorf("%s link %s", purpose, url)
		}
	}
}
