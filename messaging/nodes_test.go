package messaging_test

import (
	"encoding/json"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/messaging"
)

// freeAddress is one that nobody listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nobody has come to it
	return listener.Addr().String()
}

// redis runs a server that keeps nothing and returns its address.
func redis(t testing.TB) string {
	t.Helper()
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: apt-get install redis-server, or make setup as root", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it keeps nothing
	eventually(t, "it answers", func() string {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err.Error()
		}
		return "it answers" + map[bool]string{true: ""}[conn.Close() == nil]
	})
	return address
}

// link passes connections on to an address, until it is cut.
type link struct {
	address string
	mu      sync.Mutex
	down    bool
	open    map[net.Conn]bool
}

func newLink(t testing.TB, to string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{address: listener.Addr().String(), open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = listener.Close(); l.cut(true) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.pass(conn, to)
		}
	}()
	return l
}

func (l *link) pass(from net.Conn, address string) {
	to, err := net.Dial("tcp", address)
	if err != nil {
		_ = from.Close()
		return
	}
	l.mu.Lock()
	l.open[from], l.open[to] = true, true
	if l.down {
		_, _ = from.Close(), to.Close()
	}
	l.mu.Unlock()
	go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
	_, _ = io.Copy(from, to)
	_ = from.Close()
}

func (l *link) cut(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	if down {
		for conn := range l.open {
			_ = conn.Close()
			delete(l.open, conn)
		}
	}
}

// two are servers on one mailbox and one log of changes, each with a gate of
// its own; the link is the second one's.
func two(t testing.TB) (*world, *world, *link) {
	t.Helper()
	address := redis(t)
	l := newLink(t, address)
	one := newWorld(t, func(o *messaging.Options) { o.Redis = "redis://" + address })
	other := newWorldOn(t, one.mailbox, one.facts, func(o *messaging.Options) {
		o.Redis, o.SweepEvery = "redis://"+l.address, 300*time.Millisecond
	})
	// They know of each other when a change on one is acknowledged by the other.
	eventually(t, "both", func() string {
		one.move(t, "nobody-else", announced)
		if one.Everywhere(t.Context(), one.gate.Revision()); other.gate.Revision() != one.gate.Revision() {
			return "one"
		}
		return "both"
	})
	return one, other, l
}

func TestTwoServersAreOneMessenger(t *testing.T) {
	t.Parallel()
	one, other, l := two(t)
	here, there := drive(t, one.url), drive(t, other.url)
	here.open(t, one, "ana")
	there.open(t, other, "ben")

	one.call(t, "ana", "messages.send", `{"to":"ben","body":"across"}`)
	there.await(t, "the message", func(h heard) bool {
		return publication("ben", "chats", "message")(h) && h.at("message", "body") == "across"
	})

	// A call begins on one server and is answered on the other.
	call := one.call(t, "ana", "calls.place", `{"to":"ben","kind":"voice"}`)
	there.await(t, "ringing", callEvent("ben", "calls", "ringing", ""))
	other.call(t, "ben", "calls.answer", `{"call":"`+call["id"].(string)+`"}`)
	here.await(t, "answered", callEvent("ana", "me", "answered", ""))
	if busy := other.call(t, "cy", "calls.place", `{"to":"ana","kind":"voice"}`)["state"]; busy != "unavailable" {
		t.Errorf("ringing somebody who is in a call on another server: %v", busy)
	}
	other.call(t, "ben", "calls.hang_up", `{"call":"`+call["id"].(string)+`"}`)
	here.await(t, "the end", callEvent("ana", "me", "ended", "hung_up"))

	// A change on one is in force on the other when it has been acknowledged.
	one.move(t, "ben", suspended)
	one.Everywhere(t.Context(), one.gate.Revision())
	other.refused(t, "ben", "messages.send", `{"to":"ana","body":"x"}`, "messages.send")
	eventually(t, "me", func() string { return there.lines(t, "ben") })

	// The link is cut in the middle of a change: nobody is moved by that, and
	// what came meanwhile is made up for by the log of changes and the sweep.
	l.cut(true)
	one.call(t, "ana", "messages.send", `{"to":"ben","body":"while cut"}`)
	one.accept(t, "ben")
	one.Everywhere(t.Context(), one.gate.Revision())
	if got := there.lines(t, "ben"); got != "me" {
		t.Errorf("without a word ben hears %q", got)
	}
	if err := other.gate.CatchUp(t.Context(), 0); err != nil { // as a server does by itself, four times a second
		t.Fatal(err)
	}
	there.await(t, "what was held", func(h heard) bool {
		return publication("ben", "chats", "message")(h) && h.at("message", "body") == "while cut"
	})
	one.call(t, "ana", "messages.send", `{"to":"ben","body":"unheard"}`)
	there.await(t, "what the sweep finds", func(h heard) bool {
		return publication("ben", "chats", "message")(h) && h.at("message", "body") == "unheard"
	})
	l.cut(false)
	eventually(t, everyLine, func() string { return there.lines(t, "ben") })
	if got := received(there, "ben"); got != "across while cut unheard" {
		t.Errorf("ben was handed %q", got)
	}
}

// Other servers are asked for somebody who may not be rung as for anybody: a
// quicker answer would tell the caller of a stage, or a block.
func TestNoAnswerIsQuickerThanAnother(t *testing.T) {
	t.Parallel()
	one, _, l := two(t)
	one.move(t, "suspended", suspended)
	one.call(t, "blocker", "contacts.block", `{"peer":"calls blocker"}`)
	l.cut(true) // the other server is waited for, until it counts as gone
	var calls sync.WaitGroup
	for _, to := range []string{"offline", "suspended", "blocker"} {
		calls.Go(func() {
			began := time.Now()
			answer, err := one.Call(t.Context(), messaging.Caller{Person: "calls " + to}, "calls.place", json.RawMessage(`{"to":"`+to+`","kind":"voice"}`))
			if err != nil || !strings.Contains(string(answer), "unavailable") {
				t.Errorf("%s: %s %v", to, answer, err)
			}
			if took := time.Since(began); took < 3*time.Second { // two for the caller, two for the other
				t.Errorf("%s: answered within %s", to, took)
			}
		})
	}
	calls.Wait()
}
