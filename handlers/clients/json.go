package clients

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

// What the command line prints for programs is what the API answers them.

// PlanJSON is a plan in the form that programs get, with its file.
func PlanJSON(p tracker.PlanRecord) any {
	out := planOf(p)
	out.File = string(p.Source)
	return out
}

// PlansJSON is a list of plans in the form that programs get.
func PlansJSON(list []tracker.PlanRecord) any { return each(list, planOf) }

// DifferencesJSON is a diff of two plans in the form that programs get.
func DifferencesJSON(list []terms.Difference) any { return differencesOf(list) }

// ApprovalJSON is a request for approval in the form that programs get.
func ApprovalJSON(a tracker.Approval, now time.Time) any { return approvalOf(a, now) }

// ApprovalsJSON is a list of such requests.
func ApprovalsJSON(list []tracker.Approval, now time.Time) any {
	return each(list, func(a tracker.Approval) approvalOut { return approvalOf(a, now) })
}

// BreakerJSON is a campaign's breaker in the form that programs get.
func BreakerJSON(b tracker.BreakerState, now time.Time) any { return breakerOf(b, now) }

// HoldJSON is a hold in the form that programs get.
func HoldJSON(h tracker.Hold) any { return holdOf(h) }

// HoldsJSON is a list of holds.
func HoldsJSON(list []tracker.Hold) any { return each(list, holdOf) }

// ReversalJSON is a reversal with its counts in the form that programs get. The
// plan is the one in force.
func ReversalJSON(r tracker.Reversed, p terms.Plan) any { return reversalOf(r, p) }

// each turns a list, which is never null in JSON.
func each[A, B any](list []A, of func(A) B) []B {
	out := make([]B, len(list))
	for i, one := range list {
		out[i] = of(one)
	}
	return out
}
