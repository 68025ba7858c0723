package tracker_test

import (
	"hash/fnv"
	"math/bits"
	"time"

	"assent/terms"
)

// model is what the words of the design say of a few people in one campaign,
// without the rules of package terms: facts in a map, and one look at each
// person a sweep.
type model struct {
	people map[string]*soul
	order  []string

	announce, deadline time.Time
	notice             time.Duration
	stages             []rung
	last               map[string]int // by country, where the ladder is shorter
	holds              []*brake
	reversals          []*turn
	walking            bool // people have to be visited by a sweep
}

// rung is one stage.
type rung struct {
	after, dwell, spread, warning time.Duration
	takes                         bool
}

// brake is a hold. ends is zero while it is open.
type brake struct {
	id, country, person string
	clock               terms.HoldClock
	lift                bool
	starts, ends        time.Time
}

// turn is a reversal.
type turn struct {
	id, country   string
	to            int
	until, undone time.Time
}

// soul is a person.
type soul struct {
	id, country      string
	created, joined  time.Time
	status           terms.Status
	stage            int
	entered          time.Time
	told             bool
	noticed, warned  time.Time
	first, notBefore time.Time
	extensions       int
	snoozes          int
	excused          bool
	exemptUntil      time.Time
	moves            []hop
}

// hop is one change of stage.
type hop struct{ from, to int }

func (m *model) join(id, country string, created, now time.Time) {
	m.people[id] = &soul{id: id, country: country, created: created, joined: now, entered: now, status: terms.Pending}
	m.order = append(m.order, id)
}

func (h *brake) covers(s *soul) bool {
	return (h.country == "" || h.country == s.country) && (h.person == "" || h.person == s.id)
}

func (h *brake) active(now time.Time) bool {
	return !now.Before(h.starts) && (h.ends.IsZero() || now.Before(h.ends))
}

func (h *brake) over(s *soul, now time.Time) bool {
	return h.covers(s) && !h.ends.IsZero() && !h.ends.After(now) && h.ends.After(s.joined) && h.ends.After(h.starts)
}

// end is the last stage for a person.
func (m *model) end(s *soul) int {
	out := len(m.stages) - 1
	if last, shorter := m.last[s.country]; shorter {
		out = last
	}
	for _, r := range m.reversals {
		if r.undone.IsZero() && (r.country == "" || r.country == s.country) {
			out = min(out, r.to)
		}
	}
	return out
}

// free is the highest stage up to one that takes nothing.
func (m *model) free(stage int) int {
	for i := range stage + 1 {
		if m.stages[i].takes {
			return i - 1
		}
	}
	return stage
}

// rightful is the stage a person may be at: the recorded one or a lower one.
func (m *model) rightful(s *soul, now time.Time) int {
	if s.status == terms.Accepted || s.status == terms.Exempt {
		return 0
	}
	at := min(s.stage, m.end(s))
	for _, r := range m.reversals {
		if s.entered.Before(r.undone) && (r.country == "" || r.country == s.country) {
			at = min(at, r.to)
		}
	}
	for _, h := range m.holds {
		if h.lift && h.covers(s) && (h.active(now) || h.over(s, now) && s.entered.Before(h.ends)) {
			return m.free(at)
		}
	}
	for m.stages[at].takes && s.entered.Before(m.deadline.Add(m.stages[at].after)) {
		at--
	}
	return at
}

func (m *model) held(s *soul, now time.Time) bool {
	for _, h := range m.holds {
		if h.covers(s) && h.active(now) {
			return true
		}
	}
	return false
}

// stopped is how long a stopping hold has covered a person, by half hours.
func (m *model) stopped(s *soul, from, now time.Time) time.Duration {
	total := time.Duration(0)
	for at := from; at.Before(now); at = at.Add(half) {
		for _, h := range m.holds {
			if h.clock == terms.ClockStop && h.covers(s) && h.active(at) {
				total += half
				break
			}
		}
	}
	return total
}

const half = 30 * time.Minute

// due is when the next stage comes.
func (m *model) due(s *soul, now time.Time) time.Time {
	next := m.stages[s.stage+1]
	begin := maxTime(m.deadline, s.created.Add(m.notice), s.notBefore)
	if !s.first.IsZero() {
		begin = maxTime(begin, s.first.Add(m.notice))
	}
	for _, h := range m.holds {
		if h.clock == terms.ClockRestart && h.over(s, now) {
			begin = maxTime(begin, h.ends.Add(m.notice))
		}
	}
	due := begin.Add(m.stopped(s, s.joined, now) + next.after + share(next.spread, s.id))
	return maxTime(due, s.entered.Add(m.stages[s.stage].dwell+m.stopped(s, s.entered, now)))
}

func maxTime(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if t.After(out) {
			out = t
		}
	}
	return out
}

// share is a person's own part of a spread, in whole hours. It must never
// change, or everybody's dates would.
func share(window time.Duration, person string) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(person + "\x00" + campaign))
	sum := h.Sum64()
	hours, _ := bits.Mul64((sum^sum>>32)*0x9e3779b97f4a7c15, uint64(window/time.Hour)+1)
	return time.Duration(hours) * time.Hour
}

// sweep looks once at everybody.
func (m *model) sweep(now time.Time) {
	for _, id := range m.order {
		m.look(m.people[id], now)
	}
	m.walking = false
}

// look does at most one thing for a person.
func (m *model) look(s *soul, now time.Time) {
	if at := m.rightful(s, now); at < s.stage {
		m.put(s, at, now)
		s.told = true
		return
	}
	if s.status == terms.Exempt && !s.exemptUntil.IsZero() && !now.Before(s.exemptUntil) {
		m.recall(s, now)
		return
	}
	if s.status == terms.Accepted || s.status == terms.Exempt || m.held(s, now) || now.Before(m.announce) {
		return
	}
	if !s.told {
		s.told = true
		return
	}
	if s.stage >= m.end(s) {
		return
	}
	due, warning := m.due(s, now), m.stages[s.stage].warning
	if m.stages[s.stage+1].takes {
		if warning > 0 && s.warned.IsZero() {
			if !now.Before(due.Add(-warning)) {
				s.warned = now
			}
			return
		}
		if s.noticed.IsZero() {
			return
		}
		due = maxTime(due, s.warned.Add(warning), s.noticed.Add(warning))
	}
	if !now.Before(due) {
		m.put(s, s.stage+1, now)
		s.told = true
	}
}

// put moves a person to a stage.
func (m *model) put(s *soul, stage int, now time.Time) {
	if stage != s.stage {
		s.moves = append(s.moves, hop{s.stage, stage})
	}
	s.stage, s.entered = stage, now
	s.noticed, s.warned = time.Time{}, time.Time{}
}

func (s *soul) see(now time.Time) {
	if s.first.IsZero() {
		s.first = now
	}
	if s.noticed.IsZero() {
		s.noticed = now
	}
}

// respond records a choice; false where it is refused.
func (m *model) respond(s *soul, a terms.Action, now time.Time) bool {
	if a == terms.Withdraw && s.status != terms.Accepted {
		return false
	}
	if string(s.status) == string(a) {
		return true
	}
	if a == terms.Accept {
		s.see(now)
		m.put(s, 0, now)
		s.status = terms.Accepted
		return true
	}
	if s.status == terms.Accepted {
		excused, until := s.excused && (s.exemptUntil.IsZero() || s.exemptUntil.After(now)), s.exemptUntil
		m.anew(s, now)
		if excused {
			s.status, s.excused, s.exemptUntil = terms.Exempt, true, until
		}
	}
	s.see(now)
	if a == terms.Decline && s.status != terms.Exempt {
		s.status = terms.Declined
	}
	return true
}

// anew asks a person from the beginning, with the full notice period.
func (m *model) anew(s *soul, now time.Time) {
	m.put(s, 0, now)
	s.status, s.excused, s.exemptUntil = terms.Pending, false, time.Time{}
	s.notBefore = now.Add(m.notice)
}

// recall is anew for someone who was not asked before.
func (m *model) recall(s *soul, now time.Time) {
	m.anew(s, now)
	s.first, s.told, s.snoozes = time.Time{}, false, 0
}

func (m *model) snooze(s *soul, budget int, now time.Time) bool {
	if s.status == terms.Accepted || s.status == terms.Exempt || s.snoozes >= budget {
		return false
	}
	s.see(now)
	s.snoozes++
	return true
}

func (m *model) extend(s *soul, until time.Time, lift bool, now time.Time) bool {
	if s.status == terms.Accepted || s.status == terms.Exempt || s.extensions >= 2 {
		return false
	}
	s.extensions++
	s.notBefore = maxTime(s.notBefore, until)
	if free := m.free(s.stage); lift && free < s.stage {
		m.put(s, free, now)
		s.told = true
	}
	return true
}

func (m *model) exempt(s *soul, until, now time.Time) bool {
	if s.status == terms.Accepted {
		return false
	}
	m.put(s, 0, now)
	s.status, s.excused, s.exemptUntil = terms.Exempt, true, until
	return true
}

func (m *model) endExemption(s *soul, now time.Time) bool {
	if !s.excused {
		return false
	}
	if s.status == terms.Accepted {
		s.excused, s.exemptUntil = false, time.Time{}
		return true
	}
	m.recall(s, now)
	return true
}

// undo takes a reversal back.
func (m *model) undo(r *turn, now time.Time) bool {
	if !r.undone.IsZero() || now.After(r.until) || m.walking {
		return false
	}
	r.undone, m.walking = now, true
	return true
}

// postpone puts everybody under a new plan with a later deadline.
func (m *model) postpone(deadline, now time.Time) {
	m.deadline, m.walking = deadline, false
	for _, s := range m.people {
		if at := m.rightful(s, now); at < s.stage {
			m.put(s, at, now)
			s.told = true
		}
	}
}
