package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/terms"
	"assent/tracker"
)

type standingOut struct {
	Person       string                   `json:"person"`
	Region       string                   `json:"region"`
	Capabilities map[string]capabilityOut `json:"capabilities"`
	Campaigns    []positionOut            `json:"campaigns"`
	Revision     uint64                   `json:"revision"`
}

type capabilityOut struct {
	Value    terms.Value  `json:"value"`
	Reason   terms.Reason `json:"reason"`
	Campaign string       `json:"campaign,omitempty"`
	Stage    string       `json:"stage,omitempty"`
}

type positionOut struct {
	Campaign  string       `json:"campaign"`
	Plan      int          `json:"plan"`
	Status    terms.Status `json:"status"`
	Effect    terms.Effect `json:"effect,omitempty"` // of an acceptance
	Region    string       `json:"region,omitempty"` // key of the plan's region
	Bound     bool         `json:"bound,omitempty"`  // stands where its owner stands
	Stage     string       `json:"stage"`
	Shadow    bool         `json:"shadow,omitempty"` // that stage is only tried
	Window    bool         `json:"window,omitempty"` // a brown-out is on
	Since     time.Time    `json:"since"`
	Until     *time.Time   `json:"until,omitempty"`    // end of an exemption
	Extended  *time.Time   `json:"extended,omitempty"` // the personal clock starts no earlier
	Next      *nextOut     `json:"next"`               // null when no stage lies ahead
	Hold      *heldOut     `json:"hold,omitempty"`
	Lifted    bool         `json:"lifted,omitempty"`
	Reversal  string       `json:"reversal,omitempty"`
	Reminder  *reminderOut `json:"reminder"` // null for none
	Restore   string       `json:"restore,omitempty"`
	AcceptURL string       `json:"accept_url"`
}

type nextOut struct {
	Stage    string     `json:"stage"`
	At       *time.Time `json:"at"` // null when no date can be given
	WaitsFor string     `json:"waits_for,omitempty"`
}

// heldOut is the hold that somebody is under, as they can be told of it.
type heldOut struct {
	ID        string     `json:"id"`
	Reason    string     `json:"reason"`
	Reference string     `json:"reference,omitempty"`
	EndsAt    *time.Time `json:"ends_at"`           // null while it is open
	Message   string     `json:"message,omitempty"` // in the person's language
}

type reminderOut struct {
	Mode        terms.Mode `json:"mode"`
	Dismissible bool       `json:"dismissible"`
	QuietUntil  *time.Time `json:"quiet_until"`
	SnoozesLeft int        `json:"snoozes_left"`
}

func (h *Handlers) standing(c *gin.Context, _ tracker.APIKey) error {
	s, err := h.Tracker.Standing(c.Request.Context(), c.Param("person"))
	if err != nil {
		return fmt.Errorf("evaluate person %s: %w", c.Param("person"), err)
	}
	c.JSON(http.StatusOK, StandingJSON(s, h.Gate.AcceptURL))
	return nil
}

// StandingJSON is a person's standing in the form that programs get. acceptURL
// is the address of a campaign's choice page.
func StandingJSON(s tracker.PersonStanding, acceptURL func(campaign string) string) any {
	out := standingOut{
		Person: s.Person.ID, Region: s.Person.Country, Revision: s.Revision,
		Capabilities: make(map[string]capabilityOut, len(s.Standing.Capabilities)), Campaigns: []positionOut{},
	}
	for _, one := range s.Standing.Capabilities {
		out.Capabilities[one.Capability] = capabilityOut{one.Value, one.Reason, one.Campaign, one.Stage}
	}
	for _, pos := range s.Standing.Positions {
		out.Campaigns = append(out.Campaigns, positionOf(pos, s, acceptURL(pos.Campaign)))
	}
	return out
}

func positionOf(p terms.Position, s tracker.PersonStanding, acceptURL string) positionOut {
	out := positionOut{
		Campaign: p.Campaign, Plan: p.Plan, Status: p.Status, Effect: p.Effect, Region: p.Region, Bound: p.Bound,
		Stage: p.Stage, Shadow: p.Shadow, Window: p.Window, Since: p.Since.UTC(), Until: instant(p.Until), Extended: instant(p.Extended),
		Lifted: p.Lifted, Reversal: p.Reversal, AcceptURL: acceptURL,
	}
	if h, ok := s.Holds[p.HoldID]; ok {
		out.Hold = &heldOut{h.ID, h.Reason, h.Reference, instant(h.Ends), h.Message.In(s.Person.Locale)}
	}
	if p.Next.Stage != "" {
		out.Next = &nextOut{Stage: p.Next.Stage, At: instant(p.Next.At), WaitsFor: p.Next.Why}
	}
	if p.Reminder.Mode != terms.NoReminder {
		out.Reminder = &reminderOut{p.Reminder.Mode, p.Reminder.Dismissible, instant(p.Quiet), p.Snoozes}
	}
	if !p.Bound && (p.Status == terms.Pending || p.Status == terms.Declined) {
		out.Restore = "accept"
	}
	return out
}
