package clients

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

// maxCounts is how many things an enforcement point may count.
const maxCounts = 16

type pointIn struct {
	Kind      string           `json:"kind"`
	Revision  *uint64          `json:"revision"`
	OnSilence string           `json:"on_silence"`
	Counts    map[string]int64 `json:"counts"`
}

type pointOut struct {
	Point       string             `json:"point"`
	Kind        string             `json:"kind"`
	State       tracker.PointState `json:"state"`
	OnSilence   string             `json:"on_silence"`
	Revision    uint64             `json:"revision"`
	Behind      uint64             `json:"behind"`
	BehindSince *time.Time         `json:"behind_since"`
	HeardAt     time.Time          `json:"heard_at"`
	Counts      map[string]int64   `json:"counts"`
}

func (h *Handlers) pointJSON(p tracker.Point) pointOut {
	return pointOut{p.Name, p.Kind, p.State(h.Tracker.Now()), p.OnSilence, p.Revision, p.Behind, instant(p.Since), p.Heard.UTC(), p.Counts}
}

var pointWord = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,64}$`)

// point makes of what was sent a point, or says everything that is wrong.
func (in pointIn) point(name string) (tracker.Point, error) {
	var faults terms.Faults
	fault := func(path, detail string) { faults = append(faults, terms.Fault{Path: path, Detail: detail}) }
	const wanted = "must be 1 to 64 of the letters a to z, digits, '.', '_' and '-'"
	if !pointWord.MatchString(name) {
		fault("point", wanted)
	}
	if !pointWord.MatchString(in.Kind) {
		fault("kind", wanted)
	}
	if in.OnSilence != tracker.OnSilenceHold && in.OnSilence != tracker.OnSilenceAllow {
		fault("on_silence", fmt.Sprintf("must be %q or %q", tracker.OnSilenceHold, tracker.OnSilenceAllow))
	}
	if in.Revision == nil || *in.Revision > math.MaxInt64 {
		fault("revision", "must be that of the newest change you have applied: the number before the '-' of the last mark")
	}
	if len(in.Counts) > maxCounts {
		fault("counts", fmt.Sprintf("at most %d things can be counted", maxCounts))
	}
	for what, n := range in.Counts {
		if !pointWord.MatchString(what) || n < 0 {
			fault("counts", "must be numbers from 0, by name; a name "+wanted)
			break
		}
	}
	if len(faults) > 0 {
		return tracker.Point{}, faults
	}
	counts := map[string]int64{}
	maps.Copy(counts, in.Counts)
	return tracker.Point{Name: name, Kind: in.Kind, OnSilence: in.OnSilence, Revision: *in.Revision, Counts: counts}, nil
}

// reportPoint takes what an enforcement point says of itself, and answers how it
// stands.
func (h *Handlers) reportPoint(c *gin.Context, _ tracker.APIKey) error {
	var in pointIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	p, err := in.point(c.Param("point"))
	if err != nil {
		return err
	}
	if p, err = h.Tracker.ReportPoint(c.Request.Context(), p); err != nil {
		return fmt.Errorf("keep what an enforcement point says: %w", err)
	}
	c.JSON(http.StatusOK, h.pointJSON(p))
	return nil
}

func (h *Handlers) listPoints(c *gin.Context, _ tracker.APIKey) error {
	list, err := h.Tracker.Points(c.Request.Context())
	if err != nil {
		return fmt.Errorf("list enforcement points: %w", err)
	}
	c.JSON(http.StatusOK, gin.H{"points": each(list, h.pointJSON)})
	return nil
}

func (h *Handlers) forgetPoint(c *gin.Context, key tracker.APIKey) error {
	if err := h.Tracker.ForgetPoint(c.Request.Context(), c.Param("point"), actor(key)); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
