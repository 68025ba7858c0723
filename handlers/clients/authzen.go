package clients

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"assent/gate"
	"assent/handlers/web"
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
	return h.answerOne(c, in)
}

func (h *Handlers) answerOne(c *gin.Context, in evaluationIn) error {
	if err := in.check(); err != nil {
		return err
	}
	return h.writeJSON(c, func(dst []byte) ([]byte, error) { return appendDecision(dst, h.decide(in)), nil })
}

func (h *Handlers) decide(in evaluationIn) gate.Decision {
	return h.Gate.Decide(in.Subject.ID, in.Action.Name)
}

// appendDecision appends a decision with its context, {"decision": bool, "context":
// {…}}, which leaves out what there is not.
func appendDecision(dst []byte, d gate.Decision) []byte {
	ttl := ttlAllowed
	if !d.Allowed {
		ttl = ttlRefused
	}
	dst = strconv.AppendBool(append(dst, `{"decision":`...), d.Allowed)
	dst = strconv.AppendUint(append(dst, `,"context":{"revision":`...), d.Revision, 10)
	dst = strconv.AppendInt(append(dst, `,"ttl":`...), int64(ttl), 10)
	dst = d.Value.AppendJSON(append(dst, `,"value":`...))
	dst = appendMember(dst, "reason", string(d.Reason))
	dst = appendMember(dst, "campaign", d.Campaign)
	dst = appendMember(dst, "stage", d.Stage)
	if !d.Allowed {
		dst = appendMember(dst, "on_deny", string(d.OnDeny))
		dst = appendMember(dst, "accept_url", d.AcceptURL)
		dst = appendNext(dst, d.NextStage, d.NextAt)
	}
	return append(dst, "}}"...)
}

// appendNext appends what comes next, without a date that cannot be given, as
// AuthZEN wants it.
func appendNext(dst []byte, stage string, at time.Time) []byte {
	if stage == "" {
		return dst
	}
	dst = appendQuoted(append(dst, `,"next":{"stage":`...), stage)
	if !at.IsZero() {
		dst = append(at.UTC().AppendFormat(append(dst, `,"at":"`...), time.RFC3339Nano), '"')
	}
	return append(dst, '}')
}

// appendMember appends a member of an object that has others before it; none for "".
func appendMember(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return appendQuoted(dst, text)
}

func appendQuoted(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // what is not UTF-8 is replaced, and there is none
	return dst
}

// evaluations answers many at once, such as which of these recipients may be
// notified.
func (h *Handlers) evaluations(c *gin.Context, _ tracker.APIKey) error {
	var in evaluationsIn
	if err := web.ReadJSONUpTo(c, maxEvaluationsBody, &in); err != nil {
		return err
	}
	if len(in.Evaluations) == 0 { // a single one in the form of a batch
		return h.answerOne(c, in.evaluationIn)
	}
	if len(in.Evaluations) > maxEvaluations {
		return web.Unreadable("evaluations", fmt.Sprintf("%d at once; ask for at most %d", len(in.Evaluations), maxEvaluations))
	}
	stops, err := stopsAfter(in.Options.Semantic)
	if err != nil {
		return err
	}
	return h.writeJSON(c, func(dst []byte) ([]byte, error) {
		dst = append(dst, `{"evaluations":[`...)
		for i, one := range in.Evaluations {
			if i > 0 {
				dst = append(dst, ',')
			}
			var decision bool
			if dst, decision = h.appendOne(dst, one.inherit(in.evaluationIn)); stops(decision) {
				break
			}
		}
		return append(dst, "]}"...), nil
	})
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

// appendOne answers one of a batch, whose fault must not spoil the others.
func (h *Handlers) appendOne(dst []byte, in evaluationIn) ([]byte, bool) {
	if err := in.check(); err != nil {
		dst = append(dst, `{"decision":false,"context":{"revision":0,"ttl":0,"error":{"status":400`...)
		return append(appendMember(dst, "message", err.Error()), "}}}"...), false
	}
	d := h.decide(in)
	return appendDecision(dst, d), d.Allowed
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
