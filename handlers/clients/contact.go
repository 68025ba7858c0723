package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/tracker"
)

type contactIn struct {
	Email    string            `json:"email"`
	Channels []tracker.Channel `json:"channels"`
	Zone     string            `json:"zone"`
}

type contactOut struct {
	Email     string            `json:"email"`
	Channels  []tracker.Channel `json:"channels"`
	Zone      string            `json:"zone"`
	Language  string            `json:"language"`  // that the person chose on a page, "" for none
	Reminders bool              `json:"reminders"` // may be sent by e-mail
	ChangedAt time.Time         `json:"changed_at"`
	BouncedAt *time.Time        `json:"bounced_at"`
}

func (in contactIn) contact() tracker.Contact {
	return tracker.Contact{Email: in.Email, Channels: in.Channels, Zone: in.Zone}
}

func (h *Handlers) getContact(c *gin.Context, _ tracker.APIKey) error {
	return h.answerContact(c)
}

func (h *Handlers) answerContact(c *gin.Context) error {
	found, err := h.Tracker.ContactOf(c.Request.Context(), c.Param("person"))
	if err != nil {
		return fmt.Errorf("get the contact of %s: %w", c.Param("person"), err)
	}
	out := contactOut{
		Email: found.Email, Channels: append([]tracker.Channel{}, found.Channels...), Zone: found.Zone,
		Language: found.Language, Reminders: found.Silenced.IsZero(), ChangedAt: found.Changed.UTC(),
	}
	if !found.Bounced.IsZero() {
		out.BouncedAt = &found.Bounced
	}
	c.JSON(http.StatusOK, out)
	return nil
}

func (h *Handlers) putContact(c *gin.Context, _ tracker.APIKey) error {
	var in contactIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	if err := h.Tracker.SetContact(c.Request.Context(), c.Param("person"), in.contact()); err != nil {
		return fmt.Errorf("set the contact of %s: %w", c.Param("person"), err)
	}
	return h.answerContact(c)
}

func (h *Handlers) deleteContact(c *gin.Context, _ tracker.APIKey) error {
	if err := h.Tracker.DeleteContact(c.Request.Context(), c.Param("person")); err != nil {
		return fmt.Errorf("delete the contact of %s: %w", c.Param("person"), err)
	}
	c.Status(http.StatusNoContent)
	return nil
}
