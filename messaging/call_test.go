package messaging_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/messaging"
	"assent/messaging/mailbox"
	"assent/terms"
)

var update = flag.Bool("update", false, "write the goldens")

// Each method, and the stage from which it is refused.
func TestTheLadderTakesAwayWhatItSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tc := range []struct {
		method, params, capability string
		from                       int // the first stage that refuses
	}{
		{"chats.list", `{}`, "chats.list", limited},
		{"chats.history", `{"peer":"ben"}`, "chats.history", limited},
		{"messages.read", `{"peer":"ben","id":"x"}`, "chats.history", limited},
		{"messages.send", `{"to":"ben","body":"x"}`, "messages.send", limited},
		{"calls.place", `{"to":"ben","kind":"voice"}`, "calls.place", limited},
		{"messages.reply", `{"reply_token":"x","body":"x"}`, "messages.reply_from_notification", suspended},
		{"calls.call_back", `{"call":"x"}`, "calls.call_back", suspended},
		{"calls.answer", `{"call":"x"}`, "calls.answer", suspended},
		{"calls.decline", `{"call":"x"}`, "", suspended + 1},
		{"calls.hang_up", `{"call":"x"}`, "", suspended + 1},
		{"groups.leave", `{"group":"x"}`, "", suspended + 1},
		{"contacts.block", `{"peer":"cy"}`, "", suspended + 1},
		{"contacts.unblock", `{"peer":"cy"}`, "", suspended + 1},
		{"calls.current", ``, "", suspended + 1},
		{"standing", ``, "", suspended + 1},
	} {
		for stage := announced; stage <= suspended; stage++ {
			w.move(t, "ana", stage)
			if stage >= tc.from {
				w.refused(t, "ana", tc.method, tc.params, tc.capability)
			} else if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, tc.method, json.RawMessage(tc.params)); errors.Is(err, terms.Restricted) {
				t.Errorf("%s in stage %d: %v", tc.method, stage, err)
			}
		}
		w.accept(t, "ana")
		if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, tc.method, json.RawMessage(tc.params)); errors.Is(err, terms.Restricted) {
			t.Errorf("%s after acceptance: %v", tc.method, err)
		}
	}
}

func TestSomebodyTheGateDoesNotKnowCanDoEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(t, "ana", "messages.send", `{"to":"ben","body":"hello"}`)
	chats := w.call(t, "ben", "chats.list", ``)["chats"].([]any)
	if len(chats) != 1 || chats[0].(map[string]any)["peer"] != "ana" || chats[0].(map[string]any)["unread"] != 1.0 {
		t.Errorf("got %v", chats)
	}
}

func TestARefusalSaysWhatIsOffAndHowToGetItBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", limited)
	_, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, "chats.list", nil)
	got, marshalErr := json.MarshalIndent(err, "", "  ")
	if marshalErr != nil {
		t.Fatal(marshalErr)
	}
	golden(t, "refusal.json", got)
}

func TestTheStandingSaysEverythingAClientShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", limited)
	data, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, "standing", nil)
	if err != nil {
		t.Fatal(err)
	}
	var indented strings.Builder
	enc := json.NewEncoder(&indented)
	enc.SetIndent("", "  ")
	if err := enc.Encode(json.RawMessage(data)); err != nil {
		t.Fatal(err)
	}
	golden(t, "standing.json", []byte(strings.TrimSpace(indented.String())))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("%s differs; got\n%s", name, got)
	}
}

func TestParamsAreReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct{ method, params, path string }{
		"unknown member":   {"messages.send", `{"to":"ben","body":"x","urgent":true}`, "urgent"},
		"member twice":     {"messages.send", `{"to":"ben","to":"cy","body":"x"}`, "to"},
		"escaped twice":    {"messages.send", `{"to":"ben","\u0074o":"cy","body":"x"}`, "to"},
		"other letters":    {"messages.send", `{"To":"ben","body":"x"}`, "To"},
		"wrong type":       {"messages.send", `{"to":7,"body":"x"}`, "to"},
		"not an object":    {"messages.send", `["ben"]`, ""},
		"trailing data":    {"messages.send", `{"to":"ben","body":"x"} 7`, ""},
		"params of none":   {"chats.list", `{"all":true}`, "all"},
		"fraction":         {"chats.history", `{"peer":"ben","limit":1.5}`, "limit"},
		"not even JSON":    {"messages.send", `to=ben`, ""},
		"text not in UTF8": {"messages.send", "{\"to\":\"ben\",\"body\":\"\xff\"}", ""},
	} {
		_, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, tc.method, json.RawMessage(tc.params))
		var unreadable *messaging.Unreadable
		if !errors.As(err, &unreadable) || unreadable.Path != tc.path || !errors.Is(err, terms.Invalid) {
			t.Errorf("%s: got %v at %+v", name, err, unreadable)
		}
	}
}

func TestValuesThatBreakARuleAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", 16<<10+1)
	for name, tc := range map[string]struct{ method, params, path string }{
		"no body":         {"messages.send", `{"to":"ben"}`, "body"},
		"too long a body": {"messages.send", `{"to":"ben","body":"` + long + `"}`, "body"},
		"no recipient":    {"messages.send", `{"body":"x"}`, "to"},
		"to oneself":      {"messages.send", `{"to":"ana","body":"x"}`, "to"},
		"kind of call":    {"calls.place", `{"to":"ben","kind":"smell"}`, "kind"},
		"limit":           {"chats.history", `{"peer":"ben","limit":100000}`, "limit"},
		"block oneself":   {"contacts.block", `{"peer":"ana"}`, "peer"},
		"no token":        {"messages.reply", `{"body":"x"}`, "reply_token"},
	} {
		_, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, tc.method, json.RawMessage(tc.params))
		var faults terms.Faults
		if !errors.As(err, &faults) || faults[0].Path != tc.path {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatDoesNotExistIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"x"}`)
	for params, method := range map[string]string{
		`{"to":"nobody","body":"x"}`:       "messages.send",
		`{"to":"nobody","kind":"voice"}`:   "calls.place",
		`{"peer":"nobody"}`:                "contacts.block",
		`{"peer":"ben","id":"nobody"}`:     "messages.read",
		`{"peer":"ben","before":"nobody"}`: "chats.history",
		`{"call":"nobody"}`:                "calls.call_back",
		`{ "call":"nobody"}`:               "calls.answer",
		`{"group":"nobody"}`:               "groups.leave",
		`{}`:                               "nobody",
	} {
		_, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, method, json.RawMessage(params))
		if !errors.Is(err, terms.NotFound) || !strings.Contains(err.Error(), `"nobody"`) {
			t.Errorf("%s %s: got %v", method, params, err)
		}
	}
}

func TestHistoryComesInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{"1", "2", "3", "4", "5"} {
		w.call(t, "ben", "messages.send", `{"to":"ana","body":"`+body+`"}`)
	}
	last := w.call(t, "ana", "chats.history", `{"peer":"ben","limit":2}`)
	first := last["messages"].([]any)[0].(map[string]any)
	if first["body"] != "4" || last["more"] != true {
		t.Fatalf("got %v", last)
	}
	before := w.call(t, "ana", "chats.history", `{"peer":"ben","limit":3,"before":"`+first["id"].(string)+`"}`)
	if got := before["messages"].([]any)[0].(map[string]any)["body"]; got != "1" {
		t.Errorf("the page before begins with %v", got)
	}
}

func TestReadingClearsTheCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"1"}`)
	second := w.call(t, "ben", "messages.send", `{"to":"ana","body":"2"}`)["id"].(string)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"3"}`)
	w.call(t, "ana", "messages.read", `{"peer":"ben","id":"`+second+`"}`)
	chats := w.call(t, "ana", "chats.list", ``)["chats"].([]any)
	if got := chats[0].(map[string]any)["unread"]; got != 1.0 {
		t.Errorf("unread: %v, want 1", got)
	}
}

func TestHeldMessagesAreInvisibleUntilRestored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"before"}`)
	w.call(t, "ana", "chats.history", `{"peer":"ben"}`)
	w.move(t, "ana", suspended)
	sent := w.call(t, "ben", "messages.send", `{"to":"ana","body":"held"}`)
	if sent["id"] == nil || len(sent) != 6 {
		t.Errorf("the sender was told %v, want what every sender is told", sent)
	}
	if got := w.bodies(t, "ben", "ana"); got != "before held" {
		t.Errorf("the sender sees %q", got)
	}
	eventually(t, "1", func() string { // what she has seen is written down a moment later
		waiting, err := w.mailbox.Waiting(t.Context(), "ana")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(waiting)
	})
	w.accept(t, "ana")
	if got := w.bodies(t, "ana", "ben"); got != "before held" {
		t.Errorf("after acceptance: %q", got)
	}
}

func TestABlockedSenderLearnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", suspended)
	w.call(t, "ana", "contacts.block", `{"peer":"ben"}`)
	w.accept(t, "ana")
	sent := w.call(t, "ben", "messages.send", `{"to":"ana","body":"x"}`)
	if len(sent) != 6 || w.bodies(t, "ben", "ana") != "x" || w.bodies(t, "ana", "ben") != "" {
		t.Errorf("told %v; ben sees %q, ana sees %q", sent, w.bodies(t, "ben", "ana"), w.bodies(t, "ana", "ben"))
	}
	if got := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)["state"]; got != "unavailable" {
		t.Errorf("calling a blocker: %v", got)
	}
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, "messages.send", json.RawMessage(`{"to":"ben","body":"y"}`)); !errors.Is(err, terms.Conflict) {
		t.Errorf("writing to somebody one has blocked: %v", err)
	}
	w.call(t, "ana", "contacts.unblock", `{"peer":"ben"}`)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"z"}`)
	if got := w.bodies(t, "ana", "ben"); got != "z" {
		t.Errorf("after unblocking: %q", got)
	}
}

func TestAPeerWhomOneHasBlockedIsToldOfNoReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call(t, "ben", "messages.send", `{"to":"ana","body":"x"}`)["id"].(string)
	for _, step := range []struct {
		method string
		told   []string
	}{{"contacts.block", nil}, {"contacts.unblock", []string{"ben"}}} {
		w.call(t, "ana", step.method, `{"peer":"ben"}`)
		if told, err := w.mailbox.Read(t.Context(), "ana", mailbox.Talk{Peer: "ben"}, id); err != nil || !slices.Equal(told, step.told) {
			t.Errorf("after %s: %v %v", step.method, told, err)
		}
	}
}

func TestForgettingAPersonLeavesNothingOfThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(t, "ana", "messages.send", `{"to":"ben","body":"x"}`)
	if err := w.Forget(t.Context(), "ana"); err != nil {
		t.Fatal(err)
	}
	if got := w.bodies(t, "ben", "ana"); got != "" {
		t.Errorf("still there: %q", got)
	}
}

func TestATokenEndsWithTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.do(t, map[string]any{"op": "open", "client": "nobody", "token": w.token("nobody")}) // whom the roll does not have
	d.await(t, "the end", func(h heard) bool { return h.Client == "nobody" && h.Event == "disconnected" && h.Code == 3500 })
}

func TestAnIncompleteServerIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := messaging.New(messaging.Options{Now: time.Now}); err == nil {
		t.Error("made a server out of nothing")
	}
}
