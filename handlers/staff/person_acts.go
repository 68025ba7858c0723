package staff

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// circumstances are what makes a person's case another than everybody's.
func circumstances(o tracker.Offer) []templates.StaffFact {
	var out []templates.StaffFact
	add := func(name, value, note string) {
		out = append(out, templates.StaffFact{Name: name, Value: value, Note: note})
	}
	pos, e := o.Position, o.Enrolled
	if e.Extensions > 0 {
		add("More time", "Given "+times(e.Extensions), "the personal clock starts no earlier than "+date(e.NotBefore))
	}
	if e.Excused {
		until := "until further notice"
		if !e.ExemptUntil.IsZero() {
			until = "until " + when(e.ExemptUntil)
		}
		add("Exempt", capital(until), "by an act of staff")
	}
	for _, h := range o.Holds {
		add("On hold", scopeName(h.Scope), fmt.Sprintf("since %s, by %s: %s", date(h.Starts), h.PlacedBy, h.Reason))
	}
	if pos.Reversal != "" {
		add("Taken back", "No further than "+stageName(o.Ladder, o.Local.Last), "a reversal is in force here")
	}
	if pos.Bound {
		add("Owner", owner(o.Person), "the account stands where its owner stands")
	}
	if pos.Shadow {
		add("Tried only", humane(pos.Stage)+" takes nothing away", "what it would do is recorded")
	}
	if b := brownOut(o.Ladder, e.Stage); b != nil {
		now := "off now: everything works"
		if pos.Window {
			now = "on now"
		}
		add("Hours of the day", windowWords(*b), now)
	}
	return out
}

func owner(p tracker.Person) string {
	if p.Owner == "" {
		return "None is known"
	}
	return p.Owner
}

// brownOut is the window of a stage, nil for none.
func brownOut(p terms.Plan, stage int) *terms.BrownOut {
	if stage >= len(p.Stages) {
		return nil
	}
	return p.Stages[stage].BrownOut
}

// windowWords are the hours of a brown-out.
func windowWords(b terms.BrownOut) string {
	return fmt.Sprintf("%s to %s UTC, every day", terms.FormatTimeOfDay(b.At), terms.FormatTimeOfDay((b.At+b.For)%(24*time.Hour)))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// offerActs adds to a position what can be done about it.
func offerActs(view *templates.PersonPosition, o tracker.Offer, now time.Time) {
	e := o.Enrolled
	id := strings.ReplaceAll(o.Plan.Campaign, ".", "-")
	form := templates.PersonForm{ID: id, Person: o.Person.ID, Campaign: o.Plan.Campaign, Least: now.AddDate(0, 0, 1).Format(time.DateOnly)}
	open := !e.Bound && (e.Status == terms.Pending || e.Status == terms.Declined)
	budget := o.Plan.Extensions
	if budget == (terms.Extensions{}) {
		budget = terms.DefaultExtensions()
	}
	if left := budget.Max - e.Extensions; open && left > 0 {
		extend := form
		extend.Most = now.Add(budget.Longest).Format(time.DateOnly)
		extend.Left = fmt.Sprintf("%d more times, each at most %s from the day it is given", left, days(budget.Longest))
		if left == 1 {
			extend.Left = fmt.Sprintf("Once more, at most %s from now", days(budget.Longest))
		}
		view.Extend = &extend
	}
	if open {
		view.Exempt = &form
	}
	if e.Excused && !e.Bound {
		view.RecallURL = "/staff/people/recall?" + url.Values{"person": {form.Person}, "campaign": {form.Campaign}}.Encode()
	}
}

func (s console) personActs() []act {
	return []act{
		{path: "/people/extend", check: s.checkExtend, do: s.extend},
		{path: "/people/exempt", check: s.checkExempt, do: s.exempt},
		{path: "/people/recall", check: s.checkRecall, do: s.recall},
		{path: "/people/erase", check: s.checkErase, do: s.erase},
	}
}

// checkPerson is what the pages before acts on one person share.
func (s console) checkPerson(c *gin.Context) (templates.StaffCheck, tracker.Offer, error) {
	o, err := s.Tracker.Offer(c.Request.Context(), text(c, "person"), text(c, "campaign"))
	if err != nil {
		return templates.StaffCheck{}, o, err
	}
	back := personURL(o.Person.ID)
	view := templates.StaffCheck{
		Part: "people", Back: back, Trail: []templates.Link{{URL: "/staff/people", Text: "People"}, {URL: back, Text: o.Person.ID}},
		Facts: []templates.StaffFact{
			{Name: "People it concerns", Value: "1 person", Note: o.Person.ID}, {Name: "Campaign", Value: o.Plan.Title.In("en")},
			{Name: "Stage now", Value: humane(o.Position.Stage), Note: "since " + date(o.Position.Since)},
		},
	}
	if next := o.Position.Next; next.Stage != "" && !next.At.IsZero() {
		view.Facts = append(view.Facts, templates.StaffFact{Name: "Next now", Value: humane(next.Stage), Note: when(next.At)})
	}
	return view, o, nil
}

func personURL(id string) string { return "/staff/people?id=" + url.QueryEscape(id) }

func (s console) checkExtend(c *gin.Context) (templates.StaffCheck, error) {
	view, _, err := s.checkPerson(c)
	if err != nil {
		return view, err
	}
	until, err := instant("until", text(c, "until"))
	if err != nil {
		return view, err
	}
	view.Heading, view.Button = "Give more time to "+text(c, "person"), "Give 1 person more time"
	view.Say = []string{"The personal clock starts no earlier than " + when(until) + ". The next stage comes after that."}
	if text(c, "lift") != "" {
		view.Say = append(view.Say, "What stages took away comes back at once, and they wait for that clock again.")
	}
	return view, nil
}

func (s console) extend(c *gin.Context, reason string) (string, error) {
	until, err := instant("until", text(c, "until"))
	if err != nil {
		return "", err
	}
	x := tracker.Extension{Person: text(c, "person"), Campaign: text(c, "campaign"), Until: until, Lift: text(c, "lift") != "", Reason: reason}
	_, err = s.Tracker.Extend(c.Request.Context(), x, member(c))
	return personURL(x.Person) + "&done=extended", err
}

func (s console) checkExempt(c *gin.Context) (templates.StaffCheck, error) {
	view, _, err := s.checkPerson(c)
	if err != nil {
		return view, err
	}
	until, err := instant("until", text(c, "until"))
	if err != nil {
		return view, err
	}
	view.Heading, view.Button = "Exempt "+text(c, "person"), "Exempt 1 person"
	view.Say = []string{"The person is not asked, and everything comes back at once."}
	if !until.IsZero() {
		view.Say = append(view.Say, "On "+when(until)+" the person is asked again, with the full notice period.")
	}
	return view, nil
}

func (s console) exempt(c *gin.Context, reason string) (string, error) {
	until, err := instant("until", text(c, "until"))
	if err != nil {
		return "", err
	}
	x := tracker.Exemption{Person: text(c, "person"), Campaign: text(c, "campaign"), Until: until, Reason: reason}
	_, err = s.Tracker.Exempt(c.Request.Context(), x, member(c))
	return personURL(x.Person) + "&done=exempted", err
}

func (s console) checkRecall(c *gin.Context) (templates.StaffCheck, error) {
	view, o, err := s.checkPerson(c)
	view.Heading, view.Button = "End the exemption of "+text(c, "person"), "Ask 1 person again"
	view.Say = []string{"The person is asked again from the beginning. Nothing is taken away before the notice period has run."}
	if err == nil {
		view.Facts = append(view.Facts, templates.StaffFact{Name: "Notice period", Value: days(o.Plan.NoticePeriod)})
	}
	return view, err
}

func (s console) recall(c *gin.Context, reason string) (string, error) {
	person := text(c, "person")
	_, err := s.Tracker.EndExemption(c.Request.Context(), person, text(c, "campaign"), reason, member(c))
	return personURL(person) + "&done=recalled", err
}
