package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/terms"
	"assent/tracker"
)

// page is how many rows are read at a time.
const page = 1000

// crowd is what the generated people know of their own position: the store's
// enrollments, kept up to date by the log of changes.
type crowd struct {
	revision uint64
	members  map[string]*member
	order    []*member // as they were first seen, so that a story repeats
	asks     map[string]asking

	day    int // of today
	today  [slots][]*member
	loaded bool
}

// member is one generated person.
type member struct {
	id     string
	temper temper
	in     []tracker.Enrolled // one for each campaign
}

// asking is what a running campaign asks, and when.
type asking struct {
	plans     map[int]terms.Plan
	holds     []terms.Hold
	documents []tracker.Version // of the active plan, with texts
}

// follow brings the crowd up to the newest revision.
func (c *crowd) follow(ctx context.Context, r tracker.Reader) error {
	if !c.loaded {
		return c.load(ctx, r)
	}
	for {
		changes, err := r.Changes(ctx, c.revision, page)
		if err != nil {
			return fmt.Errorf("read changes after %d: %w", c.revision, err)
		}
		rules := false
		for _, change := range changes {
			c.revision = change.Revision
			rules = rules || change.Kind == tracker.ChangePlan || change.Kind == tracker.ChangeHold
			c.apply(change)
		}
		if rules {
			if err := c.rules(ctx, r); err != nil {
				return err
			}
		}
		if len(changes) < page {
			return nil
		}
	}
}

func (c *crowd) apply(change tracker.Change) {
	e := change.Enrolled
	switch m := c.members[e.Person]; {
	case e.Person == "" || !generated(e.Person):
	case change.Kind != tracker.ChangeRemoved:
		c.put(e)
	case m != nil && m.index(e.Campaign) >= 0:
		i := m.index(e.Campaign)
		m.in = slices.Delete(m.in, i, i+1)
	}
}

func (c *crowd) load(ctx context.Context, r tracker.Reader) error {
	var err error
	if c.revision, err = r.Revision(ctx); err != nil {
		return fmt.Errorf("read the newest revision: %w", err)
	}
	c.members, c.order = map[string]*member{}, nil
	if err := c.rules(ctx, r); err != nil {
		return err
	}
	for campaign := range c.asks {
		for after := int64(0); ; {
			rows, err := r.Positions(ctx, campaign, after, page)
			if err != nil {
				return fmt.Errorf("read positions in %s: %w", campaign, err)
			}
			for _, e := range rows {
				after = e.Ref
				if generated(e.Person) {
					c.put(e)
				}
			}
			if len(rows) < page {
				break
			}
		}
	}
	c.loaded = true
	return nil
}

// rules reads what the running campaigns ask.
func (c *crowd) rules(ctx context.Context, r tracker.Reader) error {
	campaigns, err := r.Campaigns(ctx)
	if err != nil {
		return fmt.Errorf("read campaigns: %w", err)
	}
	c.asks = map[string]asking{}
	for _, one := range campaigns {
		if one.Plan == 0 {
			continue
		}
		if c.asks[one.Key], err = askingOf(ctx, r, one); err != nil {
			return fmt.Errorf("read what campaign %s asks: %w", one.Key, err)
		}
	}
	return nil
}

func askingOf(ctx context.Context, r tracker.Reader, c tracker.Campaign) (asking, error) {
	a := asking{plans: map[int]terms.Plan{}}
	records, err := r.Plans(ctx, c.Key)
	if err != nil {
		return a, err
	}
	holds, err := r.Holds(ctx, c.Key)
	if err != nil {
		return a, err
	}
	for _, h := range holds {
		a.holds = append(a.holds, h.Hold)
	}
	for _, record := range records {
		a.plans[record.Number] = record.Plan
	}
	for _, ref := range a.plans[c.Plan].Documents {
		v, err := r.Version(ctx, ref)
		if err != nil {
			return a, err
		}
		a.documents = append(a.documents, v)
	}
	return a, nil
}

func (c *crowd) put(e tracker.Enrolled) {
	m := c.members[e.Person]
	if m == nil {
		m = &member{id: e.Person, temper: temperOf(e.Person, e.Country)}
		c.members[e.Person] = m
		c.order = append(c.order, m)
		c.day = -1
	}
	if i := m.index(e.Campaign); i >= 0 {
		m.in[i] = e
	} else {
		m.in = append(m.in, e)
	}
}

// index is where a campaign stands in m.in, or -1.
func (m *member) index(campaign string) int {
	return slices.IndexFunc(m.in, func(e tracker.Enrolled) bool { return e.Campaign == campaign })
}

// generated reports whether a person is one of ours; nobody else is made to
// act.
func generated(person string) bool {
	return person == Ana || person == Ben || strings.HasPrefix(person, "harbor-")
}

// act is one thing a person does about a campaign.
type act struct {
	deed   deed
	person string
	ask    asking
	in     tracker.Enrolled
	day    int
}

// acts lists what people do at a point of the grid.
func (c *crowd) acts(now time.Time) []act {
	day := int(now.Unix() / (24 * 3600))
	if c.day != day {
		c.plan(day)
	}
	var out []act
	for _, m := range c.today[now.Hour()*slots/24] {
		for _, e := range m.in {
			ask, running := c.asks[e.Campaign]
			if !running {
				continue
			}
			s, shown := sightOf(ask, e, now)
			if !shown {
				continue
			}
			if d := m.temper.does(day, s); d != nothing {
				out = append(out, act{d, m.id, ask, e, day})
			}
		}
	}
	return out
}

// plan works out who opens the app when on a day.
func (c *crowd) plan(day int) {
	c.day, c.today = day, [slots][]*member{}
	for _, m := range c.order {
		if slot, ok := m.temper.opensOn(day); ok {
			c.today[slot] = append(c.today[slot], m)
		}
	}
}

// sightOf is what an app shows a person about a campaign: a reminder, or at
// least the notice of a stage that another one follows. It is false when the
// app shows nothing.
func sightOf(a asking, e tracker.Enrolled, now time.Time) (sight, bool) {
	if e.Status == terms.Accepted || e.Status == terms.Exempt || e.Told.IsZero() {
		return sight{}, false
	}
	p := a.plans[e.Plan]
	pos := p.Position(e.Enrollment, a.holds, now)
	s := sight{
		campaign: e.Campaign, reminder: pos.Reminder, first: e.Noticed.IsZero(), snoozes: pos.Snoozes,
		declined: e.Status == terms.Declined, restricted: p.Stages[e.Stage].Restricts(),
		untilDue: int(p.In(e.Country).Deadline.Sub(now) / (24 * time.Hour)),
	}
	noticed := s.first && pos.Next.Stage != ""
	reminded := s.reminder.Mode != terms.NoReminder
	return s, pos.HoldID == "" && !pos.Quiet.After(now) && (noticed || reminded)
}

// do puts an act into effect through the use-cases a client app would call.
func (a act) do(ctx context.Context, t *tracker.Tracker, now time.Time) error {
	switch a.deed {
	case looks:
		_, err := t.Notice(ctx, tracker.ReportedNotice{Person: a.person, Campaign: a.in.Campaign, Channel: tracker.InApp, Presented: true})
		return err
	case snoozes:
		_, err := t.Snooze(ctx, a.person, a.in.Campaign)
		return err
	default:
		_, _, err := t.Respond(ctx, a.choice(now))
		return err
	}
}

// refused reports whether the store will not have an act because the position
// has moved on: a visitor was faster.
func refused(err error) bool {
	return errors.Is(err, terms.Conflict) || errors.Is(err, terms.NotFound) || errors.Is(err, terms.TooMany)
}
