package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

// packages are the pinned npm packages of a folder, put in place once per run.
func packages(t testing.TB, folder string) string {
	t.Helper()
	dir := filepath.Join("testdata", folder)
	installing.Lock()
	defer installing.Unlock()
	wanted, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil && !have.ModTime().Before(wanted.ModTime()) {
		return dir
	}
	ci := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	ci.Dir = dir
	if output, err := ci.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in e2e/%s: %v (it needs Node.js and npm: apt-get install nodejs npm, or make setup as root)\n%s", dir, err, output)
	}
	return dir
}

var installing sync.Mutex

// evaluation is what an SDK of OpenFeature says of a flag.
type evaluation struct {
	Value     any    `json:"value"`
	Reason    string `json:"reason"`
	Variant   string `json:"variant"`
	ErrorCode string `json:"errorCode"`
}

// sdk asks an SDK for a boolean flag of bia with a default.
type sdk func(flag string, byDefault bool) evaluation

// nodeSDK is the server SDK with its OFREP provider, in a process of its own.
func (s *site) nodeSDK() sdk {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), "node", "client.mjs", s.url, key)
	cmd.Dir, cmd.Stderr = packages(s.TB, "openfeature/server"), os.Stderr
	questions, err := cmd.StdinPipe()
	if err != nil {
		s.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _, _ = questions.Close(), cmd.Wait() }) // it ends with its input
	answers := bufio.NewReader(output)
	return func(flag string, byDefault bool) evaluation {
		s.Helper()
		question := map[string]any{"type": "Boolean", "flag": flag, "default": byDefault, "person": "bia"}
		if err := json.NewEncoder(questions).Encode(question); err != nil {
			s.Fatal(err)
		}
		line, err := answers.ReadBytes('\n')
		if err != nil && err != io.EOF {
			s.Fatal(err)
		}
		var e evaluation
		if err := json.Unmarshal(line, &e); err != nil {
			s.Fatalf("%v in %q", err, line)
		}
		return e
	}
}

// goSDK is the Go SDK with its OFREP provider.
func (s *site) goSDK() sdk {
	s.Helper()
	if err := openfeature.SetNamedProviderAndWait(s.Name(), ofrep.NewProvider(s.url, ofrep.WithBearerToken(key))); err != nil {
		s.Fatal(err)
	}
	ofClient := openfeature.NewClient(s.Name())
	bia := openfeature.NewEvaluationContext("bia", map[string]any{"tier": 3, "tags": []string{"a"}})
	return func(flag string, byDefault bool) evaluation {
		s.Helper()
		e, err := ofClient.BooleanValueDetails(s.Context(), flag, byDefault, bia)
		if err != nil && e.ErrorCode == "" {
			s.Fatal(err)
		}
		return evaluation{e.Value, string(e.Reason), e.Variant, string(e.ErrorCode)}
	}
}

// webSDK opens a page of another origin with the web SDK in it.
func (s *site) webSDK() *tab {
	s.Helper()
	page := httptest.NewServer(http.FileServer(http.Dir(packages(s.TB, "openfeature/web"))))
	s.Cleanup(page.Close)
	b := newTab(s.TB)
	given := url.Values{"server": {s.url}, "key": {key}, "person": {"bia"}}
	b.open(page.URL + "/page.html?" + given.Encode())
	b.sees(patience, "window.ready")
	return b
}

// TestTheOfficialSDKsOfOpenFeature asks with what people use, unmodified: each
// of them sees a restriction and a restoration.
func TestTheOfficialSDKsOfOpenFeature(t *testing.T) {
	t.Parallel()
	s := newSite(t, "ASSENT_DEMO_CLOCK="+beginning).start("demo", "--empty")
	s.campaign()
	s.people()
	page := s.webSDK()
	servers := map[string]sdk{"Node": s.nodeSDK(), "Go": s.goSDK()}
	sees := func(what string, on bool, variant string) {
		t.Helper()
		for name, ask := range servers {
			for _, byDefault := range []bool{true, false} { // a stage must not leave a client to its default
				if e := ask("messages.send", byDefault); e.Value != on || e.Variant != variant || e.ErrorCode != "" {
					t.Errorf("%s: %s has %+v, want %v by %s", what, name, e, on, variant)
				}
			}
			if e := ask("no.such.flag", true); e.Value != true || e.ErrorCode != "FLAG_NOT_FOUND" {
				t.Errorf("%s: %s has %+v for a flag that is not there", what, name, e)
			}
		}
		page.sees(patience, fmt.Sprintf("window.boolean('messages.send', %v).value === %v && window.boolean('messages.send', %v).variant === %q", !on, on, !on, variant))
	}
	sees("before anything", true, "default")
	if n := ask[int](page, "window.requests.length"); n != 1 {
		t.Errorf("the page asked %d times to begin with; what it knew was told again", n)
	}

	s.untilTheDeadline()
	s.clock("2021-07-04T00:00:00Z")
	s.stands("bia", "limited", "pending")
	sees("when limited", false, "limited")
	if mode := ask[string](page, "window.object('terms.notice').value.mode"); mode != "full_screen" {
		t.Errorf("terms.notice has the mode %q", mode)
	}
	before := ask[int](page, "window.requests.length")
	s.respond("bia", "accepted", "pt-BR", "once").is(201)
	sees("after accepting", true, "default")
	if after := ask[int](page, "window.requests.length"); after > before+2 { // a late notice of the stage before may be among them
		t.Errorf("the page asked %d times to learn of one change", after-before)
	}
	// A late notice of the stage before may find nothing newer: 304 is then right.
	if ask[bool](page, "window.requests.some(r => ![200, 304].includes(r.status) || !r.etag) || window.events.some(e => e.event === 'PROVIDER_ERROR' || e.event === 'PROVIDER_STALE')") {
		t.Errorf("the page met %s, %s", ask[string](page, "JSON.stringify(window.requests)"), ask[string](page, "JSON.stringify(window.events)"))
	}
	if !ask[bool](page, "window.events.some(e => e.changed.includes('messages.send'))") {
		t.Error("the page was told of no change of messages.send")
	}
}
