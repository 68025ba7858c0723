// Package history_test replays what happened to one change of terms in 2021:
// five plans in five months, orders of four authorities, and a reversal.
package history_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"assent/config"
	"assent/demo"
	"assent/ledger"
	"assent/models"
	"assent/planfile"
	"assent/terms"
	"assent/tracker"
)

var update = flag.Bool("update", false, "write the table into README.md")

// people is how many take part, besides the two of the demo nobody plays here.
const people = 5000

func TestTheHistoryOf2021EndsAsTheReadmeSays(t *testing.T) {
	t.Parallel()
	h := begin(t)
	h.table.WriteString("| 2021 | what happens | accepted | declined | announced | reminded | persistent | limited or less | without effect | on hold |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")

	h.row("6 Jan", "plan 1: accept by 8 February")
	h.to(1, 15)
	h.plan("2-date-moved.yaml", false)
	h.row("15 Jan", "plan 2: the date moves to 15 May")
	h.to(2, 8)
	h.row("8 Feb", "the first date passes: nothing happens")
	h.to(2, 18)
	h.plan("3-february.yaml", false)
	h.row("18 Feb", "plan 3: limits by degrees")
	h.to(5, 7)
	h.plan("4-may.yaml", true)
	brazil := h.hold(terms.Hold{Scope: terms.Scope{Region: "BR"}, Reason: "Joint recommendation of CADE, MPF, ANPD and Senacon: do not restrict access", Clock: terms.ClockStop, Effect: terms.Lift, Ends: date(8, 5), Reminders: true})
	h.row("7 May", "plan 4: no limits on the date; hold in Brazil for 90 days")
	h.to(5, 15)
	h.row("15 May", "the date")
	h.to(5, 21)
	h.plan("5-void.yaml", false)
	h.row("21 May", "plan 5: without effect in Turkey and Argentina")
	h.to(5, 24)
	h.hold(terms.Hold{Scope: terms.Scope{Region: "IN"}, Reason: "No limits until the data protection law is in force", Clock: terms.ClockStop, Effect: terms.Freeze, Reminders: true})
	h.row("24 May", "open hold in India")
	h.to(5, 28)
	reversed := h.reverse()
	h.row("28 May", "reversal to `reminded`, reminders softened")
	h.to(8, 5)
	h.row("5 Aug", "the hold in Brazil ends by itself")
	h.to(12, 31)
	h.row("31 Dec", "the year ends")

	h.nobodyWasEverRestricted()
	h.check(brazil, reversed)
}

// history is a deployment on a real database whose clock and people the demo
// moves.
type history struct {
	*testing.T
	*tracker.Tracker
	story   *demo.Story
	store   *models.Store
	clock   *demo.Clock
	catalog terms.Catalogue
	table   strings.Builder
}

func date(month time.Month, day int) time.Time {
	return time.Date(2021, month, day, 0, 0, 0, 0, time.UTC)
}

func begin(t *testing.T) *history {
	t.Helper()
	base, err := os.ReadFile("../../config.yaml")
	must(t, err)
	settings, err := config.Load(base, "", nil)
	must(t, err)
	store, err := models.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "history.db"), models.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	secret, _, err := ledger.NewKey(rand.Reader, "terms.example.org/log")
	must(t, err)
	signer, err := note.NewSigner(secret)
	must(t, err)
	h := &history{T: t, store: store, catalog: settings.Catalogue, clock: demo.NewClock(date(1, 4), func() time.Time { return date(1, 1) })}
	deps := tracker.Deps{
		Store: store, Catalogue: settings.Catalogue, Now: h.clock.Now, Random: rand.Reader, Signer: signer,
		Committed: func(context.Context, uint64) error { return nil },
		Guard:     tracker.Guard{Share: 0.05, Floor: 500, Factor: 2},
		Leniency:  tracker.Leniency{UndoWindow: 72 * time.Hour},
		Pace: tracker.Pace{
			Tick: 5 * time.Minute, Rows: 500, MaxRows: 1000, Hold: 50 * time.Millisecond, Duty: 1,
			Stopwatch: func() func() time.Duration {
				started := time.Now()
				return func() time.Duration { return time.Since(started) }
			},
			Rest: func(context.Context, time.Duration) {},
		},
	}
	h.Tracker, h.story = tracker.New(deps), demo.New(deps, h.clock)
	must(t, h.story.Seed(t.Context(), read(t, "1-january.yaml"), people, nil))
	h.to(1, 6)
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	must(t, err)
	return data
}

// to moves the clock to the morning of a day, with everything that happens on
// the way.
func (h *history) to(month time.Month, day int) {
	h.Helper()
	_, err := h.story.Advance(h.Context(), date(month, day).Add(12*time.Hour), "history")
	must(h.T, err)
}

// plan stores and activates a plan file. One that takes any time from people who
// are in has to wait for confirmation, and is confirmed.
func (h *history) plan(name string, waits bool) {
	h.Helper()
	source := read(h.T, name)
	plan, err := planfile.Parse(source, nil)
	must(h.T, err)
	record, err := h.AddPlan(h.Context(), plan, source, "legal")
	must(h.T, err)
	c, err := h.Activate(h.Context(), plan.Campaign, record.Number, "legal", nil)
	must(h.T, err)
	if c.Plan != record.Number || (c.Confirmed != record.Number) != waits {
		h.Fatalf("%s: %+v; does it wait for confirmation? want %t", name, c, waits)
	}
	if waits {
		_, err := h.Confirm(h.Context(), plan.Campaign, record.Number, "product", nil)
		must(h.T, err)
	}
}

func (h *history) hold(hold terms.Hold) string {
	h.Helper()
	hold.Campaign = demo.Campaign
	placed, err := h.PlaceHold(h.Context(), hold, "legal")
	must(h.T, err)
	return placed.ID
}

func (h *history) reverse() tracker.Reversed {
	h.Helper()
	r, err := h.Reverse(h.Context(), terms.Reversal{
		Campaign: demo.Campaign, Stage: "reminded", Reminders: terms.SoftenReminders,
		Reason: "We will not limit the functionality for those who have not yet accepted",
	}, "product")
	must(h.T, err)
	return r
}

// row adds the counts of now to the table.
func (h *history) row(day, what string) {
	h.Helper()
	o, err := h.Overview(h.Context(), demo.Campaign)
	must(h.T, err)
	counts, err := h.counts()
	must(h.T, err)
	var stage [3]int64
	var less, held, void int64
	for _, c := range counts {
		l := o.Plan.In(c.Country)
		asks := c.Status == terms.Pending || c.Status == terms.Declined
		switch {
		case c.Status == terms.Accepted && l.Effect == terms.Void:
			void += c.People
		case !asks:
		case o.Plan.Stages[c.Stage].Takes():
			less += c.People
		default:
			stage[c.Stage] += c.People
		}
		for _, hold := range o.Holds {
			if asks && hold.Active(h.clock.Now()) && hold.Scope.Region == c.Country {
				held += c.People
			}
		}
	}
	fmt.Fprintf(&h.table, "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", day, what,
		o.Totals.Accepted, o.Totals.Declined, stage[0], stage[1], stage[2], less, void, held)
}

func (h *history) counts() ([]tracker.Count, error) {
	var counts []tracker.Count
	err := h.store.View(h.Context(), func(r tracker.Reader) error {
		var err error
		counts, err = r.Counts(h.Context(), demo.Campaign)
		return err
	})
	return counts, err
}

// nobodyWasEverRestricted holds the history to what became of it: every plan
// that would have taken something was dropped before its day.
func (h *history) nobodyWasEverRestricted() {
	h.Helper()
	err := h.store.View(h.Context(), func(r tracker.Reader) error {
		n, err := r.Restricted(h.Context(), demo.Campaign, time.Time{})
		if n != 0 {
			h.Errorf("%d people were restricted", n)
		}
		return err
	})
	must(h.T, err)
}

// check compares the table with the one in the README, and looks at what the
// acts left behind.
func (h *history) check(brazil string, reversed tracker.Reversed) {
	h.Helper()
	plans, err := h.Overview(h.Context(), demo.Campaign)
	must(h.T, err)
	if plans.Plans != 5 || plans.Plan.Number != 5 {
		h.Errorf("%d plans, active is %d", plans.Plans, plans.Plan.Number)
	}
	if len(reversed.Before) == 0 || len(reversed.After) == 0 {
		h.Error("the reversal has no counts")
	}
	standing, err := h.Standing(h.Context(), demo.Ana)
	must(h.T, err)
	if pos := standing.Standing.Positions[0]; pos.Reversal != reversed.ID || pos.HoldID == brazil || pos.Reminder.Mode != terms.Banner {
		h.Errorf("Ana, who never chose, at the end: %+v", pos)
	}
	const from, until = "<!-- counts -->\n", "<!-- end of counts -->"
	readme := string(read(h.T, "README.md"))
	before, rest, _ := strings.Cut(readme, from)
	table, after, found := strings.Cut(rest, until)
	if !found {
		h.Fatal("README.md has no place for the counts")
	}
	if *update {
		must(h.T, os.WriteFile("README.md", []byte(before+from+h.table.String()+until+after), 0o600))
		return
	}
	if table != h.table.String() {
		h.Errorf("README.md says\n%s\nand it came to\n%s", table, h.table.String())
	}
}
