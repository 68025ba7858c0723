package clients

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

type planOut struct {
	Campaign    string      `json:"campaign"`
	Plan        int         `json:"plan"`
	Title       terms.Texts `json:"title"`
	AnnounceAt  time.Time   `json:"announce_at"`
	Deadline    time.Time   `json:"deadline"`
	Stages      []string    `json:"stages"`
	CreatedAt   time.Time   `json:"created_at"`
	ActivatedAt *time.Time  `json:"activated_at"`
}

func planOf(p tracker.PlanRecord) planOut {
	out := planOut{
		Campaign: p.Campaign, Plan: p.Number, Title: p.Title, AnnounceAt: p.AnnounceAt.UTC(), Deadline: p.Deadline.UTC(),
		CreatedAt: p.Created.UTC(), ActivatedAt: instant(p.ActivatedAt),
	}
	for _, s := range p.Stages {
		out.Stages = append(out.Stages, s.Key)
	}
	return out
}

func (h *Handlers) putPlan(c *gin.Context, k tracker.APIKey) error {
	if err := web.RequireType(c, "application/yaml", "application/json", "application/x-yaml", "text/yaml"); err != nil {
		return err
	}
	source, err := web.ReadBody(c, web.MaxBody)
	if err != nil {
		return err
	}
	plan, err := h.ReadPlan(source)
	if err != nil {
		return fmt.Errorf("read a plan of campaign %s: %w", c.Param("campaign"), err)
	}
	if plan.Campaign != c.Param("campaign") {
		return terms.Faults{{Path: "campaign", Detail: fmt.Sprintf("%q is not the campaign of the address, %q", plan.Campaign, c.Param("campaign"))}}
	}
	record, err := h.Tracker.AddPlan(c.Request.Context(), plan, source, actor(k))
	if err != nil {
		return fmt.Errorf("add a plan to campaign %s: %w", plan.Campaign, err)
	}
	c.JSON(http.StatusCreated, planOf(record))
	return nil
}

func (h *Handlers) activate(c *gin.Context, k tracker.APIKey) error {
	number, err := strconv.Atoi(c.Param("plan"))
	if err != nil || number < 1 {
		return terms.Errorf(terms.NotFound, "plan %q of campaign %q does not exist: plans are numbered from 1", c.Param("plan"), c.Param("campaign"))
	}
	web.Unhurried(c) // everybody in the audience is brought in
	campaign, err := h.Tracker.Activate(c.Request.Context(), c.Param("campaign"), number, actor(k), nil)
	if err != nil {
		return fmt.Errorf("activate plan %d of campaign %s: %w", number, c.Param("campaign"), err)
	}
	c.JSON(http.StatusOK, gin.H{"campaign": campaign.Key, "plan": campaign.Plan, "activated_at": instant(campaign.ActivatedAt)})
	return nil
}

type campaignOut struct {
	Campaign    string      `json:"campaign"`
	Plan        int         `json:"plan"` // the active one; 0 while there is none
	ActivatedAt *time.Time  `json:"activated_at"`
	AnnounceAt  *time.Time  `json:"announce_at"`
	Deadline    *time.Time  `json:"deadline"`
	Counts      *totals     `json:"counts"` // null while no plan is active
	Stages      []stageOut  `json:"stages"`
	Regions     []regionOut `json:"regions"`
	Upcoming    []aheadOut  `json:"upcoming"`
	Holds       []holdOut   `json:"holds"`
}

type counts struct {
	InScope    int64 `json:"in_scope"`
	Accepted   int64 `json:"accepted"`
	Pending    int64 `json:"pending"`
	Declined   int64 `json:"declined"`
	Exempt     int64 `json:"exempt"`
	Restricted int64 `json:"restricted"`
}

type totals struct {
	counts
	Noticed int64 `json:"noticed"` // reached by at least one notice
}

func countsOf(t tracker.Totals) counts {
	return counts{t.InScope, t.Accepted, t.Pending, t.Declined, t.Exempt, t.Restricted}
}

type stageOut struct {
	Stage  string `json:"stage"`
	People int64  `json:"people"` // who have not accepted
}

type regionOut struct {
	Region    string   `json:"region"`
	Countries []string `json:"countries"`
	Counts    counts   `json:"counts"`
}

type aheadOut struct {
	Stage  string    `json:"stage"`
	Region string    `json:"region"` // "" for the rest of the world
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
	People int64     `json:"people"`
}

func overviewOf(o tracker.Overview) campaignOut {
	out := campaignOut{
		Campaign: o.Campaign.Key, Plan: o.Campaign.Plan, ActivatedAt: instant(o.Campaign.ActivatedAt),
		AnnounceAt: instant(o.Plan.AnnounceAt), Deadline: instant(o.Plan.Deadline), Counts: &totals{countsOf(o.Totals), o.Totals.Noticed},
		Stages: []stageOut{}, Regions: []regionOut{}, Upcoming: []aheadOut{}, Holds: []holdOut{},
	}
	for i, people := range o.Stages {
		out.Stages = append(out.Stages, stageOut{o.Plan.Stages[i].Key, people})
	}
	for _, r := range o.Regions {
		out.Regions = append(out.Regions, regionOut{r.Key, r.Countries, countsOf(r.Totals)})
	}
	for _, u := range o.Upcoming {
		out.Upcoming = append(out.Upcoming, aheadOut{u.Stage, u.Region, u.At.UTC(), u.Until.UTC(), u.People})
	}
	for _, hold := range o.Holds {
		out.Holds = append(out.Holds, holdOf(hold))
	}
	return out
}

func (h *Handlers) getCampaign(c *gin.Context, _ tracker.APIKey) error {
	key := c.Param("campaign")
	campaign, err := h.Tracker.Campaign(c.Request.Context(), key)
	if err != nil {
		return fmt.Errorf("get campaign %s: %w", key, err)
	}
	if campaign.Plan == 0 {
		c.JSON(http.StatusOK, campaignOut{Campaign: key, Stages: []stageOut{}, Regions: []regionOut{}, Upcoming: []aheadOut{}, Holds: []holdOut{}})
		return nil
	}
	overview, err := h.Tracker.Overview(c.Request.Context(), key)
	if err != nil {
		return fmt.Errorf("count campaign %s: %w", key, err)
	}
	c.JSON(http.StatusOK, overviewOf(overview))
	return nil
}
