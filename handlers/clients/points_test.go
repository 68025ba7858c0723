package clients_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnEnforcementPointIsBehindUntilItHasAppliedWhatThereIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("u1", "BR")
	had := w.gate.Revision()
	w.person("u2", "BR")
	w.now.Add(time.Minute.Microseconds())
	report := func(revision uint64) answer {
		return w.send("PUT", "/api/v1/enforcement/points/chat-west", object("kind", "prosody", "revision", revision, "on_silence", "hold", "counts", map[string]int{"refused": 3})).is(200)
	}
	report(had).says("state", "behind", "behind", w.gate.Revision()-had, "counts.refused", 3, "on_silence", "hold")
	report(w.gate.Revision()).says("state", "current", "behind", 0, "behind_since", nil, "revision", w.gate.Revision())
	w.now.Add(time.Minute.Microseconds())
	w.send("GET", "/api/v1/enforcement/points", "").is(200).says("points.0.point", "chat-west", "points.0.state", "silent", "points.0.behind", 0)
	w.send("DELETE", "/api/v1/enforcement/points/chat-west", "").is(204)
	w.send("DELETE", "/api/v1/enforcement/points/chat-west", "").is(404)
}

func TestWhatAnEnforcementPointSaysIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := map[string]int{}
	for i := range 17 {
		many[fmt.Sprint("n", i)] = i
	}
	good := func(changed ...any) string {
		return object(append([]any{"kind", "prosody", "revision", 0, "on_silence", "hold"}, changed...)...)
	}
	for path, body := range map[string]string{
		"a": good("on_silence", "deny"), "b": good("revision", nil), "c": good("kind", ""), "d": good("counts", many),
		"e": good("counts", map[string]int{"refused": -1}), "f": good("counts", map[string]int{"{}": 1}), "with%20space": good(), strings.Repeat("p", 65): good(),
	} {
		w.send("PUT", "/api/v1/enforcement/points/"+path, body).is(422)
	}
	for i := range 64 {
		w.send("PUT", fmt.Sprintf("/api/v1/enforcement/points/p%d", i), good()).is(200)
	}
	w.send("PUT", "/api/v1/enforcement/points/p3", good()).is(200)
	w.send("PUT", "/api/v1/enforcement/points/more", good()).is(409)
}
