package simulate

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"

	"golang.org/x/mod/sumdb/note"
)

// Options say what is simulated. All but the events and Progress are required.
type Options struct {
	Plan      terms.Plan
	Source    []byte // the file it was read from
	People    int
	Days      int // from the day of the announcement
	Accept    Curve
	Decline   float64 // share of people who decline when they first see a notice
	Reach     float64 // share of people who see notices at all, 0 to 1
	Countries Mix
	Seed      uint64
	Next      func(after time.Time) time.Time // tick of the schedule
	Holds     []Hold
	Reversals []Reversal
	Progress  func(days int) // nil: nobody is told
}

// Hold is placed at an instant and released at another.
type Hold struct {
	From, To time.Time
	Region   string // "": everybody
}

// Reversal is made at an instant.
type Reversal struct {
	At     time.Time
	Region string
	To     string // key of a stage, or tracker.ToOff
}

// The largest simulations that are taken.
const (
	MostPeople = 2_000_000
	mostDays   = 3660
)

// People act in slots of half a day, at their beginning.
const (
	slots = 2
	grid  = 24 * time.Hour / slots
)

// actor is who acts where staff would.
const actor = "simulation"

// Check returns every fault of the options, with the paths that flags have, or
// nil.
func (o Options) Check() error {
	var faults terms.Faults
	add := func(path, format string, args ...any) {
		faults = append(faults, terms.Fault{Path: path, Detail: fmt.Sprintf(format, args...)})
	}
	if o.People < 1 || o.People > MostPeople {
		add("people", "must be 1 to %d", MostPeople)
	}
	if o.Days < 1 || o.Days > mostDays {
		add("days", "must be 1 to %d", mostDays)
	}
	if !(o.Decline >= 0 && o.Decline <= 1) {
		add("decline-share", "must be 0 to 1")
	}
	if !(o.Reach >= 0 && o.Reach <= 1) {
		add("notice-reach", "must be 0 to 1")
	}
	if len(o.Countries) == 0 {
		add("countries", "name at least one")
	}
	return faults.OrNil()
}

// simulation is one that runs.
type simulation struct {
	Options
	tracker *tracker.Tracker
	now     time.Time
	swept   time.Time // the last tick that is decided about
	start   time.Time
	habits  []habit
	agenda  [][]int32 // who sees a notice in a slot
	due     [][]int32 // who accepts in a slot
	holds   []placed
	turned  int // reversals made
	asks    asking
	today   Load
	result  Result
}

// Run simulates a plan on an empty store. Of the dependencies it takes the
// store, the catalogue, the guard and the leniency; the rest are its own. The
// error is Invalid with faults for options or a plan that cannot be used.
func Run(ctx context.Context, d tracker.Deps, o Options) (Result, error) {
	if err := o.Check(); err != nil {
		return Result{}, err
	}
	s := &simulation{Options: o, start: beginning(o.Plan)}
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], o.Seed)
	random := rand.NewChaCha8(seed)
	private, _, err := ledger.NewKey(random, "simulation.invalid/log")
	if err != nil {
		return Result{}, err
	}
	d.Signer, err = note.NewSigner(private)
	if err != nil {
		return Result{}, fmt.Errorf("make a key for the log: %w", err)
	}
	d.Now, d.Random = func() time.Time { return s.now }, random
	d.Store = watched{d.Store, s.saw}
	d.Committed, d.Changed = func(context.Context, uint64) error { return nil }, nil
	d.Wake, d.Lease, d.Approvals = nil, nil, tracker.Approvals{}
	d.Pace = tracker.Pace{
		Tick: d.Pace.Tick, Rows: tracker.MaxBatch, MaxRows: tracker.MaxBatch, Duty: 1,
		Stopwatch: func() func() time.Duration { return func() time.Duration { return 0 } },
		Rest:      func(context.Context, time.Duration) {},
	}
	s.tracker = tracker.New(d)
	if err := s.prepare(ctx); err != nil {
		return Result{}, err
	}
	return s.result, s.pass(ctx)
}

// beginning is the day on which the first people are told.
func beginning(p terms.Plan) time.Time {
	first := p.AnnounceAt
	for _, r := range p.Regions {
		if !r.AnnounceAt.IsZero() && r.AnnounceAt.Before(first) {
			first = r.AnnounceAt
		}
	}
	return first.UTC().Truncate(24 * time.Hour)
}

// prepare publishes stand-ins for the documents, brings the people in and
// activates the plan, all on the day before.
func (s *simulation) prepare(ctx context.Context) error {
	s.now = s.start.Add(-24 * time.Hour)
	s.swept = s.start.Add(-time.Second)
	s.agenda, s.due = make([][]int32, s.Days*slots), make([][]int32, s.Days*slots)
	if err := s.publish(ctx); err != nil {
		return err
	}
	if err := s.populate(ctx); err != nil {
		return err
	}
	record, err := s.tracker.AddPlan(ctx, s.Plan, s.Source, actor)
	if err != nil {
		return err
	}
	if _, err := s.tracker.Activate(ctx, s.Plan.Campaign, record.Number, actor, nil); err != nil {
		return err
	}
	s.result = Result{Campaign: s.Plan.Campaign, People: s.People, Seed: s.Seed, Start: s.start, Trips: []Trip{}}
	for _, stage := range s.Plan.Stages {
		s.result.Stages = append(s.result.Stages, stage.Key)
	}
	s.asks, err = s.asking(ctx)
	return err
}

func (s *simulation) publish(ctx context.Context) error {
	refs := s.Plan.Documents
	for _, r := range s.Plan.Regions {
		refs = append(refs[:len(refs):len(refs)], r.Documents...)
	}
	done := map[terms.DocumentRef]bool{}
	for _, ref := range refs {
		if done[ref] {
			continue
		}
		done[ref] = true
		v := tracker.Version{
			DocumentRef: ref, Title: terms.Texts{"en": ref.Document}, EffectiveAt: s.now,
			Texts: []tracker.Text{{Locale: "en", Markdown: "A stand-in for " + ref.Document + " " + ref.Version + ".\n"}},
		}
		if _, err := s.tracker.PutVersion(ctx, v); err != nil {
			return err
		}
		if _, err := s.tracker.Publish(ctx, ref, actor); err != nil {
			return err
		}
	}
	return nil
}

func (s *simulation) populate(ctx context.Context) error {
	s.habits = make([]habit, s.People)
	born := s.start.AddDate(-2, 0, 0)
	batch := make([]tracker.Person, 0, tracker.MaxBatch)
	for i := range s.People {
		p := s.person(i, born)
		batch = append(batch, p)
		if s.Plan.Audience.Includes(p.Type) {
			s.habits[i] = s.habit(i, s.slot(s.Plan.In(p.Country).AnnounceAt))
		} else {
			s.habits[i] = habit{accepts: never, done: true}
		}
		if slot := s.habits[i].accepts; int(slot) < len(s.due) {
			s.due[slot] = append(s.due[slot], int32(i))
		}
		if len(batch) == cap(batch) || i == s.People-1 {
			if err := s.tracker.AddPeople(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// slot is the one an instant lies in.
func (s *simulation) slot(at time.Time) int { return int(at.Sub(s.start) / grid) }
