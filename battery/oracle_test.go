package battery_test

import (
	"hash/fnv"
	"math/bits"
	"slices"
	"time"

	"assent/terms"
	"assent/tracker"
)

// script is what one person does in a year, known beforehand.
type script struct {
	id, country     string
	created, joined time.Time
	opens           []time.Time // a notice is presented, in order
	declines        time.Time   // zero for never, as the others
	accepts         time.Time
	withdraws       time.Time // after accepts
}

// year is what happens to everybody.
type year struct {
	plan             terms.Plan
	tick             time.Duration
	ends             time.Time
	heldFrom, heldTo time.Time // IN, with a clock that stops
	reversed         time.Time // MX, to the stage reminded
}

// fate is what the design says of one person at the end of the year. It is
// worked out from the dates alone, stage by stage, without running anything.
type fate struct {
	status                                terms.Status
	stage                                 int
	entered, told, noticed, warned, first time.Time
	notBefore                             time.Time
	moves                                 []tracker.Transition // From, To, Cause and At
	who                                   script
	year                                  year
}

// up is the first tick that is not before an instant.
func (y year) up(t time.Time) time.Time {
	at := t.Truncate(y.tick)
	if at.Before(t) {
		at = at.Add(y.tick)
	}
	return at
}

// past is the first tick after an instant.
func (y year) past(t time.Time) time.Time { return t.Truncate(y.tick).Add(y.tick) }

// fate works out a person's.
func (y year) fate(who script) fate {
	f := fate{status: terms.Pending, entered: who.joined, who: who, year: y}
	if !who.declines.IsZero() {
		f.who.opens = append(slices.Clone(who.opens), who.declines)
		slices.SortFunc(f.who.opens, time.Time.Compare)
	}
	f.told = y.up(latest(y.plan.AnnounceAt, y.past(who.joined)))
	f.climb(orNever(who.accepts, y.ends))
	if !who.declines.IsZero() && who.declines.Before(y.ends) {
		f.status = terms.Declined
	}
	if at := who.accepts; !at.IsZero() && at.Before(y.ends) {
		f.to(0, tracker.CauseAccepted, at)
		f.status = terms.Accepted
		f.first = f.firstBy(at)
		if f.first.IsZero() {
			f.first = at
		}
		if at := who.withdraws; !at.IsZero() && at.Before(y.ends) {
			f.to(0, tracker.CauseWithdrawn, at)
			f.status, f.notBefore = terms.Pending, at.Add(y.plan.NoticePeriod)
			f.who.opens = append(f.who.opens, at)
			slices.SortFunc(f.who.opens, time.Time.Compare)
			f.climb(y.ends)
		}
	}
	if f.first.IsZero() {
		f.first = f.firstBy(y.ends)
	}
	if f.status != terms.Accepted {
		f.noticed = f.openSince(f.entered, y.ends)
	}
	return f
}

func orNever(t, never time.Time) time.Time {
	if t.IsZero() || t.After(never) {
		return never
	}
	return t
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// to records a move.
func (f *fate) to(stage int, cause tracker.Cause, at time.Time) {
	if stage != f.stage {
		f.moves = append(f.moves, tracker.Transition{From: f.stage, To: stage, Cause: cause, At: at})
	}
	f.stage, f.entered, f.warned = stage, at, time.Time{}
}

// firstBy is the first notice before an instant, zero for none.
func (f *fate) firstBy(t time.Time) time.Time { return f.openSince(time.Time{}, t) }

// openSince is the first notice from an instant on and before another.
func (f *fate) openSince(from, before time.Time) time.Time {
	for _, at := range f.who.opens {
		if !at.Before(from) && at.Before(before) {
			return at
		}
	}
	return time.Time{}
}

// climb takes a person up the ladder until an instant, with the reversal on the
// way.
func (f *fate) climb(until time.Time) {
	last := f.year.plan.In(f.who.country).Last
	if at := f.year.past(f.year.reversed); f.who.country == "MX" && !f.year.reversed.IsZero() {
		if f.entered.Before(at) {
			for f.stage < last && f.step(orNever(at, until)) {
			}
			if f.stage > 1 && at.Before(until) {
				f.to(1, tracker.CauseReversal, at)
				f.told = at
			}
		}
		last = min(last, 1)
	}
	for f.stage < last && f.step(until) {
	}
}

// step takes the next stage, if it comes before an instant.
func (f *fate) step(until time.Time) bool {
	y, next := f.year, f.year.plan.Stages[f.stage+1]
	due := f.due(until)
	warning := y.plan.Stages[f.stage].FinalWarning
	at := y.up(latest(due, y.past(f.told)))
	if next.Restricts() {
		if warning > 0 {
			warned := f.unheld(y.up(latest(due.Add(-warning), y.past(f.entered))))
			if early := f.dueIf(time.Time{}); early.Before(due) { // what the date was before the first notice
				if first := y.up(latest(early.Add(-warning), y.past(f.entered))); first.Before(f.firstBy(until)) {
					warned = f.unheld(first)
				}
			}
			if !warned.Before(until) {
				return false
			}
			f.warned = warned
			at = latest(at, y.up(warned.Add(warning)))
		}
		noticed := f.openSince(f.entered, until)
		if noticed.IsZero() {
			return false
		}
		at = latest(at, y.up(noticed.Add(warning)))
	}
	if at = f.unheld(at); !at.Before(until) {
		return false
	}
	f.to(f.stage+1, tracker.CauseSweep, at)
	f.told = at
	return true
}

// unheld is the tick at which something happens that falls on a tick: after the
// hold, where it falls into it.
func (f *fate) unheld(at time.Time) time.Time {
	y := f.year
	if f.who.country == "IN" && !at.Before(y.heldFrom) && at.Before(y.heldTo) {
		return y.past(y.heldTo)
	}
	return at
}

// due is when the next stage falls due, given the notices before an instant.
func (f *fate) due(until time.Time) time.Time {
	plain := f.dueIf(time.Time{})
	first := f.first
	if first.IsZero() {
		first = f.firstBy(until)
	}
	if first.IsZero() || !first.Before(f.year.up(plain)) && !f.year.plan.Stages[f.stage+1].Restricts() {
		return plain // the first notice comes too late to matter
	}
	return f.dueIf(first)
}

// dueIf is when the next stage falls due for someone with this first notice.
func (f *fate) dueIf(first time.Time) time.Time {
	y, next := f.year, f.year.plan.Stages[f.stage+1]
	clock := latest(y.plan.In(f.who.country).Deadline, f.who.created.Add(y.plan.NoticePeriod), f.notBefore)
	if !first.IsZero() {
		clock = latest(clock, first.Add(y.plan.NoticePeriod))
	}
	clock = clock.Add(next.After + share(next.Spread, f.who.id))
	stayed := f.entered.Add(f.dwell())
	due := latest(clock, stayed)
	if f.who.country == "IN" && !y.up(due).Before(y.heldFrom) { // every later time moves by the held time
		held := y.heldTo.Sub(y.heldFrom)
		if f.who.joined.Before(y.heldFrom) {
			clock = clock.Add(held)
		}
		if f.entered.Before(y.heldFrom) {
			stayed = stayed.Add(held)
		}
		due = latest(clock, stayed)
	}
	return due
}

// dwell is how long the present stage lasts at least.
func (f *fate) dwell() time.Duration {
	stages := f.year.plan.Stages
	switch {
	case stages[f.stage].Dwell != nil:
		return *stages[f.stage].Dwell
	case f.stage == 0:
		return f.year.plan.NoticePeriod
	default:
		return stages[f.stage+1].After - stages[f.stage].After
	}
}

// share is a person's own part of a spread, in whole hours. It must never
// change, or everybody's dates would.
func share(window time.Duration, person string) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(person + "\x00" + campaign))
	sum := h.Sum64()
	hours, _ := bits.Mul64((sum^sum>>32)*0x9e3779b97f4a7c15, uint64(window/time.Hour)+1)
	return time.Duration(hours) * time.Hour
}
