package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/tracker"
)

// approvalExpired is the state of a request that nobody decided in time.
const approvalExpired = "expired"

type approvalOut struct {
	ID        string          `json:"id"`
	Campaign  string          `json:"campaign"`
	Act       string          `json:"act"`
	Object    string          `json:"object"`
	State     string          `json:"state"`
	Request   json.RawMessage `json:"request"` // what was asked for
	AskedBy   string          `json:"asked_by"`
	AskedAt   time.Time       `json:"asked_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	DecidedBy string          `json:"decided_by,omitempty"`
	DecidedAt *time.Time      `json:"decided_at"`
	Note      string          `json:"note,omitempty"` // why it was asked for, or turned down
}

func approvalOf(a tracker.Approval, now time.Time) approvalOut {
	out := approvalOut{
		ID: a.ID, Campaign: a.Campaign, Act: a.Act, Object: a.Object, State: string(a.State), Request: a.Request,
		AskedBy: a.AskedBy, AskedAt: a.AskedAt.UTC(), ExpiresAt: a.Expires.UTC(), DecidedBy: a.DecidedBy, DecidedAt: instant(a.DecidedAt), Note: a.Note,
	}
	if a.State == tracker.ApprovalOpen && !now.Before(a.Expires) {
		out.State = approvalExpired
	}
	return out
}

// awaited answers an act that now waits for a second person: 202 and the
// approval, whichever act it is. Any other error is handed on.
func (h *Handlers) awaited(c *gin.Context, err error) error {
	var waits *tracker.Awaits
	if !errors.As(err, &waits) {
		return err
	}
	c.Header("Location", "/api/v1/approvals/"+waits.Approval.ID)
	c.JSON(http.StatusAccepted, gin.H{"approval": approvalOf(waits.Approval, h.Now())})
	return nil
}

// listApprovals answers the newest requests, of one campaign or of all.
func (h *Handlers) listApprovals(c *gin.Context, _ tracker.APIKey) error {
	list, err := h.Tracker.ApprovalList(c.Request.Context(), c.Query("campaign"))
	if err != nil {
		return fmt.Errorf("list approvals: %w", err)
	}
	now, out := h.Now(), make([]approvalOut, len(list))
	for i, a := range list {
		out[i] = approvalOf(a, now)
	}
	c.JSON(http.StatusOK, gin.H{"approvals": out})
	return nil
}

func (h *Handlers) getApproval(c *gin.Context, _ tracker.APIKey) error {
	a, err := h.Tracker.Approval(c.Request.Context(), c.Param("approval"))
	if err != nil {
		return fmt.Errorf("get approval %s: %w", c.Param("approval"), err)
	}
	c.JSON(http.StatusOK, approvalOf(a, h.Now()))
	return nil
}

// approve carries out what another key, or a member of staff, asked for.
func (h *Handlers) approve(c *gin.Context, k tracker.APIKey) error {
	a, err := h.Tracker.Approve(c.Request.Context(), c.Param("approval"), actor(k))
	if err != nil {
		return fmt.Errorf("approve %s: %w", c.Param("approval"), err)
	}
	c.JSON(http.StatusOK, approvalOf(a, h.Now()))
	return nil
}

func (h *Handlers) reject(c *gin.Context, k tracker.APIKey) error {
	var in struct {
		Note string `json:"note"`
	}
	if err := readOptional(c, &in); err != nil {
		return err
	}
	a, err := h.Tracker.Reject(c.Request.Context(), c.Param("approval"), in.Note, actor(k))
	if err != nil {
		return fmt.Errorf("reject %s: %w", c.Param("approval"), err)
	}
	c.JSON(http.StatusOK, approvalOf(a, h.Now()))
	return nil
}

// readOptional reads a body of JSON that may be left out.
func readOptional(c *gin.Context, dst any) error {
	if c.Request.ContentLength == 0 {
		return nil
	}
	return web.ReadJSON(c, dst)
}

// reasonOf is the reason that an act comes with: in a body of JSON, or in the
// address where there is none.
func reasonOf(c *gin.Context) (string, error) {
	in := struct {
		Reason string `json:"reason"`
	}{c.Query("reason")}
	err := readOptional(c, &in)
	return in.Reason, err
}
