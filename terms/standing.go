package terms

import (
	"slices"
	"time"
)

// Reason says why a capability has the value it has.
type Reason string

// The reasons.
const (
	ReasonDefault    Reason = "default"      // no campaign says anything about it
	ReasonStage      Reason = "stage"        // the stage took it away
	ReasonNotGranted Reason = "not_accepted" // a grant, and there is no acceptance in force
	ReasonVoid       Reason = "void_effect"  // a grant, accepted where acceptance has no effect
	ReasonHeld       Reason = "hold"         // a grant under a hold
	ReasonGranted    Reason = "accepted"     // a grant in force
	ReasonContext    Reason = "context"      // the request says where it is asked from; see Condition
)

// State is one capability of one person.
type State struct {
	Capability string
	Value      Value
	Reason     Reason
	Campaign   string // the campaign whose rule decides; "" for ReasonDefault
	Stage      string // key of the stage that decides, "" where none does
}

// Position is where a person stands in one campaign.
type Position struct {
	Campaign string
	Plan     int
	Basis    string // of the plan in force; see Plan
	Status   Status
	Effect   Effect
	Bound    bool   // stands where its owner stands
	Region   string // key of the plan's region, "" for the rest of the world
	Stage    string // key of the stage; before the announcement the first stage's
	Shadow   bool   // that stage is only tried: it takes nothing away
	Window   bool   // a brown-out is on: a stage takes away what it lists for now
	Since    time.Time
	Until    time.Time // end of an exemption
	Extended time.Time // the personal clock starts no earlier, by an act of staff or after a withdrawal
	Next     Next
	HoldID   string // the hold in force, "" for none
	Lifted   bool   // that hold gives full access meanwhile
	Reversal string // the newest reversal in force, "" for none
	Reminder Reminder
	Quiet    time.Time // reminders are silent until then
	Snoozes  int       // "decide later" choices left
}

// Next is the next stage ahead. At is zero when no date can be given; Why then
// says what it waits for.
type Next struct {
	Stage string
	At    time.Time
	Why   string
}

// Standing is a person's evaluated position: every capability of the
// catalogue, in its order, and the position in each campaign.
type Standing struct {
	Capabilities []State
	Positions    []Position
}

// Find returns the state of a capability; ok is false for one that is not in
// the catalogue.
func (s Standing) Find(key string) (State, bool) {
	i := slices.IndexFunc(s.Capabilities, func(one State) bool { return one.Capability == key })
	if i < 0 {
		return State{}, false
	}
	return s.Capabilities[i], true
}

// Standing evaluates one person in one campaign: from the stage that was
// recorded, never from one the ladder would have reached by now, so that a
// sweep that did not run cannot make anything worse.
func (p Plan) Standing(c Catalogue, e Enrollment, holds []Hold, now time.Time) Standing {
	pos := p.Position(e, holds, now)
	return Standing{Capabilities: p.Effects(c, e, pos), Positions: []Position{pos}}
}

// at is the stage that counts for a person: the recorded one, or the lower one
// that Step takes them back to as soon as it runs. It does so where the ladder
// is shorter now; where it was while a reversal was in force; under a hold that
// lifts; and from a stage that takes something and was entered before its day,
// as the plan and country have it now. So neither the end of a hold, nor undoing
// a reversal, nor the new day itself takes anything at once from someone whom no
// sweep has come to meanwhile.
func (p *Plan) at(e *Enrollment, holds []Hold, now time.Time) int {
	l := p.In(e.Country)
	stage := min(e.Stage, l.Last)
	for _, r := range p.Reversals {
		if e.Entered.Before(r.Undone) && r.covers(e.Country, l) {
			stage = min(stage, max(p.StageIndex(r.Stage), 0))
		}
	}
	free := p.lastFree(stage)
	if lifted(p, e, holds, now) {
		return free
	}
	for stage > free && e.Entered.Before(l.Deadline.Add(p.Stages[stage].After)) {
		stage--
	}
	return stage
}

// restored returns the facts after a restoration that is due.
func (p *Plan) restored(e Enrollment, holds []Hold, now time.Time) Enrollment {
	if at := p.at(&e, holds, now); at < e.Stage {
		return e.Apply(*p, Due{Action: Restore, Stage: at}, now)
	}
	return e
}

// Position is that part of a Standing which says where the person is.
func (p Plan) Position(e Enrollment, holds []Hold, now time.Time) Position {
	l, at := p.In(e.Country), p.at(&e, holds, now)
	stage := p.Stages[at]
	pos := Position{
		Campaign: p.Campaign, Plan: e.Plan, Basis: p.Basis, Status: e.Status, Effect: e.Effect, Bound: e.Bound, Region: l.Region,
		Stage: stage.Key, Shadow: stage.Shadow, Since: e.Entered, Until: e.ExemptUntil, Extended: e.NotBefore,
		Snoozes: max(p.Snooze.Max-e.Snoozes, 0), Next: p.next(e, holds, now), Reversal: l.ReversalID,
	}
	quiet := false
	for _, h := range holds {
		if h.covers(&p, &e) && h.Active(now) {
			pos.HoldID, pos.Lifted = h.ID, pos.Lifted || h.Effect == Lift
			quiet = quiet || !h.Reminders
		}
	}
	pos.Window = p.window(at, now)
	pos.Reminder, pos.Quiet = p.reminder(&l, &e, at, quiet, now)
	return pos
}

// window reports whether a brown-out of a stage up to this one is on.
func (p *Plan) window(stage int, now time.Time) bool {
	return slices.ContainsFunc(p.Stages[:stage+1], func(s Stage) bool { return s.Takes() && s.BrownOut != nil && s.BrownOut.Open(now) })
}

// Turns reports whether a brown-out begins or ends, and so what people may do
// changes by itself, after one instant and not after another.
func (p Plan) Turns(after, now time.Time) bool {
	return slices.ContainsFunc(p.Stages, func(s Stage) bool { return s.Takes() && s.BrownOut != nil && s.BrownOut.turns(after, now) })
}

// reminder is what a client may show now, and until when it must be silent.
func (p *Plan) reminder(l *Local, e *Enrollment, stage int, quiet bool, now time.Time) (Reminder, time.Time) {
	asks := e.Status == Pending || e.Status == Declined && p.Stages[stage].Takes()
	if !asks || e.Bound || quiet || now.Before(l.AnnounceAt) {
		return Reminder{}, time.Time{}
	}
	r := p.inherited(stage)
	if l.Reminder != nil {
		r = l.Reminder.alone()
	}
	if r.AskOnce && e.Answered {
		return Reminder{}, time.Time{}
	}
	return r, e.SnoozedUntil
}

// inherited is the reminder of a stage, or of the nearest stage before it that
// has one.
func (p *Plan) inherited(stage int) Reminder {
	for i := stage; i >= 0; i-- {
		if p.Stages[i].Reminder != (Reminder{}) {
			return p.Stages[i].Reminder
		}
	}
	return Reminder{}
}

// alone is a region's rule in place of the stage's. One that only says "ask
// once" is a banner that can be dismissed and does not come back.
func (r Reminder) alone() Reminder {
	if r.Mode == NoReminder && r.AskOnce {
		r.Mode, r.Dismissible = Banner, true
	}
	return r
}

// next looks one stage ahead on the facts of now.
func (p *Plan) next(e Enrollment, holds []Hold, now time.Time) Next {
	e = p.restored(e, holds, now)
	if e.Status == Accepted || e.Status == Exempt || e.Bound || e.Stage+1 > p.In(e.Country).Last {
		return Next{}
	}
	n := Next{Stage: p.Stages[e.Stage+1].Key, At: dueAt(p, &e, holds, now)}
	if until, onHold := coverage(p, &e, holds, now); onHold {
		n.Why = WaitsForHold
		if until.IsZero() {
			n.At = time.Time{}
		} else {
			n.At = latest(dueAt(p, &e, holds, until), until)
		}
		return n
	}
	if !e.Noticed.IsZero() { // as for nearly everybody whose next stage is near
		return n
	}
	if d := Step(*p, e, holds, now); d.Action == Wait && d.Why == WaitsForNotice {
		n.At, n.Why = time.Time{}, WaitsForNotice
	}
	return n
}

// Ahead lists the stages still before a person who does nothing, with the
// dates they fall due if each stage's notice reaches the person in time. It is
// empty for someone nothing is ahead of, and under an open hold.
func (p Plan) Ahead(e Enrollment, holds []Hold, now time.Time) []Next {
	until, onHold := coverage(&p, &e, holds, now)
	if e.Status == Accepted || e.Status == Exempt || e.Bound || onHold && until.IsZero() {
		return nil
	}
	if e = p.restored(e, holds, now); onHold {
		now = until
	}
	if e.FirstNotice.IsZero() { // whoever asks is being told now at the earliest
		e = e.Notice(now)
	}
	var ahead []Next
	for i, at := range p.dates(e, holds, now) {
		if !at.IsZero() {
			ahead = append(ahead, Next{Stage: p.Stages[i].Key, At: at})
		}
	}
	return ahead
}

// dates is when each stage still ahead falls due, by its index; zero for the
// others.
func (p Plan) dates(e Enrollment, holds []Hold, now time.Time) []time.Time {
	out := make([]time.Time, len(p.Stages))
	for last := p.In(e.Country).Last; e.Stage < last; {
		at := latest(dueAt(&p, &e, holds, now), now)
		e = e.Apply(p, Due{Action: Enter, Stage: e.Stage + 1}, at)
		out[e.Stage] = at
	}
	return out
}

// Effects are the capabilities of the catalogue as this campaign alone leaves
// them to somebody in a position. They follow from the position but for its instants, so people in the
// same position share them.
func (p Plan) Effects(c Catalogue, e Enrollment, pos Position) []State {
	out := make([]State, 0, len(c))
	free := e.Status == Accepted || e.Status == Exempt
	at := p.StageIndex(pos.Stage)
	for _, capability := range c {
		s := State{Capability: capability.Key, Value: capability.Default(), Reason: ReasonDefault}
		switch {
		case capability.Grant && slices.Contains(p.Grants, capability.Key):
			s.Campaign = p.Campaign
			s.Value, s.Reason = p.grant(capability, e, pos.HoldID != "")
		case !free && !capability.ExitRight:
			if value, stage, ok := p.limit(capability, at, pos.Window); ok {
				s = State{capability.Key, value, ReasonStage, p.Campaign, p.Stages[stage].Key}
			}
		}
		out = append(out, s)
	}
	return out
}

func (p Plan) grant(c Capability, e Enrollment, onHold bool) (Value, Reason) {
	switch {
	case e.Status != Accepted:
		return c.Off(), ReasonNotGranted
	case e.Effect != Full || p.In(e.Country).Effect != Full:
		return c.Off(), ReasonVoid
	case onHold:
		return c.Off(), ReasonHeld
	default:
		return c.On(), ReasonGranted
	}
}

// limit is the strictest value the stages up to this one leave a capability,
// and the stage that set it: with a brown-out on or not.
func (p Plan) limit(c Capability, stage int, window bool) (Value, int, bool) {
	value, by, found := c.On(), 0, false
	for i, s := range p.Stages[:stage+1] {
		if s.Shadow || s.BrownOut != nil && !window {
			continue
		}
		if slices.Contains(s.Off, c.Key) {
			return c.Off(), i, true
		}
		for _, set := range s.Set {
			if set.Capability == c.Key && c.Stricter(set.Value, value) {
				value, by, found = set.Value, i, true
			}
		}
	}
	return value, by, found
}

// left is the value of a capability at a stage.
func (p Plan) left(c Capability, stage int, window bool) Value {
	value, _, _ := p.limit(c, stage, window)
	return value
}

// Combine merges standings of several campaigns: for each capability the most
// restrictive value wins and keeps its own explanation, so that one campaign's
// acceptance never lifts what another has taken away.
func Combine(c Catalogue, standings ...Standing) Standing {
	out := Standing{Capabilities: make([]State, len(c))}
	for i, capability := range c {
		best := State{Capability: capability.Key, Value: capability.Default(), Reason: ReasonDefault}
		for _, s := range standings {
			if i < len(s.Capabilities) && overrides(capability, s.Capabilities[i], best) {
				best = s.Capabilities[i]
			}
		}
		out.Capabilities[i] = best
	}
	for _, s := range standings {
		out.Positions = append(out.Positions, s.Positions...)
	}
	return out
}

func overrides(c Capability, s, best State) bool {
	if s.Reason == ReasonDefault {
		return false
	}
	return best.Reason == ReasonDefault || c.Stricter(s.Value, best.Value)
}
