package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/handlers/web"
	"assent/terms"
)

// site is an engine with its log and one route that fails as told.
type site struct {
	*gin.Engine
	log *bytes.Buffer
}

func newSite(t *testing.T, o web.Options) site {
	t.Helper()
	s := site{log: &bytes.Buffer{}}
	o.Log = slog.New(slog.NewJSONHandler(s.log, nil))
	o.Now = time.Now
	engine, err := web.Engine(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Engine = engine
	return s
}

func (s site) fails(err error) site {
	s.GET("/fails", web.Handle(func(*gin.Context) error { return err }))
	return s
}

func (s site) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func document(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("content type %q: %s", got, w.Body)
	}
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestEveryKindOfErrorHasOneStatus(t *testing.T) {
	t.Parallel()
	for kind, status := range map[terms.Kind]int{
		terms.Invalid: 422, terms.Unauthenticated: 401, terms.Forbidden: 403, terms.Restricted: 403,
		terms.NotFound: 404, terms.Conflict: 409, terms.TooMany: 409, terms.Unavailable: 503,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, web.Options{}).fails(fmt.Errorf("load the thing: %w", terms.Errorf(kind, "the thing %q is wrong", "x")))
			w := s.send(httptest.NewRequest("GET", "/fails", nil))
			doc := document(t, w)
			if w.Code != status || doc["status"] != float64(status) || doc["type"] != "urn:assent:problem:"+string(kind) || doc["detail"] != `the thing "x" is wrong` {
				t.Fatalf("%d %v", w.Code, doc)
			}
			if (kind == terms.Unauthenticated) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Fatalf("WWW-Authenticate %q", w.Header().Get("WWW-Authenticate"))
			}
			if (kind == terms.Unavailable) != (w.Header().Get("Retry-After") != "") {
				t.Fatalf("Retry-After %q", w.Header().Get("Retry-After"))
			}
		})
	}
}

func TestAnUnexpectedErrorIsLoggedOnceAndNotTold(t *testing.T) {
	t.Parallel()
	for name, route := range map[string]gin.HandlerFunc{
		"returned": web.Handle(func(*gin.Context) error { return errors.New("secret detail") }),
		"panicked": func(*gin.Context) { panic("secret detail") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, web.Options{})
			s.GET("/fails", route)
			w := s.send(httptest.NewRequest("GET", "/fails", nil))
			if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			id := w.Header().Get("X-Request-Id")
			if document(t, w)["request_id"] != id || strings.Count(s.log.String(), "secret detail") != 1 || !strings.Contains(s.log.String(), id) {
				t.Fatalf("id %q, log %s", id, s.log)
			}
		})
	}
}

func TestFaultsAndStaleDocumentsAreListed(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{}).fails(terms.Faults{{Path: "stages[3].off[0]", Detail: "is an exit right"}})
	w := s.send(httptest.NewRequest("GET", "/fails", nil))
	want := []any{map[string]any{"path": "stages[3].off[0]", "detail": "is an exit right"}}
	if doc := document(t, w); w.Code != 422 || fmt.Sprint(doc["errors"]) != fmt.Sprint(want) {
		t.Fatalf("%d %v", w.Code, doc)
	}
	s = newSite(t, web.Options{}).fails(&terms.Stale{Message: "shown too early", Current: []terms.DocumentText{{Document: "d", Version: "2", Locale: "en", SHA256: "ab"}}})
	w = s.send(httptest.NewRequest("GET", "/fails", nil))
	want = []any{map[string]any{"document": "d", "version": "2", "locale": "en", "sha256": "ab"}}
	if doc := document(t, w); w.Code != 409 || fmt.Sprint(doc["current"]) != fmt.Sprint(want) {
		t.Fatalf("%d %v", w.Code, doc)
	}
}

func TestARefusalSaysHowToGetItBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2021, 7, 1, 0, 0, 0, 0, time.UTC)
	s := newSite(t, web.Options{}).fails(&web.Refusal{Decision: gate.Decision{
		Capability: "messages.send", Stage: "limited", AcceptURL: "https://x.example/t/c", NextStage: "suspended", NextAt: at,
	}})
	w := s.send(httptest.NewRequest("GET", "/fails", nil))
	doc := document(t, w)
	if w.Code != 403 || doc["capability"] != "messages.send" || doc["stage"] != "limited" || doc["accept_url"] != "https://x.example/t/c" ||
		fmt.Sprint(doc["next"]) != "map[at:2021-07-01T00:00:00Z stage:suspended]" {
		t.Fatalf("%d %v", w.Code, doc)
	}
	if got := w.Header().Get("Link"); got != `<https://x.example/t/c>; rel="terms-of-service"` {
		t.Fatalf("Link %q", got)
	}
}

func TestEveryAnswerCarriesItsSafeguards(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{HTTPS: true}).fails(errors.New("broken"))
	s.GET("/panics", func(*gin.Context) { panic("x") })
	for target, status := range map[string]int{"/fails": 500, "/panics": 500, "/nowhere": 404} {
		w := s.send(httptest.NewRequest("GET", target, nil))
		h := w.Header()
		if w.Code != status || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
			h.Get("Strict-Transport-Security") == "" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v", target, w.Code, h)
		}
	}
}

func TestAnUnknownRouteOrMethodIsNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{}).fails(nil)
	for _, target := range []string{"/nowhere", "/fails/", "/FAILS"} {
		w := s.send(httptest.NewRequest("GET", target, nil))
		if doc := document(t, w); w.Code != 404 || !strings.Contains(doc["detail"].(string), target) {
			t.Errorf("%s: %d %v", target, w.Code, doc)
		}
	}
	w := s.send(httptest.NewRequest("DELETE", "/fails", nil))
	if w.Code != 405 || w.Header().Get("Allow") != "GET" || !strings.Contains(w.Body.String(), "DELETE") {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestNoTwoRequestsGetTheSameID(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{}).fails(nil)
	seen := map[string]bool{}
	for range 1000 { // randomness is asked for once for some hundreds
		id := s.send(httptest.NewRequest("GET", "/fails", nil)).Header().Get("X-Request-Id")
		if seen[id] || len(id) != 32 {
			t.Fatalf("%q is no id, or stands for two requests", id)
		}
		seen[id] = true
	}
}

func TestARequestIDIsTakenOverOnlyWhenItLooksLikeOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{}).fails(nil)
	for given, kept := range map[string]bool{"abcd-1234.EF_9": true, "7": true, strings.Repeat("a", 128): true, "has space 123": false, strings.Repeat("a", 129): false, "<script>12": false} {
		r := httptest.NewRequest("GET", "/fails", nil)
		r.Header.Set("X-Request-Id", given)
		if got := s.send(r).Header().Get("X-Request-Id"); (got == given) != kept || got == "" {
			t.Errorf("gave %q, got %q", given, got)
		}
	}
}

func TestBrowsersGetAPageAndProgramsAProblem(t *testing.T) {
	t.Parallel()
	page := func(_ *http.Request, p *web.Problem) ([]byte, error) { return []byte("<h1>" + p.Detail + "</h1>"), nil }
	s := newSite(t, web.Options{ErrorPage: page})
	for accept, html := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "application/problem+json, text/html": false, "text/plain": false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true, "text/html": true,
	} {
		r := httptest.NewRequest("GET", "/nowhere", nil)
		r.Header.Set("Accept", accept)
		w := s.send(r)
		if got := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html"); got != html || w.Code != 404 {
			t.Errorf("Accept %q: %d %s", accept, w.Code, w.Header().Get("Content-Type"))
		}
		frames, referrer := w.Header().Get("X-Frame-Options"), w.Header().Get("Referrer-Policy")
		if html && (frames != "DENY" || referrer != "same-origin") || !html && frames+referrer != "" {
			t.Errorf("Accept %q: may be framed %q, tells %q where a person comes from", accept, frames, referrer)
		}
	}
}

func TestAnErrorPageThatFailsLeavesTheProblem(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{ErrorPage: func(*http.Request, *web.Problem) ([]byte, error) { return nil, errors.New("no template") }})
	r := httptest.NewRequest("GET", "/nowhere", nil)
	r.Header.Set("Accept", "text/html")
	if w := s.send(r); w.Code != 404 || document(t, w)["status"] != float64(404) || !strings.Contains(s.log.String(), "no template") {
		t.Fatalf("%d %s, log %s", w.Code, w.Body, s.log)
	}
}

func TestIdsMayHoldSlashesAndPluses(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	s.GET("/people/:id/standing", func(c *gin.Context) { c.String(200, "%s", c.Param("id")) })
	for raw, want := range map[string]string{"+4915112345": "+4915112345", "a%2Fb": "a/b", "%C3%A9%20x": "é x", "u1": "u1", "..": ""} {
		w := s.send(httptest.NewRequest("GET", "/people/"+raw+"/standing", nil))
		if want != "" && (w.Code != 200 || w.Body.String() != want) {
			t.Errorf("%s: %d %q", raw, w.Code, w.Body)
		}
	}
}

func TestRoutineAnswersStayOutOfTheLogUnlessTheyFail(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Routine: []string{"/ofrep/"}})
	s.GET("/ofrep/ok", func(c *gin.Context) { c.Status(204) })
	s.GET("/ofrep/bad", web.Handle(func(*gin.Context) error { return terms.Errorf(terms.NotFound, "no flag") }))
	s.send(httptest.NewRequest("GET", "/ofrep/ok", nil))
	if s.log.Len() > 0 {
		t.Fatalf("logged %s", s.log)
	}
	s.send(httptest.NewRequest("GET", "/ofrep/bad?token=secret", nil))
	if got := s.log.String(); !strings.Contains(got, `"status":404`) || strings.Contains(got, "secret") {
		t.Fatalf("logged %s", got)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	guard, err := web.SameOrigin("https://terms.example.org")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, web.Options{})
	s.POST("/t/c", guard, func(c *gin.Context) { c.Status(204) })
	for name, tc := range map[string]struct {
		headers map[string]string
		status  int
	}{
		"same origin":                 {map[string]string{"Sec-Fetch-Site": "same-origin"}, 204},
		"typed in or bookmarked":      {map[string]string{"Sec-Fetch-Site": "none"}, 204},
		"no headers":                  {nil, 204},
		"public origin behind proxy":  {map[string]string{"Origin": "https://terms.example.org"}, 204},
		"cross-site":                  {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"same-site":                   {map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"null origin":                 {map[string]string{"Origin": "null"}, 403},
		"foreign origin":              {map[string]string{"Origin": "https://evil.example"}, 403},
		"foreign origin, same prefix": {map[string]string{"Origin": "https://terms.example.org.evil.example"}, 403},
	} {
		r := httptest.NewRequest("POST", "/t/c", nil)
		for k, v := range tc.headers {
			r.Header.Set(k, v)
		}
		if w := s.send(r); w.Code != tc.status {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestACookieIsKeptFromScriptsAndOtherHosts(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	cookie := web.Cookie{Name: "person", HTTPS: true}
	s.GET("/set", func(c *gin.Context) { cookie.Set(c, "token", time.Hour) })
	s.GET("/get", func(c *gin.Context) { c.String(200, "%s", cookie.Token(c)) })
	s.GET("/clear", func(c *gin.Context) { cookie.Clear(c) })
	set := s.send(httptest.NewRequest("GET", "/set", nil)).Result().Cookies()[0]
	if set.Name != "__Host-person" || !set.HttpOnly || !set.Secure || set.SameSite != http.SameSiteLaxMode || set.Path != "/" || set.Domain != "" || set.MaxAge != 3600 {
		t.Fatalf("%+v", set)
	}
	r := httptest.NewRequest("GET", "/get", nil)
	r.AddCookie(set)
	if got := s.send(r).Body.String(); got != "token" {
		t.Fatalf("got %q", got)
	}
	if got := s.send(httptest.NewRequest("GET", "/clear", nil)).Result().Cookies()[0]; got.MaxAge >= 0 {
		t.Fatalf("%+v", got)
	}
}
