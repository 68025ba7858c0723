package web

import (
	"io"
	"mime"

	"github.com/gin-gonic/gin"
)

// Download streams a file to be kept. Choose a form that shows when it was
// broken off, as a ZIP file does: once the first byte has left, a failure can
// only end it early.
func Download(c *gin.Context, name, contentType string, write func(io.Writer) error) error {
	c.Header("Content-Type", contentType)
	c.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	c.Header("Cache-Control", "no-store")
	err := write(c.Writer)
	if err != nil && !c.Writer.Written() {
		c.Writer.Header().Del("Content-Type")
		c.Writer.Header().Del("Content-Disposition")
	}
	return err
}
