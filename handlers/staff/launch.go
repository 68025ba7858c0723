package staff

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/launch"
	"assent/templates"
	"assent/terms"
)

// Judge looks at everything people would be shown under a plan.
type Judge func(ctx context.Context, campaign string, plan int) ([]launch.Finding, error)

// anywayField is the field that puts a plan into force whatever the gate finds.
const anywayField = "anyway"

func (s console) launch(c *gin.Context) error {
	frame, plans, err := s.campaignFrame(c, "launch")
	if err != nil {
		return err
	}
	number := plans[len(plans)-1].Number // a campaign begins with its first plan
	if asked := c.Query("plan"); asked != "" {
		if number, err = strconv.Atoi(asked); err != nil || number < 1 || number > len(plans) {
			return terms.Errorf(terms.NotFound, "plan %q of campaign %q does not exist", asked, frame.Key)
		}
	}
	web.Unhurried(c) // it renders every page in every language
	findings, err := s.Launch(c.Request.Context(), frame.Key, number)
	if err != nil {
		return err
	}
	view := templates.StaffLaunch{
		StaffCampaignFrame: frame, Blocking: len(launch.Blocking(findings)), Required: s.gateRequired(),
		DryRunURL: under(frame.Key, "plans", strconv.Itoa(number), "dry-run"),
	}
	view.Found = findingLines(findings, launch.Blocks, launch.Warns)
	view.Notes, view.Passed = findingLines(findings, launch.Notes), findingLines(findings, launch.Passes)
	for _, p := range slices.Backward(plans) {
		view.Plans = append(view.Plans, option(strconv.Itoa(p.Number), fmt.Sprintf("Plan %d", p.Number), strconv.Itoa(number)))
	}
	if view.Events, err = s.launchEvents(c, frame.Key, number); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "staff/launch", view)
}

// gateRequired reports whether what the gate finds stops a plan.
func (s console) gateRequired() bool { return s.Tracker.Launch != nil && s.Tracker.Launch.Required }

// findingLines are findings of these severities as the page says them, in this order.
func findingLines(findings []launch.Finding, severities ...launch.Severity) []templates.StaffFinding {
	var lines []templates.StaffFinding
	for _, severity := range severities {
		for _, f := range findings {
			if f.Severity != severity {
				continue
			}
			line := templates.StaffFinding{Tag: severityTag(severity), Words: f.Words, Where: f.Where, Mend: f.Mend.Words, URL: f.Mend.URL}
			if severity == launch.Notes {
				line.Mend = ""
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func severityTag(s launch.Severity) templates.StaffTag {
	switch s {
	case launch.Blocks:
		return templates.StaffTag{Words: "Stands in the way", Tone: "bad"}
	case launch.Warns:
		return templates.StaffTag{Words: "Look at it", Tone: "warn"}
	case launch.Passes:
		return templates.StaffTag{Words: "Good", Tone: "good"}
	}
	return templates.StaffTag{Words: "To know"}
}

// launchEvents lists the dry runs of a plan and its being put into force, with the pages kept then.
func (s console) launchEvents(c *gin.Context, campaign string, number int) (templates.StaffTable, error) {
	events, err := s.Tracker.Launches(c.Request.Context(), campaign, number)
	t := templates.StaffTable{
		ID: "events", Title: fmt.Sprintf("Dry runs and launches of plan %d", number), None: "None yet.",
		Head: []templates.StaffCell{{Text: "What"}, {Text: "When"}, {Text: "Who"}, {Text: "Pages"}},
	}
	for _, e := range events {
		what := templates.StaffCell{Text: "Put into force", URL: "/staff/log/" + e.Act}
		if e.Dry {
			what.Text = "Dry run"
		}
		pages := templates.StaffCell{Text: "none kept"}
		if e.Sheet != "" {
			pages = templates.StaffCell{Text: "Look at the pages", URL: "/staff/sheets/" + e.Sheet}
		}
		t.Rows = append(t.Rows, []templates.StaffCell{what, {Text: when(e.At)}, {Text: e.Actor}, pages})
	}
	return t, err
}

// fillGate says before a plan is put into force what the gate finds against it.
func (s console) fillGate(c *gin.Context, view *templates.StaffCheck, number int) error {
	if view.Blocked {
		return nil
	}
	findings, err := s.Launch(c.Request.Context(), c.Param("campaign"), number)
	if err != nil {
		return err
	}
	view.Findings = findingLines(findings, launch.Blocks, launch.Warns)
	view.Anyway = s.gateRequired() && len(launch.Blocking(findings)) > 0
	return nil
}

func (s console) launchActs() []act {
	return []act{{path: "/campaigns/:campaign/plans/:plan/dry-run", check: s.checkDryRun, do: s.dryRun}}
}

func (s console) checkDryRun(c *gin.Context) (templates.StaffCheck, error) {
	number, err := planNumber(c)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	web.Unhurried(c)
	p, err := s.Tracker.PreviewPlan(c.Request.Context(), c.Param("campaign"), number, nil)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	view := templates.StaffCheck{
		Part: "campaigns", Back: under(p.Campaign, "launch") + "?plan=" + c.Param("plan"), Optional: true,
		Trail:   trail(p.Campaign, templates.Link{URL: under(p.Campaign, "launch"), Text: "Launch"}),
		Heading: fmt.Sprintf("Dry run of plan %d", number), Button: "Record it and keep the pages",
		Say:     []string{"This is what it would change now. Recording it keeps the numbers, and every page people would be shown, as evidence for whoever approves. Nobody is told anything."},
		Changes: changes(p.Changes),
	}
	for _, f := range p.Faults {
		view.Warnings = append(view.Warnings, faultSentence(humane(f.Path), f.Detail))
	}
	view.Tables = []templates.StaffTable{outcomes(p)}
	return view, nil
}

func (s console) dryRun(c *gin.Context, reason string) (string, error) {
	number, err := planNumber(c)
	if err != nil {
		return "", err
	}
	web.Unhurried(c)
	_, err = s.Tracker.DryRun(c.Request.Context(), c.Param("campaign"), number, reason, member(c), nil)
	return under(c.Param("campaign"), "launch") + "?plan=" + c.Param("plan") + "&done=tried", err
}

// sheet shows pages that were kept together: those of one language, or of one state in every language.
func (s console) sheet(c *gin.Context) error {
	kept, err := s.Tracker.Sheet(c.Request.Context(), c.Param("sheet"))
	if err != nil {
		return err
	}
	c.AddParam("campaign", kept.Campaign)
	frame, _, err := s.campaignFrame(c, "launch")
	if err != nil {
		return err
	}
	state, language := c.Query("state"), c.Query("lang")
	if state == "" && language == "" && len(kept.Pages) > 0 {
		language = "en"
	}
	view := templates.StaffSheet{
		StaffCampaignFrame: frame, Plan: kept.Plan, Made: kept.Made, SHA256: c.Param("sheet"), All: len(kept.Pages),
		Languages: []templates.StaffOption{option("", "Every language", language)}, States: []templates.StaffOption{option("", "Every state", state)},
	}
	for _, p := range kept.Pages {
		if o := option(p.Locale, s.languageName(p.Locale), language); !slices.Contains(view.Languages, o) {
			view.Languages = append(view.Languages, o)
		}
		if o := option(p.State, spoken(p.State), state); !slices.Contains(view.States, o) {
			view.States = append(view.States, o)
		}
		if (state == "" || state == p.State) && (language == "" || language == p.Locale) {
			view.Shots = append(view.Shots, templates.StaffShot{State: spoken(p.State), Language: s.languageName(p.Locale), URL: "/staff/kept/" + p.SHA256, SHA256: p.SHA256})
		}
	}
	return s.framed(c, "staff/sheet", view)
}

// spoken is what a page is kept as, in words.
func spoken(state string) string { return capital(strings.ReplaceAll(state, "_", " ")) }

// framed renders a page that shows others of this site in frames.
func (s console) framed(c *gin.Context, page string, view any) error {
	var out bytes.Buffer
	if err := s.Pages.Render(&out, page, view); err != nil {
		return err
	}
	web.Framing(c, http.StatusOK, out.Bytes())
	return nil
}

// languageName is what a language calls itself.
func (s console) languageName(tag string) string {
	for _, l := range s.Pages.Locales() {
		if l.Tag() == tag {
			return l.Name()
		}
	}
	return tag
}

// kept shows a page as it was kept.
func (s console) kept(c *gin.Context) error {
	p, err := s.Tracker.KeptPage(c.Request.Context(), c.Param("sha256"))
	if err == nil && !bytes.HasPrefix(p.HTML, []byte("<!doctype html>")) {
		err = terms.Errorf(terms.NotFound, "%q is no page", c.Param("sha256"))
	}
	if err != nil {
		return err
	}
	web.Kept(c, p.HTML)
	return nil
}
