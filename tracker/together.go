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
	newest, err := t.record(ctx, batch, nobodyRefuses)
	if err == nil {
		return t.settle(ctx, batch, newest)
	}
	for i, a := range batch {
		if len(batch) > 1 && !errors.Is(err, terms.Unavailable) {
			var revision uint64
			revision, err = t.record(ctx, batch[i:i+1], nobodyRefuses)
			newest = max(newest, revision)
		}
		if err != nil {
			*a = answer{Choice: a.Choice, err: err}
		}
	}
	return t.settle(ctx, batch, newest)
}

func nobodyRefuses() error { return nil }

// settle makes the answers of this process reflect a batch.
func (t *Tracker) settle(ctx context.Context, batch []*answer, revision uint64) func() {
	return func() {
		err := guarded(func() error { return t.committed(ctx, revision) })
		for _, a := range batch {
			if a.fresh() {
				a.err = err
			}
		}
	}
}

// record records choices in one transaction under one signature: those that can
// be. It returns the newest revision, 0 when it wrote nothing. An error, also one
// of the function given, which is asked when each choice has its answer, takes
// all of them back.
func (t *Tracker) record(ctx context.Context, batch []*answer, refused func() error) (uint64, error) {
	now := t.instant()
	var revision uint64
	err := guarded(func() error {
		return t.Store.Update(ctx, func(tx Tx) error {
			revision = 0
			groups, err := t.answerAll(ctx, tx, batch, now)
			if err != nil {
				return err
			}
			if err := refused(); err != nil {
				return err
			}
			if err := t.keep(ctx, tx, groups, now); err != nil {
				return err
			}
			revision, err = tx.Revision(ctx)
			return err
		})
	})
	return revision, err
}

// group is the choices about one campaign in a batch, with what they ask of the
// store: read at once, and each version of a document once, since none of those
// that can be accepted changes any more.
type group struct {
	Tx
	rules    rules
	enrolled map[string]Enrolled // by person
	answered map[ResponseKey]Response
	keys     map[int64][]byte // by the person's Ref
	versions map[terms.DocumentRef]Version
	fresh    []*answer // to be recorded
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
		g, err := readAhead(ctx, tx, r, of[campaign])
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
func readAhead(ctx context.Context, tx Tx, r rules, answers []*answer) (*group, error) {
	g := &group{Tx: tx, rules: r, versions: map[terms.DocumentRef]Version{}}
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

// Version reads one the first time.
func (g *group) Version(ctx context.Context, ref terms.DocumentRef) (Version, error) {
	if v, known := g.versions[ref]; known {
		return v, nil
	}
	v, err := g.Tx.Version(ctx, ref)
	if err == nil {
		g.versions[ref] = v
	}
	return v, err
}

// keep writes the evidence of choices and everything that follows from them.
func (t *Tracker) keep(ctx context.Context, tx Tx, groups []*group, now time.Time) error {
	var fresh []*answer
	for _, g := range groups {
		fresh = append(fresh, g.fresh...)
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := t.prove(ctx, tx, fresh); err != nil {
		return err
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
		return err
	}
	if err := tx.AddResponses(ctx, responses); err != nil {
		return err
	}
	revisions, err := tx.Save(ctx, moves, now)
	if err != nil {
		return err
	}
	if i := slices.Index(revisions, 0); i >= 0 {
		return fmt.Errorf("person %s moved while the row was locked", fresh[i].Person)
	}
	for _, g := range groups {
		moved := make([]Enrolled, len(g.fresh))
		for i, a := range g.fresh {
			moved[i] = a.after
		}
		if err := t.follow(ctx, tx, g.rules, moved, now); err != nil {
			return err
		}
	}
	return nil
}
