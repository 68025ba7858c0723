package gate

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// Follower is told which people's positions have changed. It remembers whom,
// not what: whoever takes them reads their newest position, so that a follower
// that is slow has less to do and never sees an old one. Its memory is bounded.
type Follower struct {
	gate  *Gate
	limit int
	wake  chan struct{}

	mu   sync.Mutex
	whom map[string]struct{}
	lost bool
}

// Follow starts telling a new follower. One that has more than limit people to
// take is lost. Close it in the end.
func (g *Gate) Follow(limit int) *Follower {
	f := &Follower{gate: g, limit: limit, wake: make(chan struct{}, 1), whom: map[string]struct{}{}}
	g.moving.Lock()
	defer g.moving.Unlock()
	var list []*Follower
	if old := g.followers.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = append(list, f)
	g.followers.Store(&list)
	return f
}

// Close stops telling it.
func (f *Follower) Close() {
	g := f.gate
	g.moving.Lock()
	defer g.moving.Unlock()
	list := slices.DeleteFunc(slices.Clone(*g.followers.Load()), func(other *Follower) bool { return other == f })
	g.followers.Store(&list)
}

// Wake receives when there is somebody to take, or the follower is lost.
func (f *Follower) Wake() <-chan struct{} { return f.wake }

// Take returns the people whose positions have changed since it was last
// called, and a mark: everybody who changed up to it has been taken. It returns
// false when the follower was lost, and has to begin again.
func (f *Follower) Take() (Mark, []string, bool) {
	mark := f.gate.Mark() // before the people, who can only be more
	f.mu.Lock()
	defer f.mu.Unlock()
	people := slices.Collect(maps.Keys(f.whom))
	clear(f.whom)
	return mark, people, !f.lost
}

// tell adds a person.
func (f *Follower) tell(person string) {
	f.mu.Lock()
	if len(f.whom) >= f.limit {
		f.lost, f.whom = true, map[string]struct{}{}
	}
	if !f.lost {
		f.whom[person] = struct{}{}
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default: // it is told already
	}
}

// tell lets followers know of a change that enforcement points see.
func (g *Gate) tell(person string, before, after Entry) {
	list := g.followers.Load()
	if list == nil || before.same(after) {
		return
	}
	for _, f := range *list {
		f.tell(person)
	}
}

// same reports whether two entries say the same to an enforcement point.
func (e Entry) same(other Entry) bool {
	if e.Profile.plain && other.Profile.plain {
		return true
	}
	return e.Profile == other.Profile && e.NextAt == other.NextAt && bytes.Equal(e.clocks, other.clocks)
}
