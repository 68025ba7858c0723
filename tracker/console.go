package tracker

import (
	"context"
	"slices"

	"assent/terms"
)

// Plans lists every plan of a campaign, oldest first; NotFound for an unknown
// campaign.
func (t *Tracker) Plans(ctx context.Context, campaign string) ([]PlanRecord, error) {
	return read(ctx, t, func(r Reader) ([]PlanRecord, error) {
		if _, err := r.Campaign(ctx, campaign); err != nil {
			return nil, err
		}
		return r.Plans(ctx, campaign)
	})
}

// Runs lists the sweeps of all campaigns, newest first.
func (t *Tracker) Runs(ctx context.Context) ([]Run, error) {
	return read(ctx, t, func(r Reader) ([]Run, error) { return r.Runs(ctx, listLength) })
}

// Approval returns one request for approval.
func (t *Tracker) Approval(ctx context.Context, id string) (Approval, error) {
	return read(ctx, t, func(r Reader) (Approval, error) { return r.Approval(ctx, id) })
}

// Held is whom a hold covers, or would cover.
type Held struct {
	People     int64 // in the campaign and in the hold's scope, without the exempt
	Waiting    int64 // of them, those who have not accepted: the ladder stops for them
	Restricted int64 // of them, those at a stage that takes something away
}

// PreviewHold checks a hold, but for its reason, and counts whom it covers as
// things stand now; nothing is written. Invalid with faults; NotFound for a
// campaign that is not running, or a person who is not in it.
func (t *Tracker) PreviewHold(ctx context.Context, h terms.Hold) (Held, error) {
	now := t.instant()
	if h.Starts.IsZero() {
		h.Starts = now
	}
	checked := h
	checked.Reason = "checked when it is placed"
	if err := checkHold(checked, now); err != nil {
		return Held{}, err
	}
	if err := t.Store.View(ctx, func(r Reader) error { return t.checkScope(ctx, r, h) }); err != nil {
		return Held{}, err
	}
	return t.Covered(ctx, h)
}

// Covered counts whom a hold covers. One for a cohort looks at everybody in the
// campaign, page by page.
func (t *Tracker) Covered(ctx context.Context, h terms.Hold) (Held, error) {
	var out Held
	var counts []Count
	var p terms.Plan
	err := t.Store.View(ctx, func(r Reader) error {
		rules, err := t.rulesOf(ctx, r, h.Campaign)
		if err != nil {
			return err
		}
		p = rules.current()
		if h.Scope.Person != "" {
			e, err := enrollment(ctx, r, h.Scope.Person, h.Campaign)
			if err == nil && h.Covers(p, e.Enrollment) {
				out.add(p, e.Enrollment, 1)
			}
			return err
		}
		counts, err = r.Counts(ctx, h.Campaign)
		return err
	})
	switch {
	case err != nil || h.Scope.Person != "":
		return out, err
	case h.Scope.Attributes != "":
		return t.coveredOneByOne(ctx, h, p)
	}
	for _, c := range counts {
		if e := (terms.Enrollment{Country: c.Country, Status: c.Status, Stage: c.Stage}); h.Covers(p, e) {
			out.add(p, e, c.People)
		}
	}
	return out, nil
}

func (t *Tracker) coveredOneByOne(ctx context.Context, h terms.Hold, p terms.Plan) (Held, error) {
	var out Held
	for after, more := int64(0), true; more; {
		rows, err := read(ctx, t, func(r Reader) ([]Enrolled, error) { return r.Positions(ctx, h.Campaign, after, previewPage) })
		if err != nil {
			return out, err
		}
		for _, e := range rows {
			if after = e.Ref; h.Covers(p, e.Enrollment) {
				out.add(p, e.Enrollment, 1)
			}
		}
		more = len(rows) == previewPage
	}
	return out, nil
}

func (h *Held) add(p terms.Plan, e terms.Enrollment, people int64) {
	if e.Status == terms.Exempt {
		return
	}
	h.People += people
	if e.Status == terms.Accepted {
		return
	}
	h.Waiting += people
	if taken(p, min(e.Stage, len(p.Stages)-1)) {
		h.Restricted += people
	}
}

// PreviewReversal checks a reversal, but for its reason, and counts where
// people are now and where it would take them; nothing is written. Errors are
// those of Reverse.
func (t *Tracker) PreviewReversal(ctx context.Context, r terms.Reversal) (Reversed, error) {
	if r.Reminders == "" {
		r.Reminders = terms.KeepReminders
	}
	a := &reversing{Campaign: r.Campaign, Region: r.Region, To: r.Stage, Reminders: r.Reminders, Reason: "checked when it is made"}
	var out Reversed
	err := t.Store.View(ctx, func(reader Reader) error {
		rules, err := t.rulesOf(ctx, reader, r.Campaign)
		if err != nil {
			return err
		}
		if err := a.check(rules); err != nil {
			return err
		}
		if r.Stage == ToOff {
			r.Stage, r.Reminders = rules.active.Stages[0].Key, terms.StopReminders
		}
		r.At = t.instant()
		r.UndoUntil = r.At.Add(t.Leniency.UndoWindow)
		out.Reversal = Reversal{Reversal: r}
		if out.Before, err = reader.Counts(ctx, r.Campaign); err != nil {
			return err
		}
		out.Current = slices.Clone(out.Before)
		out.After = takenBack(rules.active.Plan, r, out.Before)
		return nil
	})
	return out, err
}

// NeedsSecond reports whether an act needs a second person here.
func (t *Tracker) NeedsSecond(act string) bool { return slices.Contains(t.Approvals.Acts, act) }
