package clients

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// checkpoint answers the newest signed head of the log.
func (h *Handlers) checkpoint(c *gin.Context) error {
	text, err := h.Tracker.Checkpoint(c.Request.Context())
	if err != nil {
		return fmt.Errorf("get the checkpoint: %w", err)
	}
	c.Data(http.StatusOK, "text/plain; charset=utf-8", text)
	return nil
}

// tile answers a piece of the log, which never changes under its address.
func (h *Handlers) tile(c *gin.Context) error {
	path := "tile" + c.Param("path")
	data, err := h.Tracker.Tile(c.Request.Context(), path)
	if err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Data(http.StatusOK, "application/octet-stream", data)
	return nil
}

// logKey answers the public keys that checkpoints are verified with.
func (h *Handlers) logKey(c *gin.Context) error {
	c.String(http.StatusOK, "%s\n", h.LogKey)
	return nil
}
