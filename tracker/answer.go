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

// answer is a choice on its way into the store, and what becomes of it.
type answer struct {
	Choice
	before, after Enrolled
	key           []byte // of the pseudonym in the log, if it is new
	receipt       Receipt
	known         bool // the receipt was there before, and has no proof yet
	err           error
}

// fresh reports whether it is to be recorded.
func (a *answer) fresh() bool { return a.err == nil && !a.known }

// answer works out what a choice leads to, with its evidence but for the place
// in the log, or finds the receipt of one that was there already.
func (t *Tracker) answer(ctx context.Context, g *group, a *answer, now time.Time) error {
	var err error
	if a.before, err = enrollment(ctx, g, a.Person, a.Campaign); err != nil { // locks the row: choices of one person queue here
		return err
	}
	if known, found := g.answered[ResponseKey{a.before.Ref, a.IdempotencyKey}]; found {
		if known.Fingerprint != a.fingerprint {
			return terms.Errorf(terms.Conflict, "the Idempotency-Key was used for another choice; make a new one for each choice")
		}
		a.receipt, a.known = Receipt{Response: known}, true
		return nil
	}
	if a.before.Bound {
		return terms.Errorf(terms.Conflict, "the account %q stands where its owner stands: the owner chooses for it", a.Person)
	}
	if a.Documents, err = t.documents(ctx, g, g.rules, a.Choice, a.before); err != nil {
		return err
	}
	if a.receipt.Response, a.known, err = t.already(ctx, g, g.rules, a.Choice, a.before); err != nil || a.known {
		return err
	}
	if a.after, err = t.chosen(g.rules, a.before, a.Action, now); err != nil {
		return err
	}
	a.receipt.Response, err = t.evidence(g, a, now)
	return err
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
func (t *Tracker) evidence(g *group, a *answer, now time.Time) (Response, error) {
	id, err := t.newReceiptID(now)
	if err != nil {
		return Response{}, err
	}
	pseudonym, err := t.pseudonym(g, a)
	if err != nil {
		return Response{}, err
	}
	var salt [32]byte
	if _, err := io.ReadFull(t.Random, salt[:]); err != nil {
		return Response{}, fmt.Errorf("draw a salt: %w", err)
	}
	r := g.rules
	record := ledger.Record{
		ReceiptID: id, Campaign: a.Campaign, Plan: r.active.Number, Action: a.Action, Documents: a.Documents,
		Snapshot: a.Snapshot, Sentence: a.Sentence, ButtonLabel: a.ButtonLabel, Method: a.Method, Actor: a.Actor,
		PresentedAt: a.PresentedAt, RespondedAt: a.RespondedAt, ReceivedAt: now,
		Stage: r.plans[a.before.Plan].Stages[a.before.Stage].Key, Region: a.before.Country, Effect: a.after.Effect,
		Person: pseudonym, Details: ledger.Commit(salt, a.details),
	}
	canonical, err := record.Canonical()
	return Response{
		ReceiptID: id, Person: a.Person, Ref: a.before.Ref, Campaign: a.Campaign, Plan: r.active.Number, Action: a.Action,
		Documents: a.Documents, Effect: a.after.Effect, IdempotencyKey: a.IdempotencyKey, Fingerprint: a.fingerprint,
		RecordedAt: now, Record: canonical, Salt: salt[:], Details: a.details,
	}, err
}
