package terms

import (
	"hash/fnv"
	"math/bits"
	"time"
)

// DueAction is what is to be done for a person.
type DueAction string

// What Step can answer.
const (
	Wait    DueAction = "wait"    // nothing until Due.Next
	Tell    DueAction = "tell"    // hand the current stage's notice to the channels
	Warn    DueAction = "warn"    // hand the current stage's final warning to the channels
	Enter   DueAction = "enter"   // enter Due.Stage, which is the current stage plus one
	Restore DueAction = "restore" // go back to Due.Stage
	Recall  DueAction = "recall"  // an exemption has ended: ask again
)

// Why a person waits, where it is not simply a matter of time.
const (
	WaitsForNotice = "not_reached" // no notice was presented or delivered in this stage
	WaitsForHold   = "hold"
	WaitsAtEnd     = "last_stage" // the ladder, or the region's part of it, ends here
	WaitsForOwner  = "owner"      // a bound account moves with its owner
)

// Due is what is due for one person at one instant.
type Due struct {
	Action DueAction
	Stage  int       // of Enter and Restore
	Next   time.Time // of Wait: when to look again; zero: not before a fact changes
	Why    string    // of Wait: one of the WaitsFor constants, or ""
}

// Step says what is due for this person now. It is the only place that decides
// a stage. It never moves anyone up more than one stage, whatever the gap since
// it was last asked, and it answers Wait with a Next that is zero or after now.
func Step(p Plan, e Enrollment, holds []Hold, now time.Time) Due {
	if e.Bound {
		return Due{Action: Wait, Why: WaitsForOwner}
	}
	if e.Status == Accepted || e.Status == Exempt {
		return settled(e, now)
	}
	if at := p.at(&e, holds, now); at < e.Stage {
		return Due{Action: Restore, Stage: at}
	}
	if until, held := coverage(&p, &e, holds, now); held {
		return Due{Action: Wait, Next: until, Why: WaitsForHold}
	}
	if announce := p.In(e.Country).AnnounceAt; now.Before(announce) {
		return Due{Action: Wait, Next: announce}
	}
	if e.Told.IsZero() {
		return Due{Action: Tell}
	}
	return climb(p, e, holds, now)
}

// settled decides about someone of whom nothing is asked.
func settled(e Enrollment, now time.Time) Due {
	switch {
	case e.Stage > 0:
		return Due{Action: Restore}
	case e.Status == Exempt && !e.ExemptUntil.IsZero():
		return until(now, e.ExemptUntil, Due{Action: Recall})
	default:
		return Due{Action: Wait}
	}
}

// climb decides about the next stage for someone who is told, not held, and
// has not accepted.
func climb(p Plan, e Enrollment, holds []Hold, now time.Time) Due {
	next := e.Stage + 1
	if next > p.In(e.Country).Last {
		return Due{Action: Wait, Why: WaitsAtEnd}
	}
	at := dueAt(&p, &e, holds, now)
	if p.Stages[next].Restricts() {
		warning := p.Stages[e.Stage].FinalWarning
		if warning > 0 && e.Warned.IsZero() {
			return until(now, at.Add(-warning), Due{Action: Warn})
		}
		if e.Noticed.IsZero() {
			return until(now, at, Due{Action: Wait, Why: WaitsForNotice})
		}
		// A warning that nobody could have seen yet is no warning.
		at = latest(at, e.Warned.Add(warning), e.Noticed.Add(warning))
	}
	return until(now, at, Due{Action: Enter, Stage: next})
}

// until answers due once the instant has come, and Wait before it.
func until(now, at time.Time, due Due) Due {
	if now.Before(at) {
		return Due{Action: Wait, Next: at}
	}
	return due
}

// Apply returns the facts after what was due under a plan has been done.
func (e Enrollment) Apply(p Plan, d Due, now time.Time) Enrollment {
	switch d.Action {
	case Tell:
		e.Told = now
	case Warn:
		e.Warned = now
	case Enter:
		e.Stage, e.Entered, e.Told = d.Stage, now, now
		e.Noticed, e.Warned = time.Time{}, time.Time{}
	case Restore:
		e = e.restart(now)
		e.Stage, e.Told = d.Stage, now
	case Recall:
		e = e.Recall(p, now)
	}
	return e
}

// NextAt is when to ask Step again for these facts: now when something is due
// already, zero when nothing will be before a fact changes.
func NextAt(p Plan, e Enrollment, holds []Hold, now time.Time) time.Time {
	if d := Step(p, e, holds, now); d.Action == Wait {
		return d.Next
	}
	return now
}

// dueAt is the instant the next stage falls due: never before the personal
// clock says so, and never before the present stage has lasted its dwell.
func dueAt(p *Plan, e *Enrollment, holds []Hold, now time.Time) time.Time {
	s := p.Stages[e.Stage+1]
	l := p.In(e.Country)
	start := latest(l.Deadline, e.Created.Add(p.NoticePeriod), e.NotBefore, restarted(p, e, holds, now))
	if !e.FirstNotice.IsZero() {
		start = latest(start, e.FirstNotice.Add(p.NoticePeriod))
	}
	if s.FromAnnounce {
		start = latest(l.AnnounceAt, e.Joined)
	}
	start = start.Add(held(p, e, holds, e.Joined, now))
	stayed := e.Entered.Add(p.dwell(e.Stage) + held(p, e, holds, e.Entered, now))
	return latest(start.Add(s.After+spread(s.Spread, e.Person, e.Campaign)), stayed, released(p, e, holds, now))
}

// spread staggers people over a window, in whole hours so that due rows stay
// together in the index. It is stable for a person and what the window is of: a
// campaign or a hold. A longer window is later for everybody or the same, so
// that of two plans the longer spread is the gentler one.
func spread(window time.Duration, person, of string) time.Duration {
	if window < time.Hour {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(person + "\x00" + of)) // hash.Hash never returns an error
	sum := h.Sum64()
	sum = (sum ^ sum>>32) * 0x9e3779b97f4a7c15 // FNV's high bits alone spread short ids poorly
	hours, _ := bits.Mul64(sum, uint64(window/time.Hour)+1)
	return time.Duration(hours) * time.Hour
}

func latest(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if t.After(out) {
			out = t
		}
	}
	return out
}

// earliest returns the earlier instant, where zero means never.
func earliest(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}
