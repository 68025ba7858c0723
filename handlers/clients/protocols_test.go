package clients_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var published = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromFile("testdata/protocols.yaml")
})

// shape is what a published protocol says an answer looks like, "" where none
// speaks of it.
func shape(route string, status int, batch bool) string {
	one := route == "/ofrep/v1/evaluate/flags/:key"
	switch {
	case status == http.StatusNotModified || status == http.StatusNoContent:
		return ""
	case one && status == http.StatusOK:
		return "Flag"
	case one && status == http.StatusNotFound:
		return "FlagNotFound"
	case one:
		return "FlagFailure"
	case route == "/ofrep/v1/evaluate/flags" && status == http.StatusOK:
		return "Flags"
	case route == "/ofrep/v1/evaluate/flags":
		return "FlagsFailure"
	case strings.HasPrefix(route, "/access/v1/") && status == http.StatusOK && batch:
		return "Decisions"
	case strings.HasPrefix(route, "/access/v1/") && status == http.StatusOK:
		return "Decision"
	case route == "/.well-known/authzen-configuration":
		return "Configuration"
	}
	return ""
}

// conforms holds an answer against the published protocol, if one speaks of it.
func (w *world) conforms(route string, answer *httptest.ResponseRecorder) {
	w.Helper()
	var body any
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		return // the description has its say on that
	}
	doc, _ := body.(map[string]any)
	_, batch := doc["evaluations"]
	name := shape(route, answer.Code, batch)
	if name == "" {
		return
	}
	w.holds(name, body)
	if kind := answer.Header().Get("Content-Type"); !strings.Contains(kind, "json") { // clients read no other
		w.Fatalf("%s has the type %q", route, kind)
	}
}

func (w *world) holds(name string, body any) {
	w.Helper()
	protocols, err := published()
	w.must(err)
	if err := protocols.Components.Schemas[name].Value.VisitJSON(body, openapi3.EnableFormatValidation()); err != nil {
		w.Fatalf("this is no %s of the protocol: %v\n%v", name, err, body)
	}
}

func TestTheSchemasOfTheProtocolsRefuseWhatClientsStumbleOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	protocols, err := published()
	w.must(err)
	for schema, wrong := range map[string][]string{
		"Flag":         {`{"key":"a","reason":"STATIC"}`, `{"key":"a","reason":"DISABLED","value":false}`, `{"key":"a","reason":"STATIC","value":true,"metadata":{"x":{}}}`},
		"FlagFailure":  {`{"errorDetails":"x"}`, `{"key":"a","errorCode":7}`},
		"FlagsFailure": {`{"errorDetails":"x"}`},
		"EventStream":  {`{"type":"sse"}`, `{"type":"sse","url":"https://x.example/","endpoint":{"requestUri":"/"}}`, `{"type":"sse","endpoint":{"requestUri":"x"}}`},
		"Decision":     {`{}`, `{"decision":"true"}`, `{"decision":true,"context":[]}`},
	} {
		for _, text := range wrong {
			var body any
			w.must(json.Unmarshal([]byte(text), &body))
			if protocols.Components.Schemas[schema].Value.VisitJSON(body) == nil {
				t.Errorf("%s takes %s", schema, text)
			}
		}
	}
}

func TestARequestOfAnEnforcementPointIsAnsweredUnderItsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := object("subject", map[string]string{"type": "user", "id": "u1"}, "action", map[string]string{"name": "messages.send"}, "resource", map[string]string{"type": "any", "id": "1"})
	for _, id := range []string{"1", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "pep/7:a+b=", strings.Repeat("x", 128)} {
		if got := w.send("POST", "/access/v1/evaluation", ask, "X-Request-ID", id).is(200).Header().Get("X-Request-ID"); got != id {
			t.Errorf("%q was answered as %q", id, got)
		}
	}
}

func TestADecisionNeedsAllThatTheProtocolRequires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const whole = `{"subject":{"type":"user","id":"u1"},"action":{"name":"messages.send"},"resource":{"type":"chat","id":"c1"}}`
	w.send("POST", "/access/v1/evaluation", whole).is(200)
	for path, tc := range map[string][2]string{
		"subject":             {`"subject":{"type":"user","id":"u1"},`, ``},
		"subject.id":          {`,"id":"u1"`, ``},
		"subject.type":        {`"type":"user",`, ``},
		"action":              {`"action":{"name":"messages.send"},`, ``},
		"action.name":         {`"name":"messages.send"`, `"properties":{}`},
		"resource":            {`,"resource":{"type":"chat","id":"c1"}`, ``},
		"resource.type":       {`"type":"chat",`, ``},
		"resource.id":         {`,"id":"c1"`, ``},
		"context":             {`}}`, `},"context":"x"}`},
		"subject.properties":  {`"id":"u1"`, `"id":"u1","properties":[]`},
		"action.properties":   {`"messages.send"`, `"messages.send","properties":7`},
		"resource.properties": {`"id":"c1"`, `"id":"c1","properties":"x"`},
	} {
		body := strings.Replace(whole, tc[0], tc[1], 1)
		w.send("POST", "/access/v1/evaluation", body).is(400).says("errors.0.path", path)
		w.send("POST", "/access/v1/evaluations", body).is(400).says("errors.0.path", path)
		item := w.send("POST", "/access/v1/evaluations", fmt.Sprintf(`{"evaluations":[%s,%s]}`, body, whole)).is(200)
		item.says("evaluations.0.decision", false, "evaluations.0.context.error.status", 400, "evaluations.1.decision", true)
	}
}

// FuzzFlagRequests sends what no client would. Nothing breaks the server, every
// answer keeps the protocol, and a request that is answered is one that another
// reader of JSON takes for the same.
func FuzzFlagRequests(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"context":{"targetingKey":"u1"}}`, `{"context":{"targetingKey":"u1"`, `{"context":null}`,
		`{"context":{"targetingKey":""}}`, `{"context":{"targetingKey":7}}`, `{"context":{"targetingKey":"\ud800"}}`, "{\"context\":{\"targetingKey\":\"\xff\"}}",
		`{"context":{"a":{"targetingKey":"u2"},"targetingKey":"u1"}}`, `{"x":1e999,"context":{"targetingKey":"u1"}}`, `{"context":{"targetingKey":"u1"}} {}`,
		`{"context":{"targetingKey":"u1","targetingKey":"u2"}}`, `{"context":{"targetingKey":"` + strings.Repeat("u", 300) + `"}}`, `{"context":` + strings.Repeat(`{"a":`, 200) + `1`,
		`{"CONTEXT":{"targetingKey":"u1"}}`, `{"context":{"targetingKey":"a\u0000b"}}`, `{"context":{"targetingKey":"é"}}`,
		`{"context":{"targetingKey":"u1","x":"y"}}`, `{"context":{"targetingKey":"u1\\"}}`, `{"context":{"targetingKey":"~ "}}`,
	} {
		f.Add(seed)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		w := w.in(t)
		for _, target := range []string{bulk, bulk + "/messages.send"} {
			got := w.send("POST", target, body, "Content-Type", "application/json")
			if got.Code != 200 && got.Code != 400 && got.Code != 413 {
				t.Fatalf("%d for %q: %s", got.Code, body, got.Body)
			}
			// A body that begins with a space is read by the decoder, whatever it says.
			if slow := w.send("POST", target, " "+body, "Content-Type", "application/json"); slow.Code != got.Code || slow.Code != 413 && slow.Body.String() != got.Body.String() {
				t.Fatalf("%q is answered %d %s, and after a space %d %s", body, got.Code, got.Body, slow.Code, slow.Body)
			}
			var same map[string]any
			if got.Code != 200 {
				continue
			}
			err := json.Unmarshal([]byte(body), &same)
			context, _ := same["context"].(map[string]any)
			if key, _ := context["targetingKey"].(string); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") || err == nil && key == "" {
				t.Fatalf("answered %q, which is %v, %v", body, same, err)
			}
		}
	})
}

// FuzzDecisionRequests does the same for decisions.
func FuzzDecisionRequests(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"subject":{"type":"user","id":"u1"},"action":{"name":"messages.send"},"resource":{"type":"a","id":"b"}}`,
		`{"subject":{"type":"user","id":"u1"},"action":{"name":"no.such"},"resource":{"type":"a","id":"b"},"context":{},"more":[{}]}`,
		`{"subject":[],"action":{},"resource":7}`, `{"evaluations":[]}`, `{"evaluations":[{}]}`, `{"evaluations":{}}`, `{"evaluations":[null]}`, `{"evaluations":null}`,
		`{"options":{"evaluations_semantic":"deny_on_first_deny","x":1},"evaluations":[{"subject":{"type":"user","id":"u1"}}],"action":{"name":"messages.send"}}`,
		`{"options":{"evaluations_semantic":"?"},"evaluations":[{}]}`, `{"subject":{"type":"user","id":"u1","id":"u2"}}`, `{"subject":null,"action":null,"resource":null}`,
	} {
		f.Add(seed)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		w := w.in(t)
		for _, target := range []string{"/access/v1/evaluation", "/access/v1/evaluations"} {
			got := w.send("POST", target, body, "Content-Type", "application/json")
			if got.Code != 200 && got.Code != 400 && got.Code != 413 && got.Code != 422 {
				t.Fatalf("%d for %q: %s", got.Code, body, got.Body)
			}
		}
	})
}
