package messaging

import (
	"sync"
	"time"
)

// changes is the queue between the gate, which must not be kept waiting, and
// the goroutine that tells connections. A person stands in it once, however
// often they change, so it is bounded by the people connected.
type changes struct {
	wake chan struct{} // has a token while somebody is queued
	done chan struct{}

	mu     sync.Mutex
	soon   []string // got something back
	later  []string
	queued map[string]bool // whether among those in soon
	closed bool
}

// Whoever changed is told in batches, so that a stage that everybody enters, or
// leaves, does not bring all clients back at once. Nothing leaks meanwhile: every
// method and every delivery asks the gate.
const (
	batch = 100
	pause = 50 * time.Millisecond
)

func newChanges() *changes {
	return &changes{wake: make(chan struct{}, 1), done: make(chan struct{}), queued: map[string]bool{}}
}

// add queues a person; those who got something back come before the others.
func (c *changes) add(person string, restored bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	among, queued := c.queued[person]
	if c.closed || queued && (among || !restored) {
		return
	}
	c.queued[person] = restored
	if restored {
		c.soon = append(c.soon, person)
	} else {
		c.later = append(c.later, person)
	}
	c.again()
}

func (c *changes) again() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take returns the next people, and whether there are more. A change that comes
// after it queues the person again.
func (c *changes) take(most int) ([]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var people []string
	for len(people) < most && len(c.soon)+len(c.later) > 0 {
		from, restored := &c.later, false
		if len(c.soon) > 0 {
			from, restored = &c.soon, true
		}
		person := (*from)[0]
		*from = (*from)[1:]
		if c.queued[person] == restored { // else it has moved up since, and was taken
			delete(c.queued, person)
			people = append(people, person)
		}
	}
	return people, len(c.soon)+len(c.later) > 0
}

func (c *changes) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.done)
	}
}
