package clients

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// Reminders makes what apps show. All are required for the routes that show it.
type Reminders struct {
	// Of answers the reminder of a person with the texts it is about, in a
	// language, "" for the person's own.
	Of    func(ctx context.Context, person, campaign, language, acceptURL string) (templates.Banner, []terms.DocumentText, error)
	Pages *templates.Pages
	// Words tell a person what is off and why, in a language, else their own.
	Words func(ctx context.Context, person, language string) (templates.Locale, []string, error)
}

type remindOut struct {
	Campaign    string      `json:"campaign"`
	Mode        string      `json:"mode"` // "banner", "full_screen" or "none"
	Locale      string      `json:"locale"`
	Direction   string      `json:"direction"` // "ltr" or "rtl"
	Title       string      `json:"title"`
	Summary     string      `json:"summary"`
	Dismissible bool        `json:"dismissible"`
	EveryOpen   bool        `json:"every_open"`
	QuietUntil  *time.Time  `json:"quiet_until"`
	NextAt      *time.Time  `json:"next_at"`
	URL         string      `json:"url"`
	Sentence    string      `json:"sentence"`
	Documents   []askedOut  `json:"documents"`
	Actions     []actionOut `json:"actions"` // in the order to be kept
}

type actionOut struct {
	Action string `json:"action"`
	Label  string `json:"label"`
}

type askedOut struct {
	Document string `json:"document"`
	Version  string `json:"version"`
	Locale   string `json:"locale"`
	SHA256   string `json:"sha256"`
}

// reminder answers what to show of a campaign: facts for an app that draws it
// itself, or a piece of HTML for one that puts it into a page of its own.
func (h *Handlers) reminder(c *gin.Context, _ tracker.APIKey) error {
	page := h.Gate.AcceptURL(c.Param("campaign"))
	if back := c.Query("return"); back != "" { // the page looks whether it may lead there
		page += "?" + url.Values{"return": {back}}.Encode()
	}
	banner, documents, err := h.Reminders.Of(c.Request.Context(), c.Param("person"), c.Param("campaign"), c.Query("lang"), page)
	if err != nil {
		return fmt.Errorf("remind person %s of %s: %w", c.Param("person"), c.Param("campaign"), err)
	}
	c.Header("Content-Language", banner.Tag())
	if web.WantsPage(c) {
		var out bytes.Buffer
		if err := h.Reminders.Pages.Fragment(&out, "people/banner", "banner", banner); err != nil {
			return err
		}
		c.Data(http.StatusOK, "text/html; charset=utf-8", out.Bytes())
		return nil
	}
	answer, err := remindOf(banner, documents)
	if err == nil {
		c.JSON(http.StatusOK, answer)
	}
	return err
}

func remindOf(b templates.Banner, documents []terms.DocumentText) (remindOut, error) {
	out := remindOut{
		Campaign: b.Campaign, Mode: b.Mode, Locale: b.Tag(), Direction: b.Dir(), Title: b.Title, Dismissible: b.Dismissible,
		EveryOpen: b.EveryOpen, QuietUntil: instant(b.Quiet), NextAt: instant(b.NextAt), URL: b.URL,
		Documents: make([]askedOut, len(documents)), Actions: []actionOut{},
	}
	for i, text := range documents {
		out.Documents[i] = askedOut{text.Document, text.Version, text.Locale, text.SHA256}
	}
	var err error
	if out.Summary, err = b.Summary(); err != nil {
		return out, err
	}
	if out.Sentence, err = b.Assent(); err != nil {
		return out, err
	}
	actions, err := b.Actions()
	for _, a := range actions {
		out.Actions = append(out.Actions, actionOut(a))
	}
	return out, err
}
