package gate

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"assent/terms"
)

// Place is a person with a place in the gate.
type Place struct {
	Person string
	Entry
}

// Snapshot lists people to whom not everything applies by default, in order of
// their ids, after one of them, at most limit. The order is the same in every
// process, so that the pages of one list may come from several.
func (g *Gate) Snapshot(after string, limit int) []Place {
	var first lowest
	for i := range g.shards {
		g.lowest(&g.shards[i], &first, after, limit)
	}
	slices.SortFunc(first, func(a, b Place) int { return cmp.Compare(a.Person, b.Person) })
	return first
}

// lowest keeps the first people of a shard in order.
func (g *Gate) lowest(s *shard, first *lowest, after string, limit int) {
	t := s.now.Load()
	if t == nil {
		return
	}
	t.each(func(p place) {
		e, person := g.entry(p), p.id()
		switch {
		case string(person) <= after || e.Profile.plain:
		case len(*first) < limit:
			heap.Push(first, Place{string(person), e})
		case string(person) < (*first)[0].Person:
			(*first)[0] = Place{string(person), e}
			heap.Fix(first, 0)
		}
	})
}

// lowest is a heap with the last in order on top.
type lowest []Place

func (l lowest) Len() int           { return len(l) }
func (l lowest) Less(i, j int) bool { return l[i].Person > l[j].Person }
func (l lowest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }

// Push is for package heap.
func (l *lowest) Push(x any) { *l = append(*l, x.(Place)) }

// Pop is for package heap.
func (l *lowest) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

// rule is one capability as an enforcement point gets it.
type rule struct {
	Value     terms.Value  `json:"value"`
	Allowed   bool         `json:"allowed"`
	Reason    terms.Reason `json:"reason"`
	OnDeny    terms.OnDeny `json:"on_deny"`
	Campaign  string       `json:"campaign,omitempty"`
	Stage     string       `json:"stage,omitempty"`
	AcceptURL string       `json:"accept_url,omitempty"`
	NextStage string       `json:"next_stage,omitempty"`
}

// rules are those of a profile, rendered when they are first asked for.
type rules struct {
	once sync.Once
	key  string
	json []byte
}

// DefaultRules is the key of the default profile's rules.
const DefaultRules = "default"

// Rules returns what an enforcement point has to know of a profile: the
// capabilities that are not as in the default profile, as a JSON object by
// capability, and a key by which the same rules go in every process.
func (p *Profile) Rules() (string, []byte) {
	p.rules.once.Do(func() {
		list := map[string]rule{}
		for i, state := range p.Standing.Capabilities {
			if p.fallback == nil || state != p.fallback.Standing.Capabilities[i] {
				list[state.Capability] = p.verdicts[i].rule()
			}
		}
		data, err := json.Marshal(list)
		if err != nil { // nothing in a rule can fail to marshal
			data = []byte("{}")
		}
		sum := sha256.Sum256(data)
		p.rules.key, p.rules.json = base64.RawURLEncoding.EncodeToString(sum[:12]), data
		if p.fallback == nil || p.plain {
			p.rules.key = DefaultRules
		}
	})
	return p.rules.key, p.rules.json
}

func (d Decision) rule() rule {
	return rule{d.Value, d.Allowed, d.Reason, d.OnDeny, d.Campaign, d.Stage, d.AcceptURL, d.NextStage}
}

// Defaults is the profile of whoever the gate does not know.
func (g *Gate) Defaults() *Profile { return g.fallback }

// Next is when the next stage comes in each campaign where that can be said.
func (e Entry) Next() map[string]time.Time {
	var next map[string]time.Time
	for i, position := range e.Profile.Standing.Positions {
		if at := e.nextAt(i); !at.IsZero() {
			if next == nil {
				next = map[string]time.Time{}
			}
			next[position.Campaign] = at
		}
	}
	return next
}
