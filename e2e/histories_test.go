package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// histories is how many random histories are lived through; ASSENT_HISTORIES
// says otherwise.
func histories(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("ASSENT_HISTORIES")); err == nil {
		return n
	}
	return 6
}

// Ben and Raj write to people whose delivery is suspended, who accept in the
// middle of it, while the server is killed at random. Whatever was acknowledged is
// there in the end, once, in the order of its sender; and nothing came before.
func TestNoMessageIsLostOrDoubledThroughHoldsAndKills(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s, dir := sample(t, "10"), t.TempDir()
	s.stop()
	restart := func() { s.start("demo", "--people", "10", "--dir", dir) }
	restart()
	s.with("ASSENT_DEMO_CLOCK=") // from now on it goes on where it was
	s.person("raj", "IN", "en")
	var people []string
	for i := range histories(t) {
		people = append(people, fmt.Sprintf("h-%d", i))
		s.person(people[i], "BR", "en")
	}
	for _, day := range []string{"2021-01-20", "2021-05-16", "2021-06-14", "2021-07-05", "2021-09-10"} {
		s.clock(day + "T00:00:00Z")
		for _, person := range people {
			s.notice(person)
		}
	}
	s.clock("2021-10-20T00:00:00Z")
	random := rand.New(rand.NewPCG(seed, 0))
	for some := range slices.Chunk(people, sideBySide) {
		sideways := make([]*history, len(some))
		for i, person := range some {
			s.stands(person, "suspended_delivery", "pending")
			sideways[i] = &history{site: s, Rand: random, person: person, sent: map[string][]string{}, accept: random.IntN(steps)}
		}
		live(sideways, restart)
	}
}

const (
	steps      = 14
	sideBySide = 40 // histories that share a server, and its death
)

// history is what happens to one person, and what has to come of it.
type history struct {
	*site
	*rand.Rand
	person   string
	accept   int // the step in which they do
	accepted bool
	phone    *socket
	sent     map[string][]string // by sender, what was acknowledged
	n        int
}

// live has histories go on side by side, until in one step somebody writes to
// each of them and the server is killed meanwhile.
func live(all []*history, restart func()) {
	kill := all[0].IntN(steps)
	for step := range steps {
		if step == kill {
			writeAndKill(all, restart)
		}
		for _, h := range all {
			h.step(step)
		}
	}
	for _, h := range all {
		h.end()
	}
}

func writeAndKill(all []*history, restart func()) {
	s := all[0].site
	s.Helper()
	texts := make([]text, len(all))
	var under sync.WaitGroup
	for i, h := range all {
		texts[i] = h.text()
		under.Go(func() { // whether it is acknowledged is what we do not know
			_, _ = h.try("POST", "/messaging/v1/rpc/messages.send", texts[i].params, "Authorization", "Bearer "+texts[i].token)
		})
	}
	time.Sleep(time.Duration(all[0].IntN(40)) * time.Millisecond) // some are through by then
	for _, h := range all {
		h.nothingYet()
		h.phone = nil
	}
	s.kill()
	under.Wait()
	restart()
	for i, h := range all {
		h.send(texts[i])
	}
}

func (h *history) step(step int) {
	h.Helper()
	switch {
	case step == h.accept:
		h.nothingYet()
		h.acceptsWhatIsAsked(h.person)
		h.accepted = true
	case h.IntN(5) == 0:
		h.reconnect()
	default:
		h.send(h.text())
	}
}

// end compares what came with what was sent.
func (h *history) end() {
	h.Helper()
	h.nothingYet()
	h.reconnect()
	token := h.token(h.person)
	for from, sent := range h.sent {
		if got := h.everything(token, from); !slices.Equal(got, sent) {
			h.Errorf("of %s %s has\n%s\nand was sent\n%s", from, h.person, strings.Join(got, " "), strings.Join(sent, " "))
		}
	}
	for text := range h.handed() {
		if from, _, _ := strings.Cut(text, "-"); !slices.Contains(h.sent[from], text) {
			h.Errorf("%s was handed %q, which nobody sent", h.person, text)
		}
	}
	_ = h.phone.conn.Close() // its history is over
}

// nothingYet checks that nothing came to somebody whose delivery is suspended.
func (h *history) nothingYet() {
	h.Helper()
	if got := h.handed(); !h.accepted && len(got) > 0 {
		h.Errorf("%s was handed %v before accepting", h.person, got)
	}
}

func (h *history) reconnect() {
	h.Helper()
	h.nothingYet()
	if h.phone != nil {
		_ = h.phone.conn.Close()
	}
	h.phone = h.connect(h.person)
}

// text is a message that somebody writes to the person.
type text struct{ from, body, params, token string }

func (h *history) text() text {
	h.Helper()
	h.n++
	from := []string{"ben", "raj"}[h.IntN(2)]
	body := fmt.Sprintf("%s-%s-%d", from, h.person, h.n)
	return text{from, body, object("to", h.person, "body", body, "client_id", body), h.token(from)}
}

// send sends a message, perhaps again, which must succeed.
func (h *history) send(m text) {
	h.Helper()
	h.call(m.token, "messages.send", m.params).is(200)
	h.sent[m.from] = append(h.sent[m.from], m.body)
}

// handed is what the phone was handed. What it is handed twice has the same id,
// which is how a client tells.
func (h *history) handed() map[string]bool {
	seen := map[string]bool{}
	if h.phone == nil {
		return seen
	}
	h.phone.mu.Lock()
	defer h.phone.mu.Unlock()
	for _, push := range h.phone.pushes {
		if at(push, "channel") == "chats:"+h.person && at(push, "pub/data/event") == "message" {
			seen[fmt.Sprint(at(push, "pub/data/message/body"))] = true
		}
	}
	return seen
}

// everything is the whole conversation with somebody, page by page.
func (h *history) everything(token, peer string) []string {
	h.Helper()
	var all []string
	for before, more := "", true; more; {
		page := h.call(token, "chats.history", object("peer", peer, "limit", 3, "before", before)).is(200)
		list, _ := page.at("messages").([]any)
		var texts []string
		for _, m := range list {
			texts = append(texts, fmt.Sprint(at(m, "body")))
		}
		all = append(texts, all...)
		if more = page.at("more") == true; more {
			before = fmt.Sprint(at(list[0], "id"))
		}
	}
	return all
}
