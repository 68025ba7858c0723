package clients_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assent/tracker"
)

const bulk = "/ofrep/v1/evaluate/flags"

func TestFlagErrorsAreWrittenAsTheProtocolWantsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := `{"context":{"targetingKey":"u1"}}`
	for name, tc := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"good":                    {good, 200, ""},
		"more than is needed":     {`{"context":{"stage":2,"targetingKey":"u1","list":[{"a":null}]},"next":{"x":[]}}`, 200, ""},
		"no JSON":                 {`targetingKey=u1`, 400, "PARSE_ERROR"},
		"cut off":                 {`{"context":{"targetingKey":"u1"}`, 400, "PARSE_ERROR"},
		"trailing data":           {good + good, 400, "PARSE_ERROR"},
		"a list":                  {`[]`, 400, "PARSE_ERROR"},
		"a repeated name":         {`{"context":{"targetingKey":"u1","targetingKey":"u2"}}`, 400, "PARSE_ERROR"},
		"no context":              {`{}`, 400, "INVALID_CONTEXT"},
		"context is null":         {`{"context":null}`, 400, "INVALID_CONTEXT"},
		"context is a text":       {`{"context":"u1"}`, 400, "INVALID_CONTEXT"},
		"no targeting key":        {`{"context":{}}`, 400, "TARGETING_KEY_MISSING"},
		"an empty targeting key":  {`{"context":{"targetingKey":""}}`, 400, "TARGETING_KEY_MISSING"},
		"targeting key is number": {`{"context":{"targetingKey":7}}`, 400, "INVALID_CONTEXT"},
		"empty body":              {``, 415, "PARSE_ERROR"},
		"over 64 KiB":             {`{"context":{"x":"` + strings.Repeat("x", 64<<10) + `"}}`, 413, "PARSE_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			one, all := w.send("POST", bulk+"/messages.send", tc.body).is(tc.status), w.send("POST", bulk, tc.body).is(tc.status)
			if tc.code != "" {
				one.says("errorCode", tc.code, "key", "messages.send")
				all.says("errorCode", tc.code)
			}
		})
	}
	w.send("POST", bulk+"/no.such.flag", good).is(404).says("errorCode", "FLAG_NOT_FOUND", "key", "no.such.flag")
	w.send("POST", bulk, good, "Content-Type", "text/plain").is(415)
	w.send("POST", bulk, good, "Authorization", "").is(401).says("errorCode", "GENERAL")
	_, secret, err := w.tracker.CreateKey(t.Context(), "test", []tracker.Scope{tracker.PeopleWrite}, time.Time{}, "test")
	w.must(err)
	w.send("POST", bulk, good, "Authorization", "Bearer "+secret).is(403).says("errorCode", "GENERAL")
}

func TestAFlagIsAlwaysAValueAndNeverDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.limit("u1")
	body := w.send("POST", bulk, `{"context":{"targetingKey":"u1"}}`).is(200).Body.String()
	if strings.Contains(body, "DISABLED") || strings.Count(body, `"value":`) != strings.Count(body, `"key":`) {
		t.Fatal(body)
	}
	for flag := range strings.SplitSeq(body, `{"key":"`) {
		key, _, _ := strings.Cut(flag, `"`)
		if one := w.flag("u1", key); strings.Contains(key, ".") && !strings.Contains(body, one.Body.String()) {
			t.Errorf("alone %s is %s", key, one.Body)
		}
	}
}

func TestAnAnswerSaysItsLengthHoweverLongItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.limit("u1")
	server := httptest.NewServer(w.engine)
	t.Cleanup(server.Close)
	lengths := map[string]int64{}
	for _, path := range []string{bulk, bulk + "/messages.send"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(`{"context":{"targetingKey":"u1"}}`))
		w.must(err)
		r.Header.Set("Authorization", "Bearer "+bootstrap)
		r.Header.Set("Content-Type", "application/json")
		got, err := server.Client().Do(r)
		w.must(err)
		body, err := io.ReadAll(got.Body)
		w.must(errors.Join(err, got.Body.Close()))
		if lengths[path] = got.ContentLength; got.ContentLength != int64(len(body)) || got.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %d bytes, said to be %d, with %v", path, len(body), got.ContentLength, got.Header)
		}
	}
	if lengths[bulk] <= 2<<10 || lengths[bulk+"/messages.send"] > 1<<10 {
		t.Errorf("these are no short and no long answer: %v", lengths)
	}
}

func TestAnAnswerOneHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	ask := func(target string, headers ...string) answer {
		return w.send("POST", target, `{"context":{"targetingKey":"u1"}}`, headers...)
	}
	tag := ask(bulk).is(200).Header().Get("ETag")
	inner := strings.Trim(tag, `"`)
	for _, have := range []string{tag, "W/" + tag, inner, `"` + inner + `-gzip"`, `"other", ` + tag, "*"} {
		got := ask(bulk, "If-None-Match", have).is(304)
		if got.Body.Len() > 0 || got.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %q, %v", have, got.Body, got.Header())
		}
		ask(bulk+"?flagConfigEtag=other", "If-None-Match", have).is(200)
		ask(bulk+"?flagConfigEtag="+inner, "If-None-Match", have).is(304)
	}
	for _, have := range []string{`"other"`, "", `"` + inner} {
		if have != `"`+inner {
			ask(bulk, "If-None-Match", have).is(200)
		}
	}
	// Two may do the same, and yet each has a ticket of their own in the answer.
	strange := w.send("POST", bulk, `{"context":{"targetingKey":"stranger"}}`, "If-None-Match", tag).is(200).Header().Get("ETag")
	w.send("POST", bulk, `{"context":{"targetingKey":"another"}}`, "If-None-Match", strange).is(200)
	w.reach(date(2021, 1, 7))
	next := ask(bulk, "If-None-Match", tag).is(200).Header().Get("ETag")
	w.choose("u1", "accepted", "k").is(201)
	ask(bulk, "If-None-Match", next).is(200)
}

func TestPagesOfAnyOriginMayAskForFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, target := range []string{bulk, bulk + "/messages.send"} {
		got := w.send("OPTIONS", target, "", "Authorization", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST").is(204)
		allowed := strings.ToLower(got.Header().Get("Access-Control-Allow-Headers"))
		for _, name := range []string{"content-type", "authorization", "x-api-key", "if-none-match"} {
			if !strings.Contains(allowed, name) {
				t.Errorf("%s is not allowed: %v", name, got.Header())
			}
		}
		for _, authorization := range []string{"Bearer " + bootstrap, ""} {
			h := w.send("POST", target, `{"context":{"targetingKey":"u1"}}`, "Authorization", authorization, "Origin", "https://app.example").Header()
			if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Expose-Headers") != "ETag, Retry-After" || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%v", h)
			}
		}
	}
	if h := w.send("POST", bulk, `{"context":{"targetingKey":"u1"}}`).Header(); h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("what is no page is answered as one: %v", h)
	}
	if h := w.send("GET", "/api/v1/campaigns/x", "").Header(); h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the management API is open to other origins: %v", h)
	}
}

func TestDecisionsSayWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	ask := func(person, action string) string {
		return fmt.Sprintf(`{"subject":{"type":"user","id":%q,"properties":{"x":1}},"action":{"name":%q},"resource":{"type":"conversation","id":"c9"},"context":{"pep":"x"}}`, person, action)
	}
	w.send("POST", "/access/v1/evaluation", ask("u1", "messages.send")).is(200).says("decision", true, "context.reason", "default", "context.ttl", 5)
	w.limit("u1")
	w.send("POST", "/access/v1/evaluation", ask("u1", "messages.send")).is(200).
		says("decision", false, "context.reason", "stage", "context.stage", "limited", "context.on_deny", "reject", "context.ttl", 1,
			"context.accept_url", publicURL+"/t/new-terms-2021", "context.campaign", "new-terms-2021")
	w.send("POST", "/access/v1/evaluation", ask("u1", "calls.answer")).is(200).says("decision", true)
	w.send("POST", "/access/v1/evaluation", ask("stranger", "messages.send")).is(200).says("decision", true)
	w.send("POST", "/access/v1/evaluation", `{"subject":{"type":"user"},"action":{"name":"x"}}`).is(400).says("errors.0.path", "subject.id")
	w.send("POST", "/access/v1/evaluation", `{"subject":{"type":"user","id":"u1"}}`).is(400).says("errors.0.path", "action")
	w.send("GET", "/.well-known/authzen-configuration", "", "Authorization", "").is(200).says("access_evaluation_endpoint", publicURL+"/access/v1/evaluation")
}

func TestABatchOfDecisionsKeepsItsOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.limit("u1")
	const target = "/access/v1/evaluations"
	batch := func(semantic string) string {
		return fmt.Sprintf(`{"action":{"name":"messages.send"},"resource":{"type":"push","id":"p1"},"options":{"evaluations_semantic":%q},"evaluations":[
			{"subject":{"type":"user","id":"u2"}},{"subject":{"type":"user","id":"u1"}},{},{"subject":{"type":"user","id":"u1"},"action":{"name":"calls.answer"}}]}`, semantic)
	}
	all := w.send("POST", target, batch("execute_all")).is(200).
		says("evaluations.0.decision", true, "evaluations.1.decision", false, "evaluations.2.decision", false, "evaluations.2.context.error.status", 400, "evaluations.3.decision", true)
	if n := len(all.at("evaluations").([]any)); n != 4 {
		t.Fatalf("%d answers", n)
	}
	if n := len(w.send("POST", target, batch("deny_on_first_deny")).is(200).at("evaluations").([]any)); n != 2 {
		t.Fatalf("%d answers until the first denial", n)
	}
	if n := len(w.send("POST", target, batch("permit_on_first_permit")).is(200).at("evaluations").([]any)); n != 1 {
		t.Fatalf("%d answers until the first permit", n)
	}
	w.send("POST", target, batch("whatever")).is(400).says("errors.0.path", "options.evaluations_semantic")
	w.send("POST", target, `{"subject":{"type":"user","id":"u1"},"action":{"name":"messages.send"},"resource":{"type":"push","id":"p1"}}`).is(200).says("decision", false)
	many := `{"action":{"name":"messages.send"},"resource":{"type":"push","id":"p1"},"evaluations":[` + strings.TrimSuffix(strings.Repeat(`{"subject":{"type":"user","id":"u1"}},`, 1000), ",")
	if n := len(w.send("POST", target, many+`]}`).is(200).at("evaluations").([]any)); n != 1000 {
		t.Fatalf("%d answers", n)
	}
	w.send("POST", target, many+`,{}]}`).is(400).mentions("1000")
}
