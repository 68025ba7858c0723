package clients

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

// noticeLine is a notice in a list of many.
type noticeLine struct {
	Person    string          `json:"person"`
	Channel   tracker.Channel `json:"channel"`
	Presented bool            `json:"presented"`
	Delivered bool            `json:"delivered"`
	At        time.Time       `json:"at"`
	Key       string          `json:"idempotency_key"`
}

// manyNotices records many notices of one campaign, one a line, in batches, and then
// reports on each line. The good lines are kept.
func (h *Handlers) manyNotices(c *gin.Context, _ tracker.APIKey) error {
	if err := web.RequireType(c, ndjson); err != nil {
		return err
	}
	web.Unhurried(c)
	ctx, campaign := c.Request.Context(), c.Param("campaign")
	report := Report{Bad: map[int]terms.Faults{}}
	in := intake{lines: bufio.NewReaderSize(c.Request.Body, web.MaxBody+2), bad: report.Bad}
	var batch []tracker.ReportedNotice
	var numbers []int
	flush := func() error {
		err := h.recordNotices(ctx, batch, numbers, report.Bad)
		batch, numbers = batch[:0], numbers[:0]
		return err
	}
	for {
		line, err := in.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return err
			}
			break
		}
		if report.Bad[in.line] != nil {
			continue
		}
		var n noticeLine
		if err := web.Decode(line, &n); err != nil {
			report.Bad[in.line] = faultsOf(err)
			continue
		}
		batch = append(batch, tracker.ReportedNotice{Person: n.Person, Campaign: campaign, Channel: n.Channel, Presented: n.Presented, Delivered: n.Delivered, At: n.At, Key: n.Key})
		if numbers = append(numbers, in.line); len(batch) == noticeBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	report.Lines = in.line
	c.Header("Content-Type", ndjson)
	c.Status(http.StatusOK)
	return report.write(c.Writer)
}

// noticeBatch is how many notices are recorded in one transaction.
const noticeBatch = 200

// recordNotices records a batch: all at once, and where that cannot be, one by one, so
// that each line has its own fault.
func (h *Handlers) recordNotices(ctx context.Context, batch []tracker.ReportedNotice, numbers []int, bad map[int]terms.Faults) error {
	seen := map[string]bool{}
	twice := false
	for _, n := range batch {
		twice = twice || seen[n.Person]
		seen[n.Person] = true
	}
	if !twice && h.Tracker.NoticeMany(ctx, batch) == nil {
		return nil
	}
	for i, n := range batch {
		_, err := h.Tracker.Notice(ctx, n)
		var said *terms.Error
		var faults terms.Faults
		switch {
		case errors.As(err, &faults):
			bad[numbers[i]] = faults
		case errors.As(err, &said):
			bad[numbers[i]] = terms.Faults{{Path: "person", Detail: said.Error()}}
		case err != nil:
			return fmt.Errorf("record notice on line %d: %w", numbers[i], err)
		}
	}
	return nil
}

type bounceIn struct {
	Notice string             `json:"notice"`
	Email  string             `json:"email"`
	Kind   tracker.BounceKind `json:"kind"`
	Code   string             `json:"code"`
}

type bouncesIn struct {
	Bounces []bounceIn `json:"bounces"`
}

// bounces takes a digest of what came back. Those that are about nothing we sent
// are named, and do not keep the others.
func (h *Handlers) bounces(c *gin.Context, _ tracker.APIKey) error {
	var in bouncesIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	unknown := []int{}
	var faults terms.Faults
	for i, b := range in.Bounces {
		err := h.Tracker.Bounced(c.Request.Context(), tracker.Bounce(b))
		var wrong terms.Faults
		switch {
		case errors.As(err, &wrong):
			for _, f := range wrong {
				faults = append(faults, terms.Fault{Path: fmt.Sprintf("bounces[%d].%s", i, f.Path), Detail: f.Detail})
			}
		case errors.Is(err, terms.NotFound):
			unknown = append(unknown, i)
		case err != nil:
			return fmt.Errorf("record bounce %d: %w", i, err)
		}
	}
	if err := faults.OrNil(); err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"recorded": len(in.Bounces) - len(unknown), "unknown": unknown})
	return nil
}

type deliveryOut struct {
	Notice    string     `json:"notice"`
	Channel   string     `json:"channel"`
	Person    string     `json:"person"`
	Campaign  string     `json:"campaign"`
	Kind      string     `json:"kind"`
	State     string     `json:"state"`
	Tries     int        `json:"tries"`
	CreatedAt time.Time  `json:"created_at"`
	SentAt    *time.Time `json:"sent_at"`
	NextAt    *time.Time `json:"next_at"`
	Reason    string     `json:"reason"`
}

// DeliveryJSON is a delivery as the API and the command line write it.
func DeliveryJSON(d tracker.Delivery) any { return deliveryOf(d) }

func deliveryOf(d tracker.Delivery) deliveryOut {
	out := deliveryOut{
		Notice: d.Notice, Channel: string(d.Channel), Person: d.Person, Campaign: d.Campaign, Kind: string(d.Kind), State: string(d.State),
		Tries: d.Tries, CreatedAt: d.Created, Reason: d.Reason,
	}
	if !d.Sent.IsZero() {
		out.SentAt = &d.Sent
	}
	if !d.NextAt.IsZero() {
		out.NextAt = &d.NextAt
	}
	return out
}

// deliveries lists what is in trouble, or everything to one person, and how many
// there are in each state.
func (h *Handlers) deliveries(c *gin.Context, _ tracker.APIKey) error {
	ctx := c.Request.Context()
	list, err := h.Tracker.Deliveries(ctx, c.Query("person"))
	if err != nil {
		return fmt.Errorf("list deliveries: %w", err)
	}
	counts, err := h.Tracker.DeliveryCounts(ctx, "")
	if err != nil {
		return fmt.Errorf("count deliveries: %w", err)
	}
	out := make([]deliveryOut, len(list))
	for i, d := range list {
		out[i] = deliveryOf(d)
	}
	c.JSON(http.StatusOK, gin.H{"deliveries": out, "counts": counts})
	return nil
}

type resendIn struct {
	Reason string `json:"reason"`
}

func (h *Handlers) resend(c *gin.Context, k tracker.APIKey) error {
	var in resendIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	d, err := h.Tracker.Resend(c.Request.Context(), c.Param("notice"), in.Reason, actor(k))
	if err != nil {
		return fmt.Errorf("resend notice %s: %w", c.Param("notice"), err)
	}
	c.JSON(http.StatusOK, deliveryOf(d))
	return nil
}
