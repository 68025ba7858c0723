package clients

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/handlers/web"
	"assent/terms"
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

// measured is up to how many bytes of an answer net/http counts by itself, and for
// less than a header costs.
const measured = 2 << 10

// databaseWithin is how long an answer that can be given without the database
// waits for it.
const databaseWithin = time.Second

// question is what a request for flags asks.
type question struct {
	evaluation
	entry gate.Entry // of a person we do not know: every default
	now   time.Time  // of the facts
	asked time.Time  // by the real clock
}

// bulk answers every flag of a person. What the answer depends on is known
// before it is written, so an unchanged one costs nothing.
func (h *Handlers) bulk(c *gin.Context) error {
	q, err := h.asked(c)
	if err != nil {
		return err
	}
	h.catchUp(c, &q)
	var room [96]byte
	invited := h.invitations.of(q.person, q.asked)
	quoted := append(invited.appendTag(q.entry.AppendTag(append(room[:0], '"'), q.now)), '"')
	inner := quoted[1 : len(quoted)-1] // which notices tell of, whatever the context
	answer, tag := q.entry.Within(q.said), string(quoted)
	if answer.Profile != q.entry.Profile {
		tag = `"` + string(invited.appendTag(answer.AppendTag(nil, q.now))) + `"`
	}
	c.Writer.Header()["Etag"] = []string{tag}
	if unchanged(c, tag, inner) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	return h.writeJSON(c, func(dst []byte) ([]byte, error) {
		return answer.AppendFlags(dst, q.now, func(dst []byte) []byte { return invited.append(dst, inner) }), nil
	})
}

func (h *Handlers) single(c *gin.Context) error {
	q, err := h.asked(c)
	if err != nil {
		return err
	}
	return h.writeJSON(c, func(dst []byte) ([]byte, error) {
		dst, found := q.entry.Within(q.said).AppendFlag(dst, c.Param("key"), q.now)
		if !found {
			return dst, flagProblem(http.StatusNotFound, flagNotFound, "there is no flag "+strconv.Quote(c.Param("key")))
		}
		return dst, nil
	})
}

// asked finds whom a request asks about.
func (h *Handlers) asked(c *gin.Context) (question, error) {
	asked := h.Clock()
	own, err := h.mayAsk(c, asked)
	if err != nil {
		return question{}, err
	}
	if err := web.RequireType(c, "application/json"); err != nil {
		return question{}, err
	}
	body, err := web.ReadBody(c, web.MaxBody)
	if err != nil {
		return question{}, err
	}
	said, err := h.contexts.read(body, h.Gate.Asks)
	if err != nil {
		return question{}, err
	}
	if own != "" && own != said.person {
		return question{}, terms.Errorf(terms.Forbidden, "the token is of another person than context.targetingKey")
	}
	e, _ := h.Gate.Entry(said.person)
	return question{said, e, h.Now(), asked}, nil
}

// catchUp makes sure that an answer is not older than the notice that brought
// the caller here: another server may have sent it.
func (h *Handlers) catchUp(c *gin.Context, q *question) {
	if c.Request.URL.RawQuery == "" {
		return
	}
	_, revision := untold(c.Query("flagConfigEtag"))
	if revision <= h.Gate.Revision() {
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), databaseWithin)
	defer cancel()
	// Without the database answers stay as last known, which restricts nobody more.
	if h.Gate.CatchUp(ctx, revision) == nil {
		q.entry, _ = h.Gate.Entry(q.person)
	}
}

// writeJSON writes an answer made in a buffer that is used again.
func (h *Handlers) writeJSON(c *gin.Context, render func([]byte) ([]byte, error)) error {
	buffer, ok := h.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer h.buffers.Put(buffer)
	body, err := render((*buffer)[:0])
	if *buffer = body; err != nil {
		return err
	}
	header := c.Writer.Header()
	header["Content-Type"] = h.jsonType
	if len(body) > measured {
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(body) // a caller who has gone needs no answer
	return nil
}

// unchanged reports whether the caller has this answer already. RFC 9110 has
// 412 for that on a POST and net/http follows it, but OFREP wants 304. A caller
// who was told of another tag than the person's wants the answer whatever it has.
func unchanged(c *gin.Context, tag string, person []byte) bool {
	if c.Request.URL.RawQuery != "" {
		if told, _ := untold(c.Query("flagConfigEtag")); told != "" && bare(told) != string(person) && bare(told) != bare(tag) {
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
