package gate

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"assent/terms"
)

// How many rows are read at a time, which bounds memory, the length of read
// transactions and, for the short page, how long an acceptance may wait.
const (
	page      = 1000
	shortPage = 500
)

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
	fallback *Profile
	index    map[string]int // capability → its place in the catalogue

	seed   maphash.Seed
	shards [256]shard
	people atomic.Int64

	placing   sync.Mutex // one goroutine places everybody again at a time
	following turnstile  // one goroutine applies changes at a time; it guards the next five
	profiles  map[profileKey]*Profile
	books     map[string]Book
	again     map[string]bool // campaigns of which everybody is to be placed again
	walking   bool            // everybody of some campaign is being placed again
	turned    time.Time       // up to when holds and brown-outs that begin or end by themselves are applied
	revision  atomic.Uint64
	loaded    atomic.Bool
	watchers  []func(Applied)

	numbered  atomic.Pointer[[]*Profile] // by number; written by whoever is inside
	mark      atomic.Pointer[Mark]
	followers atomic.Pointer[[]*Follower]
	moving    sync.Mutex // guards moved, and who writes followers
	moved     chan struct{}
}

// Entry is one person's place in the gate: the profile, and the instants of
// its leading position.
type Entry struct {
	Profile  *Profile
	Revision uint64 // of the last change that concerned the person
	Clock
	clocks clocks // of every position, in their order, for people in several campaigns
}

// Clock is what differs from person to person in one position: instants in
// Unix microseconds, 0 for none.
type Clock struct {
	Since  int64 // in the stage
	NextAt int64 // of the next stage
	Quiet  int64 // reminders are silent until then
}

// New returns an empty gate; Load fills it.
func New(source Source, o Options) *Gate {
	g := &Gate{source: source, options: o, seed: maphash.MakeSeed(), profiles: map[profileKey]*Profile{}, again: map[string]bool{}, following: make(turnstile, 1)}
	g.index = make(map[string]int, len(o.Catalogue))
	for i, c := range o.Catalogue {
		g.index[c.Key] = i
	}
	g.fallback = g.newProfile(nil)
	g.number(g.fallback)
	return g
}

// Watch registers a function that is called after each change of a person's
// profile, in order of revision, from the goroutine that applies changes: it
// must not block. Register before Load.
func (g *Gate) Watch(fn func(Applied)) { g.watchers = append(g.watchers, fn) }

// Ready reports whether Load has finished.
func (g *Gate) Ready() bool { return g.loaded.Load() }

// Revision is the newest change the gate has applied.
func (g *Gate) Revision() uint64 { return g.revision.Load() }

// ErrPutBack says that the source has lost changes which the gate has applied, as a
// database does that was put back to an older state. The gate would pass over those
// to come, whose numbers it has seen: it has to be loaded anew.
var ErrPutBack = errors.New("the database was put back to an older state")

// Check asks whether the source has all that the gate has applied; ErrPutBack when
// it has not. Any other error says nothing of that.
func (g *Gate) Check(ctx context.Context) error {
	applied := g.Revision() // before the source, which can only be further
	newest, err := g.source.Revision(ctx)
	if err != nil {
		return fmt.Errorf("read the newest revision: %w", err)
	}
	if newest < applied {
		return fmt.Errorf("%w, from change %d to %d", ErrPutBack, applied, newest)
	}
	return nil
}

// CatchUp applies changes until the gate has reached a revision. After it
// returns nil, every answer reflects them, but for a plan or hold that can move
// everybody: that is for whoever asks for revision 0, which means all there is,
// and a hold whose time has come besides. It is followed page by page, and
// others go on between the pages: no acceptance waits for a whole campaign.
func (g *Gate) CatchUp(ctx context.Context, revision uint64) error {
	if revision > 0 {
		if g.revision.Load() >= revision {
			return nil
		}
		if err := g.following.enter(ctx); err != nil {
			return err
		}
		defer g.following.leave()
		return g.follow(ctx)
	}
	g.placing.Lock() // whoever comes second returns when all are placed
	defer g.placing.Unlock()
	again, err := g.takeAgain(ctx)
	if err != nil {
		return err
	}
	for i, campaign := range again {
		if err := g.placeAgain(ctx, campaign); err != nil {
			g.placed(again[i:])
			return err
		}
	}
	g.placed(nil)
	return nil
}

// Apply is CatchUp for whoever has the changes, in order of revision and without
// gaps. They are read only where another's lie before them, or some of them are
// applied by now.
func (g *Gate) Apply(ctx context.Context, changes []Change) error {
	if len(changes) == 0 || g.revision.Load() >= changes[len(changes)-1].Revision {
		return nil
	}
	if err := g.following.enter(ctx); err != nil {
		return err
	}
	defer g.following.leave()
	if g.revision.Load()+1 != changes[0].Revision {
		return g.follow(ctx)
	}
	if err := g.applyAll(ctx, changes); err != nil {
		return err
	}
	g.turn()
	g.settle()
	return nil
}

// placed ends placing everybody again, but for what is left for the next to
// catch up.
func (g *Gate) placed(left []string) {
	g.following.wait()
	defer g.following.leave()
	for _, campaign := range left {
		g.again[campaign] = true
	}
	g.walking = false
	g.settle()
}

// takeAgain applies all changes there are, and takes over the campaigns of
// which everybody is to be placed again.
func (g *Gate) takeAgain(ctx context.Context) ([]string, error) {
	if err := g.following.enter(ctx); err != nil {
		return nil, err
	}
	defer g.following.leave()
	if err := g.follow(ctx); err != nil {
		return nil, err
	}
	again := slices.Collect(maps.Keys(g.again))
	clear(g.again)
	g.walking = len(again) > 0
	return again, nil
}

// placeAgain places everybody of a campaign, letting others in between pages.
func (g *Gate) placeAgain(ctx context.Context, campaign string) error {
	var err error
	for after, more := int64(0), true; more && err == nil; {
		after, more, err = g.shortTurn(ctx, campaign, after)
	}
	return err
}

func (g *Gate) shortTurn(ctx context.Context, campaign string, after int64) (int64, bool, error) {
	if err := g.following.enter(ctx); err != nil {
		return after, true, err
	}
	defer g.following.leave()
	return g.placePage(ctx, campaign, after, shortPage)
}

// placePage places the next people of a campaign after one, and returns the
// last and whether there are more.
func (g *Gate) placePage(ctx context.Context, campaign string, after int64, size int) (int64, bool, error) {
	rows, err := g.source.Rows(ctx, nil, campaign, after, size)
	if err != nil {
		return after, true, fmt.Errorf("read positions of campaign %s after %d: %w", campaign, after, err)
	}
	revision := g.revision.Load()
	for i := range rows {
		g.place(&rows[i], revision)
		after = rows[i].Ref
	}
	return after, len(rows) == size, nil
}

// follow applies all changes there are.
func (g *Gate) follow(ctx context.Context) error {
	for {
		changes, err := g.source.Changes(ctx, g.revision.Load(), page)
		if err != nil {
			return fmt.Errorf("read changes after revision %d: %w", g.revision.Load(), err)
		}
		if err := g.applyAll(ctx, changes); err != nil {
			return err
		}
		if len(changes) < page {
			g.turn()
			g.settle()
			return nil
		}
	}
}

// applyAll applies the changes that come next.
func (g *Gate) applyAll(ctx context.Context, changes []Change) error {
	for _, c := range changes {
		if err := g.apply(ctx, c); err != nil {
			return err
		}
		g.revision.Store(c.Revision)
	}
	if len(changes) > 0 {
		g.wake()
	}
	return nil
}

// turn places people again when a hold or a brown-out has begun or ended by
// itself, of which the log of changes says nothing.
func (g *Gate) turn() {
	now := g.options.Now()
	for campaign, book := range g.books {
		if book.turns(g.turned, now) {
			g.again[campaign] = true
		}
	}
	g.turned = now
}

func (b Book) turns(after, now time.Time) bool {
	for _, p := range b.Plans {
		if p.Turns(after, now) {
			return true
		}
	}
	return slices.ContainsFunc(b.Holds, func(h terms.Hold) bool { return turns(h, after, now) })
}

// turns reports whether a hold begins or ends after one instant and not after
// another.
func turns(h terms.Hold, after, now time.Time) bool {
	within := func(at time.Time) bool { return at.After(after) && !at.After(now) }
	return within(h.Starts) || within(h.Ends)
}

func (g *Gate) readBooks(ctx context.Context) error {
	list, err := g.source.Books(ctx)
	if err != nil {
		return fmt.Errorf("read plans and holds: %w", err)
	}
	g.books = make(map[string]Book, len(list))
	for _, b := range list {
		g.books[b.Campaign] = b
	}
	return nil
}

// apply brings one change into the table. A change of a campaign's plans or
// holds is read again from the source, because it can move everybody.
func (g *Gate) apply(ctx context.Context, c Change) error {
	switch {
	case c.Book:
		g.again[c.Row.Campaign] = true
		return g.readBooks(ctx)
	case c.Removed:
		g.put(c.Row.Person, c.Row.Campaign, g.fallback, Clock{}, c.Revision)
	default:
		g.place(&c.Row, c.Revision)
	}
	return nil
}

// place puts a person's position in one campaign where it belongs.
func (g *Gate) place(row *Row, revision uint64) {
	book := g.books[row.Campaign]
	plan, known := book.Plans[row.Plan]
	if !known {
		return // a position under a plan that is not in the book restricts nobody
	}
	position, clock := share(plan.Position(row.Enrollment, book.Holds, g.options.Now()))
	key := profileKey{g.fallback, plan.Title.In(row.Locale), position}
	alone, known := g.profiles[key]
	if !known {
		alone = g.intern([]part{{position, key.title, plan.Effects(g.options.Catalogue, row.Enrollment, position)}})
	}
	g.put(row.Person, row.Campaign, alone, clock, revision)
}

// put replaces a campaign's part of a person's profile by that of a profile with
// no other; the default one for none. Only one goroutine writes at a time.
func (g *Gate) put(person, campaign string, alone *Profile, own Clock, revision uint64) {
	before, known := g.Entry(person)
	after := g.replace(before, campaign, alone, own, revision)
	if known || after.Profile != g.fallback {
		hash := maphash.String(g.seed, person)
		g.people.Add(int64(g.shard(hash).put(g.seed, person, hash, placeOf(person, after), g.spare())))
	}
	g.tell(person, before, after)
	if before.Profile == after.Profile && before.Quiet == after.Quiet {
		return
	}
	for _, watch := range g.watchers {
		watch(Applied{Person: person, Revision: revision, Before: before.Profile, After: after.Profile})
	}
}

// Entry returns a person's place. One the gate does not know has the default
// profile, and the second result is false.
func (g *Gate) Entry(person string) (Entry, bool) {
	p := g.find(person)
	if p == nil {
		return Entry{Profile: g.fallback}, false
	}
	return g.entry(p), true
}

// find returns somebody's place; nil for one who has none, as most people.
func (g *Gate) find(person string) place {
	hash := maphash.String(g.seed, person)
	return g.shard(hash).get(person, hash)
}

// entry reads a place.
func (g *Gate) entry(p place) Entry {
	e := Entry{Profile: (*g.numbered.Load())[p.profile()], Revision: p.word(atRevision), Clock: Clock{Since: p.instant(atSince), NextAt: p.instant(atNext)}}
	if besides := p.besides(); besides != nil {
		e.Quiet = besides.instant(0)
		if len(besides) > word {
			e.clocks = clocks(besides[word:])
		}
	}
	return e
}

// People is how many people have a profile of their own.
func (g *Gate) People() int { return int(g.people.Load()) }

func (g *Gate) shard(hash uint64) *shard { return &g.shards[hash%uint64(len(g.shards))] }
