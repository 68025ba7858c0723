package tracker

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"assent/ledger"
	"assent/terms"
)

// Choice is what a person chose, with the circumstances that make it evidence.
type Choice struct {
	Person         string
	Campaign       string
	Action         terms.Action
	Documents      []terms.DocumentText // exactly what the person was shown; may be empty for a withdrawal
	IdempotencyKey string               // client-made; the same key with the same choice gets the same receipt

	Method      ledger.Method
	Actor       string
	Plan        int    // number of the plan the page spoke of; 0 when we showed none
	Snapshot    string // SHA-256 of the page as it was shown, kept by KeepPage; "" when we showed none
	Sentence    string
	ButtonLabel string
	PresentedAt time.Time
	RespondedAt time.Time
	Details     ledger.Details

	fingerprint string // of the choice as it was asked for
}

// Receipt is a recorded choice with its proof.
type Receipt struct {
	Response
	Proof ledger.Proof
}

// Respond records a choice and puts it into force, in one transaction: the
// evidence, its leaf in the log, the person's position and the restoration.
// When it returns, every answer of this process reflects it. The second result
// is false when the choice was there already, by its idempotency key or because the
// person had already made the very same choice.
//
// NotFound for an unknown person or campaign; a Stale Conflict when the
// documents are not the current ones, or the page spoke of another plan than the
// active one; Conflict when a key is used for another
// choice, or there is no acceptance to withdraw; Invalid with faults.
func (t *Tracker) Respond(ctx context.Context, c Choice) (Receipt, bool, error) {
	if err := c.check(); err != nil {
		return Receipt{}, false, err
	}
	c.fingerprint = c.digest()
	answers, revision, err := t.respond(ctx, []Choice{c})
	if err != nil {
		return Receipt{}, false, err
	}
	if receipt := answers[0].receipt; revision != 0 {
		return receipt, true, t.committed(ctx, revision)
	}
	receipt, err := t.Receipt(ctx, answers[0].receipt.ReceiptID)
	return receipt, false, err
}

// RespondMany records the choices of different people in one campaign, at most
// MaxBatch, in one transaction and under one signature: all of them or none.
// Each is what Respond would have made of it, and its errors are those of
// Respond.
func (t *Tracker) RespondMany(ctx context.Context, choices []Choice) error {
	if len(choices) > MaxBatch {
		return terms.Errorf(terms.Invalid, "%d choices at once; send at most %d", len(choices), MaxBatch)
	}
	batch := slices.Clone(choices)
	for i, c := range batch {
		if err := c.check(); err != nil {
			return err
		}
		if c.Campaign != batch[0].Campaign {
			return terms.Errorf(terms.Invalid, "the choices are about more than one campaign: %q and %q", batch[0].Campaign, c.Campaign)
		}
		batch[i].fingerprint = c.digest()
	}
	if len(batch) == 0 {
		return nil
	}
	_, revision, err := t.respond(ctx, batch)
	if err != nil {
		return err
	}
	return t.committed(ctx, revision)
}

func (c Choice) check() error {
	var faults terms.Faults
	if !slices.Contains([]terms.Action{terms.Accept, terms.Decline, terms.Withdraw}, c.Action) {
		faults = append(faults, terms.Fault{Path: "action", Detail: fmt.Sprintf("%q is not one of accepted, declined, withdrawn", c.Action)})
	}
	if c.Campaign == "" {
		faults = append(faults, terms.Fault{Path: "campaign", Detail: "is missing"})
	}
	if n := len(c.IdempotencyKey); n == 0 || n > 255 {
		faults = append(faults, terms.Fault{Path: "Idempotency-Key", Detail: "must have 1 to 255 characters; make one for each choice and repeat it when you try again"})
	}
	return faults.OrNil()
}

// digest tells whether a repeated key comes with the same choice.
func (c Choice) digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", c.Campaign, c.Action, c.Documents))
	return hex.EncodeToString(sum[:])
}

// respond records choices of one campaign, and returns the newest revision: 0
// when all of them were there already.
func (t *Tracker) respond(ctx context.Context, choices []Choice) ([]*answer, uint64, error) {
	now := t.instant()
	var answers []*answer
	var revision uint64
	// A closed tab must not leave a choice half recorded: once begun, it ends.
	ctx = context.WithoutCancel(ctx)
	err := t.Store.Update(ctx, func(tx Tx) error {
		answers, revision = make([]*answer, len(choices)), 0
		tx = once{tx, map[terms.DocumentRef]Version{}}
		r, err := t.rulesOf(ctx, tx, choices[0].Campaign)
		if isKind(err, terms.NotFound) { // a person nobody knows is the greater mistake
			_, unknown := tx.Person(ctx, choices[0].Person)
			return cmp.Or(unknown, err)
		}
		if err != nil {
			return err
		}
		for i, c := range choices {
			if answers[i], err = t.answer(ctx, tx, r, c, now); err != nil {
				return err
			}
		}
		fresh := slices.DeleteFunc(slices.Clone(answers), func(a *answer) bool { return a.known })
		if len(fresh) == 0 {
			return nil
		}
		if err := t.record(ctx, tx, r, fresh, now); err != nil {
			return err
		}
		revision, err = tx.Revision(ctx)
		return err
	})
	return answers, revision, err
}

// once is a transaction that reads each version of a document once: none of
// those that can be accepted changes any more.
type once struct {
	Tx
	versions map[terms.DocumentRef]Version
}

// Version reads it the first time.
func (o once) Version(ctx context.Context, ref terms.DocumentRef) (Version, error) {
	if v, known := o.versions[ref]; known {
		return v, nil
	}
	v, err := o.Tx.Version(ctx, ref)
	if err == nil {
		o.versions[ref] = v
	}
	return v, err
}

// Receipt returns a recorded choice with its proof: the same each time, up to
// the head that was signed when it was recorded.
func (t *Tracker) Receipt(ctx context.Context, id string) (Receipt, error) {
	var out Receipt
	err := t.Store.View(ctx, func(r Reader) error {
		var err error
		if out.Response, err = r.Response(ctx, id); err != nil {
			return err
		}
		head, err := ledger.HeadOf(string(out.Checkpoint))
		if err != nil {
			return fmt.Errorf("read the checkpoint of receipt %s: %w", id, err)
		}
		hashes, err := ledger.Prove(ctx, tileReader{r}, head, out.LeafIndex)
		if err != nil {
			return fmt.Errorf("prove receipt %s: %w", id, err)
		}
		out.Proof = ledger.NewReceipt(out.Record, out.LeafIndex, hashes, ledger.Checkpoint{Head: head, Text: string(out.Checkpoint)}).Proof
		return nil
	})
	return out, err
}
