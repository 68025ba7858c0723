package staff_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"assent/handlers/staff"
	"assent/internal/testenv"
	"assent/signin"
	"assent/tracker"
)

// providedDesk is a console whose staff sign in at a provider, where what the claim
// groups says counts when it is mapped.
func providedDesk(t *testing.T, mapped bool) (*desk, *testenv.Provider) {
	t.Helper()
	d, p := newDesk(t, false), testenv.NewProvider(t)
	p.Now = d.now
	d.provider = &staff.Provider{
		Provider: signin.NewOIDC(signin.OIDCOptions{
			Issuer: p.URL, ClientID: p.ClientID, Secret: p.Secret, RedirectURL: "https://terms.example.org/staff/signin/callback",
			Scopes: []string{"openid", "email"}, Algorithms: []string{"ES256"}, Claim: "sub", Values: "groups", Now: d.now,
		}),
		Mapped: mapped, Editors: []string{"terms-editors"}, Viewers: []string{"support"}, Log: slog.New(slog.DiscardHandler),
	}
	d.mount(false)
	return d, p
}

// saying has the provider add claims to what it says of everybody.
func saying(p *testenv.Provider, more map[string]any) {
	p.Change(func(claims map[string]any) {
		for name, value := range more {
			claims[name] = value
		}
	})
}

// verified are the claims of an address.
func verified(email string) map[string]any {
	return map[string]any{"email": email, "email_verified": true}
}

// asks begins a sign-in and returns where it leads back to.
func (d *desk) asks(p *testenv.Provider, user, next string) string {
	d.t.Helper()
	w := d.get("/staff/signin/provider?next=" + url.QueryEscape(next))
	at := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(at, p.URL+"/authorize?") {
		d.t.Fatalf("leads to %d %s", w.Code, at)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.PostForm(at, url.Values{"user": {user}, "password": {testenv.Password}})
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	back, err := response.Location()
	if err != nil || back.Path != "/staff/signin/callback" {
		d.t.Fatalf("the provider led to %v: %v", back, err)
	}
	return back.RequestURI()
}

// provides signs somebody in, who must be led to the console.
func (d *desk) provides(p *testenv.Provider, user string) {
	d.t.Helper()
	d.leads(d.get(d.asks(p, user, "/staff/people?id=p-1")), "/staff/people?id=p-1")
}

// keepsOut tries to sign somebody in, who must not be.
func (d *desk) keepsOut(p *testenv.Provider, user, says string) {
	d.t.Helper()
	w := d.get(d.asks(p, user, "/staff"))
	if w.Code != http.StatusForbidden {
		d.t.Errorf("%s answered %d", user, w.Code)
	}
	d.says(w.Body.String(), says)
	d.leads(d.get("/staff"), "/staff/signin?next=%2Fstaff")
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wall = d.wall.Add(by)
}

// acted are the acts there are of a kind.
func (d *desk) acted(action string) []tracker.Act {
	d.t.Helper()
	all, err := d.tracker.ActList(d.t.Context(), tracker.ActQuery{Limit: 100})
	if err != nil {
		d.t.Fatal(err)
	}
	var list []tracker.Act
	for _, a := range all {
		if a.Action == action {
			list = append(list, a)
		}
	}
	return list
}

func TestAMemberOfStaffWhoWasInvitedSignsInAtTheProvider(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, false)
	d.says(d.page("/staff/signin"), `href="/staff/signin/provider"`)
	if err := d.tracker.InviteStaff(t.Context(), "mei", "Mei@Example.com", tracker.Editor, "ops"); err != nil {
		t.Fatal(err)
	}
	saying(p, verified("mei@example.com"))
	d.provides(p, "sub-of-mei")
	d.says(d.page("/staff"), "Signed in as <b>mei</b><")
	if acts := d.acted("staff.bind"); len(acts) != 1 || acts[0].Actor != "mei" || !strings.Contains(acts[0].After, "sub-of-mei") {
		t.Errorf("recorded %+v", acts)
	}
	d.leads(d.post("/staff/signout", nil), "/staff/signin")
	d.leads(d.get("/staff"), "/staff/signin?next=%2Fstaff")

	saying(p, nil) // from now on it is the account that counts
	d.provides(p, "sub-of-mei")
	saying(p, verified("mei@example.com"))
	d.cookies = nil
	d.keepsOut(p, "sub-of-another", "Mei signs in with another account")
	if acts := d.acted("staff.bind"); len(acts) != 1 {
		t.Errorf("bound again: %+v", acts)
	}
}

func TestNobodyComesInByWhatTheyDoNotProve(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, false)
	if err := d.tracker.InviteStaff(t.Context(), "mei", "mei@example.com", tracker.Editor, "ops"); err != nil {
		t.Fatal(err)
	}
	for name, claims := range map[string]map[string]any{
		"nothing":                  nil,
		"an address not verified":  {"email": "mei@example.com", "email_verified": false},
		"an address, not saying":   {"email": "mei@example.com"},
		"verified, in words":       {"email": "mei@example.com", "email_verified": "true"},
		"another address":          verified("eve@example.com"),
		"a group nobody asked for": {"groups": []string{"admin"}},
	} {
		saying(p, claims)
		d.keepsOut(p, "eve", "Nobody has let this account in")
		if len(d.acted("staff.add")) != 1 || len(d.acted("staff.bind")) != 0 {
			t.Errorf("%s made or bound an account", name)
		}
	}
	saying(p, verified("mei@example.com"))
	for name, change := range map[string]func(string) string{
		"of another attempt": func(back string) string { return strings.Replace(back, "state=", "state=x", 1) },
		"without a code":     func(back string) string { return strings.Replace(back, "code=", "nocode=", 1) },
		"an error":           func(string) string { return "/staff/signin/callback?error=access_denied" },
	} {
		if w := d.get(change(d.asks(p, "mei", "/staff"))); w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "Signed in as") {
			t.Errorf("%s: answered %d", name, w.Code)
		}
	}
	back := d.asks(p, "mei", "/staff")
	browser := d.cookies
	d.cookies = nil
	if w := d.get(back); w.Code != http.StatusUnauthorized {
		t.Errorf("in another browser: answered %d", w.Code)
	}
	d.cookies = browser
	d.leads(d.get(back), "/staff")
	d.cookies = browser
	if w := d.get(back); w.Code != http.StatusUnauthorized {
		t.Errorf("a second time: answered %d", w.Code)
	}
}

func TestAClaimSaysWhatAMemberOfStaffMayDo(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	d.keepsOut(p, "eve", "This account may not use the console")

	saying(p, map[string]any{"groups": []string{"everybody", "support"}, "email": "ana@example.com", "email_verified": true})
	d.provides(p, "ana")
	d.says(d.page("/staff"), "Signed in as <b>ana@example.com</b>, to look only")
	for _, path := range []string{"/staff/people/export?id=p-1", "/staff/people/evidence?id=p-1", "/staff/runs/pause"} {
		if w := d.get(path); w.Code != http.StatusForbidden {
			t.Errorf("a viewer gets %s: %d", path, w.Code)
		}
	}
	if w := d.post("/staff/runs/pause", url.Values{"reason": {"because"}}); w.Code != http.StatusForbidden {
		t.Errorf("a viewer pauses: %d", w.Code)
	}
	if pause, err := d.tracker.Paused(t.Context()); err != nil || !pause.At.IsZero() {
		t.Errorf("paused: %+v, %v", pause, err)
	}

	saying(p, map[string]any{"groups": "terms-editors"})
	d.provides(p, "ana")
	d.says(d.page("/staff"), "Signed in as <b>ana@example.com</b><")
	d.leads(d.post("/staff/runs/pause", url.Values{"reason": {"because"}}), "/staff/runs?done=paused")
	if made, changed := d.acted("staff.add"), d.acted("staff.bind"); len(made) != 1 || len(changed) != 1 || !strings.Contains(changed[0].Before, "viewer") {
		t.Errorf("recorded %+v and %+v", made, changed)
	}

	saying(p, map[string]any{"groups": []string{"everybody"}}) // who loses the group is kept out, account or not
	d.cookies = nil
	d.keepsOut(p, "ana", "This account may not use the console")
}

func TestWhoIsRemovedAtTheProviderIsOutWithinAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	saying(p, map[string]any{"groups": "support"})
	d.provides(p, "ana")
	page := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/staff/runs", http.NoBody)
		r.Header.Set("Accept", "text/html")
		return d.send(r)
	}
	if w := page(); w.Code != http.StatusOK {
		t.Fatalf("answered %d", w.Code)
	}
	d.later(11 * time.Minute)
	d.leads(page(), "/staff/signin/provider?next=%2Fstaff%2Fruns")
	d.later(4 * time.Minute)
	d.leads(page(), "/staff/signin?next=%2Fstaff%2Fruns")
}

func TestPasswordsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	if err := d.tracker.AddStaff(t.Context(), "mei", "correct horse battery", "ops"); err != nil {
		t.Fatal(err)
	}
	d.noPasswords = true
	d.mount(false)
	if page := d.page("/staff/signin"); strings.Contains(page, "password") || !strings.Contains(page, "/staff/signin/provider") {
		t.Errorf("the page asks for a password: %s", page)
	}
	if w := d.post("/staff/signin", url.Values{"name": {"mei"}, "password": {"correct horse battery"}}); w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
		t.Errorf("a password answered %d", w.Code)
	}
	saying(p, map[string]any{"groups": "support"})
	d.provides(p, "ana")
}

func TestAProviderThatIsDownKeepsNobodySignedOut(t *testing.T) {
	t.Parallel()
	d, p := providedDesk(t, true)
	p.Down(true)
	w := d.get("/staff/signin/provider")
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", w.Code)
	}
	d.says(w.Body.String(), "The provider does not answer", "/staff/signin/provider")
	p.Down(false)
	saying(p, map[string]any{"groups": "support"})
	d.provides(p, "ana")

	without := newDesk(t, false)
	for _, path := range []string{"/staff/signin/provider", "/staff/signin/callback"} {
		if w := without.get(path); w.Code != http.StatusNotFound {
			t.Errorf("without a provider %s answers %d", path, w.Code)
		}
	}
}
