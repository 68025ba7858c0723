package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
	details     []byte // canonical
}

// Receipt is a recorded choice with its proof.
type Receipt struct {
	Response
	Proof ledger.Proof
}

// Respond records a choice and puts it into force: the evidence, its leaf in the
// log, the person's position and the restoration, in one transaction. Choices
// that come at the same time share one, and fail each alone.
// When it returns, every answer of this process reflects it. The second result
// is false when the choice was there already, by its idempotency key or because the
// person had already made the very same choice.
//
// NotFound for an unknown person or campaign; a Stale Conflict when the
// documents are not the current ones, or the page spoke of another plan than the
// active one; Conflict when a key is used for another
// choice, or there is no acceptance to withdraw; Invalid with faults;
// Unavailable when too many choices wait. Where the error has no kind or is
// Unavailable, the choice may have been recorded all the same: the same key
// again finds out.
func (t *Tracker) Respond(ctx context.Context, c Choice) (Receipt, bool, error) {
	c, err := c.prepared()
	if err != nil {
		return Receipt{}, false, err
	}
	// A closed tab must not leave a choice half recorded: once begun, it ends.
	a, err := t.queue.submit(c, func(batch []*answer) func() { return t.write(context.WithoutCancel(ctx), batch) })
	var thrown *panicked
	switch {
	case errors.As(err, &thrown):
		panic(thrown)
	case err == nil && a.known:
		receipt, err := t.Receipt(ctx, a.receipt.ReceiptID)
		return receipt, false, err
	default:
		return a.receipt, !a.known && a.receipt.ReceiptID != "", err
	}
}

// RespondMany records the choices of different people in one campaign, at most
// MaxBatch, in one transaction and under one signature: all of them or none.
// Each is what Respond would have made of it, and its errors are those of
// Respond.
func (t *Tracker) RespondMany(ctx context.Context, choices []Choice) error {
	if len(choices) > MaxBatch {
		return terms.Errorf(terms.Invalid, "%d choices at once; send at most %d", len(choices), MaxBatch)
	}
	batch := make([]*answer, len(choices))
	for i, c := range choices {
		c, err := c.prepared()
		if err != nil {
			return err
		}
		if c.Campaign != choices[0].Campaign {
			return terms.Errorf(terms.Invalid, "the choices are about more than one campaign: %q and %q", choices[0].Campaign, c.Campaign)
		}
		batch[i] = &answer{Choice: c}
	}
	if len(batch) == 0 {
		return nil
	}
	done, err := t.record(context.WithoutCancel(ctx), batch, func() error {
		i := slices.IndexFunc(batch, func(a *answer) bool { return a.err != nil })
		if i < 0 {
			return nil
		}
		return batch[i].err
	})
	if err != nil {
		return err
	}
	return t.tell(ctx, done)
}

// prepared does what can be done of a choice before it is its turn to be written.
func (c Choice) prepared() (Choice, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	c.fingerprint = c.digest()
	var err error
	c.details, err = c.Details.Canonical()
	return c, err
}

func (c Choice) check() error {
	var faults terms.Faults
	if !slices.Contains([]terms.Action{terms.Accept, terms.Decline, terms.Withdraw}, c.Action) {
		faults = append(faults, terms.Fault{Path: "action", Detail: fmt.Sprintf("%q is not one of accepted, declined, withdrawn", c.Action)})
	}
	if c.Campaign == "" {
		faults = append(faults, terms.Fault{Path: "campaign", Detail: "is missing"})
	}
	n := len(c.IdempotencyKey)
	if n == 0 || n > 255 || !utf8.ValidString(c.IdempotencyKey) || strings.Contains(c.IdempotencyKey, "\x00") {
		// PostgreSQL keeps no other text, and fails all choices of a batch for one
		faults = append(faults, terms.Fault{Path: "Idempotency-Key", Detail: "must be text without NUL and have 1 to 255 characters; make one for each choice and repeat it when you try again"})
	}
	return faults.OrNil()
}

// digest tells whether a repeated key comes with the same choice, also after an
// upgrade: it is of what package fmt makes of "%q %q %q".
func (c Choice) digest() string {
	quote := strconv.AppendQuote
	text := quote(append(quote(nil, c.Campaign), ' '), string(c.Action))
	text = append(text, " ["...)
	for i, d := range c.Documents {
		if i > 0 {
			text = append(text, ' ')
		}
		text = quote(append(text, '{'), d.Document)
		text = quote(append(text, ' '), d.Version)
		text = quote(append(text, ' '), d.Locale)
		text = append(quote(append(text, ' '), d.SHA256), '}')
	}
	sum := sha256.Sum256(append(text, ']'))
	return hex.EncodeToString(sum[:])
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

// Landed returns the receipt of the choice a person made under an idempotency
// key, for whoever never got the reply. NotFound when there is none by now, which
// does not say that none is on its way: the same choice under the same key settles
// it.
func (t *Tracker) Landed(ctx context.Context, person, idempotencyKey string) (Receipt, error) {
	found, err := read(ctx, t, func(r Reader) (Response, error) {
		if _, err := r.Person(ctx, person); err != nil {
			return Response{}, err
		}
		found, err := r.ResponseByKey(ctx, person, idempotencyKey)
		if isKind(err, terms.NotFound) {
			err = terms.Errorf(terms.NotFound, "no choice of person %q was recorded under this Idempotency-Key; sending it with the same key is safe", person)
		}
		return found, err
	})
	if err != nil {
		return Receipt{}, err
	}
	return t.Receipt(ctx, found.ReceiptID)
}
