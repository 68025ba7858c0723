package gate

import (
	"slices"
	"sync"
	"time"
)

// NoticeLimits bounds what readers of notices cost.
type NoticeLimits struct {
	Readers   int // at once; more are turned away
	PerPerson int // of them for one person
	PerSecond int // notices handed out, so that a change for everybody does not bring everybody back at once
}

// paceTick is how often a batch of notices is handed out.
const paceTick = 20 * time.Millisecond

// Notices tells readers that the answers about their person have changed, and
// nothing else: what they have become is for the reader to ask. Each reader has
// room for one notice, so that one who does not listen costs no memory.
//
// Notices go out at a bounded rate, those of people who got something back
// before the others: an acceptance is told at once even while a sweep of
// everybody is going out.
type Notices struct {
	limits NoticeLimits

	mu      sync.Mutex
	readers map[string][]*Reader
	count   int
	soon    []*Reader // got something back
	later   []*Reader
	pacing  bool
}

// Reader hears of changes of one person's answers.
type Reader struct {
	person  string
	changed chan struct{}
	waits   queue // where it waits for its notice
	gone    bool
}

// queue is one of those that readers wait in.
type queue int

const (
	nowhere queue = iota
	inLater
	inSoon
)

// NewNotices returns a table without readers. Give its Applied to Gate.Watch.
func NewNotices(l NoticeLimits) *Notices {
	return &Notices{limits: l, readers: map[string][]*Reader{}}
}

// Join adds a reader for a person; false when there is no room.
func (n *Notices) Join(person string) (*Reader, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.count >= n.limits.Readers || len(n.readers[person]) >= n.limits.PerPerson {
		return nil, false
	}
	r := &Reader{person: person, changed: make(chan struct{}, 1)}
	n.readers[person] = append(n.readers[person], r)
	n.count++
	return r, true
}

// Leave takes a reader out.
func (n *Notices) Leave(r *Reader) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r.gone {
		return
	}
	r.gone = true
	n.count--
	rest := slices.DeleteFunc(n.readers[r.person], func(other *Reader) bool { return other == r })
	if n.readers[r.person] = rest; len(rest) == 0 {
		delete(n.readers, r.person)
	}
}

// Changed receives once for any number of changes.
func (r *Reader) Changed() <-chan struct{} { return r.changed }

// Readers is how many there are.
func (n *Notices) Readers() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.count
}

// Applied takes note of a change; it does not block.
func (n *Notices) Applied(a Applied) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.readers[a.Person]
	if len(list) == 0 {
		return
	}
	to, line := inLater, &n.later
	if a.Restores() {
		to, line = inSoon, &n.soon
	}
	for _, r := range list {
		if r.waits < to { // whoever moved up is passed over in the other queue
			r.waits = to
			*line = append(*line, r)
		}
	}
	if !n.pacing {
		n.pacing = true
		go n.pace()
	}
}

// Restores reports whether a change gave something back.
func (a Applied) Restores() bool {
	for i, before := range a.Before.Standing.Capabilities {
		if !before.Value.Bool() && a.After.Standing.Capabilities[i].Value.Bool() {
			return true
		}
	}
	return false
}

// pace hands out notices until none wait. It ends a tick after the last, so
// that starting it again never makes the rate higher.
func (n *Notices) pace() {
	batch := max(1, n.limits.PerSecond*int(paceTick)/int(time.Second))
	tick := time.NewTicker(paceTick)
	defer tick.Stop()
	for n.handOut(batch) {
		<-tick.C
	}
}

// handOut tells a number of readers; false when none are left.
func (n *Notices) handOut(batch int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.soon)+len(n.later) == 0 {
		n.soon, n.later, n.pacing = nil, nil, false
		return false
	}
	for batch > 0 && len(n.soon)+len(n.later) > 0 {
		from, line := inSoon, &n.soon
		if len(n.soon) == 0 {
			from, line = inLater, &n.later
		}
		r := (*line)[0]
		(*line)[0] = nil
		if *line = (*line)[1:]; r.gone || r.waits != from {
			continue
		}
		r.waits = nowhere
		batch--
		select {
		case r.changed <- struct{}{}:
		default: // has not looked since the last one
		}
	}
	return true
}
