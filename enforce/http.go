package enforce

import (
	"encoding/json"
	"net/http"
	"time"
)

// Require lets a request through only while the person who makes it may do
// something. person says who that is, "" for nobody in particular, who is let
// through: whether somebody has to be signed in is not decided here.
func (c *Client) Require(capability string, person func(*http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if id := person(r); id != "" {
				if d := c.Decide(id, capability); !d.Allowed {
					Refuse(w, d)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

type ahead struct {
	Stage string     `json:"stage"`
	At    *time.Time `json:"at"`
}

type refusal struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail"`
	Capability string `json:"capability"`
	Stage      string `json:"stage"`
	Campaign   string `json:"campaign"`
	Reason     string `json:"reason"`
	OnDeny     string `json:"on_deny"`
	Revision   uint64 `json:"revision"`
	AcceptURL  string `json:"accept_url"`
	Next       *ahead `json:"next,omitempty"`
}

// Refuse answers that something is off: 403 as a problem by RFC 9457, which
// says what, why, and where the person can accept. It never answers 401, which
// would make apps sign people out.
func Refuse(w http.ResponseWriter, d Decision) {
	body := refusal{
		Type: "urn:assent:problem:restricted", Title: "Accept the terms to use this", Status: http.StatusForbidden,
		Detail:     "this is not available until you accept the terms; accepting brings it back at once",
		Capability: d.Capability, Stage: d.Stage, Campaign: d.Campaign, Reason: d.Reason, OnDeny: d.OnDeny, Revision: d.Revision, AcceptURL: d.AcceptURL,
	}
	if d.NextStage != "" {
		body.Next = &ahead{Stage: d.NextStage}
		if !d.NextAt.IsZero() {
			body.Next.At = &d.NextAt
		}
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if d.AcceptURL != "" {
		h.Set("Link", "<"+d.AcceptURL+`>; rel="terms-of-service"`)
	}
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(body) // whoever has gone needs no answer
}
