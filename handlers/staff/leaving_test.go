package staff_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/tracker"

	"github.com/gin-gonic/gin"
)

// hires lets somebody in by name and password, and returns their cookies.
func (d *desk) hires(name string) []*http.Cookie {
	d.t.Helper()
	if err := d.tracker.AddStaff(d.t.Context(), name, "correct horse battery", "ops"); err != nil {
		d.t.Fatal(err)
	}
	d.leads(d.post("/staff/signin", url.Values{"name": {name}, "password": {"correct horse battery"}}), "/staff")
	return d.cookies
}

func TestWhoLeavesIsOutAtOnceAndAnotherOfTheSameNameIsAnother(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	mei := d.hires("mei")
	d.hires("ada")
	if err := d.tracker.RemoveStaff(t.Context(), "mei", "ops"); err != nil {
		t.Fatal(err)
	}
	out := func() {
		t.Helper()
		d.cookies = mei
		d.leads(d.get("/staff"), "/staff/signin?next=%2Fstaff")
		d.leads(d.post("/staff/runs/pause", url.Values{"reason": {"because"}}), "/staff/signin?next=%2Fstaff%2Fruns%2Fpause")
	}
	out()
	if w := d.post("/staff/signin", url.Values{"name": {"mei"}, "password": {"correct horse battery"}}); w.Code != http.StatusUnauthorized {
		t.Errorf("the password still answers %d", w.Code)
	}
	if pause, err := d.tracker.Paused(t.Context()); err != nil || !pause.At.IsZero() {
		t.Errorf("paused: %+v, %v", pause, err)
	}
	d.later(time.Second)
	d.hires("mei")
	d.says(d.page("/staff"), "Signed in as <b>mei</b>")
	out()
}

func TestWhoWasRemovedDoesNotComeBackByTheRoleAtTheProvider(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	d.hires("ops")
	saying(p, map[string]any{"groups": "terms-editors", "email": "ana@example.com", "email_verified": true})
	d.provides(p, "ana")
	ana := d.cookies
	if err := d.tracker.RemoveStaff(t.Context(), "ana@example.com", "ops"); err != nil {
		t.Fatal(err)
	}
	d.cookies = ana
	d.leads(d.get("/staff"), "/staff/signin?next=%2Fstaff")
	d.keepsOut(p, "ana", "Ana@example.com was removed here; an operator can invite ana@example.com again")
	if acts := d.acted("staff.remove"); len(acts) != 1 || acts[0].Actor != "ops" || !strings.Contains(acts[0].Before, `"subject":"ana"`) {
		t.Errorf("recorded %+v", acts)
	}
	d.later(time.Second)
	if err := d.tracker.InviteStaff(t.Context(), "ana@example.com", "ana@example.com", tracker.Viewer, "ops"); err != nil {
		t.Fatal(err)
	}
	d.provides(p, "ana")
	d.says(d.page("/staff"), "Signed in as <b>ana@example.com</b>")
}

// TestARoleThatIsTakenAwayCountsAtOnce signs somebody in a second time, in
// another browser, with less of a role.
func TestARoleThatIsTakenAwayCountsAtOnce(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	saying(p, map[string]any{"groups": "terms-editors"})
	d.provides(p, "ana")
	editor := d.cookies
	saying(p, map[string]any{"groups": "support"})
	d.cookies = nil
	d.provides(p, "ana")
	d.cookies = editor
	if w := d.post("/staff/runs/pause", url.Values{"reason": {"because"}}); w.Code != http.StatusForbidden {
		t.Errorf("the session of before answered %d", w.Code)
	}
}

// TestAViewerGetsEveryPageAndNoAct walks every route of the console.
func TestAViewerGetsEveryPageAndNoAct(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	saying(p, map[string]any{"groups": "support"})
	d.provides(p, "ana")
	viewer := d.cookies
	engine, ok := d.handler.(*gin.Engine)
	if !ok {
		t.Fatalf("a %T", d.handler)
	}
	acts := map[string]bool{"/staff/people/evidence": true, "/staff/people/export": true}
	routes := engine.Routes()
	for _, r := range routes {
		if r.Method == http.MethodPost {
			acts[r.Path] = true
		}
	}
	tried := 0
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, "/staff") || strings.HasPrefix(r.Path, "/staff/sign") || r.Path == "/staff/setup" {
			continue
		}
		tried++
		request := httptest.NewRequest(r.Method, strings.ReplaceAll(r.Path, ":", "x-"), strings.NewReader("reason=because"))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		d.cookies = viewer
		if w := d.send(request); (w.Code == http.StatusForbidden) != acts[r.Path] || w.Code == http.StatusSeeOther || w.Code >= 500 {
			t.Errorf("%s %s answers a viewer %d", r.Method, r.Path, w.Code)
		}
	}
	if tried < 50 {
		t.Errorf("only %d routes were tried", tried)
	}
}

var leads = regexp.MustCompile(`(?:href|action)="(/staff[^"]*)"`)

// TestAViewerIsOfferedNothingThatIsRefused follows every link and form of the
// console as a viewer, in a campaign where there is something to do.
func TestAViewerIsOfferedNothingThatIsRefused(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	d.seed(40, on(7, 6))
	if _, err := d.tracker.Pause(t.Context(), "to look", "test"); err != nil {
		t.Fatal(err)
	}
	saying(p, map[string]any{"groups": "support"})
	d.provides(p, "ana")
	viewer := d.cookies
	seen, next := map[string]bool{}, []string{"/staff", "/staff/people?id=ana"}
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		if seen[path] || strings.HasPrefix(path, "/staff/sign") {
			continue
		}
		seen[path] = true
		d.cookies = viewer
		w := d.get(path)
		if w.Code == http.StatusForbidden {
			t.Errorf("%s is offered and refused", path)
		}
		for _, found := range leads.FindAllStringSubmatch(w.Body.String(), -1) {
			next = append(next, html.UnescapeString(found[1]))
		}
	}
	if !seen["/staff/campaigns/new-terms-2021/holds"] || len(seen) < 20 {
		t.Errorf("only %d pages were seen", len(seen))
	}
}
