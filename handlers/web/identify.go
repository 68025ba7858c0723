package web

import (
	"crypto/rand"
	"maps"
	"net/http"
	"regexp"

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
func (e edge) identify(c *gin.Context) {
	id := c.GetHeader(requestHeader)
	if !givenID.MatchString(id) {
		id = rand.Text()
	}
	h := c.Writer.Header()
	maps.Copy(h, e.safeguards)
	h[requestHeader] = []string{id}
}

// safeguards are the security headers of every answer. Their values are shared
// by all of them: a handler replaces one, and never writes into it.
func safeguards(https bool) http.Header {
	h := http.Header{
		"Content-Security-Policy": {answerPolicy},
		"X-Frame-Options":         {"DENY"},
		"X-Content-Type-Options":  {"nosniff"},
		"Referrer-Policy":         {"same-origin"},
		"Cache-Control":           {"no-store"},
	}
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return h
}

// Noted has the acts that a request does noted with its id.
func Noted(c *gin.Context) {
	if c.Request.Method != http.MethodGet {
		c.Request = c.Request.WithContext(tracker.WithRequest(c.Request.Context(), RequestID(c)))
	}
}

// RequestID is the id by which this request is found in the log.
func RequestID(c *gin.Context) string { return c.Writer.Header().Get(requestHeader) }
