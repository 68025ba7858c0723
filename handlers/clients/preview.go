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

type previewIn struct {
	At time.Time `json:"at"`
}

type previewMove struct {
	Action terms.DueAction `json:"action"`
	From   string          `json:"from"`
	To     string          `json:"to"`
	Region string          `json:"region"`
	People int             `json:"people"`
}

type previewWait struct {
	Why    string `json:"why"`
	People int    `json:"people"`
}

type previewCapability struct {
	Capability string `json:"capability"`
	Lose       int    `json:"lose"`
	Regain     int    `json:"regain"`
}

type previewPerson struct {
	Person string          `json:"person"`
	Action terms.DueAction `json:"action"`
	From   string          `json:"from"`
	To     string          `json:"to"`
}

type previewOut struct {
	Campaign     string              `json:"campaign"`
	At           time.Time           `json:"at"`
	Examined     int                 `json:"examined"`
	Moves        []previewMove       `json:"moves"`
	Waits        []previewWait       `json:"waits"`
	Capabilities []previewCapability `json:"capabilities"`
	Sample       []previewPerson     `json:"sample"`
}

// PreviewJSON is a preview in the form that programs get.
func PreviewJSON(p tracker.Preview) any {
	out := previewOut{
		Campaign: p.Campaign, At: p.At.UTC(), Examined: p.Examined,
		Moves: []previewMove{}, Waits: []previewWait{}, Capabilities: []previewCapability{}, Sample: []previewPerson{},
	}
	for _, m := range p.Moves {
		out.Moves = append(out.Moves, previewMove(m))
	}
	for _, w := range p.Waits {
		out.Waits = append(out.Waits, previewWait(w))
	}
	for _, c := range p.Capabilities {
		out.Capabilities = append(out.Capabilities, previewCapability(c))
	}
	for _, one := range p.Sample {
		out.Sample = append(out.Sample, previewPerson(one))
	}
	return out
}

// preview says what a run would do, now or at an instant. The body may be empty.
func (h *Handlers) preview(c *gin.Context, _ tracker.APIKey) error {
	var in previewIn
	if c.Request.ContentLength != 0 {
		if err := web.ReadJSON(c, &in); err != nil {
			return err
		}
	}
	web.Unhurried(c) // it looks at everybody who is due
	p, err := h.Tracker.Preview(c.Request.Context(), c.Param("campaign"), in.At.UTC(), nil)
	if err != nil {
		return fmt.Errorf("preview campaign %s: %w", c.Param("campaign"), err)
	}
	c.JSON(http.StatusOK, PreviewJSON(p))
	return nil
}
