package simulate

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

// pass goes through all slots: what staff do, the ticks up to its beginning,
// what people do at it, and the ticks before the next.
func (s *simulation) pass(ctx context.Context) error {
	for slot := range s.Days * slots {
		at := s.start.Add(time.Duration(slot) * grid)
		for _, step := range []func() error{
			func() error { return s.staff(ctx, at) },
			func() error { return s.sweeps(ctx, at) },
			func() error { return s.act(ctx, slot, at) },
			func() error { return s.sweeps(ctx, at.Add(grid-time.Second)) },
		} {
			if err := step(); err != nil {
				return fmt.Errorf("simulate %s: %w", at.Format(time.RFC3339), err)
			}
		}
		if slot%slots == slots-1 {
			if err := s.closeDay(ctx, slot/slots); err != nil {
				return err
			}
		}
	}
	return s.add(ctx)
}

// sweeps runs a sweep at each tick up to an instant at which something can be
// due, and passes over the others.
func (s *simulation) sweeps(ctx context.Context, until time.Time) error {
	for {
		tick, err := s.tick(ctx)
		if err != nil {
			return err
		}
		if tick.IsZero() || tick.After(until) {
			for next := s.Next(s.swept); !next.After(until); next = s.Next(next) {
				s.result.Totals.Ticks++
				s.swept = next
			}
			return ctx.Err()
		}
		for next := s.Next(s.swept); next.Before(tick); next = s.Next(next) {
			s.result.Totals.Ticks++
		}
		s.result.Totals.Ticks++
		s.now, s.swept = tick, tick
		run, err := s.tracker.Sweep(ctx, tick)
		if err != nil {
			return err
		}
		s.today.add(Load{Runs: 1, Examined: run.Examined, Moved: run.Moved, Notices: run.Told + run.Moved, Largest: run.Examined})
		if run.Stopped > 0 {
			if err := s.approve(ctx); err != nil {
				return err
			}
		}
	}
}

// tick is the next one at which a sweep finds something; zero when nothing is
// ahead.
func (s *simulation) tick(ctx context.Context) (time.Time, error) {
	due, err := s.tracker.NextDue(ctx)
	if err != nil || due.IsZero() {
		return time.Time{}, err
	}
	if !due.After(s.swept) {
		return s.Next(s.swept), nil
	}
	return s.Next(due.Add(-time.Nanosecond)), nil
}

// approve does what staff would after a run was stopped: look at what the next
// 24 hours bring, and say that it is expected.
func (s *simulation) approve(ctx context.Context) error {
	b, err := s.tracker.BreakerOf(ctx, s.Plan.Campaign)
	if err != nil || b.TrippedAt.IsZero() {
		return err
	}
	ahead, err := s.tracker.Preview(ctx, s.Plan.Campaign, s.now.Add(24*time.Hour), tracker.PreviewOptions{})
	if err != nil {
		return err
	}
	trip := Trip{
		Day: s.slot(s.now) / slots, At: s.now, Would: b.Would, Recent: b.Recent, Limit: b.Limit,
		Approve: b.Recent + max(b.Would, int64(ahead.Restricted)), Until: s.now.AddDate(0, 0, 14),
	}
	s.result.Trips = append(s.result.Trips, trip)
	_, err = s.tracker.Expect(ctx, tracker.Expectation{Campaign: s.Plan.Campaign, People: trip.Approve, Until: trip.Until, Reason: "as the preview says"}, actor)
	return err
}

// placed is a hold that was placed, and when it ends.
type placed struct {
	id string
	to time.Time
}

// staff places and releases holds and makes reversals, those that are due.
func (s *simulation) staff(ctx context.Context, at time.Time) error {
	s.now = at
	for len(s.holds) < len(s.Holds) && !s.Holds[len(s.holds)].From.After(at) {
		h := s.Holds[len(s.holds)]
		hold, err := s.tracker.PlaceHold(ctx, terms.Hold{
			Campaign: s.Plan.Campaign, Scope: terms.Scope{Region: h.Region}, Reason: "simulated", Clock: terms.ClockStop, Effect: terms.Freeze, Spread: -1,
		}, actor)
		if err != nil {
			return err
		}
		s.holds = append(s.holds, placed{hold.ID, h.To})
	}
	for i, h := range s.holds {
		if h.id == "" || h.to.After(at) {
			continue
		}
		if _, err := s.tracker.ReleaseHold(ctx, s.Plan.Campaign, h.id, "simulated", actor); err != nil {
			return err
		}
		s.holds[i].id = ""
	}
	for s.turned < len(s.Reversals) && !s.Reversals[s.turned].At.After(at) {
		r := s.Reversals[s.turned]
		if _, err := s.tracker.Reverse(ctx, terms.Reversal{Campaign: s.Plan.Campaign, Region: r.Region, Stage: r.To, Reason: "simulated"}, actor); err != nil {
			return err
		}
		s.turned++
	}
	return nil
}

// saw has a person whom a notice was handed to see it some time later.
func (s *simulation) saw(m tracker.Move) {
	switch m.Kind {
	case tracker.ChangeTold, tracker.ChangeEntered, tracker.ChangeRestored:
	default:
		return
	}
	i, ours := number(m.After.Person)
	if !ours || s.habits[i].done || !s.habits[i].reached {
		return
	}
	if slot := s.slot(s.now) + s.sees(i, m.After.Stage); slot < len(s.agenda) {
		s.agenda[slot] = append(s.agenda[slot], int32(i))
	}
}

// act puts into effect what people do in a slot.
func (s *simulation) act(ctx context.Context, slot int, at time.Time) error {
	s.now = at
	var seen []tracker.ReportedNotice
	var choices []tracker.Choice
	for _, i := range s.agenda[slot] {
		h := &s.habits[i]
		if h.done || h.looked == int32(slot) || h.accepts == int32(slot) {
			continue
		}
		first := h.looked < 0
		h.looked = int32(slot)
		if first && h.declines {
			choices = append(choices, s.choice(int(i), terms.Decline))
			continue
		}
		seen = append(seen, tracker.ReportedNotice{Person: personID(int(i)), Campaign: s.Plan.Campaign, Channel: tracker.InApp, Presented: true})
	}
	for _, i := range s.due[slot] {
		s.habits[i].done = true
		choices = append(choices, s.choice(int(i), terms.Accept))
	}
	s.agenda[slot], s.due[slot] = nil, nil
	s.today.Seen += len(seen)
	s.today.Responses += len(choices)
	for batch := range batches(seen) {
		if err := s.tracker.NoticeMany(ctx, batch); err != nil {
			return err
		}
	}
	for batch := range batches(choices) {
		if err := s.tracker.RespondMany(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// asking is what the plan asks of a person in a country.
type asking map[terms.DocumentRef]terms.DocumentText

func (s *simulation) asking(ctx context.Context) (asking, error) {
	versions, err := s.tracker.Versions(ctx, "")
	out := asking{}
	for _, v := range versions {
		text, _ := v.TextIn("en")
		out[v.DocumentRef] = terms.DocumentText{Document: v.Document, Version: v.Version, Locale: text.Locale, SHA256: text.SHA256}
	}
	return out, err
}

// choice is what the app of a person sends.
func (s *simulation) choice(i int, a terms.Action) tracker.Choice {
	c := tracker.Choice{
		Person: personID(i), Campaign: s.Plan.Campaign, Action: a, IdempotencyKey: "simulated-" + strconv.Itoa(i) + string(a),
		Method: ledger.MethodAPI, Actor: actor, PresentedAt: s.now, RespondedAt: s.now,
	}
	for _, ref := range s.Plan.In(s.Countries.pick(s.roll(i, "country"))).Documents {
		c.Documents = append(c.Documents, s.asks[ref])
	}
	return c
}

// batches cuts a list into pieces that go into one transaction each.
func batches[T any](list []T) func(func([]T) bool) {
	return func(yield func([]T) bool) {
		for len(list) > 0 {
			n := min(len(list), tracker.MaxBatch)
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}
