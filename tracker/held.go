package tracker

import (
	"context"
	"slices"

	"assent/terms"
)

// Holding is what one table keeps of a person. Rows have the names of the schema
// and values as JSON has them: instants in UTC, bytes as text or in hex.
type Holding struct {
	Name string
	Rows []map[string]any
}

// Held lists everything that is kept of a person, whose account may be there or
// gone. NotFound when nothing is.
func (t *Tracker) Held(ctx context.Context, person string) ([]Holding, error) {
	list, err := read(ctx, t, func(r Reader) ([]Holding, error) { return r.Held(ctx, person) })
	if err == nil && !slices.ContainsFunc(list, func(h Holding) bool { return len(h.Rows) > 0 }) {
		err = terms.Errorf(terms.NotFound, "nothing is held on person %q", person)
	}
	return list, err
}
