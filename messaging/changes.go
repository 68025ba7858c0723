package messaging

import "sync"

// changes is the queue between the gate, which must not be kept waiting, and
// the goroutine that tells connections. A person stands in it once, however
// often they change, so it is bounded by the people connected.
type changes struct {
	wake chan struct{} // has a token while somebody is queued
	done chan struct{}

	mu     sync.Mutex
	people []string
	queued map[string]bool
	closed bool
}

func newChanges() *changes {
	return &changes{wake: make(chan struct{}, 1), done: make(chan struct{}), queued: map[string]bool{}}
}

func (c *changes) add(person string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.queued[person] {
		return
	}
	c.queued[person] = true
	c.people = append(c.people, person)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take empties the queue. A change that comes after it queues the person again.
func (c *changes) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	people := c.people
	c.people, c.queued = nil, map[string]bool{}
	return people
}

func (c *changes) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.done)
	}
}
