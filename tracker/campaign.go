package tracker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/terms"
)

// AddPlan checks a plan against the catalogue and the published versions, and
// numbers and stores it. Nothing changes for anybody until it is activated.
// Invalid with every fault at once and its path; a broken plan stores nothing.
func (t *Tracker) AddPlan(ctx context.Context, p terms.Plan, source []byte, actor string) (PlanRecord, error) {
	record := PlanRecord{Plan: p, Source: source, Created: t.instant(), Actor: actor}
	if err := p.Validate(t.Catalogue); err != nil {
		return record, err
	}
	err := t.Store.Update(ctx, func(tx Tx) error {
		if err := checkDocuments(ctx, tx, p); err != nil {
			return err
		}
		var err error
		if record.Number, err = tx.AddPlan(ctx, record); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: record.Created, Actor: actor, Action: "plan.add", Object: fmt.Sprintf("%s/%d", p.Campaign, record.Number),
			After: facts("plan", record.Number, "sha256", Digest(string(source)))})
	})
	return record, err
}

// checkDocuments refuses versions that are not published, of the plan and of
// its regions.
func checkDocuments(ctx context.Context, r Reader, p terms.Plan) error {
	var faults terms.Faults
	check := func(path string, refs []terms.DocumentRef) error {
		for i, ref := range refs {
			v, err := r.Version(ctx, ref)
			at := fmt.Sprintf("%sdocuments[%d]", path, i)
			switch {
			case isKind(err, terms.NotFound):
				faults = append(faults, terms.Fault{Path: at, Detail: fmt.Sprintf("%s version %s does not exist", ref.Document, ref.Version)})
			case err != nil:
				return err
			case v.Published.IsZero():
				faults = append(faults, terms.Fault{Path: at, Detail: fmt.Sprintf("%s version %s is a draft; publish it first", ref.Document, ref.Version)})
			}
		}
		return nil
	}
	err := check("", p.Documents)
	for i, region := range p.Regions {
		err = errors.Join(err, check(fmt.Sprintf("regions[%d].", i), region.Documents))
	}
	return errors.Join(err, faults.OrNil())
}

// Activate makes a plan the one in force and brings everybody in its audience
// into the campaign; progress, if given, is told how many people were looked
// at. Without it, ten seconds of that work are done here and the rest by the
// sweep, which also finishes what was interrupted. Invalid with faults when people at a stage of an earlier plan
// would have no place in this one. An *Awaits when it needs a second person.
//
// A plan that takes time or access from people who are in the campaign binds
// newcomers only; those who are in keep the gentler of it and their own until
// it is confirmed: see terms.Harsher and Confirm.
func (t *Tracker) Activate(ctx context.Context, campaign string, number int, actor string, progress func(int)) (Campaign, error) {
	return t.ActivateBecause(ctx, campaign, number, "", actor, progress)
}

// ActivateBecause is Activate with a reason for the record.
func (t *Tracker) ActivateBecause(ctx context.Context, campaign string, number int, reason, actor string, progress func(int)) (Campaign, error) {
	return t.activate(ctx, &activation{Campaign: campaign, Plan: number, Reason: reason}, actor, progress)
}

// ActivateAnyway is ActivateBecause whatever the launch gate finds; the reason
// is required.
func (t *Tracker) ActivateAnyway(ctx context.Context, campaign string, number int, reason, actor string, progress func(int)) (Campaign, error) {
	if reason == "" {
		return Campaign{}, terms.Faults{{Path: "reason", Detail: "say why what the launch gate finds may stay, for the record"}}
	}
	return t.activate(ctx, &activation{Campaign: campaign, Plan: number, Reason: reason, Anyway: true}, actor, progress)
}

func (t *Tracker) activate(ctx context.Context, a *activation, actor string, progress func(int)) (Campaign, error) {
	c, err := t.Campaign(ctx, a.Campaign)
	if err != nil {
		return Campaign{}, err
	}
	if c.Plan != a.Plan {
		if err := t.perform(ctx, a, actor); err != nil {
			return Campaign{}, err
		}
	}
	return t.walked(ctx, a.Campaign, progress)
}

// Confirm puts everybody under the active plan who kept the gentler of it and
// an earlier one: at the stage theirs is mapped to, or before it where that
// would take something from them at once, and never to an earlier date than
// they had unless the notice period runs again. An *Awaits when it needs a
// second person.
func (t *Tracker) Confirm(ctx context.Context, campaign string, number int, actor string, progress func(int)) (Campaign, error) {
	return t.ConfirmBecause(ctx, campaign, number, "", actor, progress)
}

// ConfirmBecause is Confirm with a reason for the record.
func (t *Tracker) ConfirmBecause(ctx context.Context, campaign string, number int, reason, actor string, progress func(int)) (Campaign, error) {
	if err := t.perform(ctx, &confirmation{campaign, number, reason}, actor); err != nil {
		return Campaign{}, err
	}
	return t.walked(ctx, campaign, progress)
}

// patience is how long an act goes on by itself when nobody watches its
// progress; a sweep does the rest.
const patience = 10 * time.Second

// walked brings people under a plan that was just put into force.
func (t *Tracker) walked(ctx context.Context, campaign string, progress func(int)) (Campaign, error) {
	elapsed := t.Pace.Stopwatch()
	err := t.walk(ctx, campaign, t.instant(), nil, func(looked int) bool {
		if progress != nil {
			progress(looked)
			return true
		}
		return elapsed() < patience
	})
	if err != nil {
		return Campaign{}, err
	}
	t.wake()
	return t.Campaign(ctx, campaign)
}

type activation struct {
	Campaign string `json:"campaign"`
	Plan     int    `json:"plan"`
	Reason   string `json:"reason,omitempty"`
	Anyway   bool   `json:"anyway,omitempty"` // whatever the launch gate finds
	Sheet    string `json:"sheet,omitempty"`  // of the pages as people are sent them from now on: see KeepSheet
}

func (a *activation) name() string     { return ActActivate }
func (a *activation) campaign() string { return a.Campaign }
func (a *activation) object() string   { return fmt.Sprintf("%s/%d", a.Campaign, a.Plan) }
func (a *activation) why() string      { return a.Reason }

func (a *activation) do(ctx context.Context, t *Tracker, tx Tx, _ string, now time.Time) error {
	c, err := tx.Campaign(ctx, a.Campaign)
	if err != nil {
		return err
	}
	next, err := tx.Plan(ctx, a.Campaign, a.Plan)
	if err != nil {
		return err
	}
	if a.Plan < c.Plan { // people still on it would lose what the plans since have given them
		return terms.Errorf(terms.Conflict, "plan %d came before plan %d, which is active: store it again, as a new plan", a.Plan, c.Plan)
	}
	harsher, err := t.replaces(ctx, tx, c, next.Plan)
	if err != nil {
		return err
	}
	return tx.Activate(ctx, a.Campaign, a.Plan, len(harsher) == 0, now)
}

// replaces checks a plan as the successor of those people are on, and lists
// what it would take from them.
func (t *Tracker) replaces(ctx context.Context, r Reader, c Campaign, next terms.Plan) (terms.Faults, error) {
	holds, reversals, err := stopping(ctx, r, c.Key, t.instant())
	if err != nil {
		return nil, err
	}
	var harsher terms.Faults
	for _, number := range []int{c.Plan, c.Confirmed} {
		if number == 0 || number == next.Number {
			continue
		}
		old, err := r.Plan(ctx, c.Key, number)
		if err != nil {
			return nil, err
		}
		if err := terms.Replaces(old.Plan, next, holds, reversals); err != nil {
			return nil, err
		}
		harsher = append(harsher, terms.Harsher(old.Plan, next, t.Catalogue)...)
		if c.Plan == c.Confirmed {
			break
		}
	}
	return harsher, nil
}

// stopping lists the holds of a campaign that are not over, and its reversals.
func stopping(ctx context.Context, r Reader, campaign string, now time.Time) ([]terms.Hold, []terms.Reversal, error) {
	placed, err := r.Holds(ctx, campaign)
	if err != nil {
		return nil, nil, err
	}
	made, err := r.Reversals(ctx, campaign)
	var holds []terms.Hold
	for _, h := range placed {
		if h.Ends.IsZero() || h.Ends.After(now) {
			holds = append(holds, h.Hold)
		}
	}
	reversals := make([]terms.Reversal, len(made))
	for i, one := range made {
		reversals[i] = one.Reversal
	}
	return holds, reversals, err
}

type confirmation struct {
	Campaign string `json:"campaign"`
	Plan     int    `json:"plan"`
	Reason   string `json:"reason,omitempty"`
}

func (a *confirmation) name() string     { return ActConfirm }
func (a *confirmation) campaign() string { return a.Campaign }
func (a *confirmation) object() string   { return fmt.Sprintf("%s/%d", a.Campaign, a.Plan) }
func (a *confirmation) why() string      { return a.Reason }

func (a *confirmation) do(ctx context.Context, _ *Tracker, tx Tx, _ string, now time.Time) error {
	return tx.Confirm(ctx, a.Campaign, a.Plan, now)
}

// Campaign returns the running state of a campaign.
func (t *Tracker) Campaign(ctx context.Context, key string) (Campaign, error) {
	return read(ctx, t, func(r Reader) (Campaign, error) { return r.Campaign(ctx, key) })
}

// Plan returns a numbered plan of a campaign.
func (t *Tracker) Plan(ctx context.Context, campaign string, number int) (PlanRecord, error) {
	return read(ctx, t, func(r Reader) (PlanRecord, error) { return r.Plan(ctx, campaign, number) })
}
