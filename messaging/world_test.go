package messaging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/gate"
	"assent/internal/testenv"
	"assent/messaging"
	"assent/models"
	"assent/terms"
	"assent/tokens"
)

// The stages of the test's ladder.
const (
	announced = iota
	limited
	suspended
)

const campaign = "new-terms"

// world is a messaging server behind the real gate, with a clock and a log the
// test can look at.
type world struct {
	*messaging.Server
	gate    *gate.Gate
	facts   *facts
	mailbox *models.Mailbox
	signer  *tokens.Signer
	clock   *testenv.Clock
	log     *testenv.Log
	url     string // of the WebSocket
}

func newWorld(t testing.TB, change ...func(*messaging.Options)) *world {
	t.Helper()
	return newWorldOn(t, newMailbox(t, models.Options{Throwaway: true}), &facts{}, change...)
}

// newWorldOn is another server on the same mailbox and the same facts.
func newWorldOn(t testing.TB, box *models.Mailbox, known *facts, change ...func(*messaging.Options)) *world {
	t.Helper()
	w := &world{mailbox: box, clock: testenv.NewClock(time.Date(2021, 6, 20, 9, 0, 0, 0, time.UTC)), facts: known, log: &testenv.Log{}}
	var err error
	if w.signer, err = tokens.NewSigner(bytes.Repeat([]byte("k"), 32)); err != nil {
		t.Fatal(err)
	}
	w.gate = gate.New(w.facts, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: w.clock.Now})
	o := messaging.Options{
		Gate: w.gate, People: everybodyBut{"nobody"}, Mailbox: w.mailbox, Tokens: w.signer, Now: w.clock.Now,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), SweepEvery: time.Minute,
	}
	for _, fn := range change {
		fn(&o)
	}
	if w.Server, err = messaging.New(o); err != nil {
		t.Fatal(err)
	}
	w.gate.Watch(w.Applied)
	if err := w.gate.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(w.WebSocket())
	w.url = "ws" + strings.TrimPrefix(web.URL, "http")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		web.Close()
	})
	return w
}

// newMailbox is a mailbox in a file of its own.
func newMailbox(t testing.TB, o models.Options) *models.Mailbox {
	t.Helper()
	store, err := models.Open(t.Context(), "sqlite:"+t.TempDir()+"/assent.db", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return models.NewMailbox(store)
}

// move brings a person to a stage; accept restores them.
func (w *world) move(t testing.TB, person string, stage int) {
	t.Helper()
	w.change(t, terms.Enrollment{Person: person, Stage: stage, Status: terms.Pending})
}

func (w *world) accept(t testing.TB, person string) {
	t.Helper()
	w.change(t, terms.Enrollment{Person: person, Status: terms.Accepted, Effect: terms.Full})
}

func (w *world) change(t testing.TB, e terms.Enrollment) {
	t.Helper()
	e.Campaign, e.Plan, e.Country, e.Entered = campaign, 1, "BR", w.clock.Now()
	e.Joined, e.FirstNotice, e.Noticed = e.Entered.AddDate(0, 0, -100), e.Entered.AddDate(0, 0, -60), e.Entered
	revision := w.facts.add(e)
	if err := w.gate.CatchUp(t.Context(), revision); err != nil {
		t.Fatal(err)
	}
}

func (w *world) token(person string) string { return w.tokenOn(person, "") }

func (w *world) tokenOn(person, device string) string {
	return w.signer.Sign(tokens.Messaging, messaging.Caller{Person: person, Device: device}.Claims(), w.clock.Now(), 365*24*time.Hour)
}

// call runs a method that must succeed, into a map.
func (w *world) call(t *testing.T, person, method, params string) map[string]any {
	t.Helper()
	data, err := w.Call(t.Context(), messaging.Caller{Person: person}, method, json.RawMessage(params))
	if err != nil {
		t.Fatalf("%s for %s: %v", method, person, err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%s for %s answered %s: %v", method, person, data, err)
	}
	return out
}

// refused runs a method that must be refused for a capability.
func (w *world) refused(t *testing.T, person, method, params, capability string) {
	t.Helper()
	var refusal *messaging.Refusal
	_, err := w.Call(t.Context(), messaging.Caller{Person: person}, method, json.RawMessage(params))
	if !errors.As(err, &refusal) || refusal.Capability != capability || !errors.Is(err, terms.Restricted) {
		t.Errorf("%s for %s: got %v, want a refusal of %s", method, person, err, capability)
	}
}

// bodies lists what a person reads in a conversation.
func (w *world) bodies(t *testing.T, person, peer string) string {
	t.Helper()
	var out []string
	for _, m := range w.call(t, person, "chats.history", `{"peer":"`+peer+`"}`)["messages"].([]any) {
		body, _ := m.(map[string]any)["body"].(string)
		out = append(out, body)
	}
	return strings.Join(out, " ")
}

// facts is where the gate reads from: one plan and the changes so far.
type facts struct {
	mu      sync.Mutex
	changes []gate.Change
}

func (f *facts) add(e terms.Enrollment) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	revision := uint64(len(f.changes) + 1)
	f.changes = append(f.changes, gate.Change{Revision: revision, Row: gate.Row{Ref: int64(revision), Locale: "en", Enrollment: e}})
	return revision
}

func (f *facts) Books(context.Context) ([]gate.Book, error) {
	return []gate.Book{{Campaign: campaign, Plans: map[int]terms.Plan{1: plan()}}}, nil
}

func (f *facts) Rows(context.Context, []gate.Row, string, int64, int) ([]gate.Row, error) {
	return nil, nil
}

func (f *facts) Changes(_ context.Context, after uint64, limit int) ([]gate.Change, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := f.changes[after:]
	return append([]gate.Change{}, rest[:min(limit, len(rest))]...), nil
}

func (f *facts) Revision(context.Context) (uint64, error) { return 0, nil }

func plan() terms.Plan {
	off := []string{"chats.list", "chats.history", "messages.send", "calls.place"}
	more := []string{"messages.receive", "notifications.receive", "messages.reply_from_notification", "calls.call_back", "calls.answer"}
	return terms.Plan{
		Campaign: campaign, Number: 1,
		AnnounceAt: time.Date(2021, 1, 6, 0, 0, 0, 0, time.UTC), Deadline: time.Date(2021, 4, 15, 0, 0, 0, 0, time.UTC),
		NoticePeriod: 30 * 24 * time.Hour, Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Dismissible: true}},
			{Key: "limited", After: 35 * 24 * time.Hour, Reminder: terms.Reminder{Mode: terms.FullScreen, EveryOpen: true}, Off: off},
			{Key: "suspended_delivery", After: 63 * 24 * time.Hour, Off: more},
		},
	}
}

func catalogue() terms.Catalogue {
	var c terms.Catalogue
	for _, key := range []string{
		"chats.list", "chats.history", "messages.send", "messages.reply_from_notification", "messages.receive",
		"notifications.receive", "calls.place", "calls.call_back", "calls.answer", "groups.leave", "contacts.block", "data.export",
	} {
		exit := key == "groups.leave" || key == "contacts.block" || key == "data.export"
		c = append(c, terms.Capability{Key: key, Kind: terms.Boolean, ExitRight: exit, OnDeny: terms.Reject,
			Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}})
	}
	return c
}

// everybodyBut knows every person except one.
type everybodyBut struct{ unknown string }

func (e everybodyBut) Known(_ context.Context, id string) (bool, error) { return id != e.unknown, nil }
