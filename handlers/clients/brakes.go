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

type breakerOut struct {
	Campaign string       `json:"campaign"`
	Allowed  int64        `json:"allowed"`  // people who may be newly restricted within 24 hours
	Recent   int64        `json:"recent"`   // who were within the last 24
	Tripped  *trippedOut  `json:"tripped"`  // null while nothing is stopped
	Approved *expectedOut `json:"approved"` // null for no preview in force
}

type trippedOut struct {
	At     time.Time `json:"at"`
	Run    string    `json:"run"`
	Would  int64     `json:"would"` // people whom that run would have newly restricted
	Recent int64     `json:"recent"`
	Limit  int64     `json:"limit"`
}

type expectedOut struct {
	People int64     `json:"people"`
	Until  time.Time `json:"until"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

func breakerOf(b tracker.BreakerState, now time.Time) breakerOut {
	out := breakerOut{Campaign: b.Campaign, Allowed: b.Allowed, Recent: b.Now}
	if !b.TrippedAt.IsZero() {
		out.Tripped = &trippedOut{b.TrippedAt.UTC(), b.Run, b.Would, b.Recent, b.Limit}
	}
	if b.Approved > 0 && now.Before(b.ApprovedUntil) {
		out.Approved = &expectedOut{b.Approved, b.ApprovedUntil.UTC(), b.ApprovedAt.UTC(), b.ApprovedBy, b.Reason}
	}
	return out
}

func (h *Handlers) getBreaker(c *gin.Context, _ tracker.APIKey) error {
	state, err := h.Tracker.BreakerOf(c.Request.Context(), c.Param("campaign"))
	if err != nil {
		return fmt.Errorf("get the breaker of campaign %s: %w", c.Param("campaign"), err)
	}
	state.Campaign = c.Param("campaign")
	c.JSON(http.StatusOK, breakerOf(state, h.Now()))
	return nil
}

// expect approves a preview: as many people may be restricted as it said, and
// sweeps that were stopped go on.
func (h *Handlers) expect(c *gin.Context, k tracker.APIKey) error {
	var in struct {
		end
		People int64  `json:"people"`
		Reason string `json:"reason"`
	}
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	until, err := in.at(h.Now())
	if err != nil {
		return err
	}
	expected := tracker.Expectation{Campaign: c.Param("campaign"), People: in.People, Until: until, Reason: in.Reason}
	if _, err := h.Tracker.Expect(c.Request.Context(), expected, actor(k)); err != nil {
		return fmt.Errorf("approve a preview of campaign %s: %w", c.Param("campaign"), in.named(err))
	}
	return h.getBreaker(c, k)
}

// Limits of a page of people.
const (
	usualPage   = 100
	longestPage = 1000
)

// numeric reads a whole number of the query, between two bounds.
func numeric(c *gin.Context, name string, usual, low, high int64) (int64, error) {
	n, err := strconv.ParseInt(c.DefaultQuery(name, strconv.FormatInt(usual, 10)), 10, 64)
	if err != nil || n < low || n > high {
		return 0, terms.Faults{{Path: name, Detail: fmt.Sprintf("%q is not a whole number from %d to %d", c.Query(name), low, high)}}
	}
	return n, nil
}

type unreachedOut struct {
	Person string    `json:"person"`
	Region string    `json:"region"` // country
	Locale string    `json:"locale"`
	Plan   int       `json:"plan"`
	Since  time.Time `json:"since"` // at their stage
}

// unreached lists people whom nothing is taken from because no notice has
// reached them, page by page.
func (h *Handlers) unreached(c *gin.Context, _ tracker.APIKey) error {
	after, err := numeric(c, "after", 0, 0, 1<<62)
	if err != nil {
		return err
	}
	limit, err := numeric(c, "limit", usualPage, 1, longestPage)
	if err != nil {
		return err
	}
	list, err := h.Tracker.Unreached(c.Request.Context(), c.Param("campaign"), after, int(limit))
	if err != nil {
		return fmt.Errorf("list people of campaign %s who were not reached: %w", c.Param("campaign"), err)
	}
	out, next := make([]unreachedOut, len(list)), (*string)(nil)
	for i, e := range list {
		out[i] = unreachedOut{e.Person, e.Country, e.Locale, e.Plan, e.Entered.UTC()}
	}
	if len(list) == int(limit) {
		ref := strconv.FormatInt(list[len(list)-1].Ref, 10)
		next = &ref
	}
	c.JSON(http.StatusOK, gin.H{"campaign": c.Param("campaign"), "people": out, "next": next})
	return nil
}

type failureOut struct {
	Person  string    `json:"person"`
	Tries   int       `json:"tries"`
	LeftOut bool      `json:"left_out"` // until it is retried
	Error   string    `json:"error"`
	At      time.Time `json:"at"` // of the last try
}

func (h *Handlers) failures(c *gin.Context, _ tracker.APIKey) error {
	key := c.Param("campaign")
	if _, err := h.Tracker.Campaign(c.Request.Context(), key); err != nil {
		return fmt.Errorf("list failures of campaign %s: %w", key, err)
	}
	list, err := h.Tracker.Failures(c.Request.Context(), key)
	if err != nil {
		return fmt.Errorf("list failures of campaign %s: %w", key, err)
	}
	out := make([]failureOut, len(list))
	for i, f := range list {
		out[i] = failureOut{f.Person, f.Tries, f.Tries >= tracker.MaxTries, f.Error, f.At.UTC()}
	}
	c.JSON(http.StatusOK, gin.H{"campaign": key, "failures": out})
	return nil
}

// retry lets sweeps try a person again.
func (h *Handlers) retry(c *gin.Context, k tracker.APIKey) error {
	if err := h.Tracker.Retry(c.Request.Context(), c.Param("campaign"), c.Param("person"), actor(k)); err != nil {
		return fmt.Errorf("retry person %s in campaign %s: %w", c.Param("person"), c.Param("campaign"), err)
	}
	c.Status(http.StatusNoContent)
	return nil
}

type runOut struct {
	ID         string     `json:"id"`
	Job        string     `json:"job"`
	PlannedAt  time.Time  `json:"planned_at"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"` // null while it runs, or when it died
	LateBy     float64    `json:"late_by_seconds"`
	Examined   int        `json:"examined"`
	Moved      int        `json:"moved"`
	Told       int        `json:"told"`
	Held       int        `json:"held"`
	Waiting    int        `json:"waiting"`
	Failed     int        `json:"failed"`
	Stopped    int        `json:"stopped"`
	Error      string     `json:"error,omitempty"`
}

// runs answers the newest sweeps.
func (h *Handlers) runs(c *gin.Context, _ tracker.APIKey) error {
	limit, err := numeric(c, "limit", usualPage, 1, usualPage)
	if err != nil {
		return err
	}
	list, err := h.Tracker.Runs(c.Request.Context())
	if err != nil {
		return fmt.Errorf("list runs: %w", err)
	}
	out := make([]runOut, min(len(list), int(limit)))
	for i := range out {
		r := list[i]
		out[i] = runOut{
			ID: r.ID, Job: r.Job, PlannedAt: r.Planned.UTC(), StartedAt: r.Started.UTC(), FinishedAt: instant(r.Finished), LateBy: r.LateBy().Seconds(),
			Examined: r.Examined, Moved: r.Moved, Told: r.Told, Held: r.Held, Waiting: r.Waiting, Failed: r.Failed, Stopped: r.Stopped, Error: r.Error,
		}
	}
	c.JSON(http.StatusOK, gin.H{"runs": out})
	return nil
}

func answerPause(c *gin.Context, p tracker.Pause) {
	c.JSON(http.StatusOK, gin.H{"paused": !p.At.IsZero(), "at": instant(p.At), "by": p.By, "reason": p.Reason})
}

func (h *Handlers) getPause(c *gin.Context, _ tracker.APIKey) error {
	p, err := h.Tracker.Paused(c.Request.Context())
	if err != nil {
		return fmt.Errorf("get the pause: %w", err)
	}
	answerPause(c, p)
	return nil
}

// pause stops all stepping.
func (h *Handlers) pause(c *gin.Context, k tracker.APIKey) error {
	reason, err := reasonOf(c)
	if err != nil {
		return err
	}
	p, err := h.Tracker.Pause(c.Request.Context(), reason, actor(k))
	if err != nil {
		return fmt.Errorf("pause stepping: %w", err)
	}
	answerPause(c, p)
	return nil
}

func (h *Handlers) resume(c *gin.Context, k tracker.APIKey) error {
	reason, err := reasonOf(c)
	if err != nil {
		return err
	}
	if err := h.Tracker.Resume(c.Request.Context(), reason, actor(k)); err != nil {
		return fmt.Errorf("resume stepping: %w", err)
	}
	answerPause(c, tracker.Pause{})
	return nil
}
