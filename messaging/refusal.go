package messaging

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"

	"assent/gate"
	"assent/terms"
)

// Refusal is a decision of the gate that went against a person, as an error of
// kind Restricted. Over HTTP it is a 403 (RFC 9457), over the socket error
// 1403; both carry the fields that MarshalJSON writes.
type Refusal struct {
	gate.Decision
}

// Error says in plain words what is off and what brings it back.
func (r *Refusal) Error() string {
	return off(r.Capability) + " until you accept the new terms; accepting brings it back at once"
}

// Unwrap returns Restricted, for errors.Is.
func (r *Refusal) Unwrap() error { return terms.Restricted }

// MarshalJSON writes the refusal as a problem document. The member next is
// left out when no stage lies ahead, and its at when no date can be given.
func (r *Refusal) MarshalJSON() ([]byte, error) {
	return json.Marshal(r.problem())
}

func (r *Refusal) problem() problem {
	return problem{
		Type: problemType + string(terms.Restricted), Title: "Accept the terms to use this", Status: http.StatusForbidden,
		Detail: r.Error(), Capability: r.Capability, Campaign: r.Campaign, Stage: r.Stage, AcceptURL: r.AcceptURL,
		Reason: string(r.Reason), Next: nextOf(r.NextStage, r.NextAt), Revision: r.Revision,
	}
}

// Unreadable is params that are not the JSON a method takes. Over HTTP it is
// a 400. It is an error of kind Invalid.
type Unreadable struct {
	Path   string // the member at fault, "" for the whole
	Detail string
}

// Error names the member and what is wrong with it.
func (u *Unreadable) Error() string {
	if u.Path == "" {
		return "params: " + u.Detail
	}
	return u.Path + ": " + u.Detail
}

// Unwrap returns Invalid, for errors.Is.
func (u *Unreadable) Unwrap() error { return terms.Invalid }

// off says what a person misses without a capability.
func off(capability string) string {
	switch capability {
	case "chats.list":
		return "Your chat list is off"
	case "chats.history":
		return "Your earlier messages are out of reach"
	case "messages.send":
		return "You cannot write messages"
	case "messages.reply_from_notification":
		return "You cannot reply from notifications"
	case "calls.place":
		return "You cannot make calls"
	case "calls.call_back":
		return "You cannot call back"
	case "calls.answer":
		return "You cannot answer calls"
	}
	return "This is not available"
}

const problemType = "urn:assent:problem:"

// problem is an error as clients of the socket read it, the same document that
// HTTP answers with.
type problem struct {
	Type       string    `json:"type"`
	Title      string    `json:"title"`
	Status     int       `json:"status"`
	Detail     string    `json:"detail"`
	Capability string    `json:"capability,omitempty"`
	Campaign   string    `json:"campaign,omitempty"`
	Stage      string    `json:"stage,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	AcceptURL  string    `json:"accept_url,omitempty"`
	Next       *next     `json:"next,omitempty"`
	Revision   uint64    `json:"revision,omitempty"`
	Errors     []faulted `json:"errors,omitempty"`
}

type next struct {
	Stage string     `json:"stage"`
	At    *time.Time `json:"at"`
}

type faulted struct {
	Path   string `json:"path"`
	Detail string `json:"detail"`
}

func nextOf(stage string, at time.Time) *next {
	if stage == "" {
		return nil
	}
	n := &next{Stage: stage}
	if !at.IsZero() {
		n.At = &at
	}
	return n
}

// socketError is an error as the socket answers it: the code is 1000 above
// the HTTP status, the message is the problem document. Whatever is not the
// caller's fault is the library's own internal error, which clients retry.
func socketError(err error) error {
	p, ok := problemOf(err)
	if !ok {
		return centrifuge.ErrorInternal
	}
	text, err := json.Marshal(p)
	if err != nil {
		return centrifuge.ErrorInternal
	}
	return &centrifuge.Error{Code: uint32(1000 + p.Status), Message: string(text)}
}

func problemOf(err error) (problem, bool) {
	var (
		refusal    *Refusal
		unreadable *Unreadable
		faults     terms.Faults
		kind       terms.Kind
	)
	if errors.As(err, &refusal) {
		return refusal.problem(), true
	}
	if !errors.As(err, &kind) {
		return problem{}, false
	}
	p := problem{Type: problemType + string(kind), Status: statusOf(kind), Detail: err.Error()}
	switch {
	case errors.As(err, &unreadable):
		p.Type, p.Status = problemType+"unreadable", http.StatusBadRequest
		p.Errors = []faulted{{unreadable.Path, unreadable.Detail}}
	case errors.As(err, &faults):
		for _, f := range faults {
			p.Errors = append(p.Errors, faulted(f))
		}
	}
	p.Title = http.StatusText(p.Status)
	return p, true
}

func statusOf(kind terms.Kind) int {
	switch kind {
	case terms.NotFound:
		return http.StatusNotFound
	case terms.Conflict, terms.TooMany:
		return http.StatusConflict
	case terms.Unauthenticated:
		return http.StatusUnauthorized
	case terms.Forbidden, terms.Restricted:
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}
