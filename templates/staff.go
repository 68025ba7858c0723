package templates

import (
	"fmt"
	"html/template"
	"time"

	"assent/templates/chart"
)

// staffPages are the pages of the console, each with the view it is made from. They speak English only.
func staffPages() []page {
	return append(append(staffActPages(), staffIntegratePages()...), []page{
		{"staff/signin", StaffSignIn{}},
		{"staff/setup", StaffSetup{}},
		{"staff/campaigns", StaffCampaigns{}},
		{"staff/overview", StaffOverview{}},
		{"staff/person", StaffPerson{}},
		{"staff/fault", StaffFault{}},
	}...)
}

// StaffFrame is what every page of the console shares. All times are shown in UTC, and a page says so.
type StaffFrame struct {
	Member string    // who is signed in; empty on the pages before that
	Looks  bool      // and may only look
	AsOf   time.Time // the instant the page tells about; never zero
	Clock  *DemoClock

	Awaiting int         // requests that wait for a second person
	Paused   *StaffPause // nil while sweeps step
	Done     string      // what was just done, as a sentence
}

// DemoClock is the panel that moves the clock of a demonstration; nil anywhere else. Its forms post to /demo/clock
// either "advance" (a duration such as "7d") or "to" (RFC 3339, or a date, which means its midnight in UTC), each with
// "back", the path to return to.
type DemoClock struct {
	Back      string
	Next      time.Time // when something happens next; zero when nothing is planned
	NextEvent string    // what happens then, in a few words
	Links     []Link    // to what the people of the demonstration see
}

// Earliest is the first date the clock can be set to: it only moves forward.
func (f StaffFrame) Earliest() string { return f.AsOf.UTC().AddDate(0, 0, 1).Format(time.DateOnly) }

// StaffTag is a status: words with a tone, which is "good", "warn", "bad", "hold" or empty.
type StaffTag struct {
	Words, Tone string
}

// Count writes a number of people with separators.
func (StaffFrame) Count(n int) string { return chart.Count(n) }

// Share writes a part of a whole in per cent, "–" when the whole is nothing.
func (StaffFrame) Share(part, whole int) string { return chart.Share(part, whole) }

// Meter draws a part of a whole as a bar.
func (StaffFrame) Meter(part, whole int) template.HTML { return chart.Meter(part, whole) }

// Day writes the day of an instant, "–" for none.
func (f StaffFrame) Day(at time.Time) template.HTML { return f.at(at, "2 Jan 2006") }

// Time writes the time of day of an instant, to the minute.
func (f StaffFrame) Time(at time.Time) template.HTML { return f.at(at, "15:04 UTC") }

// Moment writes an instant to the minute.
func (f StaffFrame) Moment(at time.Time) template.HTML { return f.at(at, "2 Jan 2006, 15:04 UTC") }

func (StaffFrame) at(at time.Time, layout string) template.HTML {
	if at.IsZero() {
		return "–"
	}
	at = at.UTC()
	return safe(fmt.Sprintf(`<time datetime="%s">%s</time>`, at.Format(time.RFC3339), at.Format(layout)))
}

// RFC3339 writes an instant for a form.
func (StaffFrame) RFC3339(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Distance says how many days an instant lies ahead of the page or behind it.
func (f StaffFrame) Distance(at time.Time) string {
	const day = 24 * time.Hour
	days := int(at.UTC().Truncate(day).Sub(f.AsOf.UTC().Truncate(day)) / day)
	switch {
	case days == 0:
		return "today"
	case days == 1:
		return "tomorrow"
	case days > 0:
		return fmt.Sprintf("in %s days", chart.Count(days))
	case days == -1:
		return "yesterday"
	}
	return fmt.Sprintf("%s days ago", chart.Count(-days))
}

// Lasting writes a length of time in its largest fitting unit.
func (StaffFrame) Lasting(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return "under 1 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%s days", chart.Count(int(d/day)))
}

// StaffSignIn asks for a name and a password, or leads to the provider.
type StaffSignIn struct {
	StaffFrame
	Name      string // as typed, to correct it
	Next      string // path to go to afterwards
	Fault     string // why signing in failed
	Passwords bool   // names and passwords are taken
	Provider  bool   // there is a provider to sign in at
	Unstaffed bool   // nobody has set a password yet: the page tells of the set-up link instead
	Demo      bool   // the console can be opened without a password
}

// Section is empty: the page stands before the console.
func (StaffSignIn) Section() string { return "" }

// StaffSetup lets the holder of a set-up link choose a name and a password.
type StaffSetup struct {
	StaffFrame
	Token         string // of the link; empty when the link is used up, expired or not ours
	Name          string
	NameFault     string
	PasswordFault string
	MinLength     int // of the password, in characters
}

// Section is empty: the page stands before the console.
func (StaffSetup) Section() string { return "" }

// Faulty reports whether anything typed has to be corrected.
func (s StaffSetup) Faulty() bool { return s.NameFault != "" || s.PasswordFault != "" }

// StaffCampaigns lists every campaign.
type StaffCampaigns struct {
	StaffFrame
	Campaigns []StaffCampaign
}

// Section is the entry of the menu that leads here.
func (StaffCampaigns) Section() string { return "campaigns" }

// StaffCampaign is one line of the list.
type StaffCampaign struct {
	Key, Title string
	Status     StaffTag
	InScope    int
	Accepted   int
	Restricted int       // people without some capability now
	Deadline   time.Time // zero for a draft, which has no page of its own yet
	NextAt     time.Time // of the next change of stage; zero when none is planned
	NextChange string
}

// StaffFault tells that a page of the console cannot be shown.
type StaffFault struct {
	StaffFrame
	Heading string
	Text    string
}

// Section is empty: the page belongs to no entry of the menu.
func (StaffFault) Section() string { return "" }
