package gate

import (
	"slices"
	"strings"
	"sync"
	"time"

	"assent/terms"
)

// Profile is what all people in the same position share: the capabilities,
// already combined over their campaigns, and the answers about them, already
// rendered. Instants that differ from person to person are zero here and stand
// in the Entry. A Profile never changes.
type Profile struct {
	Standing terms.Standing // Positions in order of campaign
	Leading  int            // index of the position a client should speak about; -1 for none

	number   uint32 // its place among all
	parts    []part
	index    map[string]int // capability → place in Standing.Capabilities
	accept   []string       // address of the choice page of each position
	verdicts []verdict
	answers  answers

	catalogue terms.Catalogue
	fallback  *Profile // the default one; nil for itself
	plain     bool     // every capability has the value it has in the default one
	rules     rules
	variants  sync.Map // by what requests with a context leave: *Profile
}

// part is what people in one position in one campaign have in common: the
// position, with its instants taken out, and the capabilities as it leaves them.
type part struct {
	position terms.Position
	title    string // of the campaign, in the person's language
	states   []terms.State
}

// replace computes a person's entry after one campaign's part has become that
// of a profile with no other; with the default one it is gone.
func (g *Gate) replace(before Entry, campaign string, alone *Profile, own Clock, revision uint64) Entry {
	var parts []part
	var clocks []Clock
	for i, other := range before.Profile.parts {
		if other.position.Campaign != campaign {
			parts, clocks = append(parts, other), append(clocks, before.clock(i))
		}
	}
	if len(parts) == 0 {
		return Entry{Profile: alone, Revision: revision, Clock: own}
	}
	for _, p := range alone.parts {
		i, _ := slices.BinarySearchFunc(parts, campaign, func(one part, key string) int { return strings.Compare(one.position.Campaign, key) })
		parts, clocks = slices.Insert(parts, i, p), slices.Insert(clocks, i, own)
	}
	after := Entry{Profile: g.intern(parts), Revision: revision}
	after.Clock = clocks[after.Profile.Leading]
	if len(clocks) > 1 {
		after.clocks = clocksOf(clocks)
	}
	return after
}

// share separates what people in a position have in common from what is one
// person's own.
func share(position terms.Position) (terms.Position, Clock) {
	own := Clock{micros(position.Since), micros(position.Next.At), micros(position.Quiet)}
	position.Since, position.Next.At, position.Quiet = time.Time{}, time.Time{}, time.Time{}
	position.Until, position.Extended = time.Time{}, time.Time{} // no answer speaks of them
	position.Snoozes = min(position.Snoozes, 1)                  // clients need to know whether, not how often
	return position, own
}

// clock is that of one position.
func (e Entry) clock(position int) Clock {
	if e.clocks != nil {
		return e.clocks.at(position)
	}
	return e.Clock
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// intern returns the one profile for a set of parts.
func (g *Gate) intern(parts []part) *Profile {
	p := g.fallback
	for i, one := range parts {
		key := profileKey{p, one.title, one.position}
		next, ok := g.profiles[key]
		if !ok {
			next = g.newProfile(parts[: i+1 : i+1])
			g.profiles[key] = next
			g.number(next)
		}
		p = next
	}
	return p
}

// number gives a profile its number. Readers go on with the list they have.
func (g *Gate) number(p *Profile) {
	var list []*Profile
	if old := g.numbered.Load(); old != nil {
		list = *old
	}
	p.number = uint32(len(list))
	list = append(list, p)
	g.numbered.Store(&list)
}

// profileKey tells profiles apart: by that of the parts before the last one, and
// the last. The capabilities follow from what a position says.
type profileKey struct {
	before   *Profile
	title    string
	position terms.Position
}

func (g *Gate) newProfile(parts []part) *Profile {
	p := &Profile{parts: parts, index: g.index, Leading: -1, catalogue: g.options.Catalogue, fallback: g.fallback}
	standings := make([]terms.Standing, len(parts))
	for i, one := range parts {
		standings[i] = terms.Standing{Capabilities: one.states, Positions: []terms.Position{one.position}}
	}
	p.Standing = terms.Combine(g.options.Catalogue, standings...)
	p.plain = g.fallback == nil || slices.EqualFunc(p.Standing.Capabilities, g.fallback.Standing.Capabilities,
		func(a, b terms.State) bool { return a.Value == b.Value })
	for i, pos := range p.Standing.Positions {
		p.accept = append(p.accept, g.AcceptURL(pos.Campaign))
		if p.Leading < 0 || urgency(pos) > urgency(p.Standing.Positions[p.Leading]) {
			p.Leading = i
		}
	}
	p.verdicts, p.answers = p.decide(), render(p)
	return p
}

// urgency orders positions: one that still asks something comes before one
// that is settled.
func urgency(p terms.Position) int {
	switch {
	case p.Reminder.Mode == terms.FullScreen:
		return 3
	case p.Reminder.Mode == terms.Banner:
		return 2
	case p.Status == terms.Pending || p.Status == terms.Declined:
		return 1
	default:
		return 0
	}
}

// State returns the state of a capability in this profile.
func (p *Profile) State(capability string) (terms.State, bool) {
	i, ok := p.index[capability]
	if !ok {
		return terms.State{}, false
	}
	return p.Standing.Capabilities[i], true
}
