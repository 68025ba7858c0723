package clients

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

const yaml = "application/yaml"

type planOut struct {
	Campaign    string      `json:"campaign"`
	Plan        int         `json:"plan"`
	Title       terms.Texts `json:"title"`
	AnnounceAt  time.Time   `json:"announce_at"`
	Deadline    time.Time   `json:"deadline"`
	Stages      []string    `json:"stages"`
	CreatedAt   time.Time   `json:"created_at"`
	CreatedBy   string      `json:"created_by"`
	ActivatedAt *time.Time  `json:"activated_at"`
	File        string      `json:"file,omitempty"` // as it was sent, of one plan alone
}

func planOf(p tracker.PlanRecord) planOut {
	out := planOut{
		Campaign: p.Campaign, Plan: p.Number, Title: p.Title, AnnounceAt: p.AnnounceAt.UTC(), Deadline: p.Deadline.UTC(),
		CreatedAt: p.Created.UTC(), CreatedBy: p.Actor, ActivatedAt: instant(p.ActivatedAt),
	}
	for _, s := range p.Stages {
		out.Stages = append(out.Stages, s.Key)
	}
	return out
}

// numberOf reads the number of a plan; what is no number names no plan.
func numberOf(c *gin.Context) (int, error) {
	number, err := strconv.Atoi(c.Param("plan"))
	if err != nil || number < 1 {
		return 0, terms.Errorf(terms.NotFound, "plan %q of campaign %q does not exist: plans are numbered from 1", c.Param("plan"), c.Param("campaign"))
	}
	return number, nil
}

func (h *Handlers) putPlan(c *gin.Context, k tracker.APIKey) error {
	if err := web.RequireType(c, yaml, "application/json", "application/x-yaml", "text/yaml"); err != nil {
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

func (h *Handlers) listPlans(c *gin.Context, _ tracker.APIKey) error {
	key := c.Param("campaign")
	campaign, err := h.Tracker.Campaign(c.Request.Context(), key)
	if err != nil {
		return fmt.Errorf("list plans of campaign %s: %w", key, err)
	}
	list, err := h.Tracker.Plans(c.Request.Context(), key)
	if err != nil {
		return fmt.Errorf("list plans of campaign %s: %w", key, err)
	}
	out := make([]planOut, len(list))
	for i, p := range list {
		out[i] = planOf(p)
	}
	c.JSON(http.StatusOK, gin.H{"campaign": key, "plan": campaign.Plan, "confirmed": campaign.Confirmed, "plans": out})
	return nil
}

// getPlan answers a plan, also one that was never or is no longer active: as
// JSON, or as the very bytes that were sent.
func (h *Handlers) getPlan(c *gin.Context, _ tracker.APIKey) error {
	record, err := h.plan(c)
	if err != nil {
		return err
	}
	if c.NegotiateFormat("application/json", yaml) == yaml {
		c.Data(http.StatusOK, yaml, record.Source)
		return nil
	}
	out := planOf(record)
	out.File = string(record.Source)
	c.JSON(http.StatusOK, out)
	return nil
}

// plan is the plan that the address names.
func (h *Handlers) plan(c *gin.Context) (tracker.PlanRecord, error) {
	number, err := numberOf(c)
	if err != nil {
		return tracker.PlanRecord{}, err
	}
	record, err := h.Tracker.Plan(c.Request.Context(), c.Param("campaign"), number)
	if err != nil {
		return record, fmt.Errorf("get plan %d of campaign %s: %w", number, c.Param("campaign"), err)
	}
	return record, nil
}

type differenceOut struct {
	Path     string       `json:"path"`
	Kind     terms.Change `json:"kind"`
	Before   string       `json:"before"` // "" for what was added
	After    string       `json:"after"`  // "" for what was removed
	Harsher  bool         `json:"harsher"`
	Sentence string       `json:"sentence"`
}

func differencesOf(list []terms.Difference) []differenceOut {
	out := make([]differenceOut, len(list))
	for i, d := range list {
		out[i] = differenceOut{d.Path, d.Kind, d.Before, d.After, d.Harsher, d.String()}
	}
	return out
}

// diffPlan says what a plan changes, from the one before it unless another is
// named.
func (h *Handlers) diffPlan(c *gin.Context, _ tracker.APIKey) error {
	next, err := h.plan(c)
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(c.DefaultQuery("from", strconv.Itoa(next.Number-1)))
	if err != nil || from < 1 {
		return terms.Faults{{Path: "from", Detail: "must be the number of the plan to compare with, such as ?from=1"}}
	}
	old, err := h.Tracker.Plan(c.Request.Context(), next.Campaign, from)
	if err != nil {
		return fmt.Errorf("compare with plan %d of campaign %s: %w", from, next.Campaign, err)
	}
	c.JSON(http.StatusOK, gin.H{"campaign": next.Campaign, "from": from, "plan": next.Number, "changes": differencesOf(terms.Diff(old.Plan, next.Plan))})
	return nil
}

type planPreviewOut struct {
	Campaign string          `json:"campaign"`
	Plan     int             `json:"plan"`
	Active   int             `json:"active"` // the plan in force now, 0 for none
	Changes  []differenceOut `json:"changes"`
	Harsher  []faultAt       `json:"harsher"`
	Faults   []faultAt       `json:"faults"`
	People   int             `json:"people"`
	Outcomes []outcomeOut    `json:"outcomes"`
}

type outcomeOut struct {
	Region string `json:"region"` // key of the plan's region, "" for the rest of the world
	From   string `json:"from"`
	To     string `json:"to"`
	Asked  bool   `json:"asked_again"`
	Later  bool   `json:"later"`
	Sooner bool   `json:"sooner"`
	People int    `json:"people"`
}

// previewPlan says what activating and confirming a plan would change.
func (h *Handlers) previewPlan(c *gin.Context, _ tracker.APIKey) error {
	number, err := numberOf(c)
	if err != nil {
		return err
	}
	web.Unhurried(c) // it looks at everybody in the campaign
	p, err := h.Tracker.PreviewPlan(c.Request.Context(), c.Param("campaign"), number, nil)
	if err != nil {
		return fmt.Errorf("preview plan %d of campaign %s: %w", number, c.Param("campaign"), err)
	}
	out := planPreviewOut{
		Campaign: p.Campaign, Plan: p.Plan, Active: p.Active, Changes: differencesOf(p.Changes),
		Harsher: places(p.Harsher), Faults: places(p.Faults), People: p.People, Outcomes: make([]outcomeOut, len(p.Outcomes)),
	}
	for i, o := range p.Outcomes {
		out.Outcomes[i] = outcomeOut(o)
	}
	c.JSON(http.StatusOK, out)
	return nil
}

// activate puts a plan in force; with anyway, whatever the launch gate finds.
func (h *Handlers) activate(c *gin.Context, k tracker.APIKey) error {
	in := struct {
		Reason string `json:"reason"`
		Anyway bool   `json:"anyway"`
	}{Reason: c.Query("reason")}
	if err := readOptional(c, &in); err != nil {
		return err
	}
	do := h.Tracker.ActivateBecause
	if in.Anyway {
		do = h.Tracker.ActivateAnyway
	}
	return h.enforce(c, "activate", in.Reason, actor(k), do)
}

// confirm puts everybody under the active plan who kept a gentler one.
func (h *Handlers) confirm(c *gin.Context, k tracker.APIKey) error {
	reason, err := reasonOf(c)
	if err != nil {
		return err
	}
	return h.enforce(c, "confirm", reason, actor(k), h.Tracker.ConfirmBecause)
}

// planAct is what staff do to a campaign with one of its plans.
type planAct func(ctx context.Context, campaign string, number int, reason, actor string, progress func(int)) (tracker.Campaign, error)

func (h *Handlers) enforce(c *gin.Context, act, reason, actor string, do planAct) error {
	number, err := numberOf(c)
	if err != nil {
		return err
	}
	web.Unhurried(c) // everybody in the audience is brought in
	campaign, err := do(c.Request.Context(), c.Param("campaign"), number, reason, actor, nil)
	if err != nil {
		return fmt.Errorf("%s plan %d of campaign %s: %w", act, number, c.Param("campaign"), err)
	}
	harsher, err := h.Tracker.Unconfirmed(c.Request.Context(), campaign.Key)
	if err != nil {
		return fmt.Errorf("compare the plans of campaign %s: %w", campaign.Key, err)
	}
	c.JSON(http.StatusOK, gin.H{
		"campaign": campaign.Key, "plan": campaign.Plan, "confirmed": campaign.Confirmed, "harsher": places(harsher),
		"activated_at": instant(campaign.ActivatedAt),
	})
	return nil
}
