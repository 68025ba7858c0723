package tracker

import (
	"context"
	"fmt"
	"time"

	"assent/terms"
)

// enrollPage is how many people one transaction of an enrollment walk takes.
const enrollPage = 500

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
		return tx.AddAct(ctx, Act{At: record.Created, Actor: actor, Action: "plan.add", Object: fmt.Sprintf("%s/%d", p.Campaign, record.Number)})
	})
	return record, err
}

func checkDocuments(ctx context.Context, r Reader, p terms.Plan) error {
	var faults terms.Faults
	for i, ref := range p.Documents {
		v, err := r.Version(ctx, ref)
		path := fmt.Sprintf("documents[%d]", i)
		switch {
		case isKind(err, terms.NotFound):
			faults = append(faults, terms.Fault{Path: path, Detail: fmt.Sprintf("%s version %s does not exist", ref.Document, ref.Version)})
		case err != nil:
			return err
		case v.Published.IsZero():
			faults = append(faults, terms.Fault{Path: path, Detail: fmt.Sprintf("%s version %s is a draft; publish it first", ref.Document, ref.Version)})
		}
	}
	return faults.OrNil()
}

// Activate makes a plan the one in force and brings everybody in its audience
// into the campaign; progress, if given, is told how many people were looked
// at. It can be called again after an interruption: the sweep also finishes
// what was begun.
//
// Replacing an active plan takes nothing from anybody: Conflict, with every
// reason, when the new plan is harsher anywhere; see terms.Harsher.
func (t *Tracker) Activate(ctx context.Context, campaign string, number int, actor string, progress func(int)) (Campaign, error) {
	now := t.instant()
	err := t.Store.Update(ctx, func(tx Tx) error { return t.activate(ctx, tx, campaign, number, actor, now) })
	if err != nil {
		return Campaign{}, err
	}
	if err := t.Committed(context.WithoutCancel(ctx), 0); err != nil {
		return Campaign{}, err
	}
	if err := t.enrollAll(ctx, campaign, now, progress); err != nil {
		return Campaign{}, err
	}
	return t.Campaign(ctx, campaign)
}

func (t *Tracker) activate(ctx context.Context, tx Tx, campaign string, number int, actor string, now time.Time) error {
	c, err := tx.Campaign(ctx, campaign)
	if err != nil {
		return err
	}
	if c.Plan == number {
		return nil
	}
	next, err := tx.Plan(ctx, campaign, number)
	if err != nil {
		return err
	}
	if c.Plan != 0 {
		current, err := tx.Plan(ctx, campaign, c.Plan)
		if err != nil {
			return err
		}
		if faults := terms.Harsher(current.Plan, next.Plan, t.Catalogue); len(faults) > 0 {
			return terms.Errorf(terms.Conflict, "plan %d would take time or access from people on the active plan %d:\n%v", number, c.Plan, faults)
		}
	}
	if err := tx.Activate(ctx, campaign, number, true, now); err != nil {
		return err
	}
	return tx.AddAct(ctx, Act{At: now, Actor: actor, Action: "plan.activate", Object: fmt.Sprintf("%s/%d", campaign, number)})
}

// enrollAll walks all people from where the campaign's walk stopped, bringing
// newcomers in and those who are in under the active plan.
func (t *Tracker) enrollAll(ctx context.Context, campaign string, now time.Time, progress func(int)) error {
	for looked := 0; ; {
		n, revision, err := t.enrollSome(ctx, campaign, now)
		if err != nil {
			return fmt.Errorf("enroll people into campaign %s: %w", campaign, err)
		}
		if err := t.committed(ctx, revision); err != nil {
			return err
		}
		if looked += n; progress != nil {
			progress(looked)
		}
		if n < enrollPage {
			return nil
		}
	}
}

// enrollSome takes the next page of the walk; it returns how many people it
// looked at and the newest revision.
func (t *Tracker) enrollSome(ctx context.Context, campaign string, now time.Time) (int, uint64, error) {
	var looked int
	var revision uint64
	err := t.Store.Update(ctx, func(tx Tx) error {
		rules, err := rulesOf(ctx, tx, campaign)
		if err != nil {
			return err
		}
		people, err := tx.People(ctx, rules.campaign.EnrolledTo, enrollPage)
		if err != nil || len(people) == 0 {
			return err
		}
		looked = len(people)
		if _, err := t.enroll(ctx, tx, rules, people, now); err != nil {
			return err
		}
		if err := t.adopt(ctx, tx, rules, people, now); err != nil {
			return err
		}
		if err := tx.SetEnrolledTo(ctx, campaign, people[len(people)-1].Ref); err != nil {
			return err
		}
		revision, err = tx.Revision(ctx)
		return err
	})
	return looked, revision, err
}

// enroll brings people into a campaign and returns how many were not in it;
// the others stay as they are.
func (t *Tracker) enroll(ctx context.Context, tx Tx, r rules, people []Person, now time.Time) (int, error) {
	rows := make([]Enrolled, len(people))
	for i, person := range people {
		e := Enrolled{
			Enrollment: terms.Enroll(r.active.Plan, person.ID, person.Country, person.Type, person.Created, now),
			Ref:        person.Ref, Locale: person.Locale,
		}
		rows[i] = t.schedule(r.active.Plan, e, r.holds, now)
	}
	return tx.Enroll(ctx, rows, now)
}

// adopt puts people who came in under an earlier plan under the active one.
func (t *Tracker) adopt(ctx context.Context, tx Tx, r rules, people []Person, now time.Time) error {
	if r.active.Number == 1 {
		return nil
	}
	first, last := people[0].Ref, people[len(people)-1].Ref
	rows, err := tx.Positions(ctx, r.campaign.Key, first-1, len(people))
	if err != nil {
		return err
	}
	var moves []Move
	for _, before := range rows {
		if before.Plan == r.active.Number || before.Ref > last {
			continue
		}
		after := before
		after.Plan = r.active.Number
		moves = append(moves, Move{Before: before, After: t.schedule(r.active.Plan, after, r.holds, now), Kind: ChangeNext})
	}
	_, err = tx.Save(ctx, moves, now)
	return err
}

// Campaign returns the running state of a campaign.
func (t *Tracker) Campaign(ctx context.Context, key string) (Campaign, error) {
	return read(ctx, t, func(r Reader) (Campaign, error) { return r.Campaign(ctx, key) })
}

// Plan returns a numbered plan of a campaign.
func (t *Tracker) Plan(ctx context.Context, campaign string, number int) (PlanRecord, error) {
	return read(ctx, t, func(r Reader) (PlanRecord, error) { return r.Plan(ctx, campaign, number) })
}
