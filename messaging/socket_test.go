package messaging_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"assent/messaging"
	"assent/tokens"
)

const everyLine = "calls chats me notifications"

func TestAMessageReachesTheOtherSideWithANotification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	eventually(t, everyLine, func() string { return d.lines(t, "ben") })
	if r := d.rpc(t, "ana", "messages.send", map[string]any{"to": "ben", "body": "hello"}); r.Error != nil {
		t.Fatal(r.Error)
	}
	got := d.await(t, "the message", publication("ben", "chats", "message"))
	if got.at("message", "body") != "hello" || got.at("message", "from") != "ana" {
		t.Errorf("got %+v", got)
	}
	note := d.await(t, "the notification", publication("ben", "notifications", "notification"))
	if note.at("notification", "body") != "hello" || note.at("notification", "reply_token") == nil {
		t.Errorf("got %+v", note)
	}
	echo := d.await(t, "the echo for other devices", publication("ana", "chats", "message"))
	if echo.at("message", "to") != "ben" {
		t.Errorf("got %+v", echo)
	}
}

func TestEachStageBitesOnAnOpenConnectionAndAcceptanceRestoresItLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	eventually(t, everyLine, func() string { return d.lines(t, "ana") })

	w.move(t, "ana", limited)
	eventually(t, "calls me notifications", func() string { return d.lines(t, "ana") })
	d.await(t, "the standing", func(h heard) bool {
		return publication("ana", "me", "standing")(h) && h.at("standing", "capabilities", "messages.send", "value") == false &&
			h.at("standing", "notice", "mode") == "full_screen"
	})
	r := d.rpc(t, "ana", "messages.send", map[string]any{"to": "ben", "body": "hello"})
	if r.Error == nil || r.Error.Code != 1403 {
		t.Fatalf("got %+v", r)
	}
	var problem map[string]any
	if err := json.Unmarshal([]byte(r.Error.Message), &problem); err != nil || problem["capability"] != "messages.send" ||
		problem["accept_url"] != "https://terms.example.org/t/new-terms" || problem["stage"] != "limited" || problem["status"] != 403.0 {
		t.Errorf("the refusal is %s", r.Error.Message)
	}
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"seen"}`)
	d.await(t, "the notification", publication("ana", "notifications", "notification"))

	w.move(t, "ana", suspended)
	eventually(t, "me", func() string { return d.lines(t, "ana") })
	for _, body := range []string{"one", "two", "three"} {
		w.call(t, "ben", "messages.send", `{"to":"ana","body":"`+body+`"}`)
	}

	w.accept(t, "ana")
	eventually(t, everyLine, func() string { return d.lines(t, "ana") })
	d.await(t, "the last held message", func(h heard) bool {
		return publication("ana", "chats", "message")(h) && h.at("message", "body") == "three"
	})
	if got := received(d, "ana"); got != "one two three" {
		t.Errorf("the chat line brought %q, want what was held, in order", got)
	}
	if r := d.rpc(t, "ana", "chats.list", nil); r.Error != nil {
		t.Errorf("the chat list after acceptance: %+v", r.Error)
	}
}

// received lists the bodies a client heard on its chat line, in order.
func received(d *driver, client string) string {
	var out []string
	for _, h := range d.all() {
		if publication(client, "chats", "message")(h) {
			body, _ := h.at("message", "body").(string)
			out = append(out, body)
		}
	}
	return strings.Join(out, " ")
}

func TestEveryConnectionOfAPersonChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone, laptop := drive(t, w.url), drive(t, w.url)
	phone.open(t, w, "ana")
	laptop.open(t, w, "ana")
	w.move(t, "ana", suspended)
	eventually(t, "me", func() string { return phone.lines(t, "ana") })
	eventually(t, "me", func() string { return laptop.lines(t, "ana") })
	w.accept(t, "ana")
	eventually(t, everyLine, func() string { return phone.lines(t, "ana") })
	eventually(t, everyLine, func() string { return laptop.lines(t, "ana") })
}

func TestAMessageWaitsForAPersonWhoIsOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", limited)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"while you were away"}`)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	note := d.await(t, "the notification of what waited", publication("ana", "notifications", "notification"))
	if note.at("notification", "body") != "while you were away" {
		t.Errorf("got %+v", note)
	}
}

func TestOnlyAGenuineTokenConnects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	late := w.signer.Sign(tokens.Messaging, tokens.Claims{Person: "ana"}, w.clock.Now().Add(-time.Hour), time.Minute)
	for name, token := range map[string]string{
		"forged":          w.token("ana") + "x",
		"another purpose": w.signer.Sign(tokens.PersonSession, tokens.Claims{Person: "ana"}, w.clock.Now(), time.Hour),
		"nobody's":        w.signer.Sign(tokens.Messaging, tokens.Claims{}, w.clock.Now(), time.Hour),
		"expired":         late,
	} {
		if r := d.do(t, map[string]any{"op": "open", "client": name, "token": token}); !strings.Contains(string(r.Result), `"disconnected"`) {
			t.Errorf("%s: %s %+v", name, r.Result, r.Error)
		}
	}
}

func TestAConnectionEndsWithItsToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *messaging.Options) { o.SweepEvery = 50 * time.Millisecond })
	d := drive(t, w.url)
	d.open(t, w, "ana")
	w.clock.Forward(366 * 24 * time.Hour)
	d.await(t, "the end", func(h heard) bool { return h.Client == "ana" && h.Event == "disconnected" })
}

func TestNobodyListensInOnAnotherPersonsLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "eve")
	for _, channel := range []string{"chats:ana", "me:ana", "notifications:ana", "calls:ana", "chats:eve"} {
		if r := d.do(t, map[string]any{"op": "subscribe", "client": "eve", "channel": channel}); r.Error == nil {
			t.Errorf("joined %s: %s", channel, r.Result)
		}
	}
}

func TestErrorsOverTheSocketSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	for name, tc := range map[string]struct {
		method string
		params map[string]any
		code   int
		names  string
	}{
		"unknown method": {"chats.steal", nil, 1404, "chats.steal"},
		"unknown person": {"messages.send", map[string]any{"to": "nobody", "body": "x"}, 1404, "nobody"},
		"unknown member": {"messages.send", map[string]any{"to": "ben", "text": "x"}, 1400, "text"},
		"missing member": {"messages.send", map[string]any{"to": "ben"}, 1422, "body"},
		"unknown group":  {"groups.leave", map[string]any{"group": "choir"}, 1404, "choir"},
	} {
		r := d.rpc(t, "ana", tc.method, tc.params)
		if r.Error == nil || r.Error.Code != tc.code || !strings.Contains(r.Error.Message, tc.names) {
			t.Errorf("%s: got %+v %s", name, r.Error, r.Result)
		}
	}
}

func TestBodiesNeverReachTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", suspended)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	d.open(t, w, "ben")
	const secret = "meet me at the lighthouse"
	d.rpc(t, "ana", "messages.send", map[string]any{"to": "ben", "body": secret})
	d.rpc(t, "ben", "messages.send", map[string]any{"to": "ana", "body": secret})
	d.rpc(t, "ben", "messages.send", map[string]any{"to": "nobody", "body": secret})
	w.accept(t, "ana")
	d.await(t, "delivery", publication("ana", "chats", "message"))
	if strings.Contains(w.log.String(), "lighthouse") {
		t.Errorf("the log holds a body:\n%s", w.log)
	}
}
