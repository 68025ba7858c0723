package tracker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// mailed has people who can be written to, under these rules of sending.
func mailed(d *tracker.Deps) {
	d.Post = tracker.Post{Weekly: 1, Quiet: terms.QuietHours{From: 21 * time.Hour, Until: 8 * time.Hour}, CountsAfter: day, Tries: 3}
}

// addressed gives people an address, named p-0@example.org and so on.
func (w *world) addressed(people ...string) {
	w.t.Helper()
	for _, person := range people {
		if err := w.SetContact(w.t.Context(), person, tracker.Contact{Email: person + "@example.org"}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// queue reads the journal to its end, and tells everybody of changed rules.
func (w *world) queue() {
	w.t.Helper()
	for more := true; more; {
		read, err := w.QueueLetters(w.t.Context(), 3)
		if err != nil {
			w.t.Fatal(err)
		}
		walked, err := w.WalkLetters(w.t.Context(), 2)
		if err != nil {
			w.t.Fatal(err)
		}
		more = read || walked
	}
}

// post sends what is due and answers what was sent: kind and person.
func (w *world) post() []string {
	w.t.Helper()
	w.queue()
	var sent []string
	for {
		list, err := w.ClaimLetters(w.t.Context(), "me", time.Now().Add(time.Hour), 2)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == 0 {
			slices.Sort(sent)
			return sent
		}
		for _, d := range list {
			if l := w.letter(d); l.Drop != "" || !l.Wait.IsZero() {
				w.must(w.DeferLetter(w.t.Context(), l))
			} else {
				w.must(w.BeginLetter(w.t.Context(), d, time.Now().Add(time.Hour)))
				w.must(w.SettleLetter(w.t.Context(), l, tracker.Taken, ""))
				sent = append(sent, fmt.Sprintf("%s %s", d.Kind, d.Person))
			}
		}
	}
}

func (w *world) letter(d tracker.Delivery) tracker.Letter {
	w.t.Helper()
	l, err := w.LetterOf(w.t.Context(), d)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// sweep moves the clock to an instant and does what is due then.
func (w *world) sweepAt(at time.Time) {
	w.t.Helper()
	w.set(at)
	if _, err := w.Sweep(w.t.Context(), at); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(what string, got, want any) {
	w.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func (w *world) deliveries(person string) []tracker.Delivery {
	w.t.Helper()
	list, err := w.Deliveries(w.t.Context(), person)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) enrolled(person string) tracker.Enrolled {
	w.t.Helper()
	o, err := w.Offer(w.t.Context(), person, campaign)
	if err != nil {
		w.t.Fatal(err)
	}
	return o.Enrolled
}

// morning is when nobody sleeps.
func morning(at time.Time) time.Time { return at.Truncate(day).Add(10 * time.Hour) }

func TestPeopleAreWrittenToOnceAndNotAtNight(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue() // the follower begins here
		w.launch("BR", "BR", "JP", "BR")
		w.addressed("p-0", "p-1", "p-2") // whose time is that of a country with one zone
		w.must(w.SetContact(t.Context(), "p-1", tracker.Contact{Email: "p-1@example.org", Zone: "Asia/Tokyo"}))
		w.sweepAt(announce.Add(13 * time.Hour)) // ten at night in Tokyo
		w.is("by day", w.post(), []string{"told p-0"})
		w.is("again", w.post(), []string{})
		w.set(announce.Add(23 * time.Hour)) // eight in the morning there
		w.is("in the morning", w.post(), []string{"told p-1", "told p-2"})
		w.is("nobody else", len(w.deliveries("p-3")), 0)
	}, mailed)
}

func TestWhoHasAnsweredIsNotWrittenToAnyMore(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR", "BR")
		w.addressed("p-0", "p-1")
		w.sweepAt(morning(announce))
		w.queue()
		w.respond("p-0", terms.Accept, "key")
		w.must(w.DeletePerson(t.Context(), "p-1", "test"))
		w.is("sent", w.post(), []string{})
		w.is("dropped", w.deliveries("p-0")[0].State, tracker.Dropped)
	}, mailed)
}

func TestAMailThatDoesNotComeBackReachesThePersonAndOneThatDoesDoesNot(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR", "BR")
		w.addressed("p-0", "p-1")
		w.sweepAt(morning(announce))
		w.is("sent", w.post(), []string{"told p-0", "told p-1"})
		first, second := w.deliveries("p-0")[0], w.deliveries("p-1")[0]
		if _, err := w.CountLetters(t.Context(), 10); err != nil || !w.enrolled("p-0").Noticed.IsZero() {
			t.Fatalf("it counts at once: %v", err)
		}
		w.must(w.Bounced(t.Context(), tracker.Bounce{Notice: "<" + second.Notice + "@mail.example.org>", Kind: tracker.HardBounce, Code: "5.1.1"}))
		w.pass(day)
		for more := true; more; {
			var err error
			if more, err = w.CountLetters(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		w.is("reached, and not", []bool{w.enrolled("p-0").Noticed.IsZero(), w.enrolled("p-1").Noticed.IsZero()}, []bool{false, true})
		w.is("states", []tracker.DeliveryState{w.deliveries("p-0")[0].State, w.deliveries("p-1")[0].State}, []tracker.DeliveryState{tracker.Delivered, tracker.Bounced})

		w.must(w.Bounced(t.Context(), tracker.Bounce{Notice: first.Notice, Kind: tracker.HardBounce}))
		w.must(w.Bounced(t.Context(), tracker.Bounce{Notice: first.Notice, Kind: tracker.HardBounce})) // a report that comes twice
		e := w.enrolled("p-0")
		w.is("taken back", []bool{e.Noticed.IsZero(), e.FirstNotice.IsZero()}, []bool{true, true})
		w.walk(deadline.Add(365 * day))
		w.is("not restricted", []bool{w.allowed("p-0", "messages.send"), w.allowed("p-1", "messages.send")}, []bool{true, true})
		w.is("not mailed any more", w.post(), []string{})
	}, mailed)
}

func TestAllThatARelayRefusedIsSentAgainAtOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR", "BR", "BR")
		w.addressed("p-0", "p-1", "p-2")
		w.sweepAt(morning(announce))
		w.queue()
		list, err := w.ClaimLetters(t.Context(), "me", time.Now().Add(time.Hour), 10)
		w.must(err)
		for _, d := range list {
			outcome := tracker.Refused
			if d.Person == "p-2" {
				outcome = tracker.NoMailbox
			}
			w.must(w.BeginLetter(t.Context(), d, time.Now().Add(time.Hour)))
			w.must(w.SettleLetter(t.Context(), w.letter(d), outcome, "refused"))
		}
		n, err := w.ResendDead(t.Context(), "another", "the relay takes them", "test")
		w.must(err)
		w.is("of another campaign", n, 0)
		n, err = w.ResendDead(t.Context(), campaign, "the relay takes them", "test")
		w.must(err)
		w.is("of this one", n, 2)
		w.is("sent", w.post(), []string{"told p-0", "told p-1"})
		w.is("what has no mailbox is looked at by itself", w.deliveries("p-2")[0].State, tracker.Bounced)
	}, mailed)
}

// TestAMailThatCameBackAndIsSentAgainCountsAgain has staff send a mail again each
// time it has come back, after it had counted.
func TestAMailThatCameBackAndIsSentAgainCountsAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR")
		w.addressed("p-0")
		w.sweepAt(morning(announce))
		told := []string{"told p-0"}
		for range 3 {
			w.is("sent", w.post(), told)
			w.pass(day)
			if _, err := w.CountLetters(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			w.is("reached", w.enrolled("p-0").Noticed.IsZero(), false)
			notice := w.deliveries("p-0")[0].Notice
			w.must(w.Bounced(t.Context(), tracker.Bounce{Notice: notice, Kind: tracker.SoftBounce}))
			w.is("taken back", w.enrolled("p-0").Noticed.IsZero(), true)
			_, err := w.Resend(t.Context(), notice, "the mailbox has room again", "test")
			w.must(err)
		}
	}, mailed)
}

func TestABounceTakesBackOnlyWhatTheMailHadDone(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR", "BR")
		w.addressed("p-0", "p-1")
		w.sweepAt(morning(announce))
		w.post()
		w.pass(day)
		if _, err := w.CountLetters(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		seen := w.clock()
		if _, err := w.Notice(t.Context(), tracker.ReportedNotice{Person: "p-0", Campaign: campaign, Channel: tracker.InApp, Presented: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Snooze(t.Context(), "p-1", campaign); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		before := w.enrolled("p-1")
		for _, person := range []string{"p-0", "p-1"} {
			w.must(w.Bounced(t.Context(), tracker.Bounce{Email: person + "@example.org", Kind: tracker.SoftBounce}))
		}
		e := w.enrolled("p-0")
		w.is("what else reached the person counts", []time.Time{e.Noticed, e.FirstNotice}, []time.Time{seen, seen})
		w.is("who answered has seen it", w.enrolled("p-1").Noticed, before.Noticed)
	}, mailed)
}

func TestALetterIsHandedOverByOneProcessAndNeverBlindlyAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR", "BR")
		w.addressed("p-0", "p-1")
		w.sweepAt(morning(announce))
		w.queue()
		wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		mine, err := w.ClaimLetters(t.Context(), "me", wall, 10)
		w.must(err)
		others, err := w.beside(mailed).ClaimLetters(t.Context(), "you", wall, 10)
		w.must(err)
		w.is("claimed", []int{len(mine), len(others)}, []int{2, 0})
		w.must(w.BeginLetter(t.Context(), mine[0], wall))
		w.must(w.LapseLetters(t.Context(), wall.Add(-time.Second)))
		w.is("alive", w.deliveries(mine[1].Person)[0].State, tracker.Claimed)
		w.must(w.LapseLetters(t.Context(), wall)) // the process has died
		w.is("after its death", []tracker.DeliveryState{w.deliveries(mine[0].Person)[0].State, w.deliveries(mine[1].Person)[0].State},
			[]tracker.DeliveryState{tracker.Uncertain, tracker.Queued})
		if err := w.BeginLetter(t.Context(), mine[1], wall); err == nil {
			t.Fatal("a dead process begins to send")
		}
		w.is("what is certain is sent", w.post(), []string{"told " + mine[1].Person})
		w.is("the rest is shown to staff", w.deliveries("")[0].Notice, mine[0].Notice)
		_, err = w.Resend(t.Context(), mine[0].Notice, "the mail log has no trace of it", "test")
		w.must(err)
		w.is("and sent when they say so", w.post(), []string{"told " + mine[0].Person})
	}, mailed)
}

func TestALetterIsTriedAgainLaterAndLaterAndThenGivenUp(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR")
		w.addressed("p-0")
		w.sweepAt(morning(announce))
		w.queue()
		last := time.Duration(0)
		for try := range 3 {
			list, err := w.ClaimLetters(t.Context(), "me", time.Now().Add(time.Hour), 10)
			w.must(err)
			if len(list) != 1 {
				t.Fatalf("try %d: %d letters", try, len(list))
			}
			w.must(w.BeginLetter(t.Context(), list[0], time.Now().Add(time.Hour)))
			w.must(w.SettleLetter(t.Context(), w.letter(list[0]), tracker.NotNow, "451"))
			d := w.deliveries("p-0")[0]
			if try == 2 {
				w.is("given up", d.State, tracker.Dead)
				break
			}
			pause := d.NextAt.Sub(w.clock())
			if pause <= last {
				t.Fatalf("a pause of %s after one of %s", pause, last)
			}
			w.set(d.NextAt)
			last = pause
		}
		w.is("counted", func() any { c, _ := w.DeliveryCounts(t.Context(), ""); return c }(), map[tracker.DeliveryState]int64{tracker.Dead: 1})
	}, mailed)
}

func TestRemindersAreFewAndEndWhereThePersonSaysSo(t *testing.T) {
	plan := func(d *tracker.Deps) {
		mailed(d)
		d.Post.Weekly = 2
	}
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		p := plan2021(3 * day)
		w.publish()
		w.add("BR", "BR", "DE", "BR")
		w.addressed("p-0", "p-1", "p-2", "p-3")
		w.activate(p)
		w.sweepAt(morning(announce))
		w.is("told", w.post(), []string{"told p-0", "told p-1", "told p-2", "told p-3"})
		w.must(w.Silence(t.Context(), "p-1", true))
		w.respond("p-2", terms.Decline, "no") // where people are asked once
		if _, err := w.Snooze(t.Context(), "p-3", campaign); err != nil {
			t.Fatal(err)
		}
		w.pass(3 * day)
		w.is("reminded", w.post(), []string{"reminder p-0"})
		w.pass(3 * day)
		w.is("twice a week at most", w.post(), []string{})
		w.pass(day + time.Hour)
		w.is("the next week", w.post(), []string{"reminder p-0", "reminder p-3"})
	}, plan)
}

// plan2021 reminds in the first stage, in Germany once.
func plan2021(every time.Duration) terms.Plan {
	p := plan()
	p.Stages[0].Reminder.Every = every
	p.Regions[0].Reminder = &terms.Reminder{AskOnce: true}
	return p
}

// activate makes a plan the active one, for everybody.
func (w *world) activate(p terms.Plan) {
	w.t.Helper()
	record, err := w.AddPlan(w.t.Context(), p, []byte("source"), "test")
	w.must(err)
	_, err = w.Activate(w.t.Context(), campaign, record.Number, "test", nil)
	w.must(err)
}

func TestPeopleAreToldThatADateHasMovedAndThatItWasTakenBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.queue()
		w.launch("BR", "BR", "BR")
		w.addressed("p-0", "p-1", "p-2")
		w.sweepAt(morning(announce))
		w.post()
		w.respond("p-2", terms.Accept, "yes")
		w.is("nothing has changed", w.post(), []string{})

		later := plan()
		later.Deadline = later.Deadline.Add(30 * day)
		w.activate(later)
		w.is("moved", w.post(), []string{"moved p-0", "moved p-1"})
		w.is("told once", w.post(), []string{})
		made, err := w.Reverse(t.Context(), terms.Reversal{Campaign: campaign, Stage: "announced", Reason: "decided", Reminders: terms.KeepReminders}, "test")
		w.must(err)
		w.is("reversed", w.post(), []string{"reversed p-0", "reversed p-1"})
		w.sweepAt(w.clock().Add(time.Hour))
		_, err = w.Undo(t.Context(), campaign, made.ID, "a mistake", "test")
		w.must(err)
		w.is("undone", w.post(), []string{"moved p-0", "moved p-1"})
	}, mailed)
}
