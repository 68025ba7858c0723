package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assent/terms"
)

// PlaceHold stops the ladder for a scope, from Starts on. A zero Starts is
// now; it cannot lie in the past. Nothing is taken away from anybody under a
// hold; with Lift, people have everything meanwhile.
func (t *Tracker) PlaceHold(ctx context.Context, h terms.Hold, actor string) (Hold, error) {
	now := t.instant()
	if h.Starts.IsZero() {
		h.Starts = now
	}
	if err := checkHold(h, now); err != nil {
		return Hold{}, err
	}
	id, err := t.newID("hld")
	if err != nil {
		return Hold{}, err
	}
	h.ID, h.Starts, h.Ends = id, h.Starts.UTC(), h.Ends.UTC()
	placed := Hold{Hold: h, PlacedBy: actor, PlacedAt: now}
	err = t.Store.Update(ctx, func(tx Tx) error {
		if _, err := rulesOf(ctx, tx, h.Campaign); err != nil {
			return err
		}
		if err := tx.AddHold(ctx, placed); err != nil {
			return err
		}
		if err := tx.SetEnrolledTo(ctx, h.Campaign, 0); err != nil {
			return err
		}
		return tx.AddAct(ctx, Act{At: now, Actor: actor, Action: "hold.place", Object: h.Campaign + "/" + id, Reason: h.Reason})
	})
	if err != nil {
		return Hold{}, err
	}
	return placed, t.Committed(context.WithoutCancel(ctx), 0)
}

func checkHold(h terms.Hold, now time.Time) error {
	var faults terms.Faults
	add := func(path, detail string) { faults = append(faults, terms.Fault{Path: path, Detail: detail}) }
	if h.Reason == "" {
		add("reason", "say why, for the record and for the people it concerns")
	}
	if !slices.Contains([]terms.HoldClock{terms.ClockStop, terms.ClockContinue, terms.ClockRestart}, h.Clock) {
		add("clock", fmt.Sprintf("%q is not one of stop, continue, restart", h.Clock))
	}
	if !slices.Contains([]terms.HoldEffect{terms.Freeze, terms.Lift}, h.Effect) {
		add("effect", fmt.Sprintf("%q is not one of freeze, lift", h.Effect))
	}
	if h.Starts.Before(now) {
		add("starts_at", "lies in the past; leave it out to start now")
	}
	if !h.Ends.IsZero() && !h.Ends.After(h.Starts) {
		add("ends_at", "must come after starts_at")
	}
	return faults.OrNil()
}

// ReleaseHold ends a hold now. NotFound; Conflict when it has ended already.
func (t *Tracker) ReleaseHold(ctx context.Context, campaign, id, actor string) (Hold, error) {
	now := t.instant()
	var released Hold
	err := t.Store.Update(ctx, func(tx Tx) error {
		var err error
		if released, err = tx.EndHold(ctx, campaign, id, now, actor, ""); err != nil {
			return err
		}
		if err := tx.SetEnrolledTo(ctx, campaign, 0); err != nil {
			return err
		}
		return tx.AddAct(ctx, Act{At: now, Actor: actor, Action: "hold.release", Object: campaign + "/" + id})
	})
	if err != nil {
		return Hold{}, err
	}
	return released, t.Committed(context.WithoutCancel(ctx), 0)
}
