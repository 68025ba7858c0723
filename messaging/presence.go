package messaging

import (
	"sync"
	"time"
)

// attention is how long somebody who has called a method counts as there, at
// least; at most twice as long.
const attention = 5 * time.Minute

// presence remembers who called a method lately, so that somebody whose
// program works over HTTP can be rung as well. It keeps two generations, and
// so no more people than were active within them.
type presence struct {
	mu             sync.Mutex
	since          time.Time
	young, earlier map[string]bool
}

func newPresence() *presence { return &presence{young: map[string]bool{}, earlier: map[string]bool{}} }

func (p *presence) mark(person string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.age(now)
	p.young[person] = true
}

func (p *presence) lately(person string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.age(now)
	return p.young[person] || p.earlier[person]
}

// age begins a new generation when the young one is old enough.
func (p *presence) age(now time.Time) {
	old := now.Sub(p.since)
	if old < attention {
		return
	}
	p.earlier = p.young
	if old >= 2*attention {
		p.earlier = map[string]bool{}
	}
	p.young, p.since = map[string]bool{}, now
}
