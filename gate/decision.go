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
	state, ok := e.Profile.State(capability)
	if !ok {
		return Decision{Allowed: true, Capability: capability, Value: terms.BoolValue(true), Reason: terms.ReasonDefault}
	}
	d := Decision{
		Allowed: state.Value.Bool(), Capability: capability, Value: state.Value, Reason: state.Reason,
		Campaign: state.Campaign, Stage: state.Stage, Revision: e.Revision, Known: known,
	}
	if c, found := g.options.Catalogue.Find(capability); found {
		d.OnDeny = c.OnDeny
	}
	if state.Campaign != "" {
		d.AcceptURL = g.AcceptURL(state.Campaign)
		d.NextStage, d.NextAt = e.next(state.Campaign)
	}
	return d
}

// AcceptURL is the address of a campaign's choice page.
func (g *Gate) AcceptURL(campaign string) string { return g.options.PublicURL + "/t/" + campaign }

// next is the stage ahead in a campaign; the instant is known for the leading
// position only.
func (e Entry) next(campaign string) (string, time.Time) {
	for i, pos := range e.Profile.Standing.Positions {
		if pos.Campaign != campaign || pos.Next.Stage == "" {
			continue
		}
		if i == e.Profile.Leading && e.NextAt != 0 {
			return pos.Next.Stage, time.UnixMicro(e.NextAt).UTC()
		}
		return pos.Next.Stage, time.Time{}
	}
	return "", time.Time{}
}
