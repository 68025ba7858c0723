package web

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"regexp"
	"sync"

	"github.com/gin-gonic/gin"

	"assent/tracker"
)

// requestHeader carries the request id, both ways.
const requestHeader = "X-Request-Id"

// givenID is any id that a log can take as it is; AuthZEN 1.0 wants its own back.
var givenID = regexp.MustCompile(`^[A-Za-z0-9._:/+=@-]{1,128}$`)

// The policies tell browsers what an answer may load. Programs' answers load
// nothing; pages load from this server only, and their forms go nowhere else.
const (
	answerPolicy = "default-src 'none'; frame-ancestors 'none'"
	pagePolicy   = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// identify gives the request an id, taking the one that a proxy in front made
// if it looks like one, and every answer its security headers.
func (e *edge) identify(c *gin.Context) {
	id := Header(c, requestHeader)
	if id == "" || !givenID.MatchString(id) {
		id = e.ids.next()
	}
	h := c.Writer.Header()
	for _, s := range e.safeguards {
		h[s.name] = s.value
	}
	h[requestHeader] = []string{id}
}

// ids makes ids that nobody can guess. To ask for randomness once for many takes a
// fraction of the time.
type ids struct{ batches sync.Pool } // of *batch

const idSize = 16 // bytes

type batch struct {
	room [256 * idSize]byte
	left []byte // of room, for the next ids
}

func (i *ids) next() string {
	b, ok := i.batches.Get().(*batch)
	if !ok {
		b = new(batch)
	}
	defer i.batches.Put(b)
	if len(b.left) == 0 {
		_, _ = rand.Read(b.room[:]) // which never fails
		b.left = b.room[:]
	}
	var id [2 * idSize]byte
	hex.Encode(id[:], b.left[:idSize])
	b.left = b.left[idSize:]
	return string(id[:])
}

// safeguard is a header, with its name as net/http keeps it. Its value is shared
// by all answers: a handler replaces one, and never writes into it.
type safeguard struct {
	name  string
	value []string
}

// safeguards are the security headers of every answer. Those that only tell
// browsers how to go about a page are added where one is sent.
func safeguards(https bool) []safeguard {
	list := []safeguard{
		{"Content-Security-Policy", []string{answerPolicy}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Cache-Control", []string{"no-store"}},
	}
	if https {
		list = append(list, safeguard{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	return list
}

// Noted has the acts that a request does noted with its id.
func Noted(c *gin.Context) {
	if c.Request.Method != http.MethodGet {
		c.Request = c.Request.WithContext(tracker.WithRequest(c.Request.Context(), RequestID(c)))
	}
}

// Header is a header of the request, "" for none, by its name as net/http keeps
// it: bringing a name into that form takes longer than the look.
func Header(c *gin.Context, name string) string {
	if values := c.Request.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// RequestID is the id by which this request is found in the log.
func RequestID(c *gin.Context) string { return c.Writer.Header().Get(requestHeader) }
