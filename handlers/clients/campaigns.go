package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/tracker"
)

type campaignOut struct {
	Campaign    string      `json:"campaign"`
	Plan        int         `json:"plan"`      // the active one; 0 while there is none
	Confirmed   int         `json:"confirmed"` // the newest that also binds those who were in before it
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
		Campaign: o.Campaign.Key, Plan: o.Campaign.Plan, Confirmed: o.Campaign.Confirmed, ActivatedAt: instant(o.Campaign.ActivatedAt),
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
