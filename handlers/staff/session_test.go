package staff_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tokens"
)

func TestEveryPageOfTheConsoleNeedsASession(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	for _, path := range []string{"/staff", "/staff/campaigns/new-terms-2021", "/staff/people?id=p-1"} {
		d.leads(d.get(path), "/staff/signin?next="+url.QueryEscape(path))
	}
	person := d.signer.Sign(tokens.PersonSession, tokens.Claims{Person: "p-1"}, d.now(), time.Hour)
	d.cookies = []*http.Cookie{{Name: "assent_staff", Value: person}}
	d.leads(d.get("/staff"), "/staff/signin?next=%2Fstaff")
}

func TestASetUpLinkLetsTheFirstMemberInOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.says(d.page("/staff/signin"), "Nobody can sign in yet")
	link := d.signer.Sign(tokens.StaffSetup, tokens.Claims{}, d.now(), time.Hour)
	d.says(d.page("/staff/setup?token="+link), "Set up the console", link)

	short := d.post("/staff/setup", url.Values{"token": {link}, "name": {"mei tanaka"}, "password": {"short"}})
	if short.Code != http.StatusUnprocessableEntity {
		t.Fatalf("a short password answered %d", short.Code)
	}
	d.says(short.Body.String(), "<title>Error: ", "The name must be", "The password must have 10 to 72 characters", `value="mei tanaka"`)

	good := url.Values{"token": {link}, "name": {"mei"}, "password": {"correct horse battery"}}
	d.leads(d.post("/staff/setup", good), "/staff")
	d.says(d.page("/staff"), "Signed in as <b>mei</b>", "No campaign yet")

	again := d.post("/staff/setup", url.Values{"token": {link}, "name": {"eve"}, "password": {"correct horse battery"}})
	if again.Code != http.StatusGone || d.get("/staff/setup?token="+link).Code != http.StatusGone {
		t.Errorf("the link worked twice: %d", again.Code)
	}
	if _, err := d.tracker.SignIn(t.Context(), "eve", "correct horse battery"); !errors.Is(err, terms.Unauthenticated) {
		t.Errorf("eve: %v", err)
	}
}

func TestAForgedOrExpiredSetUpLinkDoesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	for name, token := range map[string]string{
		"forged": "a.b.c", "none": "",
		"expired":         d.signer.Sign(tokens.StaffSetup, tokens.Claims{}, d.now().Add(-2*time.Hour), time.Hour),
		"another purpose": d.signer.Sign(tokens.StaffSession, tokens.Claims{}, d.now(), time.Hour),
	} {
		w := d.post("/staff/setup", url.Values{"token": {token}, "name": {"eve"}, "password": {"correct horse battery"}})
		if w.Code != http.StatusGone {
			t.Errorf("%s: answered %d", name, w.Code)
		}
	}
	if staffed, err := d.tracker.Staffed(t.Context()); staffed || err != nil {
		t.Errorf("somebody got in: %v", err)
	}
}

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.signIn()
	d.page("/staff")
	d.leads(d.post("/staff/signout", nil), "/staff/signin")
	d.leads(d.get("/staff"), "/staff/signin?next=%2Fstaff")

	wrong := d.post("/staff/signin", url.Values{"name": {"mei"}, "password": {"guess"}, "next": {"/staff/people"}})
	if wrong.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password answered %d", wrong.Code)
	}
	d.says(wrong.Body.String(), "The name or the password is wrong.", `value="mei"`, `value="/staff/people"`)
}

func TestASessionEndsAfterTwelveHours(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.signIn()
	d.mu.Lock()
	d.wall = d.wall.Add(12 * time.Hour)
	d.mu.Unlock()
	d.leads(d.get("/staff"), "/staff/signin?next=%2Fstaff")
}

func TestSigningInNeverLeadsToAnotherSite(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.signIn()
	for next, want := range map[string]string{
		"/staff/people?id=p-1": "/staff/people?id=p-1", "https://evil.example": "/staff", "//evil.example": "/staff",
		"/staffevil": "/staff", "/staff\\@evil": "/staff", "": "/staff",
	} {
		d.leads(d.post("/staff/signin", url.Values{"name": {"mei"}, "password": {"correct horse battery"}, "next": {next}}), want)
	}
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	for _, path := range []string{"/staff/signin", "/staff/signout", "/staff/setup", "/demo/staff", "/demo/clock"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(""))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if w := d.send(r); w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s answered %d", path, w.Code)
		}
	}
}
