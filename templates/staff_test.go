package templates_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/templates"
	"assent/templates/chart"
)

// staffSamples is every page of the console with a full and an empty view, and the states that look different.
func staffSamples() []sample {
	now := day("2021-06-27 09:00")
	desk := templates.StaffFrame{Member: "Mei Tanaka", AsOf: now}
	demo := desk
	demo.Clock = &templates.DemoClock{
		Back: "/staff/campaigns/new-terms-2021", Next: day("2021-07-17 00:00"), NextEvent: "first people lose delivery",
		Links: []templates.Link{{URL: "/t/new-terms-2021", Text: "Choice page"}, {URL: "/messenger", Text: "Messenger", Note: "two people side by side"}},
	}
	door := templates.StaffFrame{AsOf: now}
	return []sample{
		{"staff/signin", "full", templates.StaffSignIn{StaffFrame: door, Name: "Mei", Next: "/staff/people", Fault: "That name and password do not match.", Passwords: true, Provider: true, Demo: true}},
		{"staff/signin", "empty", templates.StaffSignIn{StaffFrame: door, Passwords: true}},
		{"staff/signin", "unstaffed", templates.StaffSignIn{StaffFrame: door, Unstaffed: true}},
		{"staff/setup", "full", templates.StaffSetup{StaffFrame: door, Token: "t0k3n", Name: "", MinLength: 12,
			NameFault: "Enter your name.", PasswordFault: "Choose a password of at least 12 characters."}},
		{"staff/setup", "fresh", templates.StaffSetup{StaffFrame: door, Token: "t0k3n", MinLength: 12}},
		{"staff/setup", "empty", templates.StaffSetup{StaffFrame: door}},
		{"staff/campaigns", "full", templates.StaffCampaigns{StaffFrame: demo, Campaigns: []templates.StaffCampaign{
			{Key: "new-terms-2021", Title: "Our terms and privacy policy are changing", Status: templates.StaffTag{Words: "Stages active", Tone: "warn"}, InScope: 18934,
				Accepted: 14120, Restricted: 1204, Deadline: day("2021-05-15 00:00"), NextAt: day("2021-07-17 00:00"), NextChange: "Limited to Suspended delivery"},
			{Key: "business-2021", Title: "Terms for businesses", Status: templates.StaffTag{Words: "Draft"}},
		}}},
		{"staff/campaigns", "empty", templates.StaffCampaigns{StaffFrame: desk}},
		{"staff/overview", "full", fullOverview(demo)},
		{"staff/overview", "empty", templates.StaffOverview{StaffFrame: demo, Key: "new", Title: "New terms",
			Status:     templates.StaffTag{Words: "Draft"},
			Acceptance: chart.Acceptance{ID: "accepted", From: day("2021-08-01 00:00"), To: day("2021-12-24 00:00"), Deadline: day("2021-11-01 00:00")}.Figure(), Stages: chart.Stages{ID: "stages"}.Figure()}},
		{"staff/person", "full", fullPerson(desk)},
		{"staff/person", "none", templates.StaffPerson{StaffFrame: desk, Query: "p-404", Fault: `No person has the id "p-404".`}},
		{"staff/person", "gone", templates.StaffPerson{StaffFrame: desk, Query: "p-gone", Fault: `No person has the id "p-gone".`,
			GoneHeldURL: "/staff/people/export?id=p-gone", GoneEraseURL: "/staff/people/erase?person=p-gone"}},
		{"staff/person", "alone", templates.StaffPerson{StaffFrame: desk, Query: "bot-1", Person: &templates.PersonRecord{ID: "bot-1", Created: now}}},
		{"staff/person", "empty", templates.StaffPerson{StaffFrame: desk}},
		{"staff/fault", "full", templates.StaffFault{StaffFrame: desk, Heading: "There is no such campaign", Text: `No campaign has the key "summer".`}},
		{"staff/fault", "empty", templates.StaffFault{StaffFrame: door}},
	}
}

func fullOverview(frame templates.StaffFrame) templates.StaffOverview {
	weekAgo := 13606
	return templates.StaffOverview{
		StaffFrame: frame, Key: "new-terms-2021", Title: "Our terms and privacy policy are changing", Plan: 2,
		Status: templates.StaffTag{Words: "Stages active", Tone: "warn"}, AnnouncedAt: day("2021-01-06 00:00"), Deadline: day("2021-05-15 00:00"),
		Numbers:    templates.StaffNumbers{InScope: 18934, Accepted: 14120, Pending: 4318, Declined: 496, Restricted: 1204, Unreached: 611, Exempt: 1066, WeekAgo: &weekAgo},
		Acceptance: acceptanceFigure(frame.AsOf), Stages: stagesFigure(frame.AsOf),
		Holds: []templates.StaffHold{{Scope: "Brazil", Reason: "The authority asked for time to review. LEG-418", By: "Lena Brandt", Since: day("2021-06-24 11:40")}},
		Upcoming: []templates.StaffUpcoming{
			{At: day("2021-06-27 09:00"), Until: day("2021-07-03 00:00"), From: "Persistent", To: "Limited", Where: "Everywhere else", People: 1342,
				Loses: []string{"Chat list", "Chat history", "Sending messages", "Placing calls", "Chats with businesses"}},
			{At: day("2021-07-17 00:00"), Until: day("2021-07-31 00:00"), From: "Limited", To: "Suspended delivery", Where: "Everywhere else", People: 1204,
				Loses: []string{"Receiving messages", "Notifications", "Replies from notifications", "Calling back", "Answering calls"}},
			{At: day("2021-07-02 00:00"), From: "Announced", To: "Reminded", Where: "Brazil", People: 402, Waiting: "On hold"},
		},
		Regions: []templates.StaffRegion{
			{Name: "Everywhere else", People: 12260, Accepted: 9721, Declined: 301, Restricted: 1204, Deadline: day("2021-05-15 00:00"), Status: templates.StaffTag{Words: "Stages active", Tone: "warn"}},
			{Name: "Eea uk", Note: "Goes no further than Reminded", People: 5120, Accepted: 3411, Declined: 188, Deadline: day("2021-05-15 00:00"), Status: templates.StaffTag{Words: "Reminders only", Tone: "good"}},
			{Name: "Turkey", Note: "Acceptance has no effect here", People: 1554, Accepted: 988, Declined: 7, Deadline: day("2021-05-15 00:00"), Status: templates.StaffTag{Words: "On hold", Tone: "hold"}},
		},
		Transitions: []templates.StaffTransition{
			{At: day("2021-06-27 08:00"), Person: "p-018234", Country: "BR", From: "Persistent", To: "Limited", Cause: "moved by the scheduler"},
			{At: day("2021-06-27 07:12"), Person: "p-002917", Country: "IN", From: "Limited", To: "Announced", Cause: "accepted", Restored: true},
		},
		Runs: []templates.StaffRun{
			{Planned: day("2021-06-27 09:00"), Started: day("2021-06-27 09:00")},
			{Planned: day("2021-06-27 08:00"), Started: day("2021-06-27 08:00"), Finished: day("2021-06-27 08:00"), LateBy: 2 * time.Second, Examined: 1804, Moved: 77, Told: 77, Held: 402, Waiting: 611},
			{Planned: day("2021-06-27 07:00"), Started: day("2021-06-27 07:41"), Finished: day("2021-06-27 07:42"), LateBy: 41 * time.Minute, Examined: 912, Moved: 40, Told: 40, Failed: 3, Error: "3 enrollments could not be read"},
		},
	}
}

// acceptanceFigure is a curve that rises after the announcement, at the deadline and with each stage.
func acceptanceFigure(now time.Time) chart.Figure {
	a := chart.Acceptance{ID: "accepted", From: day("2021-01-06 00:00"), To: day("2021-08-14 00:00"), Today: now, Deadline: day("2021-05-15 00:00"),
		Stages: []chart.Start{{At: day("2021-01-06 00:00"), Name: "Announced"}, {At: day("2021-05-15 00:00"), Name: "Reminded"}, {At: day("2021-06-12 00:00"), Name: "Persistent"},
			{At: day("2021-06-19 00:00"), Name: "Limited"}, {At: day("2021-07-17 00:00"), Name: "Suspended delivery"}}}
	for at := a.From; !at.After(now); at = at.AddDate(0, 0, 1) {
		share := 0.0
		for _, push := range []struct {
			on   time.Time
			size float64
		}{{a.From, .42}, {a.Deadline.AddDate(0, 0, -30), .12}, {a.Deadline, .13}, {day("2021-06-12 00:00"), .12}} {
			if days := at.Sub(push.on).Hours() / 24; days > 0 {
				share += push.size * (1 - math.Exp(-days/9))
			}
		}
		a.Points = append(a.Points, chart.Point{At: at, Accepted: int(share * 18460), Of: 18934})
	}
	return a.Figure()
}

func stagesFigure(now time.Time) chart.Figure {
	s := chart.Stages{ID: "stages", Today: now, Names: []string{"Announced", "Reminded", "Persistent", "Limited", "Suspended delivery"}}
	for at := day("2021-01-06 00:00"); !at.After(now); at = at.AddDate(0, 0, 1) {
		left := 4814 + int(14000*math.Exp(-at.Sub(day("2021-01-06 00:00")).Hours()/24/40))
		people := []int{left, 0, 0, 0, 0}
		if at.After(day("2021-05-14 00:00")) {
			people = []int{left * 2 / 10, left * 8 / 10, 0, 0, 0}
		}
		if at.After(day("2021-06-12 00:00")) {
			people = []int{left * 2 / 10, left * 3 / 10, left / 2, 0, 0}
		}
		if at.After(day("2021-06-19 00:00")) {
			people = []int{left * 2 / 10, left * 3 / 10, left / 4, left / 4, 0}
		}
		s.Days = append(s.Days, chart.Column{At: at, People: people})
	}
	return s.Figure()
}

func fullPerson(frame templates.StaffFrame) templates.StaffPerson {
	return templates.StaffPerson{StaffFrame: frame, Query: "p-018234", Person: &templates.PersonRecord{
		ID: "p-018234", Country: "BR", Locale: "pt-BR", AccountType: "personal", Created: day("2018-03-02 10:00"), Revision: 90211,
		HeldURL: "/staff/people/export?id=p-018234", EraseURL: "/staff/people/erase?person=p-018234",
		Positions: []templates.PersonPosition{{
			Campaign: "new-terms-2021", Title: "Our terms and privacy policy are changing", Status: templates.StaffTag{Words: "No choice yet", Tone: "warn"},
			Stage: "Limited", Since: day("2021-06-27 08:00"), NextStage: "Suspended delivery", NextAt: day("2021-07-25 08:00"),
			Restore: "Everything comes back at once on acceptance",
			Why:     []string{"The deadline for Brazil was 15 May 2021.", "A notice was seen on 8 January 2021.", "Limited begins 35 days after the deadline, for this person 8 days later.", "The final warning was handed over on 26 June 2021."},
		}},
		Flags: []templates.PersonFlag{
			{Key: "chats.list", Value: "off", Why: "Taken away by the stage Limited", Limited: true},
			{Key: "messages.send", Value: "off", Why: "Taken away by the stage Limited", Limited: true},
			{Key: "calls.answer", Value: "on", Why: "No campaign limits it"},
			{Key: "data.export", Value: "on", Why: "Exit right: no campaign can take it away", Exit: true},
		},
		Timeline: []templates.PersonEvent{
			{At: day("2021-06-27 08:00"), Kind: "transition", What: "Persistent to Limited", Detail: "Moved by the scheduler, plan 2"},
			{At: day("2021-05-20 18:22"), Kind: "restore", What: "Limited to Announced", Detail: "Accepted"},
			{At: day("2021-05-20 18:22"), Kind: "response", What: "Accepted", Detail: "terms-of-service 2021-01-04, privacy-policy 2021-01-04", Receipt: "rcp_7q2v"},
			{At: day("2021-01-08 07:30"), Kind: "notice", What: "Notice for Announced", Detail: "In the app, seen"},
		},
	}}
}

func TestEveryPageOfTheConsoleRendersFullAndEmpty(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	seen := map[string]bool{}
	for _, s := range append(staffSamples(), actSamples()...) {
		var out bytes.Buffer
		if err := pages.Render(&out, s.page, s.view); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		checkMarkup(t, s.page+" "+s.name, out.String())
		seen[s.page+" "+s.name] = true
	}
	for _, name := range pages.Names() {
		if strings.HasPrefix(name, "staff/") && (!seen[name+" full"] || !seen[name+" empty"]) {
			t.Errorf("%s is not looked at both full and empty", name)
		}
	}
}

var inline = regexp.MustCompile(`<style|<script[^>]*>[^<]|\sstyle=|\son[a-z]+=|ZgotmplZ|<no value>|%!|0001`)

// checkMarkup holds a page to the content security policy and to sound structure.
func checkMarkup(t *testing.T, name, html string) {
	t.Helper()
	if found := inline.FindString(html); found != "" {
		t.Errorf("%s holds %q", name, found)
	}
	if n := strings.Count(html, "<h1"); n != 1 {
		t.Errorf("%s has %d headings of the first level", name, n)
	}
	ids := map[string]bool{}
	decoder := xml.NewDecoder(strings.NewReader(html))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s is not well-formed: %v", name, err)
			return
		}
		start, _ := token.(xml.StartElement)
		for _, a := range start.Attr {
			if a.Name.Local == "id" && ids[a.Value] {
				t.Errorf("%s uses the id %q twice", name, a.Value)
			}
			ids[a.Value] = ids[a.Value] || a.Name.Local == "id"
		}
	}
}

func render(t *testing.T, page string, view any) string {
	t.Helper()
	var out bytes.Buffer
	if err := newPages(t).Render(&out, page, view); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTheDemoClockIsOnlyThereInADemonstration(t *testing.T) {
	t.Parallel()
	frame := templates.StaffFrame{Member: "Mei", AsOf: day("2021-06-27 09:00")}
	if strings.Contains(render(t, "staff/campaigns", templates.StaffCampaigns{StaffFrame: frame}), "/demo/") {
		t.Error("a page without the clock names /demo/")
	}
	frame.Clock = &templates.DemoClock{Back: "/staff"}
	html := render(t, "staff/campaigns", templates.StaffCampaigns{StaffFrame: frame})
	for _, want := range []string{`name="advance" value="1d"`, `name="advance" value="7d"`, `type="date"`, `min="2021-06-28"`, "27 Jun 2021, 09:00 UTC"} {
		if !strings.Contains(html, want) {
			t.Errorf("the clock lacks %s", want)
		}
	}
	if strings.Contains(html, "Next event") {
		t.Error("the clock offers a next event when there is none")
	}
}

func TestWhatPeopleWroteIsEscaped(t *testing.T) {
	t.Parallel()
	evil := `"><script>alert(1)</script>`
	frame := templates.StaffFrame{Member: evil, AsOf: day("2021-06-27 09:00")}
	for _, html := range []string{
		render(t, "staff/person", templates.StaffPerson{StaffFrame: frame, Query: evil, Fault: evil, Person: &templates.PersonRecord{ID: evil}}),
		render(t, "staff/overview", templates.StaffOverview{StaffFrame: frame, Title: evil, Holds: []templates.StaffHold{{Scope: evil, Reason: evil}}}),
		render(t, "staff/signin", templates.StaffSignIn{Name: evil, Next: evil, Fault: evil}),
	} {
		if strings.Contains(html, "<script>alert") {
			t.Error("a value reached the page unescaped")
		}
	}
}

func TestNumbersOfTheOverviewSayWhatTheyMean(t *testing.T) {
	t.Parallel()
	ago := func(n int) *int { return &n }
	for _, c := range []struct {
		numbers templates.StaffNumbers
		want    string
	}{
		{templates.StaffNumbers{InScope: 1000, Accepted: 100}, ""},
		{templates.StaffNumbers{WeekAgo: ago(0)}, ""},
		{templates.StaffNumbers{InScope: 1000, Accepted: 100, WeekAgo: ago(84)}, "up 1.6 points"},
		{templates.StaffNumbers{InScope: 1000, Accepted: 100, WeekAgo: ago(110)}, "down 1.0 points"},
		{templates.StaffNumbers{InScope: 1000, Accepted: 100, WeekAgo: ago(100)}, "no change"},
	} {
		if got := c.numbers.Week(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.numbers, got, c.want)
		}
	}
	steps := templates.StaffNumbers{InScope: 100, Unreached: 10, Accepted: 50, Declined: 5, Exempt: 7}.Steps()
	if got := fmt.Sprint(steps); got != "[{Asked 100 0 7 more are exempt} {Reached by a notice 90 100 10 not reached yet} {Made a choice 55 90 35 have not} {Accepted 50 55 5 declined}]" {
		t.Errorf("steps: %s", got)
	}
}

func TestDistancesAndLengthsOfTimeReadWell(t *testing.T) {
	t.Parallel()
	frame := templates.StaffFrame{AsOf: day("2021-06-27 23:30")}
	for at, want := range map[string]string{
		"2021-06-27 00:00": "today", "2021-06-28 00:10": "tomorrow", "2021-07-20 09:00": "in 23 days", "2021-06-26 23:59": "yesterday", "2021-06-20 00:00": "7 days ago",
	} {
		if got := frame.Distance(day(at)); got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "under 1 s", 90 * time.Second: "90 s", 41 * time.Minute: "41 min", 30 * time.Hour: "30 h", 365 * 24 * time.Hour: "365 days",
	} {
		if got := frame.Lasting(d); got != want {
			t.Errorf("%s reads %q, want %q", d, got, want)
		}
	}
}
