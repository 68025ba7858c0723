package messaging_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"assent/messaging"
	"assent/terms"
)

// callEvent fits a state of a call on one of the lines of a client.
func callEvent(client, line, state, reason string) func(heard) bool {
	return func(h heard) bool {
		said, _ := h.at("call", "reason").(string)
		return publication(client, line, "call")(h) && h.at("call", "state") == state && said == reason
	}
}

func TestACallRingsIsAnsweredAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	placed := w.call(t, "ana", "calls.place", `{"to":"ben","kind":"video"}`)
	call := `{"call":"` + placed["id"].(string) + `"}`
	h := d.await(t, "ringing", callEvent("ben", "calls", "ringing", ""))
	if h.at("call", "from") != "ana" || h.at("call", "kind") != "video" {
		t.Errorf("got %+v", h)
	}
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "cy"}, "calls.answer", json.RawMessage(call)); !errors.Is(err, terms.NotFound) {
		t.Errorf("a stranger answers: %v", err)
	}
	w.call(t, "ben", "calls.answer", call)
	d.await(t, "answered", callEvent("ana", "me", "answered", ""))
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "ben"}, "calls.decline", json.RawMessage(call)); !errors.Is(err, terms.Conflict) {
		t.Errorf("declining what is answered: %v", err)
	}
	if got := w.call(t, "cy", "calls.place", `{"to":"ben","kind":"voice"}`)["state"]; got != "unavailable" {
		t.Errorf("calling somebody in a call: %v", got)
	}
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, "calls.place", json.RawMessage(`{"to":"cy","kind":"voice"}`)); !errors.Is(err, terms.Conflict) {
		t.Errorf("calling out of a call: %v", err)
	}
	w.call(t, "ana", "calls.hang_up", call)
	d.await(t, "the end", callEvent("ben", "me", "ended", "hung_up"))
}

func TestALimitedPersonStillAnswersCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", limited)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	placed := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	d.await(t, "ringing", callEvent("ana", "calls", "ringing", ""))
	w.call(t, "ana", "calls.answer", `{"call":"`+placed["id"].(string)+`"}`)
	d.await(t, "answered", callEvent("ben", "me", "answered", ""))
}

// Whoever calls hears the same of somebody who is offline, suspended, or has
// blocked them.
func TestACallerDoesNotLearnWhyNobodyAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "suspended")
	d.open(t, w, "blocker")
	w.move(t, "suspended", suspended)
	w.call(t, "blocker", "contacts.block", `{"peer":"ana"}`)
	for _, to := range []string{"offline", "suspended", "blocker"} {
		answer := w.call(t, "ana", "calls.place", `{"to":"`+to+`","kind":"voice"}`)
		delete(answer, "id")
		delete(answer, "to")
		if got, err := json.Marshal(answer); err != nil || string(got) != `{"from":"ana","kind":"voice","state":"unavailable"}` {
			t.Errorf("%s: %s %v", to, got, err)
		}
	}
}

func TestALimitedPersonCallsBackAMissedCallAndNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", limited)
	missed := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"video"}`) // she is offline
	call := `{"call":"` + missed["id"].(string) + `"}`
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	h := d.await(t, "the missed call", publication("ana", "notifications", "notification"))
	if h.at("notification", "kind") != "missed_call" || h.at("notification", "id") != missed["id"] || h.at("notification", "reply_token") != nil {
		t.Errorf("got %+v", h)
	}
	w.refused(t, "ana", "calls.place", `{"to":"ben","kind":"video"}`, "calls.place")
	back := w.call(t, "ana", "calls.call_back", call)
	if back["to"] != "ben" || back["kind"] != "video" || back["state"] != "ringing" {
		t.Errorf("got %v", back)
	}
	w.call(t, "ben", "calls.decline", `{"call":"`+back["id"].(string)+`"}`)
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "ben"}, "calls.call_back", json.RawMessage(call)); !errors.Is(err, terms.NotFound) {
		t.Errorf("the caller calls his own call back: %v", err)
	}
	w.clock.Forward(4 * 24 * time.Hour)
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana"}, "calls.call_back", json.RawMessage(call)); !errors.Is(err, terms.Conflict) {
		t.Errorf("too late: %v", err)
	}
}

func TestARingingCallStopsWhenItsStageComesAndTheCallerIsNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *messaging.Options) { o.RingFor = 2 * time.Second })
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	placed := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	d.await(t, "ringing", callEvent("ana", "calls", "ringing", ""))
	w.move(t, "ana", suspended)
	d.await(t, "the end", callEvent("ana", "me", "ended", "unavailable"))
	w.refused(t, "ana", "calls.answer", `{"call":"`+placed["id"].(string)+`"}`, "calls.answer")
	if still, _ := w.call(t, "ben", "calls.current", ``)["call"].(map[string]any); still["state"] != "ringing" {
		t.Errorf("the caller hears %v when the other is suspended", still)
	}
	d.await(t, "the end", callEvent("ben", "me", "ended", "no_answer"))
}

func TestACallRingsAgainForSomebodyWhoAcceptsMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	placed := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	d.await(t, "ringing", callEvent("ana", "calls", "ringing", ""))
	w.move(t, "ana", suspended)
	d.await(t, "the end", callEvent("ana", "me", "ended", "unavailable"))
	w.accept(t, "ana")
	eventually(t, "2 times", func() string {
		rings := 0
		for _, h := range d.all() {
			if callEvent("ana", "calls", "ringing", "")(h) {
				rings++
			}
		}
		return fmt.Sprint(rings, " times")
	})
	w.call(t, "ana", "calls.answer", `{"call":"`+placed["id"].(string)+`"}`)
	d.await(t, "the answer", callEvent("ben", "me", "answered", ""))
}

func TestACallInProgressIsNotCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	placed := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	call := `{"call":"` + placed["id"].(string) + `"}`
	w.call(t, "ana", "calls.answer", call)
	w.move(t, "ana", suspended)
	eventually(t, "me", func() string { return d.lines(t, "ana") })
	w.call(t, "ana", "calls.hang_up", call)
	d.await(t, "the end", callEvent("ben", "me", "ended", "hung_up"))
}

func TestACallThatNobodyAnswersEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *messaging.Options) { o.RingFor = 50 * time.Millisecond })
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	d.await(t, "the end", callEvent("ben", "me", "ended", "no_answer"))
	d.await(t, "the missed call", publication("ana", "notifications", "notification"))
}

func TestACallEndsWithTheLastConnectionOfEither(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *messaging.Options) { o.RingFor = 100 * time.Millisecond })
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	placed := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	w.call(t, "ana", "calls.answer", `{"call":"`+placed["id"].(string)+`"}`)
	d.do(t, map[string]any{"op": "close", "client": "ana"})
	d.await(t, "the end", callEvent("ben", "me", "ended", "hung_up"))
}

func TestANewConnectionFindsTheCallThatRings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone, laptop := drive(t, w.url), drive(t, w.url)
	phone.open(t, w, "ana")
	w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	laptop.open(t, w, "ana")
	laptop.await(t, "ringing", callEvent("ana", "calls", "ringing", ""))
}

func TestAPersonWithoutAConnectionCanBeRungWhileTheirProgramAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", limited)
	if got := w.call(t, "ana", "calls.current", ``)["call"]; got != nil {
		t.Errorf("before any call: %v", got)
	}
	placed := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	ringing, _ := w.call(t, "ana", "calls.current", ``)["call"].(map[string]any)
	if placed["state"] != "ringing" || ringing["id"] != placed["id"] {
		t.Fatalf("placed %v, current %v", placed, ringing)
	}
	call := `{"call":"` + placed["id"].(string) + `"}`
	w.call(t, "ana", "calls.answer", call)
	w.call(t, "ana", "calls.hang_up", call)
	w.clock.Forward(11 * time.Minute)
	if got := w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)["state"]; got != "unavailable" {
		t.Errorf("long after she was last there: %v", got)
	}
}

func TestACallStopsRingingAtAProgramThatMayNoLongerAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(t, "ana", "standing", ``)
	w.call(t, "ben", "calls.place", `{"to":"ana","kind":"voice"}`)
	w.move(t, "ana", suspended)
	eventually(t, "<nil>", func() string { return fmt.Sprint(w.call(t, "ana", "calls.current", ``)["call"]) })
}

// A call rings at a server that dies; another one, or the same after a restart,
// leaves what the person called would have found.
func TestACallThatRangAtAServerThatIsGoneIsMissed(t *testing.T) {
	t.Parallel()
	gone := newWorld(t)
	before := drive(t, gone.url)
	for _, person := range []string{"ana", "ben", "cy", "di"} {
		before.open(t, gone, person)
	}
	call := gone.call(t, "ana", "calls.place", `{"to":"ben","kind":"video"}`)["id"].(string)
	answered := gone.call(t, "cy", "calls.place", `{"to":"di","kind":"voice"}`)["id"].(string)
	gone.call(t, "di", "calls.answer", `{"call":"`+answered+`"}`)

	w := newWorldOn(t, gone.mailbox, gone.facts, func(o *messaging.Options) {
		now := o.Now
		o.Wall = func() time.Time { return now().Add(time.Minute) }
	})
	d := drive(t, w.url)
	d.open(t, w, "ben")
	entry := d.await(t, "the missed call", publication("ben", "chats", "message"))
	if entry.at("message", "id") != call || entry.at("message", "kind") != "missed_call" || entry.at("message", "call") != "video" {
		t.Errorf("got %+v", entry)
	}
	if state := w.call(t, "ben", "calls.call_back", `{"call":"`+call+`"}`)["state"]; state != "unavailable" {
		t.Errorf("calling back somebody who is not here: %v", state)
	}
	if list := w.call(t, "di", "chats.list", ``)["chats"].([]any); len(list) > 0 {
		t.Errorf("an answered call was missed: %v", list)
	}
}
