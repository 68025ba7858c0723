package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"assent/terms"
)

// The acts that can be made to need a second person.
const (
	ActActivate = "plan.activate"
	ActConfirm  = "plan.confirm"
	ActReverse  = "campaign.reverse"
	ActUndo     = "reversal.undo"
	ActRelease  = "hold.release"
	ActBreaker  = "breaker.approve"
)

// Approvals says which acts need a second person, and for how long a request
// waits for one.
type Approvals struct {
	Acts   []string
	Expire time.Duration
}

// Awaits is what an act answers that now waits for a second person: nothing
// was done yet.
type Awaits struct{ Approval Approval }

// Error says what is to be done.
func (a *Awaits) Error() string {
	return fmt.Sprintf("%s of %s waits for a second person: approval %s", a.Approval.Act, a.Approval.Object, a.Approval.ID)
}

// act is something staff do to a whole campaign. Its exported fields are the
// request, which is kept as JSON while it waits for a second person.
type act interface {
	name() string
	campaign() string
	object() string
	why() string
	do(ctx context.Context, t *Tracker, tx Tx, actor string, now time.Time) error
}

// newAct returns an empty act of a name, to be filled from its JSON.
func newAct(name string) (act, error) {
	for _, a := range []act{&activation{}, &confirmation{}, &reversing{}, &undoing{}, &releasing{}, &expecting{}} {
		if a.name() == name {
			return a, nil
		}
	}
	return nil, fmt.Errorf("there is no act %q", name)
}

// perform does an act in one transaction with its entry in the audit log, or
// asks for a second person's approval where it needs one: then the error is an
// *Awaits. What it changed is in every answer when it returns.
func (t *Tracker) perform(ctx context.Context, a act, actor string) error {
	if err := t.prepare(ctx, a); err != nil {
		return err
	}
	now := t.instant()
	second := slices.Contains(t.Approvals.Acts, a.name())
	err := t.Store.Update(ctx, func(tx Tx) error {
		if err := t.carryOut(ctx, tx, a, actor, now); err != nil || !second {
			return err
		}
		return errTried // what cannot be done is refused now, not when it is approved
	})
	switch {
	case errors.Is(err, errTried):
		return t.ask(ctx, a, actor, now)
	case err != nil:
		return err
	default:
		return t.settled(ctx)
	}
}

// prepare does what an act needs done before its transaction.
func (t *Tracker) prepare(ctx context.Context, a act) error {
	if p, ok := a.(interface {
		prepare(ctx context.Context, t *Tracker) error
	}); ok {
		return p.prepare(ctx, t)
	}
	return nil
}

// errTried takes back an act that was only tried.
var errTried = errors.New("tried")

// carryOut does an act and notes it.
func (t *Tracker) carryOut(ctx context.Context, tx Tx, a act, actor string, now time.Time) error {
	before, err := tx.Campaign(ctx, a.campaign())
	if err != nil && !isKind(err, terms.NotFound) { // the act itself says what is missing
		return err
	}
	if err := a.do(ctx, t, tx, actor, now); err != nil {
		return err
	}
	after, err := tx.Campaign(ctx, a.campaign())
	if err != nil {
		return err
	}
	done := Act{At: now, Actor: actor, Action: a.name(), Object: a.object(), Reason: a.why(), Before: rulesFacts(before), After: rulesFacts(after, "asked", a)}
	if about, ok := a.(interface{ about() string }); ok {
		done.Person = about.about()
	}
	return t.note(ctx, tx, done)
}

// rulesFacts says which plans of a campaign are in force, and more.
func rulesFacts(c Campaign, more ...any) string {
	return facts(append([]any{"plan", c.Plan, "confirmed", c.Confirmed}, more...)...)
}

// settled puts what a campaign's rules say now into every answer, and has a
// sweep follow.
func (t *Tracker) settled(ctx context.Context) error {
	err := t.Committed(context.WithoutCancel(ctx), 0)
	t.wake()
	return err
}

func (t *Tracker) wake() {
	if t.Wake != nil {
		t.Wake()
	}
}

// ask stores a request for approval and answers *Awaits.
func (t *Tracker) ask(ctx context.Context, a act, actor string, now time.Time) error {
	request, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("keep the request for %s: %w", a.name(), err)
	}
	id, err := t.newID("apr")
	if err != nil {
		return err
	}
	asked := Approval{
		ID: id, Campaign: a.campaign(), Act: a.name(), Object: a.object(), Request: request,
		AskedBy: actor, AskedAt: now, Expires: now.Add(t.Approvals.Expire), State: ApprovalOpen, Note: a.why(),
	}
	err = t.Store.Update(ctx, func(tx Tx) error {
		if asked.Digest, err = t.digest(ctx, tx, a.campaign(), now); err != nil {
			return err
		}
		return errors.Join(
			tx.AddApproval(ctx, asked),
			t.note(ctx, tx, Act{At: now, Actor: actor, Action: "approval.ask", Object: id, Reason: a.why(), After: string(request)}))
	})
	if err != nil {
		return err
	}
	return &Awaits{asked}
}

// digest sums up the facts that a request was made on: the plans, reversals and
// holds of its campaign, and whether its sweeps are stopped.
func (t *Tracker) digest(ctx context.Context, r Reader, campaign string, now time.Time) (string, error) {
	c, err := r.Campaign(ctx, campaign)
	if err != nil {
		return "", err
	}
	reversals, err := r.Reversals(ctx, campaign)
	if err != nil {
		return "", err
	}
	holds, err := r.Holds(ctx, campaign)
	if err != nil {
		return "", err
	}
	breaker, err := r.Breaker(ctx, campaign)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %q\n", c.Plan, c.Confirmed, breaker.Run)
	for _, one := range reversals {
		fmt.Fprintf(h, "%s %t\n", one.ID, one.Undone.IsZero())
	}
	for _, one := range holds {
		fmt.Fprintf(h, "%s %t %d\n", one.ID, one.Active(now), one.Ends.UnixMicro())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Approve carries out what another person asked for. Conflict when it is not
// open any more, when the same person asked, or when the facts it was asked on
// are others by now: then it is suspended, and has to be asked for again.
func (t *Tracker) Approve(ctx context.Context, id, actor string) (Approval, error) {
	now := t.instant()
	asked, err := t.askedFor(ctx, id, now)
	if err != nil {
		return Approval{}, err
	}
	var a Approval
	suspended := false
	err = t.Store.Update(ctx, func(tx Tx) error {
		var err error
		if a, err = t.open(ctx, tx, id, now); err != nil {
			return err
		}
		if a.AskedBy == actor {
			return terms.Errorf(terms.Conflict, "you asked for this yourself: it needs a second person")
		}
		digest, err := t.digest(ctx, tx, a.Campaign, now)
		if err != nil {
			return err
		}
		a.DecidedBy, a.DecidedAt = actor, now
		if suspended = digest != a.Digest; suspended {
			a.State = ApprovalSuspended
			return tx.DecideApproval(ctx, a)
		}
		a.State = ApprovalDone
		if err := tx.DecideApproval(ctx, a); err != nil {
			return err
		}
		return t.carryOut(ctx, tx, asked, a.AskedBy+", approved by "+actor, now)
	})
	switch {
	case err != nil:
		return Approval{}, err
	case suspended:
		return a, terms.Errorf(terms.Conflict, "approval %s is suspended: plans, holds or reversals of campaign %s have changed since it was asked for; look again and ask anew", id, a.Campaign)
	default:
		return a, t.settled(ctx)
	}
}

// askedFor is the act that waits for an approval, prepared.
func (t *Tracker) askedFor(ctx context.Context, id string, now time.Time) (act, error) {
	a, err := read(ctx, t, func(r Reader) (Approval, error) { return t.open(ctx, r, id, now) })
	if err != nil {
		return nil, err
	}
	asked, err := newAct(a.Act)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(a.Request, asked); err != nil {
		return nil, fmt.Errorf("read the request of approval %s: %w", id, err)
	}
	return asked, t.prepare(ctx, asked)
}

// open returns an approval that can still be decided.
func (t *Tracker) open(ctx context.Context, r Reader, id string, now time.Time) (Approval, error) {
	a, err := r.Approval(ctx, id)
	switch {
	case err != nil:
		return a, err
	case a.State != ApprovalOpen:
		return a, terms.Errorf(terms.Conflict, "approval %s is %s already", id, a.State)
	case !now.Before(a.Expires):
		return a, terms.Errorf(terms.Conflict, "approval %s expired at %s; ask anew", id, a.Expires.Format(time.RFC3339))
	default:
		return a, nil
	}
}

// Reject turns a request for approval down; whoever asked can take it back so.
func (t *Tracker) Reject(ctx context.Context, id, note, actor string) (Approval, error) {
	now := t.instant()
	var a Approval
	err := t.Store.Update(ctx, func(tx Tx) error {
		var err error
		if a, err = t.open(ctx, tx, id, now); err != nil {
			return err
		}
		a.State, a.DecidedBy, a.DecidedAt, a.Note = ApprovalRejected, actor, now, note
		return errors.Join(
			tx.DecideApproval(ctx, a),
			t.note(ctx, tx, Act{At: now, Actor: actor, Action: "approval.reject", Object: id, Reason: note}))
	})
	return a, err
}

// ApprovalList lists requests for approval of a campaign, of all for "", newest
// first.
func (t *Tracker) ApprovalList(ctx context.Context, campaign string) ([]Approval, error) {
	return read(ctx, t, func(r Reader) ([]Approval, error) { return r.Approvals(ctx, campaign, listLength) })
}

// listLength is how many entries a list for staff holds at most.
const listLength = 100
