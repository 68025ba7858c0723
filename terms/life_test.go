package terms_test

import (
	"fmt"
	"slices"
	"time"

	"assent/terms"

	"pgregory.net/rapid"
)

// life is one person and everything that can happen to them: what they do, what
// staff do, and the sweep.
type life struct {
	plans     []terms.Plan
	active    int
	reversals []terms.Reversal
	holds     []terms.Hold
	rules     map[int]terms.Plan
	e         terms.Enrollment
	now       time.Time
}

// turn is one event of a life: the facts and rules before it and after it.
type turn struct {
	what          string
	due           terms.Due // of a sweep
	before, after terms.Enrollment
	from, to      terms.Plan
	held, holds   []terms.Hold
	since, now    time.Time // of the event before, and of this one
}

func newLife(t *rapid.T) *life {
	l := &life{plans: []terms.Plan{drawPlan(t)}, active: 1}
	created := announce.Add(days(t, "created", -400, 120))
	if l.now = announce.Add(-2 * day); created.After(l.now) {
		l.now = created
	}
	l.changed()
	l.e = terms.Enroll(l.rules[1], "ana", drawCountry(t), terms.Personal, created, l.now)
	l.e.Attributes = drawAttributes(t)
	return l
}

func (l *life) plan() terms.Plan { return l.rules[l.e.Plan] }

func (l *life) changed() { l.rules = terms.InForce(l.plans, l.active, l.reversals, catalogue()) }

// drawLife leads a person through random events, calling seen after each.
func drawLife(t *rapid.T, seen func(turn)) *life {
	l := newLife(t)
	for range rapid.IntRange(1, 30).Draw(t, "events") {
		one := turn{before: l.e, from: l.plan(), held: l.holds, since: l.now}
		l.now = l.now.Add(hours(t, "gap", 1, 24*20))
		l.holds = slices.Clone(l.holds)
		if one.what = "sweep"; rapid.Bool().Draw(t, "happens") {
			one.what = l.happen(t)
		} else {
			one.due = terms.Step(l.plan(), l.e, l.holds, l.now)
			l.e = l.e.Apply(l.plan(), one.due, l.now)
		}
		one.after, one.to, one.holds, one.now = l.e, l.plan(), l.holds, l.now
		if seen != nil {
			seen(one)
		}
	}
	return l
}

// happen is one event other than a sweep; it returns what.
func (l *life) happen(t *rapid.T) string {
	switch event := rapid.IntRange(0, 16).Draw(t, "event"); event {
	case 0, 1, 2, 3, 4:
		l.e = l.e.Notice(l.now)
		return "notice"
	case 5, 6, 7:
		return l.answer(t)
	case 8:
		l.place(t)
		return "hold"
	case 9:
		if i := slices.IndexFunc(l.holds, func(h terms.Hold) bool { return h.Ends.IsZero() || h.Ends.After(l.now) }); i >= 0 {
			l.holds[i].Ends = l.now
		}
		return "release"
	case 10, 11:
		l.reverse(t, event == 10)
		return "reversal"
	case 12, 13:
		l.replace(t, event == 12)
		return "plan"
	case 14:
		l.e = l.e.Move(l.plan(), drawCountry(t), drawAttributes(t), catalogue(), l.holds, l.now)
		return "move"
	case 15:
		if longer, err := l.e.Extend(l.plan(), l.now.Add(days(t, "extension", 1, 90)), rapid.Bool().Draw(t, "lift"), l.now); err == nil {
			l.e = longer
		}
		return "extension"
	default:
		l.e = l.e.Exempt(oneOf(t, "exempt until", time.Time{}, l.now.Add(30*day)), l.now)
		return "exemption"
	}
}

func (l *life) answer(t *rapid.T) string {
	switch rapid.IntRange(0, 5).Draw(t, "answer") {
	case 0:
		l.e = l.e.Respond(l.plan(), terms.Accept, l.now)
	case 1:
		l.e = l.e.Respond(l.plan(), terms.Withdraw, l.now)
	case 2:
		if later, err := l.e.Snooze(l.plan(), l.now); err == nil {
			l.e = later
		}
	default:
		l.e = l.e.Respond(l.plan(), terms.Decline, l.now)
	}
	return "answer"
}

func (l *life) place(t *rapid.T) {
	l.holds = append(l.holds, drawHold(t, fmt.Sprintf("h%d", len(l.holds)), l.now))
}

func (l *life) reverse(t *rapid.T, made bool) {
	if n := len(l.reversals); made {
		active := l.rules[l.active]
		l.reversals = append(l.reversals, terms.Reversal{
			ID: fmt.Sprintf("r%d", n), Region: oneOf(t, "reversed", "", "BR", "eea-uk"), At: l.now,
			Stage: oneOf(t, "back to", active.Stages...).Key, Reminders: oneOf(t, "reminding", terms.KeepReminders, terms.SoftenReminders, terms.StopReminders),
		})
	} else if n > 0 {
		l.reversals = slices.Clone(l.reversals)
		l.reversals[rapid.IntRange(0, n-1).Draw(t, "undone")].Undone = l.now
	}
	l.changed()
}

// replace activates another plan, or confirms the active one.
func (l *life) replace(t *rapid.T, activate bool) {
	if activate && len(l.plans) < 3 {
		l.plans = append(l.plans, drawNext(t, len(l.plans)+1, l.plans...))
		l.active = len(l.plans)
		l.changed()
	} else if next := l.rules[l.active]; l.e.Plan != l.active {
		l.e = l.e.Adopt(l.plan(), next, catalogue(), l.holds, !sometimes(t, "out of the audience", 4), rapid.Bool().Draw(t, "again"), l.now)
	}
}

// standing evaluates the person.
func standing(p terms.Plan, e terms.Enrollment, holds []terms.Hold, now time.Time) terms.Standing {
	return p.Standing(catalogue(), e, holds, now)
}

// lost lists what a person can do by one standing and can no longer, or less, by
// another; grants aside, which are not the person's.
func lost(before, after terms.Standing) []string {
	var out []string
	for i, c := range catalogue() {
		if !c.Grant && c.Stricter(after.Capabilities[i].Value, before.Capabilities[i].Value) {
			out = append(out, c.Key)
		}
	}
	return out
}

// restricted lists the capabilities a standing keeps from a person, other than
// grants, which nobody has without accepting.
func restricted(s terms.Standing) []string {
	var out []string
	for i, c := range catalogue() {
		if !c.Grant && s.Capabilities[i].Value != c.On() {
			out = append(out, c.Key)
		}
	}
	return out
}

// dwell is the least time in a stage, in the words of the design.
func dwell(p terms.Plan, stage int) time.Duration {
	s := p.Stages[stage]
	if s.Dwell != nil {
		return *s.Dwell
	}
	if next := p.Stages[stage+1]; next.FromAnnounce == s.FromAnnounce {
		return next.After - s.After
	}
	return p.NoticePeriod
}
