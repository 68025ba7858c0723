package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"assent/internal/testenv"
)

// form is what the choice page of a person sends, and the headers to send it
// with: those of a session the person has just opened.
func (s *site) form(person, action string) (url.Values, []string) {
	s.Helper()
	html := []string{"Accept", "text/html", "Accept-Language", "pt-BR", "Authorization", "", "Content-Type", "application/x-www-form-urlencoded"}
	opened := s.send("GET", strings.TrimPrefix(s.link(person), s.url), "", html...).is(303)
	cookie, _, _ := strings.Cut(opened.header.Get("Set-Cookie"), ";")
	html = append(html, "Cookie", cookie)
	shown := s.send("GET", opened.header.Get("Location"), "", html...).is(200)
	form := url.Values{"action": {action}, "locale": {"en"}}
	for _, field := range []string{"shown", "idempotency_key"} {
		_, rest, found := strings.Cut(shown.body, `name="`+field+`" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		if !found {
			s.Fatalf("the form has no %s: %s", field, shown.body)
		}
		form.Set(field, value)
	}
	return form, html
}

// TestAHundredAtOnceAreOneChoice sends a form, and a program's request, a hundred
// times at the same time.
func TestAHundredAtOnceAreOneChoice(t *testing.T) {
	t.Parallel()
	s := asked(t)
	s.person("eve", "BR", "en")
	form, headers := s.form("bia", "accepted")
	program := object("campaign", campaign, "action", "accepted", "documents", documents("en"))
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses, led, receipts := map[int]int{}, map[string]int{}, map[string]int{}
	for range 100 {
		all.Go(func() {
			sent, err := s.try("POST", "/t/"+campaign, form.Encode(), headers...)
			api, failed := s.try("POST", "/api/v1/people/eve/responses", program, idempotencyKey, "k")
			mu.Lock()
			defer mu.Unlock()
			if err != nil || failed != nil {
				t.Error(err, failed)
				return
			}
			statuses[sent.status]++
			led[sent.header.Get("Location")]++
			statuses[api.status]++
			receipts[api.text("receipt_id")]++
		})
	}
	all.Wait()
	if statuses[303] != 100 || statuses[201] != 1 || statuses[200] != 99 || len(led) != 1 || len(receipts) != 1 {
		t.Errorf("answered %v, led to %v, with the receipts %v", statuses, led, receipts)
	}
	if n := s.choices(); n != 2 {
		t.Errorf("%d choices were recorded of two people", n)
	}
}

// TestABodyWithoutEndIsCutOff sends what is large, deep, compressed or no
// number, wherever a body is taken from strangers.
func TestABodyWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	s := asked(t)
	form, headers := s.form("bia", "accepted")
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := w.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	huge, deep := strings.Repeat("x", 20<<20), strings.Repeat(`{"a":`, 10_000)
	for _, path := range []string{"/t/" + campaign, "/u/x", "/staff/signin"} {
		s.send("POST", path, form.Encode()+"&more="+huge, headers...).is(413)
		s.send("POST", path, bomb.String(), append([]string{"Content-Encoding", "gzip"}, headers...)...).is(415)
		s.send("POST", path, form.Encode(), append(headers[:len(headers):len(headers)], "Content-Type", "text/plain")...).is(415)
	}
	for _, path := range []string{"/api/v1/people", "/api/v1/people/bia/responses", "/ofrep/v1/evaluate/flags", "/access/v1/evaluation"} {
		s.send("POST", path, `{"context":"`+huge+`"}`, idempotencyKey, "k").is(413)
		s.send("POST", path, bomb.String(), "Content-Encoding", "gzip", idempotencyKey, "k").is(415)
		s.send("POST", path, deep+strings.Repeat("}", 10_000), idempotencyKey, "k").is(400)
		s.send("POST", path, `{"campaign":NaN}`, idempotencyKey, "k").is(400)
		s.send("POST", path, "{\"campaign\":\"\xff\"}", idempotencyKey, "k").is(400)
	}
	s.nothingHappened()
}

// TestNoPageOpensInAFrame has another site put pages into frames, in a browser.
func TestNoPageOpensInAFrame(t *testing.T) {
	t.Parallel()
	s := asked(t)
	link := s.link("bia")
	paths := []string{s.url + "/t/" + campaign, s.url + "/legal/terms-of-service/" + version, s.url + "/me/terms", s.url + "/no/such/page", s.url + "/staff", link}
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><link rel=icon href='data:,'><h1>win a prize</h1>")
		for _, path := range paths {
			fmt.Fprintf(w, `<iframe onload="document.body.dataset.n = +(document.body.dataset.n || 0) + 1" src=%q></iframe>`, path)
		}
	}))
	t.Cleanup(evil.Close)
	b := newTab(t)
	b.open(evil.URL)
	b.sees(patience, fmt.Sprintf("document.body.dataset.n == %d", len(paths))) // each has loaded, or come to nothing
	frames := b.frames()
	for _, frame := range frames {
		if strings.HasPrefix(frame, s.url) {
			t.Errorf("%s opened in a frame", frame)
		}
	}
	b.mu.Lock()
	complaints := strings.Join(b.regrets, "\n")
	b.regrets = nil // it has to complain
	b.mu.Unlock()
	if n := strings.Count(complaints, "frame-ancestors"); n < len(paths) || len(frames) != len(paths) {
		t.Errorf("of %d pages %q are frames, and the browser complains %d times:\n%s", len(paths), frames, n, complaints)
	}
	s.nothingHappened()
}

// TestAFormSentWhileTheDatabaseIsGoneIsExplainedAndNotLost kills PostgreSQL
// between reading a page and answering it.
func TestAFormSentWhileTheDatabaseIsGoneIsExplainedAndNotLost(t *testing.T) {
	t.Parallel()
	cluster, err := testenv.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := newSite(t, "ASSENT_DATABASE_URL="+cluster.URL)
	s.troubled = true
	s.start("serve").campaign()
	s.person("bia", "BR", "pt-BR")
	form, headers := s.form("bia", "accepted")
	if err := cluster.Crash(); err != nil {
		t.Fatal(err)
	}
	said := s.send("POST", "/t/"+campaign, form.Encode(), headers...).is(503)
	for _, words := range []string{"<h1", "a mesma escolha", `href="/me/terms"`} {
		if !strings.Contains(said.body, words) {
			t.Errorf("the page does not say %q: %s", words, said.body)
		}
	}
	if said.header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	if err := cluster.Revive(); err != nil {
		t.Fatal(err)
	}
	s.eventually("the same form is taken", func() bool {
		return s.send("POST", "/t/"+campaign, form.Encode(), headers...).status == http.StatusSeeOther
	})
	s.standing("bia").says("campaigns/0/status", "accepted")
	if n := s.choices(); n != 1 {
		t.Errorf("%d choices were recorded", n)
	}
}

// TestAKeyIsTakenFromAHeaderOnly, for addresses are logged and kept.
func TestAKeyIsTakenFromAHeaderOnly(t *testing.T) {
	t.Parallel()
	s := asked(t)
	for _, query := range []string{"key", "api_key", "access_token", "token", "X-API-Key"} {
		s.send("GET", "/api/v1/people/bia/standing?"+query+"="+key, "", "Authorization", "").problem(401, "key")
	}
	s.send("GET", "/api/v1/people/bia/standing", "", "Authorization", "", "X-API-Key", key).is(200)
}

// frames are the addresses of the frames in a page.
func (b *tab) frames() []string {
	b.Helper()
	var all []string
	b.do(chromedp.ActionFunc(func(ctx context.Context) error {
		tree, err := page.GetFrameTree().Do(ctx)
		if err != nil {
			return err
		}
		for _, child := range tree.ChildFrames {
			all = append(all, child.Frame.URL)
		}
		return nil
	}))
	return all
}
