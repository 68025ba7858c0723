package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

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
	Reason string `json:"reason"` // the same in words
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
	Region string          `json:"region"`
	Lose   []string        `json:"lose"`
	Regain []string        `json:"regain"`
}

type previewOut struct {
	Campaign     string              `json:"campaign"`
	At           time.Time           `json:"at"`
	Examined     int                 `json:"examined"`
	Moves        []previewMove       `json:"moves"`
	Stopped      []previewMove       `json:"stopped"`
	Waits        []previewWait       `json:"waits"`
	Capabilities []previewCapability `json:"capabilities"`
	Sample       []previewPerson     `json:"sample"`
	Restricted   int                 `json:"restricted"`
	Breaker      breakerOut          `json:"breaker"`
	Trips        bool                `json:"trips"`
	Paused       bool                `json:"paused"`
	Walking      bool                `json:"walking"`
	Failing      int                 `json:"failing"`
}

// waitingFor puts into words why people are left where they are.
func waitingFor(why string) string {
	switch why {
	case terms.WaitsForNotice:
		return "no notice has reached them at this stage, so nothing is taken from them"
	case terms.WaitsForHold:
		return "a hold keeps them where they are"
	case terms.WaitsAtEnd:
		return "the ladder, or their region's part of it, goes no further"
	case terms.WaitsForOwner:
		return "the account stands where its owner stands"
	default:
		return "their next date has not come yet"
	}
}

// PreviewJSON is a preview in the form that programs get.
func PreviewJSON(p tracker.Preview) any {
	out := previewOut{
		Campaign: p.Campaign, At: p.At.UTC(), Examined: p.Examined, Moves: movesOf(p.Moves), Stopped: movesOf(p.Stopped),
		Waits: []previewWait{}, Capabilities: []previewCapability{}, Sample: []previewPerson{},
		Restricted: p.Restricted, Breaker: breakerOf(p.Breaker, p.At), Trips: p.Trips, Paused: p.Paused, Walking: p.Walking, Failing: p.Failing,
	}
	out.Breaker.Campaign = p.Campaign
	for _, w := range p.Waits {
		out.Waits = append(out.Waits, previewWait{w.Why, waitingFor(w.Why), w.People})
	}
	for _, c := range p.Capabilities {
		out.Capabilities = append(out.Capabilities, previewCapability(c))
	}
	for _, one := range p.Sample {
		out.Sample = append(out.Sample, personMoved(one))
	}
	return out
}

func movesOf(list []tracker.PreviewMove) []previewMove {
	out := make([]previewMove, len(list))
	for i, m := range list {
		out[i] = previewMove(m)
	}
	return out
}

func personMoved(p tracker.PreviewPerson) previewPerson {
	out := previewPerson(p)
	if out.Lose == nil {
		out.Lose = []string{}
	}
	if out.Regain == nil {
		out.Regain = []string{}
	}
	return out
}

// preview says what a run would do, now or at an instant. The body may be empty.
func (h *Handlers) preview(c *gin.Context, _ tracker.APIKey) error {
	var in previewIn
	if err := readOptional(c, &in); err != nil {
		return err
	}
	web.Unhurried(c) // it looks at everybody who is due
	if c.NegotiateFormat("application/json", ndjson) == ndjson {
		return h.streamPreview(c, in.At.UTC())
	}
	p, err := h.Tracker.Preview(c.Request.Context(), c.Param("campaign"), in.At.UTC(), tracker.PreviewOptions{})
	if err != nil {
		return fmt.Errorf("preview campaign %s: %w", c.Param("campaign"), err)
	}
	c.JSON(http.StatusOK, PreviewJSON(p))
	return nil
}

// streamPreview writes a line about each person as they are found, and the
// summary last. An answer without it broke off.
func (h *Handlers) streamPreview(c *gin.Context, at time.Time) error {
	line := func(v any) error {
		if !c.Writer.Written() {
			c.Header("Content-Type", ndjson)
			c.Status(http.StatusOK)
		}
		data, err := json.Marshal(v)
		if err == nil {
			_, err = c.Writer.Write(append(data, '\n'))
		}
		return err
	}
	p, err := h.Tracker.Preview(c.Request.Context(), c.Param("campaign"), at, tracker.PreviewOptions{
		Each: func(p tracker.PreviewPerson) error { return line(personMoved(p)) },
		Progress: func(int) {
			if c.Writer.Written() {
				c.Writer.Flush()
			}
		},
	})
	if err == nil {
		err = line(struct {
			Summary any `json:"summary"`
		}{PreviewJSON(p)})
	}
	if err != nil {
		return fmt.Errorf("stream a preview of campaign %s: %w", c.Param("campaign"), err)
	}
	return nil
}
