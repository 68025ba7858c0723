package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/gate"
	"assent/internal/testenv"
	"assent/terms"
)

const day = 24 * time.Hour

var start = time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)

func boolean(key string) terms.Capability {
	return terms.Capability{Key: key, Kind: terms.Boolean, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
}

func catalogue() terms.Catalogue {
	hold, exit, grant := boolean("messages.receive"), boolean("terms.read"), boolean("data.sharing")
	hold.OnDeny, exit.ExitRight, grant.Grant = terms.HoldBack, true, true
	return terms.Catalogue{
		boolean("chats.list"), boolean("messages.send"), hold, exit, grant,
		{Key: "groups.size", Kind: terms.Integer, OnDeny: terms.Reject, Values: []terms.Value{terms.IntValue(1000), terms.IntValue(0)}},
		{Key: "media", Kind: terms.String, OnDeny: terms.Drop, Values: []terms.Value{terms.TextValue("full"), terms.TextValue("small"), terms.TextValue("none")}},
	}
}

// plan is a ladder of five stages under a name, which takes more away the
// further it goes.
func plan(campaign string) terms.Plan {
	return terms.Plan{
		Campaign: campaign, Number: 1,
		Title:      terms.Texts{"en": "Our \"new\" <terms> " + campaign, "fr": "Nos conditions changent"},
		AnnounceAt: start.Add(2 * day), Deadline: start.Add(131 * day), NoticePeriod: 30 * day,
		Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
		Snooze:   terms.Snooze{For: 7 * day, Max: 2},
		Grants:   []string{"data.sharing"},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Every: 7 * day, Dismissible: true}},
			{Key: "persistent", After: 28 * day, Reminder: terms.Reminder{Mode: terms.FullScreen, EveryOpen: true}, FinalWarning: day},
			{Key: "limited", After: 35 * day, Off: []string{"chats.list", "messages.send"}, Set: []terms.SetValue{
				{Capability: "groups.size", Value: terms.IntValue(10)}, {Capability: "media", Value: terms.TextValue("small")}}},
			{Key: "suspended", After: 63 * day, Off: []string{"messages.receive", "media"}},
		},
		Regions: []terms.Region{
			{Key: "eea", Countries: []string{"DE"}, Reminder: &terms.Reminder{AskOnce: true}, LastStage: "persistent"},
			{Key: "turkey", Countries: []string{"TR"}, Effect: terms.Void},
		},
	}
}

// source is positions and their log of changes in memory.
type source struct {
	mu      sync.Mutex
	books   map[string]gate.Book
	rows    map[string]map[int64]gate.Row // campaign → by number of the person
	changes []gate.Change
}

func newSource(campaigns ...string) *source {
	s := &source{books: map[string]gate.Book{}, rows: map[string]map[int64]gate.Row{}}
	for _, c := range campaigns {
		s.books[c] = gate.Book{Campaign: c, Plans: map[int]terms.Plan{1: plan(c)}}
		s.rows[c] = map[int64]gate.Row{}
	}
	return s
}

func (s *source) Books(context.Context) ([]gate.Book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.books)), nil
}

func (s *source) Rows(_ context.Context, out []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ref := range slices.Sorted(maps.Keys(s.rows[campaign])) {
		if ref > after && len(out) < limit {
			out = append(out, s.rows[campaign][ref])
		}
	}
	return out, nil
}

func (s *source) Changes(_ context.Context, after uint64, limit int) ([]gate.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.changes[after:]
	return slices.Clone(rest[:min(len(rest), limit)]), nil
}

func (s *source) Revision(context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.changes)), nil
}

func (s *source) save(row gate.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[row.Campaign][row.Ref] = row
	s.changes = append(s.changes, gate.Change{Revision: uint64(len(s.changes)) + 1, Row: row})
}

func (s *source) remove(row gate.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows[row.Campaign], row.Ref)
	s.changes = append(s.changes, gate.Change{Revision: uint64(len(s.changes)) + 1, Row: row, Removed: true})
}

func (s *source) hold(campaign string, h terms.Hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	book := s.books[campaign]
	book.Holds = append(slices.Clone(book.Holds), h)
	s.books[campaign] = book
	change := gate.Change{Revision: uint64(len(s.changes)) + 1, Book: true}
	change.Row.Campaign = campaign
	s.changes = append(s.changes, change)
}

// at is a position in a stage that the person has been told about.
func at(ref int64, campaign, country string, stage int, entered time.Time) gate.Row {
	person := fmt.Sprintf("u%d", ref)
	e := terms.Enroll(plan(campaign), person, country, terms.Personal, start.Add(-day), start)
	e.Stage, e.Entered, e.Told, e.FirstNotice, e.Noticed = stage, entered, entered, start, entered
	return gate.Row{Ref: ref, Locale: "en", Enrollment: e}
}

func newGate(t testing.TB, s *source, now func() time.Time) *gate.Gate {
	t.Helper()
	g := gate.New(s, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: now})
	if err := g.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return g
}

func catchUp(t testing.TB, g *gate.Gate) {
	t.Helper()
	if err := g.CatchUp(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
}

// flags reads a bulk answer back.
func flags(t testing.TB, body []byte) map[string]map[string]any {
	t.Helper()
	var doc struct {
		Flags []map[string]any `json:"flags"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	out := map[string]map[string]any{}
	for _, f := range doc.Flags {
		out[f["key"].(string)] = f
	}
	return out
}

func TestAPersonNobodyKnowsHasEveryDefault(t *testing.T) {
	t.Parallel()
	g := newGate(t, newSource("terms"), func() time.Time { return start })
	e, known := g.Entry("stranger")
	got := flags(t, e.AppendFlags(nil, start, nil))
	if known || len(got) != len(catalogue())+1 || got["messages.send"]["value"] != true || got["messages.send"]["reason"] != "STATIC" ||
		got["data.sharing"]["value"] != false || got["groups.size"]["value"] != 1000.0 || got["media"]["value"] != "full" {
		t.Fatalf("known %v, %v", known, got)
	}
	if d := g.Decide("stranger", "messages.send"); !d.Allowed || d.Known || d.Campaign != "" || d.AcceptURL != "" {
		t.Fatalf("%+v", d)
	}
	if d := g.Decide("stranger", "no.such"); !d.Allowed || d.Known {
		t.Fatalf("%+v", d)
	}
}

func TestARestrictedPersonIsToldByWhatAndHowToGetItBack(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), start.Add(170*day)
	s.save(at(1, "terms", "BR", 2, now.Add(-day)))
	g := newGate(t, s, func() time.Time { return now })
	d := g.Decide("u1", "messages.send")
	if d.Allowed || d.Stage != "limited" || d.Campaign != "terms" || d.AcceptURL != "https://terms.example.org/t/terms" ||
		d.NextStage != "suspended" || d.NextAt.IsZero() || d.OnDeny != terms.Reject || d.Revision != 1 || !d.Known {
		t.Fatalf("%+v", d)
	}
	e, _ := g.Entry("u1")
	got := flags(t, e.AppendFlags(nil, now, nil))
	if f := got["messages.send"]; f["value"] != false || f["reason"] != "TARGETING_MATCH" || f["variant"] != "limited" {
		t.Fatalf("%v", f)
	}
	if f := got["groups.size"]; f["value"] != 10.0 || f["variant"] != "limited" {
		t.Fatalf("%v", f)
	}
	if f := got["data.sharing"]; f["value"] != false || f["variant"] != "not_accepted" {
		t.Fatalf("%v", f)
	}
	want := map[string]any{
		"mode": "full_screen", "dismissible": false, "every_open": true, "every_seconds": 0.0, "title": `Our "new" <terms> terms`,
		"url": "https://terms.example.org/t/terms", "campaign": "terms", "stage": "limited", "next_stage": "suspended", "next_at": d.NextAt.Format(time.RFC3339Nano),
	}
	if f := got[gate.NoticeFlag]; fmt.Sprint(f["value"]) != fmt.Sprint(want) || f["variant"] != "limited" {
		t.Fatalf("%v", f)
	}
}

func TestASnoozedReminderIsSilentUntilItsTime(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), start.Add(10*day)
	row := at(1, "terms", "BR", 0, start)
	row.SnoozedUntil, row.Snoozes, row.Locale = now.Add(day), 1, "fr-CA"
	s.save(row)
	g := newGate(t, s, func() time.Time { return now })
	e, _ := g.Entry("u1")
	notice := func(at time.Time) (any, map[string]any) {
		body, ok := e.AppendFlag(nil, gate.NoticeFlag, at)
		var f map[string]any
		if err := json.Unmarshal(body, &f); err != nil || !ok {
			t.Fatalf("%v %s", err, body)
		}
		return f["variant"], f["value"].(map[string]any)
	}
	if variant, v := notice(now.Add(day - time.Microsecond)); v["mode"] != "none" || variant != "snoozed" || v["title"] != "Nos conditions changent" {
		t.Fatalf("%v %v", variant, v)
	}
	if variant, v := notice(now.Add(day)); v["mode"] != "banner" || variant != "announced" || v["every_seconds"] != 604800.0 {
		t.Fatalf("%v %v", variant, v)
	}
	if tag(e, now) == tag(e, now.Add(day)) {
		t.Fatal("the tag did not change when the reminder came back")
	}
}

func TestAnAcceptanceRestoresEveryAnswer(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), start.Add(170*day)
	row := at(1, "terms", "BR", 2, now.Add(-day))
	s.save(row)
	g := gate.New(s, gate.Options{Catalogue: catalogue(), Now: func() time.Time { return now }})
	var applied []gate.Applied
	g.Watch(func(a gate.Applied) { applied = append(applied, a) })
	if err := g.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	row.Enrollment = row.Respond(plan("terms"), terms.Accept, now)
	s.save(row)
	catchUp(t, g)
	if d := g.Decide("u1", "messages.send"); !d.Allowed || d.Revision != 2 {
		t.Fatalf("%+v", d)
	}
	if d := g.Decide("u1", "data.sharing"); !d.Allowed || d.Reason != terms.ReasonGranted {
		t.Fatalf("%+v", d)
	}
	last := applied[len(applied)-1]
	before, _ := last.Before.State("messages.send")
	after, _ := last.After.State("messages.send")
	if last.Revision != 2 || last.Person != "u1" || before.Value.Bool() || !after.Value.Bool() {
		t.Fatalf("%+v", last)
	}
}

func TestOneAcceptanceNeverLiftsWhatAnotherCampaignTookAway(t *testing.T) {
	t.Parallel()
	s, now := newSource("alpha", "beta"), start.Add(170*day)
	alpha, beta := at(1, "alpha", "BR", 2, now.Add(-2*day)), at(1, "beta", "BR", 2, now.Add(-day))
	s.save(alpha)
	s.save(beta)
	g := newGate(t, s, func() time.Time { return now })
	alpha.Enrollment = alpha.Respond(plan("alpha"), terms.Accept, now)
	s.save(alpha)
	catchUp(t, g)
	d := g.Decide("u1", "messages.send")
	if d.Allowed || d.Campaign != "beta" || d.AcceptURL != "https://terms.example.org/t/beta" {
		t.Fatalf("%+v", d)
	}
	want := plan("beta").Standing(catalogue(), beta.Enrollment, nil, now).Positions[0].Next.At
	e, _ := g.Entry("u1")
	if !d.NextAt.Equal(want) || e.NextAt != want.UnixMicro() {
		t.Fatalf("next at %s in the decision and %d in the entry, want beta's %s", d.NextAt, e.NextAt, want)
	}
	s.remove(beta)
	s.remove(alpha)
	catchUp(t, g)
	if d := g.Decide("u1", "messages.send"); !d.Allowed || d.Known || g.People() != 0 {
		t.Fatalf("%+v, %d people", d, g.People())
	}
}

func TestAHoldTakesEffectWhenItIsPlacedBeginsAndEnds(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms", "other"), testenv.NewClock(start.Add(170*day))
	s.save(at(1, "terms", "BR", 2, now.Now().Add(-day)))
	accepted := at(2, "terms", "BR", 0, start)
	accepted.Enrollment = accepted.Respond(plan("terms"), terms.Accept, start)
	s.save(accepted)
	g := newGate(t, s, now.Now)
	allowed := func(sends, shares bool) {
		t.Helper()
		catchUp(t, g)
		if d := g.Decide("u1", "messages.send"); d.Allowed != sends {
			t.Fatalf("at %s: %+v", now.Now(), d)
		}
		if d := g.Decide("u2", "data.sharing"); d.Allowed != shares {
			t.Fatalf("at %s: %+v", now.Now(), d)
		}
	}
	hold := terms.Hold{ID: "h1", Campaign: "terms", Clock: terms.ClockStop, Effect: terms.Lift, Starts: now.Now().Add(day), Ends: now.Now().Add(3 * day)}
	s.hold("terms", hold)
	allowed(false, true)
	now.Set(hold.Starts.Add(-time.Microsecond))
	allowed(false, true)
	now.Set(hold.Starts)
	allowed(true, false)
	now.Set(hold.Ends.Add(time.Hour))
	s.hold("other", terms.Hold{ID: "h2", Campaign: "other", Clock: terms.ClockStop, Effect: terms.Freeze, Starts: now.Now()})
	allowed(true, true) // the end of a hold takes nothing by itself
}

func TestNobodysOwnChangeWaitsForAHoldThatMovesEverybody(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), testenv.NewClock(start.Add(170*day))
	const people = 1200 // more than are placed in one turn
	for ref := range int64(people) {
		s.save(at(ref+1, "terms", "BR", 2, now.Now().Add(-day)))
	}
	g := newGate(t, s, now.Now)
	s.hold("terms", terms.Hold{ID: "h1", Campaign: "terms", Clock: terms.ClockStop, Effect: terms.Lift, Starts: now.Now()})
	s.save(at(1, "terms", "BR", 2, now.Now().Add(-day)))
	newest, _ := s.Revision(t.Context())
	if err := g.CatchUp(t.Context(), newest); err != nil {
		t.Fatal(err)
	}
	if own, other := g.Decide("u1", "messages.send"), g.Decide("u2", "messages.send"); !own.Allowed || other.Allowed || g.Revision() != newest {
		t.Fatalf("the one who changed: %v, another: %v, at revision %d of %d", own.Allowed, other.Allowed, g.Revision(), newest)
	}
	catchUp(t, g)
	for ref := range people {
		if d := g.Decide(fmt.Sprintf("u%d", ref+1), "messages.send"); !d.Allowed {
			t.Fatalf("u%d is not lifted", ref+1)
		}
	}
}

func TestAPlanThatIsNotInTheBookRestrictsNobody(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), start.Add(170*day)
	row := at(1, "terms", "BR", 2, now)
	row.Plan = 7
	s.save(row)
	if d := newGate(t, s, func() time.Time { return now }).Decide("u1", "messages.send"); !d.Allowed {
		t.Fatalf("%+v", d)
	}
}

func TestDecisionsNeverBlendTwoPositions(t *testing.T) {
	t.Parallel()
	s, now := newSource("terms"), start.Add(200*day)
	row := at(1, "terms", "BR", 3, now)
	s.save(row)
	g := newGate(t, s, func() time.Time { return now })
	accepted := row
	accepted.Enrollment = row.Respond(plan("terms"), terms.Accept, now)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			s.save([]gate.Row{row, accepted}[i%2])
			catchUp(t, g)
		}
	}()
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		e, _ := g.Entry("u1")
		body := string(e.AppendFlags(nil, now, nil))
		if restricted := strings.Contains(body, `"variant":"suspended"`); restricted != strings.Contains(body, `"mode":"full_screen"`) {
			t.Fatalf("blended: %s", body)
		}
		if d := g.Decide("u1", "messages.send"); d.Allowed != (d.AcceptURL == "") {
			t.Fatalf("blended: %+v", d)
		}
	}
}
