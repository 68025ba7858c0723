package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"assent/terms"
	"assent/tracker"
)

// answerMost is how much of an answer is read; none of it is kept or shown.
const answerMost = 64 << 10

// message is what a webhook is sent. It names a person and says nothing more
// than where he or she stands.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Revision uint64             `json:"revision"`
	Kind     tracker.ChangeKind `json:"kind"`
	Campaign string             `json:"campaign"`
	Person   string             `json:"person,omitempty"`
	Status   terms.Status       `json:"status,omitempty"`
	Stage    string             `json:"stage,omitempty"`
}

// messageOf makes the message about a change.
func messageOf(c tracker.Change, stage string) message {
	about := "person."
	if general(c.Kind) {
		about = "campaign."
	}
	return message{about + string(c.Kind), c.At.UTC(), data{c.Revision, c.Kind, c.Enrolled.Campaign, c.Enrolled.Person, c.Enrolled.Status, stage}}
}

// general reports whether a change is of a campaign as a whole.
func general(k tracker.ChangeKind) bool {
	return k == tracker.ChangePlan || k == tracker.ChangeHold || k == tracker.ChangeReversal
}

// heard reports whether a webhook hears of a change. Somebody who has been
// removed since is in the change that says so, and in no other.
func heard(w tracker.Webhook, c tracker.Change) bool {
	return (c.Enrolled.Person != "" || general(c.Kind)) && (len(w.Kinds) == 0 || slices.Contains(w.Kinds, c.Kind))
}

// laneOf is the lane of the letters about one person; it does not tell who.
func laneOf(c tracker.Change) int64 {
	if c.Enrolled.Person == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(c.Enrolled.Person))
	return int64(binary.BigEndian.Uint64(sum[:8]) | 1) // never 0
}

// failure is a call that did not work.
type failure struct {
	said  string
	again time.Duration // not before, as the receiver asks
	gone  bool          // the receiver wants no more
}

func (f *failure) Error() string { return f.said }

// call sends one message, and returns nil when it was taken.
func (c *Courier) call(ctx context.Context, w tracker.Webhook, m message) *failure {
	body, err := json.Marshal(m)
	if err != nil {
		return &failure{said: err.Error()}
	}
	now := c.Now()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return &failure{said: err.Error()}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "assent-webhooks/1")
	var secrets []string
	for _, s := range w.Secrets {
		if s.Until.IsZero() || s.Until.After(c.Tracker.Now()) { // by the clock that set it
			secrets = append(secrets, s.Secret)
		}
	}
	if err := sign(r.Header, fmt.Sprintf("msg_%s_%d", w.ID, m.Data.Revision), now, body, secrets); err != nil {
		return &failure{said: err.Error()}
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return &failure{said: plain(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, answerMost) // so that the connection can be used again
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return &failure{
		said: fmt.Sprintf("the receiver answered %d", answer.StatusCode), gone: answer.StatusCode == http.StatusGone, again: retryAfter(answer, now),
	}
}

// plain is an error without the address, which stands beside it anyway.
func plain(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
		if _, ok := err.(interface{ Timeout() bool }); ok {
			break
		}
	}
	return err.Error()
}

// retryAfter is the time that an answer asks to wait (RFC 9110, 10.2.3), at
// most a day.
func retryAfter(answer *http.Response, now time.Time) time.Duration {
	value := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), 24*time.Hour)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), 24*time.Hour)
	}
	return 0
}
