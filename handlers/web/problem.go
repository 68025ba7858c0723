package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/terms"
)

// problemType begins the type of every problem; the rest is its kind.
const problemType = "urn:assent:problem:"

// retryAfter is when to try again what could not be done just now, in seconds.
const retryAfter = "2"

// Problem is an error that knows its answer, by RFC 9457. Detail is safe to
// show to whoever asked.
type Problem struct {
	Status int
	Type   string // the kind, such as "not_found"
	Title  string // of the kind; "": the status's own words
	Detail string
	Faults terms.Faults      // what is wrong with the input, and where
	Fields map[string]any    // further members of the document
	Header map[string]string // further headers of the answer
	Cause  error             // for the log, when it is not the caller's fault

	Reference string // id of the request that it answers; set by the engine
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Refusal is a decision that went against a person, as an error of kind
// Restricted. Its answer says what was refused, why, and how to get it back.
type Refusal struct {
	gate.Decision
	Detail string // in plain words; "": the usual ones
}

// Error says what was refused.
func (r *Refusal) Error() string {
	if r.Detail != "" {
		return r.Detail
	}
	return "this is not available until you accept the terms; accepting brings it back at once"
}

// Unwrap returns Restricted, for errors.Is.
func (r *Refusal) Unwrap() error { return terms.Restricted }

// Link is the header that leads to where the person can accept; "" for nowhere.
func (r *Refusal) Link() string {
	if r.AcceptURL == "" {
		return ""
	}
	return "<" + r.AcceptURL + `>; rel="terms-of-service"`
}

// Spoken is an error that a protocol answers in a form of its own. Its status
// is that of Err; Form makes the document, which is sent as JSON.
type Spoken struct {
	Err  error
	Form func(*Problem) any
}

// Error is that of Err.
func (s *Spoken) Error() string { return s.Err.Error() }

// Unwrap returns Err.
func (s *Spoken) Unwrap() error { return s.Err }

// problemOf is the only place where an error gets its status.
func problemOf(err error) *Problem {
	var (
		p       *Problem
		faults  terms.Faults
		stale   *terms.Stale
		refusal *Refusal
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &faults):
		return &Problem{Status: http.StatusUnprocessableEntity, Type: string(terms.Invalid), Detail: faults.Error(), Faults: faults}
	case errors.As(err, &stale):
		return outdated(stale)
	case errors.As(err, &refusal):
		return refused(refusal)
	}
	kind, status := kindOf(err)
	if status == 0 {
		return &Problem{Status: http.StatusInternalServerError, Type: "internal",
			Detail: "something went wrong here; try again, and give the request id when you report it"}
	}
	p = &Problem{Status: status, Type: string(kind), Detail: message(err)}
	switch kind {
	case terms.Unauthenticated:
		p.Header = map[string]string{"WWW-Authenticate": `Bearer realm="assent"`}
	case terms.Unavailable:
		p.Header = map[string]string{"Retry-After": retryAfter}
	}
	return p
}

// kindOf returns the kind of an error and its status, which is 0 for an error
// that has no kind.
func kindOf(err error) (terms.Kind, int) {
	var kind terms.Kind
	if !errors.As(err, &kind) {
		return "", 0
	}
	switch kind {
	case terms.Invalid:
		return kind, http.StatusUnprocessableEntity
	case terms.Unauthenticated:
		return kind, http.StatusUnauthorized
	case terms.Forbidden, terms.Restricted:
		return kind, http.StatusForbidden
	case terms.NotFound:
		return kind, http.StatusNotFound
	case terms.Conflict, terms.TooMany: // a budget does not fill up by waiting, so 429 would be wrong
		return kind, http.StatusConflict
	case terms.Unavailable:
		return kind, http.StatusServiceUnavailable
	}
	return kind, 0
}

// message is the text of an error that was meant for the caller, without what
// was wrapped around it on the way.
func message(err error) string {
	var told *terms.Error
	if errors.As(err, &told) {
		return told.Message
	}
	return err.Error()
}

func outdated(s *terms.Stale) *Problem {
	type text struct {
		Document string `json:"document"`
		Version  string `json:"version"`
		Locale   string `json:"locale"`
		SHA256   string `json:"sha256"`
	}
	current := make([]text, len(s.Current))
	for i, d := range s.Current {
		current[i] = text(d)
	}
	return &Problem{Status: http.StatusConflict, Type: "stale", Title: "Not what is asked now",
		Detail: s.Message, Fields: map[string]any{"current": current}}
}

func refused(r *Refusal) *Problem {
	type next struct {
		Stage string     `json:"stage"`
		At    *time.Time `json:"at"`
	}
	fields := map[string]any{"capability": r.Capability, "stage": r.Stage, "accept_url": r.AcceptURL, "campaign": r.Campaign,
		"reason": r.Reason, "on_deny": r.OnDeny, "revision": r.Revision}
	if r.NextStage != "" {
		n := next{Stage: r.NextStage}
		if !r.NextAt.IsZero() {
			n.At = &r.NextAt
		}
		fields["next"] = n
	}
	p := &Problem{Status: http.StatusForbidden, Type: string(terms.Restricted), Title: "Accept the terms to use this",
		Detail: r.Error(), Fields: fields}
	if link := r.Link(); link != "" {
		p.Header = map[string]string{"Link": link}
	}
	return p
}

// write answers a program.
func (p *Problem) write(c *gin.Context) {
	title := p.Title
	if title == "" {
		title = http.StatusText(p.Status)
	}
	doc := map[string]any{"type": problemType + p.Type, "title": title, "status": p.Status, "detail": p.Detail, "request_id": p.Reference}
	if len(p.Faults) > 0 {
		doc["errors"] = places(p.Faults)
	}
	for name, value := range p.Fields {
		doc[name] = value
	}
	body, err := json.Marshal(doc)
	if err != nil { // strings, numbers and times always marshal
		body = []byte(`{"type":"about:blank","status":500}`)
	}
	c.Data(p.Status, "application/problem+json", body)
}

// places are faults as programs read them.
func places(faults terms.Faults) any {
	type place struct {
		Path   string `json:"path"`
		Detail string `json:"detail"`
	}
	list := make([]place, len(faults))
	for i, f := range faults {
		list[i] = place(f)
	}
	return list
}
