package tracker

import (
	"cmp"
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
	Moves        []PreviewMove       // what the run would do
	Stopped      []PreviewMove       // what it would do and must not, by the breaker or a pause
	Waits        []PreviewWait       // people who would be looked at and left, by the reason
	Capabilities []PreviewCapability // those that somebody would lose or get back, in the order of the catalogue
	Sample       []PreviewPerson     // the first few that would be moved
	Restricted   int                 // people who would be newly restricted, stopped or not
	Breaker      BreakerState        // what it lets through
	Trips        bool                // the run would trip it
	Paused       bool                // stepping is paused
	Walking      bool                // a new plan, reversal or released hold has not reached everybody yet: dates may still change
	Failing      int                 // due people that could not be handled
}

// PreviewMove counts the people of one region with one thing due.
type PreviewMove struct {
	Action   terms.DueAction // tell, warn, enter, restore or recall
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

// PreviewPerson is one of those for whom something is due. Lose and Regain are
// keys of capabilities; they are shared and must not be written to.
type PreviewPerson struct {
	Person   string
	Action   terms.DueAction
	From, To string
	Region   string
	Lose     []string
	Regain   []string
}

// PreviewOptions say who is to hear what while a preview is worked out. Both
// may be nil, and an error of Each ends it.
type PreviewOptions struct {
	Progress func(looked int)
	// Each is told of everybody for whom something is due, as they are found:
	// also of those whom the breaker or a pause would stop, which is known only
	// when all were looked at.
	Each func(PreviewPerson) error
}

// sampleSize is how many people a preview names.
const sampleSize = 20

// previewPage bounds the memory and the read transactions of a preview.
const previewPage = 5000

// Preview works out what a sweep would do at an instant, now for the zero time,
// by the very rules the sweep goes by. Its memory does not grow with the number
// of people. NotFound for an unknown campaign; Invalid for an instant that lies
// in the past.
func (t *Tracker) Preview(ctx context.Context, campaign string, at time.Time, o PreviewOptions) (Preview, error) {
	now := t.instant()
	if at.IsZero() {
		at = now
	}
	if at.Before(now) {
		return Preview{}, terms.Faults{{Path: "at", Detail: fmt.Sprintf("lies in the past; it is %s", now.Format(time.RFC3339))}}
	}
	p := &previewing{
		Preview: Preview{Campaign: campaign, At: at.UTC()}, catalogue: t.Catalogue,
		each: o.Each, moves: map[previewKey]*previewCell{}, waits: map[string]int{},
	}
	if err := t.Store.View(ctx, func(r Reader) error { return p.limits(ctx, t, r) }); err != nil {
		return Preview{}, err
	}
	err := t.eachDue(ctx, campaign, p.At, func(r rules, due []Enrolled) error {
		for _, e := range due {
			p.Examined++
			plan, err := r.planOf(e)
			if err != nil {
				p.Failing++ // as the run would count it
				continue
			}
			if err := p.look(r, plan, e); err != nil {
				return err
			}
		}
		if o.Progress != nil {
			o.Progress(p.Examined)
		}
		return nil
	})
	return p.finish(), err
}

// previewing is a preview that is being added up.
type previewing struct {
	Preview
	catalogue terms.Catalogue
	each      func(PreviewPerson) error
	moves     map[previewKey]*previewCell
	waits     map[string]int
}

// previewKey is what decides what a move does to a person.
type previewKey struct {
	PreviewMove // People is 0
	plan        int
	status      terms.Status
	country     string
	shown       string // of Restore and Recall: key of the stage they are under before it, which may be a lower one than the recorded
	newly       bool   // from everything to less
	takes       bool
}

// previewCell counts those with the same move, and knows what it does to each.
type previewCell struct {
	people       int
	lose, regain []string // in the order of the catalogue
}

// limits reads what would stop the run.
func (p *previewing) limits(ctx context.Context, t *Tracker, r Reader) error {
	c, err := r.Campaign(ctx, p.Campaign)
	if err != nil {
		return err
	}
	f, err := t.fuseOf(ctx, r, p.Campaign, p.At)
	if err != nil {
		return err
	}
	p.Breaker = BreakerState{f.state, f.limit, f.recent}
	p.Trips = f.blown
	pause, err := r.Pause(ctx)
	if err != nil {
		return err
	}
	p.Paused = !pause.At.IsZero()
	p.Walking, err = walking(ctx, r, c)
	return err
}

// look adds one person up.
func (p *previewing) look(r rules, plan terms.Plan, e Enrolled) error {
	step := terms.Step(plan, e.Enrollment, r.holds, p.At)
	if step.Action == terms.Wait {
		p.waits[step.Why]++
		return nil
	}
	after := e.Apply(plan, step, p.At)
	key := previewKey{plan: e.Plan, status: e.Status, country: e.Country, PreviewMove: PreviewMove{
		Action: step.Action, From: plan.Stages[e.Stage].Key, To: plan.Stages[after.Stage].Key, Region: plan.In(e.Country).Region,
	}}
	if step.Action == terms.Enter {
		key.newly, key.takes = restricts(plan, e.Stage, after.Stage), plan.Stages[after.Stage].Takes()
	}
	if step.Action == terms.Restore || step.Action == terms.Recall {
		key.shown = plan.Position(e.Enrollment, r.holds, p.At).Stage
	}
	cell := p.moves[key]
	if cell == nil {
		cell = p.compare(plan, e.Enrollment, after, r.holds)
		p.moves[key] = cell
	}
	cell.people++
	found := PreviewPerson{e.Person, step.Action, key.From, key.To, key.Region, cell.lose, cell.regain}
	if after.Stage != e.Stage && len(p.Sample) < sampleSize {
		p.Sample = append(p.Sample, found)
	}
	if p.each == nil {
		return nil
	}
	return p.each(found)
}

// compare says which capabilities one person would lose or get back.
func (p *previewing) compare(plan terms.Plan, before, after terms.Enrollment, holds []terms.Hold) *previewCell {
	cell := &previewCell{}
	old := plan.Standing(p.catalogue, before, holds, p.At).Capabilities
	for i, state := range plan.Standing(p.catalogue, after, holds, p.At).Capabilities {
		switch {
		case state.Value == old[i].Value:
		case p.catalogue[i].Stricter(state.Value, old[i].Value):
			cell.lose = append(cell.lose, state.Capability)
		default:
			cell.regain = append(cell.regain, state.Capability)
		}
	}
	return cell
}

// finish puts the counts in a stable order, apart from what would be stopped.
func (p *previewing) finish() Preview {
	for key, cell := range p.moves {
		if key.newly {
			p.Restricted += cell.people
		}
	}
	p.Trips = p.Trips || int64(p.Restricted) > max(p.Breaker.Allowed-p.Breaker.Now, 0)
	lose, regain := map[string]int{}, map[string]int{}
	done, stopped := map[PreviewMove]int{}, map[PreviewMove]int{}
	for key, cell := range p.moves {
		if p.Paused && key.Action != terms.Restore || p.Trips && key.takes {
			stopped[key.PreviewMove] += cell.people
			continue
		}
		done[key.PreviewMove] += cell.people
		for _, capability := range cell.lose {
			lose[capability] += cell.people
		}
		for _, capability := range cell.regain {
			regain[capability] += cell.people
		}
	}
	p.Moves, p.Stopped = listed(done), listed(stopped)
	for why, people := range p.waits {
		p.Waits = append(p.Waits, PreviewWait{why, people})
	}
	slices.SortFunc(p.Waits, func(a, b PreviewWait) int { return strings.Compare(a.Why, b.Why) })
	for _, c := range p.catalogue {
		if lose[c.Key]+regain[c.Key] > 0 {
			p.Capabilities = append(p.Capabilities, PreviewCapability{c.Key, lose[c.Key], regain[c.Key]})
		}
	}
	return p.Preview
}

// listed orders counted moves.
func listed(counted map[PreviewMove]int) []PreviewMove {
	var out []PreviewMove
	for move, people := range counted {
		move.People = people
		out = append(out, move)
	}
	slices.SortFunc(out, func(a, b PreviewMove) int {
		return cmp.Or(strings.Compare(string(a.Action), string(b.Action)), strings.Compare(a.From, b.From), strings.Compare(a.Region, b.Region))
	})
	return out
}
