package messaging_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"assent/messaging"
	"assent/terms"
)

// openOn connects a client named after its device.
func (d *driver) openOn(t *testing.T, w *world, person, device string) {
	t.Helper()
	r := d.do(t, map[string]any{"op": "open", "client": device, "token": w.tokenOn(person, device)})
	if !strings.Contains(string(r.Result), `"connected"`) {
		t.Fatalf("%s: %s", device, r.Result)
	}
	d.settled(t, w, device, person)
}

// on fits an event of a kind on a line of a device.
func on(device, line, kind, body string) func(heard) bool {
	return func(h heard) bool {
		return h.Client == device && h.Event == "publication" && strings.HasPrefix(h.Channel, line+"@"+device+":") && h.at("event") == kind && h.at(kind, "body") == body
	}
}

func TestEachDeviceIsHandedEverythingEvenIfItWasAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.openOn(t, w, "ana", "phone")
	d.openOn(t, w, "ana", "laptop")
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"one"}`)
	d.await(t, "on the phone", on("phone", "chats", "message", "one"))
	d.await(t, "on the laptop", on("laptop", "chats", "message", "one"))
	d.do(t, map[string]any{"op": "close", "client": "laptop"})
	w.move(t, "ana", limited)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"two"}`)
	d.await(t, "on the phone", on("phone", "notifications", "notification", "two"))
	d.openOn(t, w, "ana", "laptop")
	d.await(t, "on the laptop, later", on("laptop", "notifications", "notification", "two"))
}

func TestANotificationIsRepliedToFromTheDeviceThatGotIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", limited)
	d := drive(t, w.url)
	d.openOn(t, w, "ana", "phone")
	d.openOn(t, w, "ana", "laptop")
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"where are you?"}`)
	note := d.await(t, "on the phone", on("phone", "notifications", "notification", "where are you?"))
	params := json.RawMessage(`{"body":"here","reply_token":"` + note.at("notification", "reply_token").(string) + `"}`)
	for _, device := range []string{"laptop", ""} {
		if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana", Device: device}, "messages.reply", params); !errors.Is(err, terms.Invalid) {
			t.Errorf("from %q: %v", device, err)
		}
	}
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana", Device: "phone"}, "messages.reply", params); err != nil {
		t.Errorf("from the phone: %v", err)
	}
	other := d.await(t, "on the laptop", on("laptop", "notifications", "notification", "where are you?"))
	params = json.RawMessage(`{"body":"here too","reply_token":"` + other.at("notification", "reply_token").(string) + `"}`)
	if _, err := w.Call(t.Context(), messaging.Caller{Person: "ana", Device: "laptop"}, "messages.reply", params); !errors.Is(err, terms.Conflict) {
		t.Errorf("a second answer to one message, from the other device: %v", err)
	}
}

func TestSendingAgainKeepsOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	params := `{"to":"ben","body":"once","client_id":"a1"}`
	first, again := w.call(t, "ana", "messages.send", params), w.call(t, "ana", "messages.send", params)
	if first["id"] != again["id"] || w.bodies(t, "ben", "ana") != "once" {
		t.Errorf("%v, then %v; ben reads %q", first, again, w.bodies(t, "ben", "ana"))
	}
	w.fails(t, terms.Conflict, "ana", "messages.send", `{"to":"ben","body":"other","client_id":"a1"}`)
	w.fails(t, terms.Invalid, "ana", "messages.send", `{"to":"ben","group":"choir","body":"x"}`)
	w.fails(t, terms.Invalid, "ana", "messages.send", `{"to":"ben","body":"a\u0000b"}`)
}

func TestWhatAPersonReadsIsReadOnTheirOtherDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.openOn(t, w, "ana", "phone")
	d.openOn(t, w, "ben", "tablet")
	id := w.call(t, "ben", "messages.send", `{"to":"ana","body":"x"}`)["id"].(string)
	w.call(t, "ana", "messages.read", `{"peer":"ben","id":"`+id+`"}`)
	for _, device := range []string{"phone", "tablet"} {
		h := d.await(t, "the mark on the "+device, func(h heard) bool { return h.Client == device && h.at("event") == "read" })
		if h.at("read", "reader") != "ana" || h.at("read", "id") != id {
			t.Errorf("got %+v", h)
		}
	}
}

func TestAPersonTakesTheirChatsAlongAtEveryStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(t, "ana", "messages.send", `{"to":"ben","body":"mine"}`)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"seen"}`)
	w.call(t, "ana", "chats.list", ``)
	eventually(t, "0", func() string {
		waiting, err := w.mailbox.Waiting(t.Context(), "ana")
		return fmt.Sprint(waiting, err)[:1]
	})
	w.move(t, "ana", suspended)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"held"}`)
	all, after := "", ""
	for more := true; more; {
		page := w.call(t, "ana", "chats.export", `{"limit":1,"after":"`+after+`"}`)
		for _, m := range page["messages"].([]any) {
			all += m.(map[string]any)["body"].(string) + " "
		}
		if page["waiting"] != 1.0 {
			t.Errorf("%v wait", page["waiting"])
		}
		if more = page["more"].(bool); more {
			after = page["after"].(string)
		}
	}
	if all != "mine seen " {
		t.Errorf("the export has %q", all)
	}
	w.fails(t, terms.NotFound, "cy", "chats.export", `{"after":"`+after+`"}`)
}
