package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

func approvalsAreDecidedOnce(s *store) {
	approvals := func(key string, limit int) []tracker.Approval {
		return get(s, func(r tracker.Reader) ([]tracker.Approval, error) { return r.Approvals(s.ctx, key, limit) })
	}
	ask := func(id, key string, at time.Time) tracker.Approval {
		a := tracker.Approval{
			ID: id, Campaign: key, Act: "plan.activate", Object: key + "/2", Request: []byte(`{"plan":2}`), Digest: "ab",
			AskedBy: "ada", AskedAt: at, Expires: at.AddDate(0, 0, 7), State: tracker.ApprovalOpen,
		}
		s.update(func(tx tracker.Tx) error { return tx.AddApproval(s.ctx, a) })
		return a
	}
	s.same("nothing asked", approvals("", 10), []tracker.Approval{})
	missing(s, func(r tracker.Reader) (tracker.Approval, error) { return r.Approval(s.ctx, "apr-1") })
	second, first := ask("apr-1", campaign, noon.Add(time.Hour)), ask("apr-2", campaign, noon)
	everywhere := ask("apr-3", "", noon)
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddApproval(s.ctx, first) })
	s.same("newest first", approvals("", 10), []tracker.Approval{second, everywhere, first})
	s.same("of a campaign", approvals(campaign, 10), []tracker.Approval{second, first})
	s.same("the newest", approvals("", 1), []tracker.Approval{second})

	decided := first
	decided.State, decided.DecidedBy, decided.DecidedAt, decided.Note = tracker.ApprovalDone, "grace", noon.Add(time.Minute), "looked at it"
	other := decided
	other.Request, other.Digest, other.AskedBy, other.Object = []byte("{}"), "cd", "eve", "x" // none of this is written
	s.update(func(tx tracker.Tx) error { return tx.DecideApproval(s.ctx, other) })
	decide := func(id string, state tracker.ApprovalState) func(tx tracker.Tx) error {
		return func(tx tracker.Tx) error { return tx.DecideApproval(s.ctx, tracker.Approval{ID: id, State: state}) }
	}
	s.refused(terms.Conflict, decide(first.ID, tracker.ApprovalRejected))
	s.refused(terms.NotFound, decide("none", tracker.ApprovalRejected))
	s.same("decided", get(s, func(r tracker.Reader) (tracker.Approval, error) { return r.Approval(s.ctx, first.ID) }), decided)
	s.update(decide(second.ID, tracker.ApprovalSuspended))
	s.refused(terms.Conflict, decide(second.ID, tracker.ApprovalDone))
	second.State = tracker.ApprovalSuspended
	s.same("all", approvals("", 10), []tracker.Approval{second, everywhere, decided})
}
