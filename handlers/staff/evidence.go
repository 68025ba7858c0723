package staff

import (
	"io"

	"github.com/gin-gonic/gin"

	"assent/evidence"
	"assent/handlers/web"
)

// evidencePack hands out everything that proves a person's choices.
func (s console) evidencePack(c *gin.Context) error {
	d, err := s.Tracker.Dossier(c.Request.Context(), c.Query("id"))
	if err != nil {
		return err
	}
	return web.Download(c, "evidence.zip", "application/zip", func(w io.Writer) error {
		return evidence.WritePack(c.Request.Context(), s.Tracker, d, s.LogKey, w)
	})
}
