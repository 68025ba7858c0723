package clients

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

// end is when something ends, given in one of two ways.
type end struct {
	Until time.Time `json:"until"`
	For   string    `json:"for"` // in place of until, from now: such as 14d
}

// at is the instant of the end.
func (e end) at(now time.Time) (time.Time, error) {
	if e.Until.IsZero() == (e.For == "") {
		return now, terms.Faults{{Path: "until", Detail: `give either until, an instant, or for, a length of time such as "14d"`}}
	}
	if e.For == "" {
		return e.Until, nil
	}
	length, err := terms.ParseDuration(e.For)
	if err != nil {
		return now, terms.Faults{{Path: "for", Detail: err.Error()}}
	}
	return now.Add(length), nil
}

// named names the fault of an end as it was given.
func (e end) named(err error) error {
	var faults terms.Faults
	if e.For != "" && errors.As(err, &faults) {
		for i := range faults {
			if faults[i].Path == "until" {
				faults[i].Path = "for"
			}
		}
	}
	return err
}

// extend gives somebody more time.
func (h *Handlers) extend(c *gin.Context, k tracker.APIKey) error {
	var in struct {
		end
		Campaign string `json:"campaign"`
		Lift     bool   `json:"lift"`
		Reason   string `json:"reason"`
	}
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	until, err := in.at(h.Now())
	if err != nil {
		return err
	}
	x := tracker.Extension{Person: c.Param("person"), Campaign: in.Campaign, Until: until, Lift: in.Lift, Reason: in.Reason}
	if _, err := h.Tracker.Extend(c.Request.Context(), x, actor(k)); err != nil {
		return fmt.Errorf("extend the time of person %s: %w", x.Person, in.named(err))
	}
	return h.answerPosition(c, http.StatusCreated, in.Campaign)
}

// exempt excuses somebody.
func (h *Handlers) exempt(c *gin.Context, k tracker.APIKey) error {
	var in struct {
		Campaign string    `json:"campaign"`
		Until    time.Time `json:"until"` // left out: until further notice
		Reason   string    `json:"reason"`
	}
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	x := tracker.Exemption{Person: c.Param("person"), Campaign: in.Campaign, Until: in.Until, Reason: in.Reason}
	if _, err := h.Tracker.Exempt(c.Request.Context(), x, actor(k)); err != nil {
		return fmt.Errorf("exempt person %s: %w", x.Person, err)
	}
	return h.answerPosition(c, http.StatusCreated, in.Campaign)
}

// endExemption asks somebody again who was excused.
func (h *Handlers) endExemption(c *gin.Context, k tracker.APIKey) error {
	reason, err := reasonOf(c)
	if err != nil {
		return err
	}
	person, campaign := c.Param("person"), c.Query("campaign")
	if campaign == "" {
		return terms.Faults{{Path: "campaign", Detail: "say of which campaign, as ?campaign=KEY"}}
	}
	if _, err := h.Tracker.EndExemption(c.Request.Context(), person, campaign, reason, actor(k)); err != nil {
		return fmt.Errorf("end the exemption of person %s: %w", person, err)
	}
	return h.answerPosition(c, http.StatusOK, campaign)
}

// answerPosition answers where a person stands in a campaign after an act.
func (h *Handlers) answerPosition(c *gin.Context, status int, campaign string) error {
	s, err := h.Tracker.Standing(c.Request.Context(), c.Param("person"))
	if err != nil {
		return fmt.Errorf("evaluate person %s: %w", c.Param("person"), err)
	}
	for _, pos := range s.Standing.Positions {
		if pos.Campaign == campaign {
			c.JSON(status, gin.H{"person": s.Person.ID, "position": positionOf(pos, s, h.Gate.AcceptURL(campaign))})
			return nil
		}
	}
	return terms.Errorf(terms.NotFound, "person %q is not in campaign %q any more", s.Person.ID, campaign)
}
