package staff

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

func (s console) runs(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	runs, err := s.Tracker.Runs(c.Request.Context())
	if err != nil {
		return err
	}
	view := templates.StaffRuns{StaffFrame: frame}
	for _, r := range runs {
		view.Runs = append(view.Runs, runLine(r))
	}
	return s.render(c, http.StatusOK, "staff/runs", view)
}

// sweepActs are what staff do to the sweep.
func (s console) sweepActs() []act {
	return []act{
		{path: "/campaigns/:campaign/next/approve", check: s.checkExpect, do: s.expect,
			form: func(c *gin.Context, f terms.Faults) error { return s.showNext(c, http.StatusUnprocessableEntity, f) }},
		{path: "/campaigns/:campaign/failures/retry", check: s.checkRetry, do: s.retry},
		{path: "/runs/pause", check: s.checkPause, do: s.pause},
		{path: "/runs/resume", check: s.checkResume, do: s.resume},
	}
}

// expectation reads what staff expect of the next runs.
func expectation(c *gin.Context) (tracker.Expectation, error) {
	x := tracker.Expectation{Campaign: c.Param("campaign")}
	var faults terms.Faults
	var err error
	if x.People, err = strconv.ParseInt(text(c, "people"), 10, 64); err != nil || x.People < 1 {
		faults = append(faults, terms.Fault{Path: "people", Detail: "must be a number of people, at least 1"})
	}
	if x.Until, err = instant("until", text(c, "until")); err != nil || x.Until.IsZero() {
		faults = append(faults, terms.Fault{Path: "until", Detail: "must be a date with a time that lies ahead, at most 31 days"})
	}
	return x, faults.OrNil()
}

func (s console) checkExpect(c *gin.Context) (templates.StaffCheck, error) {
	x, err := expectation(c)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	if now := s.Tracker.Now(); !x.Until.After(now) || x.Until.After(now.AddDate(0, 0, 31)) {
		return templates.StaffCheck{}, terms.Faults{{Path: "until", Detail: "must lie ahead, at most 31 days"}}
	}
	p, err := s.Tracker.Preview(c.Request.Context(), x.Campaign, time.Time{}, tracker.PreviewOptions{})
	if err != nil {
		return templates.StaffCheck{}, err
	}
	says := "The sweep stops itself only where far more people than that would be newly restricted within 24 hours."
	if !p.Breaker.TrippedAt.IsZero() {
		says += " It was stopped, and goes on."
	}
	return templates.StaffCheck{
		Part: "campaigns", Heading: "Approve: " + people(x.People) + " newly restricted", Button: "Approve " + people(x.People),
		Back: under(x.Campaign, "next"), Trail: trail(x.Campaign, templates.Link{URL: under(x.Campaign, "next"), Text: "Next run"}),
		Second: s.Tracker.NeedsSecond(tracker.ActBreaker), Say: []string{says},
		Facts: []templates.StaffFact{
			{Name: "The next run would newly restrict", Value: people(int64(p.Restricted))},
			{Name: "Newly restricted in the last 24 hours", Value: people(p.Breaker.Now)},
			{Name: "Allowed until now", Value: people(p.Breaker.Allowed)}, {Name: "Counts until", Value: when(x.Until)},
		},
		Tables: previewTables(p, s.Tracker.Catalogue),
	}, nil
}

func (s console) expect(c *gin.Context, reason string) (string, error) {
	x, err := expectation(c)
	if err != nil {
		return "", err
	}
	x.Reason = reason
	_, err = s.Tracker.Expect(c.Request.Context(), x, member(c))
	return under(x.Campaign, "next") + "?done=expected", err
}

func (s console) checkRetry(c *gin.Context) (templates.StaffCheck, error) {
	campaign, person := c.Param("campaign"), text(c, "person")
	failures, err := s.Tracker.Failures(c.Request.Context(), campaign)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	i := slices.IndexFunc(failures, func(f tracker.Failure) bool { return f.Person == person })
	if i < 0 {
		return templates.StaffCheck{}, terms.Errorf(terms.NotFound, "no failure of person %q is kept in campaign %q", person, campaign)
	}
	f := failures[i]
	return templates.StaffCheck{
		Part: "campaigns", Heading: "Try again with " + person, Button: "Try again with 1 person", Optional: true, Back: under(campaign, "next"),
		Trail: trail(campaign, templates.Link{URL: under(campaign, "next"), Text: "Next run"}),
		Say:   []string{"The next run looks at this person as at anybody else. Should it fail three times in a row, the person is left out again."},
		Facts: []templates.StaffFact{{Name: "Tried", Value: fmt.Sprintf("%d times", f.Tries), Note: "last " + when(f.At)}, {Name: "What went wrong", Value: f.Error}},
	}, nil
}

func (s console) retry(c *gin.Context, _ string) (string, error) {
	err := s.Tracker.Retry(c.Request.Context(), c.Param("campaign"), text(c, "person"), member(c))
	return under(c.Param("campaign"), "next") + "?done=retried", err
}

// stepping is the page before stepping is paused or goes on: what waits in every campaign.
func (s console) stepping(c *gin.Context, heading, button string, says ...string) (templates.StaffCheck, error) {
	view := templates.StaffCheck{
		Part: "runs", Heading: heading, Button: button, Say: says, Back: "/staff/runs", Trail: []templates.Link{{URL: "/staff/runs", Text: "Runs"}},
	}
	all, err := s.Tracker.Overviews(c.Request.Context())
	if err != nil {
		return view, err
	}
	t := templates.StaffTable{ID: "campaigns", Title: "Campaigns it concerns", None: "No campaign is running.",
		Head: []templates.StaffCell{{Text: "Campaign"}, {Text: "Not accepted", Number: true}, {Text: "Without something now", Number: true}}}
	for _, o := range all {
		if o.Campaign.Plan != 0 {
			t.Rows = append(t.Rows, []templates.StaffCell{{Text: o.Plan.Title.In("en")}, number(o.Totals.Pending + o.Totals.Declined), number(o.Totals.Restricted)})
		}
	}
	view.Tables = []templates.StaffTable{t}
	return view, nil
}

func (s console) checkPause(c *gin.Context) (templates.StaffCheck, error) {
	return s.stepping(c, "Pause all stepping", "Pause all stepping",
		"Until somebody goes on, nobody is moved, told or reminded in any campaign. What people have now they keep; accepting works, and brings everything back at once.")
}

func (s console) pause(c *gin.Context, reason string) (string, error) {
	_, err := s.Tracker.Pause(c.Request.Context(), reason, member(c))
	return "/staff/runs?done=paused", err
}

func (s console) checkResume(c *gin.Context) (templates.StaffCheck, error) {
	return s.stepping(c, "Go on stepping", "Go on stepping",
		"The next run begins at once. Nobody is moved more than one stage by it, whatever was missed; see the next run of each campaign for whom it would move.")
}

func (s console) resume(c *gin.Context, reason string) (string, error) {
	if err := unreasoned(reason); err != nil {
		return "", err
	}
	return "/staff/runs?done=resumed", s.Tracker.Resume(c.Request.Context(), reason, member(c))
}

// number is a cell with a count.
func number(n int64) templates.StaffCell {
	return templates.StaffCell{Text: count64(n), Number: true}
}
