package staff

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

func (s console) next(c *gin.Context) error { return s.showNext(c, http.StatusOK, nil) }

// showNext previews the next run, or one at an instant; an instant that cannot be is a fault of the form.
func (s console) showNext(c *gin.Context, status int, faults terms.Faults) error {
	frame, _, err := s.campaignFrame(c, "next")
	if err != nil {
		return err
	}
	web.Unhurried(c) // it looks at everybody who is due
	at, err := instant("at", text(c, "at"))
	if err == nil {
		var p tracker.Preview
		if p, err = s.Tracker.Preview(c.Request.Context(), frame.Key, at, tracker.PreviewOptions{}); err == nil {
			return s.showPreview(c, status, frame, p, faults)
		}
	}
	var wrong terms.Faults
	if !errors.As(err, &wrong) {
		return err
	}
	p, err := s.Tracker.Preview(c.Request.Context(), frame.Key, time.Time{}, tracker.PreviewOptions{})
	if err != nil {
		return err
	}
	return s.showPreview(c, http.StatusUnprocessableEntity, frame, p, append(faults, wrong...))
}

func (s console) showPreview(c *gin.Context, status int, frame templates.StaffCampaignFrame, p tracker.Preview, faults terms.Faults) error {
	ctx := c.Request.Context()
	view := templates.StaffNext{
		StaffCampaignFrame: frame, At: p.At, AtField: text(c, "at"), Faults: formFaults(faults), Examined: p.Examined, Newly: p.Restricted,
		Allowed: int(p.Breaker.Allowed), Recent: int(p.Breaker.Now), Walking: p.Walking, Failing: p.Failing, Breaker: breaker(p),
		Expect: text(c, "people"), Until: text(c, "until"), Tables: previewTables(p, s.Tracker.Catalogue),
	}
	if b := p.Breaker; b.Approved > 0 && frame.AsOf.Before(b.ApprovedUntil) {
		view.Approved = fmt.Sprintf("%s expects %s until %s", b.ApprovedBy, people(b.Approved), when(b.ApprovedUntil))
	}
	if view.Expect == "" && p.Restricted > 0 {
		view.Expect = strconv.Itoa(p.Restricted)
	}
	if view.Until == "" {
		view.Until = frame.AsOf.UTC().Add(24 * time.Hour).Format(fieldTime)
	}
	failures, err := s.Tracker.Failures(ctx, frame.Key)
	if err != nil {
		return err
	}
	for _, f := range failures {
		view.Failures = append(view.Failures, templates.StaffFailure{
			Person: f.Person, Error: f.Error, Tries: f.Tries, At: f.At, Left: f.Tries >= tracker.MaxTries,
			RetryURL: under(frame.Key, "failures", "retry") + "?person=" + url.QueryEscape(f.Person),
		})
	}
	unreached, err := s.Tracker.Unreached(ctx, frame.Key, 0, 1)
	if err != nil {
		return err
	}
	view.Unreached = len(unreached) > 0
	return s.render(c, status, "staff/next", view)
}

// breaker tells why nobody is restricted for now, or would not be; nil where nothing is stopped.
func breaker(p tracker.Preview) *templates.StaffBreaker {
	b := p.Breaker
	switch {
	case !b.TrippedAt.IsZero():
		return &templates.StaffBreaker{Tripped: b.TrippedAt, Would: int(b.Would), Recent: int(b.Recent), Limit: int(b.Limit)}
	case p.Trips:
		return &templates.StaffBreaker{Would: p.Restricted, Recent: int(b.Now), Limit: int(b.Allowed)}
	}
	return nil
}

func previewTables(p tracker.Preview, catalogue terms.Catalogue) []templates.StaffTable {
	tables := []templates.StaffTable{moves("moves", "What it would do", p.Moves, "Nothing: nobody is due.")}
	if len(p.Stopped) > 0 {
		why := "The breaker stops these; whoever they are stays where they are."
		if p.Paused {
			why = "Stepping is paused; whoever they are stays where they are."
		}
		stopped := moves("stopped", "What is stopped", p.Stopped, "")
		stopped.Say = why
		tables = append(tables, stopped)
	}
	if len(p.Capabilities) > 0 {
		tables = append(tables, capabilityTable(p, catalogue))
	}
	if len(p.Waits) > 0 {
		t := templates.StaffTable{ID: "waits", Title: "Who stays, and why", Head: []templates.StaffCell{{Text: "Reason"}, {Text: "People", Number: true}}}
		for _, w := range p.Waits {
			t.Rows = append(t.Rows, []templates.StaffCell{{Text: waitWords(w.Why)}, number(int64(w.People))})
		}
		tables = append(tables, t)
	}
	if len(p.Sample) > 0 {
		t := templates.StaffTable{ID: "sample", Title: "Some of the people", Head: []templates.StaffCell{{Text: "Person"}, {Text: "Change"}}}
		for _, one := range p.Sample {
			t.Rows = append(t.Rows, []templates.StaffCell{
				{Text: one.Person, URL: "/staff/people?id=" + url.QueryEscape(one.Person)}, {Text: moveWords(one.Action, one.From, one.To)}})
		}
		tables = append(tables, t)
	}
	return tables
}

func moves(id, title string, list []tracker.PreviewMove, none string) templates.StaffTable {
	t := templates.StaffTable{ID: id, Title: title, None: none, Head: []templates.StaffCell{{Text: "Change"}, {Text: "Region"}, {Text: "People", Number: true}}}
	for _, m := range list {
		t.Rows = append(t.Rows, []templates.StaffCell{{Text: moveWords(m.Action, m.From, m.To)}, {Text: elsewhere(m.Region)}, number(int64(m.People))})
	}
	return t
}

func moveWords(action terms.DueAction, from, to string) string {
	switch action {
	case terms.Tell:
		return "Told about " + humane(from)
	case terms.Warn:
		return "Final warning in " + humane(from)
	case terms.Enter:
		return humane(from) + " to " + humane(to)
	case terms.Restore:
		return "Given back: " + humane(from) + " to " + humane(to)
	case terms.Recall:
		return "Asked again, as the exemption is over"
	}
	return humane(string(action))
}

func capabilityTable(p tracker.Preview, catalogue terms.Catalogue) templates.StaffTable {
	t := templates.StaffTable{ID: "capabilities", Title: "What people would lose or get back",
		Head: []templates.StaffCell{{Text: "Capability"}, {Text: "Lose it", Number: true}, {Text: "Get it back", Number: true}}}
	for _, one := range p.Capabilities {
		t.Rows = append(t.Rows, []templates.StaffCell{{Text: capabilityNames(catalogue, []string{one.Capability})[0]}, number(int64(one.Lose)), number(int64(one.Regain))})
	}
	return t
}

// waitWords says why people who are looked at stay.
func waitWords(why string) string {
	switch why {
	case terms.WaitsForNotice:
		return "No notice has reached them in this stage"
	case terms.WaitsForHold:
		return "A hold covers them"
	case terms.WaitsAtEnd:
		return "The ladder ends here for them"
	case terms.WaitsForOwner:
		return "They stand where the owner of the account stands"
	}
	return "Their time has not come"
}

// elsewhere names a region of a plan, "" being the rest of the world.
func elsewhere(region string) string {
	if region == "" {
		return "Everywhere else"
	}
	return regionName(region)
}

// unreachedPage is how many people one page lists.
const unreachedPage = 100

func (s console) unreached(c *gin.Context) error {
	frame, _, err := s.campaignFrame(c, "next")
	if err != nil {
		return err
	}
	after, err := strconv.ParseInt(c.DefaultQuery("after", "0"), 10, 64)
	if err != nil {
		return terms.Faults{{Path: "after", Detail: "is not a place in the list"}}
	}
	list, err := s.Tracker.Unreached(c.Request.Context(), frame.Key, after, unreachedPage)
	if err != nil {
		return err
	}
	p, err := s.active(c)
	if err != nil {
		return err
	}
	view := templates.StaffUnreached{StaffCampaignFrame: frame, People: templates.StaffTable{
		ID: "people", Title: "Their next stage is due and waits", Say: "Nothing is taken from anybody who was not told.", None: "Nobody, from here on.",
		Head: []templates.StaffCell{{Text: "Person"}, {Text: "Country"}, {Text: "Language"}, {Text: "Stage"}, {Text: "In the campaign since"}},
	}}
	for _, e := range list {
		view.People.Rows = append(view.People.Rows, []templates.StaffCell{
			{Text: e.Person, URL: "/staff/people?id=" + url.QueryEscape(e.Person)}, {Text: regionName(e.Country)}, {Text: e.Locale}, {Text: stageName(p.Plan, e.Stage)}, {Text: date(e.Joined)}})
	}
	base := under(frame.Key, "unreached")
	if len(list) == unreachedPage {
		view.Next = fmt.Sprintf("%s?after=%d", base, list[len(list)-1].Ref)
	}
	if after > 0 {
		view.First = base
	}
	return s.render(c, http.StatusOK, "staff/unreached", view)
}
