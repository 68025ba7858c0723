package people_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/people"
	"assent/handlers/web"
	"assent/ledger"
	"assent/models"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"

	"golang.org/x/mod/sumdb/note"
)

const day = 24 * time.Hour

var (
	announce = time.Date(2021, 1, 6, 0, 0, 0, 0, time.UTC)
	deadline = time.Date(2021, 5, 15, 0, 0, 0, 0, time.UTC)
)

// world is the pages on a real server and database, with a clock the test moves.
type world struct {
	*tracker.Tracker
	t       testing.TB
	url     string
	signer  *tokens.Signer
	options people.Options
	mu      sync.Mutex
	now     time.Time
	engine  atomic.Pointer[gin.Engine]
	change  func(*people.Options) // before the next server starts; nil: nothing
}

// open starts a world with a running campaign and these people, in January 2021.
func open(t testing.TB, persons ...tracker.Person) *world {
	t.Helper()
	return openOn(t, "sqlite:"+filepath.Join(t.TempDir(), "assent.db"), persons...)
}

// openOn is open on a database.
func openOn(t testing.TB, database string, persons ...tracker.Person) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2021, 1, 10, 8, 0, 0, 0, time.UTC)}
	w.Tracker = w.tracker(database)
	w.serve()
	w.publish("2021-01-04")
	for i := range persons {
		persons[i].Type, persons[i].Created = terms.Personal, announce.Add(-365*day)
	}
	w.try(w.AddPeople(t.Context(), persons))
	w.activate(plan("2021-01-04"))
	w.sweep()
	return w
}

func (w *world) try(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tracker(database string) *tracker.Tracker {
	store, err := models.Open(w.t.Context(), database, models.Options{})
	w.try(err)
	w.t.Cleanup(func() { w.try(store.Close()) })
	private, _, err := ledger.NewKey(rand.Reader, "example.org/log")
	w.try(err)
	signer, err := note.NewSigner(private)
	w.try(err)
	return tracker.New(tracker.Deps{
		Store: store, Catalogue: catalogue(), Now: w.clock, Random: rand.Reader, Signer: signer,
		Committed: func(context.Context, uint64) error { return nil },
		Pace: tracker.Pace{Tick: time.Hour, Rows: 100, MaxRows: 100, Hold: time.Second, Duty: 1,
			Stopwatch: func() func() time.Duration { return func() time.Duration { return 0 } }, Rest: func(context.Context, time.Duration) {}},
	})
}

// serve starts the server, or starts it anew at the same address: what it had in memory is gone.
func (w *world) serve() {
	if w.url == "" {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.engine.Load().ServeHTTP(rw, r) }))
		w.t.Cleanup(server.Close)
		w.url = server.URL
	}
	pages, err := templates.New()
	w.try(err)
	w.signer, err = tokens.NewSigner(bytes.Repeat([]byte("k"), 32))
	w.try(err)
	sameOrigin, err := web.SameOrigin("")
	w.try(err)
	w.options = people.Options{
		Tracker: w.Tracker, Pages: pages, Tokens: w.signer, Cookie: web.Cookie{Name: "assent_person"}, SameOrigin: sameOrigin, Wall: w.clock, SessionTTL: 12 * time.Hour,
		Brand:    people.Brand{Name: "Harbor", Imprint: "Harbor Messaging Ltd", HelpURL: "mailto:support@example.org"},
		ReturnTo: []string{"harbor:", "https://app.example.org"},
	}
	if w.change != nil {
		w.change(&w.options)
	}
	engine, err := web.Engine(web.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now,
		ErrorPage: func(r *http.Request, p *web.Problem) ([]byte, error) { return people.FaultPage(w.options, r, p) }})
	w.try(err)
	people.Mount(engine, w.options)
	engine.GET(templates.AssetPrefix+":name", func(c *gin.Context) { pages.Assets().ServeHTTP(c.Writer, c.Request) })
	w.engine.Store(engine)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// walk moves the clock to an instant through a sweep each day, as the scheduler would.
func (w *world) walk(to time.Time) {
	w.t.Helper()
	for at := w.clock(); at.Before(to); {
		at = at.Add(day)
		if at.After(to) {
			at = to
		}
		w.mu.Lock()
		w.now = at
		w.mu.Unlock()
		w.sweep()
	}
}

func (w *world) sweep() {
	w.t.Helper()
	_, err := w.Sweep(w.t.Context(), w.clock())
	w.try(err)
}

func (w *world) publish(version string) {
	w.t.Helper()
	for document, title := range map[string]terms.Texts{
		"terms-of-service": {"en": "Terms of Service", "fr": "Conditions d’utilisation"}, "privacy-policy": {"en": "Privacy Policy", "fr": "Politique de confidentialité"},
	} {
		ref := terms.DocumentRef{Document: document, Version: version}
		_, err := w.PutVersion(w.t.Context(), tracker.Version{DocumentRef: ref, Title: title, Material: true, EffectiveAt: deadline, Texts: []tracker.Text{
			{Locale: "en", Markdown: "# " + title["en"] + "\n\n## 1. Who we are\n\nBe kind, " + version + ".\n", Summary: "### Kindness\n\n**Now:** Be polite.\n\n**From May:** Be kind.\n"},
			{Locale: "fr", Markdown: "# " + title["fr"] + "\n\nSoyez gentil.\n", Summary: "### Gentillesse\n\nSoyez gentil.\n"},
		}})
		w.try(err)
		_, err = w.Publish(w.t.Context(), ref, "test")
		w.try(err)
	}
}

func (w *world) activate(p terms.Plan) {
	w.t.Helper()
	record, err := w.AddPlan(w.t.Context(), p, []byte("plan"), "test")
	w.try(err)
	_, err = w.Activate(w.t.Context(), p.Campaign, record.Number, "test", func(int) {})
	w.try(err)
}

func catalogue() terms.Catalogue {
	boolean := func(key, title string) terms.Capability {
		return terms.Capability{Key: key, Kind: terms.Boolean, OnDeny: terms.Reject, Title: terms.Texts{"en": title}, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	}
	exit, grant := boolean("terms.respond", "Accept or decline"), boolean("business.data_sharing", "Share with advertisers")
	exit.ExitRight, grant.Grant = true, true
	return terms.Catalogue{boolean("messages.send", "Send messages"), boolean("calls.answer", "Answer calls"), exit, grant}
}

func plan(version string) terms.Plan {
	week := 7 * day
	return terms.Plan{
		Campaign: "new-terms-2021", Title: terms.Texts{"en": "Our terms are changing", "fr": "Nos conditions changent"},
		Documents:  []terms.DocumentRef{{Document: "terms-of-service", Version: version}, {Document: "privacy-policy", Version: version}},
		AnnounceAt: announce, Deadline: deadline, NoticePeriod: 30 * day,
		Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
		Snooze:   terms.Snooze{For: week, Max: 2}, Grants: []string{"business.data_sharing"},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Dismissible: true}},
			{Key: "reminded", Reminder: terms.Reminder{Mode: terms.Banner, Dismissible: true}},
			{Key: "persistent", After: 28 * day, FinalWarning: day, Reminder: terms.Reminder{Mode: terms.FullScreen, EveryOpen: true}},
			{Key: "limited", After: 35 * day, Dwell: &week, Off: []string{"messages.send"}},
			{Key: "suspended_delivery", After: 63 * day, Off: []string{"calls.answer"}},
		},
		Regions: []terms.Region{
			{Key: "eea-uk", Countries: []string{"DE"}, LastStage: "reminded", Reminder: &terms.Reminder{AskOnce: true}},
			{Key: "turkey", Countries: []string{"TR"}, Effect: terms.Void, LastStage: "announced", Message: terms.Texts{"en": "The authority asked us to wait."}},
		},
	}
}

// browser is one person's browser: it keeps cookies and follows redirects.
type browser struct {
	*world
	client http.Client
}

// seen is an answer with where it came from.
type seen struct {
	status int
	path   string
	body   string
	header http.Header
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	w.try(err)
	return &browser{world: w, client: http.Client{Jar: jar}}
}

// signedIn is the browser of a person who came from the app.
func (w *world) signedIn(person string) *browser {
	w.t.Helper()
	b := w.browser()
	if got := b.get("/l/" + w.link(tokens.SessionLink, person, time.Hour)); got.status != http.StatusOK {
		w.t.Fatalf("signing in as %s led to %d at %s", person, got.status, got.path)
	}
	return b
}

func (w *world) link(purpose tokens.Purpose, person string, ttl time.Duration) string {
	return w.signer.Sign(purpose, tokens.Claims{Person: person, Campaign: "new-terms-2021", ID: rand.Text()}, w.clock(), ttl)
}

func (b *browser) get(path string, headers ...string) seen {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	b.try(err)
	return b.do(request, headers)
}

func (b *browser) post(path string, form url.Values, headers ...string) seen {
	b.t.Helper()
	return b.send(path, "application/x-www-form-urlencoded", form.Encode(), headers...)
}

func (b *browser) send(path, contentType, body string, headers ...string) seen {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(body))
	b.try(err)
	request.Header.Set("Content-Type", contentType)
	return b.do(request, headers)
}

func (b *browser) do(request *http.Request, headers []string) seen {
	b.t.Helper()
	request.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	request.Header.Set("User-Agent", "test browser")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.client.Do(request)
	b.try(err)
	body, err := io.ReadAll(response.Body)
	b.try(err)
	b.try(response.Body.Close())
	return seen{response.StatusCode, response.Request.URL.Path, string(body), response.Header}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// form is what the page's form would send with a button.
func (s seen) form(action string) url.Values {
	values := url.Values{"action": {action}}
	for _, field := range hidden.FindAllStringSubmatch(s.body, -1) {
		values.Set(field[1], field[2])
	}
	return values
}

// history is what is recorded of a person, oldest first.
func (w *world) history(person string) []tracker.Response {
	w.t.Helper()
	list, err := w.History(w.t.Context(), person)
	w.try(err)
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// can answers whether a capability is on.
func (w *world) can(person, capability string) bool {
	w.t.Helper()
	standing, err := w.Standing(w.t.Context(), person)
	w.try(err)
	state, ok := standing.Standing.Find(capability)
	if !ok {
		w.t.Fatalf("no capability %s", capability)
	}
	return state.Value.Bool()
}

// notice reports that the person saw a notice of the stage they are in.
func (w *world) notice(person string) {
	w.t.Helper()
	_, err := w.Notice(w.t.Context(), tracker.ReportedNotice{Person: person, Campaign: "new-terms-2021", Channel: tracker.InApp, Presented: true})
	w.try(err)
}

var markup = regexp.MustCompile(`<[^>]+>`)

// text is a page without its markup, every piece apart.
func (s seen) text() string {
	return strings.Join(strings.Fields(markup.ReplaceAllString(s.body, " ")), " ")
}

// bare is a page without its markup, as the eye reads a sentence.
func (s seen) bare() string { return markup.ReplaceAllString(s.body, "") }
