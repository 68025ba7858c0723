package tracker_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // to put a database into a state that no program leaves it in
	_ "github.com/mattn/go-sqlite3"

	"assent/terms"
	"assent/tracker"
)

// campaign is the one of plan().
const campaign = "new-terms-2021"

// replace stores a plan that is the one of 2021 but for a change, and makes it
// the active one.
func (w *world) replace(change func(*terms.Plan)) tracker.Campaign {
	w.t.Helper()
	c, err := w.Activate(w.t.Context(), campaign, w.draft(change), "mei", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// draft stores such a plan and returns its number.
func (w *world) draft(change func(*terms.Plan)) int {
	w.t.Helper()
	p := plan()
	change(&p)
	record, err := w.AddPlan(w.t.Context(), p, []byte("source"), "mei")
	if err != nil {
		w.t.Fatal(err)
	}
	return record.Number
}

func (w *world) confirm(number int) {
	w.t.Helper()
	if _, err := w.Confirm(w.t.Context(), campaign, number, "mei", nil); err != nil {
		w.t.Fatal(err)
	}
}

// person adds somebody, or changes what is known of them.
func (w *world) person(p tracker.Person) {
	w.t.Helper()
	if p.Country == "" {
		p.Country = "BR"
	}
	if p.Type == "" {
		p.Type = terms.Personal
	}
	p.Locale = "en"
	if err := w.AddPeople(w.t.Context(), []tracker.Person{p}); err != nil {
		w.t.Fatal(err)
	}
}

// present reports that people saw a notice.
func (w *world) present(people ...string) {
	w.t.Helper()
	for _, person := range people {
		n := tracker.ReportedNotice{Person: person, Campaign: campaign, Channel: tracker.InApp, Presented: true}
		if _, err := w.Notice(w.t.Context(), n); err != nil {
			w.t.Fatal(err)
		}
	}
}

// sweep runs one at the present instant.
func (w *world) sweep() tracker.Run {
	w.t.Helper()
	run, err := w.Sweep(w.t.Context(), w.clock())
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// at checks the stages that people are at.
func (w *world) at(stage string, people ...string) {
	w.t.Helper()
	for _, person := range people {
		if pos := w.position(person); pos.Stage != stage {
			w.t.Fatalf("%s: %s is at %s, want %s: %+v", w.clock().Format("2006-01-02T15:04"), person, pos.Stage, stage, pos)
		}
	}
}

// can checks what people may do.
func (w *world) can(want bool, capability string, people ...string) {
	w.t.Helper()
	for _, person := range people {
		if got := w.allowed(person, capability); got != want {
			w.t.Fatalf("%s: %s of %s is %v", w.clock().Format("2006-01-02T15:04"), capability, person, got)
		}
	}
}

// hold places one on the campaign.
func (w *world) hold(h terms.Hold) tracker.Hold {
	w.t.Helper()
	h.Campaign = campaign
	if h.Reason == "" {
		h.Reason = "the authority asked for time"
	}
	if h.Clock == "" {
		h.Clock = terms.ClockStop
	}
	if h.Effect == "" {
		h.Effect = terms.Freeze
	}
	placed, err := w.PlaceHold(w.t.Context(), h, "mei")
	if err != nil {
		w.t.Fatal(err)
	}
	return placed
}

func (w *world) release(h tracker.Hold) {
	w.t.Helper()
	if _, err := w.ReleaseHold(w.t.Context(), campaign, h.ID, "done", "ben"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) reverse(to, region string) tracker.Reversed {
	w.t.Helper()
	r, err := w.Reverse(w.t.Context(), terms.Reversal{Campaign: campaign, Region: region, Stage: to, Reason: "the outcry"}, "mei")
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// transitions are a person's, oldest first.
func (w *world) transitions(person string) []tracker.Transition {
	w.t.Helper()
	var out []tracker.Transition
	err := w.Store.View(w.t.Context(), func(r tracker.Reader) error {
		newest, err := r.Transitions(w.t.Context(), "", person, 1000)
		for i := range newest {
			out = append(out, newest[len(newest)-1-i])
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// causes are those of a person's transitions, in order.
func (w *world) causes(person string) string {
	w.t.Helper()
	var out []string
	for _, one := range w.transitions(person) {
		out = append(out, string(one.Cause))
	}
	return strings.Join(out, " ")
}

// exec writes to the database past the program.
func (w *world) exec(statement string) {
	w.t.Helper()
	driver, address := "pgx", w.url
	if path, ok := strings.CutPrefix(w.url, "sqlite:"); ok {
		driver, address = "sqlite3", path+"?_busy_timeout=10000"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = db.ExecContext(w.t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

// fails checks that an error is of a kind and says some words.
func fails(t testing.TB, err error, kind terms.Kind, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("want %v, got %v", kind, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Fatalf("the error does not say %q: %v", word, err)
		}
	}
}
