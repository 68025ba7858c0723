package tracker

import (
	"time"

	"assent/terms"
)

// What staff decide, and what keeps sweeps in bounds, as it is kept.

// Hold is a hold with who placed and released it.
type Hold struct {
	terms.Hold
	PlacedBy      string
	PlacedAt      time.Time
	ReleasedBy    string
	ReleaseReason string
}

// Reversal is a reversal with who made and undid it, and where people were
// when it was made.
type Reversal struct {
	terms.Reversal
	By         string
	UndoneBy   string
	UndoReason string
	Before     []Count // of the campaign, when it was made
	UndoBefore []Count // when it was undone
}

// Breaker is what stops a campaign's sweeps from restricting more people than
// anybody expected. Approved is how many people a run, or runs within 24 hours,
// are expected to restrict, by somebody who looked at a preview; it counts
// until ApprovedUntil. TrippedAt is zero while nothing is stopped.
type Breaker struct {
	Campaign      string
	Approved      int64
	ApprovedAt    time.Time
	ApprovedUntil time.Time
	ApprovedBy    string
	Reason        string
	TrippedAt     time.Time
	Would         int64 // people the run that tripped it would have newly restricted
	Recent        int64 // people newly restricted in the 24 hours before
	Limit         int64
	Run           string
}

// Pause stops all stepping until staff resume it: people are given back, told
// nothing and moved nowhere. At is zero while there is none.
type Pause struct {
	At     time.Time
	Reason string
	By     string
	Seen   time.Time // when the last run started, by the clock it went by
}

// Lease says which process may sweep, until when. Fence grows each time it
// changes hands.
type Lease struct {
	Name    string
	Holder  string
	Fence   int64
	Expires time.Time
}

// Failure is an enrollment that a sweep could not handle. After MaxTries it is
// left out until staff release it.
type Failure struct {
	Campaign string
	Ref      int64
	Person   string
	Tries    int
	Error    string
	At       time.Time // of the last try
}

// MaxTries is how often sweeps try an enrollment that fails.
const MaxTries = 3

// ApprovalState is how far a request for approval has come.
type ApprovalState string

// The states of an approval.
const (
	ApprovalOpen      ApprovalState = "open"
	ApprovalDone      ApprovalState = "approved"  // by a second person, and carried out
	ApprovalRejected  ApprovalState = "rejected"  // by anybody
	ApprovalSuspended ApprovalState = "suspended" // what it was asked for has changed: ask anew
)

// Approval is an act that waits for a second person.
type Approval struct {
	ID        string
	Campaign  string
	Act       string // such as plan.activate
	Object    string // what it is about, for people
	Request   []byte // JSON of what was asked for
	Digest    string // of the facts it was asked on: when they are others, it is suspended
	AskedBy   string
	AskedAt   time.Time
	Expires   time.Time
	State     ApprovalState
	DecidedBy string
	DecidedAt time.Time
	Note      string
}
