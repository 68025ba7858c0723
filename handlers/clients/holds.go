package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

type scopeJSON struct {
	Region string `json:"region,omitempty"`
	Person string `json:"person,omitempty"`
}

type holdIn struct {
	Scope     scopeJSON        `json:"scope"`
	Reason    string           `json:"reason"`
	Reference string           `json:"reference"`
	Clock     terms.HoldClock  `json:"clock"`
	Effect    terms.HoldEffect `json:"effect"`
	StartsAt  time.Time        `json:"starts_at"`
	EndsAt    time.Time        `json:"ends_at"`
}

type holdOut struct {
	ID         string           `json:"id"`
	Campaign   string           `json:"campaign"`
	Scope      scopeJSON        `json:"scope"`
	Reason     string           `json:"reason"`
	Reference  string           `json:"reference,omitempty"`
	Clock      terms.HoldClock  `json:"clock"`
	Effect     terms.HoldEffect `json:"effect"`
	StartsAt   time.Time        `json:"starts_at"`
	EndsAt     *time.Time       `json:"ends_at"` // null while it is open
	PlacedAt   time.Time        `json:"placed_at"`
	PlacedBy   string           `json:"placed_by"`
	ReleasedBy string           `json:"released_by,omitempty"`
}

// hold is what was asked for; left out, a hold stops the clock and leaves
// people where they are.
func (in holdIn) hold(campaign string) terms.Hold {
	h := terms.Hold{
		Campaign: campaign, Scope: terms.Scope{Region: in.Scope.Region, Person: in.Scope.Person}, Reason: in.Reason, Reference: in.Reference,
		Clock: in.Clock, Effect: in.Effect, Starts: in.StartsAt.UTC(), Ends: in.EndsAt.UTC(),
	}
	if h.Clock == "" {
		h.Clock = terms.ClockStop
	}
	if h.Effect == "" {
		h.Effect = terms.Freeze
	}
	return h
}

func holdOf(h tracker.Hold) holdOut {
	return holdOut{
		ID: h.ID, Campaign: h.Campaign, Scope: scopeJSON{h.Scope.Region, h.Scope.Person}, Reason: h.Reason, Reference: h.Reference,
		Clock: h.Clock, Effect: h.Effect, StartsAt: h.Starts.UTC(), EndsAt: instant(h.Ends),
		PlacedAt: h.PlacedAt.UTC(), PlacedBy: h.PlacedBy, ReleasedBy: h.ReleasedBy,
	}
}

func (h *Handlers) placeHold(c *gin.Context, k tracker.APIKey) error {
	var in holdIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	placed, err := h.Tracker.PlaceHold(c.Request.Context(), in.hold(c.Param("campaign")), actor(k))
	if err != nil {
		return fmt.Errorf("hold campaign %s: %w", c.Param("campaign"), err)
	}
	c.JSON(http.StatusCreated, holdOf(placed))
	return nil
}

func (h *Handlers) releaseHold(c *gin.Context, k tracker.APIKey) error {
	released, err := h.Tracker.ReleaseHold(c.Request.Context(), c.Param("campaign"), c.Param("hold"), c.Query("reason"), actor(k))
	if err != nil {
		return fmt.Errorf("release hold %s: %w", c.Param("hold"), err)
	}
	c.JSON(http.StatusOK, holdOf(released))
	return nil
}
