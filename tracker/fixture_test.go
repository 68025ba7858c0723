package tracker_test

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/ledger"
	"assent/models"
	"assent/terms"
	"assent/tracker"

	"golang.org/x/mod/sumdb/note"
)

const day = 24 * time.Hour

var (
	start    = time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)
	announce = time.Date(2021, 1, 6, 0, 0, 0, 0, time.UTC)
	deadline = time.Date(2021, 5, 15, 0, 0, 0, 0, time.UTC)
)

// world is a tracker on a real database with a clock the test moves.
type world struct {
	*tracker.Tracker
	*hands
	t        testing.TB
	url      string
	verifier string
	revision uint64 // the newest that Committed was told of
}

// hands are those of a clock.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

// wiring changes what a tracker works with.
type wiring func(*tracker.Deps)

// onBothEngines runs a test against SQLite and against PostgreSQL.
func onBothEngines(t *testing.T, test func(*testing.T, *world), change ...wiring) {
	t.Helper()
	t.Parallel()
	for name, url := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, url(t), &hands{now: start}, change...))
		})
	}
}

// engines make an empty database each, and return its URL.
func engines() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "assent.db") },
		"postgres": postgres,
	}
}

var postgres = testenv.Prepared(func(url string) error {
	s, err := models.Open(context.Background(), url, models.Options{})
	if err != nil {
		return err
	}
	return s.Close()
})

// beside is another process on the same database, with the same clock.
func (w *world) beside(change ...wiring) *world {
	w.t.Helper()
	return newWorld(w.t, w.url, w.hands, change...)
}

func newWorld(t testing.TB, url string, clock *hands, change ...wiring) *world {
	t.Helper()
	store, err := models.Open(t.Context(), url, models.Options{Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	private, verifier, err := ledger.NewKey(rand.Reader, "example.org/log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, url: url, verifier: verifier, hands: clock}
	deps := tracker.Deps{
		Store: store, Catalogue: catalogue(), Now: clock.clock, Random: rand.Reader, Signer: signer,
		Committed: func(_ context.Context, revision uint64) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.revision = max(w.revision, revision)
			return nil
		},
		Pace: tracker.Pace{
			Tick: time.Hour, Rows: 7, MaxRows: 500, Hold: 10 * time.Millisecond, Duty: 1,
			Stopwatch: func() func() time.Duration {
				started := time.Now()
				return func() time.Duration { return time.Since(started) }
			},
			Rest: func(context.Context, time.Duration) {},
		},
		Leniency: tracker.Leniency{UndoWindow: 72 * time.Hour, HoldSpread: 14 * day},
	}
	for _, one := range change {
		one(&deps)
	}
	w.Tracker = tracker.New(deps)
	return w
}

func (h *hands) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) set(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = at
}

// pass lets an amount of time go by in which no sweep runs.
func (h *hands) pass(d time.Duration) { h.set(h.clock().Add(d)) }

func catalogue() terms.Catalogue {
	boolean := func(key string) terms.Capability {
		return terms.Capability{Key: key, Kind: terms.Boolean, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	}
	exit, grant := boolean("terms.respond"), boolean("business.data_sharing")
	exit.ExitRight, grant.Grant = true, true
	return terms.Catalogue{boolean("messages.send"), boolean("calls.answer"), exit, grant}
}

func plan() terms.Plan {
	week := 7 * day
	return terms.Plan{
		Campaign: "new-terms-2021", Title: terms.Texts{"en": "Our terms are changing"},
		Documents:  []terms.DocumentRef{{Document: "terms-of-service", Version: "2021-01-04"}, {Document: "privacy-policy", Version: "2021-01-04"}},
		AnnounceAt: announce, Deadline: deadline, NoticePeriod: 30 * day,
		Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal, terms.Business}},
		Snooze:   terms.Snooze{For: week, Max: 2}, Grants: []string{"business.data_sharing"},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Dismissible: true}},
			{Key: "reminded"},
			{Key: "persistent", After: 28 * day, FinalWarning: day, Reminder: terms.Reminder{Mode: terms.FullScreen}},
			{Key: "limited", After: 35 * day, Dwell: &week, Spread: 14 * day, Off: []string{"messages.send"}},
			{Key: "suspended_delivery", After: 63 * day, Off: []string{"calls.answer"}},
		},
		Regions: []terms.Region{
			{Key: "eea-uk", Countries: []string{"DE"}, LastStage: "reminded"},
			{Key: "turkey", Countries: []string{"TR"}, Effect: terms.Void, LastStage: "announced"},
		},
	}
}

// publish stores and publishes both documents.
func (w *world) publish() {
	w.t.Helper()
	for _, ref := range plan().Documents {
		v := tracker.Version{DocumentRef: ref, Title: terms.Texts{"en": ref.Document}, Material: true, Texts: []tracker.Text{
			{Locale: "en", Markdown: "# " + ref.Document + "\n\nBe kind.\n", Summary: "Be kind."},
			{Locale: "pt-BR", Markdown: "# " + ref.Document + "\n\nSeja gentil.\n"},
		}}
		if _, err := w.PutVersion(w.t.Context(), v); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.Publish(w.t.Context(), ref, "test"); err != nil {
			w.t.Fatal(err)
		}
	}
}

// launch publishes, adds people of the given countries (named p-0, p-1, …) and
// activates the plan of 2021.
func (w *world) launch(countries ...string) {
	w.t.Helper()
	w.publish()
	w.add(countries...)
	record, err := w.AddPlan(w.t.Context(), plan(), []byte("source"), "test")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Activate(w.t.Context(), "new-terms-2021", record.Number, "test", nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) add(countries ...string) {
	w.t.Helper()
	for i, country := range countries {
		p := tracker.Person{ID: id(i), Country: country, Locale: "en", Type: terms.Personal, Created: start.Add(-400 * day)}
		if err := w.AddPeople(w.t.Context(), []tracker.Person{p}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func id(i int) string { return "p-" + string(rune('0'+i)) }

// walk moves the clock to an instant through every sweep that finds something
// to do on the way, presenting the notice of each stage to the people named.
func (w *world) walk(to time.Time, noticed ...string) {
	w.t.Helper()
	for at := w.clock(); at.Before(to); {
		next, err := w.NextDue(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		switch at = at.Add(time.Hour); {
		case next.IsZero() || next.After(to) || at.After(to):
			at = to
		case next.After(at):
			at = next
		}
		w.set(at)
		run, err := w.Sweep(w.t.Context(), at)
		if err != nil {
			w.t.Fatal(err)
		}
		if run.Moved+run.Told == 0 {
			continue
		}
		for _, person := range noticed {
			n := tracker.ReportedNotice{Person: person, Campaign: "new-terms-2021", Channel: tracker.InApp, Presented: true}
			if _, err := w.Notice(w.t.Context(), n); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// position is where a person stands in the campaign.
func (w *world) position(person string) terms.Position {
	w.t.Helper()
	return w.standing(person).Positions[0]
}

func (w *world) standing(person string) terms.Standing {
	w.t.Helper()
	s, err := w.Standing(w.t.Context(), person)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.Standing
}

func (w *world) allowed(person, capability string) bool {
	w.t.Helper()
	state, ok := w.standing(person).Find(capability)
	if !ok {
		w.t.Fatalf("%s is not in the standing", capability)
	}
	return state.Value.Bool()
}

// choice is what a person would send after reading the English texts.
func (w *world) choice(person string, a terms.Action, key string) tracker.Choice {
	w.t.Helper()
	c := tracker.Choice{Person: person, Campaign: "new-terms-2021", Action: a, IdempotencyKey: key, Method: ledger.MethodAPI, Actor: "key_test"}
	for _, ref := range plan().Documents {
		v, err := w.Version(w.t.Context(), ref)
		if err != nil {
			w.t.Fatal(err)
		}
		text, _ := v.TextIn("en")
		c.Documents = append(c.Documents, terms.DocumentText{Document: ref.Document, Version: ref.Version, Locale: text.Locale, SHA256: text.SHA256})
	}
	return c
}

func (w *world) respond(person string, a terms.Action, key string) tracker.Receipt {
	w.t.Helper()
	receipt, _, err := w.Respond(w.t.Context(), w.choice(person, a, key))
	if err != nil {
		w.t.Fatal(err)
	}
	return receipt
}
