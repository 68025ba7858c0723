package staff_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/mod/sumdb/note"

	"assent/config"
	"assent/demo"
	"assent/handlers/staff"
	"assent/handlers/web"
	"assent/ledger"
	"assent/models"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// desk is a console in front of a real database, with a browser's jar of cookies.
type desk struct {
	t       *testing.T
	handler http.Handler
	tracker *tracker.Tracker
	story   *demo.Story
	signer  *tokens.Signer
	cookies []*http.Cookie

	mu   sync.Mutex
	wall time.Time
}

// newDesk opens a console; the demo's doors are open when asked for.
func newDesk(t *testing.T, demonstration bool) *desk {
	t.Helper()
	d := &desk{t: t, wall: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	store, err := models.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "assent.db"), models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	clock := demo.NewClock(demo.Start(), d.now)
	deps := d.deps(store, clock.Now)
	d.tracker, d.story = tracker.New(deps), demo.New(deps, clock)
	d.mount(demonstration)
	return d
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wall
}

func (d *desk) deps(store tracker.Store, now func() time.Time) tracker.Deps {
	d.t.Helper()
	base, err := os.ReadFile("../../config.yaml")
	if err != nil {
		d.t.Fatal(err)
	}
	settings, err := config.Load(base, "", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	private, _, err := ledger.NewKey(rand.Reader, "harbor.example/log")
	if err != nil {
		d.t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		d.t.Fatal(err)
	}
	return tracker.Deps{
		Store: store, Catalogue: settings.Catalogue, Now: now, Random: rand.Reader, Signer: signer,
		Committed: func(context.Context, uint64) error { return nil },
		Pace: tracker.Pace{
			Tick: time.Hour, Rows: 200, MaxRows: 1000, Hold: 20 * time.Millisecond, Duty: 1,
			Stopwatch: func() func() time.Duration {
				began := time.Now()
				return func() time.Duration { return time.Since(began) }
			},
			Rest: func(context.Context, time.Duration) {},
		},
	}
}

func (d *desk) mount(demonstration bool) {
	d.t.Helper()
	pages, err := templates.New()
	if err != nil {
		d.t.Fatal(err)
	}
	if d.signer, err = tokens.NewSigner(bytes.Repeat([]byte("k"), 32)); err != nil {
		d.t.Fatal(err)
	}
	engine, err := web.Engine(web.Options{
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: d.now,
		ErrorPage: func(_ *http.Request, p *web.Problem) ([]byte, error) { return staff.FaultPage(pages, p) },
	})
	if err != nil {
		d.t.Fatal(err)
	}
	same, err := web.SameOrigin("")
	if err != nil {
		d.t.Fatal(err)
	}
	o := staff.Options{Tracker: d.tracker, Pages: pages, Tokens: d.signer, Cookie: web.Cookie{Name: "assent_staff"}, SameOrigin: same, Wall: d.now}
	if demonstration {
		o.Demo = &staff.Demo{
			Links: []templates.Link{{URL: "/t/" + demo.Campaign, Text: "Choice page"}},
			Move: func(ctx context.Context, to time.Time) error {
				_, err := d.story.Advance(ctx, to, "demo")
				return err
			},
		}
	}
	staff.Mount(engine, o)
	engine.GET("/assets/*file", func(c *gin.Context) { pages.Assets().ServeHTTP(c.Writer, c.Request) })
	d.handler = engine
}

// send is what a browser does with a request, but for following redirects.
func (d *desk) send(r *http.Request) *httptest.ResponseRecorder {
	r.Header.Set("Accept", "text/html")
	for _, c := range d.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if set := w.Result().Cookies(); len(set) > 0 {
		d.cookies = set
	}
	return w
}

func (d *desk) get(path string) *httptest.ResponseRecorder {
	return d.send(httptest.NewRequest(http.MethodGet, path, nil))
}

func (d *desk) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return d.send(r)
}

// page gets a page that must be there.
func (d *desk) page(path string) string {
	d.t.Helper()
	w := d.get(path)
	if w.Code != http.StatusOK {
		d.t.Fatalf("%s answered %d: %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// leads checks where an answer sends the browser.
func (d *desk) leads(w *httptest.ResponseRecorder, to string) {
	d.t.Helper()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != to {
		d.t.Fatalf("answered %d to %q, want 303 to %q: %s", w.Code, w.Header().Get("Location"), to, w.Body)
	}
}

func (d *desk) says(body string, wants ...string) {
	d.t.Helper()
	for _, want := range wants {
		if !strings.Contains(body, want) {
			d.t.Errorf("the page does not say %q", want)
		}
	}
}

// seed brings in Harbor with some people, and moves the story to an instant.
func (d *desk) seed(people int, to time.Time) {
	d.t.Helper()
	if err := d.story.Seed(d.t.Context(), people, nil); err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.story.Advance(d.t.Context(), to, "test"); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) signIn() {
	d.t.Helper()
	if err := d.tracker.AddFirstStaff(d.t.Context(), "mei", "correct horse battery"); err != nil {
		d.t.Fatal(err)
	}
	d.leads(d.post("/staff/signin", url.Values{"name": {"mei"}, "password": {"correct horse battery"}}), "/staff")
}

func on(month time.Month, day int) time.Time {
	return time.Date(2021, month, day, 0, 0, 0, 0, time.UTC)
}

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
	if err := d.tracker.SignIn(t.Context(), "eve", "correct horse battery"); !errors.Is(err, terms.Unauthenticated) {
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

func TestTheOverviewTellsTheWholeCampaign(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(400, on(6, 25))
	d.signIn()
	o, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	body := d.page("/staff/campaigns/" + demo.Campaign)
	d.says(body, "Our terms and privacy policy are changing", "Stages active", "15 May 2021, 00:00 UTC", "41 days ago", "eea-uk", "Brazil",
		"Suspended delivery", "Goes no further than Reminded", "Deadline 15 May", "Latest changes of stage")
	if o.Totals.Restricted == 0 || strings.Contains(body, "Demo clock") {
		t.Errorf("%d people are restricted; or the demo's clock shows", o.Totals.Restricted)
	}
	d.says(d.page("/staff"), `href="/staff/campaigns/new-terms-2021"`, "Stages active")
}

func TestTheChartsTellWhatWasCountedOnTheDay(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(300, on(5, 30).Add(-time.Second))
	then, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	d.seed(300, on(6, 20).Add(12*time.Hour)) // 22 days later: the thinned tables show both days
	now, err := d.tracker.Overview(t.Context(), demo.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	d.signIn()
	body := d.page("/staff/campaigns/" + demo.Campaign)
	for date, o := range map[string]tracker.Overview{"29 May 2021": then, "20 Jun 2021": now} {
		cells := rowsOf(body, date)
		if len(cells) != 2 {
			t.Fatalf("%s stands in %d tables", date, len(cells))
		}
		if want := fmt.Sprint(o.Totals.Accepted, " ", o.Totals.InScope); !strings.HasSuffix(cells[0], want) {
			t.Errorf("acceptance on %s: %s, want …%s", date, cells[0], want)
		}
		want := strings.Trim(fmt.Sprint(o.Stages), "[]") + fmt.Sprint(" ", o.Totals.InScope-o.Totals.Accepted)
		if cells[1] != want {
			t.Errorf("stages on %s: %s, want %s", date, cells[1], want)
		}
	}
}

var (
	tableRow  = regexp.MustCompile(`<tr data-x="[0-9.]+"><th scope="row" class="nowrap">([^<]+)</th>(.*)</tr>`)
	tableCell = regexp.MustCompile(`<td class="r">([^<]*)</td>`)
)

// rowsOf answers the cells of the rows for a day, one text per table.
func rowsOf(body, day string) []string {
	var out []string
	for _, row := range tableRow.FindAllStringSubmatch(body, -1) {
		if row[1] != day {
			continue
		}
		var cells []string
		for _, cell := range tableCell.FindAllStringSubmatch(row[2], -1) {
			cells = append(cells, strings.ReplaceAll(cell[1], ",", ""))
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

func TestACampaignThatIsNotThereIsAPageThatSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.signIn()
	w := d.get("/staff/campaigns/summer")
	if w.Code != http.StatusNotFound {
		t.Fatalf("answered %d", w.Code)
	}
	d.says(w.Body.String(), "Not Found", "summer", "Back to the campaigns")
}

func TestAHoldIsShownWhereItStopsPeople(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(200, on(6, 25))
	d.signIn()
	h := terms.Hold{Campaign: demo.Campaign, Scope: terms.Scope{Region: "BR"}, Reason: "The authority asked for time", Reference: "LEG-418", Clock: terms.ClockStop, Effect: terms.Lift}
	if _, err := d.tracker.PlaceHold(t.Context(), h, "mei"); err != nil {
		t.Fatal(err)
	}
	d.says(d.page("/staff/campaigns/"+demo.Campaign), "The authority asked for time (LEG-418)", "By mei", "Full access meanwhile", `<span class="tag hold">On hold</span>`)
}

func TestOnePersonIsExplained(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(200, on(6, 30))
	d.signIn()
	d.says(d.page("/staff/people"), "Look up one person")
	unknown := d.get("/staff/people?id=nobody")
	if unknown.Code != http.StatusNotFound {
		t.Errorf("an unknown person answered %d", unknown.Code)
	}
	d.says(unknown.Body.String(), "nobody", `aria-invalid="true"`)

	restricted := d.somebodyIn(2)
	body := d.page("/staff/people?id=+" + restricted)
	d.says(body, restricted, "Accepting brings everything back at once", "the deadline was on 15 May 2021", "Taken away by the stage Limited",
		"Persistent to Limited", "Final warning in Persistent", "An exit right")
}

// somebodyIn finds somebody the sweep has moved beyond a stage.
func (d *desk) somebodyIn(stage int) string {
	d.t.Helper()
	o, err := d.tracker.Overview(d.t.Context(), demo.Campaign)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, t := range o.Transitions {
		if t.To > stage {
			return t.Person
		}
	}
	d.t.Fatalf("the story has nobody beyond stage %d", stage)
	return ""
}

func TestTheDemonstrationOpensTheConsoleAndMovesItsClock(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	d.seed(50, demo.Start())
	d.leads(d.post("/demo/staff", nil), "/staff")
	d.says(d.page("/staff"), "Demo clock", "4 Jan 2021, 00:00 UTC", "Next event: people are told", "Choice page", `value="/staff"`)

	d.leads(d.post("/demo/clock", url.Values{"advance": {"1d"}, "back": {"/staff/people"}}), "/staff/people")
	d.leads(d.post("/demo/clock", url.Values{"to": {"2021-01-06T00:00:00Z"}, "back": {"https://evil.example"}}), "/staff")
	d.leads(d.post("/demo/clock", url.Values{"to": {"2021-01-10"}, "back": {"/staff"}}), "/staff")
	d.says(d.page("/staff"), "10 Jan 2021, 00:00 UTC", "Next event: the deadline")

	program := httptest.NewRequest(http.MethodPost, "/demo/clock", strings.NewReader(`{"advance":"7d"}`))
	program.Header.Set("Content-Type", "application/json")
	if w := d.send(program); w.Code != http.StatusOK || w.Body.String() != `{"now":"2021-01-17T00:00:00Z"}` {
		t.Errorf("a program got %d %s", w.Code, w.Body)
	}
	for name, form := range map[string]url.Values{
		"back in time": {"to": {"2021-01-05"}}, "nothing": {}, "both": {"to": {"2021-02-01"}, "advance": {"1d"}}, "nonsense": {"advance": {"soon"}},
	} {
		if w := d.post("/demo/clock", form); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s answered %d", name, w.Code)
		}
	}
}

func TestNothingOfTheDemonstrationIsThereWithoutIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	for _, path := range []string{"/demo/staff", "/demo/clock"} {
		if w := d.post(path, url.Values{"advance": {"1d"}}); w.Code != http.StatusNotFound {
			t.Errorf("%s answered %d", path, w.Code)
		}
	}
	if body := d.page("/staff/signin"); strings.Contains(body, "demonstration") {
		t.Error("the sign-in page offers the demonstration")
	}
}
