package staff

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

func (s console) plans(c *gin.Context) error {
	frame, plans, err := s.campaignFrame(c, "plans")
	if err != nil {
		return err
	}
	campaign, err := s.Tracker.Campaign(c.Request.Context(), frame.Key)
	if err != nil {
		return err
	}
	view := templates.StaffPlans{StaffCampaignFrame: frame, Active: campaign.Plan, Waiting: campaign.Plan != campaign.Confirmed}
	for _, p := range slices.Backward(plans) {
		view.Plans = append(view.Plans, templates.StaffPlanLine{
			Number: p.Number, Status: planStatus(p, campaign), Deadline: p.Deadline, Stages: len(p.Stages), Regions: len(p.Regions),
			Created: p.Created, By: p.Actor, Activated: p.ActivatedAt,
		})
	}
	return s.render(c, http.StatusOK, "staff/plans", view)
}

func planStatus(p tracker.PlanRecord, c tracker.Campaign) templates.StaffTag {
	switch {
	case p.Number == c.Plan && c.Confirmed != c.Plan:
		return templates.StaffTag{Words: "Active for newcomers", Tone: "warn"}
	case p.Number == c.Plan:
		return templates.StaffTag{Words: "Active", Tone: "good"}
	case p.ActivatedAt.IsZero():
		return templates.StaffTag{Words: "Not active yet"}
	default:
		return templates.StaffTag{Words: "Replaced"}
	}
}

// planNumber reads the number of the path; NotFound for what is none.
func planNumber(c *gin.Context) (int, error) {
	n, err := strconv.Atoi(c.Param("plan"))
	if err != nil {
		return 0, terms.Errorf(terms.NotFound, "plan %q of campaign %q does not exist", c.Param("plan"), c.Param("campaign"))
	}
	return n, nil
}

func (s console) plan(c *gin.Context) error {
	frame, plans, err := s.campaignFrame(c, "plans")
	if err != nil {
		return err
	}
	campaign, err := s.Tracker.Campaign(c.Request.Context(), frame.Key)
	if err != nil {
		return err
	}
	number, err := planNumber(c)
	if err != nil {
		return err
	}
	p, err := s.Tracker.Plan(c.Request.Context(), frame.Key, number)
	if err != nil {
		return err
	}
	view := templates.StaffPlan{
		StaffCampaignFrame: frame, Number: number, Status: planStatus(p, campaign), Created: p.Created, By: p.Actor,
		Activated: p.ActivatedAt, Source: string(p.Source), Against: compared(c.Query("against"), number, campaign.Plan),
	}
	for _, other := range plans {
		if other.Number != number {
			view.Choices = append(view.Choices, option(strconv.Itoa(other.Number), fmt.Sprintf("Plan %d", other.Number), strconv.Itoa(view.Against)))
		}
		if other.Number == view.Against {
			view.Changes = changes(terms.Diff(other.Plan, p.Plan))
		}
	}
	switch {
	case number != campaign.Plan:
		view.ActivateURL = under(frame.Key, "plans", c.Param("plan"), "activate")
	case campaign.Confirmed != number:
		view.ConfirmURL = under(frame.Key, "plans", c.Param("plan"), "confirm")
	}
	return s.render(c, http.StatusOK, "staff/plan", view)
}

// compared is the plan another is compared with: the one asked for, else the one in force, else the one before; 0 for none.
func compared(asked string, number, active int) int {
	if n, err := strconv.Atoi(asked); err == nil && n != number {
		return n
	}
	if active != 0 && active != number {
		return active
	}
	return number - 1
}

func changes(list []terms.Difference) []templates.StaffChange {
	out := make([]templates.StaffChange, len(list))
	for i, d := range list {
		out[i] = templates.StaffChange{Text: d.String(), Path: d.Path, Kind: string(d.Kind), Harsher: d.Harsher}
	}
	return out
}

func (s console) planActs() []act {
	return []act{
		{path: "/campaigns/:campaign/plans/:plan/activate", check: s.checkPlan(tracker.ActActivate), do: s.activate},
		{path: "/campaigns/:campaign/plans/:plan/confirm", check: s.checkPlan(tracker.ActConfirm), do: s.confirm},
	}
}

// checkPlan is the page before a plan is activated or confirmed: one and the same preview.
func (s console) checkPlan(name string) func(*gin.Context) (templates.StaffCheck, error) {
	return func(c *gin.Context) (templates.StaffCheck, error) {
		number, err := planNumber(c)
		if err != nil {
			return templates.StaffCheck{}, err
		}
		web.Unhurried(c) // it looks at everybody in the campaign
		p, err := s.Tracker.PreviewPlan(c.Request.Context(), c.Param("campaign"), number, nil)
		if err != nil {
			return templates.StaffCheck{}, err
		}
		view := templates.StaffCheck{
			Part: "campaigns", Back: under(p.Campaign, "plans", c.Param("plan")), Second: s.Tracker.NeedsSecond(name),
			Trail: trail(p.Campaign, templates.Link{URL: under(p.Campaign, "plans"), Text: "Plans"}),
		}
		if name == tracker.ActConfirm {
			view.Heading = fmt.Sprintf("Confirm plan %d", number)
			view.Button = fmt.Sprintf("Confirm plan %d for everybody", number)
			view.Say = []string{"Everybody in the campaign comes under this plan, also those who kept the gentler of it and the plan before.",
				"Nobody loses anything at once, and no date comes earlier than people were told, unless the notice period runs again for them."}
			view.Tables = []templates.StaffTable{outcomes(p)}
			return view, nil
		}
		view.Heading, view.Button = fmt.Sprintf("Activate plan %d", number), fmt.Sprintf("Activate plan %d", number)
		record, err := s.Tracker.Plan(c.Request.Context(), p.Campaign, number)
		if err != nil {
			return view, err
		}
		fillActivation(&view, p, record.Plan)
		return view, s.fillGate(c, &view, number)
	}
}

func fillActivation(view *templates.StaffCheck, p tracker.PlanPreview, next terms.Plan) {
	view.Changes = changes(p.Changes)
	for _, f := range p.Harsher {
		view.Warnings = append(view.Warnings, faultSentence(place(next, f.Path), f.Detail))
	}
	switch {
	case len(p.Faults) > 0:
		view.Blocked = true
		view.Say = append([]string{"This plan cannot replace the one in force:"}, faultWords(p.Faults)...)
		return
	case p.Active == 0:
		view.Say = []string{"It brings everybody in its audience into the campaign. Nobody is in it yet."}
		return
	case p.Active == p.Plan:
		view.Say, view.Blocked = []string{"This plan is active already."}, true
		return
	case len(p.Harsher) > 0:
		view.Say = []string{fmt.Sprintf("It takes time or access from the %s in the campaign. It binds newcomers only until it is confirmed: everybody else keeps the gentler of it and plan %d.", people(int64(p.People)), p.Active)}
	default:
		view.Say = []string{fmt.Sprintf("It takes nothing from anybody. It binds the %s in the campaign at once, and newcomers.", people(int64(p.People)))}
	}
	view.Tables = []templates.StaffTable{outcomes(p)}
}

// place is a place in a plan's file in words: "stages[3].after" becomes "Limited: after".
func place(p terms.Plan, path string) string {
	var i int
	if n, err := fmt.Sscanf(path, "stages[%d].", &i); n != 1 || err != nil || i >= len(p.Stages) {
		return humane(path)
	}
	_, field, _ := strings.Cut(path, ".")
	return stageName(p, i) + ": " + strings.ReplaceAll(field, "_", " ")
}

// outcomes is where people would be once the plan binds everybody.
func outcomes(p tracker.PlanPreview) templates.StaffTable {
	t := templates.StaffTable{
		ID: "outcomes", Title: "Where people would be", Say: "Once the plan binds everybody, on the facts of now.",
		Head: []templates.StaffCell{{Text: "Region"}, {Text: "Stage"}, {Text: "People", Number: true}, {Text: "What it means"}},
		None: "Nobody is in the campaign.",
	}
	for _, o := range p.Outcomes {
		move := humane(o.To)
		if o.From != o.To {
			move = humane(o.From) + " to " + humane(o.To)
		}
		t.Rows = append(t.Rows, []templates.StaffCell{{Text: elsewhere(o.Region)}, {Text: move}, number(int64(o.People)), {Text: meaning(o)}})
	}
	return t
}

func meaning(o tracker.PlanOutcome) string {
	switch {
	case o.Asked:
		return "Asked again, with the full notice period"
	case o.Later:
		return "The next stage comes later, or not at all"
	case o.Sooner:
		return "The next stage comes sooner, after the notice period has run again"
	default:
		return "No date changes"
	}
}

func (s console) activate(c *gin.Context, reason string) (string, error) {
	if text(c, anywayField) != "" {
		return s.bind(c, reason, s.Tracker.ActivateAnyway, "activated")
	}
	return s.bind(c, reason, s.Tracker.ActivateBecause, "activated")
}

func (s console) confirm(c *gin.Context, reason string) (string, error) {
	return s.bind(c, reason, s.Tracker.ConfirmBecause, "confirmed")
}

func (s console) bind(c *gin.Context, reason string, do binding, done string) (string, error) {
	number, err := planNumber(c)
	if err != nil {
		return "", err
	}
	if err := unreasoned(reason); err != nil {
		return "", err
	}
	web.Unhurried(c)
	_, err = do(c.Request.Context(), c.Param("campaign"), number, reason, member(c), nil)
	return under(c.Param("campaign"), "plans") + "?done=" + done, err
}

// binding is Tracker.ActivateBecause or ConfirmBecause.
type binding func(ctx context.Context, campaign string, number int, reason, actor string, progress func(int)) (tracker.Campaign, error)
