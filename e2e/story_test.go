package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// secret is what people write to each other.
	secret = "meet me at the lighthouse"
	// immediately is how soon an acceptance is felt everywhere.
	immediately = time.Second

	ndjson         = "application/x-ndjson"
	idempotencyKey = "Idempotency-Key"
)

// What the ladder takes away, stage by stage, besides the grant that nobody
// has before they accept.
var (
	ungranted     = []string{"business.data_sharing"}
	whenLimited   = []string{"business.chat", "business.data_sharing", "calls.place", "chats.history", "chats.list", "messages.send"}
	whenSuspended = []string{"calls.answer", "calls.call_back", "messages.receive", "messages.reply_from_notification", "notifications.receive"}
)

// TestTheWholeStory goes with one person through the ladder, as scripts, flags,
// decisions and a phone see it.
func TestTheWholeStory(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, database string) {
		s := newSite(t, "ASSENT_DEMO_CLOCK="+beginning, database).start("demo", "--empty")
		s.campaign()
		s.people()
		if off := s.off("bia"); !slices.Equal(off, ungranted) {
			t.Fatalf("before anything, bia is without %q", off)
		}
		s.stands("bia", "announced", "pending")

		s.untilTheDeadline()
		bia, raj := s.connect("bia"), s.connect("raj")
		bia.calls("messages.send", map[string]any{"to": "raj", "body": secret})
		raj.heard("chats:raj", "message/body", secret)
		s.clock("2021-07-04T00:00:00Z")
		s.limited(bia, raj)
		s.accepts(bia, raj)
		s.staysAsAccepted()
	})
}

// people brings everybody in: one by one, and many with a bad line among them.
func (s *site) people() {
	s.Helper()
	s.person("bia", "BR", "pt-BR")
	s.send("POST", "/api/v1/people", `{"id":"bia","region":"BR","locale":"pt-BR","created_at":"2020-01-04T00:00:00Z"}`).is(201) // nothing new
	lines := `{"id":"raj","region":"IN","locale":"en","created_at":"2020-01-04T00:00:00Z"}
{"id":"bad","region":"Brazil","locale":"en"}
{"id":"dora","region":"DE","locale":"de","created_at":"2020-01-04T00:00:00Z"}
{"id":"tess","region":"TR","locale":"tr","created_at":"2020-01-04T00:00:00Z"}
{"id":"untold","region":"BR","locale":"pt-BR","created_at":"2020-01-04T00:00:00Z"}
{"id":"unread`
	report := strings.Split(strings.TrimSpace(s.send("POST", "/api/v1/people", lines, "Content-Type", ndjson).is(200).body), "\n")
	if len(report) != 6 {
		s.Fatalf("a report of %d lines: %q", len(report), report)
	}
	for i, line := range report {
		a := answer{TB: s.TB, body: line}
		a.says("line", i+1)
		if bad := i == 1 || i == 5; bad != (a.at("errors") != nil) || bad == (a.at("status") == "stored") {
			s.Errorf("line %d: %s", i+1, line)
		}
	}
	answer{TB: s.TB, body: report[1]}.says("errors/0/path", "region")
	s.send("GET", "/api/v1/people/bad", "").problem(404, "bad")
	s.send("GET", "/api/v1/campaigns/"+campaign, "").is(200).says("counts/in_scope", 5, "counts/pending", 5)
}

// untilTheDeadline goes from the announcement to five weeks after the deadline.
// Everybody but one is told, and nobody loses anything.
func (s *site) untilTheDeadline() {
	s.Helper()
	told := []string{"bia", "raj", "dora", "tess"}
	for _, day := range []struct{ at, stage, mode string }{
		{"2021-01-06T00:05:00Z", "announced", "banner"},
		{"2021-05-14T23:50:00Z", "announced", "banner"},
		{"2021-05-15T01:00:00Z", "reminded", "banner"},
		{"2021-06-12T01:00:00Z", "persistent", "full_screen"},
		{"2021-06-18T23:50:00Z", "persistent", "full_screen"},
	} {
		s.clock(day.at)
		s.stands("bia", day.stage, "pending")
		for _, person := range told {
			if off := s.off(person); !slices.Equal(off, ungranted) {
				s.Fatalf("on %s %s is without %q", day.at, person, off)
			}
			s.notice(person)
		}
		s.send("POST", "/ofrep/v1/evaluate/flags/terms.notice", `{"context":{"targetingKey":"bia"}}`).is(200).
			says("value/mode", day.mode, "value/stage", day.stage, "value/url", s.url+"/t/"+campaign)
	}
	// In good time, so that the deadline passes with it on record.
	receipt := s.respond("raj", "accepted", "en", "raj").is(201)
	receipt.says("action", "accepted", "effect", "full")
}

// limited is where bia has not chosen: part of the service is off, wherever
// she comes from, and the other part is as it was.
func (s *site) limited(bia, raj *socket) {
	s.Helper()
	s.stands("bia", "limited", "pending")
	if off := s.off("bia"); !slices.Equal(off, whenLimited) {
		s.Errorf("bia is without %q", off)
	}
	for _, capability := range whenLimited {
		s.everywhere("bia", capability, false)
	}
	for _, capability := range append([]string{"terms.respond", "account.delete", "contacts.block"}, whenSuspended...) {
		s.everywhere("bia", capability, true)
	}
	for person, stage := range map[string]string{"dora": "reminded", "tess": "announced", "untold": "persistent"} {
		s.stands(person, stage, "pending")
		if off := s.off(person); !slices.Equal(off, ungranted) {
			s.Errorf("%s is without %q", person, off)
		}
	}
	s.refusal(bia)
	s.stillRings(bia, raj)
}

// refusal is what bia hears when she writes all the same: over HTTP, over the
// connection that was open before, and over a new one.
func (s *site) refusal(bia *socket) {
	s.Helper()
	params := map[string]any{"to": "raj", "body": secret}
	next := s.standing("bia").text("campaigns/0/next/at")
	overHTTP := s.call(s.token("bia"), "messages.send", object("to", "raj", "body", secret)).problem(403, "accept")
	overHTTP.says("type", "urn:assent:problem:restricted", "capability", "messages.send", "stage", "limited",
		"accept_url", s.url+"/t/"+campaign, "next/stage", "suspended_delivery", "next/at", next)
	if link := overHTTP.header.Get("Link"); link != "<"+s.url+"/t/"+campaign+`>; rel="terms-of-service"` {
		s.Errorf("Link: %s", link)
	}
	if at, err := time.Parse(time.RFC3339, next); err != nil || !strings.HasSuffix(next, "Z") || at.Format(time.DateOnly) < "2021-07-17" {
		s.Errorf("the next stage is at %s, %v", next, err)
	}
	bia.heard("me:bia", "event", "standing", "standing/capabilities/messages.send/value", false, "standing/campaigns/0/stage", "limited")
	for name, socket := range map[string]*socket{"old": bia, "new": s.connect("bia")} {
		r := socket.rpc("messages.send", params)
		if r.Error == nil || r.Error.Code != 1403 {
			s.Fatalf("over the %s connection: %+v", name, r)
		}
		answer{TB: s.TB, body: r.Error.Message}.says("status", 403, "capability", "messages.send", "stage", "limited",
			"accept_url", s.url+"/t/"+campaign, "next/stage", "suspended_delivery", "next/at", next)
	}
}

// stillRings is what goes on at the limited stage: she is called and answers,
// she is written to and replies from the notification.
func (s *site) stillRings(bia, raj *socket) {
	s.Helper()
	call := at(raj.calls("calls.place", map[string]any{"to": "bia", "kind": "voice"}), "id")
	bia.heard("calls:bia", "event", "call", "call/id", call, "call/state", "ringing")
	bia.calls("calls.answer", map[string]any{"call": call})
	raj.heard("me:raj", "call/id", call, "call/state", "answered")
	s.call(s.token("bia"), "calls.hang_up", object("call", call)).is(200)

	raj.calls("messages.send", map[string]any{"to": "bia", "body": secret + "?"})
	note := bia.heard("notifications:bia", "event", "notification", "notification/body", secret+"?")
	bia.calls("messages.reply", map[string]any{"reply_token": at(note, "notification/reply_token"), "body": secret + "!"})
	raj.heard("chats:raj", "message/body", secret+"!")
}

// accepts brings everything back within a second, also to the connection that
// is open, and leaves a receipt that anybody can check.
func (s *site) accepts(bia, raj *socket) {
	s.Helper()
	s.staleIsRefused()
	receipt := s.respond("bia", "accepted", "pt-BR", "bia-1").is(201).says("action", "accepted", "effect", "full", "person", "bia")
	s.within(immediately, "the flag is on", func() bool { return s.flag("bia", "messages.send") == true })
	s.within(immediately, "the decision allows it", func() bool { return s.allowed("bia", "messages.send") })
	s.within(immediately, "the open connection works", func() bool {
		return bia.rpc("messages.send", map[string]any{"to": "raj", "body": "back"}).Error == nil
	})
	raj.heard("chats:raj", "message/body", "back")
	bia.heard("me:bia", "event", "standing", "standing/capabilities/messages.send/value", true, "standing/campaigns/0/status", "accepted")
	if off := s.off("bia"); len(off) > 0 {
		s.Errorf("having accepted, bia is without %q", off)
	}
	s.stands("bia", "announced", "accepted")
	s.proves(receipt)
}

// staleIsRefused sends what is no choice about the current texts.
func (s *site) staleIsRefused() {
	s.Helper()
	stale := documents("pt-BR")
	stale[0]["sha256"] = digest("# Termos de Serviço, as they were")
	body := object("campaign", campaign, "action", "accepted", "documents", stale)
	s.send("POST", "/api/v1/people/bia/responses", body, idempotencyKey, "bia-0").problem(409, "current").says(
		"current/0/document", "terms-of-service", "current/0/version", version, "current/0/sha256", digest(texts["terms-of-service"]["pt-BR"]),
		"current/1/document", "privacy-policy", "current/1/version", version, "current/1/sha256", digest(texts["privacy-policy"]["pt-BR"]))
	s.stands("bia", "limited", "pending")
}

// proves checks that a receipt is of the bytes that were published, given again
// for the same key, kept, and good offline; and that a changed one is not.
func (s *site) proves(receipt answer) {
	s.Helper()
	for i, document := range documents("pt-BR") {
		published := s.send("GET", "/api/v1/documents/"+document["document"]+"/versions/"+version, "").is(200).text("texts/pt-BR/markdown")
		for name, value := range map[string]string{"document": document["document"], "version": version, "locale": "pt-BR", "sha256": digest(published)} {
			path := "documents/" + string(rune('0'+i)) + "/" + name
			receipt.says(path, value, "record/"+path, value)
		}
		if published != texts[document["document"]]["pt-BR"] {
			s.Errorf("%s is published as %q", document["document"], published)
		}
	}
	if again := s.respond("bia", "accepted", "pt-BR", "bia-1").is(200); again.body != receipt.body {
		s.Errorf("the same key brings another receipt:\n%s\n%s", again.body, receipt.body)
	}
	s.respond("bia", "declined", "pt-BR", "bia-1").problem(409, idempotencyKey)
	kept := s.send("GET", receipt.header.Get("Location"), "").is(200)
	if kept.body != receipt.body {
		s.Errorf("the receipt is kept as\n%s\ninstead of\n%s", kept.body, receipt.body)
	}
	s.verifies(receipt.body)
}

// verifies checks a receipt on the command line, with the public key alone.
func (s *site) verifies(receipt string) {
	s.Helper()
	dir := s.TempDir()
	keep := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.Fatal(err)
		}
		return path
	}
	public := keep("ledger.public", s.send("GET", "/ledger/key", "", "Authorization", "").is(200).body)
	said := s.runs("verify", keep("receipt.json", receipt), "--key", public)
	for _, document := range documents((answer{TB: s.TB, body: receipt}).text("documents/0/locale")) {
		if !strings.Contains(said, "Proved") || !strings.Contains(said, document["sha256"]) {
			s.Errorf("the check says %s", said)
		}
	}
	forged := keep("forged.json", strings.Replace(receipt, `"region":"BR"`, `"region":"DE"`, 1))
	s.refuses(3, []string{"verify", forged, "--key", public}, "NOT proved")
}

// staysAsAccepted is the rest of the year: whoever accepted keeps everything,
// whoever was never told loses nothing, and where the terms are not in force
// accepting grants nothing.
func (s *site) staysAsAccepted() {
	s.Helper()
	s.respond("tess", "accepted", "en", "tess").is(201).says("effect", "void")
	s.respond("dora", "declined", "en", "dora").is(201)
	s.clock("2021-12-01T00:00:00Z")
	for person, missing := range map[string][]string{"bia": nil, "raj": nil, "dora": ungranted, "tess": ungranted, "untold": ungranted} {
		if off := s.off(person); !slices.Equal(off, missing) {
			s.Errorf("in December %s is without %q", person, off)
		}
	}
	counts := s.send("GET", "/api/v1/campaigns/"+campaign, "").is(200)
	counts.says("counts/accepted", 3, "counts/declined", 1, "counts/pending", 1, "counts/restricted", 0)
	if n := s.choices(); n != 4 {
		s.Errorf("the log holds %d choices", n)
	}
}
