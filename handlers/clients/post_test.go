package clients_test

import (
	"strings"
	"testing"
	"time"

	"assent/tracker"
)

func TestManyNoticesAreReportedLineByLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.person("u2", "BR")
	w.reach(date(2021, 1, 7))
	body := `{"person":"u1","channel":"push","delivered":true}
{"person":"nobody","channel":"push","delivered":true}
{"person":"u2","channel":"fax"}
{"person":"u2","channel":"in_app","presented":true}
{"person":
{"person":"u1","channel":"in_app","presented":true}
`
	lines := strings.Split(strings.TrimSpace(w.send("POST", "/api/v1/campaigns/new-terms-2021/notices", body, "Content-Type", "application/x-ndjson").is(200).Body.String()), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d lines: %v", len(lines), lines)
	}
	for i, want := range []string{"stored", "nobody", "channel", "stored", "errors", "stored"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d: %s, want %s", i+1, lines[i], want)
		}
	}
	file, err := w.tracker.File(t.Context(), "u1")
	w.must(err)
	reported := 0
	for _, n := range file.Notices {
		if n.Kind == tracker.Reported {
			reported++
		}
	}
	if reported != 2 {
		t.Errorf("%d notices of u1", reported)
	}
}

func TestAListOfNoticesIsSentAgainWithoutHarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	w.person("u2", "BR")
	w.reach(date(2021, 1, 9))
	const body = `{"person":"u1","channel":"push","delivered":true,"at":"2021-01-08T09:30:00.5+02:00","idempotency_key":"a"}
{"person":"u2","channel":"push","delivered":true,"at":"2021-01-08","idempotency_key":"b"}
{"person":"u2","channel":"push","delivered":true,"at":"2031-01-08T00:00:00Z","idempotency_key":"c"}
{"person":"u2","channel":"push","delivered":true,"at":"2001-01-08T00:00:00Z","idempotency_key":"d"}
{"person":"u2","channel":"push","delivered":true,"at":1610000000}
{"person":"u2","channel":"in_app","presented":true,"idempotency_key":"e"}
`
	want := []string{`"line":1,"status":"stored"`, `"line":2`, `"line":3`, `"line":4`, `"line":5`, `"line":6,"status":"stored"`}
	for range 2 {
		lines := strings.Split(strings.TrimSpace(w.send("POST", "/api/v1/campaigns/new-terms-2021/notices", body, "Content-Type", "application/x-ndjson").is(200).Body.String()), "\n")
		if len(lines) != len(want) {
			t.Fatalf("%d lines: %v", len(lines), lines)
		}
		for i, line := range lines {
			if !strings.Contains(line, want[i]) || (i > 0 && i < 5) != strings.Contains(line, `"path":"at"`) {
				t.Errorf("line %d: %s", i+1, line)
			}
		}
	}
	for person, at := range map[string]time.Time{"u1": time.Date(2021, 1, 8, 7, 30, 0, 5e8, time.UTC), "u2": w.Now()} {
		file, err := w.tracker.File(t.Context(), person)
		w.must(err)
		var reported []time.Time
		for _, n := range file.Notices {
			if n.Kind == tracker.Reported {
				reported = append(reported, n.At.UTC())
			}
		}
		if len(reported) != 1 || !reported[0].Equal(at) {
			t.Errorf("%s was reached at %v, want %v once", person, reported, at)
		}
	}
	one := `{"campaign":"new-terms-2021","channel":"push","delivered":true,"at":"2021-01-08T10:00:00Z","idempotency_key":"one"}`
	id := w.send("POST", "/api/v1/people/u1/notices", one).is(201).says("recorded_at", "2021-01-08T10:00:00Z").at("id")
	w.send("POST", "/api/v1/people/u1/notices", one).is(201).says("id", id)
	w.send("POST", "/api/v1/people/u1/notices", strings.Replace(one, "2021-01-08T10:00:00Z", "yesterday", 1)).is(400).mentions("at: must be an instant")
}

func TestBouncesAreRecordedAndThoseOfNothingAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	if _, err := w.tracker.QueueLetters(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	w.send("POST", "/api/v1/people", `{"id":"u1","region":"BR","locale":"en","contact":{"email":"u1@example.org"}}`).is(201)
	w.reach(date(2021, 1, 7).Add(12 * time.Hour))
	if _, err := w.tracker.QueueLetters(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	letters, err := w.tracker.ClaimLetters(t.Context(), "me", time.Now().Add(time.Hour), 10)
	w.must(err)
	if len(letters) != 1 {
		t.Fatalf("%d letters", len(letters))
	}
	l, err := w.tracker.LetterOf(t.Context(), letters[0])
	w.must(err)
	w.must(w.tracker.BeginLetter(t.Context(), letters[0], time.Now().Add(time.Hour)))
	w.must(w.tracker.SettleLetter(t.Context(), l, tracker.Taken, ""))
	answer := w.send("POST", "/api/v1/bounces", `{"bounces":[{"notice":"ntc_none","kind":"hard"},{"notice":"<`+l.Notice+`@example.org>","kind":"complaint"},{"email":"u1@example.org","kind":"hard","code":"5.1.1"}]}`).is(200)
	if answer.at("recorded") != 2.0 || !strings.Contains(answer.Body.String(), `"unknown":[0]`) {
		t.Errorf("%s", answer.Body)
	}
	contact := w.send("GET", "/api/v1/people/u1/contact", "").is(200)
	if contact.at("reminders") != false || contact.at("bounced_at") == nil {
		t.Errorf("%s", contact.Body)
	}
	for _, query := range []string{"", "?person=u1"} {
		if list := w.send("GET", "/api/v1/deliveries"+query, "").is(200).Body.String(); !strings.Contains(list, l.Notice) || !strings.Contains(list, "hard 5.1.1") {
			t.Errorf("%q: %s", query, list)
		}
	}
	w.send("GET", "/api/v1/deliveries?person=nobody", "").is(404)
	if again := w.send("POST", "/api/v1/deliveries/"+l.Notice+"/retry", `{"reason":"another try"}`).is(200); again.at("state") != "queued" {
		t.Errorf("%s", again.Body)
	}
	w.send("POST", "/api/v1/deliveries/"+l.Notice+"/retry", `{"reason":"another try"}`).is(409)
	w.send("POST", "/api/v1/deliveries/ntc_none/retry", `{}`).is(404)
	w.send("POST", "/api/v1/bounces", `{"bounces":[{"notice":"x","email":"u1@example.org","kind":"hard"},{"notice":"x","kind":"medium","code":"550 u1@example.org"}]}`).is(422).mentions("bounces[0].notice").mentions("bounces[1].kind").mentions("bounces[1].code")
}
