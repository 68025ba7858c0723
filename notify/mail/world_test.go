package mail_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"assent/ledger"
	"assent/models"
	"assent/notify/mail"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

const day = 24 * time.Hour

var announce = time.Date(2021, 1, 6, 10, 0, 0, 0, time.UTC)

// world is a campaign in a SQLite file, on a clock that the test moves.
type world struct {
	testing.TB
	*tracker.Tracker
	carrier *mail.Carrier
	signer  *tokens.Signer
	log     *bytes.Buffer
	path    string
	now     atomic.Int64
	wall    atomic.Int64 // how far the real clock is ahead
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// newWorld opens the file at a path, which may be a new one, with a carrier that
// sends to a port.
func newWorld(t testing.TB, path string, port int) *world {
	t.Helper()
	w := &world{TB: t, path: path, log: &bytes.Buffer{}}
	w.now.Store(announce.UnixMicro())
	store, err := models.Open(t.Context(), "sqlite:"+path, models.Options{Throwaway: true})
	w.must(err)
	t.Cleanup(func() { w.must(store.Close()) })
	secret, _, err := ledger.NewKey(rand.Reader, "example.org/log")
	w.must(err)
	signer, err := note.NewSigner(secret)
	w.must(err)
	w.signer, err = tokens.NewSigner(bytes.Repeat([]byte("k"), 32))
	w.must(err)
	now := func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }
	send := terms.Capability{
		Key: "messages.send", Kind: terms.Boolean, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)},
		Title: terms.Texts{"en": "Send messages", "ar": "إرسال الرسائل"},
	}
	w.Tracker = tracker.New(tracker.Deps{
		Store: store, Catalogue: terms.Catalogue{send}, Now: now, Random: rand.Reader, Signer: signer,
		Committed: func(context.Context, uint64) error { return nil },
		Pace: tracker.Pace{
			Tick: time.Hour, Rows: 100, MaxRows: 500, Hold: time.Second, Duty: 1,
			Stopwatch: func() func() time.Duration { return func() time.Duration { return 0 } }, Rest: func(context.Context, time.Duration) {},
		},
		Guard: tracker.Guard{Share: 1, Floor: 1000, Factor: 2},
		Post:  tracker.Post{Weekly: 2, CountsAfter: day, Tries: 3},
	})
	pages, err := templates.New()
	w.must(err)
	w.carrier = &mail.Carrier{
		Tracker: w.Tracker, Claim: rand.Text(), Rate: 1000, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
		Wall: func() time.Time { return time.Now().Add(time.Duration(w.wall.Load())) }, Rest: func(context.Context, time.Duration) {},
		Writer: mail.Writer{
			Pages: pages, Tokens: w.signer, Catalogue: terms.Catalogue{send}, PublicURL: "https://terms.example.org", NoticeTTL: 60 * day,
			Brand: mail.Brand{Name: "Harbor", Imprint: "Harbor Ltd, 1 Quay Street", Support: "help@harbor.example"},
		},
		Server: mail.Server{Host: "127.0.0.1", Port: port, TLS: "none", From: "terms@harbor.example", FromName: "Harbor", Timeout: 2 * time.Second},
	}
	return w
}

// launch adds people, by id with their locale, and announces new terms to them.
func (w *world) launch(people map[string]string) {
	w.Helper()
	ctx := w.Context()
	w.must(w.carrier.Run(ctx)) // from here on
	ref := terms.DocumentRef{Document: "terms-of-service", Version: "2021-01-04"}
	_, err := w.PutVersion(ctx, tracker.Version{DocumentRef: ref, Title: terms.Texts{"en": "Terms of Service"}, Material: true, Texts: []tracker.Text{
		{Locale: "en", Markdown: "# Terms\n\nBe kind.\n", Summary: "### Messages you send to a business\n\n**Now:** a.\n\n**Then:** b.\n"},
		{Locale: "ar", Markdown: "# الشروط\n\nكن لطيفًا.\n", Summary: "### الرسائل إلى الأنشطة التجارية\n\n**الآن:** أ.\n"},
	}})
	w.must(err)
	_, err = w.Publish(ctx, ref, "test")
	w.must(err)
	p := terms.Plan{
		Campaign: "new-terms", Title: terms.Texts{"en": "Our terms are changing", "ar": "شروطنا تتغير"}, Documents: []terms.DocumentRef{ref},
		AnnounceAt: announce.Add(-time.Hour), Deadline: announce.Add(60 * day), NoticePeriod: 30 * day,
		Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}}, Snooze: terms.Snooze{For: 7 * day, Max: 3},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Every: 7 * day, Dismissible: true}, FinalWarning: day},
			{Key: "limited", Off: []string{"messages.send"}},
		},
	}
	for id, locale := range people {
		contact := tracker.Contact{Email: id + "@example.org", Zone: "Pacific/Auckland"}
		w.must(w.AddPeople(ctx, []tracker.Person{{ID: id, Country: "BR", Locale: locale, Type: terms.Personal, Created: announce.Add(-400 * day), Contact: &contact}}))
	}
	record, err := w.AddPlan(ctx, p, []byte("x"), "test")
	w.must(err)
	_, err = w.Activate(ctx, "new-terms", record.Number, "test", nil)
	w.must(err)
	w.pass(0)
}

// pass lets time go by and sweeps.
func (w *world) pass(d time.Duration) {
	w.Helper()
	at := w.Now().Add(d)
	w.now.Store(at.UnixMicro())
	_, err := w.Sweep(w.Context(), at)
	w.must(err)
}

func (w *world) state(person string) tracker.DeliveryState {
	w.Helper()
	list, err := w.Deliveries(w.Context(), person)
	w.must(err)
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1].State // of the first
}

// fresh is the path of a new database.
func fresh(t testing.TB) string { return filepath.Join(t.TempDir(), "assent.db") }

// TestMain runs a carrier alone when it is called as one: see
// TestAProcessThatDiesWhileItSendsLeadsToOneMail.
func TestMain(m *testing.M) {
	if os.Getenv("ASSENT_TEST_CARRIER") != "" {
		carry()
	}
	os.Exit(m.Run())
}

// alone stands in for a test where there is none.
type alone struct{ testing.TB }

func (alone) Helper()                  {}
func (alone) Cleanup(func())           {}
func (alone) Context() context.Context { return context.Background() }
func (alone) Fatal(args ...any)        { panic(args) }
