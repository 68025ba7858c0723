package clients_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/tracker"
)

// steep begins a campaign that limits everybody at its deadline.
func (w *world) steep() {
	w.Helper()
	w.campaign("deadline: 2021-05-15", "deadline: 2021-02-10", "profile: whatsapp-2021-05", `stages:
  - {key: announced, from: announce, reminder: {mode: banner}}
  - {key: limited, off: [messages.send]}
  - {key: silent, after: 30d, off: [calls.answer]}`)
}

// crowd adds people whom a notice reaches, and moves the clock to where all of
// them are to be limited.
func (w *world) crowd(people int) {
	w.Helper()
	for i := range people {
		w.person(fmt.Sprintf("u%d", i), "BR")
	}
	w.reach(date(2021, 1, 7))
	for i := range people {
		w.notice(fmt.Sprintf("u%d", i))
	}
	w.now.Store(date(2021, 2, 11).UnixMicro())
}

func TestTheBreakerStopsARunUntilItsPreviewIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.steep()
	w.crowd(6)
	w.send("POST", campaign+"/preview", "").is(200).says("trips", true, "restricted", 6, "moves", []any{},
		"stopped.0.action", "enter", "stopped.0.people", 6, "breaker.allowed", 3, "breaker.tripped", nil, "paused", false)
	w.reach(w.Now())
	w.flag("u1", "messages.send").says("value", true)
	w.send("GET", campaign+"/breaker", "").is(200).says("tripped.would", 6, "tripped.limit", 3, "approved", nil, "recent", 0)
	w.send("POST", campaign+"/breaker", `{"people":0,"until":"2020-01-01T00:00:00Z"}`).is(422).
		says("errors.0.path", "people", "errors.1.path", "until", "errors.2.path", "reason")
	w.send("POST", campaign+"/breaker", `{"people":6,"for":"40d","reason":"x"}`).is(422).says("errors.0.path", "for")
	w.send("POST", campaign+"/breaker", `{"people":6,"reason":"x"}`).is(422).says("errors.0.path", "until")
	until := w.Now().Add(day).Format(time.RFC3339)
	w.send("POST", campaign+"/breaker", object("people", 6, "until", until, "reason", "as planned")).is(200).
		says("tripped", nil, "approved.people", 6, "approved.until", until, "allowed", 12)
	w.reach(w.Now().Add(time.Hour))
	w.flag("u1", "messages.send").says("value", false)
	w.send("GET", campaign+"/breaker", "").is(200).says("recent", 6)
	w.send("GET", "/api/v1/runs?limit=2", "").is(200).says("runs.0.moved", 6, "runs.0.stopped", 0, "runs.1.stopped", 6)
	w.send("GET", "/api/v1/runs?limit=0", "").is(422).says("errors.0.path", "limit")
}

func TestAPreviewNamesEverybodyAsALine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.steep()
	w.crowd(3)
	w.person("late", "BR")
	at := w.Now().Add(5 * time.Minute)
	body := object("at", at.Format(time.RFC3339))
	got := w.send("POST", campaign+"/preview", body, "Accept", "application/x-ndjson").is(200)
	lines := strings.Split(strings.TrimSpace(got.Body.String()), "\n")
	if len(lines) != 5 || got.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d lines of %s:\n%s", len(lines), got.Header().Get("Content-Type"), got.Body)
	}
	for _, want := range []string{
		`{"person":"u2","action":"enter","from":"announced","to":"limited","region":"","lose":["messages.send"],"regain":[]}`,
		`{"person":"late","action":"tell","from":"announced","to":"announced","region":"","lose":[],"regain":[]}`,
	} {
		if !strings.Contains(got.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, got.Body)
		}
	}
	summary := w.send("POST", campaign+"/preview", body).is(200).says("sample.0.lose.0", "messages.send")
	if want := `{"summary":` + strings.TrimSpace(summary.Body.String()) + `}`; lines[4] != want {
		t.Errorf("the summary is\n%s, want\n%s", lines[4], want)
	}
	w.send("POST", campaign+"/preview", `{"at":"2020-01-01T00:00:00Z"}`, "Accept", "application/x-ndjson").is(422).says("errors.0.path", "at")
	w.send("POST", "/api/v1/campaigns/none/preview", "", "Accept", "application/x-ndjson").is(404)
}

func TestPeopleWhomNoNoticeReachedAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.steep()
	for i := range 3 {
		w.person(fmt.Sprintf("u%d", i), "BR")
	}
	w.reach(date(2021, 1, 7))
	w.reach(date(2021, 2, 11))
	first := w.send("GET", campaign+"/unreached?limit=2", "").is(200).says("people.0.person", "u0", "people.1.person", "u1")
	w.send("GET", campaign+"/unreached?limit=2&after="+first.at("next").(string), "").is(200).says("people.0.person", "u2", "next", nil)
	w.send("POST", campaign+"/preview", object("at", w.Now().Add(day).Format(time.RFC3339))).is(200).says("restricted", 0)
	w.send("GET", campaign+"/unreached?after=x", "").is(422).says("errors.0.path", "after")
	w.send("GET", campaign+"/unreached?limit=1001", "").is(422).says("errors.0.path", "limit")
}

func TestStepsWaitWhileStaffPauseThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.steep()
	w.crowd(2)
	w.send("GET", "/api/v1/pause", "").is(200).says("paused", false, "at", nil)
	w.send("PUT", "/api/v1/pause", "").is(422).says("errors.0.path", "reason")
	w.send("PUT", "/api/v1/pause", `{"reason":"looking into it"}`).is(200).says("paused", true, "reason", "looking into it")
	w.send("POST", campaign+"/preview", "").is(200).says("paused", true, "moves", []any{}, "stopped.0.people", 2)
	w.reach(w.Now())
	w.flag("u1", "messages.send").says("value", true)
	w.send("DELETE", "/api/v1/pause?reason=fine", "").is(200).says("paused", false)
	w.send("DELETE", "/api/v1/pause", "").is(409)
	w.reach(w.Now().Add(time.Hour))
	w.flag("u1", "messages.send").says("value", false)
}

func TestSomebodyLeftOutIsTriedAgainWhenStaffSaySo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	person, err := w.tracker.Person(t.Context(), "u1")
	w.must(err)
	for range tracker.MaxTries {
		w.must(w.store.Update(t.Context(), func(tx tracker.Tx) error {
			_, err := tx.AddFailure(t.Context(), tracker.Failure{Campaign: "new-terms-2021", Ref: person.Ref, Person: "u1", Error: "a poisoned row", At: w.Now()})
			return err
		}))
	}
	w.send("GET", campaign+"/failures", "").is(200).says("failures.0.person", "u1", "failures.0.tries", 3, "failures.0.left_out", true, "failures.0.error", "a poisoned row")
	w.send("POST", campaign+"/failures/u1/retry", "").is(204)
	w.send("GET", campaign+"/failures", "").is(200).says("failures", []any{})
	w.send("POST", campaign+"/failures/u1/retry", "").is(404)
}
