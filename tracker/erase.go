package tracker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assent/ledger"
	"assent/terms"
)

// Trace is a number under which a person is known, or was, with the records of
// the log whose details are still there, ascending.
type Trace struct {
	Ref     int64
	Records []int64
}

// Erasure is what stays of somebody who was erased: that it was done. With the
// person's number and, in the log, the pseudonym, it can be done again in an
// older copy of the database, which still knows whose they are.
type Erasure struct {
	ID        string
	LeafIndex int64 // of the record that says so
	Ref       int64 // 0: there was no number
	At        time.Time
	Scrubbed  time.Time // when what deleting leaves in the files was cleared away; zero: not yet
}

// Erased is what an erasure has done.
type Erased struct {
	Erasures []Erasure
	Records  int // of the log, whose details were destroyed
}

// tombstoneLength is how many records one tombstone names.
const tombstoneLength = 4000

// ErasePerson destroys everything that leads to a person, whose account may be
// there or gone, but the log itself: its records hold a pseudonym whose key, and
// commitments whose salts, are destroyed. A tombstone in it says so. Every proof
// still holds. NotFound when nothing leads to the person, as after an erasure.
func (t *Tracker) ErasePerson(ctx context.Context, person, reason, actor string) (Erased, error) {
	if err := checkErasure(person, reason); err != nil {
		return Erased{}, err
	}
	now := t.instant()
	var out Erased
	err := t.Store.Update(ctx, func(tx Tx) error {
		traces, err := tx.Traces(ctx, person)
		if err != nil {
			return err
		}
		if len(traces) == 0 {
			return terms.Errorf(terms.NotFound, "nothing leads to person %q: there never was one, or all of it was erased", person)
		}
		if err := t.orphan(ctx, tx, person, now); err != nil {
			return err
		}
		e := erasing{Tracker: t, tx: tx, act: Act{At: now, Actor: actor, Action: "person.erase", Reason: reason, Request: requestOf(ctx), LeafIndex: -1}}
		if out, err = e.bury(ctx, person, traces); err != nil {
			return err
		}
		if err := tx.ErasePerson(ctx, person, out.Erasures[0].LeafIndex, actor, now); err != nil {
			return err
		}
		for _, one := range out.Erasures {
			if err := tx.AddErasure(ctx, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Erased{}, err
	}
	return out, t.settled(ctx)
}

// checkErasure wants a reason that can be kept.
func checkErasure(person, reason string) error {
	switch {
	case reason == "":
		return terms.Faults{{Path: "reason", Detail: "say why, for the record"}}
	case strings.Contains(reason, person):
		return terms.Faults{{Path: "reason", Detail: "must not name the person: it is kept"}}
	}
	return nil
}

// erasing is one erasure on its way.
type erasing struct {
	*Tracker
	tx  Tx
	act Act // what each entry in the audit log says
}

// bury writes down that a person was erased, before it is done: tombstones for
// each pseudonym in the log or, where there is none, an act about nobody, since
// a key must not be drawn for it.
func (e *erasing) bury(ctx context.Context, person string, traces []Trace) (Erased, error) {
	refs := make([]int64, len(traces))
	for i, trace := range traces {
		refs[i] = trace.Ref
	}
	keys, err := e.tx.PersonKeys(ctx, refs)
	if err != nil {
		return Erased{}, err
	}
	var out Erased
	var unnamed []Trace
	for _, trace := range traces {
		out.Records += len(trace.Records)
		stored, found := keys[trace.Ref]
		if !found {
			unnamed = append(unnamed, trace)
			continue
		}
		var key [32]byte
		copy(key[:], stored)
		stones, err := e.tombstones(ctx, ledger.Pseudonym(key, person), trace)
		if err != nil {
			return out, err
		}
		out.Erasures = append(out.Erasures, stones...)
	}
	if len(out.Erasures) == 0 {
		act, err := e.noted(ctx, e.tx, e.act)
		if err != nil {
			return out, err
		}
		e.act.LeafIndex = act.LeafIndex
	}
	for _, trace := range unnamed {
		id, err := e.newID("ers")
		if err != nil {
			return out, err
		}
		out.Erasures = append(out.Erasures, Erasure{ID: id, LeafIndex: e.act.LeafIndex, Ref: trace.Ref, At: e.act.At})
	}
	return out, nil
}

// tombstones puts one record into the log, or as many as it takes to name the
// records whose details are destroyed.
func (e *erasing) tombstones(ctx context.Context, pseudonym string, trace Trace) ([]Erasure, error) {
	parts := slices.Collect(slices.Chunk(trace.Records, tombstoneLength))
	if len(parts) == 0 {
		parts = [][]int64{nil}
	}
	var list []Erasure
	for _, records := range parts {
		a := e.act
		var err error
		if a.ID, err = e.newID("ers"); err != nil {
			return nil, err
		}
		stone := ledger.Erasure{ID: a.ID, At: a.At, Actor: a.Actor, Person: pseudonym, Erased: records, Request: a.Request}
		if a.Salt, a.Details, stone.Details, err = e.sealed(ledger.ActDetails{Reason: a.Reason}); err != nil {
			return nil, err
		}
		if a.Record, err = stone.Canonical(); err != nil {
			return nil, err
		}
		if a.LeafIndex, err = e.append(ctx, e.tx, a.Record); err != nil {
			return nil, err
		}
		if err := e.tx.AddAct(ctx, a); err != nil {
			return nil, err
		}
		e.act.LeafIndex = a.LeafIndex
		list = append(list, Erasure{ID: a.ID, LeafIndex: a.LeafIndex, Ref: trace.Ref, At: a.At})
	}
	return list, nil
}

// EraseAgain erases whoever tombstones name and is there all the same: in a copy
// of the database that is older than they are, which still has the keys of the
// pseudonyms. It returns how many people it has erased.
func (t *Tracker) EraseAgain(ctx context.Context, stones []ledger.Erasure, reason, actor string) (int, error) {
	named := make(map[string]bool, len(stones))
	for _, stone := range stones {
		named[stone.Person] = true
	}
	found := map[string]bool{}
	for after := int64(0); ; {
		page, err := read(ctx, t, func(r Reader) ([]PersonKey, error) { return r.Pseudonyms(ctx, after, MaxBatch) })
		if err != nil {
			return 0, err
		}
		if len(page) == 0 {
			break
		}
		for _, one := range page {
			var key [32]byte
			copy(key[:], one.Key)
			if one.Person != "" && named[ledger.Pseudonym(key, one.Person)] {
				found[one.Person] = true
			}
		}
		after = page[len(page)-1].Ref
	}
	for i, person := range slices.Sorted(maps.Keys(found)) {
		if _, err := t.ErasePerson(ctx, person, reason, actor); err != nil {
			return i, err
		}
	}
	return len(found), nil
}

// Scrub finishes erasures: it takes the names of those who are gone off the
// journal, once followers have had KeepNames to hear of them, or at once, and
// has clean clear away what deleting left behind in the database's own files. It
// reports how many erasures it finished, and cleans only where there are some.
func (t *Tracker) Scrub(ctx context.Context, clean func(context.Context) error, atOnce bool) (int, error) {
	now := t.instant()
	until := now
	if !atOnce {
		until = now.Add(-t.KeepNames)
	}
	var ids []string
	err := t.Store.Update(ctx, func(tx Tx) error {
		list, err := tx.Erasures(ctx)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Scrubbed.IsZero() && !e.At.After(until) {
				ids = append(ids, e.ID)
			}
		}
		return tx.ForgetNames(ctx, until)
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := clean(ctx); err != nil {
		return 0, fmt.Errorf("clear away what was erased: %w", err)
	}
	return len(ids), t.Store.Update(ctx, func(tx Tx) error { return tx.SetScrubbed(ctx, ids, now) })
}

// Erasures lists every erasure, oldest first.
func (t *Tracker) Erasures(ctx context.Context) ([]Erasure, error) {
	return read(ctx, t, func(r Reader) ([]Erasure, error) { return r.Erasures(ctx) })
}
