package gate

import (
	"slices"
	"time"

	"assent/terms"
)

// Decision is the answer to "may this person do this now?".
type Decision struct {
	Allowed    bool
	Capability string
	Value      terms.Value
	Reason     terms.Reason
	OnDeny     terms.OnDeny
	Campaign   string // whose rule decides; "" when nothing restricts it
	Stage      string // key of the stage that took it away
	AcceptURL  string // where the person can accept; "" when nothing restricts it
	NextStage  string
	NextAt     time.Time // zero when no date can be given
	Revision   uint64    // of the last change that concerned the person
	Known      bool      // false for a person or capability the gate does not know
}

// Decide answers from memory. A capability or person it does not know is
// allowed, with Known false: what we do not know never restricts anybody.
func (g *Gate) Decide(person, capability string) Decision {
	i, ok := g.index[capability]
	if !ok {
		return Decision{Allowed: true, Capability: capability, Value: terms.BoolValue(true), Reason: terms.ReasonDefault}
	}
	p := g.find(person)
	if p == nil {
		return g.fallback.verdicts[i].Decision
	}
	e := g.entry(p)
	v := &e.Profile.verdicts[i]
	d := v.Decision
	d.Revision, d.Known = e.Revision, true
	if v.position >= 0 {
		d.NextAt = e.nextAt(v.position)
	}
	return d
}

// nextAt is when the next stage of one position comes; zero when no date can
// be given.
func (e Entry) nextAt(position int) time.Time {
	if at := e.clock(position).NextAt; at != 0 {
		return time.UnixMicro(at).UTC()
	}
	return time.Time{}
}

// Title is what people call a capability, in each language.
func (g *Gate) Title(capability string) terms.Texts {
	c, _ := g.options.Catalogue.Find(capability)
	return c.Title
}

// AcceptURL is the address of a campaign's choice page.
func (g *Gate) AcceptURL(campaign string) string { return g.options.PublicURL + "/t/" + campaign }

// verdict is what decisions about one capability have in common for everybody
// with a profile.
type verdict struct {
	Decision
	position int // whose clock tells what comes next; -1 for none
}

// decide works them out for a profile, in the order of the catalogue.
func (p *Profile) decide() []verdict {
	out := make([]verdict, len(p.catalogue))
	for i, state := range p.Standing.Capabilities {
		d := Decision{
			Allowed: state.Value.Bool(), Capability: state.Capability, Value: state.Value, Reason: state.Reason,
			OnDeny: p.catalogue[i].OnDeny, Campaign: state.Campaign, Stage: state.Stage,
		}
		at := p.position(state.Campaign)
		if at >= 0 {
			d.AcceptURL, d.NextStage = p.accept[at], p.Standing.Positions[at].Next.Stage
		}
		out[i] = verdict{d, at}
	}
	return out
}

// position is the place of a campaign among a profile's; -1 if it is not there.
func (p *Profile) position(campaign string) int {
	return slices.IndexFunc(p.Standing.Positions, func(one terms.Position) bool { return one.Campaign == campaign })
}
