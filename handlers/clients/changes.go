package clients

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"assent/terms"
	"assent/tracker"
)

// changesPage is how many changes one answer holds.
const changesPage = 1000

type changeOut struct {
	Revision uint64             `json:"revision"`
	Kind     tracker.ChangeKind `json:"kind"`
	At       time.Time          `json:"at"`
	Campaign string             `json:"campaign"`
	Person   string             `json:"person,omitempty"` // "" for a change of the campaign as a whole
	Status   terms.Status       `json:"status,omitempty"`
	Stage    string             `json:"stage,omitempty"`
}

// changes answers a page of the log of changes, or goes on sending them to
// whoever accepts a stream. A follower that has applied all of a page asks again
// after the revision in next.
func (h *Handlers) changes(c *gin.Context, _ tracker.APIKey) error {
	if c.NegotiateFormat("application/json", "text/event-stream") == "text/event-stream" {
		return h.followChanges(c)
	}
	after, err := strconv.ParseUint(c.DefaultQuery("after", "0"), 10, 63)
	if err != nil {
		return terms.Faults{{Path: "after", Detail: fmt.Sprintf("%q is not a revision: give the last one you applied, or 0", c.Query("after"))}}
	}
	feed, err := h.Tracker.Changes(c.Request.Context(), after, changesPage)
	if err != nil {
		return fmt.Errorf("read changes after %d: %w", after, err)
	}
	list, next := make([]changeOut, len(feed.Changes)), after
	for i, change := range feed.Changes {
		next, list[i] = change.Revision, changeOf(change, feed.Stages[i])
	}
	c.JSON(http.StatusOK, gin.H{"changes": list, "next": next, "newest": feed.Newest})
	return nil
}

func changeOf(c tracker.Change, stage string) changeOut {
	return changeOut{
		Revision: c.Revision, Kind: c.Kind, At: c.At.UTC(), Campaign: c.Enrolled.Campaign,
		Person: c.Enrolled.Person, Status: c.Enrolled.Status, Stage: stage,
	}
}
