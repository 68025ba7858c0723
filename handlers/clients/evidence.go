package clients

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/evidence"
	"assent/handlers/web"
	"assent/tracker"
)

// personEvidence answers the evidence pack of all choices of a person.
func (h *Handlers) personEvidence(c *gin.Context, k tracker.APIKey) error {
	d, err := h.Tracker.Dossier(c.Request.Context(), c.Param("person"))
	if err != nil {
		return fmt.Errorf("gather evidence on %s: %w", c.Param("person"), err)
	}
	return h.pack(c, d, "evidence.zip", "", k)
}

// receiptEvidence answers the evidence pack of one choice.
func (h *Handlers) receiptEvidence(c *gin.Context, k tracker.APIKey) error {
	d, err := h.Tracker.ReceiptDossier(c.Request.Context(), c.Param("receipt"))
	if err != nil {
		return fmt.Errorf("gather evidence of receipt %s: %w", c.Param("receipt"), err)
	}
	return h.pack(c, d, "evidence-"+c.Param("receipt")+".zip", c.Param("receipt"), k)
}

func (h *Handlers) pack(c *gin.Context, d tracker.Dossier, name, receipt string, k tracker.APIKey) error {
	if err := h.Tracker.Disclosed(c.Request.Context(), tracker.ActReadEvidence, d.Person, receipt, actor(k)); err != nil {
		return fmt.Errorf("note that evidence was read: %w", err)
	}
	return web.Download(c, name, "application/zip", func(w io.Writer) error {
		return evidence.WritePack(c.Request.Context(), h.Tracker, d, h.LogKey, w)
	})
}

// exportPerson answers everything that is held on a person.
func (h *Handlers) exportPerson(c *gin.Context, k tracker.APIKey) error {
	person := c.Param("person")
	held, err := h.Tracker.Held(c.Request.Context(), person)
	if err != nil {
		return fmt.Errorf("gather what is held on %s: %w", person, err)
	}
	if err := h.Tracker.Disclosed(c.Request.Context(), tracker.ActReadHeld, person, "", actor(k)); err != nil {
		return fmt.Errorf("note that what is held on %s was read: %w", person, err)
	}
	return web.Download(c, "person.json", "application/json", func(w io.Writer) error {
		return evidence.WriteHeld(person, held, h.Now(), w)
	})
}

// erasedOut is what an erasure has done.
type erasedOut struct {
	Erasures []erasureOut `json:"erasures"`
	Records  int          `json:"records"` // of the log, whose details were destroyed
}

type erasureOut struct {
	ID        string    `json:"id"`
	ErasedAt  time.Time `json:"erased_at"`
	LeafIndex int64     `json:"leaf_index"` // of the record that says so
}

// ErasedJSON is an erasure in the form that programs get.
func ErasedJSON(e tracker.Erased) any {
	return erasedOut{Records: e.Records, Erasures: each(e.Erasures, func(one tracker.Erasure) erasureOut {
		return erasureOut{one.ID, one.At.UTC(), one.LeafIndex}
	})}
}

// erasePerson destroys everything that leads to a person.
func (h *Handlers) erasePerson(c *gin.Context, k tracker.APIKey) error {
	var in struct {
		Reason string `json:"reason"`
	}
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	person := c.Param("person")
	done, err := h.Tracker.ErasePerson(c.Request.Context(), person, in.Reason, actor(k))
	if err != nil {
		return fmt.Errorf("erase person %s: %w", person, err)
	}
	if err := h.Messaging.Forget(c.Request.Context(), person); err != nil {
		return fmt.Errorf("forget what person %s was sent: %w", person, err)
	}
	c.JSON(http.StatusOK, ErasedJSON(done))
	return nil
}
