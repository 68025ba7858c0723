package clients_test

import (
	"strings"
	"testing"

	"assent/ledger"
)

func TestAPersonIsLimitedAndAcceptanceBringsEverythingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.flag("u1", "messages.send").is(200).says("value", true, "reason", "STATIC")
	w.reach(date(2021, 1, 7))
	w.notice("u1")
	w.flag("u1", "terms.notice").says("value.mode", "banner", "value.title", "Our terms are changing", "value.url", publicURL+"/t/new-terms-2021")
	w.limit("u1")
	w.flag("u1", "messages.send").says("value", false, "reason", "TARGETING_MATCH")
	w.flag("u1", "calls.answer").says("value", true)
	w.flag("u1", "terms.read").says("value", true)

	token := w.send("POST", "/api/v1/people/u1/messaging-token", "").is(201).at("token").(string)
	w.person("u2", "BR")
	say := func() answer {
		return w.send("POST", "/messaging/v1/rpc/messages.send", `{"to":"u2","body":"hello"}`, "Authorization", "Bearer "+token)
	}
	stage := w.send("GET", "/api/v1/people/u1/standing", "").is(200).says("campaigns.0.status", "pending", "campaigns.0.restore", "accept").at("campaigns.0.stage")
	refusal := say().is(403).says("capability", "messages.send", "stage", stage, "accept_url", publicURL+"/t/new-terms-2021")
	if link := refusal.Header().Get("Link"); link != "<"+publicURL+`/t/new-terms-2021>; rel="terms-of-service"` {
		t.Fatalf("Link %q", link)
	}

	receipt := w.choose("u1", "accepted", "k1").is(201).says("action", "accepted", "effect", "full")
	w.flag("u1", "messages.send").says("value", true)
	w.flag("u1", "business.data_sharing").says("value", true, "variant", "accepted")
	say().is(200)
	proved, err := ledger.ParseReceipt([]byte(recordAndProof(t, receipt.Body.String())))
	if err != nil {
		t.Fatal(err)
	}
	report, err := ledger.Verify(proved, w.verify)
	if err != nil || report.Record.Documents[0].SHA256 != documents()[0]["sha256"] {
		t.Fatalf("%v: %+v", err, report.Record)
	}
	again := w.choose("u1", "accepted", "k1").is(200)
	if again.at("receipt_id") != receipt.at("receipt_id") || again.at("record.received_at") != receipt.at("record.received_at") {
		t.Fatalf("another receipt: %s", again.Body)
	}
	w.send("GET", receipt.Header().Get("Location"), "").is(200).says("receipt_id", receipt.at("receipt_id"))
}

// recordAndProof cuts out of an answer what proves it.
func recordAndProof(t *testing.T, body string) string {
	t.Helper()
	from, to := strings.Index(body, `"record":`), strings.LastIndex(body, "}")
	if from < 0 {
		t.Fatalf("no record in %s", body)
	}
	return "{" + body[from:to] + "}"
}

func TestAMessagingTokenEndsWithTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("u1", "BR")
	w.person("u2", "BR")
	token := w.send("POST", "/api/v1/people/u1/messaging-token", "").is(201).at("token").(string)
	say := func() answer {
		return w.send("POST", "/messaging/v1/rpc/messages.send", `{"to":"u2","body":"hello"}`, "Authorization", "Bearer "+token)
	}
	say().is(200)
	w.send("DELETE", "/api/v1/people/u1", "").is(204)
	say().is(401)
}
