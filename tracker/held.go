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

// Disclosed notes that what is held on a person, or what proves a choice, was
// read out to somebody else.
func (t *Tracker) Disclosed(ctx context.Context, what, person, object, actor string) error {
	return t.Note(ctx, Act{At: t.instant(), Actor: actor, Action: what, Object: object, Person: person})
}

// The acts of reading.
const (
	ActReadHeld     = "person.export"
	ActReadEvidence = "evidence.export"
)
