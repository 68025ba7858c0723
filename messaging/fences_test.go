package messaging_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"assent/gate"
	"assent/messaging"
	"assent/models"
)

// silentWorld is one whose gate tells nobody of its changes.
func silentWorld(t *testing.T, sweepEvery time.Duration) *world {
	t.Helper()
	known := &facts{}
	var silent *gate.Gate
	w := newWorldOn(t, newMailbox(t, models.Options{Throwaway: true}), known, func(o *messaging.Options) {
		silent = gate.New(known, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: o.Now})
		if err := silent.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.Gate, o.SweepEvery = silent, sweepEvery
	})
	w.gate = silent
	return w
}

// The gate of this server tells nobody of its changes: the periodic sweep is all
// that is left, and it takes away and gives back.
func TestASweepPutsRightWhatNoChangeReached(t *testing.T) {
	t.Parallel()
	w := silentWorld(t, 50*time.Millisecond)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	w.move(t, "ana", suspended)
	eventually(t, "me", func() string { return d.lines(t, "ana") })
	w.call(t, "ben", "messages.send", `{"to":"ana","body":"held"}`)
	w.accept(t, "ana")
	eventually(t, everyLine, func() string { return d.lines(t, "ana") })
	d.await(t, "what was held", func(h heard) bool {
		return publication("ana", "chats", "message")(h) && h.at("message", "body") == "held"
	})
}

// Whatever is taken away, a connection can be made, says the way back, and lets
// its person take their chats along, leave, and be left alone.
func TestAConnectionKeepsItsExitRightsAtEveryStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := drive(t, w.url)
	for stage, lines := range []string{announced: everyLine, limited: "calls me notifications", suspended: "me"} {
		group := w.call(t, "ben", "groups.create", `{"title":"Choir","members":["ana"]}`)["group"]
		w.move(t, "ana", stage)
		d.open(t, w, "ana")
		eventually(t, lines, func() string { return d.lines(t, "ana") })
		for method, params := range map[string]map[string]any{
			"chats.export": nil, "groups.leave": {"group": group}, "contacts.block": {"peer": "cy"}, "contacts.unblock": {"peer": "cy"},
		} {
			if r := d.rpc(t, "ana", method, params); r.Error != nil {
				t.Errorf("%s at stage %d: %+v", method, stage, r.Error)
			}
		}
		var standing struct {
			Campaigns []struct {
				Restore   string `json:"restore"`
				AcceptURL string `json:"accept_url"`
			} `json:"campaigns"`
		}
		r := d.rpc(t, "ana", "standing", nil)
		if err := json.Unmarshal(r.Result, &standing); err != nil || len(standing.Campaigns) != 1 ||
			standing.Campaigns[0].Restore != "accept" || standing.Campaigns[0].AcceptURL == "" {
			t.Errorf("at stage %d the way back is %s", stage, r.Result)
		}
		if stage == suspended {
			w.accept(t, "ana")
			eventually(t, everyLine, func() string { return d.lines(t, "ana") })
		}
		d.do(t, map[string]any{"op": "close", "client": "ana"})
	}
}

// When many change at once, some are told seconds later. What is said to them
// meanwhile is held against the gate, and not only against the lines they are
// still joined to: a read mark here, on a server that tells nobody at all.
func TestNothingIsHeardOnALineThatIsLostButNotCutYet(t *testing.T) {
	t.Parallel()
	w := silentWorld(t, time.Hour)
	d := drive(t, w.url)
	d.open(t, w, "ana")
	read := func(id any) func(heard) bool {
		return func(h heard) bool { return publication("ana", "chats", "read")(h) && h.at("read", "id") == id }
	}
	first := w.call(t, "ana", "messages.send", `{"to":"ben","body":"one"}`)["id"]
	second := w.call(t, "ana", "messages.send", `{"to":"ben","body":"two"}`)["id"]
	mark := func(id any) { w.call(t, "ben", "messages.read", fmt.Sprintf(`{"peer":"ana","id":%q}`, id)) }
	w.move(t, "ana", suspended)
	mark(first)
	w.accept(t, "ana")
	mark(second)
	d.await(t, "the second mark", read(second))
	if slices.ContainsFunc(d.all(), read(first)) {
		t.Error("a read mark was heard while the stage had taken the list away")
	}
}

// refusing is a gate that refuses one capability besides, and tells nobody.
type refusing struct {
	*gate.Gate
	capability atomic.Value // of string
}

func (g *refusing) Decide(person, capability string) gate.Decision {
	d := g.Gate.Decide(person, capability)
	d.Allowed = d.Allowed && capability != g.capability.Load()
	return d
}

// A message is held against the gate for each of the lines that it goes out on.
func TestNoMessageGoesOutOnALineThatIsLostButNotCutYet(t *testing.T) {
	t.Parallel()
	g := &refusing{}
	w := newWorldOn(t, newMailbox(t, models.Options{Throwaway: true}), &facts{}, func(o *messaging.Options) {
		g.Gate = o.Gate.(*gate.Gate)
		o.Gate = g
	})
	d := drive(t, w.url)
	d.open(t, w, "ana")
	for capability, lost := range map[string]struct{ line, event string }{
		"chats.list": {"chats", "message"}, "notifications.receive": {"notifications", "notification"},
	} {
		says := func(body string) func(heard) bool {
			return func(h heard) bool {
				return publication("ana", lost.line, lost.event)(h) && h.at(lost.event, "body") == body
			}
		}
		g.capability.Store(capability)
		w.call(t, "ben", "messages.send", `{"to":"ana","body":"not there, for `+capability+`"}`)
		g.capability.Store("")
		w.call(t, "ben", "messages.send", `{"to":"ana","body":"there again, for `+capability+`"}`)
		d.await(t, "the second message", says("there again, for "+capability))
		if slices.ContainsFunc(d.all(), says("not there, for "+capability)) {
			t.Errorf("a %s was heard without %s", lost.event, capability)
		}
	}
}
