package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAGapOfAYearMovesAPersonOneStage stops the server, as an outage does, and
// starts it with a later clock: everybody is due for four stages by then.
func TestAGapOfAYearMovesAPersonOneStage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newSite(t, "ASSENT_DEMO_CLOCK="+beginning).start("demo", "--empty", "--dir", dir)
	s.campaign()
	for _, person := range []string{"early", "chose", "late"} {
		s.person(person, "BR", "pt-BR")
	}
	s.clock("2021-01-07T00:00:00Z")
	s.notice("early")
	s.notice("chose")
	s.respond("chose", "accepted", "en", "k").is(201)
	s.clock("2021-05-14T00:00:00Z")
	s.notice("late")
	s.stop()

	s.with("ASSENT_DEMO_CLOCK=2022-06-01T00:00:00Z").start("demo", "--empty", "--dir", dir)
	for _, person := range []string{"early", "late"} {
		s.eventually(person+" moves on", func() bool { return s.standing(person).at("campaigns/0/stage") == "reminded" })
	}
	s.clock("2022-06-01T01:00:00Z") // twelve sweeps more
	s.stands("early", "reminded", "pending")
	s.stands("late", "reminded", "pending")
	s.stands("chose", "announced", "accepted")
	for person, missing := range map[string][]string{"early": ungranted, "late": ungranted, "chose": nil} {
		if off := s.off(person); !slices.Equal(off, missing) {
			s.Errorf("%s is without %q", person, off)
		}
	}
	// From here each stage has its full length, and its notice.
	s.clock("2022-06-28T00:00:00Z")
	s.stands("early", "reminded", "pending")
	s.clock("2022-06-30T00:00:00Z")
	s.stands("early", "persistent", "pending")
	s.stop()

	s.with("ASSENT_DEMO_CLOCK=2022-06-01T00:00:00Z").refuses(1, []string{"demo", "--empty", "--dir", dir}, "2022-06-30", "start later")
}

// TestAnAcknowledgedChoiceSurvivesAPowerCut cuts the power while many people
// choose at once.
func TestAnAcknowledgedChoiceSurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, database string) {
		s := newSite(t, database).start("serve")
		s.campaign()
		const people = 120
		for i := range people {
			s.person(fmt.Sprintf("p%d", i), "BR", "en")
		}
		receipts := s.cut(people)
		begun := time.Now()
		s.start("serve")
		if took := time.Since(begun); took > 5*time.Second {
			s.Errorf("ready again after %s", took)
		} else {
			s.Logf("ready again after %s", took.Round(time.Millisecond))
		}
		for i := range people {
			s.survived(fmt.Sprintf("p%d", i), receipts)
		}
		for _, receipt := range receipts {
			s.verifies(receipt)
			break // one will do: all are leaves of one tree
		}
	})
}

// cut has people choose until the power goes, and returns the receipts that
// they got.
func (s *site) cut(people int) map[string]string {
	s.Helper()
	var (
		mu       sync.Mutex
		receipts = map[string]string{}
		half     = make(chan struct{})
		choosing sync.WaitGroup
	)
	for worker := range 4 {
		choosing.Go(func() {
			for i := worker; i < people; i += 4 {
				person := fmt.Sprintf("p%d", i)
				a, err := s.tryRespond(person, "accepted", "en", "key of "+person)
				if err != nil {
					return // the power is gone
				}
				mu.Lock()
				if receipts[person] = a.is(201).body; len(receipts) == people/2 {
					close(half)
				}
				mu.Unlock()
			}
		})
	}
	<-half
	s.kill()
	choosing.Wait()
	if n := len(receipts); n == people {
		s.Fatalf("all %d had chosen before the power went", n)
	}
	return receipts
}

// recorded is a receipt but for its proof, which leads to the newest head.
func recorded(receipt string) string {
	record, _, _ := strings.Cut(receipt, `,"proof":`)
	return record
}

// survived checks that an acknowledged choice is there with all that follows
// from it, that one which was under way is there as a whole or not at all, and
// that sending it again settles it.
func (s *site) survived(person string, receipts map[string]string) {
	s.Helper()
	receipt, acknowledged := receipts[person]
	standing := s.standing(person).text("campaigns/0/status")
	if acknowledged && standing != "accepted" {
		s.Fatalf("%s is %s, and has the receipt %s", person, standing, receipt)
	}
	if on := s.flag(person, "business.data_sharing"); on != (standing == "accepted") {
		s.Errorf("%s is %s, but the flag is %v", person, standing, on)
	}
	again := s.respond(person, "accepted", "en", "key of "+person)
	if want := map[bool]int{true: 200, false: 201}[standing == "accepted"]; again.status != want {
		s.Errorf("%s was %s, and choosing again is %d: %s", person, standing, again.status, again.body)
	}
	kept := s.send("GET", "/api/v1/receipts/"+again.text("receipt_id"), "").is(200)
	if acknowledged && (recorded(kept.body) != recorded(receipt) || recorded(again.body) != recorded(receipt)) {
		s.Errorf("%s had the receipt\n%s\nand has\n%s", person, receipt, kept.body)
	}
}
