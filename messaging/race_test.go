package messaging_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/gate"
	"assent/messaging"
	"assent/terms"
)

// slowGate answers late: what it says may be out of date when it is heard,
// which is what a race between connecting and a change of stage looks like.
type slowGate struct {
	*gate.Gate
	delay time.Duration
}

func (g slowGate) Decide(person, capability string) gate.Decision {
	d := g.Gate.Decide(person, capability)
	time.Sleep(time.Duration(rand.Int64N(int64(g.delay))))
	return d
}

// races is how many people connect while their stage changes, at least;
// ASSENT_RACES says otherwise.
func races(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("ASSENT_RACES")); err == nil {
		return n
	}
	return 200
}

func TestNoConnectionOutrunsAChangeOfStage(t *testing.T) {
	t.Parallel()
	for raced := 0; raced < races(t); raced += 200 {
		t.Run(fmt.Sprint(raced), raceTheGate)
	}
}

// Two hundred people connect while their stage changes under them; half lose
// everything, half get it back. Nobody may end up hearing what they lost, or
// missing what they regained, and the periodic sweep is too far off to help.
func raceTheGate(t *testing.T) {
	w := newWorld(t, func(o *messaging.Options) {
		o.Gate = slowGate{o.Gate.(*gate.Gate), 5 * time.Millisecond}
		o.SweepEvery = time.Hour
	})
	d := drive(t, w.url)
	people := make([]string, 200)
	for i := range people {
		people[i] = fmt.Sprintf("person-%03d", i)
		if i%2 == 1 {
			w.move(t, people[i], suspended)
		}
	}
	var meanwhile sync.WaitGroup
	for _, person := range people {
		meanwhile.Go(func() {
			r, err := d.try(map[string]any{"op": "open", "client": person, "token": w.token(person)})
			if err != nil || !strings.Contains(string(r.Result), `"connected"`) {
				t.Errorf("%s: %s %v", person, r.Result, err)
			}
		})
	}
	var revision uint64
	for _, i := range rand.Perm(len(people)) {
		e := terms.Enrollment{Person: people[i], Campaign: campaign, Plan: 1, Country: "BR", Status: terms.Pending, Stage: suspended, Entered: w.clock.Now()}
		if i%2 == 1 {
			e.Status, e.Stage, e.Effect = terms.Accepted, announced, terms.Full
		}
		revision = w.facts.add(e)
		if err := w.gate.CatchUp(t.Context(), revision); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(4 * time.Millisecond))))
	}
	meanwhile.Wait()
	expected := func(i int) string { return []string{"me", everyLine}[i%2] }
	for i, person := range people {
		eventually(t, expected(i), func() string { return d.lines(t, person) })
	}
	time.Sleep(300 * time.Millisecond) // for whatever was decided too early to arrive
	for i, person := range people {
		if got := d.lines(t, person); got != expected(i) {
			t.Errorf("%s ended with %q, want %q", person, got, expected(i))
		}
	}
}
