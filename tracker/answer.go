package tracker

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"assent/ledger"
	"assent/terms"
)

// answer is a choice on its way into the store.
type answer struct {
	Choice
	before, after Enrolled
	receipt       Receipt
	known         bool // the receipt was there before, and has no proof yet
}

// answer works out what a choice leads to, with its evidence but for the place
// in the log, or finds the receipt of one that was there already.
func (t *Tracker) answer(ctx context.Context, tx Tx, r rules, c Choice, now time.Time) (*answer, error) {
	before, err := enrollment(ctx, tx, c.Person, c.Campaign) // locks the row: choices of one person queue here
	if err != nil {
		return nil, err
	}
	if known, err := tx.ResponseByKey(ctx, c.Person, c.IdempotencyKey); err == nil {
		if known.Fingerprint != c.fingerprint {
			return nil, terms.Errorf(terms.Conflict, "the Idempotency-Key was used for another choice; make a new one for each choice")
		}
		return &answer{receipt: Receipt{Response: known}, known: true}, nil
	} else if !isKind(err, terms.NotFound) {
		return nil, err
	}
	if before.Bound {
		return nil, terms.Errorf(terms.Conflict, "the account %q stands where its owner stands: the owner chooses for it", c.Person)
	}
	if c.Documents, err = t.documents(ctx, tx, r, c, before); err != nil {
		return nil, err
	}
	if same, found, err := t.already(ctx, tx, r, c, before); err != nil || found {
		return &answer{receipt: Receipt{Response: same}, known: true}, err
	}
	a := &answer{Choice: c, before: before}
	if a.after, err = t.chosen(r, before, c.Action, now); err != nil {
		return nil, err
	}
	a.receipt.Response, err = t.evidence(ctx, tx, r, a, now)
	return a, err
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
// for, under the plan that is active, and returns it in the plan's order.
func (t *Tracker) documents(ctx context.Context, tx Tx, r rules, c Choice, e Enrolled) ([]terms.DocumentText, error) {
	if c.Action == terms.Withdraw {
		return t.withdrawn(ctx, tx, c, e)
	}
	var out []terms.DocumentText
	var current []terms.DocumentText
	asked := r.active.In(e.Country).Documents
	replaced := c.Plan != 0 && c.Plan != r.active.Number
	stale := replaced || len(c.Documents) != len(asked)
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
	if replaced {
		return nil, &terms.Stale{Message: fmt.Sprintf("the page spoke of plan %d and plan %d is the active one; show it again", c.Plan, r.active.Number), Current: current}
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

// chosen is the position after a choice.
func (t *Tracker) chosen(r rules, before Enrolled, a terms.Action, now time.Time) (Enrolled, error) {
	plan, err := r.planOf(before)
	if err != nil {
		return before, err
	}
	after := before
	if a == terms.Accept { // what is accepted is what the active plan asks
		plan = r.current()
		after.Plan = plan.Number
	}
	after.Enrollment = after.Respond(plan, a, now)
	return t.schedule(plan, after, r.holds, now), nil
}

// record writes the evidence of choices and everything that follows from them.
func (t *Tracker) record(ctx context.Context, tx Tx, r rules, answers []*answer, now time.Time) error {
	if err := t.prove(ctx, tx, answers); err != nil {
		return err
	}
	moves, moved := make([]Move, len(answers)), make([]Enrolled, len(answers))
	for i, a := range answers {
		if err := tx.AddResponse(ctx, a.receipt.Response); err != nil {
			return err
		}
		moves[i], moved[i] = answered(a.before, a.after, a.Action, now), a.after
	}
	revisions, err := tx.Save(ctx, moves, now)
	if err != nil {
		return err
	}
	if i := slices.Index(revisions, 0); i >= 0 {
		return fmt.Errorf("person %s moved while the row was locked", answers[i].Person)
	}
	return t.follow(ctx, tx, r, moved, now)
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

// evidence is the response to a choice with its canonical record, which has no
// place in the log yet.
func (t *Tracker) evidence(ctx context.Context, tx Tx, r rules, c *answer, now time.Time) (Response, error) {
	id, err := t.newID("rcp")
	if err != nil {
		return Response{}, err
	}
	pseudonym, err := t.pseudonym(ctx, tx, c.before)
	if err != nil {
		return Response{}, err
	}
	details, err := c.Details.Canonical()
	if err != nil {
		return Response{}, err
	}
	var salt [32]byte
	if _, err := io.ReadFull(t.Random, salt[:]); err != nil {
		return Response{}, fmt.Errorf("draw a salt: %w", err)
	}
	record := ledger.Record{
		ReceiptID: id, Campaign: c.Campaign, Plan: r.active.Number, Action: c.Action, Documents: c.Documents,
		Snapshot: c.Snapshot, Sentence: c.Sentence, ButtonLabel: c.ButtonLabel, Method: c.Method, Actor: c.Actor,
		PresentedAt: c.PresentedAt, RespondedAt: c.RespondedAt, ReceivedAt: now,
		Stage: r.plans[c.before.Plan].Stages[c.before.Stage].Key, Region: c.before.Country, Effect: c.after.Effect,
		Person: pseudonym, Details: ledger.Commit(salt, details),
	}
	canonical, err := record.Canonical()
	return Response{
		ReceiptID: id, Person: c.Person, Ref: c.before.Ref, Campaign: c.Campaign, Plan: r.active.Number, Action: c.Action,
		Documents: c.Documents, Effect: c.after.Effect, IdempotencyKey: c.IdempotencyKey, Fingerprint: c.fingerprint,
		RecordedAt: now, Record: canonical, Salt: salt[:], Details: details,
	}, err
}
