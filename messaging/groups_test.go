package messaging_test

import (
	"encoding/json"
	"errors"
	"testing"

	"assent/messaging"
	"assent/terms"
)

// choir makes a group of ana with ben and cy and returns its id.
func choir(t *testing.T, w *world) string {
	t.Helper()
	made := w.call(t, "ana", "groups.create", `{"title":"Choir","members":["ben","cy"]}`)
	if made["title"] != "Choir" || len(made["members"].([]any)) != 3 {
		t.Fatalf("made %v", made)
	}
	return made["group"].(string)
}

func (w *world) fails(t *testing.T, kind terms.Kind, person, method, params string) {
	t.Helper()
	if _, err := w.Call(t.Context(), messaging.Caller{Person: person}, method, json.RawMessage(params)); !errors.Is(err, kind) {
		t.Errorf("%s for %s: %v; want %s", method, person, err, kind)
	}
}

func TestAGroupIsSeparateFromEveryOnesStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	for _, person := range []string{"ana", "ben", "cy"} {
		d.open(t, w, person)
		eventually(t, everyLine, func() string { return d.lines(t, person) })
	}
	group := choir(t, w)
	d.await(t, "the invitation", func(h heard) bool {
		return publication("cy", "notifications", "notification")(h) && h.at("notification", "kind") == "made"
	})
	w.move(t, "ben", limited)
	w.move(t, "cy", suspended)
	eventually(t, "me", func() string { return d.lines(t, "cy") })
	sent := w.call(t, "ana", "messages.send", `{"group":"`+group+`","body":"la"}`)
	if sent["group"] != group || sent["to"] != nil {
		t.Errorf("the sender is told %v", sent)
	}
	note := d.await(t, "the notification", func(h heard) bool {
		return publication("ben", "notifications", "notification")(h) && h.at("notification", "body") == "la"
	})
	w.refused(t, "ben", "messages.send", `{"group":"`+group+`","body":"typed"}`, "messages.send")
	w.refused(t, "ben", "groups.create", `{"title":"Mine","members":["ana"]}`, "messages.send")
	reply := w.call(t, "ben", "messages.reply", `{"reply_token":"`+note.at("notification", "reply_token").(string)+`","body":"lala"}`)
	if reply["group"] != group {
		t.Errorf("the reply went to %v", reply)
	}
	w.refused(t, "cy", "messages.send", `{"group":"`+group+`","body":"x"}`, "messages.send")
	w.accept(t, "cy")
	d.await(t, "what waited for cy", func(h heard) bool {
		return publication("cy", "chats", "message")(h) && h.at("message", "body") == "lala"
	})
	if got := received(d, "cy"); got != " la lala" { // the first says that the group was made
		t.Errorf("cy was handed %q", got)
	}
}

func TestAGroupCanBeLeftAtEveryStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := choir(t, w)
	w.move(t, "ben", suspended)
	w.call(t, "ben", "groups.leave", `{"group":"`+group+`"}`)
	w.fails(t, terms.NotFound, "ben", "groups.leave", `{"group":"`+group+`"}`)
	w.call(t, "ana", "messages.send", `{"group":"`+group+`","body":"after"}`)
	w.accept(t, "ben")
	for _, c := range w.call(t, "ben", "chats.list", ``)["chats"].([]any) {
		if chat := c.(map[string]any); chat["group"] == group && (chat["left"] != true || chat["last"].(map[string]any)["kind"] != "left") {
			t.Errorf("ben's list shows %v", chat)
		}
	}
}

func TestOnlyAdminsChangeWhoIsInAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := `{"group":"` + choir(t, w) + `","person":"`
	w.fails(t, terms.Forbidden, "ben", "groups.add", group+`di"}`)
	w.fails(t, terms.Forbidden, "ben", "groups.remove", group+`cy"}`)
	w.fails(t, terms.NotFound, "di", "groups.add", group+`ed"}`)
	w.fails(t, terms.NotFound, "ana", "groups.add", group+`nobody"}`)
	w.fails(t, terms.Invalid, "ana", "groups.remove", group+`ana"}`)
	if got := len(w.call(t, "ana", "groups.add", group+`di"}`)["members"].([]any)); got != 4 {
		t.Errorf("%d members", got)
	}
	if got := len(w.call(t, "ana", "groups.remove", group+`cy"}`)["members"].([]any)); got != 3 {
		t.Errorf("%d members", got)
	}
}
