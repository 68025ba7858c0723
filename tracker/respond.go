package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
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
	Snapshot    []byte // the page as shown, if we showed it
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
// documents are not the current ones; Conflict when a key is used for another
// choice, or there is no acceptance to withdraw; Invalid with faults.
func (t *Tracker) Respond(ctx context.Context, c Choice) (Receipt, bool, error) {
	if err := c.check(); err != nil {
		return Receipt{}, false, err
	}
	c.fingerprint = c.digest()
	now := t.instant()
	var receipt Receipt
	var revision uint64
	// A closed tab must not leave a choice half recorded: once begun, it ends.
	ctx = context.WithoutCancel(ctx)
	err := t.Store.Update(ctx, func(tx Tx) error {
		var err error
		receipt, revision, err = t.respond(ctx, tx, c, now)
		return err
	})
	if err != nil {
		return Receipt{}, false, err
	}
	if revision == 0 {
		receipt, err = t.Receipt(ctx, receipt.ReceiptID)
		return receipt, false, err
	}
	return receipt, true, t.committed(ctx, revision)
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

// respond records a choice, and returns the revision of its change: 0 when the
// choice was there already and the receipt has no proof yet.
func (t *Tracker) respond(ctx context.Context, tx Tx, c Choice, now time.Time) (Receipt, uint64, error) {
	fail := func(err error) (Receipt, uint64, error) { return Receipt{}, 0, err }
	person, err := tx.Person(ctx, c.Person)
	if err != nil {
		return fail(err)
	}
	r, err := t.rulesOf(ctx, tx, c.Campaign)
	if err != nil {
		return fail(err)
	}
	before, err := enrollment(ctx, tx, c.Person, c.Campaign) // locks the row: choices of one person queue here
	if err != nil {
		return fail(err)
	}
	if known, err := tx.ResponseByKey(ctx, c.Person, c.IdempotencyKey); err == nil {
		if known.Fingerprint != c.fingerprint {
			return fail(terms.Errorf(terms.Conflict, "the Idempotency-Key was used for another choice; make a new one for each choice"))
		}
		return Receipt{Response: known}, 0, nil
	} else if !isKind(err, terms.NotFound) {
		return fail(err)
	}
	if before.Bound {
		return fail(terms.Errorf(terms.Conflict, "the account %q stands where its owner stands: the owner chooses for it", c.Person))
	}
	if c.Documents, err = t.documents(ctx, tx, r, c, before); err != nil {
		return fail(err)
	}
	if same, found, err := t.already(ctx, tx, r, c, before); err != nil || found {
		return Receipt{Response: same}, 0, err
	}
	return t.record(ctx, tx, r, c, person, before, now)
}

// already finds the receipt of a choice that the person's position already
// reflects, for these very documents. An acceptance that was recorded without
// effect can be made again where one counts by now.
func (t *Tracker) already(ctx context.Context, tx Tx, r rules, c Choice, e Enrolled) (Response, bool, error) {
	again := e.Effect == terms.Void && r.active.In(e.Country).Effect == terms.Full
	if string(e.Status) != string(c.Action) || again {
		return Response{}, false, nil
	}
	past, err := tx.Responses(ctx, c.Person)
	if err != nil {
		return Response{}, false, err
	}
	i := slices.IndexFunc(past, func(r Response) bool { return r.Campaign == c.Campaign })
	if i < 0 || past[i].Action != c.Action || !slices.EqualFunc(past[i].Documents, c.Documents, sameVersion) {
		return Response{}, false, nil
	}
	return past[i], true, nil
}

func sameVersion(a, b terms.DocumentText) bool { return a.Ref() == b.Ref() }

// documents checks that the person was shown exactly what the campaign asks
// for, and returns it in the plan's order.
func (t *Tracker) documents(ctx context.Context, tx Tx, r rules, c Choice, e Enrolled) ([]terms.DocumentText, error) {
	if c.Action == terms.Withdraw {
		return t.withdrawn(ctx, tx, c, e)
	}
	var out []terms.DocumentText
	var current []terms.DocumentText
	asked := r.active.In(e.Country).Documents
	stale := len(c.Documents) != len(asked)
	for _, ref := range asked {
		v, err := tx.Version(ctx, ref)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(c.Documents, func(d terms.DocumentText) bool { return d.Document == ref.Document })
		locale := e.Locale
		if i >= 0 {
			locale = c.Documents[i].Locale
		}
		text, _ := v.TextIn(locale)
		want := terms.DocumentText{Document: ref.Document, Version: ref.Version, Locale: text.Locale, SHA256: text.SHA256}
		current = append(current, want)
		if stale = stale || i < 0 || c.Documents[i] != want; !stale {
			out = append(out, want)
		}
	}
	if !stale {
		return out, nil
	}
	if err := unknownDocument(ctx, tx, c.Documents); err != nil {
		return nil, err
	}
	return nil, &terms.Stale{Message: "the documents are not the ones now asked for; show the current ones and ask again", Current: current}
}

// unknownDocument says NotFound for a document or version that never was.
func unknownDocument(ctx context.Context, tx Tx, documents []terms.DocumentText) error {
	if len(documents) == 0 {
		return terms.Faults{{Path: "documents", Detail: "name each document with version, locale and sha256 as it was shown"}}
	}
	for _, d := range documents {
		if _, err := tx.Version(ctx, d.Ref()); err != nil {
			return err
		}
	}
	return nil
}

// withdrawn returns the documents of the acceptance that is withdrawn.
func (t *Tracker) withdrawn(ctx context.Context, tx Tx, c Choice, e Enrolled) ([]terms.DocumentText, error) {
	if e.Status != terms.Accepted {
		return nil, terms.Errorf(terms.Conflict, "there is no acceptance to withdraw: the person's status is %s", e.Status)
	}
	past, err := tx.Responses(ctx, c.Person)
	if err != nil {
		return nil, err
	}
	for _, r := range past {
		if r.Campaign == c.Campaign && r.Action == terms.Accept {
			return r.Documents, nil
		}
	}
	return nil, fmt.Errorf("person %s is accepted in campaign %s without a response", c.Person, c.Campaign)
}

// record writes the evidence and everything that follows from the choice.
func (t *Tracker) record(ctx context.Context, tx Tx, r rules, c Choice, person Person, before Enrolled, now time.Time) (Receipt, uint64, error) {
	fail := func(err error) (Receipt, uint64, error) { return Receipt{}, 0, err }
	plan, err := r.planOf(before)
	if err != nil {
		return fail(err)
	}
	after := before
	if c.Action == terms.Accept { // what is accepted is what the active plan asks
		plan = r.current()
		after.Plan = plan.Number
	}
	after.Enrollment = after.Respond(plan, c.Action, now)
	after = t.schedule(plan, after, r.holds, now)
	receipt, err := t.evidence(ctx, tx, r, c, person, before, after, now)
	if err != nil {
		return fail(err)
	}
	if err := tx.AddResponse(ctx, receipt.Response); err != nil {
		return fail(err)
	}
	revisions, err := tx.Save(ctx, []Move{answered(before, after, c.Action, now)}, now)
	if err != nil {
		return fail(err)
	}
	if revisions[0] == 0 {
		return fail(fmt.Errorf("person %s moved while the row was locked", c.Person))
	}
	if err := t.follow(ctx, tx, r, []Enrolled{after}, now); err != nil {
		return fail(err)
	}
	revision, err := tx.Revision(ctx)
	return receipt, revision, err
}

// answered is the move a choice makes.
func answered(before, after Enrolled, a terms.Action, now time.Time) Move {
	tally := map[terms.Action]Tally{terms.Accept: TallyAccepted, terms.Decline: TallyDeclined, terms.Withdraw: TallyWithdrawn}[a]
	m := Move{Before: before, After: after, Kind: ChangeAnswered, Tallies: []Tally{tally}}
	if before.FirstNotice.IsZero() && !after.FirstNotice.IsZero() {
		m.Tallies = append(m.Tallies, TallyNoticed)
	}
	return m.transit(Cause(a), "", now)
}

// evidence writes the canonical record into the log and returns the receipt.
func (t *Tracker) evidence(ctx context.Context, tx Tx, r rules, c Choice, person Person, before, after Enrolled, now time.Time) (Receipt, error) {
	id, err := t.newID("rcp")
	if err != nil {
		return Receipt{}, err
	}
	pseudonym, err := t.pseudonym(ctx, tx, person)
	if err != nil {
		return Receipt{}, err
	}
	details, err := c.Details.Canonical()
	if err != nil {
		return Receipt{}, err
	}
	var salt [32]byte
	if _, err := io.ReadFull(t.Random, salt[:]); err != nil {
		return Receipt{}, fmt.Errorf("draw a salt: %w", err)
	}
	snapshot, err := keepSnapshot(ctx, tx, c.Snapshot, now)
	if err != nil {
		return Receipt{}, err
	}
	record := ledger.Record{
		ReceiptID: id, Campaign: c.Campaign, Plan: r.active.Number, Action: c.Action, Documents: c.Documents,
		Snapshot: snapshot, Sentence: c.Sentence, ButtonLabel: c.ButtonLabel, Method: c.Method, Actor: c.Actor,
		PresentedAt: c.PresentedAt, RespondedAt: c.RespondedAt, ReceivedAt: now,
		Stage: r.plans[before.Plan].Stages[before.Stage].Key, Region: before.Country, Effect: after.Effect,
		Person: pseudonym, Details: ledger.Commit(salt, details),
	}
	canonical, err := record.Canonical()
	if err != nil {
		return Receipt{}, err
	}
	proof, err := t.appendRecord(ctx, tx, canonical)
	return Receipt{Proof: proof, Response: Response{
		ReceiptID: id, Person: c.Person, Ref: person.Ref, Campaign: c.Campaign, Plan: r.active.Number, Action: c.Action,
		Documents: c.Documents, Effect: after.Effect, IdempotencyKey: c.IdempotencyKey, Fingerprint: c.fingerprint,
		RecordedAt: now, LeafIndex: proof.LeafIndex, Record: canonical, Checkpoint: []byte(proof.Checkpoint),
		Salt: salt[:], Details: details,
	}}, err
}

func keepSnapshot(ctx context.Context, tx Tx, html []byte, now time.Time) (string, error) {
	if len(html) == 0 {
		return "", nil
	}
	sum := sha256.Sum256(html)
	digest := hex.EncodeToString(sum[:])
	return digest, tx.PutSnapshot(ctx, Snapshot{SHA256: digest, HTML: html, Stored: now})
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
