package clients

import (
	"fmt"
	"io"

	"github.com/gin-gonic/gin"

	"assent/evidence"
	"assent/handlers/web"
	"assent/tracker"
)

// personEvidence answers the evidence pack of all choices of a person.
func (h *Handlers) personEvidence(c *gin.Context, _ tracker.APIKey) error {
	d, err := h.Tracker.Dossier(c.Request.Context(), c.Param("person"))
	if err != nil {
		return fmt.Errorf("gather evidence on %s: %w", c.Param("person"), err)
	}
	return h.pack(c, d, "evidence.zip")
}

// receiptEvidence answers the evidence pack of one choice.
func (h *Handlers) receiptEvidence(c *gin.Context, _ tracker.APIKey) error {
	d, err := h.Tracker.ReceiptDossier(c.Request.Context(), c.Param("receipt"))
	if err != nil {
		return fmt.Errorf("gather evidence of receipt %s: %w", c.Param("receipt"), err)
	}
	return h.pack(c, d, "evidence-"+c.Param("receipt")+".zip")
}

func (h *Handlers) pack(c *gin.Context, d tracker.Dossier, name string) error {
	return web.Download(c, name, "application/zip", func(w io.Writer) error {
		return evidence.WritePack(c.Request.Context(), h.Tracker, d, h.LogKey, w)
	})
}
