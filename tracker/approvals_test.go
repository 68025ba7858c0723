package tracker_test

import (
	"errors"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// twoPeople makes every act that can need a second person need one.
func twoPeople(d *tracker.Deps) {
	d.Approvals = tracker.Approvals{Expire: 7 * day, Acts: []string{
		tracker.ActActivate, tracker.ActConfirm, tracker.ActReverse, tracker.ActUndo, tracker.ActRelease, tracker.ActBreaker,
	}}
}

// asked is the request that an act answered with.
func (w *world) asked(err error) tracker.Approval {
	w.t.Helper()
	var awaits *tracker.Awaits
	if !errors.As(err, &awaits) {
		w.t.Fatalf("one person was enough: %v", err)
	}
	return awaits.Approval
}

func (w *world) approve(a tracker.Approval) {
	w.t.Helper()
	if _, err := w.Approve(w.t.Context(), a.ID, "ben"); err != nil {
		w.t.Fatal(err)
	}
}

// approved is a campaign whose plan a second person has approved.
func (w *world) approved(countries ...string) {
	w.t.Helper()
	w.publish()
	w.add(countries...)
	_, err := w.Activate(w.t.Context(), campaign, w.draft(func(*terms.Plan) {}), "mei", nil)
	w.approve(w.asked(err))
	w.sweep() // brings everybody in
}

func TestEveryActThatNeedsASecondPersonWaitsForOne(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.approved("BR")
		w.walk(deadline.Add(80*day), "p-0")
		reverse := func(to string) error {
			_, err := w.Reverse(t.Context(), terms.Reversal{Campaign: campaign, Stage: to, Reason: "the outcry"}, "mei")
			return err
		}
		fails(t, reverse("nowhere"), terms.Invalid, "nowhere") // refused now, not when it is approved
		request := w.asked(reverse("reminded"))
		w.can(false, "messages.send", "p-0")
		_, err := w.Approve(t.Context(), request.ID, "mei")
		fails(t, err, terms.Conflict, "second person")
		w.approve(request)
		w.can(true, "messages.send", "p-0")
		w.walk(deadline.Add(81*day), "p-0")

		list, err := w.ReversalList(t.Context(), campaign)
		if err != nil || len(list) != 1 || list[0].By != "mei, approved by ben" {
			t.Fatalf("%+v, %v", list, err)
		}
		_, err = w.Undo(t.Context(), campaign, list[0].ID, "a mistake", "mei")
		w.approve(w.asked(err))
		_, err = w.Activate(t.Context(), campaign, w.draft(func(p *terms.Plan) { p.NoticePeriod = 20 * day }), "mei", nil)
		w.approve(w.asked(err))
		_, err = w.Confirm(t.Context(), campaign, 2, "mei", nil)
		w.approve(w.asked(err))
		_, err = w.Expect(t.Context(), tracker.Expectation{Campaign: campaign, People: 5, Until: w.clock().Add(day), Reason: "the preview"}, "mei")
		w.approve(w.asked(err))
		c, err := w.Campaign(t.Context(), campaign)
		if b := w.breaker(); err != nil || c.Plan != 2 || c.Confirmed != 2 || b.Approved != 5 {
			t.Fatalf("%+v, %+v, %v", c, b, err)
		}
	}, twoPeople)
}

func TestARequestIsSuspendedWhenWhatItWasAskedOnHasChanged(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.approved("BR")
		w.walk(deadline.Add(80*day), "p-0")
		_, err := w.Reverse(t.Context(), terms.Reversal{Campaign: campaign, Stage: "reminded", Reason: "the outcry"}, "mei")
		request := w.asked(err)
		w.hold(terms.Hold{Scope: terms.Scope{Region: "BR"}})
		_, err = w.Approve(t.Context(), request.ID, "ben")
		fails(t, err, terms.Conflict, "suspended", "ask anew")
		w.can(false, "messages.send", "p-0")
		list, err := w.ApprovalList(t.Context(), campaign)
		if err != nil || list[0].ID != request.ID || list[0].State != tracker.ApprovalSuspended {
			t.Fatalf("%+v, %v", list, err)
		}
		_, err = w.Approve(t.Context(), request.ID, "ben")
		fails(t, err, terms.Conflict, "suspended already")
	}, twoPeople)
}

func TestARequestExpiresOrIsTurnedDown(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.approved("BR")
		ask := func() tracker.Approval {
			_, err := w.Reverse(t.Context(), terms.Reversal{Campaign: campaign, Stage: "reminded", Reason: "the outcry"}, "mei")
			return w.asked(err)
		}
		late, refused := ask(), ask()
		if a, err := w.Reject(t.Context(), refused.ID, "not like this", "ben"); err != nil || a.State != tracker.ApprovalRejected {
			t.Fatalf("%+v, %v", a, err)
		}
		_, err := w.Approve(t.Context(), refused.ID, "ben")
		fails(t, err, terms.Conflict, "rejected already")
		w.pass(7*day - time.Microsecond)
		if list, err := w.ReversalList(t.Context(), campaign); err != nil || len(list) != 0 {
			t.Fatalf("%+v, %v", list, err)
		}
		w.pass(time.Microsecond)
		_, err = w.Approve(t.Context(), late.ID, "ben")
		fails(t, err, terms.Conflict, "expired")
	}, twoPeople)
}
