package clients_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"

	"assent/config"
	"assent/gate"
	"assent/handlers/clients"
	shown "assent/handlers/people"
	"assent/handlers/web"
	"assent/ledger"
	"assent/messaging"
	"assent/models"
	"assent/notify"
	"assent/planfile"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

const (
	bootstrap = "bootstrap-key-for-tests"
	publicURL = "https://terms.example.org"
)

// world is a whole server on a fresh SQLite database, with a clock that the
// test moves. Every answer it gives is held against docs/openapi.yaml.
type world struct {
	testing.TB
	engine  *gin.Engine
	store   *models.Store
	tracker *tracker.Tracker
	api     *clients.Handlers
	gate    *gate.Gate
	notices *gate.Notices
	limits  clients.Limits
	signer  *tokens.Signer
	verify  string // public key of the log
	log     *bytes.Buffer
	routes  *sync.Map // request → the route that answered it
	now     *atomic.Int64
	ahead   *atomic.Int64 // of the real clock
}

// Now is the clock of the facts.
func (w *world) Now() time.Time { return time.UnixMicro(w.now.Load()).UTC() }

// in is the same world for a subtest.
func (w *world) in(t testing.TB) *world {
	view := *w
	view.TB = t
	return &view
}

// newWorld starts on 4 January 2021, before anything is announced.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, "sqlite:"+t.TempDir()+"/assent.db", func(*tracker.Deps) {})
}

// newWorldOn does it on any empty database, with other means for the tracker.
func newWorldOn(t testing.TB, url string, change func(*tracker.Deps)) *world {
	t.Helper()
	return newWorldWith(t, url, change, clients.Limits{})
}

// newWorldWith is the same with limits to what callers may ask.
func newWorldWith(t testing.TB, url string, change func(*tracker.Deps), limits clients.Limits) *world {
	t.Helper()
	w := &world{limits: limits, TB: t, log: &bytes.Buffer{}, routes: &sync.Map{}, now: &atomic.Int64{}, ahead: &atomic.Int64{}}
	w.now.Store(date(2021, 1, 4).UnixMicro())
	settings := settings(t)
	store, err := models.Open(t.Context(), url, models.Options{})
	w.must(err)
	w.store = store
	t.Cleanup(func() { w.must(store.Close()) })
	secret, verifier, err := ledger.NewKey(rand.Reader, "terms.example.org/log")
	w.must(err)
	w.verify = verifier
	signer, err := note.NewSigner(secret)
	w.must(err)
	w.signer, err = tokens.NewSigner(bytes.Repeat([]byte("k"), 32))
	w.must(err)
	catalogue := slices.Clone(settings.Catalogue) // of this world alone
	w.gate = gate.New(source{store, catalogue}, gate.Options{Catalogue: catalogue, PublicURL: publicURL, Now: w.Now})
	w.notices = gate.NewNotices(gate.NoticeLimits{Readers: 100, PerPerson: 4, PerSecond: 1000})
	w.gate.Watch(w.notices.Applied)
	deps := tracker.Deps{
		Store: store, Catalogue: catalogue, Now: w.Now, Random: rand.Reader, Signer: signer, Committed: w.gate.CatchUp,
		Changed: func(ctx context.Context, list []tracker.Change) error { return w.gate.Apply(ctx, changesOf(list)) },
		Pace: tracker.Pace{
			Tick: 5 * time.Minute, Rows: 100, MaxRows: 1000, Hold: time.Second, Duty: 1,
			Stopwatch: func() func() time.Duration { return func() time.Duration { return 0 } },
			Rest:      func(context.Context, time.Duration) {},
		},
		Guard:     tracker.Guard{Share: 0.05, Floor: 3, Factor: 2},
		Approvals: tracker.Approvals{Expire: 3 * day},
		Leniency:  tracker.Leniency{UndoWindow: 7 * day, HoldSpread: 14 * day},
	}
	change(&deps)
	w.tracker = tracker.New(deps)
	w.must(w.tracker.EnsureKey(t.Context(), bootstrap))
	w.mount(settings, w.messaging(), store)
	w.must(w.gate.Load(t.Context()))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// messaging is the layer that ships inside, started.
func (w *world) messaging() *messaging.Server {
	w.Helper()
	layer, err := messaging.New(messaging.Options{
		Gate: w.gate, People: known{w.tracker}, Mailbox: models.NewMailbox(w.store), Tokens: w.signer, Now: w.Now, Wall: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	w.must(err)
	w.gate.Watch(layer.Applied)
	w.must(layer.Start(w.Context()))
	w.Cleanup(func() { w.must(layer.Stop(context.Background())) })
	return layer
}

// mount puts everything together as the server does.
func (w *world) mount(settings config.Config, layer *messaging.Server, store tracker.Store) {
	w.Helper()
	profiles := make([]planfile.Profile, len(settings.Profiles))
	for i, p := range settings.Profiles {
		profiles[i] = planfile.Profile{Key: p.Key, Stages: p.Stages}
	}
	pages, err := templates.New()
	w.must(err)
	options := shown.Options{Tracker: w.tracker, Pages: pages, Tokens: w.signer, Brand: shown.Brand{Name: "Harbor"}}
	w.api, err = clients.New(clients.Options{
		Reminders: clients.Reminders{Pages: pages, Of: func(ctx context.Context, person, campaign, language, acceptURL string) (templates.Banner, []terms.DocumentText, error) {
			return shown.Reminder(ctx, options, person, campaign, language, acceptURL)
		}, Words: func(ctx context.Context, person, language string) (templates.Locale, []string, error) {
			return shown.Words(ctx, options, person, language)
		}},
		Tracker: w.tracker, Gate: w.gate, Messaging: layer, Notices: w.notices, Origins: []string{"*"}, Limits: w.limits, Tokens: w.signer, Now: w.Now, Clock: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) },
		ReadPlan:  func(data []byte) (terms.Plan, error) { return planfile.Load(data, profiles, settings.Catalogue) },
		Check:     func(ctx context.Context) error { return store.View(ctx, func(tracker.Reader) error { return nil }) },
		Staleness: func() time.Duration { return time.Second / 4 },
		PublicURL: publicURL, LogKey: w.verify, SessionTTL: time.Hour, NoticeTTL: 60 * day, MessagingTTL: day,
		CheckURL: notify.Guard{Allow: local()}.Check,
		Metrics:  prometheus.NewRegistry(),
		Gateway:  intercepting(),
	})
	w.must(err)
	w.engine, err = web.Engine(web.Options{Log: slog.New(slog.NewJSONHandler(w.log, nil)), Now: time.Now, Routine: []string{"/ofrep/"}, Measure: w.api.Measure})
	w.must(err)
	w.engine.Use(func(c *gin.Context) { w.routes.Store(c.Request, c.FullPath()) })
	w.api.Mount(w.engine)
}

var settings = func() func(testing.TB) config.Config {
	load := sync.OnceValues(func() (config.Config, error) {
		base, err := os.ReadFile("../../config.yaml")
		if err != nil {
			return config.Config{}, err
		}
		return config.Load(base, "", nil)
	})
	return func(t testing.TB) config.Config {
		t.Helper()
		c, err := load()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}()

// known tells the messaging layer who is there.
type known struct{ t *tracker.Tracker }

func (k known) Known(ctx context.Context, id string) (bool, error) {
	_, err := k.t.Person(ctx, id)
	return err == nil, nil
}

const day = 24 * time.Hour

func date(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// reach moves the clock forward and sweeps.
func (w *world) reach(at time.Time) {
	w.Helper()
	w.now.Store(at.UnixMicro())
	_, err := w.tracker.Sweep(w.Context(), at)
	w.must(err)
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	testing.TB
}

// send sends a request with the bootstrap key unless headers say otherwise,
// and holds the answer against the description of the API.
func (w *world) send(method, target, body string, headers ...string) answer {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+bootstrap)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return w.asks(r)
}

func (w *world) asks(r *http.Request) answer {
	w.Helper()
	recorder := httptest.NewRecorder()
	w.engine.ServeHTTP(recorder, r)
	w.described(r, recorder)
	return answer{recorder, w.TB}
}

// is checks the status.
func (a answer) is(status int) answer {
	a.Helper()
	if a.Code != status {
		a.Fatalf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	return a
}

// json reads the answer.
func (a answer) json() map[string]any {
	a.Helper()
	var doc map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &doc); err != nil {
		a.Fatalf("%v in %s", err, a.Body)
	}
	return doc
}

// at picks a member of the answer by its path, such as "errors.0.path".
func (a answer) at(path string) any {
	a.Helper()
	var value any = a.json()
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(v) {
				a.Fatalf("no %s in %s", path, a.Body)
			}
			value = v[i]
		default:
			a.Fatalf("no %s in %s", path, a.Body)
		}
	}
	return value
}

// says checks members of the answer, given as path and value.
func (a answer) says(pairs ...any) answer {
	a.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := a.at(pairs[i].(string)); fmt.Sprint(got) != fmt.Sprint(pairs[i+1]) {
			a.Fatalf("%s is %v, want %v, in %s", pairs[i], got, pairs[i+1], a.Body)
		}
	}
	return a
}

// mentions checks that the detail names something.
func (a answer) mentions(words ...string) answer {
	a.Helper()
	for _, word := range words {
		if !strings.Contains(fmt.Sprint(a.at("detail")), word) {
			a.Fatalf("does not mention %q: %s", word, a.Body)
		}
	}
	return a
}

// texts are the two documents of the campaign.
var texts = map[string]string{"terms-of-service": "# Terms\n\nNew terms.\n", "privacy-policy": "# Privacy\n\nNew policy.\n"}

const planFile = `
campaign: new-terms-2021
title: {en: Our terms are changing, fr: Nos conditions changent}
documents: [{document: terms-of-service, version: "2021-01-04"}, {document: privacy-policy, version: "2021-01-04"}]
announce_at: 2021-01-06T00:00:00Z
deadline: 2021-05-15T00:00:00Z
notice_period: 30d
audience: {account_types: [personal, business]}
snooze: {for: 7d, max: 8}
grants: [business.data_sharing]
profile: whatsapp-2021-05
regions:
  - {key: turkey, countries: [TR], effect: void, last_stage: announced}
`

// campaign publishes the documents and activates the plan, with replacements in
// its file.
func (w *world) campaign(replace ...string) {
	w.Helper()
	file := strings.NewReplacer(replace...).Replace(planFile)
	for document, markdown := range texts {
		at := "/api/v1/documents/" + document + "/versions/2021-01-04"
		w.send("PUT", at, object("title", document, "material", true, "texts", map[string]any{"en": map[string]any{"markdown": markdown, "summary": "- new"}})).is(201)
		w.send("POST", at+"/publish", "").is(200)
	}
	w.send("PUT", "/api/v1/campaigns/new-terms-2021/plans", file, "Content-Type", "application/yaml").is(201).says("plan", 1)
	w.send("POST", "/api/v1/campaigns/new-terms-2021/plans/1/activate", "").is(200)
}

// person adds somebody.
func (w *world) person(id, region string) {
	w.Helper()
	w.send("POST", "/api/v1/people", object("id", id, "region", region, "locale", "en", "created_at", "2020-01-01T00:00:00Z")).is(201)
}

// documents are what the campaign asks for, as an app that showed them says.
func documents() []map[string]string {
	var out []map[string]string
	for _, name := range []string{"terms-of-service", "privacy-policy"} {
		out = append(out, map[string]string{"document": name, "version": "2021-01-04", "locale": "en", "sha256": tracker.Digest(texts[name])})
	}
	return out
}

// choose records a choice and returns the answer.
func (w *world) choose(person, action, key string) answer {
	w.Helper()
	body := object("campaign", "new-terms-2021", "action", action, "documents", documents(), "presented_at", "2021-01-07T00:00:00Z")
	return w.send("POST", "/api/v1/people/"+person+"/responses", body, "Idempotency-Key", key)
}

// notice reports that somebody saw one.
func (w *world) notice(person string) {
	w.Helper()
	w.send("POST", "/api/v1/people/"+person+"/notices", `{"campaign":"new-terms-2021","channel":"in_app","presented":true}`).is(201)
}

// flag evaluates one flag of somebody.
func (w *world) flag(person, key string) answer {
	w.Helper()
	return w.send("POST", "/ofrep/v1/evaluate/flags/"+key, object("context", map[string]string{"targetingKey": person}))
}

// limit takes somebody up the ladder, with a notice at each stage, until
// messages.send is off.
func (w *world) limit(person string) {
	w.Helper()
	for range 100 {
		if w.flag(person, "messages.send").at("value") == false {
			return
		}
		w.notice(person)
		w.reach(w.Now().Add(5 * day))
	}
	w.Fatalf("%s was never limited", person)
}

// object writes a JSON object from names and values.
func object(pairs ...any) string {
	doc := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		doc[pairs[i].(string)] = pairs[i+1]
	}
	data, err := json.Marshal(doc)
	if err != nil {
		panic(err) // of a test's own making
	}
	return string(data)
}

// source lets the gate load from the store, as the server does.
type source struct {
	store     tracker.Store
	catalogue terms.Catalogue
}

func (s source) Books(ctx context.Context) ([]gate.Book, error) {
	return view(ctx, s.store, func(r tracker.Reader) ([]gate.Book, error) {
		campaigns, err := r.Campaigns(ctx)
		if err != nil {
			return nil, err
		}
		var books []gate.Book
		for _, c := range campaigns {
			plans, holds, err := tracker.Rules(ctx, r, s.catalogue, c.Key)
			if err != nil {
				return nil, err
			}
			book := gate.Book{Campaign: c.Key, Plans: plans, Holds: holds}
			books = append(books, book)
		}
		return books, nil
	})
}

func (s source) Rows(ctx context.Context, rows []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	return view(ctx, s.store, func(r tracker.Reader) ([]gate.Row, error) {
		err := r.Placed(ctx, campaign, after, limit, func(e *tracker.Enrolled) { rows = append(rows, rowOf(*e)) })
		return rows, err
	})
}

func (s source) Changes(ctx context.Context, after uint64, limit int) ([]gate.Change, error) {
	return view(ctx, s.store, func(r tracker.Reader) ([]gate.Change, error) {
		list, err := r.Changes(ctx, after, limit)
		return changesOf(list), err
	})
}

func changesOf(list []tracker.Change) []gate.Change {
	changes := make([]gate.Change, len(list))
	for i, c := range list {
		changes[i] = gate.Change{
			Revision: c.Revision, Row: rowOf(c.Enrolled),
			Removed: c.Kind == tracker.ChangeRemoved, Book: slices.Contains([]tracker.ChangeKind{tracker.ChangePlan, tracker.ChangeHold, tracker.ChangeReversal}, c.Kind),
		}
	}
	return changes
}

func (s source) Revision(ctx context.Context) (uint64, error) {
	return view(ctx, s.store, func(r tracker.Reader) (uint64, error) { return r.Revision(ctx) })
}

func rowOf(e tracker.Enrolled) gate.Row {
	return gate.Row{Ref: e.Ref, Locale: e.Locale, Enrollment: e.Enrollment}
}

// view asks one thing of the store.
func view[T any](ctx context.Context, store tracker.Store, fn func(tracker.Reader) (T, error)) (T, error) {
	var out T
	err := store.View(ctx, func(r tracker.Reader) error {
		var err error
		out, err = fn(r)
		return err
	})
	return out, err
}
