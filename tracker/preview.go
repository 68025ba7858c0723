package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// Preview is what a sweep at an instant would do if nothing else happened
// before it. Nothing is written to find out.
type Preview struct {
	Campaign     string
	At           time.Time
	Examined     int
	Moves        []PreviewMove
	Waits        []PreviewWait
	Capabilities []PreviewCapability // those that somebody would lose or get back, in the order of the catalogue
	Sample       []PreviewPerson     // the first few that would be moved
}

// PreviewMove counts the people of one region with one thing due.
type PreviewMove struct {
	Action   terms.DueAction // tell, warn, enter or restore
	From, To string          // keys of the stages; the same for tell and warn
	Region   string          // key of the plan's region, "" for the rest of the world
	People   int
}

// PreviewWait counts people who would be looked at and left, by the reason:
// one of terms' WaitsFor constants, or "" where it is only a matter of time.
type PreviewWait struct {
	Why    string
	People int
}

// PreviewCapability counts the people whose value of a capability would change.
type PreviewCapability struct {
	Capability string
	Lose       int
	Regain     int
}

// PreviewPerson is one of those who would be moved.
type PreviewPerson struct {
	Person   string
	Action   terms.DueAction
	From, To string
}

// sampleSize is how many people a preview names.
const sampleSize = 20

// previewPage bounds the memory and the read transactions of a preview.
const previewPage = 5000

// Preview works out what a sweep would do at an instant, now for the zero time,
// by the very rules the sweep goes by. Its memory does not grow with the number
// of people; progress, if given, is told how many were looked at. NotFound for
// an unknown campaign; Invalid for an instant that lies in the past.
func (t *Tracker) Preview(ctx context.Context, campaign string, at time.Time, progress func(int)) (Preview, error) {
	now := t.instant()
	if at.IsZero() {
		at = now
	}
	if at.Before(now) {
		return Preview{}, terms.Faults{{Path: "at", Detail: fmt.Sprintf("lies in the past; it is %s", now.Format(time.RFC3339))}}
	}
	p := &previewing{Preview: Preview{Campaign: campaign, At: at.UTC()}, catalogue: t.Catalogue}
	for after, more := (Cursor{}), true; more; {
		err := t.Store.View(ctx, func(r Reader) error {
			rules, err := rulesOf(ctx, r, campaign)
			if err != nil {
				return err
			}
			due, err := r.Due(ctx, campaign, p.At, after, previewPage)
			if err != nil {
				return err
			}
			if more = len(due) == previewPage; len(due) > 0 {
				after = Cursor{due[len(due)-1].NextAt, due[len(due)-1].Ref}
			}
			return p.look(rules, due)
		})
		if err != nil {
			return Preview{}, err
		}
		if progress != nil {
			progress(p.Examined)
		}
	}
	return p.finish(), nil
}

// previewing is a preview that is being added up.
type previewing struct {
	Preview
	catalogue terms.Catalogue
	moves     map[PreviewMove]int // People is 0 in the keys
	waits     map[string]int
	changes   map[string]*PreviewCapability
}

func (p *previewing) look(r rules, due []Enrolled) error {
	if p.moves == nil {
		p.moves, p.waits, p.changes = map[PreviewMove]int{}, map[string]int{}, map[string]*PreviewCapability{}
	}
	for _, e := range due {
		plan, err := r.planOf(e)
		if err != nil {
			return err
		}
		p.Examined++
		step := terms.Step(plan, e.Enrollment, r.holds, p.At)
		if step.Action == terms.Wait {
			p.waits[step.Why]++
			continue
		}
		after := e.Apply(plan, step, p.At)
		key := PreviewMove{Action: step.Action, From: plan.Stages[e.Stage].Key, To: plan.Stages[after.Stage].Key, Region: plan.In(e.Country).Region}
		p.moves[key]++
		if after.Stage == e.Stage {
			continue
		}
		p.compare(plan, e.Enrollment, after, r.holds)
		if len(p.Sample) < sampleSize {
			p.Sample = append(p.Sample, PreviewPerson{e.Person, step.Action, key.From, key.To})
		}
	}
	return nil
}

// compare counts the capabilities that one person would lose or get back.
func (p *previewing) compare(plan terms.Plan, before, after terms.Enrollment, holds []terms.Hold) {
	old := plan.Standing(p.catalogue, before, holds, p.At).Capabilities
	for i, state := range plan.Standing(p.catalogue, after, holds, p.At).Capabilities {
		if state.Value == old[i].Value {
			continue
		}
		c := p.changes[state.Capability]
		if c == nil {
			c = &PreviewCapability{Capability: state.Capability}
			p.changes[state.Capability] = c
		}
		if p.catalogue[i].Stricter(state.Value, old[i].Value) {
			c.Lose++
		} else {
			c.Regain++
		}
	}
}

// finish puts the counts in a stable order.
func (p *previewing) finish() Preview {
	for key, people := range p.moves {
		key.People = people
		p.Moves = append(p.Moves, key)
	}
	slices.SortFunc(p.Moves, func(a, b PreviewMove) int {
		return strings.Compare(string(a.Action)+"|"+a.From+"|"+a.Region, string(b.Action)+"|"+b.From+"|"+b.Region)
	})
	for why, people := range p.waits {
		p.Waits = append(p.Waits, PreviewWait{why, people})
	}
	slices.SortFunc(p.Waits, func(a, b PreviewWait) int { return strings.Compare(a.Why, b.Why) })
	for _, c := range p.catalogue {
		if change := p.changes[c.Key]; change != nil {
			p.Capabilities = append(p.Capabilities, *change)
		}
	}
	return p.Preview
}
