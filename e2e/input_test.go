package e2e_test

import (
	"net/url"
	"strings"
	"testing"
)

// asked is a server with the campaign announced and one person in it, who has
// not chosen.
func asked(t *testing.T) *site {
	t.Helper()
	s := newSite(t, "ASSENT_DEMO_CLOCK=2021-01-05T00:00:00Z").start("demo", "--empty").campaign()
	s.person("bia", "BR", "pt-BR")
	s.clock("2021-01-07T00:00:00Z")
	return s
}

// nothingHappened checks that no choice was recorded and nobody was moved.
func (s *site) nothingHappened() {
	s.Helper()
	s.standing("bia").says("campaigns/0/status", "pending", "campaigns/0/stage", "announced", "campaigns/0/plan", 1,
		"campaigns/0/hold", nil, "campaigns/0/reminder/snoozes_left", 8, "campaigns/0/reminder/quiet_until", nil)
	if n := s.choices(); n != 0 {
		s.Errorf("the log holds %d choices", n)
	}
}

// choices counts those in the log, which holds acts of staff besides.
func (s *site) choices() int {
	s.Helper()
	size := strings.Split(s.send("GET", "/ledger/checkpoint", "").is(200).body, "\n")[1]
	return strings.Count(s.send("GET", "/ledger/tile/entries/000.p/"+size, "").is(200).body, `"kind":"response"`)
}

func TestWhatDoesNotExistIsNamed(t *testing.T) {
	t.Parallel()
	s := asked(t)
	token := s.token("bia")
	choice := func(change func(document map[string]string)) string {
		list := documents("en")
		change(list[0])
		return object("campaign", campaign, "action", "accepted", "documents", list)
	}
	as := func(name string) string {
		return strings.Replace(choice(func(map[string]string) {}), campaign, name, 1)
	}
	for _, tc := range []struct{ method, path, body, named string }{
		{"GET", "/api/v1/documents/no-such-document/versions", "", "no-such-document"},
		{"POST", "/api/v1/documents/no-such-document/versions/1/publish", "", "no-such-document"},
		{"GET", "/api/v1/documents/privacy-policy/versions/1999-01-01", "", "1999-01-01"},
		{"GET", "/api/v1/campaigns/no-such-campaign", "", "no-such-campaign"},
		{"POST", "/api/v1/campaigns/no-such-campaign/plans/1/activate", "", "no-such-campaign"},
		{"POST", "/api/v1/campaigns/new-terms-2021/plans/9/activate", "", "9"},
		{"GET", "/api/v1/people/nobody/standing", "", "nobody"},
		{"POST", "/api/v1/people/nobody/messaging-token", "", "nobody"},
		{"POST", "/api/v1/people/nobody/responses", as(campaign), "nobody"},
		{"POST", "/api/v1/people/bia/responses", as("no-such-campaign"), "no-such-campaign"},
		{"POST", "/api/v1/people/bia/responses", choice(func(d map[string]string) { d["document"] = "no-such-document" }), "no-such-document"},
		{"POST", "/api/v1/people/bia/responses", choice(func(d map[string]string) { d["version"] = "1999-01-01" }), "1999-01-01"},
		{"POST", "/api/v1/people/nobody/notices", object("campaign", campaign, "channel", "email"), "nobody"},
		{"POST", "/api/v1/people/bia/links", object("campaign", "no-such-campaign", "purpose", "notice"), "no-such-campaign"},
		{"GET", "/api/v1/receipts/rcp_none", "", "rcp_none"},
		{"GET", "/no/such/page", "", "/no/such/page"},
	} {
		s.send(tc.method, tc.path, tc.body, idempotencyKey, "k").problem(404, tc.named)
	}
	s.call(token, "no.such.method", "{}").problem(404, "no.such.method")
	s.call(token, "messages.send", `{"to":"nobody","body":"x"}`).problem(404, "nobody")
	s.send("POST", "/ofrep/v1/evaluate/flags/no.such.flag", `{"context":{"targetingKey":"bia"}}`).is(404).says("key", "no.such.flag", "errorCode", "FLAG_NOT_FOUND")
	s.nothingHappened()
}

func TestABodyIsTakenStrictlyOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := asked(t)
	const at = "/api/v1/people/bia/responses"
	good := object("campaign", campaign, "action", "accepted", "documents", documents("en"))
	long := strings.Repeat(" ", 64<<10)
	for name, tc := range map[string]struct {
		body, kind string
		status     int
		place      string
	}{
		"an unknown key":       {strings.Replace(good, "{", `{"accept":true,`, 1), "", 400, "accept"},
		"a key in other case":  {strings.Replace(good, `"action"`, `"Action"`, 1), "", 400, "Action"},
		"a duplicate key":      {strings.Replace(good, "{", `{"action":"declined",`, 1), "", 400, "action"},
		"a wrong type":         {strings.Replace(good, `"accepted"`, `1`, 1), "", 400, "action"},
		"trailing data":        {good + "{}", "", 400, "after the end"},
		"no JSON":              {"accepted", "", 400, "JSON"},
		"half a body":          {good[:40], "", 400, "JSON"},
		"nothing":              {" ", "", 400, "empty"},
		"over 64 KiB":          {good + long, "", 413, "65536"},
		"a form":               {"action=accepted", "application/x-www-form-urlencoded", 415, "application/json"},
		"another alphabet":     {good, "application/json; charset=utf-16", 415, "UTF-8"},
		"an unknown action":    {strings.Replace(good, "accepted", "agreed", 1), "", 422, "agreed"},
		"no documents":         {object("campaign", campaign, "action", "accepted"), "", 422, "documents"},
		"a hash in capitals":   {strings.Replace(good, digest(texts["privacy-policy"]["en"]), strings.ToUpper(digest(texts["privacy-policy"]["en"])), 1), "", 409, "current"},
		"one of two documents": {object("campaign", campaign, "action", "accepted", "documents", documents("en")[:1]), "", 409, "current"},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{idempotencyKey, "k"}
			if tc.kind != "" {
				headers = append(headers, "Content-Type", tc.kind)
			}
			s.in(t).send("POST", at, tc.body, headers...).problem(tc.status, tc.place)
		})
	}
	s.send("POST", at, good).problem(422, idempotencyKey)
	s.send("POST", at, good, "Authorization", "Bearer nonsense", idempotencyKey, "k").problem(401, "key")
	s.send("POST", at, good, "Authorization", "Bearer "+s.token("bia"), idempotencyKey, "k").problem(401, "key")
	s.nothingHappened()
}

func TestALineThatIsTooLongCostsOnlyItself(t *testing.T) {
	t.Parallel()
	s := asked(t)
	lines := `{"id":"one","region":"BR","locale":"en"}` + "\r\n" +
		`{"id":"` + strings.Repeat("x", 64<<10) + `"}` + "\n" +
		`{"id":"two","region":"BR","locale":"en","id":"three"}` + "\n" +
		`{"id":"four","region":"BR","locale":"en"}`
	report := strings.Split(strings.TrimSpace(s.send("POST", "/api/v1/people", lines, "Content-Type", ndjson).is(200).body), "\n")
	for i, word := range []string{"stored", "65536", "id", "stored"} {
		if !strings.Contains(report[i], word) || strings.Contains(report[i], "errors") != (i == 1 || i == 2) {
			t.Errorf("line %d: %s", i+1, report[i])
		}
	}
	for person, status := range map[string]int{"one": 200, "two": 404, "three": 404, "four": 200} {
		s.send("GET", "/api/v1/people/"+person, "").is(status)
	}
}

func TestABrokenPlanFileChangesNothing(t *testing.T) {
	t.Parallel()
	s := asked(t)
	const at = "/api/v1/campaigns/" + campaign
	before := s.send("GET", at, "").is(200).body
	broken := strings.NewReplacer(
		"off: [chats.list,", "off: [terms.read, no.such.capability,",
		"deadline: 2021-05-15", "deadline: 2020-05-15",
		"last_stage: reminded", "last_stage: nowhere",
	).Replace(plan)
	refused := s.send("PUT", at+"/plans", broken, "Content-Type", "application/yaml").problem(422, "terms.read")
	for _, path := range []string{"stages[3].off[0]", "stages[3].off[1]", "deadline", "regions[0].last_stage"} {
		if !strings.Contains(refused.body, `"path":"`+path+`"`) {
			t.Errorf("the fault at %s is not reported: %s", path, refused.body)
		}
	}
	s.send("PUT", at+"/plans", "campaign: [", "Content-Type", "application/yaml").problem(422, "")
	s.send("PUT", at+"/plans", plan+"\nstagez: []\n", "Content-Type", "application/yaml").problem(422, "stagez")
	s.send("PUT", at+"/plans", strings.Replace(plan, "2021-01-04\"}", "1999\"}", 1), "Content-Type", "application/yaml").problem(422, "1999")
	s.send("PUT", "/api/v1/campaigns/other/plans", plan, "Content-Type", "application/yaml").problem(422, campaign)
	if after := s.send("GET", at, "").is(200).body; after != before {
		t.Errorf("the campaign has changed:\n%s\n%s", before, after)
	}
	s.send("GET", "/api/v1/campaigns/other", "").problem(404, "other")
	s.send("PUT", at+"/plans", plan, "Content-Type", "application/yaml").is(201).says("plan", 2) // the broken ones took no number
	s.nothingHappened()
}

// TestOnlyAPersonsOwnPostRecordsAChoice opens every page as the person and as
// others, with every method but the one, and sends forms that are not theirs.
func TestOnlyAPersonsOwnPostRecordsAChoice(t *testing.T) {
	t.Parallel()
	s := asked(t)
	s.person("eve", "BR", "en")
	html := []string{"Accept", "text/html", "Authorization", ""}
	link, _ := url.Parse(s.link("bia"))
	opened := s.send("GET", link.Path+"?action=accepted", "", html...).is(303)
	cookie, _, _ := strings.Cut(opened.header.Get("Set-Cookie"), ";")
	signedIn := append([]string{"Cookie", cookie}, html...)
	page := s.send("GET", opened.header.Get("Location"), "", signedIn...).is(200)
	for _, path := range []string{"/", "/t/" + campaign, "/t/" + campaign + "/features", "/t/" + campaign + "/later", "/me/terms", "/legal/terms-of-service/" + version} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH"} {
			s.send(method, path+"?action=accepted&campaign="+campaign, "", append([]string{"X-HTTP-Method-Override", "POST"}, signedIn...)...)
		}
	}
	form := url.Values{"action": {"accepted"}, "locale": {"en"}}
	for _, field := range []string{"shown", "idempotency_key"} {
		_, rest, _ := strings.Cut(page.body, `name="`+field+`" value="`)
		value, _, found := strings.Cut(rest, `"`)
		if !found {
			t.Fatalf("the form has no %s: %s", field, page.body)
		}
		form.Set(field, value)
	}
	eves, _, _ := strings.Cut(s.send("GET", strings.TrimPrefix(s.link("eve"), s.url), "", html...).header.Get("Set-Cookie"), ";")
	kind := []string{"Content-Type", "application/x-www-form-urlencoded"}
	post := func(form url.Values, headers ...string) answer {
		return s.send("POST", "/t/"+campaign, form.Encode(), append(append(kind, html...), headers...)...)
	}
	post(form).is(401)                                                                     // nobody
	post(form, "Cookie", eves).is(409)                                                     // somebody else
	post(form, "Cookie", cookie, "Sec-Fetch-Site", "cross-site").is(403)                   // from another site
	post(form, "Cookie", cookie, "Origin", "https://evil.example").is(403)                 // the same, of an older browser
	post(url.Values{"action": {"accepted"}}, "Cookie", cookie).is(409)                     // without what was shown
	post(with(form, "shown", form.Get("shown")+"x"), "Cookie", cookie).is(409)             // with something else
	post(with(form, "action", "agreed"), "Cookie", cookie).is(422)                         // no such choice
	s.send("GET", link.Path[:len(link.Path)-1], "", html...).is(404)                       // a link that was cut short
	s.send("POST", link.Path, form.Encode(), append(kind, html...)...).is(405)             // a link is only opened
	s.send("GET", "/receipts/rcp_none/done", "", signedIn...).is(404)                      // nothing was chosen
	s.send("GET", "/l/"+strings.TrimPrefix(cookie, "assent_person="), "", html...).is(404) // a session is no link
	s.nothingHappened()
	post(form, "Cookie", cookie, "User-Agent", strings.Repeat("\xff\x80", 10<<10)).is(303) // whatever calls itself what
	s.standing("bia").says("campaigns/0/status", "accepted")
}

func with(form url.Values, field, value string) url.Values {
	changed := url.Values{}
	for name, values := range form {
		changed[name] = values
	}
	changed.Set(field, value)
	return changed
}
