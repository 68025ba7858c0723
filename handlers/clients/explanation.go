package clients

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/terms"
	"assent/tracker"
)

// explanationOut is a standing with its reasons: in words for the person, and in
// sentences for whoever speaks with them.
type explanationOut struct {
	Person       string       `json:"person"`
	Region       string       `json:"region"`
	At           time.Time    `json:"at"`
	Revision     uint64       `json:"revision"`
	Language     string       `json:"language"` // of words
	Words        []string     `json:"words"`
	Sentences    []string     `json:"sentences"` // in English, as the console shows them
	Capabilities []whyOut     `json:"capabilities"`
	Campaigns    []bearingOut `json:"campaigns"`
}

// whyOut is a capability that a rule decides about.
type whyOut struct {
	Capability string       `json:"capability"`
	Value      terms.Value  `json:"value"`
	Allowed    bool         `json:"allowed"`
	Rule       tracker.Rule `json:"rule"`
	Campaign   string       `json:"campaign,omitempty"`
	Stage      string       `json:"stage,omitempty"`
	Since      *time.Time   `json:"since"` // null when it cannot be told
	Sentence   string       `json:"sentence"`
}

// bearingOut is what bears on what comes next in a campaign.
type bearingOut struct {
	Campaign  string       `json:"campaign"`
	Title     string       `json:"title"`
	Status    terms.Status `json:"status"`
	Stage     string       `json:"stage"`
	Since     time.Time    `json:"since"`
	Next      *nextOut     `json:"next"`
	Blocked   bool         `json:"blocked"` // a pause, the breaker or a failure keeps the next stage away
	Holds     []string     `json:"holds"`   // ids of those in force
	Extended  *time.Time   `json:"extended_until"`
	Exempt    *time.Time   `json:"exempt_until"`
	Reversal  string       `json:"reversal,omitempty"`
	Restore   string       `json:"restore,omitempty"` // in English
	AcceptURL string       `json:"accept_url"`
}

// explanation says why a person stands where they stand. Whoever accepts
// text/plain gets the words alone, in the language asked for, else the person's.
func (h *Handlers) explanation(c *gin.Context, _ tracker.APIKey) error {
	person := c.Param("person")
	x, err := h.Tracker.Explain(c.Request.Context(), person)
	if err != nil {
		return fmt.Errorf("explain person %s: %w", person, err)
	}
	locale, words, err := h.Reminders.Words(c.Request.Context(), person, c.GetHeader("Accept-Language"))
	if err != nil {
		return fmt.Errorf("explain person %s: %w", person, err)
	}
	c.Header("Content-Language", locale.Tag())
	c.Header("Vary", "Accept, Accept-Language")
	if c.NegotiateFormat("application/json", "text/plain") == "text/plain" {
		c.String(http.StatusOK, "%s\n", strings.Join(words, "\n"))
		return nil
	}
	out := explanationOut{
		Person: x.Person.ID, Region: x.Person.Country, At: x.At.UTC(), Revision: x.Revision, Language: locale.Tag(), Words: words,
		Sentences: x.Sentences(), Capabilities: make([]whyOut, len(x.Capabilities)), Campaigns: make([]bearingOut, len(x.Campaigns)),
	}
	for i, why := range x.Capabilities {
		out.Capabilities[i] = whyOut{why.Capability, why.Value, why.Allowed, why.Rule, why.Campaign, why.Stage, instant(why.Since), why.Sentence}
	}
	for i, one := range x.Campaigns {
		out.Campaigns[i] = bearingOf(one, h.Gate.AcceptURL(one.Campaign))
	}
	c.JSON(http.StatusOK, out)
	return nil
}

func bearingOf(c tracker.CampaignWhy, acceptURL string) bearingOut {
	out := bearingOut{
		Campaign: c.Campaign, Title: c.Title, Status: c.Status, Stage: c.Stage, Since: c.Since.UTC(), Blocked: c.Blocked,
		Holds: make([]string, len(c.Holds)), Restore: c.Restore, AcceptURL: acceptURL,
	}
	if c.Next.Stage != "" {
		out.Next = &nextOut{Stage: c.Next.Stage, At: instant(c.Next.At), WaitsFor: c.Next.Why}
	}
	for i, hold := range c.Holds {
		out.Holds[i] = hold.ID
	}
	if c.Extension != nil {
		out.Extended = instant(c.Extension.Until)
	}
	if c.Exemption != nil {
		out.Exempt = instant(c.Exemption.Until)
	}
	if c.Reversed != nil {
		out.Reversal = c.Reversed.ID
	}
	return out
}
