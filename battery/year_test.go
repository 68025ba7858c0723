package battery_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"assent/models"
	"assent/terms"
	"assent/tracker"
)

// size is a number from the environment, for longer rounds than those of every
// push.
func size(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of at least 1", variable, text)
	}
	return n
}

// drawScript makes up what a person does in a year that starts at an instant.
func drawScript(random *rand.Rand, i int, start time.Time, days int) script {
	hours := func(most int) time.Duration { return time.Duration(random.IntN(most)) * time.Hour }
	s := script{
		id: fmt.Sprintf("p-%05d", i), country: []string{"BR", "BR", "IN", "DE", "KE", "MX"}[random.IntN(6)],
		created: start.Add(-400 * day), joined: start.Add(time.Hour),
	}
	if i%5 == 0 { // who comes later
		s.joined = start.Add(time.Duration(random.IntN(200)) * day).Add(10*time.Hour + 15*time.Minute)
		s.created = s.joined
		if s.country == "IN" {
			s.country = "BR"
		}
	}
	at := latest(start.Add(2*day), s.joined).Truncate(day).Add(12*time.Hour + 30*time.Minute)
	if random.IntN(10) > 0 { // some never open the app
		every, most := 1+random.IntN(20), random.IntN(days)
		for at = at.Add(time.Duration(random.IntN(60)) * day); at.Sub(start) < time.Duration(most)*day; at = at.Add(time.Duration(every) * day) {
			s.opens = append(s.opens, at)
		}
	}
	begin := latest(start.Add(3*day), s.joined.Add(day)).Truncate(time.Hour)
	if random.IntN(5) == 0 {
		s.declines = begin.Add(hours(150 * 24)).Add(40 * time.Minute)
	}
	if random.IntN(2) == 0 {
		s.accepts = latest(begin, s.declines.Truncate(time.Hour).Add(day)).Add(hours(200 * 24)).Add(50 * time.Minute)
		if random.IntN(3) == 0 {
			s.withdraws = s.accepts.Add(hours(60*24) + 2*time.Hour)
		}
		s.opens = slices.DeleteFunc(s.opens, func(at time.Time) bool {
			return at.After(s.accepts) && (s.withdraws.IsZero() || at.Before(s.withdraws))
		})
	}
	return s
}

// event is what happens at one instant of the year.
type event struct {
	at time.Time
	do func() error
}

// TestAYearOfTheSchedulerEndsWhereTheDatesSay lets the real scheduler sweep a
// real database for 400 days, while people come, read, choose and change their
// minds, a country is held and another taken back, and compares every row with
// what follows from the dates. ASSENT_YEAR_PEOPLE says how many people there are.
func TestAYearOfTheSchedulerEndsWhereTheDatesSay(t *testing.T) {
	t.Parallel()
	people, days, dir := size(t, "ASSENT_YEAR_PEOPLE", 1500), 400, t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now().UTC()
		y := year{
			plan: ladder(began.Add(2 * day)), tick: 6 * time.Hour, ends: began.Add(time.Duration(days)*day + 3*time.Hour),
			heldFrom: began.Add(80*day + 90*time.Minute), heldTo: began.Add(101*day + 90*time.Minute), reversed: began.Add(150*day + 90*time.Minute),
		}
		random := rand.New(rand.NewPCG(1, uint64(people)))
		var scripts []script
		for i := range people {
			scripts = append(scripts, drawScript(random, i, began, days))
		}
		c := newClockwork(t, "sqlite:"+filepath.Join(dir, "assent.db"), y.tick, func() time.Time { return time.Now().UTC() }, models.Options{Throwaway: true})
		defer c.stop()
		time.Sleep(time.Hour)
		c.add(scripts, func(s script) bool { return s.joined.Equal(began.Add(time.Hour)) })
		c.publish(y.plan)
		c.start("0 */6 * * *", func() time.Duration { return time.Since(began) })
		for _, e := range c.events(scripts, y) {
			if !e.at.Before(y.ends) {
				break
			}
			time.Sleep(time.Until(e.at))
			must(t, e.do())
		}
		time.Sleep(time.Until(y.ends))
		synctest.Wait()
		c.compare(scripts, y)
	})
}

// add brings people in.
func (c *clockwork) add(scripts []script, who func(script) bool) {
	c.t.Helper()
	var list []tracker.Person
	for _, s := range scripts {
		if who(s) {
			list = append(list, tracker.Person{ID: s.id, Country: s.country, Locale: "en", Type: terms.Personal, Created: s.created})
		}
	}
	for batch := range slices.Chunk(list, tracker.MaxBatch) {
		must(c.t, c.AddPeople(c.t.Context(), batch))
	}
}

// events are all of a year in order of time, those of one instant together.
func (c *clockwork) events(scripts []script, y year) []event {
	ctx := c.t.Context()
	notices, choices, arrivals := map[time.Time][]tracker.ReportedNotice{}, map[time.Time][]tracker.Choice{}, map[time.Time]bool{}
	for _, s := range scripts {
		for _, at := range s.opens {
			notices[at] = append(notices[at], tracker.ReportedNotice{Person: s.id, Campaign: campaign, Channel: tracker.InApp, Presented: true})
		}
		for action, at := range map[terms.Action]time.Time{terms.Decline: s.declines, terms.Accept: s.accepts, terms.Withdraw: s.withdraws} {
			if !at.IsZero() {
				choices[at] = append(choices[at], choice(s.id, action, string(action)))
			}
		}
		if s.joined.After(s.created.Add(-time.Second)) && s.joined.Equal(s.created) {
			arrivals[s.joined] = true
		}
	}
	var out []event
	for at, list := range notices {
		out = append(out, event{at, func() error { return c.NoticeMany(ctx, list) }})
	}
	for at, list := range choices {
		out = append(out, event{at, func() error { return c.RespondMany(ctx, list) }})
	}
	for at := range arrivals {
		out = append(out, event{at, func() error {
			c.add(scripts, func(s script) bool { return s.joined.Equal(at) && s.created.Equal(at) })
			return nil
		}})
	}
	var hold tracker.Hold
	out = append(out,
		event{y.heldFrom, func() error {
			var err error
			hold, err = c.PlaceHold(ctx, terms.Hold{Campaign: campaign, Scope: terms.Scope{Region: "IN"}, Reason: "asked for", Clock: terms.ClockStop, Effect: terms.Freeze}, "mei")
			return err
		}},
		event{y.heldTo, func() error {
			_, err := c.ReleaseHold(ctx, campaign, hold.ID, "done", "ben")
			return err
		}},
		event{y.reversed, func() error {
			_, err := c.Reverse(ctx, terms.Reversal{Campaign: campaign, Region: "MX", Stage: "reminded", Reason: "the outcry"}, "mei")
			return err
		}})
	slices.SortFunc(out, func(a, b event) int { return a.at.Compare(b.at) })
	return out
}

// compare holds every row against the oracle.
func (c *clockwork) compare(scripts []script, y year) {
	c.t.Helper()
	rows, moves := c.positions(), c.transitions()
	if len(rows) != len(scripts) {
		c.t.Fatalf("%d rows of %d people", len(rows), len(scripts))
	}
	wrong, stages := 0, map[int]int{}
	for _, s := range scripts {
		want, e, moved := y.fate(s), rows[s.id], moves[s.id]
		stages[e.Stage]++
		same := want.status == e.Status && want.stage == e.Stage && want.entered.Equal(e.Entered) && want.told.Equal(e.Told) &&
			want.noticed.Equal(e.Noticed) && want.warned.Equal(e.Warned) && want.first.Equal(e.FirstNotice) && want.notBefore.Equal(e.NotBefore) &&
			slices.EqualFunc(want.moves, moved, func(a, b tracker.Transition) bool {
				return a.From == b.From && a.To == b.To && a.Cause == b.Cause && a.At.Equal(b.At)
			})
		if same {
			continue
		}
		if wrong++; wrong <= 3 {
			c.t.Errorf("%+v\nthe database has\n%+v\n%+v\nthe dates say\n%+v\n", s, e, moved, want)
		}
	}
	runs, err := c.Overview(c.t.Context(), campaign)
	must(c.t, err)
	if wrong > 0 || len(stages) < 5 || len(runs.Runs) == 0 {
		c.t.Errorf("%d of %d rows differ; stages %v", wrong, len(scripts), stages)
	}
	c.t.Logf("%d people, at the end by stage: %v", len(scripts), stages)
}
