package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assent/terms"
)

// walkPage is how many people one transaction of a walk takes at most.
const walkPage = 500

// walk brings everybody, from where the campaign's walk stopped, under the
// rules as they are now: newcomers into the campaign, people on earlier plans
// under the confirmed one, people beyond a reversal back, and everybody's next
// date. A new plan, a reversal and the release of a hold start it anew. It
// restricts nobody. It can be stopped at any time; the next sweep goes on. goOn,
// if given, is told how many people were looked at, and may say to stop.
func (t *Tracker) walk(ctx context.Context, campaign string, now time.Time, run *Run, goOn func(looked int) bool) error {
	rows := min(t.Pace.Rows, walkPage)
	for looked := 0; ; {
		elapsed := t.Pace.Stopwatch()
		n, revision, err := t.walkSome(ctx, campaign, now, run, rows)
		if err != nil {
			return fmt.Errorf("bring people under the rules of campaign %s: %w", campaign, err)
		}
		if err := t.committed(ctx, revision); err != nil {
			return err
		}
		looked += n
		if goOn != nil && !goOn(looked) || n < rows {
			return nil
		}
		took := elapsed()
		rows = min(t.Pace.next(rows, took), walkPage)
		t.Pace.Rest(ctx, t.Pace.rest(took))
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// walkSome takes the next page of the walk; it returns how many people it
// looked at and the newest revision.
func (t *Tracker) walkSome(ctx context.Context, campaign string, now time.Time, run *Run, page int) (int, uint64, error) {
	var looked int
	var revision uint64
	counts := Run{}
	err := t.Store.Update(ctx, func(tx Tx) error {
		looked, revision, counts = 0, 0, Run{}
		if run != nil {
			counts = *run
		}
		r, err := t.rulesOf(ctx, tx, campaign)
		if err != nil {
			return err
		}
		people, err := tx.People(ctx, r.campaign.EnrolledTo, page)
		if err != nil || len(people) == 0 {
			return err
		}
		looked = len(people)
		if _, err := t.enroll(ctx, tx, r, people, now); err != nil {
			return err
		}
		if err := t.adopt(ctx, tx, r, people, &counts, now); err != nil {
			return err
		}
		if err := tx.SetEnrolledTo(ctx, campaign, people[len(people)-1].Ref); err != nil {
			return err
		}
		revision, err = tx.Revision(ctx)
		return err
	})
	if err == nil && run != nil {
		*run = counts
	}
	return looked, revision, err
}

// walking reports whether the walk of a campaign has people ahead.
func walking(ctx context.Context, r Reader, c Campaign) (bool, error) {
	ahead, err := r.People(ctx, c.EnrolledTo, 1)
	return len(ahead) > 0, err
}

// enroll brings people into a campaign and returns how many were not in it;
// the others stay as they are.
func (t *Tracker) enroll(ctx context.Context, tx Tx, r rules, people []Person, now time.Time) (int, error) {
	plan := r.current()
	rows := make([]Enrolled, len(people))
	for i, person := range people {
		e := Enrolled{
			Enrollment: terms.Enroll(plan, person.ID, person.Country, person.Type, person.Created, now),
			Ref:        person.Ref, Locale: person.Locale,
		}
		e.Attributes = person.Attributes
		if bound(plan, person) {
			var err error
			if e.Enrollment, err = bind(ctx, tx, e.Enrollment, person.Owner, now); err != nil {
				return 0, err
			}
		}
		rows[i] = t.schedule(plan, e, r.holds, now)
	}
	added, err := tx.Enroll(ctx, rows, now)
	if err != nil || added == 0 {
		return added, err
	}
	return added, t.follow(ctx, tx, r, rows, now)
}

// adopt puts people who are in a campaign under its rules as they are now.
func (t *Tracker) adopt(ctx context.Context, tx Tx, r rules, people []Person, run *Run, now time.Time) error {
	first, last := people[0].Ref, people[len(people)-1].Ref
	rows, err := tx.Positions(ctx, r.campaign.Key, first-1, len(people))
	if err != nil {
		return err
	}
	renewed := &renewal{rules: r, known: map[renewalKey]bool{}}
	var moves []Move
	for _, before := range rows {
		if before.Ref > last {
			break
		}
		i, _ := slices.BinarySearchFunc(people, before.Ref, func(p Person, ref int64) int { return int(p.Ref - ref) })
		again, err := renewed.asksAgain(ctx, tx, before)
		if err != nil {
			return err
		}
		m, err := t.adoption(r, before, people[i].Type, again, run, now)
		if err != nil {
			return err
		}
		if m.Transition != nil || m.After.Enrollment != before.Enrollment || !m.After.NextAt.Equal(before.NextAt) || m.After.Unreached != before.Unreached {
			moves = append(moves, m)
		}
	}
	return t.save(ctx, tx, r, moves, now)
}

// adoption is the move of one person in a walk: under the active plan, once it
// is confirmed; back, where a reversal or a shorter ladder says so.
func (t *Tracker) adoption(r rules, before Enrolled, kind terms.AccountType, again bool, run *Run, now time.Time) (Move, error) {
	p, err := r.planOf(before)
	if err != nil {
		return Move{}, err
	}
	if before.Plan != r.active.Number && r.confirmed() {
		next := r.current()
		m := Move{Before: before, After: before, Kind: ChangeNext}
		m.After.Enrollment = before.Adopt(p, next, t.Catalogue, r.holds, next.Audience.Includes(kind), again, now)
		m.After = t.schedule(next, m.After, r.holds, now)
		if m.After.Stage != before.Stage || m.After.Status != before.Status {
			m.Kind = ChangeRestored
			if m.After.Status != before.Status && m.After.Status == terms.Pending {
				m.Kind = ChangeRecalled
			}
		}
		return m.transit(CausePlan, run.ID, now), nil
	}
	due := terms.Step(p, before.Enrollment, r.holds, now)
	switch {
	case due.Action == terms.Restore:
		run.Examined++
		return t.decide(r, p, before, due, now, run), nil
	case due.Action != terms.Wait: // what is due is done by this very run, not put off by a tick
		m := Move{Before: before, After: before, Kind: ChangeNext}
		if m.After.Unreached = false; before.NextAt.IsZero() || before.NextAt.After(now) {
			m.After.NextAt = now.Truncate(t.Pace.Tick)
		}
		return m, nil
	}
	return Move{Before: before, After: t.schedule(p, before, r.holds, now), Kind: ChangeNext}, nil
}

// renewal knows who has to be asked again because a plan names other versions
// of the documents than the one before, with a material change.
type renewal struct {
	rules
	known map[renewalKey]bool
}

type renewalKey struct {
	plan    int
	country string
}

func (n *renewal) asksAgain(ctx context.Context, r Reader, e Enrolled) (bool, error) {
	old, written := n.written[e.Plan]
	if e.Status != terms.Accepted || e.Plan == n.active.Number || !written {
		return false, nil
	}
	key := renewalKey{e.Plan, e.Country}
	again, known := n.known[key]
	if known {
		return again, nil
	}
	again, err := material(ctx, r, old.In(e.Country).Documents, n.active.In(e.Country).Documents)
	n.known[key] = again
	return again, err
}

// material reports whether some documents ask for more than others did: a
// version among them that is not among those, and is a material change.
func material(ctx context.Context, r Reader, those, these []terms.DocumentRef) (bool, error) {
	for _, ref := range these {
		if slices.Contains(those, ref) {
			continue
		}
		v, err := r.Version(ctx, ref)
		if err != nil || v.Material {
			return v.Material, err
		}
	}
	return false, nil
}

// transit gives a move its transition, where it changes the stage.
func (m Move) transit(cause Cause, run string, now time.Time) Move {
	if m.Before.Stage == m.After.Stage && m.Before.Plan == m.After.Plan || m.Before.Stage == 0 && m.After.Stage == 0 {
		return m
	}
	m.Transition = &Transition{
		Person: m.Before.Person, Ref: m.Before.Ref, Campaign: m.Before.Campaign, Plan: m.After.Plan, Country: m.After.Country,
		From: m.Before.Stage, To: m.After.Stage, Cause: cause, At: now, Run: run,
	}
	if m.Before.Stage != m.After.Stage {
		m.Tallies = append(m.Tallies, LeftStage(m.Before.Stage), EnteredStage(m.After.Stage))
	}
	return m
}

// save writes moves, and those of the accounts that are bound to the people
// moved.
func (t *Tracker) save(ctx context.Context, tx Tx, r rules, moves []Move, now time.Time) error {
	if len(moves) == 0 {
		return nil
	}
	revisions, err := tx.Save(ctx, moves, now)
	if err != nil {
		return err
	}
	var moved []Enrolled
	for i, m := range moves {
		if revisions[i] != 0 {
			moved = append(moved, m.After)
		}
	}
	return t.follow(ctx, tx, r, moved, now)
}
