package gate

import (
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
	e, known := g.Entry(person)
	i, ok := g.index[capability]
	if !ok {
		return Decision{Allowed: true, Capability: capability, Value: terms.BoolValue(true), Reason: terms.ReasonDefault}
	}
	state := &e.Profile.Standing.Capabilities[i] // in the catalogue's order
	d := Decision{
		Allowed: state.Value.Bool(), Capability: state.Capability, Value: state.Value, Reason: state.Reason,
		OnDeny: g.options.Catalogue[i].OnDeny, Campaign: state.Campaign, Stage: state.Stage, Revision: e.Revision, Known: known,
	}
	if state.Campaign != "" {
		e.ahead(&d)
	}
	return d
}

// Title is what people call a capability, in each language.
func (g *Gate) Title(capability string) terms.Texts {
	c, _ := g.options.Catalogue.Find(capability)
	return c.Title
}

// AcceptURL is the address of a campaign's choice page.
func (g *Gate) AcceptURL(campaign string) string { return g.options.PublicURL + "/t/" + campaign }

// ahead fills in what the person can do about it, and what comes next.
func (e Entry) ahead(d *Decision) {
	for i := range e.Profile.Standing.Positions {
		position := &e.Profile.Standing.Positions[i]
		if position.Campaign != d.Campaign {
			continue
		}
		d.AcceptURL, d.NextStage = e.Profile.accept[i], position.Next.Stage
		if at := e.clock(i).NextAt; at != 0 {
			d.NextAt = time.UnixMicro(at).UTC()
		}
	}
}
