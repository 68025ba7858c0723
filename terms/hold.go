package terms

import (
	"slices"
	"time"
)

// HoldClock says what a hold does to the times that come after it.
type HoldClock string

// What a hold does to the clock.
const (
	ClockStop     HoldClock = "stop"     // every later time moves by the held time
	ClockContinue HoldClock = "continue" // times stay; what fell due happens after the hold
	ClockRestart  HoldClock = "restart"  // the notice period runs again after the hold
)

// HoldEffect says what people under a hold can do.
type HoldEffect string

// What a hold does to people already restricted.
const (
	Freeze HoldEffect = "freeze" // stay where you are
	Lift   HoldEffect = "lift"   // full access, and afterwards on from the last stage that takes nothing
)

// Scope is whom a hold covers: everybody when empty, else the people whom all
// that is given fits: a country or plan region, attributes, one person.
type Scope struct {
	Region     string     // ISO 3166-1 country, or the key of a region of the plan
	Attributes Attributes // a cohort: people with every one of these
	Person     string
}

// Hold is a reasoned stop for a scope. Ends is zero while it is open.
type Hold struct {
	ID        string
	Campaign  string
	Scope     Scope
	Reason    string
	Reference string
	Clock     HoldClock
	Effect    HoldEffect
	Reminders bool          // go on meanwhile; otherwise they are silent
	Message   Texts         // text people under the hold must be shown
	Spread    time.Duration // after its end nobody takes a stage before their own share of this has gone by
	Starts    time.Time
	Ends      time.Time
}

// Covers reports whether a person is in the hold's scope, at whatever time.
func (h Hold) Covers(p Plan, e Enrollment) bool { return h.covers(&p, &e) }

func (h *Hold) covers(p *Plan, e *Enrollment) bool {
	if h.Scope.Person != "" && h.Scope.Person != e.Person || !e.Attributes.Has(h.Scope.Attributes) {
		return false
	}
	return h.Scope.Region == "" || h.Scope.Region == e.Country || p.In(e.Country).named(h.Scope.Region, e.Country)
}

// Active reports whether the hold is in force at an instant: from Starts
// until just before Ends.
func (h Hold) Active(now time.Time) bool {
	return !now.Before(h.Starts) && (h.Ends.IsZero() || now.Before(h.Ends))
}

// over reports whether the hold covered the person and has ended.
func (h *Hold) over(p *Plan, e *Enrollment, now time.Time) bool {
	return !h.Ends.IsZero() && !h.Ends.After(now) && h.Ends.After(e.Joined) && h.Ends.After(h.Starts) && h.covers(p, e)
}

// lifted reports whether a hold gives the person back what stages took: while
// it lasts, and then for as long as they are recorded where it found them.
func lifted(p *Plan, e *Enrollment, holds []Hold, now time.Time) bool {
	return slices.ContainsFunc(holds, func(h Hold) bool {
		return h.Effect == Lift && h.covers(p, e) && (h.Active(now) || h.over(p, e, now) && e.Entered.Before(h.Ends))
	})
}

// resumes is when one person goes on after the hold: its end, and the person's
// share of the spread.
func (h *Hold) resumes(e *Enrollment) time.Time {
	return h.Ends.Add(spread(h.Spread, e.Person, h.ID))
}

// coverage reports whether a hold covers the person now, and until when:
// the end of the unbroken cover, zero when it is open.
func coverage(p *Plan, e *Enrollment, holds []Hold, now time.Time) (time.Time, bool) {
	at, covered := now, false
	for extended := true; extended; {
		extended = false
		for _, h := range holds {
			if !h.covers(p, e) || !h.Active(at) {
				continue
			}
			if h.Ends.IsZero() {
				return time.Time{}, true
			}
			at, covered, extended = h.Ends, true, true
		}
	}
	return at, covered
}

// held is how long clock-stopping holds have covered the person between two
// instants; overlapping holds count once.
func held(p *Plan, e *Enrollment, holds []Hold, from, now time.Time) time.Duration {
	var total time.Duration
	for at := from; at.Before(now); {
		end, active := now, false
		for _, h := range holds {
			if h.Clock != ClockStop || !h.covers(p, e) {
				continue
			}
			switch {
			case h.Active(at):
				active = true
				end = earliest(end, h.Ends)
			case h.Starts.After(at):
				end = earliest(end, h.Starts)
			}
		}
		if active {
			total += end.Sub(at)
		}
		at = end
	}
	return total
}

// restarted is the earliest start of a clock that a hold made run again: the
// end of the last such hold plus the notice period.
func restarted(p *Plan, e *Enrollment, holds []Hold, now time.Time) time.Time {
	var at time.Time
	for _, h := range holds {
		if h.Clock == ClockRestart && h.over(p, e, now) {
			at = latest(at, h.resumes(e).Add(p.NoticePeriod))
		}
	}
	return at
}

// released is when the last of the holds that covered the person lets the
// person go on, so that those held together do not all go on together.
func released(p *Plan, e *Enrollment, holds []Hold, now time.Time) time.Time {
	var at time.Time
	for _, h := range holds {
		if h.over(p, e, now) {
			at = latest(at, h.resumes(e))
		}
	}
	return at
}
