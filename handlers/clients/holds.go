package clients

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

type scopeJSON struct {
	Region     string            `json:"region,omitempty"`
	Person     string            `json:"person,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"` // a cohort
}

type holdIn struct {
	Scope     scopeJSON         `json:"scope"`
	Reason    string            `json:"reason"`
	Reference string            `json:"reference"`
	Clock     terms.HoldClock   `json:"clock"`
	Effect    terms.HoldEffect  `json:"effect"`
	Reminders bool              `json:"reminders"`
	Message   map[string]string `json:"message"`
	Spread    *string           `json:"spread"` // left out: the deployment's
	StartsAt  time.Time         `json:"starts_at"`
	EndsAt    time.Time         `json:"ends_at"`
}

type holdOut struct {
	ID            string           `json:"id"`
	Campaign      string           `json:"campaign"`
	Scope         scopeJSON        `json:"scope"`
	Reason        string           `json:"reason"`
	Reference     string           `json:"reference,omitempty"`
	Clock         terms.HoldClock  `json:"clock"`
	Effect        terms.HoldEffect `json:"effect"`
	Reminders     bool             `json:"reminders"`
	Message       terms.Texts      `json:"message,omitempty"`
	Spread        string           `json:"spread"`
	StartsAt      time.Time        `json:"starts_at"`
	EndsAt        *time.Time       `json:"ends_at"` // null while it is open
	PlacedAt      time.Time        `json:"placed_at"`
	PlacedBy      string           `json:"placed_by"`
	ReleasedBy    string           `json:"released_by,omitempty"`
	ReleaseReason string           `json:"release_reason,omitempty"`
}

// hold is what was asked for; left out, a hold stops the clock and leaves
// people where they are.
func (in holdIn) hold(campaign string) (terms.Hold, error) {
	h := terms.Hold{
		Campaign: campaign, Scope: terms.Scope{Region: in.Scope.Region, Person: in.Scope.Person}, Reason: in.Reason, Reference: in.Reference,
		Clock: in.Clock, Effect: in.Effect, Reminders: in.Reminders, Message: in.Message, Spread: -1, Starts: in.StartsAt.UTC(), Ends: in.EndsAt.UTC(),
	}
	if h.Clock == "" {
		h.Clock = terms.ClockStop
	}
	if h.Effect == "" {
		h.Effect = terms.Freeze
	}
	faults := checkTexts("message", in.Message)
	var err error
	if h.Scope.Attributes, err = terms.ParseAttributes(in.Scope.Attributes); err != nil {
		faults = append(faults, within("scope", err)...)
	}
	if in.Spread != nil {
		if h.Spread, err = terms.ParseDuration(*in.Spread); err != nil {
			faults = append(faults, terms.Fault{Path: "spread", Detail: err.Error()})
		}
	}
	return h, faults.OrNil()
}

// maxMessage is the longest message of a hold, in bytes.
const maxMessage = 2000

var localeTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// checkTexts checks a text per language.
func checkTexts(path string, texts map[string]string) terms.Faults {
	var faults terms.Faults
	for _, locale := range slices.Sorted(maps.Keys(texts)) {
		switch text := texts[locale]; {
		case !localeTag.MatchString(locale):
			faults = append(faults, terms.Fault{Path: path + "." + locale, Detail: "is not a BCP 47 tag such as pt-BR; give a text per language"})
		case strings.TrimSpace(text) == "" || len(text) > maxMessage:
			faults = append(faults, terms.Fault{Path: path + "." + locale, Detail: fmt.Sprintf("must be a text of at most %d bytes", maxMessage)})
		}
	}
	return faults
}

// within puts the faults of an error under a path.
func within(path string, err error) terms.Faults {
	var faults terms.Faults
	errors.As(err, &faults)
	out := make(terms.Faults, len(faults))
	for i, f := range faults {
		out[i] = terms.Fault{Path: path + "." + f.Path, Detail: f.Detail}
	}
	return out
}

func holdOf(h tracker.Hold) holdOut {
	return holdOut{
		ID: h.ID, Campaign: h.Campaign, Scope: scopeJSON{h.Scope.Region, h.Scope.Person, h.Scope.Attributes.Map()},
		Reason: h.Reason, Reference: h.Reference, Clock: h.Clock, Effect: h.Effect, Reminders: h.Reminders, Message: h.Message,
		Spread: terms.FormatDuration(h.Spread), StartsAt: h.Starts.UTC(), EndsAt: instant(h.Ends),
		PlacedAt: h.PlacedAt.UTC(), PlacedBy: h.PlacedBy, ReleasedBy: h.ReleasedBy, ReleaseReason: h.ReleaseReason,
	}
}

func (h *Handlers) placeHold(c *gin.Context, k tracker.APIKey) error {
	var in holdIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	hold, err := in.hold(c.Param("campaign"))
	if err != nil {
		return err
	}
	placed, err := h.Tracker.PlaceHold(c.Request.Context(), hold, actor(k))
	if err != nil {
		return fmt.Errorf("hold campaign %s: %w", c.Param("campaign"), err)
	}
	c.JSON(http.StatusCreated, holdOf(placed))
	return nil
}

// listHolds answers every hold, also those that are over.
func (h *Handlers) listHolds(c *gin.Context, _ tracker.APIKey) error {
	list, err := h.Tracker.Holds(c.Request.Context(), c.Param("campaign"))
	if err != nil {
		return fmt.Errorf("list holds of campaign %s: %w", c.Param("campaign"), err)
	}
	out := make([]holdOut, len(list))
	for i, one := range list {
		out[i] = holdOf(one)
	}
	c.JSON(http.StatusOK, gin.H{"campaign": c.Param("campaign"), "holds": out})
	return nil
}

func (h *Handlers) releaseHold(c *gin.Context, k tracker.APIKey) error {
	reason, err := reasonOf(c)
	if err != nil {
		return err
	}
	released, err := h.Tracker.ReleaseHold(c.Request.Context(), c.Param("campaign"), c.Param("hold"), reason, actor(k))
	if err != nil {
		return fmt.Errorf("release hold %s: %w", c.Param("hold"), err)
	}
	c.JSON(http.StatusOK, holdOf(released))
	return nil
}
