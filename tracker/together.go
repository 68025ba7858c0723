package tracker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"assent/terms"
)

// write records the choices of different people in one transaction, and what
// becomes of each is in its answer. Where the transaction fails by what may be
// the fault of one of them, each goes alone. The function it returns brings the
// followers of the log of changes up to it.
func (t *Tracker) write(ctx context.Context, batch []*answer) func() {
	done, err := t.record(ctx, batch, nobodyRefuses)
	if err == nil {
		return t.settle(ctx, batch, done)
	}
	var all outcome
	for i, a := range batch {
		if len(batch) > 1 && !errors.Is(err, terms.Unavailable) {
			done, err = t.record(ctx, batch[i:i+1], nobodyRefuses)
			all.revision = max(all.revision, done.revision)
		}
		if err != nil {
			*a = answer{Choice: a.Choice, err: err}
		}
	}
	return t.settle(ctx, batch, all)
}

// outcome is what a transaction has changed.
type outcome struct {
	revision uint64   // the newest, 0 when it changed nothing
	changes  []Change // all of them, or none where they are not known
}

// tell is committed for who knows the changes.
func (t *Tracker) tell(ctx context.Context, o outcome) error {
	if len(o.changes) == 0 || t.Changed == nil {
		return t.committed(ctx, o.revision)
	}
	return t.Changed(context.WithoutCancel(ctx), o.changes)
}

func nobodyRefuses() error { return nil }

// settle makes the answers of this process reflect a batch.
func (t *Tracker) settle(ctx context.Context, batch []*answer, done outcome) func() {
	return func() {
		err := guarded(func() error { return t.tell(ctx, done) })
		for _, a := range batch {
			if a.fresh() {
				a.err = err
			}
		}
	}
}

// record records choices in one transaction under one signature: those that can
// be. An error, also one of the function given, which is asked when each choice
// has its answer, takes all of them back.
func (t *Tracker) record(ctx context.Context, batch []*answer, refused func() error) (outcome, error) {
	now := t.instant()
	var done outcome
	err := guarded(func() error {
		return t.Store.Update(ctx, func(tx Tx) error {
			done = outcome{}
			groups, err := t.answerAll(ctx, tx, batch, now)
			if err != nil {
				return err
			}
			if err := refused(); err != nil {
				return err
			}
			if done.changes, err = t.keep(ctx, tx, groups, now); err != nil {
				return err
			}
			done.revision, err = tx.Revision(ctx)
			if uint64(len(done.changes)) != done.revision-tx.Began() { // accounts moved with their owners
				done.changes = nil
			}
			return err
		})
	})
	return done, err
}

// group is the choices about one campaign in a batch, with what they ask of the
// store, read at once.
type group struct {
	Tx
	library  *library
	rules    rules
	enrolled map[string]Enrolled // by person
	answered map[ResponseKey]Response
	keys     map[int64][]byte // by the person's Ref
	fresh    []*answer        // to be recorded
}

// answerAll works out the answer to each choice of a batch.
func (t *Tracker) answerAll(ctx context.Context, tx Tx, batch []*answer, now time.Time) ([]*group, error) {
	var campaigns []string
	of := map[string][]*answer{}
	for _, a := range batch {
		*a = answer{Choice: a.Choice}
		if of[a.Campaign] == nil {
			campaigns = append(campaigns, a.Campaign)
		}
		of[a.Campaign] = append(of[a.Campaign], a)
	}
	groups := make([]*group, 0, len(campaigns))
	for _, campaign := range campaigns {
		r, err := t.rulesOf(ctx, tx, campaign)
		if isKind(err, terms.NotFound) { // a person nobody knows is the greater mistake
			for _, a := range of[campaign] {
				_, unknown := tx.Person(ctx, a.Person)
				a.err = cmp.Or(unknown, err)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		g, err := t.readAhead(ctx, tx, r, of[campaign])
		if err != nil {
			return nil, err
		}
		for _, a := range of[campaign] {
			err := t.answer(ctx, g, a, now)
			if err != nil && !theirs(err) {
				return nil, err
			}
			if err != nil {
				*a = answer{Choice: a.Choice, err: err}
			}
			if a.fresh() {
				g.fresh = append(g.fresh, a)
			}
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// theirs reports whether an error is about what was asked for. After any other
// the transaction may be broken.
func theirs(err error) bool {
	var kind terms.Kind
	return errors.As(err, &kind) && kind != terms.Unavailable
}

// readAhead reads what choices about a campaign are going to ask for.
func (t *Tracker) readAhead(ctx context.Context, tx Tx, r rules, answers []*answer) (*group, error) {
	g := &group{Tx: tx, library: &t.library, rules: r}
	people := make([]string, len(answers))
	for i, a := range answers {
		people[i] = a.Person
	}
	var err error
	if g.enrolled, err = tx.EnrollmentsOf(ctx, r.campaign.Key, people); err != nil {
		return nil, err
	}
	keys, refs := make([]ResponseKey, 0, len(answers)), make([]int64, 0, len(answers))
	for _, a := range answers {
		if e, in := g.enrolled[a.Person]; in {
			keys, refs = append(keys, ResponseKey{e.Ref, a.IdempotencyKey}), append(refs, e.Ref)
		}
	}
	if g.answered, err = tx.ResponsesByKey(ctx, keys); err != nil {
		return nil, err
	}
	g.keys, err = tx.PersonKeys(ctx, refs)
	return g, err
}

// Enrollment is one that was read ahead; for whoever is not in the campaign it
// says why.
func (g *group) Enrollment(ctx context.Context, person, campaign string) (Enrolled, error) {
	if e, in := g.enrolled[person]; in {
		return e, nil
	}
	return g.Tx.Enrollment(ctx, person, campaign)
}

// Version reads one that is published the first time, and knows it from then on:
// choices publish nothing, so whoever did has committed it.
func (g *group) Version(ctx context.Context, ref terms.DocumentRef) (Version, error) {
	return g.library.version(ctx, g.Tx, ref)
}

// keep writes the evidence of choices and everything that follows from them. It
// returns the changes that are the choices' own.
func (t *Tracker) keep(ctx context.Context, tx Tx, groups []*group, now time.Time) ([]Change, error) {
	var fresh []*answer
	for _, g := range groups {
		fresh = append(fresh, g.fresh...)
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	slices.SortFunc(fresh, func(a, b *answer) int { return cmp.Compare(a.before.Ref, b.before.Ref) }) // as they lie in the store
	if err := t.prove(ctx, tx, fresh); err != nil {
		return nil, err
	}
	responses, moves := make([]Response, len(fresh)), make([]Move, len(fresh))
	var keys []PersonKey
	for i, a := range fresh {
		responses[i], moves[i] = a.receipt.Response, answered(a.before, a.after, a.Action, now)
		if a.key != nil {
			keys = append(keys, PersonKey{Ref: a.before.Ref, Key: a.key})
		}
	}
	if err := tx.AddPersonKeys(ctx, keys); err != nil {
		return nil, err
	}
	if err := tx.AddResponses(ctx, responses); err != nil {
		return nil, err
	}
	revisions, err := tx.Save(ctx, moves, now)
	if err != nil {
		return nil, err
	}
	if i := slices.Index(revisions, 0); i >= 0 {
		return nil, fmt.Errorf("person %s moved while the row was locked", fresh[i].Person)
	}
	for _, g := range groups {
		moved := make([]Enrolled, len(g.fresh))
		for i, a := range g.fresh {
			moved[i] = a.after
		}
		if err := t.follow(ctx, tx, g.rules, moved, now); err != nil {
			return nil, err
		}
	}
	return changes(moves, revisions, now), nil
}

// changes are what moves were written as.
func changes(moves []Move, revisions []uint64, now time.Time) []Change {
	list := make([]Change, len(moves))
	for i, m := range moves {
		m.After.Seq = m.Before.Seq + 1
		list[i] = Change{
			Revision: revisions[i], Kind: m.Kind, At: now, Plan: m.After.Plan, Stage: m.After.Stage, From: m.Before.Stage, Enrolled: m.After,
		}
	}
	return list
}
