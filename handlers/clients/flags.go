package clients

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/handlers/web"
	"assent/tracker"
)

// The error codes of OFREP 0.3.
const (
	parseError     = "PARSE_ERROR"
	keyMissing     = "TARGETING_KEY_MISSING"
	invalidContext = "INVALID_CONTEXT"
	flagNotFound   = "FLAG_NOT_FOUND"
	generalError   = "GENERAL"
)

// flagProblem is an error with its code.
func flagProblem(status int, code, detail string) *web.Problem {
	return &web.Problem{Status: status, Type: code, Detail: detail}
}

// flagErrors answers errors as OFREP does. Its clients want key and errorCode
// with every status, and take an answer without them for a broken server.
func flagErrors(fn func(*gin.Context) error) gin.HandlerFunc {
	return web.Handle(func(c *gin.Context) error {
		err := fn(c)
		if err == nil {
			return nil
		}
		return &web.Spoken{Err: err, Form: func(p *web.Problem) any {
			code := p.Type
			if code != strings.ToUpper(code) { // ours, not the protocol's
				code = generalError
			}
			if p.Status == http.StatusUnsupportedMediaType || p.Status == http.StatusRequestEntityTooLarge {
				code = parseError
			}
			answer := gin.H{"errorCode": code, "errorDetails": p.Detail}
			if key := c.Param("key"); key != "" {
				answer["key"] = key
			}
			return answer
		}}
	})
}

// bulk answers every flag of a person. What the answer depends on is known
// before it is written, so an unchanged one costs nothing.
func (h *Handlers) bulk(c *gin.Context) error {
	e, now, err := h.evaluated(c)
	if err != nil {
		return err
	}
	tag := e.ETag(now)
	c.Header("ETag", tag)
	if unchanged(c, tag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	return h.writeFlags(c, func(dst []byte) ([]byte, bool) { return e.AppendFlags(dst, now), true })
}

func (h *Handlers) single(c *gin.Context) error {
	e, now, err := h.evaluated(c)
	if err != nil {
		return err
	}
	return h.writeFlags(c, func(dst []byte) ([]byte, bool) { return e.AppendFlag(dst, c.Param("key"), now) })
}

// evaluated finds whom a request asks about.
func (h *Handlers) evaluated(c *gin.Context) (gate.Entry, time.Time, error) {
	if _, err := h.authorize(c, tracker.FlagsRead); err != nil {
		return gate.Entry{}, time.Time{}, err
	}
	if err := web.RequireType(c, "application/json"); err != nil {
		return gate.Entry{}, time.Time{}, err
	}
	body, err := web.ReadBody(c, web.MaxBody)
	if err != nil {
		return gate.Entry{}, time.Time{}, err
	}
	person, err := targetingKey(body)
	if err != nil {
		return gate.Entry{}, time.Time{}, err
	}
	e, _ := h.Gate.Entry(person) // a person we do not know has every default
	return e, h.Now(), nil
}

// writeFlags writes an answer made in a buffer that is used again.
func (h *Handlers) writeFlags(c *gin.Context, render func([]byte) ([]byte, bool)) error {
	buffer, ok := h.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer h.buffers.Put(buffer)
	body, found := render((*buffer)[:0])
	if *buffer = body; !found {
		return flagProblem(http.StatusNotFound, flagNotFound, "there is no flag "+strconv.Quote(c.Param("key")))
	}
	header := c.Writer.Header()
	header["Content-Type"] = []string{"application/json; charset=utf-8"}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(body) // a caller who has gone needs no answer
	return nil
}

// unchanged reports whether the caller has this answer already. RFC 9110 has
// 412 for that on a POST and net/http follows it, but OFREP wants 304. A caller
// who was told of another tag than ours wants the answer whatever it has.
func unchanged(c *gin.Context, tag string) bool {
	if c.Request.URL.RawQuery != "" {
		if told := c.Query("flagConfigEtag"); told != "" && bare(told) != bare(tag) {
			return false
		}
	}
	for _, line := range c.Request.Header["If-None-Match"] {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimSpace(one); one == "*" || bare(one) == bare(tag) {
				return true
			}
		}
	}
	return false
}

// bare is a tag without what clients and compressing proxies put around it.
func bare(tag string) string {
	return strings.TrimSuffix(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`), "-gzip")
}

// shared lets pages of any origin ask: they need a key in a header, which no
// browser sends by itself.
func shared(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Access-Control-Expose-Headers", "ETag, Retry-After")
}

// preflight answers what browsers ask before each request, for as long as
// they remember it.
func preflight(c *gin.Context) {
	c.Header("Access-Control-Allow-Methods", "POST")
	c.Header("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, X-API-Key")
	c.Header("Access-Control-Max-Age", "7200")
	c.Status(http.StatusNoContent)
}
