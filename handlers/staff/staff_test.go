package staff_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/mod/sumdb/note"

	"assent/config"
	"assent/demo"
	"assent/gate"
	"assent/handlers/people"
	"assent/handlers/staff"
	"assent/handlers/web"
	"assent/launch"
	"assent/ledger"
	"assent/models"
	"assent/notify/mail"
	"assent/templates"
	"assent/tokens"
	"assent/tracker"
)

// desk is a console in front of a real database, with a browser's jar of cookies.
type desk struct {
	t           *testing.T
	handler     http.Handler
	tracker     *tracker.Tracker
	story       *demo.Story
	signer      *tokens.Signer
	public      string           // key of the log
	found       []launch.Finding // by the launch gate
	tested      []string         // addresses that were sent a test
	provider    *staff.Provider
	noPasswords bool
	cookies     []*http.Cookie

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
	private, public, err := ledger.NewKey(rand.Reader, "harbor.example/log")
	if err != nil {
		d.t.Fatal(err)
	}
	d.public = public
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
		Log: slog.New(slog.DiscardHandler), Now: d.now,
		ErrorPage: func(_ *http.Request, p *web.Problem) ([]byte, error) { return staff.FaultPage(pages, p) },
	})
	if err != nil {
		d.t.Fatal(err)
	}
	same, err := web.SameOrigin("")
	if err != nil {
		d.t.Fatal(err)
	}
	o := staff.Options{Tracker: d.tracker, Pages: pages, Tokens: d.signer, LogKey: d.public, Passwords: !d.noPasswords, Provider: d.provider, Cookie: web.Cookie{Name: "assent_staff"}, SameOrigin: same, Wall: d.now, Launch: d.judge,
		Notices: d.notices(pages), PublicURL: "https://terms.example.org", Gate: gate.New(nil, gate.Options{Catalogue: d.tracker.Catalogue, Now: d.now})}
	d.tracker.Launch = &tracker.LaunchGate{
		Pages: func(ctx context.Context, campaign string, plan int) ([]tracker.SheetPage, error) {
			return people.Sheet(ctx, people.Options{Tracker: d.tracker, Pages: pages, Brand: people.Brand{Name: "Harbor"}}, campaign, plan)
		},
		Blocking: func(context.Context, string, int, []tracker.SheetPage) ([]string, error) {
			var words []string
			for _, f := range launch.Blocking(d.found) {
				words = append(words, f.Words)
			}
			return words, nil
		},
	}
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

// notices shows the real words, and takes down where tests go.
func (d *desk) notices(pages *templates.Pages) staff.Notices {
	return staff.Notices{
		Mail: func(ctx context.Context, kind tracker.LetterKind, s tracker.Sample) (templates.RenderedMail, error) {
			o, at, err := d.tracker.SampleOffer(ctx, s)
			if err != nil {
				return templates.RenderedMail{}, err
			}
			return mail.Writer{Pages: pages, Tokens: d.signer, Catalogue: d.tracker.Catalogue, Brand: mail.Brand{Name: "Harbor"}, PublicURL: "https://terms.example.org"}.Sample(kind, o, at)
		},
		Banner: func(ctx context.Context, s tracker.Sample) (templates.Banner, error) {
			return people.SampleReminder(ctx, people.Options{Tracker: d.tracker, Pages: pages, Brand: people.Brand{Name: "Harbor"}}, s, "https://terms.example.org/t/x")
		},
		Test: func(_ context.Context, _ templates.RenderedMail, _, to string) error {
			d.tested = append(d.tested, to)
			return nil
		},
	}
}

// judge finds what the test has planted.
func (d *desk) judge(context.Context, string, int) ([]launch.Finding, error) { return d.found, nil }

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
	if err := d.story.Seed(d.t.Context(), demo.PlanFile(), people, nil); err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.story.Advance(d.t.Context(), to, "test"); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) signIn() {
	d.t.Helper()
	if _, err := d.tracker.AddFirstStaff(d.t.Context(), "mei", "correct horse battery"); err != nil {
		d.t.Fatal(err)
	}
	d.leads(d.post("/staff/signin", url.Values{"name": {"mei"}, "password": {"correct horse battery"}}), "/staff")
}

func on(month time.Month, day int) time.Time {
	return time.Date(2021, month, day, 0, 0, 0, 0, time.UTC)
}
