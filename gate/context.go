package gate

import (
	"slices"
	"strconv"

	"assent/terms"
)

// Asks reports whether a member of a request's context counts for anything.
func (g *Gate) Asks(member string) bool {
	return slices.ContainsFunc(g.options.Catalogue, func(c terms.Capability) bool {
		return slices.ContainsFunc(c.Context, func(one terms.Condition) bool { return one.Member == member })
	})
}

// Within is a person's place for a request whose context says something that the
// catalogue asks for: its flags are those of the person, or less.
func (e Entry) Within(said map[string]string) Entry {
	if len(said) > 0 {
		e.Profile = e.Profile.within(said)
	}
	return e
}

// within is made once for what it leaves, which the catalogue bounds.
func (p *Profile) within(said map[string]string) *Profile {
	var key []byte
	states := slices.Clone(p.Standing.Capabilities)
	for i, capability := range p.catalogue {
		left := capability.Within(said, states[i].Value)
		if left == states[i].Value {
			continue
		}
		states[i] = terms.State{Capability: capability.Key, Value: left, Reason: terms.ReasonContext}
		key = strconv.AppendQuote(strconv.AppendInt(key, int64(i), 10), left.String())
	}
	if len(key) == 0 {
		return p
	}
	if known, ok := p.variants.Load(string(key)); ok {
		if v, ok := known.(*Profile); ok {
			return v
		}
	}
	v := &Profile{
		Standing: terms.Standing{Capabilities: states, Positions: p.Standing.Positions}, Leading: p.Leading,
		parts: p.parts, index: p.index, accept: p.accept, catalogue: p.catalogue, fallback: p.fallback,
	}
	v.verdicts, v.answers = v.decide(), render(v)
	p.variants.Store(string(key), v)
	return v
}
