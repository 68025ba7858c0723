package enforce

import (
	"hash/maphash"
	"maps"
	"sync/atomic"
	"time"
)

// slots is how many maps people are spread over. A change copies one of them,
// a few hundred people in a million; readers never wait.
const slots = 4096

// table is everybody whose rules are not the default ones. One goroutine
// writes, any number read.
type table struct {
	seed     maphash.Seed
	slots    [slots]atomic.Pointer[map[string]place]
	defaults rules
}

// rules are capabilities by key.
type rules map[string]rule

type rule struct {
	Value     any    `json:"value"`
	Allowed   bool   `json:"allowed"`
	Reason    string `json:"reason"`
	OnDeny    string `json:"on_deny"`
	Campaign  string `json:"campaign"`
	Stage     string `json:"stage"`
	AcceptURL string `json:"accept_url"`
	NextStage string `json:"next_stage"`
}

// place is one person's: rules that many share, and what is the person's own.
type place struct {
	rules    rules // nil: the default ones
	revision uint64
	next     map[string]time.Time
}

func newTable(defaults rules) *table { return &table{seed: maphash.MakeSeed(), defaults: defaults} }

func (t *table) slot(person string) *atomic.Pointer[map[string]place] {
	return &t.slots[maphash.String(t.seed, person)%slots]
}

func (t *table) find(person string) (place, bool) {
	people := t.slot(person).Load()
	if people == nil {
		return place{}, false
	}
	p, known := (*people)[person]
	return p, known
}

// fill adds people to a table that nobody reads yet.
func (t *table) fill(person string, p place) {
	slot := t.slot(person)
	if slot.Load() == nil {
		slot.Store(&map[string]place{})
	}
	(*slot.Load())[person] = p
}

// apply puts changes in force, copying each slot they concern once.
func (t *table) apply(changes map[string]place) {
	copies := map[*atomic.Pointer[map[string]place]]map[string]place{}
	for person, p := range changes {
		slot := t.slot(person)
		people, copied := copies[slot]
		if !copied {
			people = map[string]place{}
			if now := slot.Load(); now != nil {
				people = maps.Clone(*now)
			}
			copies[slot] = people
		}
		if p.rules == nil {
			delete(people, person)
		} else {
			people[person] = p
		}
	}
	for slot, people := range copies {
		slot.Store(&people)
	}
}

func (t *table) people() int {
	n := 0
	for i := range t.slots {
		if people := t.slots[i].Load(); people != nil {
			n += len(*people)
		}
	}
	return n
}
