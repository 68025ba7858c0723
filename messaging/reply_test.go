package messaging_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"assent/messaging"
	"assent/terms"
	"assent/tokens"
)

// notified sends a message to ana, who is limited, and returns the reply token
// that came with its notification.
func notified(t *testing.T, w *world, d *driver) string {
	t.Helper()
	w.move(t, "ana", limited)
	d.open(t, w, "ana")
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"are you there?"}`)
	h := d.await(t, "the notification", publication("ana", "notifications", "notification"))
	return h.at("notification", "reply_token").(string)
}

func reply1(w *world, t *testing.T, person, token string) error {
	t.Helper()
	params, err := json.Marshal(map[string]string{"reply_token": token, "body": "yes"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Call(t.Context(), messaging.Caller{Person: person}, "messages.reply", params)
	return err
}

func TestANotificationIsAnsweredOnceAndOnlyToItsSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := notified(t, w, drive(t, w.url))
	if err := reply1(w, t, "ana", token); err != nil {
		t.Fatal(err)
	}
	if got := w.bodies(t, "ben", "ana"); got != "are you there? yes" {
		t.Errorf("ben reads %q", got)
	}
	if err := reply1(w, t, "ana", token); !errors.Is(err, terms.Conflict) {
		t.Errorf("the second time: %v", err)
	}
	if got := w.bodies(t, "ben", "ana"); got != "are you there? yes" {
		t.Errorf("after the replay ben reads %q", got)
	}
}

func TestAReplyTokenIsGoodForNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := notified(t, w, drive(t, w.url))
	forged := w.signer.Sign(tokens.Messaging, tokens.Claims{Person: "ana", ID: "x", Data: map[string]string{"peer": "ben"}}, w.clock.Now(), time.Hour)
	for name, try := range map[string]struct{ person, token string }{
		"another person's": {"cy", token},
		"the sender's own": {"ben", token},
		"a changed one":    {"ana", strings.ToUpper(token)},
		"another purpose":  {"ana", forged},
		"made up":          {"ana", "x"},
	} {
		if err := reply1(w, t, try.person, try.token); !errors.Is(err, terms.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.move(t, "ana", suspended)
	w.refused(t, "ana", "messages.reply", `{"reply_token":"`+token+`","body":"x"}`, "messages.reply_from_notification")
	w.move(t, "ana", limited)
	w.clock.Forward(3*24*time.Hour + time.Second)
	if err := reply1(w, t, "ana", token); !errors.Is(err, terms.Invalid) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("too late: %v", err)
	}
	if got := w.bodies(t, "ben", "ana"); got != "are you there?" {
		t.Errorf("ben reads %q", got)
	}
}

func TestWhatWaitsTooLongIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, "ana", suspended)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"old"}`)
	w.clock.Forward(20 * 24 * time.Hour)
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"newer"}`)
	w.clock.Forward(11 * 24 * time.Hour)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	w.accept(t, "ana")
	d.await(t, "the newer message", publication("ana", "chats", "message"))
	if got := received(d, "ana"); got != "newer" {
		t.Errorf("handed over %q", got)
	}
}
