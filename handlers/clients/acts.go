package clients

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

type actOut struct {
	ID        string          `json:"id"` // "" for acts from before they were in the log
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor"`
	Action    string          `json:"action"`
	Object    string          `json:"object,omitempty"`
	Person    string          `json:"person,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Erased    bool            `json:"erased,omitempty"` // person, reason, before and after are destroyed
	LeafIndex *int64          `json:"leaf_index,omitempty"`
}

// actProofOut is an act with all it takes to prove it.
type actProofOut struct {
	actOut
	Record  json.RawMessage `json:"record,omitempty"`
	Details json.RawMessage `json:"details,omitempty"`
	Salt    []byte          `json:"salt,omitempty"` // base64
	Proof   *ledger.Proof   `json:"proof,omitempty"`
}

func actOf(a tracker.Act) actOut {
	out := actOut{
		ID: a.ID, At: a.At.UTC(), Actor: a.Actor, Action: a.Action, Object: a.Object, Person: a.Person, Reason: a.Reason,
		Before: json.RawMessage(a.Before), After: json.RawMessage(a.After), RequestID: a.Request, Erased: len(a.Details) == 0,
	}
	if a.LeafIndex >= 0 {
		out.LeafIndex = &a.LeafIndex
	}
	return out
}

// listActs pages through the audit log, newest first.
func (h *Handlers) listActs(c *gin.Context, _ tracker.APIKey) error {
	q := tracker.ActQuery{Person: c.Query("person"), Object: c.Query("object")}
	limit, err := numeric(c, "limit", usualPage, 1, usualPage)
	if err != nil {
		return err
	}
	q.Limit = int(limit)
	if before := c.Query("before"); before != "" {
		if q.Before, err = strconv.ParseInt(before, 10, 64); err != nil || q.Before < 1 {
			return terms.Faults{{Path: "before", Detail: "must be the next of an earlier answer"}}
		}
	}
	acts, err := h.Tracker.ActList(c.Request.Context(), q)
	if err != nil {
		return fmt.Errorf("list acts: %w", err)
	}
	out := gin.H{}
	list := make([]actOut, len(acts))
	for i, a := range acts {
		list[i] = actOf(a)
	}
	out["acts"] = list
	if len(acts) == q.Limit {
		out["next"] = strconv.FormatInt(acts[len(acts)-1].Place, 10)
	}
	c.JSON(http.StatusOK, out)
	return nil
}

func (h *Handlers) getAct(c *gin.Context, _ tracker.APIKey) error {
	a, err := h.Tracker.Act(c.Request.Context(), c.Param("act"))
	if err != nil {
		return fmt.Errorf("get act %s: %w", c.Param("act"), err)
	}
	out := actProofOut{actOut: actOf(a.Act), Record: a.Record, Details: a.Details, Salt: a.Salt}
	if a.Receipt != nil {
		out.Proof = &a.Receipt.Proof
	}
	c.JSON(http.StatusOK, out)
	return nil
}
