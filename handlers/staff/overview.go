package staff

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/templates/chart"
	"assent/terms"
	"assent/tracker"
)

func (s console) campaigns(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	all, err := s.Tracker.Overviews(c.Request.Context())
	if err != nil {
		return err
	}
	view := templates.StaffCampaigns{StaffFrame: frame}
	for _, o := range all {
		view.Campaigns = append(view.Campaigns, campaignLine(o, frame.AsOf))
	}
	return s.render(c, http.StatusOK, "staff/campaigns", view)
}

func (s console) overview(c *gin.Context) error {
	frame, err := s.frame(c)
	if err != nil {
		return err
	}
	o, err := s.Tracker.Overview(c.Request.Context(), c.Param("campaign"))
	if err != nil {
		return err
	}
	view := overviewPage(o, frame, s.Tracker.Catalogue)
	view.Tried = tried(o)
	if view.Decide, err = s.decisions(c.Request.Context(), o); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "staff/overview", view)
}

func campaignLine(o tracker.Overview, now time.Time) templates.StaffCampaign {
	line := templates.StaffCampaign{Key: o.Campaign.Key, Title: o.Campaign.Key, Status: status(o, now)}
	if o.Campaign.Plan == 0 {
		return line
	}
	line.Title, line.Deadline = o.Plan.Title.In("en"), o.Plan.Deadline
	line.InScope, line.Accepted, line.Restricted = int(o.Totals.InScope), int(o.Totals.Accepted), int(o.Totals.Restricted)
	if next, ok := nextEvent(o, now); ok {
		line.NextAt, line.NextChange = next.at, next.what
	}
	return line
}

func overviewPage(o tracker.Overview, frame templates.StaffFrame, catalogue terms.Catalogue) templates.StaffOverview {
	now := frame.AsOf
	points := history(o, now)
	view := templates.StaffOverview{
		StaffFrame: frame, Key: o.Campaign.Key, Title: o.Plan.Title.In("en"), Status: status(o, now), Plan: o.Plan.Number,
		AnnouncedAt: o.Plan.AnnounceAt, Deadline: o.Plan.Deadline, Numbers: numbers(o.Totals),
		Acceptance: points.acceptance(o, now), Stages: points.stages(o, now),
		Upcoming: upcoming(o, now, catalogue),
	}
	view.Numbers.WeekAgo = points.accepted(now.AddDate(0, 0, -7))
	for _, h := range o.Holds {
		if h.Active(now) {
			view.Holds = append(view.Holds, holdLine(h))
		}
	}
	for _, r := range o.Regions {
		view.Regions = append(view.Regions, regionLine(o, r, now))
	}
	for _, t := range o.Transitions {
		view.Transitions = append(view.Transitions, transitionLine(o.Plan.Plan, t))
	}
	for _, r := range o.Runs {
		view.Runs = append(view.Runs, runLine(r))
	}
	return view
}

// numbers takes whoever has chosen as reached: a choice is proof of that.
func numbers(t tracker.Totals) templates.StaffNumbers {
	reached := min(max(t.Noticed, t.Accepted+t.Declined), t.InScope)
	return templates.StaffNumbers{
		InScope: int(t.InScope), Accepted: int(t.Accepted), Pending: int(t.Pending), Declined: int(t.Declined),
		Restricted: int(t.Restricted), Unreached: int(t.InScope - reached), Exempt: int(t.Exempt),
	}
}

func holdLine(h tracker.Hold) templates.StaffHold {
	reason := h.Reason
	if h.Reference != "" {
		reason += " (" + h.Reference + ")"
	}
	line := templates.StaffHold{
		Scope: scopeName(h.Scope), Reason: reason, By: h.PlacedBy, Since: h.Starts, Ends: h.Ends, Lifted: h.Effect == terms.Lift,
		Rules: holdRules(h.Hold), Languages: strings.Join(slices.Sorted(maps.Keys(h.Message)), ", "),
	}
	if h.ReleasedBy != "" {
		line.Ended = "Released by " + h.ReleasedBy
		if h.ReleaseReason != "" {
			line.Ended += ": " + h.ReleaseReason
		}
		line.Ended += "."
	}
	return line
}

// upcoming begins with the announcement while it lies ahead: it changes nobody's stage, but it is the first thing to come.
func upcoming(o tracker.Overview, now time.Time, catalogue terms.Catalogue) []templates.StaffUpcoming {
	var out []templates.StaffUpcoming
	p := o.Plan.Plan
	if p.AnnounceAt.After(now) {
		out = append(out, templates.StaffUpcoming{At: p.AnnounceAt, To: stageName(p, 0), Where: "People are told", People: int(o.Totals.InScope)})
	}
	for _, u := range o.Upcoming {
		line := templates.StaffUpcoming{
			At: u.At, From: stageName(p, p.StageIndex(u.Stage)-1), To: humane(u.Stage), Where: where(p, u.Region),
			People: int(u.People), Loses: capabilityNames(catalogue, u.Lose),
		}
		if u.Until.After(u.At) {
			line.Until = u.Until
		}
		if held(o, u.Region, now) {
			line.Waiting = "On hold"
		}
		out = append(out, line)
	}
	return out
}

func where(p terms.Plan, region string) string {
	switch {
	case region != "":
		return regionName(region)
	case len(p.Regions) > 0:
		return "Everywhere else"
	default:
		return "Everywhere"
	}
}

// held reports whether a hold now stops a whole region, or everybody.
func held(o tracker.Overview, region string, now time.Time) bool {
	return slices.ContainsFunc(o.Holds, func(h tracker.Hold) bool {
		return h.Active(now) && h.Scope.Person == "" && h.Scope.Attributes == "" && (h.Scope.Region == "" || h.Scope.Region == region)
	})
}

func transitionLine(p terms.Plan, t tracker.Transition) templates.StaffTransition {
	return templates.StaffTransition{
		At: t.At, Person: t.Person, Country: t.Country, From: stageName(p, t.From), To: stageName(p, t.To),
		Cause: cause(t.Cause), Restored: t.To < t.From,
	}
}

func cause(c tracker.Cause) string {
	switch c {
	case tracker.CauseSweep:
		return "by the scheduler"
	case tracker.CauseReversal:
		return "by a reversal"
	default:
		return "the person " + string(c)
	}
}

func runLine(r tracker.Run) templates.StaffRun {
	return templates.StaffRun{
		Planned: r.Planned, Started: r.Started, Finished: r.Finished, LateBy: r.LateBy(), Examined: r.Examined, Moved: r.Moved,
		Told: r.Told, Held: r.Held, Waiting: r.Waiting, Failed: r.Failed, Stopped: r.Stopped, Error: r.Error,
	}
}

func regionLine(o tracker.Overview, r tracker.RegionTotals, now time.Time) templates.StaffRegion {
	p := o.Plan.Plan
	line := templates.StaffRegion{
		Name: regionName(r.Key), People: int(r.Totals.InScope), Accepted: int(r.Totals.Accepted), Declined: int(r.Totals.Declined),
		Restricted: int(r.Totals.Restricted), Deadline: r.Local.Deadline, Status: regionStatus(o, r, now),
	}
	if len(r.Countries) > 1 {
		line.Note = chart.Count(len(r.Countries)) + " countries. "
	}
	if r.Local.Last < len(p.Stages)-1 {
		line.Note += fmt.Sprintf("Goes no further than %s. ", stageName(p, r.Local.Last))
	}
	if r.Local.Effect == terms.Void {
		line.Note += "Acceptance has no effect."
	}
	return line
}

// status is the state of a campaign in two words.
func status(o tracker.Overview, now time.Time) templates.StaffTag {
	switch {
	case o.Campaign.Plan == 0:
		return templates.StaffTag{Words: "Draft"}
	case held(o, "", now):
		return templates.StaffTag{Words: "On hold", Tone: "hold"}
	}
	return phase(o.Plan.AnnounceAt, o.Plan.Deadline, o.Totals, now)
}

func regionStatus(o tracker.Overview, r tracker.RegionTotals, now time.Time) templates.StaffTag {
	switch {
	case held(o, r.Key, now):
		return templates.StaffTag{Words: "On hold", Tone: "hold"}
	case !restricts(o.Plan.Plan, r.Local.Last):
		return templates.StaffTag{Words: "Nothing taken away", Tone: "good"}
	}
	return phase(r.Local.AnnounceAt, r.Local.Deadline, r.Totals, now)
}

func phase(announce, deadline time.Time, t tracker.Totals, now time.Time) templates.StaffTag {
	switch {
	case now.Before(announce):
		return templates.StaffTag{Words: "Scheduled"}
	case t.Restricted > 0:
		return templates.StaffTag{Words: "Stages active", Tone: "warn"}
	case now.Before(deadline):
		return templates.StaffTag{Words: "Running", Tone: "good"}
	default:
		return templates.StaffTag{Words: "Deadline passed", Tone: "warn"}
	}
}

// event is a date of the calendar that is still ahead.
type event struct {
	at   time.Time
	what string
}

// nextEvent is the first date of a campaign's calendar after now.
func nextEvent(o tracker.Overview, now time.Time) (event, bool) {
	events := []event{{o.Plan.AnnounceAt, "people are told"}, {o.Plan.Deadline, "the deadline"}}
	for _, u := range o.Upcoming {
		events = append(events, event{u.At, "first people enter " + humane(u.Stage)})
	}
	events = slices.DeleteFunc(events, func(e event) bool { return !e.at.After(now) })
	if len(events) == 0 {
		return event{}, false
	}
	return slices.MinFunc(events, func(a, b event) int { return a.at.Compare(b.at) }), true
}
