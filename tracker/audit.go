package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"assent/ledger"
	"assent/terms"
)

// requestKey is where the id of a request is kept in its context.
type requestKey struct{}

// WithRequest returns a context in which acts are noted with the id of the
// request that does them.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// requestOf is the id of the request that a context belongs to, "" for none.
func requestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// note enters an act into the audit log and, within the same transaction, into
// the tamper-evident log. Whom it is about stands in the record by pseudonym,
// and what may tell of a person by a commitment alone.
func (t *Tracker) note(ctx context.Context, tx Tx, a Act) error {
	_, err := t.noted(ctx, tx, a)
	return err
}

// noted is note, and returns the act as it is kept.
func (t *Tracker) noted(ctx context.Context, tx Tx, a Act) (Act, error) {
	var err error
	if a.ID, err = t.newID("act"); err != nil {
		return a, err
	}
	a.Request = requestOf(ctx)
	record := ledger.Act{ID: a.ID, At: a.At, Actor: a.Actor, Action: a.Action, Object: a.Object, Request: a.Request}
	if a.Person != "" {
		if a.Ref, record.Person, err = t.known(ctx, tx, a.Person); err != nil {
			return a, err
		}
	}
	if a.Salt, a.Details, record.Details, err = t.sealed(ledger.ActDetails{Before: a.Before, After: a.After, Reason: a.Reason}); err != nil {
		return a, err
	}
	if a.Record, err = record.Canonical(); err != nil {
		return a, err
	}
	if a.LeafIndex, err = t.append(ctx, tx, a.Record); err != nil {
		return a, err
	}
	return a, tx.AddAct(ctx, a)
}

// Note enters an act that changes nothing else, such as moving the clock of a
// demonstration.
func (t *Tracker) Note(ctx context.Context, a Act) error {
	return t.Store.Update(ctx, func(tx Tx) error { return t.note(ctx, tx, a) })
}

// known returns a person's number and pseudonym; zeros for somebody whose
// account is gone.
func (t *Tracker) known(ctx context.Context, tx Tx, id string) (int64, string, error) {
	p, err := tx.Person(ctx, id)
	if isKind(err, terms.NotFound) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", err
	}
	keys, err := tx.PersonKeys(ctx, []int64{p.Ref})
	if err != nil {
		return 0, "", err
	}
	var key [32]byte
	if stored, found := keys[p.Ref]; found {
		copy(key[:], stored)
		return p.Ref, ledger.Pseudonym(key, id), nil
	}
	if _, err := io.ReadFull(t.Random, key[:]); err != nil {
		return 0, "", fmt.Errorf("draw a key: %w", err)
	}
	return p.Ref, ledger.Pseudonym(key, id), tx.AddPersonKeys(ctx, []PersonKey{{Ref: p.Ref, Key: key[:]}})
}

// sealed returns a salt, the details to keep beside it, and the commitment to
// both.
func (t *Tracker) sealed(d ledger.ActDetails) ([]byte, []byte, string, error) {
	var salt [32]byte
	if _, err := io.ReadFull(t.Random, salt[:]); err != nil {
		return nil, nil, "", fmt.Errorf("draw a salt: %w", err)
	}
	details, err := d.Canonical()
	return salt[:], details, ledger.Commit(salt, details), err
}

// append puts one record at the end of the log and returns its number.
func (t *Tracker) append(ctx context.Context, tx Tx, record []byte) (int64, error) {
	from, _, _, err := t.extend(ctx, tx, [][]byte{record})
	return from, err
}

// facts writes what there was, or is, for an act to note: an object of names
// and values.
func facts(pairs ...any) string {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	data, err := json.Marshal(m)
	if err != nil { // of texts, numbers and instants alone
		return "{}"
	}
	return string(data)
}

// ActProof is an act with its place in the tamper-evident log.
type ActProof struct {
	Act
	Receipt *ledger.Receipt // nil: it is from before acts were in the log
}

// Act returns an act with its proof up to the newest head.
func (t *Tracker) Act(ctx context.Context, id string) (ActProof, error) {
	var out ActProof
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		if out.Act, err = r.Act(ctx, id); err != nil || out.LeafIndex < 0 {
			return err
		}
		head, err := r.Head(ctx)
		if err != nil {
			return err
		}
		hashes, err := ledger.Prove(ctx, tileReader{r}, head.head(), out.LeafIndex)
		if err != nil {
			return fmt.Errorf("prove act %s: %w", id, err)
		}
		receipt := ledger.NewReceipt(out.Record, out.LeafIndex, hashes, ledger.Checkpoint{Head: head.head(), Text: string(head.Checkpoint)})
		out.Receipt = &receipt
		return nil
	})
	return out, err
}

// ActList lists acts with a place before another's in the audit log, newest
// first; before 0 the newest of all. About is whom they are about, "" for
// anybody.
func (t *Tracker) ActList(ctx context.Context, q ActQuery) ([]Act, error) {
	if q.Limit <= 0 || q.Limit > listLength {
		q.Limit = listLength
	}
	return read(ctx, t, func(r Reader) ([]Act, error) { return r.ActsOf(ctx, q) })
}
