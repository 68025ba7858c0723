package gate

import (
	"context"

	"assent/terms"
)

// Row is one person in one campaign, as the store keeps it.
type Row struct {
	Ref    int64 // ascending number the store gives each person
	Locale string
	terms.Enrollment
}

// Book is what a campaign's positions are read by: its plans by number and
// its holds.
type Book struct {
	Campaign string
	Plans    map[int]terms.Plan
	Holds    []terms.Hold
	Middle   int64 // a Ref that about half of the people come before, so that two can read; 0: not known
}

// Change is one entry of the log of changes.
type Change struct {
	Revision uint64
	Row      Row  // the position after the change
	Removed  bool // the person left the campaign
	Book     bool // the campaign's plans or holds changed; Row has only Campaign
}

// Source is where the gate loads from. Package tracker's facts fit it through
// a small adapter in cli.
type Source interface {
	Books(ctx context.Context) ([]Book, error)
	// Rows appends the positions of a campaign with Ref > after in order of Ref.
	Rows(ctx context.Context, to []Row, campaign string, after int64, limit int) ([]Row, error)
	// Changes lists changes with Revision > after, in order and without gaps.
	Changes(ctx context.Context, after uint64, limit int) ([]Change, error)
	Revision(ctx context.Context) (uint64, error)
}
