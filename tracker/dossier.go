package tracker

import (
	"context"
	"fmt"
	"slices"

	"assent/ledger"
	"assent/terms"
)

// Dossier is what evidence about a person is made of, but for the choices
// themselves: see Exhibit.
type Dossier struct {
	Person      string   // the platform's id; "" once it was erased
	Key         []byte   // of the pseudonym; nil once it was erased
	Receipts    []string // oldest first
	Transitions []Transition
	Notices     []Notice
	Checkpoint  []byte // the newest, under which every exhibit is proved again
}

// dossierLength is how many transitions and notices of a person a dossier
// holds; nobody comes near it.
const dossierLength = 100_000

// Dossier returns that of a person with every choice. NotFound for an unknown
// person, and for one who has made no choice.
func (t *Tracker) Dossier(ctx context.Context, person string) (Dossier, error) {
	d := Dossier{Person: person}
	err := t.Store.View(ctx, func(r Reader) error {
		p, err := r.Person(ctx, person)
		if err != nil {
			return err
		}
		responses, err := r.Responses(ctx, person)
		if err != nil {
			return err
		}
		if len(responses) == 0 {
			return terms.Errorf(terms.NotFound, "person %q has made no choice, so there is no evidence of one", person)
		}
		for _, one := range slices.Backward(responses) {
			d.Receipts = append(d.Receipts, one.ReceiptID)
		}
		return d.fill(ctx, r, p.Ref, "")
	})
	return d, err
}

// ReceiptDossier returns that of one choice, with what happened to the person in
// its campaign. NotFound for an unknown receipt.
func (t *Tracker) ReceiptDossier(ctx context.Context, receipt string) (Dossier, error) {
	d := Dossier{Receipts: []string{receipt}}
	err := t.Store.View(ctx, func(r Reader) error {
		response, err := r.Response(ctx, receipt)
		if err != nil {
			return err
		}
		d.Person = response.Person
		return d.fill(ctx, r, response.Ref, response.Campaign)
	})
	return d, err
}

// fill adds what is known of the person, of one campaign or ("") of all.
func (d *Dossier) fill(ctx context.Context, r Reader, ref int64, campaign string) error {
	keys, err := r.PersonKeys(ctx, []int64{ref})
	if err != nil {
		return err
	}
	d.Key = keys[ref]
	head, err := r.Head(ctx)
	if err != nil {
		return err
	}
	d.Checkpoint = head.Checkpoint
	if d.Person == "" {
		return nil
	}
	if d.Transitions, err = r.Transitions(ctx, campaign, d.Person, dossierLength); err != nil {
		return err
	}
	if d.Notices, err = r.Notices(ctx, d.Person, dossierLength); err != nil {
		return err
	}
	d.Notices = slices.DeleteFunc(d.Notices, func(n Notice) bool { return campaign != "" && n.Campaign != campaign })
	slices.Reverse(d.Transitions)
	slices.Reverse(d.Notices)
	return nil
}

// Exhibit is one choice with everything that shows what was chosen.
type Exhibit struct {
	Receipt               // as it was handed out
	Today    ledger.Proof // of the same record, under the dossier's checkpoint
	Texts    []Text       // of the documents, in their order, as they were shown
	Snapshot Snapshot     // the page as it was shown; zero when we did not show it
}

// Exhibit returns a choice of a dossier.
func (t *Tracker) Exhibit(ctx context.Context, d Dossier, receipt string) (Exhibit, error) {
	given, err := t.Receipt(ctx, receipt)
	if err != nil {
		return Exhibit{}, err
	}
	e := Exhibit{Receipt: given}
	record, _, err := ledger.ParseRecord(given.Record)
	if err != nil {
		return Exhibit{}, fmt.Errorf("read the record of receipt %s: %w", receipt, err)
	}
	err = t.Store.View(ctx, func(r Reader) error {
		if err := e.prove(ctx, r, d.Checkpoint); err != nil {
			return err
		}
		for _, shown := range record.Documents {
			v, err := r.Version(ctx, shown.Ref())
			if err != nil {
				return err
			}
			i := slices.IndexFunc(v.Texts, func(t Text) bool { return t.Locale == shown.Locale })
			if i < 0 {
				return fmt.Errorf("%s %s has no text in %s", shown.Document, shown.Version, shown.Locale)
			}
			e.Texts = append(e.Texts, v.Texts[i])
		}
		if record.Snapshot != "" {
			e.Snapshot, err = r.Snapshot(ctx, record.Snapshot)
		}
		return err
	})
	return e, err
}

// prove proves the record under a later checkpoint.
func (e *Exhibit) prove(ctx context.Context, r Reader, checkpoint []byte) error {
	head, err := ledger.HeadOf(string(checkpoint))
	if err != nil {
		return fmt.Errorf("read the checkpoint of the log: %w", err)
	}
	hashes, err := ledger.Prove(ctx, tileReader{r}, head, e.LeafIndex)
	if err != nil {
		return fmt.Errorf("prove receipt %s: %w", e.ReceiptID, err)
	}
	e.Today = ledger.NewReceipt(e.Record, e.LeafIndex, hashes, ledger.Checkpoint{Head: head, Text: string(checkpoint)}).Proof
	return nil
}
