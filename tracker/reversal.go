package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assent/terms"
)

// ToOff is what Reverse takes instead of a stage: nobody is restricted or
// reminded any more.
const ToOff = "off"

// Reversed is a reversal with the counts it was made on and those it leads to.
type Reversed struct {
	Reversal
	After   []Count // where people are once all of them have been taken back
	Current []Count // where they are recorded to be now
}

// Reverse takes a campaign, or a region of it, back to a stage, or off. Every
// answer reflects it when this returns; the transitions follow with the next
// sweeps, each person once, and people are told. Nothing goes further than the
// stage from then on. It can be undone for a while.
//
// NotFound for a campaign that is not running; Invalid with faults; an *Awaits
// when it needs a second person.
func (t *Tracker) Reverse(ctx context.Context, r terms.Reversal, actor string) (Reversed, error) {
	id, err := t.newID("rev")
	if err != nil {
		return Reversed{}, err
	}
	if r.Reminders == "" {
		r.Reminders = terms.KeepReminders
	}
	a := &reversing{
		ID: id, Campaign: r.Campaign, Region: r.Region, To: r.Stage, Reminders: r.Reminders, Reason: r.Reason, Reference: r.Reference,
	}
	if err := t.perform(ctx, a, actor); err != nil {
		return Reversed{}, err
	}
	return t.Reversal(ctx, r.Campaign, id)
}

// Reversal returns one with its counts.
func (t *Tracker) Reversal(ctx context.Context, campaign, id string) (Reversed, error) {
	all, err := t.ReversalList(ctx, campaign)
	if err != nil {
		return Reversed{}, err
	}
	i := slices.IndexFunc(all, func(r Reversed) bool { return r.ID == id })
	if i < 0 {
		return Reversed{}, terms.Errorf(terms.NotFound, "reversal %q of campaign %q does not exist", id, campaign)
	}
	return all[i], nil
}

// ReversalList lists a campaign's reversals, oldest first.
func (t *Tracker) ReversalList(ctx context.Context, campaign string) ([]Reversed, error) {
	var out []Reversed
	err := t.Store.View(ctx, func(r Reader) error {
		rules, err := t.rulesOf(ctx, r, campaign)
		if err != nil {
			return err
		}
		counts, err := r.Counts(ctx, campaign)
		for _, one := range rules.reversed {
			out = append(out, Reversed{Reversal: one, After: takenBack(rules.active.Plan, one.Reversal, one.Before), Current: counts})
		}
		return err
	})
	return out, err
}

// takenBack is what a reversal makes of counts.
func takenBack(p terms.Plan, r terms.Reversal, before []Count) []Count {
	r.Undone = time.Time{} // what it did, undone since or not
	p.Reversals = []terms.Reversal{r}
	type cell struct {
		country string
		status  terms.Status
		stage   int
	}
	sums := map[cell]int64{}
	var order []cell
	for _, c := range before {
		key := cell{c.Country, c.Status, min(c.Stage, p.In(c.Country).Last)}
		if _, seen := sums[key]; !seen {
			order = append(order, key)
		}
		sums[key] += c.People
	}
	out := make([]Count, len(order))
	for i, key := range order {
		out[i] = Count{key.country, key.status, key.stage, sums[key]}
	}
	return out
}

type reversing struct {
	ID        string          `json:"id"`
	Campaign  string          `json:"campaign"`
	Region    string          `json:"region,omitempty"`
	To        string          `json:"to"`
	Reminders terms.Reminding `json:"reminders"`
	Reason    string          `json:"reason"`
	Reference string          `json:"reference,omitempty"`
}

func (a *reversing) name() string     { return ActReverse }
func (a *reversing) campaign() string { return a.Campaign }
func (a *reversing) object() string   { return a.Campaign + "/" + a.ID }
func (a *reversing) why() string      { return a.Reason }

func (a *reversing) do(ctx context.Context, t *Tracker, tx Tx, actor string, now time.Time) error {
	rules, err := t.rulesOf(ctx, tx, a.Campaign)
	if err != nil {
		return err
	}
	if err := a.check(rules); err != nil {
		return err
	}
	before, err := tx.Counts(ctx, a.Campaign)
	if err != nil {
		return err
	}
	r := Reversal{By: actor, Before: before, Reversal: terms.Reversal{
		ID: a.ID, Campaign: a.Campaign, Region: a.Region, Stage: a.To, Reminders: a.Reminders, Reason: a.Reason, Reference: a.Reference,
		At: now, UndoUntil: now.Add(t.Leniency.UndoWindow),
	}}
	if a.To == ToOff {
		r.Stage, r.Reminders = rules.active.Stages[0].Key, terms.StopReminders
	}
	if err := tx.AddReversal(ctx, r); err != nil {
		return err
	}
	return tx.SetEnrolledTo(ctx, a.Campaign, 0)
}

func (a *reversing) check(r rules) error {
	var faults terms.Faults
	add := func(path, format string, args ...any) {
		faults = append(faults, terms.Fault{Path: path, Detail: fmt.Sprintf(format, args...)})
	}
	if a.Reason == "" {
		add("reason", "say why, for the record")
	}
	if a.To != ToOff && r.active.StageIndex(a.To) < 0 {
		add("to", "%q is neither a stage of plan %d nor %q", a.To, r.active.Number, ToOff)
	}
	if !r.regionKnown(a.Region) {
		add("region", "%q is neither a region of plan %d nor an ISO 3166-1 country", a.Region, r.active.Number)
	}
	if !slices.Contains([]terms.Reminding{terms.KeepReminders, terms.SoftenReminders, terms.StopReminders}, a.Reminders) {
		add("reminders", "%q is not one of keep, soften, stop", a.Reminders)
	}
	return faults.OrNil()
}

// Undo takes a reversal back within its window: the ladder goes on from where
// people are by now, with the dwell and notice of the stage they are at. It
// takes nothing from anybody at once. NotFound; Conflict when it is undone
// already, when its window is over, or while people are still being taken back;
// an *Awaits when it needs a second person.
func (t *Tracker) Undo(ctx context.Context, campaign, id, reason, actor string) (Reversed, error) {
	if err := t.perform(ctx, &undoing{campaign, id, reason}, actor); err != nil {
		return Reversed{}, err
	}
	return t.Reversal(ctx, campaign, id)
}

type undoing struct {
	Campaign string `json:"campaign"`
	Reversal string `json:"reversal"`
	Reason   string `json:"reason,omitempty"`
}

func (a *undoing) name() string     { return ActUndo }
func (a *undoing) campaign() string { return a.Campaign }
func (a *undoing) object() string   { return a.Campaign + "/" + a.Reversal }
func (a *undoing) why() string      { return a.Reason }

func (a *undoing) do(ctx context.Context, t *Tracker, tx Tx, actor string, now time.Time) error {
	rules, err := t.rulesOf(ctx, tx, a.Campaign)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rules.reversed, func(r Reversal) bool { return r.ID == a.Reversal })
	if i < 0 {
		return terms.Errorf(terms.NotFound, "reversal %q of campaign %q does not exist", a.Reversal, a.Campaign)
	}
	r := rules.reversed[i]
	if now.After(r.UndoUntil) {
		return terms.Errorf(terms.Conflict, "reversal %s could be undone until %s; activate a plan instead", r.ID, r.UndoUntil.Format(time.RFC3339))
	}
	behind, err := walking(ctx, tx, rules.campaign)
	if err != nil {
		return err
	}
	if behind {
		return terms.Errorf(terms.Conflict, "people are still being taken back; try again when the next sweep has finished")
	}
	if r.UndoBefore, err = tx.Counts(ctx, a.Campaign); err != nil {
		return err
	}
	r.Undone, r.UndoneBy, r.UndoReason = now, actor, a.Reason
	if err := tx.UndoReversal(ctx, r); err != nil {
		return err
	}
	return tx.SetEnrolledTo(ctx, a.Campaign, 0)
}
