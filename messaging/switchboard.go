package messaging

import (
	"sync"
	"time"

	"assent/messaging/mailbox"
	"assent/terms"
)

// The states of a call.
const (
	ringing     = "ringing"
	answered    = "answered"
	ended       = "ended"
	unavailable = "unavailable" // nobody rings, and the caller is not told why
)

// The reasons a call ended.
const (
	declined  = "declined"
	cancelled = "cancelled" // the caller gave up
	noAnswer  = "no_answer"
	hungUp    = "hung_up"
	withdrawn = "unavailable" // to the person called, who can no longer answer
)

// callState is a call as clients read it.
type callState struct {
	ID     string           `json:"id"`
	From   string           `json:"from"`
	To     string           `json:"to"`
	Kind   mailbox.CallKind `json:"kind"`
	State  string           `json:"state"`
	Reason string           `json:"reason,omitempty"` // of the end
}

func (c callState) with(person string) bool { return person == c.From || person == c.To }

// switchboard knows the calls under way; one that is over is forgotten. A
// person takes part in one call at a time.
type switchboard struct {
	mu     sync.Mutex
	calls  map[string]*callUnderWay
	people map[string]string // in a call → its id
	closed bool
}

type callUnderWay struct {
	callState
	timer *time.Timer
}

func newSwitchboard() *switchboard {
	return &switchboard{calls: map[string]*callUnderWay{}, people: map[string]string{}}
}

// ring begins a call, and calls late after a while unless it was answered or
// ended. It reports false when one of the two is in another call.
func (b *switchboard) ring(c callState, after time.Duration, late func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.people[c.From] != "" || b.people[c.To] != "" {
		return false
	}
	b.calls[c.ID] = &callUnderWay{c, time.AfterFunc(after, late)}
	b.people[c.From], b.people[c.To] = c.ID, c.ID
	return true
}

// answer turns a ringing call into an answered one, for the person called.
func (b *switchboard) answer(id, person string) (callState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.calls[id]
	if !ok || c.To != person {
		return callState{}, unknownCall(id)
	}
	if c.State != ringing {
		return callState{}, terms.Errorf(terms.Conflict, "call %q is already answered", id)
	}
	c.timer.Stop()
	c.State = answered
	return c.callState, nil
}

// finish ends a call that person takes part in, "" for any call. Why finds the
// reason; where it finds none the call goes on, and that is a Conflict. The
// call is returned in the state it was in before, with the reason.
func (b *switchboard) finish(id, person string, why func(callState) string) (callState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.calls[id]
	if !ok || person != "" && !c.with(person) {
		return callState{}, unknownCall(id)
	}
	before := c.callState
	if before.Reason = why(before); before.Reason == "" {
		return callState{}, terms.Errorf(terms.Conflict, "call %q is %s", id, c.State)
	}
	c.timer.Stop()
	delete(b.calls, id)
	delete(b.people, c.From)
	delete(b.people, c.To)
	return before, nil
}

// has reports whether a call is under way here.
func (b *switchboard) has(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[id] != nil
}

// of returns the call a person takes part in.
func (b *switchboard) of(person string) (callState, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.calls[b.people[person]]
	if !ok {
		return callState{}, false
	}
	return c.callState, true
}

func (b *switchboard) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, c := range b.calls {
		c.timer.Stop()
	}
}

func unknownCall(id string) error {
	return terms.Errorf(terms.NotFound, "call %q does not exist or is over", id)
}
