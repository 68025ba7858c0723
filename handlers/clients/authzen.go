package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"assent/gate"
	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

// Limits of a batch of evaluations.
const (
	maxEvaluations     = 1000
	maxEvaluationsBody = 1 << 20
)

// How long an enforcement point may use an answer without asking again, in
// seconds. A refusal must end within a second of an acceptance.
const (
	ttlAllowed = 5
	ttlRefused = 1
)

// extra takes what callers send besides, as AuthZEN lets them.
type extra map[string]jsontext.Value

// entityIn is a subject or a resource.
type entityIn struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties jsontext.Value `json:"properties"`
	Rest       extra          `json:",embed"`
}

type actionIn struct {
	Name       string         `json:"name"`
	Properties jsontext.Value `json:"properties"`
	Rest       extra          `json:",embed"`
}

type evaluationIn struct {
	Subject  *entityIn      `json:"subject"`
	Action   *actionIn      `json:"action"`
	Resource *entityIn      `json:"resource"`
	Context  jsontext.Value `json:"context"`
	Rest     extra          `json:",embed"`
}

type evaluationsIn struct {
	evaluationIn
	Evaluations []evaluationIn `json:"evaluations"`
	Options     struct {
		Semantic string `json:"evaluations_semantic"`
		Rest     extra  `json:",embed"`
	} `json:"options"`
}

type evaluationOut struct {
	Decision bool        `json:"decision"`
	Context  *contextOut `json:"context,omitempty"`
}

type contextOut struct {
	Reason    terms.Reason `json:"reason,omitempty"`
	Value     *terms.Value `json:"value,omitempty"`
	Campaign  string       `json:"campaign,omitempty"`
	Stage     string       `json:"stage,omitempty"`
	Revision  uint64       `json:"revision"`
	TTL       int          `json:"ttl"` // seconds
	OnDeny    terms.OnDeny `json:"on_deny,omitempty"`
	AcceptURL string       `json:"accept_url,omitempty"`
	Next      *aheadAt     `json:"next,omitempty"`
	Error     *itemError   `json:"error,omitempty"`
}

type aheadAt struct {
	Stage string     `json:"stage"`
	At    *time.Time `json:"at,omitempty"` // left out when no date can be given, as AuthZEN wants it
}

// itemError is what is wrong with one evaluation of a batch.
type itemError struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// check names the first thing an evaluation lacks, all of which the protocol
// requires (AuthZEN 1.0, 5 and 10.1.1: "Bad Request").
func (in evaluationIn) check() error {
	if err := in.Subject.check("subject"); err != nil {
		return err
	}
	switch {
	case in.Action == nil:
		return web.Unreadable("action", "is missing")
	case in.Action.Name == "":
		return web.Unreadable("action.name", "is missing")
	case !isObject(in.Action.Properties):
		return web.Unreadable("action.properties", "must be an object")
	case !isObject(in.Context):
		return web.Unreadable("context", "must be an object")
	}
	return in.Resource.check("resource")
}

func (e *entityIn) check(path string) error {
	switch {
	case e == nil:
		return web.Unreadable(path, "is missing")
	case e.Type == "":
		return web.Unreadable(path+".type", "is missing")
	case e.ID == "":
		return web.Unreadable(path+".id", "is missing")
	case !isObject(e.Properties):
		return web.Unreadable(path+".properties", "must be an object")
	}
	return nil
}

// isObject reports whether something is an object or is not there.
func isObject(v jsontext.Value) bool { return len(v) == 0 || v.Kind() == '{' }

// inherit fills in what an evaluation of a batch leaves to the whole.
func (in evaluationIn) inherit(from evaluationIn) evaluationIn {
	if in.Subject == nil {
		in.Subject = from.Subject
	}
	if in.Action == nil {
		in.Action = from.Action
	}
	if in.Resource == nil {
		in.Resource = from.Resource
	}
	if len(in.Context) == 0 {
		in.Context = from.Context
	}
	return in
}

func (h *Handlers) evaluation(c *gin.Context, _ tracker.APIKey) error {
	var in evaluationIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	c.JSON(http.StatusOK, h.decide(in))
	return nil
}

func (h *Handlers) decide(in evaluationIn) evaluationOut {
	return decisionOf(h.Gate.Decide(in.Subject.ID, in.Action.Name))
}

func decisionOf(d gate.Decision) evaluationOut {
	out := &contextOut{Reason: d.Reason, Value: &d.Value, Campaign: d.Campaign, Stage: d.Stage, Revision: d.Revision, TTL: ttlAllowed}
	if !d.Allowed {
		out.TTL, out.OnDeny, out.AcceptURL = ttlRefused, d.OnDeny, d.AcceptURL
		if d.NextStage != "" {
			out.Next = &aheadAt{d.NextStage, instant(d.NextAt)}
		}
	}
	return evaluationOut{d.Allowed, out}
}

// evaluations answers many at once, such as which of these recipients may be
// notified.
func (h *Handlers) evaluations(c *gin.Context, _ tracker.APIKey) error {
	var in evaluationsIn
	if err := web.ReadJSONUpTo(c, maxEvaluationsBody, &in); err != nil {
		return err
	}
	if len(in.Evaluations) == 0 { // a single one in the form of a batch
		if err := in.check(); err != nil {
			return err
		}
		c.JSON(http.StatusOK, h.decide(in.evaluationIn))
		return nil
	}
	out, err := h.decideAll(in)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"evaluations": out})
	return nil
}

func (h *Handlers) decideAll(in evaluationsIn) ([]evaluationOut, error) {
	if len(in.Evaluations) > maxEvaluations {
		return nil, web.Unreadable("evaluations", fmt.Sprintf("%d at once; ask for at most %d", len(in.Evaluations), maxEvaluations))
	}
	stops, err := stopsAfter(in.Options.Semantic)
	if err != nil {
		return nil, err
	}
	var out []evaluationOut
	for _, one := range in.Evaluations {
		answer := h.decideOne(one.inherit(in.evaluationIn))
		if out = append(out, answer); stops(answer.Decision) {
			break
		}
	}
	return out, nil
}

// stopsAfter tells after which decision a batch ends (AuthZEN 1.0, 7.1.2.1).
func stopsAfter(semantic string) (func(decision bool) bool, error) {
	switch semantic {
	case "", "execute_all":
		return func(bool) bool { return false }, nil
	case "deny_on_first_deny":
		return func(decision bool) bool { return !decision }, nil
	case "permit_on_first_permit":
		return func(decision bool) bool { return decision }, nil
	}
	return nil, web.Unreadable("options.evaluations_semantic", fmt.Sprintf("%q is not one of execute_all, deny_on_first_deny, permit_on_first_permit", semantic))
}

// decideOne answers one of a batch, whose fault must not spoil the others.
func (h *Handlers) decideOne(in evaluationIn) evaluationOut {
	if err := in.check(); err != nil {
		return evaluationOut{false, &contextOut{Error: &itemError{http.StatusBadRequest, err.Error()}}}
	}
	return h.decide(in)
}

// accessMetadata says where decisions are asked for (AuthZEN 1.0, 9).
func (h *Handlers) accessMetadata(c *gin.Context) error {
	c.JSON(http.StatusOK, gin.H{
		"policy_decision_point":       h.PublicURL,
		"access_evaluation_endpoint":  h.PublicURL + "/access/v1/evaluation",
		"access_evaluations_endpoint": h.PublicURL + "/access/v1/evaluations",
	})
	return nil
}
