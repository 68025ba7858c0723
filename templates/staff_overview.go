package templates

import (
	"fmt"
	"math"
	"time"

	"assent/templates/chart"
)

// StaffOverview is everything about one campaign on one page.
type StaffOverview struct {
	StaffFrame
	Key, Title  string
	Status      StaffTag
	Plan        int // number of the active plan; 0 while there is none
	AnnouncedAt time.Time
	Deadline    time.Time
	Numbers     StaffNumbers
	Acceptance  chart.Figure
	Stages      chart.Figure
	Holds       []StaffHold
	Upcoming    []StaffUpcoming
	Regions     []StaffRegion
	Transitions []StaffTransition
	Runs        []StaffRun
	Decide      []StaffDecision // what waits for staff
	Tried       StaffTable      // stages that only record, or take something for hours of the day; no rows: none
}

// Tabs lead to the pages of the campaign.
func (o StaffOverview) Tabs() []StaffTab { return staffTabs(o.Key, "overview") }

// StaffDecision is something that waits for staff, or is in force by their doing.
type StaffDecision struct {
	What, Text string
	URL, Link  string
}

// Section is the entry of the menu that leads here.
func (StaffOverview) Section() string { return "campaigns" }

// StaffNumbers count people, not accounts' sessions or devices. InScope is the sum of Accepted, Pending and Declined.
type StaffNumbers struct {
	InScope    int
	Accepted   int
	Pending    int // no choice yet
	Declined   int
	Restricted int  // without some capability now
	Unreached  int  // not accepted, and no notice was seen or delivered: they cannot be restricted
	Exempt     int  // not asked; not in InScope
	WeekAgo    *int // accepted seven days before; nil in the first week
}

// Week says how the share of acceptances changed in seven days; empty in the first week.
func (n StaffNumbers) Week() string {
	if n.WeekAgo == nil || n.InScope == 0 {
		return ""
	}
	points := math.Round(1000*float64(n.Accepted-*n.WeekAgo)/float64(n.InScope)) / 10
	switch {
	case points > 0:
		return fmt.Sprintf("up %.1f points", points)
	case points < 0:
		return fmt.Sprintf("down %.1f points", -points)
	}
	return "no change"
}

// StaffStep is one step on the way from being asked to accepting. Of is the step before it, Note what became of the
// others.
type StaffStep struct {
	Label      string
	People, Of int
	Note       string
}

// Steps lead from being asked to accepting; each counts only people who took the step before.
func (n StaffNumbers) Steps() []StaffStep {
	reached, chose := max(n.InScope-n.Unreached, 0), n.Accepted+n.Declined
	return []StaffStep{
		{"Asked", n.InScope, 0, chart.Count(n.Exempt) + " more are exempt"},
		{"Reached by a notice", reached, n.InScope, chart.Count(n.Unreached) + " not reached yet"},
		{"Made a choice", chose, reached, chart.Count(max(reached-chose, 0)) + " have not"},
		{"Accepted", n.Accepted, chose, chart.Count(n.Declined) + " declined"},
	}
}

// StaffHold is a hold in force.
type StaffHold struct {
	Scope      string // whom it covers
	Reason     string
	By         string
	Since      time.Time
	Ends       time.Time // zero while it is open
	Lifted     bool      // people under it have full access meanwhile
	Rules      string    // clock, reminders and spread in a sentence; for the page of holds
	Languages  string    // the languages in which it has a message; empty: none
	Status     StaffTag
	Ended      string // by whom, and why
	ReleaseURL string
}

// StaffUpcoming is one change of stage ahead, on the facts of now.
type StaffUpcoming struct {
	At      time.Time // the first entry
	Until   time.Time // the last, when entries are staggered; else zero
	From    string
	To      string
	Where   string // regions
	People  int    // who would enter it if nobody chose until then
	Loses   []string
	Waiting string // what keeps people back now; empty for nothing
}

// StaffRegion is one line of the table of regions.
type StaffRegion struct {
	Name       string
	Note       string // what the plan does differently here
	People     int
	Accepted   int
	Declined   int
	Restricted int
	Deadline   time.Time
	Status     StaffTag
}

// StaffTransition is one recorded change of stage.
type StaffTransition struct {
	At       time.Time
	Person   string
	Country  string
	From, To string
	Cause    string
	Restored bool // what was taken away came back
}

// StaffRun is one run of the scheduler's sweep. Finished is zero while it runs, or when it died.
type StaffRun struct {
	Planned, Started, Finished           time.Time
	LateBy                               time.Duration
	Examined, Moved, Told, Held, Waiting int
	Failed, Stopped                      int
	Error                                string
}
