package gate

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"assent/terms"
)

// Profile is what all people in the same position share: the capabilities,
// already combined over their campaigns. Instants that differ from person to
// person are zero here and stand in the Entry. A Profile never changes.
type Profile struct {
	Locale   string
	Standing terms.Standing
	Leading  int // index of the position a client should speak about; -1 for none

	index map[string]int // capability → place in Standing.Capabilities
	parts []terms.Standing
}

// interner keeps one Profile per distinct position.
type interner struct {
	mu       sync.RWMutex
	profiles map[string]*Profile
}

// entry computes a person's entry after one campaign's part has changed.
func (g *Gate) entry(before Entry, campaign, locale string, standing *terms.Standing, revision uint64) Entry {
	parts := slices.DeleteFunc(slices.Clone(before.Profile.parts), func(s terms.Standing) bool {
		return s.Positions[0].Campaign == campaign
	})
	own := before
	own.Revision = revision
	if standing != nil {
		shared := *standing
		shared.Positions = slices.Clone(standing.Positions)
		p := &shared.Positions[0]
		since, next, quiet := p.Since, p.Next.At, p.Quiet
		p.Since, p.Next.At, p.Quiet, p.Snoozes = time.Time{}, time.Time{}, time.Time{}, min(p.Snoozes, 1)
		parts = append(parts, shared)
		slices.SortFunc(parts, func(a, b terms.Standing) int {
			return strings.Compare(a.Positions[0].Campaign, b.Positions[0].Campaign)
		})
		own.Profile = g.intern(locale, parts)
		if own.Profile.Standing.Positions[own.Profile.Leading].Campaign == campaign {
			own.Since, own.NextAt, own.Quiet = micros(since), micros(next), micros(quiet)
		}
		return own
	}
	own.Profile = g.intern(locale, parts)
	return own
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// intern returns the one profile for a set of positions.
func (g *Gate) intern(locale string, parts []terms.Standing) *Profile {
	if len(parts) == 0 {
		locale = ""
	}
	key := profileKey(locale, parts)
	g.interner.mu.RLock()
	p, ok := g.interner.profiles[key]
	g.interner.mu.RUnlock()
	if ok {
		return p
	}
	g.interner.mu.Lock()
	defer g.interner.mu.Unlock()
	if p, ok := g.interner.profiles[key]; ok {
		return p
	}
	p = g.newProfile(locale, parts)
	g.interner.profiles[key] = p
	return p
}

func profileKey(locale string, parts []terms.Standing) string {
	var b strings.Builder
	b.WriteString(locale)
	for _, s := range parts {
		fmt.Fprintf(&b, "|%+v", s.Positions[0])
	}
	return b.String()
}

func (g *Gate) newProfile(locale string, parts []terms.Standing) *Profile {
	p := &Profile{Locale: locale, parts: parts, index: map[string]int{}, Leading: -1}
	p.Standing = terms.Combine(g.options.Catalogue, parts...)
	for i, s := range p.Standing.Capabilities {
		p.index[s.Capability] = i
	}
	for i, pos := range p.Standing.Positions {
		if p.Leading < 0 || leads(pos, p.Standing.Positions[p.Leading]) {
			p.Leading = i
		}
	}
	return p
}

// leads reports whether position a should be spoken of rather than b: one that
// still asks something comes before one that is settled.
func leads(a, b terms.Position) bool {
	return urgency(a) > urgency(b)
}

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
