package gate

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"assent/terms"
)

// page is how many rows are read at a time, which bounds memory and the length
// of read transactions.
const page = 5000

// Applied is a change the gate has applied: from now on it answers with After.
// Before and After are never nil; a person who left has the default profile.
type Applied struct {
	Person   string
	Revision uint64
	Before   *Profile
	After    *Profile
}

// Options is what a gate needs besides its source.
type Options struct {
	Catalogue terms.Catalogue
	PublicURL string // base of the choice page's address, without a trailing slash
	Now       func() time.Time
}

// Gate answers decisions from memory. Its methods are safe for concurrent use.
type Gate struct {
	source   Source
	options  Options
	interner interner
	fallback *Profile

	seed   maphash.Seed
	shards [256]shard

	following sync.Mutex // one goroutine applies changes at a time
	books     map[string]Book
	revision  atomic.Uint64
	loaded    atomic.Bool
	watchers  []func(Applied)
}

type shard struct {
	mu      sync.RWMutex
	entries map[string]Entry
}

// Entry is one person's place in the gate.
type Entry struct {
	Profile  *Profile
	Revision uint64 // of the last change that concerned the person
	Since    int64  // Unix microseconds, of the leading position; 0 for none
	NextAt   int64
	Quiet    int64 // reminders are silent until then
}

// New returns an empty gate; Load fills it.
func New(source Source, o Options) *Gate {
	g := &Gate{source: source, options: o, seed: maphash.MakeSeed(), interner: interner{profiles: map[string]*Profile{}}}
	for i := range g.shards {
		g.shards[i].entries = map[string]Entry{}
	}
	g.fallback = g.intern("", nil)
	return g
}

// Watch registers a function that is called after each change of a person's
// profile, in order of revision, from the goroutine that applies changes: it
// must not block. Register before Load.
func (g *Gate) Watch(fn func(Applied)) { g.watchers = append(g.watchers, fn) }

// Load reads every position. Until it has finished once, Ready is false and
// answers are the defaults.
func (g *Gate) Load(ctx context.Context) error {
	g.following.Lock()
	defer g.following.Unlock()
	revision, err := g.source.Revision(ctx)
	if err != nil {
		return fmt.Errorf("read the newest revision: %w", err)
	}
	books, err := g.readBooks(ctx)
	if err != nil {
		return err
	}
	g.books = books
	for campaign := range books {
		if err := g.loadCampaign(ctx, campaign, revision); err != nil {
			return err
		}
	}
	g.revision.Store(revision)
	g.loaded.Store(true)
	return nil
}

// Ready reports whether Load has finished.
func (g *Gate) Ready() bool { return g.loaded.Load() }

// Revision is the newest change the gate has applied.
func (g *Gate) Revision() uint64 { return g.revision.Load() }

// CatchUp applies changes until the gate has reached a revision, or all there
// are for revision 0. After it returns nil, every answer reflects them.
func (g *Gate) CatchUp(ctx context.Context, revision uint64) error {
	if revision > 0 && g.revision.Load() >= revision {
		return nil
	}
	g.following.Lock()
	defer g.following.Unlock()
	for {
		changes, err := g.source.Changes(ctx, g.revision.Load(), page)
		if err != nil {
			return fmt.Errorf("read changes after revision %d: %w", g.revision.Load(), err)
		}
		for _, c := range changes {
			if err := g.apply(ctx, c); err != nil {
				return err
			}
			g.revision.Store(c.Revision)
		}
		if len(changes) < page {
			return nil
		}
	}
}

func (g *Gate) readBooks(ctx context.Context) (map[string]Book, error) {
	list, err := g.source.Books(ctx)
	if err != nil {
		return nil, fmt.Errorf("read plans and holds: %w", err)
	}
	books := make(map[string]Book, len(list))
	for _, b := range list {
		books[b.Campaign] = b
	}
	return books, nil
}

func (g *Gate) loadCampaign(ctx context.Context, campaign string, revision uint64) error {
	for after := int64(0); ; {
		rows, err := g.source.Rows(ctx, campaign, after, page)
		if err != nil {
			return fmt.Errorf("read positions of campaign %s after %d: %w", campaign, after, err)
		}
		for _, row := range rows {
			g.place(row, revision)
			after = row.Ref
		}
		if len(rows) < page {
			return nil
		}
	}
}

// apply brings one change into the table. A change of a campaign's plans or
// holds is read again from the source, because it can move everybody.
func (g *Gate) apply(ctx context.Context, c Change) error {
	switch {
	case c.Book:
		books, err := g.readBooks(ctx)
		if err != nil {
			return err
		}
		g.books = books
		return g.loadCampaign(ctx, c.Row.Campaign, c.Revision)
	case c.Removed:
		g.remove(c.Row, c.Revision)
	default:
		g.place(c.Row, c.Revision)
	}
	return nil
}

// place puts a person's position in one campaign where it belongs.
func (g *Gate) place(row Row, revision uint64) {
	book, ok := g.books[row.Campaign]
	plan, known := book.Plans[row.Plan]
	if !ok || !known {
		return // a position under a plan that is not in the book restricts nobody
	}
	standing := plan.Standing(g.options.Catalogue, row.Enrollment, book.Holds, g.options.Now())
	g.put(row.Person, row.Campaign, row.Locale, &standing, revision)
}

func (g *Gate) remove(row Row, revision uint64) {
	g.put(row.Person, row.Campaign, row.Locale, nil, revision)
}

// put replaces the campaign's part of a person's profile.
func (g *Gate) put(person, campaign, locale string, standing *terms.Standing, revision uint64) {
	s := g.shard(person)
	s.mu.Lock()
	before, known := s.entries[person]
	if !known {
		before = Entry{Profile: g.fallback}
	}
	after := g.entry(before, campaign, locale, standing, revision)
	if after.Profile == g.fallback {
		delete(s.entries, person)
	} else {
		s.entries[person] = after
	}
	s.mu.Unlock()
	if before.Profile != after.Profile || before.Quiet != after.Quiet {
		for _, watch := range g.watchers {
			watch(Applied{Person: person, Revision: revision, Before: before.Profile, After: after.Profile})
		}
	}
}

// Entry returns a person's place. One the gate does not know has the default
// profile, and known is false.
func (g *Gate) Entry(person string) (e Entry, known bool) {
	s := g.shard(person)
	s.mu.RLock()
	e, known = s.entries[person]
	s.mu.RUnlock()
	if !known {
		e.Profile = g.fallback
	}
	return e, known
}

// People is how many people have a profile of their own.
func (g *Gate) People() int {
	n := 0
	for i := range g.shards {
		s := &g.shards[i]
		s.mu.RLock()
		n += len(s.entries)
		s.mu.RUnlock()
	}
	return n
}

func (g *Gate) shard(person string) *shard {
	return &g.shards[maphash.String(g.seed, person)%uint64(len(g.shards))]
}
