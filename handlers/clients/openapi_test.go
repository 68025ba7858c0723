package clients_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"assent/tracker"
)

var description = sync.OnceValues(func() (*openapi3.T, error) {
	for _, kind := range []string{"application/x-ndjson", "application/yaml", "text/html", "text/markdown"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("../../docs/openapi.yaml")
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(loader.Context)
})

func api(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

var ginParameter = regexp.MustCompile(`[:*](\w+)`)

// described holds one answer against the description: its status, media type
// and every member of its body.
func (w *world) described(r *http.Request, answer *httptest.ResponseRecorder) {
	w.Helper()
	found, _ := w.routes.LoadAndDelete(r)
	w.conforms(found.(string), answer)
	route := ginParameter.ReplaceAllString(found.(string), "{$1}")
	if route == "" { // nothing is there, which needs no description
		return
	}
	doc := api(w.TB)
	item := doc.Paths.Value(route)
	if item == nil || item.GetOperation(r.Method) == nil {
		w.Fatalf("%s %s is not described", r.Method, route)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, Route: &routers.Route{Spec: doc, Path: route, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		},
		Status: answer.Code, Header: answer.Header(), Body: io.NopCloser(strings.NewReader(answer.Body.String())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(w.Context(), input); err != nil {
		w.Fatalf("%s %s answered %d: %v\n%s", r.Method, route, answer.Code, err, answer.Body)
	}
}

// operation is one described operation with the scopes it needs.
type operation struct {
	method, path string
	scopes       []string
}

func (w *world) keyed() []operation {
	w.Helper()
	var out []operation
	for path, item := range api(w.TB).Paths.Map() {
		for method, op := range item.Operations() {
			if list, ok := op.Extensions["x-scopes"].([]any); ok {
				one := operation{method: method, path: regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "1")}
				for _, scope := range list {
					one.scopes = append(one.scopes, scope.(string))
				}
				out = append(out, one)
			}
		}
	}
	if len(out) < 20 {
		w.Fatalf("only %d operations need a key", len(out))
	}
	return out
}

func TestEveryOperationNeedsOneOfItsScopesAndNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secrets := map[string]string{}
	for _, scope := range tracker.Scopes() {
		key, secret, err := w.tracker.CreateKey(t.Context(), "test", []tracker.Scope{scope}, date(2030, 1, 1), "test")
		w.must(err)
		secrets[string(scope)] = secret
		if !strings.HasPrefix(secret, "assent_") || strings.Contains(key.Hash, secret) {
			t.Fatalf("key %+v has the secret %s", key, secret)
		}
	}
	for _, op := range w.keyed() {
		w.send(op.method, op.path, "", "Authorization", "").is(401)
		w.send(op.method, op.path, "", "Authorization", "Bearer nobody-knows-this-key").is(401)
		w.send(op.method, op.path+"?api_key="+bootstrap, "", "Authorization", "").is(401)
		for scope, secret := range secrets {
			allowed := scope == string(tracker.StaffAll) || strings.Contains(strings.Join(op.scopes, " "), scope)
			answer := w.send(op.method, op.path, "", "Authorization", "", "X-API-Key", secret)
			if (answer.Code != 403) != allowed || answer.Code == 401 {
				t.Errorf("%s %s with %s: %d", op.method, op.path, scope, answer.Code)
			}
			if answer.Code == 403 && !strings.Contains(answer.Body.String(), op.scopes[0]) {
				t.Errorf("%s %s does not name %s: %s", op.method, op.path, op.scopes[0], answer.Body)
			}
		}
	}
}
