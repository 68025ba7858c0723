package battery_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"assent/models"
	"assent/terms"
	"assent/tracker"
)

// wall is a clock that can be set, beside the time that really goes by.
type wall struct {
	mu  sync.Mutex
	off time.Duration
}

func (w *wall) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().UTC().Add(w.off)
}

func (w *wall) step(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off += by
}

// told is a campaign with people who see every notice, up to where they are at
// persistent: a day before the final warning, two before the next stage.
func (c *clockwork) told(people int) {
	c.t.Helper()
	p := ladder(c.wall().Add(day))
	p.NoticePeriod, p.Deadline, p.Regions = 5*day, p.AnnounceAt.Add(6*day), nil
	p.Stages[2].After, p.Stages[3].After, p.Stages[4].After = 2*day, 4*day, 32*day
	p.Stages[3].Spread = 0
	var list []script
	for i := range people {
		list = append(list, script{id: fmt.Sprintf("p-%d", i), country: "BR", created: c.wall().Add(-400 * day)})
	}
	c.add(list, func(script) bool { return true })
	c.publish(p)
	c.start("0 * * * *", elapsed(time.Now()))
	for range 9 {
		time.Sleep(day)
		synctest.Wait()
		c.read()
	}
	c.all(2, 2)
}

func elapsed(since time.Time) func() time.Duration {
	return func() time.Duration { return time.Since(since) }
}

// read lets everybody see the notice of the stage they are at.
func (c *clockwork) read() {
	c.t.Helper()
	var notices []tracker.ReportedNotice
	for person, e := range c.positions() {
		if e.Noticed.IsZero() {
			notices = append(notices, tracker.ReportedNotice{Person: person, Campaign: campaign, Channel: tracker.InApp, Presented: true})
		}
	}
	must(c.t, c.NoticeMany(c.t.Context(), notices))
}

// all checks that everybody is at a stage, by this many transitions.
func (c *clockwork) all(stage, transitions int) {
	c.t.Helper()
	moves := c.transitions()
	for person, e := range c.positions() {
		if e.Stage != stage || len(moves[person]) != transitions {
			c.t.Fatalf("at %s %s is at stage %d after %d transitions, want %d after %d", c.wall().Format(time.DateTime), person, e.Stage, len(moves[person]), stage, transitions)
		}
	}
}

// turned runs a test under a clock that the test turns. The database is SQLite:
// a bubble of fake time and a server outside of it wait for each other at every
// message.
func turned(t *testing.T, test func(c *clockwork, w *wall)) {
	t.Helper()
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "assent.db")
	synctest.Test(t, func(t *testing.T) {
		w := &wall{}
		c := newClockwork(t, url, time.Hour, w.now, models.Options{Throwaway: true})
		defer c.stop()
		test(c, w)
	})
}

// until lets time go by up to an instant.
func (c *clockwork) until(at time.Time) {
	time.Sleep(at.Sub(c.wall()))
	synctest.Wait()
}

// TestAfterADowntimeEachPersonTakesOneStageAndTheNextOnlyInItsTime is a server
// that is down for an hour, eight days and more than a year.
func TestAfterADowntimeEachPersonTakesOneStageAndTheNextOnlyInItsTime(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]time.Duration{"an hour": time.Hour, "eight days": 8 * day, "400 days": 400 * day} {
		t.Run(name, func(t *testing.T) {
			turned(t, func(c *clockwork, _ *wall) {
				c.told(20)
				due := c.positions()["p-0"].NextAt.Add(day) // the final warning is a day ahead of it
				c.until(due.Add(-time.Minute))
				c.all(2, 2)
				must(c.t, c.jobs.Stop(c.t.Context()))
				time.Sleep(down)
				c.start("0 * * * *", elapsed(time.Now()))
				synctest.Wait()
				c.all(3, 3)
				entered := c.positions()["p-0"].Entered
				c.until(entered.Add(3 * day))
				c.all(3, 3)
				c.read()
				// By the calendar, and no sooner than a week after they really came.
				next := latest(due.Add(28*day), entered.Add(7*day))
				c.until(next.Add(-time.Minute))
				c.all(3, 3)
				c.until(next.Add(time.Hour + time.Minute))
				c.all(4, 4)
				c.until(next.Add(50 * day))
				c.all(4, 4)
			})
		})
	}
}

// TestAClockThatJumpsMovesNobodyUntilStaffResume sets the clock of the machine
// three days ahead, and two hours back.
//
// The clock of the database server is not tried: nothing asks it. Every instant
// that is stored or compared comes from the clock that is handed in here.
func TestAClockThatJumpsMovesNobodyUntilStaffResume(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"three days ahead": 3 * day, "two hours back": -150 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			turned(t, func(c *clockwork, w *wall) {
				c.told(5)
				due := c.positions()["p-0"].NextAt.Add(day)
				c.until(due.Add(-2*time.Hour - time.Minute))
				w.step(by)
				time.Sleep(12 * time.Hour)
				synctest.Wait()
				c.all(2, 2)
				pause, err := c.Paused(c.t.Context())
				must(c.t, err)
				if pause.At.IsZero() || pause.By != "scheduler" {
					c.t.Fatalf("stepping goes on: %+v", pause)
				}
				_, _, err = c.Respond(c.t.Context(), choice("p-0", terms.Accept, "k")) // which nothing stops
				must(c.t, err)
				must(c.t, c.Resume(c.t.Context(), "the clock is right", "mei"))
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				moved := c.transitions()
				for person, e := range c.positions() {
					if want := map[bool]int{true: 0, false: 3}[person == "p-0"]; e.Stage != want || len(moved[person]) != 3 {
						c.t.Fatalf("resumed, %s is at stage %d after %+v", person, e.Stage, moved[person])
					}
				}
			})
		})
	}
}
