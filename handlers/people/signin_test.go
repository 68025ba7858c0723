package people_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/handlers/people"
	"assent/internal/testenv"
	"assent/ledger"
	"assent/signin"
	"assent/tokens"
	"assent/tracker"
)

// provided is a world with a provider at which people sign in, and whose tokens are taken.
func provided(t *testing.T, persons ...tracker.Person) (*world, *testenv.Provider) {
	t.Helper()
	w, p := open(t, persons...), testenv.NewProvider(t)
	p.Now = w.clock
	w.change = func(o *people.Options) {
		o.SignIn = signin.NewOIDC(signin.OIDCOptions{
			Issuer: p.URL, ClientID: p.ClientID, Secret: p.Secret, RedirectURL: w.url + "/signin/callback", Scopes: []string{"openid"},
			Algorithms: []string{"ES256"}, Claim: "sub", Now: w.clock,
		})
		o.JWT = signin.NewJWT(signin.JWTOptions{Issuer: p.URL, KeysURL: p.URL + "/keys", Audience: p.ClientID, Algorithms: []string{"ES256"}, Claim: "sub", Now: w.clock})
		o.JWTCookie = "platform"
	}
	w.serve()
	return w, p
}

var userForm = regexp.MustCompile(`action="(/authorize[^"]+)"`)

// signIn fills in the provider's form, which the browser was led to.
func (b *browser) signIn(p *testenv.Provider, at seen, user string) seen {
	b.t.Helper()
	action := userForm.FindStringSubmatch(at.body)
	if action == nil {
		b.t.Fatalf("not the provider's form: %d at %s: %s", at.status, at.path, at.text())
	}
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, p.URL+strings.ReplaceAll(action[1], "&amp;", "&"),
		strings.NewReader(url.Values{"user": {user}, "password": {testenv.Password}}.Encode()))
	b.try(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(request, nil)
}

// details are the personal part of what is recorded last.
func (w *world) details(person string) ledger.Details {
	w.t.Helper()
	past := w.history(person)
	if len(past) == 0 {
		w.t.Fatalf("nothing is recorded of %s", person)
	}
	var d ledger.Details
	w.try(json.Unmarshal(past[len(past)-1].Details, &d))
	return d
}

func TestAPersonSignsInAtTheProviderAndChooses(t *testing.T) {
	t.Parallel()
	w, p := provided(t, ana())
	b := w.browser()
	form := b.get("/l/" + w.link(tokens.NoticeLink, "ana", time.Hour) + "?lang=en")
	page := b.signIn(p, form, "ana")
	if page.status != http.StatusOK || page.path != choicePage || !strings.Contains(page.text(), "Your choice") {
		t.Fatalf("led to %d at %s: %s", page.status, page.path, page.text())
	}
	b.post(choicePage, page.form("accepted"))
	record, _, err := ledger.ParseRecord(w.history("ana")[0].Record)
	w.try(err)
	want := ledger.SignedIn{By: ledger.ByOIDC, Issuer: p.URL, Subject: "ana", At: w.clock().Format(time.RFC3339)}
	if got := w.details("ana").SignedIn; got != want || record.Method != ledger.MethodPage {
		t.Errorf("recorded %+v by %s", got, record.Method)
	}
}

func TestASignInIsGoodForOneBrowserAndOneAnswer(t *testing.T) {
	t.Parallel()
	w, p := provided(t, ana())
	refused := func(what string, got seen) {
		t.Helper()
		if got.status != http.StatusUnauthorized || !strings.Contains(got.text(), "The sign-in did not work") || !strings.Contains(got.body, `href="/signin?to=`) {
			t.Errorf("%s: %d at %s: %s", what, got.status, got.path, got.text())
		}
	}
	victim, attacker := w.browser(), w.browser()
	attacker.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/signin/callback") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	form := attacker.get(choicePage)
	answer := attacker.signIn(p, form, "ana").header.Get("Location")
	back, err := url.Parse(answer)
	w.try(err)
	callback := back.RequestURI() + "&lang=en"
	refused("an answer to another browser", victim.get(callback))
	attacker.client.CheckRedirect = nil
	if got := attacker.get(callback); got.status != http.StatusOK {
		t.Fatalf("the answer itself: %d at %s", got.status, got.path)
	}
	refused("the answer again", attacker.get(callback))
	refused("an error", victim.get("/signin/callback?lang=en&error=access_denied"))
	refused("nothing", victim.get("/signin/callback?lang=en"))
	if got := victim.get("/me/terms"); !strings.Contains(got.text(), "Sign in") || got.path == "/me/terms" {
		t.Errorf("the victim is signed in: %d at %s", got.status, got.path)
	}
}

func TestASignInLeadsOnlyToPagesOfOurs(t *testing.T) {
	t.Parallel()
	w, p := provided(t, ana())
	for to, want := range map[string]string{
		"https://evil.example/t/x": "/me/terms", "//evil.example/t/": "/me/terms", "/\\evil.example": "/me/terms", "/t/../signin": "/me/terms",
		"javascript:alert(1)": "/me/terms", "": "/me/terms", "/staff": "/me/terms", choicePage + "?lang=fr": choicePage, "/t/\r\nX: y": "/me/terms",
	} {
		b := w.browser()
		if got := b.signIn(p, b.get("/signin?to="+url.QueryEscape(to)), "ana"); got.path != want || got.status != http.StatusOK {
			t.Errorf("%q led to %d at %s", to, got.status, got.path)
		}
	}
}

func TestSomebodyUnknownOrAProviderThatIsDownIsSaidPlainly(t *testing.T) {
	t.Parallel()
	w, p := provided(t, ana())
	b := w.browser()
	got := b.signIn(p, b.get("/signin"), "stranger")
	if got.status != http.StatusForbidden || !strings.Contains(got.text(), "We do not know this account") {
		t.Errorf("a stranger: %d: %s", got.status, got.text())
	}
	p.Down(true)
	w.serve() // which has not met the provider yet
	if got := w.browser().get("/signin?lang=en"); got.status != http.StatusServiceUnavailable || !strings.Contains(got.text(), "The sign-in does not answer") || got.header.Get("Retry-After") == "" {
		t.Errorf("down: %d: %s", got.status, got.text())
	}
}

func TestATokenOfThePlatformSaysWhoItIs(t *testing.T) {
	t.Parallel()
	w, p := provided(t, ana(), tracker.Person{ID: "ben", Country: "IN", Locale: "hi"})
	good := p.EC.Sign(p.Claims("ana"), nil)
	b := w.browser()
	page := b.get(choicePage+"?lang=en", "Authorization", "Bearer "+good)
	if page.status != http.StatusOK {
		t.Fatalf("a token in the header: %d: %s", page.status, page.text())
	}
	// A view of a page sends the header once: its session goes on, as long as the token lives.
	if done := b.post(choicePage, page.form("declined")); !strings.HasSuffix(done.path, "/done") {
		t.Fatalf("led to %d at %s", done.status, done.path)
	}
	if how := w.details("ana").SignedIn; how.By != ledger.ByToken || how.Issuer != p.URL || how.Subject != "ana" {
		t.Errorf("recorded %+v", how)
	}
	w.walk(w.clock().Add(5 * time.Minute))
	if got := b.get("/me/terms"); got.path == "/me/terms" {
		t.Error("the session outlives the token")
	}
	fresh, inCookie := p.EC.Sign(p.Claims("ana"), nil), w.browser()
	if got := inCookie.get("/me/terms?lang=en", "Cookie", "platform="+fresh); got.status != http.StatusOK || strings.Contains(got.body, "/signout") {
		t.Errorf("a token in the cookie: %d", got.status)
	}
	bad := w.signedIn("ben")
	if got := bad.get("/me/terms", "Authorization", "Bearer "+good); got.status != http.StatusUnauthorized {
		t.Errorf("a token that has expired, beside a session: %d at %s", got.status, got.path)
	}
	if got := bad.get("/me/terms", "Cookie", "platform="+good); got.status != http.StatusOK {
		t.Errorf("a cookie that has expired, beside a session: %d", got.status)
	}
}

func TestALinkFromTheAppOpensOneSession(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "ben", Country: "IN", Locale: "hi"})
	link := "/l/" + w.link(tokens.SessionLink, "ana", time.Hour)
	ahead := w.browser()
	for _, header := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if got := ahead.get(link, header, "prefetch;prerender"); got.status != http.StatusForbidden {
			t.Errorf("opened ahead of time with %s: %d", header, got.status)
		}
	}
	first := w.browser()
	if got := first.get(link); got.status != http.StatusOK {
		t.Fatalf("the first time: %d at %s", got.status, got.path)
	}
	w.serve() // a restart forgets nothing
	used := func(what string, got seen) {
		t.Helper()
		if got.status != http.StatusGone || !strings.Contains(got.text(), "This link was opened before") {
			t.Errorf("%s: %d at %s: %s", what, got.status, got.path, got.text())
		}
	}
	used("in another browser", w.browser().get(link+"?lang=en"))
	used("in the browser of somebody else", w.signedIn("ben").get(link+"?lang=en"))
	if got := first.get(link); got.status != http.StatusOK || got.path != choicePage {
		t.Errorf("where it was opened: %d at %s", got.status, got.path)
	}
	old := w.signer.Sign(tokens.SessionLink, tokens.Claims{Person: "ana", Campaign: "new-terms-2021"}, w.clock(), time.Hour)
	if got := w.browser().get("/l/" + old); got.status != http.StatusNotFound {
		t.Errorf("a link that could be used again: %d", got.status)
	}
}

func TestASessionHasANewIDEachTimeAndEndsWhereItIsEnded(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "ben", Country: "IN", Locale: "hi"})
	a := w.signedIn("ana")
	before := a.cookie()
	a.get("/l/" + w.link(tokens.SessionLink, "ben", time.Hour))
	if after := a.cookie(); after == before || after == "" {
		t.Error("signing in as somebody else keeps the session's id")
	}
	stolen := func(token string) int {
		return w.browser().get("/me/terms", "Cookie", "assent_person="+token).status
	}
	if got := stolen(before); got != http.StatusUnauthorized {
		t.Errorf("the session before: %d", got)
	}
	copied := a.cookie()
	if got := stolen(copied); got != http.StatusOK {
		t.Fatalf("the control, a copy of the session: %d", got)
	}
	if got := a.post("/signout", nil, "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
		t.Errorf("signed out by another site: %d", got.status)
	}
	a.post("/signout", nil)
	if a.cookie() != "" || stolen(copied) != http.StatusUnauthorized {
		t.Error("the session goes on after signing out")
	}
	one, two := w.signedIn("ana"), w.signedIn("ana")
	w.walk(w.clock().Add(time.Second))
	w.try(w.SignOut(t.Context(), "ana", w.clock()))
	for _, b := range []*browser{one, two} {
		if got := b.get("/me/terms"); got.status != http.StatusUnauthorized {
			t.Errorf("signed out everywhere: %d", got.status)
		}
	}
	if got := w.signedIn("ana").get("/me/terms"); got.status != http.StatusOK {
		t.Errorf("signed in since: %d", got.status)
	}
	gone := w.signedIn("ben")
	w.try(w.DeletePerson(t.Context(), "ben", "test"))
	if got := gone.get("/me/terms"); got.status != http.StatusUnauthorized {
		t.Errorf("after the account is gone: %d", got.status)
	}
}

// cookie is the session the browser has, "" for none.
func (b *browser) cookie() string {
	at, err := url.Parse(b.url)
	b.try(err)
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == "assent_person" {
			return c.Value
		}
	}
	return ""
}
