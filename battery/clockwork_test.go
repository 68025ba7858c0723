package battery_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"testing"
	"time"

	"assent/ledger"
	"assent/models"
	"assent/scheduler"
	"assent/terms"
	"assent/tracker"

	"golang.org/x/mod/sumdb/note"
)

const (
	day      = 24 * time.Hour
	campaign = "new-terms"
)

// clockwork is a tracker on a real database, and the scheduler that wakes its
// sweep, as a server wires them.
type clockwork struct {
	*tracker.Tracker
	t     *testing.T
	store *models.Store
	jobs  *scheduler.Scheduler
	wall  func() time.Time
	key   string // that signs the log
}

// origin names the log.
const origin = "example.org/log"

// newClockwork opens the database at a URL, to go by a clock. tick is the grid
// of due times.
func newClockwork(t *testing.T, url string, tick time.Duration, wall func() time.Time, o models.Options) *clockwork {
	t.Helper()
	store, err := models.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	private, _, err := ledger.NewKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return &clockwork{t: t, store: store, wall: wall, key: private, Tracker: tracker.New(tracker.Deps{
		Store: store, Catalogue: catalogue(), Now: wall, Random: rand.Reader, Signer: signer,
		Committed: func(context.Context, uint64) error { return nil },
		Pace: tracker.Pace{
			Tick: tick, Rows: 500, MaxRows: 1000, Hold: 10 * time.Millisecond, Duty: 1,
			Stopwatch: func() func() time.Duration { return func() time.Duration { return 0 } },
			Rest:      func(context.Context, time.Duration) {},
		},
		Leniency: tracker.Leniency{UndoWindow: 72 * time.Hour},
	})}
}

// start starts the scheduler.
func (c *clockwork) start(spec string, elapsed func() time.Duration) {
	c.t.Helper()
	jobs, err := scheduler.New(slog.New(slog.DiscardHandler), scheduler.Clock{Now: c.wall, Elapsed: elapsed}, scheduler.Job{
		Name: "sweep", Spec: spec, Timeout: time.Hour,
		Run: func(ctx context.Context, planned, _ time.Time) error {
			_, err := c.Sweep(ctx, planned)
			return err
		},
		Jumped: func(ctx context.Context, by time.Duration) error {
			_, err := c.Pause(ctx, "the clock jumped by "+by.String(), "scheduler")
			return err
		},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.jobs = jobs
	jobs.Start()
}

// stop ends the scheduler and closes the database.
func (c *clockwork) stop() {
	c.t.Helper()
	var err error
	if c.jobs != nil {
		err = c.jobs.Stop(context.Background())
	}
	if err := errors.Join(err, c.store.Close()); err != nil {
		c.t.Error(err)
	}
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func catalogue() terms.Catalogue {
	boolean := func(key string) terms.Capability {
		return terms.Capability{Key: key, Kind: terms.Boolean, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	}
	exit := boolean("terms.respond")
	exit.ExitRight = true
	return terms.Catalogue{boolean("messages.send"), boolean("calls.answer"), exit}
}

// ladder is a plan announced at an instant.
func ladder(announce time.Time) terms.Plan {
	week := 7 * day
	return terms.Plan{
		Campaign: campaign, Title: terms.Texts{"en": "Our terms are changing"},
		Documents:  []terms.DocumentRef{{Document: "terms-of-service", Version: "2"}},
		AnnounceAt: announce, Deadline: announce.Add(60 * day), NoticePeriod: 30 * day,
		Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
		Snooze:   terms.Snooze{For: week, Max: 8},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true},
			{Key: "reminded"},
			{Key: "persistent", After: 28 * day, FinalWarning: day},
			{Key: "limited", After: 35 * day, Dwell: &week, Spread: 14 * day, Off: []string{"messages.send"}},
			{Key: "suspended_delivery", After: 63 * day, Off: []string{"calls.answer"}},
		},
		Regions: []terms.Region{
			{Key: "germany", Countries: []string{"DE"}, LastStage: "reminded"},
			{Key: "kenya", Countries: []string{"KE"}, Deadline: announce.Add(120 * day)},
		},
	}
}

// publish publishes the document and puts a plan into force.
func (c *clockwork) publish(p terms.Plan) {
	c.t.Helper()
	ctx := c.t.Context()
	v := tracker.Version{DocumentRef: p.Documents[0], Title: terms.Texts{"en": "Terms"}, Texts: []tracker.Text{{Locale: "en", Markdown: "Be kind.\n"}}}
	_, err := c.PutVersion(ctx, v)
	must(c.t, err)
	_, err = c.Publish(ctx, v.DocumentRef, "test")
	must(c.t, err)
	record, err := c.AddPlan(ctx, p, nil, "test")
	must(c.t, err)
	_, err = c.Activate(ctx, p.Campaign, record.Number, "test", nil)
	must(c.t, err)
}

// choice is what a person would send after reading the terms.
func choice(person string, a terms.Action, key string) tracker.Choice {
	c := tracker.Choice{Person: person, Campaign: campaign, Action: a, IdempotencyKey: key, Method: ledger.MethodAPI, Actor: "key_test"}
	if a != terms.Withdraw {
		c.Documents = []terms.DocumentText{{Document: "terms-of-service", Version: "2", Locale: "en", SHA256: tracker.Digest("Be kind.\n")}}
	}
	return c
}

// positions are all enrollments of the campaign, by person.
func (c *clockwork) positions() map[string]tracker.Enrolled {
	c.t.Helper()
	out := map[string]tracker.Enrolled{}
	must(c.t, c.store.View(c.t.Context(), func(r tracker.Reader) error {
		rows, err := r.Positions(c.t.Context(), campaign, 0, 1_000_000)
		for _, e := range rows {
			out[e.Person] = e
		}
		return err
	}))
	return out
}

// transitions are all of the campaign, oldest first, by person.
func (c *clockwork) transitions() map[string][]tracker.Transition {
	c.t.Helper()
	out := map[string][]tracker.Transition{}
	must(c.t, c.store.View(c.t.Context(), func(r tracker.Reader) error {
		rows, err := r.Transitions(c.t.Context(), campaign, "", 10_000_000)
		for i := range rows {
			one := rows[len(rows)-1-i]
			out[one.Person] = append(out[one.Person], one)
		}
		return err
	}))
	return out
}
