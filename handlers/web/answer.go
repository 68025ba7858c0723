package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
)

// Handle makes a gin handler of a function that returns its failure. The error
// ends the chain, and the engine answers it in the one way there is; a handler
// that has begun to answer returns nil.
func Handle(fn func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := fn(c); err != nil {
			c.Abort()
			c.Errors = append(c.Errors, &gin.Error{Err: err, Type: gin.ErrorTypePrivate})
		}
	}
}

// answer turns the error that a handler returned, or its panic, into an
// answer.
func (e *edge) answer(c *gin.Context) {
	defer e.recover(c)
	c.Next()
	if last := c.Errors.Last(); last != nil {
		e.fail(c, last.Err)
	}
}

func (e *edge) recover(c *gin.Context) {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause) // net/http's own way to cut a connection
	}
	c.Abort()
	e.fail(c, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
}

// fail answers an error. What is not the caller's fault is logged once, here,
// and the caller learns the request id only.
func (e *edge) fail(c *gin.Context, err error) {
	found := *problemOf(err) // a copy: a handler may return the same problem again
	p := &found
	p.Reference = RequestID(c)
	ctx := c.Request.Context()
	gone := ctx.Err() != nil
	if p.Status >= http.StatusInternalServerError && !gone {
		e.options.Log.ErrorContext(ctx, "request failed", slog.String("request_id", RequestID(c)),
			slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.Any("error", causeOf(p, err)))
	}
	if c.Writer.Written() {
		return // too late: the answer has begun
	}
	for name, value := range p.Header {
		c.Header(name, value)
	}
	var spoken *Spoken
	if errors.As(err, &spoken) {
		c.JSON(p.Status, spoken.Form(p))
		return
	}
	if e.options.ErrorPage != nil && WantsPage(c) {
		page, err := e.options.ErrorPage(c.Request, p)
		if err == nil {
			Page(c, p.Status, page)
			return
		}
		e.options.Log.ErrorContext(ctx, "error page failed", slog.String("request_id", RequestID(c)), slog.Any("error", err))
	}
	p.write(c)
}

// causeOf is what the log says of a failure: more than whoever asked is told.
func causeOf(p *Problem, err error) error {
	if p.Cause != nil {
		return p.Cause
	}
	return err
}

// Unhurried takes the server's deadlines off this request: for uploads without
// end and for work that takes its time. Only for callers who are known.
func Unhurried(c *gin.Context) {
	control := http.NewResponseController(c.Writer)
	// A writer that has no deadlines, as in tests, needs none taken off.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
}
