package clients

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

type reversalIn struct {
	Region    string          `json:"region"`
	To        string          `json:"to"` // key of a stage, or off
	Reminders terms.Reminding `json:"reminders"`
	Reason    string          `json:"reason"`
	Reference string          `json:"reference"`
}

type reversalOut struct {
	ID         string          `json:"id"`
	Campaign   string          `json:"campaign"`
	Region     string          `json:"region"` // "" for everybody
	To         string          `json:"to"`     // key of the stage
	Reminders  terms.Reminding `json:"reminders"`
	Reason     string          `json:"reason"`
	Reference  string          `json:"reference,omitempty"`
	At         time.Time       `json:"at"`
	By         string          `json:"by"`
	UndoUntil  time.Time       `json:"undo_until"`
	UndoneAt   *time.Time      `json:"undone_at"` // null while it is in force
	UndoneBy   string          `json:"undone_by,omitempty"`
	UndoReason string          `json:"undo_reason,omitempty"`
	Before     []stageOut      `json:"before"`  // when it was made
	After      []stageOut      `json:"after"`   // once everybody has been taken back
	Current    []stageOut      `json:"current"` // now
}

// reversalOf counts those whom a reversal concerns, by the stages of the active
// plan.
func reversalOf(r tracker.Reversed, p terms.Plan) reversalOut {
	staged := func(cells []tracker.Count) []stageOut {
		out := make([]stageOut, len(p.Stages))
		for i, s := range p.Stages {
			out[i].Stage = s.Key
		}
		for _, cell := range cells {
			concerned := r.Region == "" || r.Region == cell.Country || r.Region == p.In(cell.Country).Region
			if concerned && cell.Stage < len(out) && slices.Contains([]terms.Status{terms.Pending, terms.Declined}, cell.Status) {
				out[cell.Stage].People += cell.People
			}
		}
		return out
	}
	return reversalOut{
		ID: r.ID, Campaign: r.Campaign, Region: r.Region, To: r.Stage, Reminders: r.Reminders, Reason: r.Reason, Reference: r.Reference,
		At: r.At.UTC(), By: r.By, UndoUntil: r.UndoUntil.UTC(), UndoneAt: instant(r.Undone), UndoneBy: r.UndoneBy, UndoReason: r.UndoReason,
		Before: staged(r.Before), After: staged(r.After), Current: staged(r.Current),
	}
}

// activePlan is the plan in force of a campaign that has one.
func (h *Handlers) activePlan(c *gin.Context) (terms.Plan, error) {
	campaign, err := h.Tracker.Campaign(c.Request.Context(), c.Param("campaign"))
	if err != nil {
		return terms.Plan{}, fmt.Errorf("get campaign %s: %w", c.Param("campaign"), err)
	}
	p, err := h.Tracker.Plan(c.Request.Context(), campaign.Key, campaign.Plan)
	if err != nil {
		return terms.Plan{}, fmt.Errorf("get the active plan of campaign %s: %w", campaign.Key, err)
	}
	return p.Plan, nil
}

func (h *Handlers) answerReversal(c *gin.Context, status int, r tracker.Reversed) error {
	p, err := h.activePlan(c)
	if err != nil {
		return err
	}
	c.JSON(status, reversalOf(r, p))
	return nil
}

// reverse takes a campaign, or a region of it, back to a stage or off.
func (h *Handlers) reverse(c *gin.Context, k tracker.APIKey) error {
	var in reversalIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	made, err := h.Tracker.Reverse(c.Request.Context(), terms.Reversal{
		Campaign: c.Param("campaign"), Region: in.Region, Stage: in.To, Reminders: in.Reminders, Reason: in.Reason, Reference: in.Reference,
	}, actor(k))
	if err != nil {
		return fmt.Errorf("reverse campaign %s: %w", c.Param("campaign"), err)
	}
	c.Header("Location", "/api/v1/campaigns/"+made.Campaign+"/reversals/"+made.ID)
	return h.answerReversal(c, http.StatusCreated, made)
}

func (h *Handlers) listReversals(c *gin.Context, _ tracker.APIKey) error {
	list, err := h.Tracker.ReversalList(c.Request.Context(), c.Param("campaign"))
	if err != nil {
		return fmt.Errorf("list reversals of campaign %s: %w", c.Param("campaign"), err)
	}
	p, err := h.activePlan(c)
	if err != nil {
		return err
	}
	out := make([]reversalOut, len(list))
	for i, one := range list {
		out[i] = reversalOf(one, p)
	}
	c.JSON(http.StatusOK, gin.H{"campaign": c.Param("campaign"), "reversals": out})
	return nil
}

func (h *Handlers) getReversal(c *gin.Context, _ tracker.APIKey) error {
	one, err := h.Tracker.Reversal(c.Request.Context(), c.Param("campaign"), c.Param("reversal"))
	if err != nil {
		return fmt.Errorf("get reversal %s: %w", c.Param("reversal"), err)
	}
	return h.answerReversal(c, http.StatusOK, one)
}

// undo takes a reversal back within its window.
func (h *Handlers) undo(c *gin.Context, k tracker.APIKey) error {
	reason, err := reasonOf(c)
	if err != nil {
		return err
	}
	undone, err := h.Tracker.Undo(c.Request.Context(), c.Param("campaign"), c.Param("reversal"), reason, actor(k))
	if err != nil {
		return fmt.Errorf("undo reversal %s: %w", c.Param("reversal"), err)
	}
	return h.answerReversal(c, http.StatusOK, undone)
}
