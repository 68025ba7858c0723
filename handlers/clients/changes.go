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
	if after > feed.Newest {
		return putBack(after, feed.Newest)
	}
	list, next := make([]changeOut, len(feed.Changes)), after
	for i, change := range feed.Changes {
		next, list[i] = change.Revision, changeOf(change, feed.Stages[i])
	}
	c.JSON(http.StatusOK, gin.H{"changes": list, "next": next, "newest": feed.Newest})
	return nil
}

// putBack is the answer to whoever has applied more than there is.
func putBack(applied, newest uint64) error {
	return &web.Problem{
		Status: http.StatusGone, Type: "put_back", Fields: map[string]any{"newest": newest},
		Detail: fmt.Sprintf("you have applied revision %d and the newest is %d: the database was put back to an older state; read everything again, then go on after what you have read", applied, newest),
	}
}

func changeOf(c tracker.Change, stage string) changeOut {
	return changeOut{
		Revision: c.Revision, Kind: c.Kind, At: c.At.UTC(), Campaign: c.Enrolled.Campaign,
		Person: c.Enrolled.Person, Status: c.Enrolled.Status, Stage: stage,
	}
}
