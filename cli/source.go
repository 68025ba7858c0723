package cli

import (
	"context"

	"assent/gate"
	"assent/terms"
	"assent/tracker"
)

// source lets the gate load from the tracker's store.
type source struct {
	store     tracker.Store
	catalogue terms.Catalogue
}

// view asks one thing, and does not wait for ever.
func (s source) view(ctx context.Context, ask func(ctx context.Context, r tracker.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	return s.store.View(ctx, func(r tracker.Reader) error { return ask(ctx, r) })
}

// Books lists every campaign's plans and holds.
func (s source) Books(ctx context.Context) ([]gate.Book, error) {
	var books []gate.Book
	err := s.view(ctx, func(ctx context.Context, r tracker.Reader) error {
		campaigns, err := r.Campaigns(ctx)
		if err != nil {
			return err
		}
		for _, c := range campaigns {
			book, err := s.bookOf(ctx, r, c)
			if err != nil {
				return err
			}
			books = append(books, book)
		}
		return nil
	})
	return books, err
}

func (s source) bookOf(ctx context.Context, r tracker.Reader, c tracker.Campaign) (gate.Book, error) {
	plans, holds, err := tracker.Rules(ctx, r, s.catalogue, c.Key)
	return gate.Book{Campaign: c.Key, Plans: plans, Holds: holds, Middle: c.EnrolledTo / 2}, err
}

// Rows appends positions in order of Ref.
func (s source) Rows(ctx context.Context, rows []gate.Row, campaign string, after int64, limit int) ([]gate.Row, error) {
	err := s.view(ctx, func(ctx context.Context, r tracker.Reader) error {
		return r.Placed(ctx, campaign, after, limit, func(e *tracker.Enrolled) {
			rows = append(rows, gate.Row{Ref: e.Ref, Locale: e.Locale, Enrollment: e.Enrollment})
		})
	})
	return rows, err
}

// Changes lists changes in order of revision.
func (s source) Changes(ctx context.Context, after uint64, limit int) ([]gate.Change, error) {
	var changes []gate.Change
	err := s.view(ctx, func(ctx context.Context, r tracker.Reader) error {
		list, err := r.Changes(ctx, after, limit)
		changes = changesOf(list)
		return err
	})
	return changes, err
}

// changesOf are changes as the gate takes them.
func changesOf(list []tracker.Change) []gate.Change {
	changes := make([]gate.Change, len(list))
	for i, c := range list {
		changes[i] = gate.Change{
			Revision: c.Revision,
			Row:      gate.Row{Ref: c.Enrolled.Ref, Locale: c.Enrolled.Locale, Enrollment: c.Enrolled.Enrollment},
			Removed:  c.Kind == tracker.ChangeRemoved,
			Book:     c.Kind == tracker.ChangePlan || c.Kind == tracker.ChangeHold || c.Kind == tracker.ChangeReversal,
		}
	}
	return changes
}

// Revision is the newest revision.
func (s source) Revision(ctx context.Context) (uint64, error) {
	var revision uint64
	err := s.view(ctx, func(ctx context.Context, r tracker.Reader) error {
		var err error
		revision, err = r.Revision(ctx)
		return err
	})
	return revision, err
}
