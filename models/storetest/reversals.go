package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

func reversalsAreMadeAndUndoneOnce(s *store) {
	reversals := func() []tracker.Reversal {
		return get(s, func(r tracker.Reader) ([]tracker.Reversal, error) { return r.Reversals(s.ctx, campaign) })
	}
	reversal := func(id, region string, at time.Time) tracker.Reversal {
		return tracker.Reversal{
			Reversal: terms.Reversal{
				ID: id, Campaign: campaign, Region: region, Stage: "announced", Reminders: terms.SoftenReminders,
				Reason: "public pressure", Reference: "https://example.org/1", At: at, UndoUntil: at.AddDate(0, 0, 14),
			},
			By: "ada", Before: []tracker.Count{{Country: "BR", Status: terms.Pending, Stage: 1, People: 3}},
		}
	}
	s.same("no reversals", reversals(), []tracker.Reversal{})
	later := noon.Add(time.Hour)
	region, whole := reversal("b", "turkey", noon), reversal("a", "", later)
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.AddReversal(s.ctx, region) })
	s.addPlan(plan(campaign), 1)
	s.update(func(tx tracker.Tx) error { return tx.AddReversal(s.ctx, whole) })
	s.update(func(tx tracker.Tx) error { return tx.AddReversal(s.ctx, region) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddReversal(s.ctx, whole) })
	s.same("oldest first", reversals(), []tracker.Reversal{region, whole})

	undone := whole
	undone.Undone, undone.UndoneBy, undone.UndoReason = later.Add(time.Minute), "grace", "a mistake"
	undone.UndoBefore = []tracker.Count{{Country: "IN", Status: terms.Declined, Stage: 0, People: 2}}
	other := undone
	other.Stage, other.Reason, other.By, other.Before = "limited", "another", "eve", nil // none of this is written
	s.update(func(tx tracker.Tx) error { return tx.UndoReversal(s.ctx, other) })
	s.same("newest change of the rules", s.campaign(campaign).Ruled, s.revision())
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.UndoReversal(s.ctx, undone) })
	other.ID = "none"
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.UndoReversal(s.ctx, other) })
	s.same("reversals", reversals(), []tracker.Reversal{region, undone})

	about := tracker.Enrolled{Enrollment: terms.Enrollment{Campaign: campaign}}
	s.same("changes", s.changes(0, 10), []tracker.Change{
		{Revision: 1, Kind: tracker.ChangeReversal, At: later, Enrolled: about},
		{Revision: 2, Kind: tracker.ChangeReversal, At: noon, Enrolled: about},
		{Revision: 3, Kind: tracker.ChangeReversal, At: undone.Undone, Enrolled: about},
	})
}
