package tracker_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/terms"
	"assent/tracker"

	"pgregory.net/rapid"
)

// TestMain counts checks of a property in lives of a campaign in a database, of
// which one costs as much as a hundred checks of the rules alone: 60 where
// nobody says how many.
func TestMain(m *testing.M) {
	flag.Parse()
	checks := 60
	flag.Visit(func(f *flag.Flag) {
		if n, err := strconv.Atoi(f.Value.String()); err == nil && f.Name == "rapid.checks" {
			checks = n
		}
	})
	if checks >= 1000 {
		checks /= 100
	}
	_ = flag.Set("rapid.checks", strconv.Itoa(checks))
	os.Exit(m.Run())
}

// hour0 is when the campaigns of the machine begin.
var hour0 = time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC)

// shortPlan is a ladder that is climbed within three weeks.
func shortPlan() terms.Plan {
	p := plan()
	dwell := 2 * day
	p.AnnounceAt, p.Deadline, p.NoticePeriod = hour0.Add(day), hour0.Add(7*day), 5*day
	p.Extensions = terms.Extensions{Max: 2, Longest: 10 * day}
	p.Snooze = terms.Snooze{For: day, Max: 2}
	p.Stages[2].After = 2 * day
	p.Stages[3].After, p.Stages[3].Dwell, p.Stages[3].Spread = 4*day, &dwell, 2*day
	p.Stages[4].After = 8 * day
	return p
}

func modelOf(p terms.Plan) *model {
	return &model{
		people: map[string]*soul{}, announce: p.AnnounceAt, deadline: p.Deadline, notice: p.NoticePeriod,
		last: map[string]int{"DE": 1, "TR": 0},
		stages: []rung{
			{dwell: p.NoticePeriod}, {dwell: 2 * day}, {after: 2 * day, dwell: 2 * day, warning: day},
			{after: 4 * day, dwell: 2 * day, spread: 2 * day, takes: true}, {after: 8 * day, takes: true},
		},
	}
}

// machine drives the tracker and the model alike.
type machine struct {
	*world
	model   *model
	t       *rapid.T
	choices int  // made so far
	harsher bool // a plan that takes time was confirmed: the model does not know the dates
	before  map[string]tracker.Enrolled
	could   map[string]int // how many capabilities each person had
}

func TestTheTrackerDoesWhatTheDesignSaysWhateverHappens(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		base := t.TempDir()
		rapid.Check(t, func(rt *rapid.T) {
			dir, err := os.MkdirTemp(base, "")
			if err != nil {
				t.Fatal(err)
			}
			lives(t, rt, "sqlite:"+filepath.Join(dir, "assent.db"))
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := testenv.Postgres(t)
		admin := &world{t: t, url: url}
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			schema := fmt.Sprintf("run_%d", n)
			admin.exec("CREATE SCHEMA " + schema)
			lives(t, rt, url+separator(url)+"search_path="+schema)
			admin.exec("DROP SCHEMA " + schema + " CASCADE")
		})
	})
}

func separator(url string) string {
	if strings.Contains(url, "?") {
		return "&"
	}
	return "?"
}

// lives is one run: a campaign through random acts and sweeps, and then on to
// where it ends.
func lives(t *testing.T, rt *rapid.T, url string) {
	w, end := open(t, url, &hands{now: hour0})
	m := &machine{world: w, model: modelOf(shortPlan()), t: rt}
	defer func() { end() }()
	m.begin()
	acts := m.acts(&end)
	for range rapid.IntRange(10, 30).Draw(rt, "acts") {
		m.set(m.clock().Truncate(time.Hour).Add(half))
		name := rapid.SampledFrom(actNames).Draw(rt, "act")
		acts[name]()
		m.check(name)
		if rapid.Bool().Draw(rt, "time goes on") {
			m.forward(rapid.IntRange(1, 60).Draw(rt, "hours"))
		}
	}
	m.toTheEnd()
}

// open is newWorld for a part of a test.
func open(t *testing.T, url string, clock *hands) (*world, func()) {
	s := &scope{TB: t}
	return newWorld(s, url, clock, func(d *tracker.Deps) {
		d.Leniency = tracker.Leniency{UndoWindow: 72 * time.Hour}
		d.Pace.Rows = 3
	}), s.end
}

// scope is a test whose cleanups run when it is told.
type scope struct {
	testing.TB
	cleanups []func()
}

// Cleanup keeps a function for the end.
func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// Context lives as long as the test around it.
func (s *scope) Context() context.Context { return s.TB.Context() }

func (s *scope) end() {
	for _, f := range s.cleanups {
		f()
	}
}

// begin announces the campaign to six people.
func (m *machine) begin() {
	m.publish()
	p := shortPlan()
	for i, country := range []string{"BR", "IN", "BR", "DE", "TR"} {
		created := hour0.Add(-400 * day)
		m.person(tracker.Person{ID: id(i), Country: country, Created: created})
		m.model.join(id(i), country, created, hour0)
	}
	if _, err := m.AddPlan(m.t.Context(), p, []byte("source"), "mei"); err != nil {
		m.t.Fatal(err)
	}
	if _, err := m.Activate(m.t.Context(), campaign, 1, "mei", nil); err != nil {
		m.t.Fatal(err)
	}
	m.model.walking = false
	m.check("begin")
}

var actNames = []string{
	"notice", "notice", "notice", "notice all", "notice all", "notice all", "snooze", "accept", "decline", "withdraw", "hold", "hold", "release", "release",
	"extend", "exempt", "end exemption", "reverse", "undo", "postpone", "harsher", "newcomer", "sweep", "two sweeps", "restart",
}

// somebody draws a person.
func (m *machine) somebody() *soul {
	return m.model.people[rapid.SampledFrom(m.model.order).Draw(m.t, "person")]
}

// agree checks that an act was refused where the model refuses it.
func (m *machine) agree(what string, ok bool, err error) {
	if ok != (err == nil) {
		m.t.Fatalf("%s: the model says %v, the tracker %v", what, ok, err)
	}
}

func (m *machine) notice(people ...string) {
	var notices []tracker.ReportedNotice
	for _, person := range people {
		notices = append(notices, tracker.ReportedNotice{Person: person, Campaign: campaign, Channel: tracker.Push, Delivered: true})
		m.model.people[person].see(m.clock())
	}
	m.agree("notice", true, m.NoticeMany(m.t.Context(), notices))
}

func (m *machine) choose(a terms.Action) {
	s := m.somebody()
	m.choices++
	c := m.choice(s.id, a, fmt.Sprintf("choice-%d", m.choices))
	if a == terms.Withdraw {
		c.Documents = nil
	}
	_, _, err := m.Respond(m.t.Context(), c)
	m.agree(string(a), m.model.respond(s, a, m.clock()), err)
}

func (m *machine) acts(end *func()) map[string]func() {
	draw, ctx := m.t, m.t.Context()
	lasting := func(label string, hours int) time.Duration {
		return time.Duration(rapid.IntRange(1, hours).Draw(draw, label)) * time.Hour
	}
	return map[string]func(){
		"notice":     func() { m.notice(m.somebody().id) },
		"notice all": func() { m.notice(m.model.order...) },
		"accept":     func() { m.choose(terms.Accept) },
		"decline":    func() { m.choose(terms.Decline) },
		"withdraw":   func() { m.choose(terms.Withdraw) },
		"snooze": func() {
			s := m.somebody()
			_, err := m.Snooze(ctx, s.id, campaign)
			m.agree("snooze", m.model.snooze(s, 2, m.clock()), err)
		},
		"extend": func() {
			s, until, lift := m.somebody(), m.clock().Add(lasting("extension", 240)), rapid.Bool().Draw(draw, "lift")
			_, err := m.Extend(ctx, tracker.Extension{Person: s.id, Campaign: campaign, Until: until, Lift: lift, Reason: "ill"}, "mei")
			m.agree("extend", m.model.extend(s, until, lift, m.clock()), err)
		},
		"exempt": func() {
			s, until := m.somebody(), time.Time{}
			if rapid.Bool().Draw(draw, "with an end") {
				until = m.clock().Add(lasting("exemption", 100))
			}
			_, err := m.Exempt(ctx, tracker.Exemption{Person: s.id, Campaign: campaign, Until: until, Reason: "a court"}, "mei")
			m.agree("exempt", m.model.exempt(s, until, m.clock()), err)
		},
		"end exemption": func() {
			s := m.somebody()
			_, err := m.EndExemption(ctx, s.id, campaign, "it is over", "mei")
			m.agree("end exemption", m.model.endExemption(s, m.clock()), err)
		},
		"hold":     m.stop,
		"release":  m.release,
		"reverse":  m.reverse,
		"undo":     m.takeBack,
		"postpone": func() { m.newPlan(m.model.deadline.Add(lasting("later", 100))) },
		"harsher":  m.harden,
		"newcomer": func() {
			if len(m.model.order) > 8 {
				return
			}
			person, country := id(len(m.model.order)), rapid.SampledFrom([]string{"BR", "IN", "DE"}).Draw(draw, "country")
			m.person(tracker.Person{ID: person, Country: country, Created: m.clock()})
			m.model.join(person, country, m.clock(), m.clock())
		},
		"sweep":      func() { m.forward(1) },
		"two sweeps": m.twoSweeps,
		"restart": func() {
			(*end)()
			m.world, *end = open(m.world.t.(*scope).TB.(*testing.T), m.url, m.hands)
		},
	}
}

// stop places a hold.
func (m *machine) stop() {
	h := terms.Hold{
		Campaign: campaign, Reason: "asked for", Effect: rapid.SampledFrom([]terms.HoldEffect{terms.Freeze, terms.Freeze, terms.Lift}).Draw(m.t, "effect"),
		Clock: rapid.SampledFrom([]terms.HoldClock{terms.ClockStop, terms.ClockContinue, terms.ClockRestart}).Draw(m.t, "clock"),
	}
	switch rapid.IntRange(0, 2).Draw(m.t, "scope") {
	case 0:
		h.Scope.Region = rapid.SampledFrom([]string{"BR", "IN"}).Draw(m.t, "country")
	case 1:
		h.Scope.Person = m.somebody().id
	}
	if rapid.Bool().Draw(m.t, "later") {
		h.Starts = m.clock().Add(time.Duration(rapid.IntRange(1, 48).Draw(m.t, "starts")) * time.Hour)
	}
	if rapid.Bool().Draw(m.t, "ends") {
		h.Ends = maxTime(h.Starts, m.clock()).Add(time.Duration(rapid.IntRange(1, 72).Draw(m.t, "lasts")) * time.Hour)
	}
	placed, err := m.PlaceHold(m.t.Context(), h, "mei")
	m.agree("hold", true, err)
	m.model.holds = append(m.model.holds, &brake{placed.ID, h.Scope.Region, h.Scope.Person, h.Clock, h.Effect == terms.Lift, placed.Starts, h.Ends})
	m.model.walking = m.model.walking || h.Effect == terms.Lift && h.Scope.Person == ""
}

func (m *machine) release() {
	for _, h := range m.model.holds {
		if h.ends.IsZero() || h.ends.After(m.clock()) {
			_, err := m.ReleaseHold(m.t.Context(), campaign, h.id, "done", "ben")
			m.agree("release", true, err)
			h.ends = m.clock()
			m.model.walking = m.model.walking || h.person == ""
			return
		}
	}
}

func (m *machine) reverse() {
	r := &turn{to: rapid.IntRange(0, 3).Draw(m.t, "to"), country: rapid.SampledFrom([]string{"", "BR"}).Draw(m.t, "where")}
	made, err := m.Reverse(m.t.Context(), terms.Reversal{Campaign: campaign, Region: r.country, Stage: shortPlan().Stages[r.to].Key, Reason: "the outcry"}, "mei")
	m.agree("reverse", true, err)
	r.id, r.until, m.model.walking = made.ID, m.clock().Add(72*time.Hour), true
	m.model.reversals = append(m.model.reversals, r)
}

func (m *machine) takeBack() {
	for _, r := range m.model.reversals {
		if r.undone.IsZero() {
			_, err := m.Undo(m.t.Context(), campaign, r.id, "a mistake", "ben")
			m.agree("undo", m.model.undo(r, m.clock()), err)
			return
		}
	}
}

// newPlan puts a plan with another deadline into force.
func (m *machine) newPlan(deadline time.Time) tracker.Campaign {
	p := shortPlan()
	p.Deadline = deadline
	record, err := m.AddPlan(m.t.Context(), p, nil, "mei")
	m.agree("add a plan", true, err)
	c, err := m.Activate(m.t.Context(), campaign, record.Number, "mei", nil)
	m.agree("activate", true, err)
	if c.Confirmed == record.Number {
		m.model.postpone(deadline, m.clock())
	}
	return c
}

// harden puts a harsher plan into force and then confirms it.
func (m *machine) harden() {
	if m.harsher || m.model.deadline.Sub(shortPlan().AnnounceAt) < 6*day {
		return
	}
	c := m.newPlan(m.model.deadline.Add(-time.Duration(rapid.IntRange(1, 24).Draw(m.t, "sooner")) * time.Hour))
	if c.Confirmed == c.Plan {
		m.t.Fatal("a plan with an earlier deadline binds everybody at once")
	}
	m.model.postpone(m.model.deadline, m.clock()) // the dates stay, and who waits to be taken back is
	m.check("harsher plan")
	if rapid.Bool().Draw(m.t, "confirmed") {
		_, err := m.Confirm(m.t.Context(), campaign, c.Plan, "ben", nil)
		m.agree("confirm", true, err)
	}
	m.harsher = true
}

// forward lets hours go by, and a sweep run at the end of them.
func (m *machine) forward(hours int) {
	m.set(m.clock().Truncate(time.Hour).Add(time.Duration(hours) * time.Hour))
	before, could, _ := m.facts() // a hold may have begun by now to give something back
	foreseen := map[string]terms.DueAction{}
	preview, err := m.Preview(m.t.Context(), campaign, time.Time{}, tracker.PreviewOptions{Each: func(p tracker.PreviewPerson) error {
		foreseen[p.Person] = p.Action
		return nil
	}})
	if err != nil {
		m.t.Fatal(err)
	}
	run, err := m.Sweep(m.t.Context(), m.clock())
	if err != nil || run.Failed > 0 {
		m.t.Fatalf("%+v, %v", run, err)
	}
	m.model.sweep(m.clock())
	m.check("sweep")
	if !preview.Walking { // else dates may have changed since
		m.foreseen(preview, foreseen, run, before, could)
	}
	if again, err := m.Sweep(m.t.Context(), m.clock()); err != nil || again.Examined > 0 {
		m.t.Fatalf("a second sweep at the same instant: %+v, %v", again, err)
	}
}

// twoSweeps is one sweep, done by two at once.
func (m *machine) twoSweeps() {
	m.set(m.clock().Truncate(time.Hour).Add(time.Hour))
	var group sync.WaitGroup
	failures := make([]error, 2)
	for i := range failures {
		group.Go(func() { _, failures[i] = m.Sweep(m.t.Context(), m.clock()) })
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		m.t.Fatal(err)
	}
	m.model.sweep(m.clock())
	m.check("two sweeps")
}

// toTheEnd lets everybody who is still asked be told of everything, and checks
// that they come to the last stage when the model says.
func (m *machine) toTheEnd() {
	m.set(m.clock().Truncate(time.Hour).Add(half))
	for range m.model.holds {
		m.release()
	}
	m.check("release")
	for range 40 {
		if m.underway() == nil {
			return
		}
		m.forward(100)
		m.set(m.clock().Add(half))
		m.notice(m.model.order...)
		m.check("notice all")
	}
	m.t.Fatalf("stays on the way: %+v", m.underway())
}

// underway is somebody who has a stage ahead, or nil.
func (m *machine) underway() *soul {
	for _, s := range m.model.people {
		if asked := s.status == terms.Pending || s.status == terms.Declined; asked && s.stage < m.model.end(s) {
			return s
		}
	}
	return nil
}
