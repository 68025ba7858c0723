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

// changes answers a page of the log of changes. A follower that has applied
// all of it asks again after the revision in next.
func (h *Handlers) changes(c *gin.Context, _ tracker.APIKey) error {
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
		next = change.Revision
		list[i] = changeOut{
			Revision: change.Revision, Kind: change.Kind, At: change.At.UTC(), Campaign: change.Enrolled.Campaign,
			Person: change.Enrolled.Person, Status: change.Enrolled.Status, Stage: feed.Stages[i],
		}
	}
	c.JSON(http.StatusOK, gin.H{"changes": list, "next": next, "newest": feed.Newest})
	return nil
}
