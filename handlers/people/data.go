package people

import (
	"io"

	"github.com/gin-gonic/gin"

	"assent/evidence"
	"assent/handlers/web"
)

// Where people get what is held on them, and what proves their choices.
const (
	dataPath     = "/me/terms/data.json"
	evidencePath = "/me/terms/evidence.zip"
)

// myData hands out everything that is held on whoever is signed in.
func (s site) myData(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	held, err := s.Tracker.Held(c.Request.Context(), who.person)
	if err != nil {
		return err
	}
	return web.Download(c, "data.json", "application/json", func(w io.Writer) error {
		return evidence.WriteHeld(who.person, held, s.Tracker.Now(), w)
	})
}

// myEvidence hands out what proves the choices of whoever is signed in, with the
// key that shows whose they are.
func (s site) myEvidence(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	d, err := s.Tracker.Dossier(c.Request.Context(), who.person)
	if err != nil {
		return err
	}
	return web.Download(c, "evidence.zip", "application/zip", func(w io.Writer) error {
		return evidence.WritePack(c.Request.Context(), s.Tracker, d, s.LogKey, w)
	})
}
