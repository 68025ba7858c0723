package gate_test

import (
	"context"
	"errors"
	"testing"

	"assent/gate"
	"assent/internal/testenv"
)

// silent is a source whose changes cannot be read while it is told so.
type silent struct {
	*source
	on bool
}

var errSilent = errors.New("the database does not answer")

func (s *silent) Changes(ctx context.Context, after uint64, limit int) ([]gate.Change, error) {
	if s.on {
		return nil, errSilent
	}
	return s.source.Changes(ctx, after, limit)
}

func TestChangesThatAreHandedOverAreReadOnlyWhereOthersLieBeforeThem(t *testing.T) {
	t.Parallel()
	s := &silent{source: newSource("new-terms")}
	c := testenv.NewClock(start.Add(60 * day))
	g := gate.New(s, gate.Options{Catalogue: catalogue(), PublicURL: "https://terms.example.org", Now: c.Now})
	if err := g.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	restricted, free := at(1, "new-terms", "BR", 3, start), at(2, "new-terms", "BR", 3, start)
	s.save(restricted)
	s.save(free)
	s.on = true
	if err := g.Apply(t.Context(), s.changes[:1]); err != nil || g.Revision() != 1 || g.People() != 1 {
		t.Fatalf("the next change: revision %d with %d people, %v", g.Revision(), g.People(), err)
	}
	if err := g.Apply(t.Context(), s.changes[:1]); err != nil || g.Revision() != 1 {
		t.Fatalf("the same again: revision %d, %v", g.Revision(), err)
	}
	s.save(at(3, "new-terms", "BR", 3, start))
	if err := g.Apply(t.Context(), s.changes[2:]); !errors.Is(err, errSilent) || g.Revision() != 1 {
		t.Fatalf("one after a gap that cannot be read: revision %d, %v", g.Revision(), err)
	}
	s.on = false
	if err := g.Apply(t.Context(), s.changes[2:]); err != nil || g.Revision() != 3 || g.People() != 3 {
		t.Fatalf("one after a gap: revision %d with %d people, %v", g.Revision(), g.People(), err)
	}
}
