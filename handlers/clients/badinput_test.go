package clients_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"assent/tracker"
)

func TestWhatDoesNotExistIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	token := w.send("POST", "/api/v1/people/u1/messaging-token", "").is(201).at("token").(string)
	notice := `{"campaign":"new-terms-2021","channel":"email","presented":true}`
	elsewhere := `{"campaign":"no-such-campaign","channel":"email","presented":true}`
	plan := strings.Replace(planFile, "document: terms-of-service,", "document: no-such-document,", 1)
	for name, tc := range map[string]struct{ method, target, body, named string }{
		"document":                    {"GET", "/api/v1/documents/no-such-document/versions", "", "no-such-document"},
		"document's version":          {"GET", "/api/v1/documents/no-such-document/versions/1", "", "no-such-document"},
		"version":                     {"GET", "/api/v1/documents/privacy-policy/versions/1999-01-01", "", "1999-01-01"},
		"version to publish":          {"POST", "/api/v1/documents/privacy-policy/versions/1999-01-01/publish", "", "1999-01-01"},
		"campaign":                    {"GET", "/api/v1/campaigns/no-such-campaign", "", "no-such-campaign"},
		"campaign to activate":        {"POST", "/api/v1/campaigns/no-such-campaign/plans/1/activate", "", "no-such-campaign"},
		"plan to activate":            {"POST", "/api/v1/campaigns/new-terms-2021/plans/7/activate", "", "7"},
		"plan that is no number":      {"POST", "/api/v1/campaigns/new-terms-2021/plans/first/activate", "", "first"},
		"campaign to hold":            {"POST", "/api/v1/campaigns/no-such-campaign/holds", `{"reason":"x"}`, "no-such-campaign"},
		"hold":                        {"DELETE", "/api/v1/campaigns/new-terms-2021/holds/hld_none", "", "hld_none"},
		"person":                      {"GET", "/api/v1/people/nobody", "", "nobody"},
		"person to delete":            {"DELETE", "/api/v1/people/nobody", "", "nobody"},
		"person's standing":           {"GET", "/api/v1/people/nobody/standing", "", "nobody"},
		"person of a notice":          {"POST", "/api/v1/people/nobody/notices", notice, "nobody"},
		"campaign of a notice":        {"POST", "/api/v1/people/u1/notices", elsewhere, "no-such-campaign"},
		"person of a link":            {"POST", "/api/v1/people/nobody/links", `{"campaign":"new-terms-2021","purpose":"notice"}`, "nobody"},
		"campaign of a link":          {"POST", "/api/v1/people/u1/links", `{"campaign":"no-such-campaign","purpose":"notice"}`, "no-such-campaign"},
		"person of a messaging token": {"POST", "/api/v1/people/nobody/messaging-token", "", "nobody"},
		"person of a response":        {"POST", "/api/v1/people/nobody/responses", object("campaign", "new-terms-2021", "action", "accepted", "documents", documents()), "nobody"},
		"campaign of a response":      {"POST", "/api/v1/people/u1/responses", object("campaign", "no-such-campaign", "action", "accepted", "documents", documents()), "no-such-campaign"},
		"document of a response":      {"POST", "/api/v1/people/u1/responses", withDocument("document", "no-such-document"), "no-such-document"},
		"version of a response":       {"POST", "/api/v1/people/u1/responses", withDocument("version", "1999-01-01"), "1999-01-01"},
		"campaign to list plans of":   {"GET", "/api/v1/campaigns/no-such-campaign/plans", "", "no-such-campaign"},
		"plan":                        {"GET", "/api/v1/campaigns/new-terms-2021/plans/7", "", "7"},
		"plan to compare":             {"GET", "/api/v1/campaigns/new-terms-2021/plans/x/diff", "", "x"},
		"plan to preview":             {"POST", "/api/v1/campaigns/new-terms-2021/plans/7/preview", "", "7"},
		"plan to confirm":             {"POST", "/api/v1/campaigns/new-terms-2021/plans/0/confirm", "", "0"},
		"campaign to preview":         {"POST", "/api/v1/campaigns/no-such-campaign/preview", "", "no-such-campaign"},
		"campaign to list holds of":   {"GET", "/api/v1/campaigns/no-such-campaign/holds", "", "no-such-campaign"},
		"campaign to reverse":         {"POST", "/api/v1/campaigns/no-such-campaign/reversals", `{"to":"off","reason":"x"}`, "no-such-campaign"},
		"reversals of a campaign":     {"GET", "/api/v1/campaigns/no-such-campaign/reversals", "", "no-such-campaign"},
		"reversal":                    {"GET", "/api/v1/campaigns/new-terms-2021/reversals/rev_none", "", "rev_none"},
		"reversal to undo":            {"DELETE", "/api/v1/campaigns/new-terms-2021/reversals/rev_none", "", "rev_none"},
		"campaign with a breaker":     {"GET", "/api/v1/campaigns/no-such-campaign/breaker", "", "no-such-campaign"},
		"campaign with failures":      {"GET", "/api/v1/campaigns/no-such-campaign/failures", "", "no-such-campaign"},
		"person to retry":             {"POST", "/api/v1/campaigns/new-terms-2021/failures/u1/retry", "", "u1"},
		"people of a campaign":        {"GET", "/api/v1/campaigns/no-such-campaign/unreached", "", "no-such-campaign"},
		"approval":                    {"GET", "/api/v1/approvals/apr_none", "", "apr_none"},
		"approval to give":            {"POST", "/api/v1/approvals/apr_none/approve", "", "apr_none"},
		"approval to reject":          {"POST", "/api/v1/approvals/apr_none/reject", "", "apr_none"},
		"person to extend":            {"POST", "/api/v1/people/nobody/extensions", `{"campaign":"new-terms-2021","for":"1d","reason":"x"}`, "nobody"},
		"person to exempt":            {"POST", "/api/v1/people/nobody/exemptions", `{"campaign":"new-terms-2021","reason":"x"}`, "nobody"},
		"exempt person":               {"DELETE", "/api/v1/people/nobody/exemptions?campaign=new-terms-2021&reason=x", "", "nobody"},
		"receipt":                     {"GET", "/api/v1/receipts/rcp_none", "", "rcp_none"},
		"tile":                        {"GET", "/ledger/tile/0/999", "", "tile/0/999"},
		"tile by another spelling":    {"GET", "/ledger/tile/0/000.p/0", "", "000.p/0"},
		"route":                       {"GET", "/api/v1/no-such-route", "", "/api/v1/no-such-route"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			w.send(tc.method, tc.target, tc.body, "Idempotency-Key", "k").is(404).mentions(tc.named)
		})
	}
	w.send("POST", "/messaging/v1/rpc/no.such.method", "{}", "Authorization", "Bearer "+token).is(404).mentions("no.such.method")
	w.send("POST", "/messaging/v1/rpc/messages.send", `{"to":"nobody","body":"x"}`, "Authorization", "Bearer "+token).is(404).mentions("nobody")
	w.send("PUT", "/api/v1/campaigns/new-terms-2021/plans", plan, "Content-Type", "application/yaml").is(422).mentions("no-such-document")
}

// withDocument is a response in which one member of the first document is
// something else.
func withDocument(member, value string) string {
	docs := documents()
	docs[0][member] = value
	return object("campaign", "new-terms-2021", "action", "accepted", "documents", docs)
}

func TestAChoiceAboutAnythingButWhatIsAskedIsNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	old := "/api/v1/documents/terms-of-service/versions/2019-01-01"
	w.send("PUT", old, object("title", "Terms", "texts", map[string]any{"en": map[string]string{"markdown": "old"}})).is(201)
	w.send("POST", old+"/publish", "").is(200)
	docs := documents()
	docs[0]["version"], docs[0]["sha256"] = "2019-01-01", tracker.Digest("old")
	for name, body := range map[string]string{
		"an older version":   object("campaign", "new-terms-2021", "action", "accepted", "documents", docs),
		"another hash":       withDocument("sha256", strings.Repeat("0", 64)),
		"hash in upper case": withDocument("sha256", strings.ToUpper(documents()[0]["sha256"])),
		"a missing document": object("campaign", "new-terms-2021", "action", "accepted", "documents", documents()[:1]),
		"one document twice": object("campaign", "new-terms-2021", "action", "accepted", "documents", []any{documents()[0], documents()[0]}),
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			w.send("POST", "/api/v1/people/u1/responses", body, "Idempotency-Key", name).is(409).
				says("current.0.document", "terms-of-service", "current.0.version", "2021-01-04", "current.0.sha256", documents()[0]["sha256"], "current.1.document", "privacy-policy")
		})
	}
	for name, tc := range map[string]struct {
		body, key string
		status    int
		path      string
	}{
		"an unknown action":  {object("campaign", "new-terms-2021", "action", "agreed", "documents", documents()), "k", 422, "action"},
		"accept as a yes/no": {`{"campaign":"new-terms-2021","accept":true}`, "k", 400, "accept"},
		"no documents":       {object("campaign", "new-terms-2021", "action", "accepted"), "k", 422, "documents"},
		"no campaign":        {object("action", "accepted", "documents", documents()), "k", 422, "campaign"},
		"no key":             {object("campaign", "new-terms-2021", "action", "accepted", "documents", documents()), "", 422, "Idempotency-Key"},
		"too long a key":     {object("campaign", "new-terms-2021", "action", "accepted", "documents", documents()), strings.Repeat("k", 256), 422, "Idempotency-Key"},
		"no address":         {object("campaign", "new-terms-2021", "action", "accepted", "documents", documents(), "details", map[string]string{"client_ip": "of the phone"}), "k", 422, "details.client_ip"},
		"a key of no text":   {object("campaign", "new-terms-2021", "action", "accepted", "documents", documents()), "k\xff", 422, "Idempotency-Key"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			w.send("POST", "/api/v1/people/u1/responses", tc.body, "Idempotency-Key", tc.key).is(tc.status).says("errors.0.path", tc.path)
		})
	}
	twice := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/people/u1/responses", strings.NewReader(object("campaign", "new-terms-2021", "action", "accepted", "documents", documents())))
	twice.Header = http.Header{"Authorization": {"Bearer " + bootstrap}, "Content-Type": {"application/json"}, "Idempotency-Key": {"k", "l"}}
	w.asks(twice).is(422).says("errors.0.path", "Idempotency-Key")
	w.send("GET", "/api/v1/people/u1/responses?idempotency_key=k&idempotency_key=l", "").is(422).says("errors.0.path", "idempotency_key")
	w.logged(0)
	w.send("GET", "/api/v1/people/u1/standing", "").says("campaigns.0.status", "pending")
}

func TestBodiesAreReadStrictlyEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	routes := map[string]string{
		"POST /api/v1/people":                                   "id",
		"POST /api/v1/people/u1/notices":                        "campaign",
		"POST /api/v1/people/u1/links":                          "campaign",
		"POST /api/v1/people/u1/responses":                      "campaign",
		"POST /api/v1/campaigns/new-terms-2021/holds":           "reason",
		"PUT /api/v1/documents/terms-of-service/versions/draft": "material",
		"DELETE /api/v1/campaigns/new-terms-2021/holds/h":       "reason",
		"POST /api/v1/campaigns/new-terms-2021/plans/1/confirm": "reason",
		"POST /api/v1/campaigns/new-terms-2021/preview":         "at",
		"POST /api/v1/campaigns/new-terms-2021/breaker":         "reason",
		"POST /api/v1/campaigns/new-terms-2021/reversals":       "reason",
		"DELETE /api/v1/campaigns/new-terms-2021/reversals/r":   "reason",
		"POST /api/v1/approvals/a/reject":                       "note",
		"PUT /api/v1/pause":                                     "reason",
		"POST /api/v1/people/u1/extensions":                     "campaign",
		"POST /api/v1/people/u1/exemptions":                     "campaign",
		"DELETE /api/v1/people/u1/exemptions":                   "reason",
		"POST /access/v1/evaluation":                            "subject",
		"POST /access/v1/evaluations":                           "subject",
	}
	for route, member := range routes {
		t.Run(route, func(t *testing.T) {
			w := w.in(t)
			method, target, _ := strings.Cut(route, " ")
			send := func(body string) answer { return w.send(method, target, body, "Idempotency-Key", "k") }
			send(fmt.Sprintf(`{%q:"x",%q:"y"}`, member, member)).is(400).says("errors.0.path", member)
			send(fmt.Sprintf(`{%q:[[1]]}`, member)).is(400)
			send(`{} {}`).is(400).mentions("after the end")
			send(`{`).is(400)
			send("{\"" + member + "\":\"\xff\"}").is(400)
			w.send(method, target, "{}", "Content-Type", "text/plain").is(415)
			w.send(method, target, "{}", "Content-Encoding", "gzip").is(415)
			if strings.HasPrefix(target, "/access/") {
				return // AuthZEN lets callers send more
			}
			send(`{"no_such_name":1}`).is(400).says("errors.0.path", "no_such_name")
			send(fmt.Sprintf(`{%q:"x"}`, strings.ToUpper(member))).is(400).says("errors.0.path", strings.ToUpper(member))
		})
	}
	big := `{"id":"` + strings.Repeat("u", 64<<10) + `"}`
	for _, target := range []string{"/api/v1/people", "/api/v1/people/u1/notices", "/api/v1/people/u1/responses", "/access/v1/evaluation"} {
		w.send("POST", target, big, "Idempotency-Key", "k").is(413).mentions("65536")
	}
	w.send("POST", "/api/v1/people", `{"id":"u9","region":"br","locale":"pt_BR","account_type":"robot"}`).is(422).
		says("errors.0.path", "region", "errors.1.path", "locale", "errors.2.path", "account_type")
	w.send("POST", "/api/v1/people/u1/links", `{"campaign":"new-terms-2021","purpose":"reply"}`).is(422).says("errors.0.path", "purpose")
	w.send("POST", "/api/v1/people/u1/notices", `{"campaign":"new-terms-2021","channel":"fax"}`).is(422).says("errors.0.path", "channel")
	w.send("GET", "/api/v1/changes?after=-1", "").is(422).says("errors.0.path", "after")
}

func TestABadLineIsReportedWithItsNumberAndTheOthersAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	lines := []string{
		`{"id":"u1","region":"BR","locale":"pt-BR"}`,
		`{"id":"u2","region":"Brazil","locale":"pt-BR"}`,
		`{"id":"u3","region":"BR","locale":"pt-BR","id":"u4"}`,
		`not json`,
		`{"id":"u5","region":"BR","locale":"pt-BR","phone":"+49"}`,
		`{"id":"` + strings.Repeat("u", 200<<10) + `"}`,
		``,
		`{"id":"u8","region":"DE","locale":"de"}`,
		`{"id":"u1","region":"FR","locale":"fr"}`,
	}
	body := strings.Join(lines, "\r\n")
	got := w.send("POST", "/api/v1/people", body, "Content-Type", "application/x-ndjson").is(200)
	results := strings.Split(strings.TrimSpace(got.Body.String()), "\n")
	if len(results) != len(lines) {
		t.Fatalf("%d results for %d lines: %s", len(results), len(lines), got.Body)
	}
	for i, result := range results {
		line := i + 1
		stored := strings.Contains(result, `"status":"stored"`)
		if !strings.HasPrefix(result, fmt.Sprintf(`{"line":%d,`, line)) || stored != slices.Contains([]int{1, 8, 9}, line) || stored == strings.Contains(result, `"errors"`) {
			t.Errorf("line %d: %s", line, result)
		}
	}
	for line, word := range map[int]string{2: `"path":"region"`, 3: `"path":"id"`, 5: `"path":"phone"`, 6: "65536"} {
		if !strings.Contains(results[line-1], word) {
			t.Errorf("line %d does not say %s: %s", line, word, results[line-1])
		}
	}
	w.send("GET", "/api/v1/people/u8", "").is(200).says("region", "DE", "account_type", "personal")
	w.send("GET", "/api/v1/people/u1", "").is(200).says("region", "FR")
	for _, id := range []string{"u2", "u3", "u4", "u5"} {
		w.send("GET", "/api/v1/people/"+id, "").is(404)
	}
	w.send("GET", "/api/v1/campaigns/new-terms-2021", "").is(200).says("counts.in_scope", 2, "counts.pending", 2)
}

func TestManyPeopleAreStoredInBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	var body strings.Builder
	const people = 2*tracker.MaxBatch + 345
	for i := range people {
		fmt.Fprintf(&body, "{\"id\":\"u%d\",\"region\":\"BR\",\"locale\":\"pt-BR\"}\n", i)
	}
	for range 2 { // a second time changes nothing
		got := w.send("POST", "/api/v1/people", body.String(), "Content-Type", "application/x-ndjson").is(200)
		if n := strings.Count(got.Body.String(), `"status":"stored"`); n != people {
			t.Fatalf("%d stored", n)
		}
		w.send("GET", "/api/v1/campaigns/new-terms-2021", "").says("counts.in_scope", people)
	}
	w.send("POST", "/api/v1/people", strings.Repeat("x\n", 20_000), "Content-Type", "application/x-ndjson").is(200)
}

func TestNothingButAPostRecordsAChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	try := func(method, query string) answer {
		return w.send(method, "/api/v1/people/u1/responses?action=accepted&campaign=new-terms-2021"+query, "", "Idempotency-Key", "k", "X-HTTP-Method-Override", "POST")
	}
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		try(method, "").is(405)
	}
	try("GET", "").is(422)
	try("GET", "&idempotency_key=k").is(404)
	w.send("GET", "/api/v1/people/u1/standing", "").says("campaigns.0.status", "pending")
	w.logged(0)
}

func TestABrokenPlanFileChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	plans := "/api/v1/campaigns/new-terms-2021/plans"
	before := w.send("GET", "/api/v1/campaigns/new-terms-2021", "").is(200).Body.String()
	broken := strings.Replace(planFile, "profile: whatsapp-2021-05", `stages:
  - {key: announced, from: announce, reminder: {mode: banner}}
  - {key: limited, after: 30d, off: [terms.read, no.such.capability]}`, 1)
	broken = strings.Replace(broken, "last_stage: announced", "last_stage: nowhere", 1)
	answer := w.send("PUT", plans, broken, "Content-Type", "application/yaml").is(422)
	for _, path := range []string{"stages[1].off[0]", "stages[1].off[1]", "regions[0].last_stage"} {
		if !strings.Contains(answer.Body.String(), `"path":"`+path+`"`) {
			t.Errorf("%s is not reported: %s", path, answer.Body)
		}
	}
	w.send("PUT", plans, "campaign: [", "Content-Type", "application/yaml").is(422)
	w.send("PUT", plans, strings.Replace(planFile, "new-terms-2021", "other-terms", 1), "Content-Type", "application/yaml").is(422).says("errors.0.path", "campaign")
	w.send("PUT", plans, planFile, "Content-Type", "text/plain").is(415)
	w.send("PUT", plans, planFile+strings.Repeat("# padding\n", 7000), "Content-Type", "application/yaml").is(413)
	if after := w.send("GET", "/api/v1/campaigns/new-terms-2021", "").Body.String(); after != before {
		t.Fatalf("the campaign changed:\n%s\n%s", before, after)
	}
	w.send("PUT", plans, planFile, "Content-Type", "application/yaml").is(201).says("plan", 2)
}

func TestAPublishedVersionIsImmutable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := "/api/v1/documents/terms-of-service/versions/1"
	body := func(markdown string) string {
		return object("title", map[string]string{"en": "Terms", "fr": "Conditions"}, "texts", map[string]any{"en": map[string]string{"markdown": markdown}})
	}
	w.send("PUT", at, body("first")).is(201)
	w.send("PUT", at, body("second\r\n")).is(200).says("texts.en.sha256", tracker.Digest("second\r\n"), "published_at", nil)
	w.send("POST", at+"/publish", "").is(200)
	w.send("PUT", at, body("third")).is(409)
	w.send("POST", at+"/publish", "").is(409)
	w.send("GET", at, "").is(200).says("texts.en.markdown", "second\r\n", "title.fr", "Conditions")
	w.send("PUT", "/api/v1/documents/Not%20A%20Key/versions/1", body("x")).is(422).says("errors.0.path", "document")
	w.send("PUT", "/api/v1/documents/big/versions/1", body(strings.Repeat("x", 1<<20+1))).is(422).says("errors.0.path", "texts.en.markdown")
	w.send("PUT", "/api/v1/documents/big/versions/1", body(strings.Repeat("x", 9<<20))).is(413)
	w.send("PUT", "/api/v1/documents/big/versions/1", body(strings.Repeat("x", 1<<20))).is(201)
}
