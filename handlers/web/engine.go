package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// Options is what an engine needs.
type Options struct {
	Log *slog.Logger
	// Now is the real clock, for durations in the log; never the demo's.
	Now func() time.Time
	// HTTPS says that people reach the server by https, so that browsers may be
	// told to insist on it.
	HTTPS bool
	// ErrorPage renders what people see instead of an answer. Without it, or
	// when it fails, they get what programs get.
	ErrorPage func(r *http.Request, p *Problem) ([]byte, error)
	// Measure, if given, sees every answer, and how long it took.
	Measure func(c *gin.Context, took time.Duration)
	// Routine lists prefixes of paths that are called so often that a good
	// answer is logged at debug level only.
	Routine []string
}

// Engine returns a router whose answers all carry a request id and security
// headers, which logs each request, survives panics, and answers what a
// handler made with Handle returns as an error. Unknown routes and methods are
// problems too. The caller mounts the routes.
//
// gin trusts no proxy here, so its ClientIP is the socket's peer: use
// Proxies.Address for the derived address.
func Engine(o Options) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.HandleMethodNotAllowed = true
	engine.ForwardedByClientIP = false
	// Parameters are cut from the escaped path, so that an id may hold a
	// slash; unescape then decodes them as a path, where a plus is a plus.
	engine.UseEscapedPath = true
	engine.UnescapePathValues = false
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, fmt.Errorf("trust no proxy: %w", err)
	}
	e := &edge{o, safeguards(o.HTTPS), new(ids)}
	engine.Use(e.watch, e.answer, unescape)
	engine.NoRoute(Handle(noRoute))
	engine.NoMethod(Handle(noMethod))
	return engine, nil
}

// edge is the outermost part of every request.
type edge struct {
	options    Options
	safeguards []safeguard
	ids        *ids
}

// watch sees every request first and every answer last.
func (e *edge) watch(c *gin.Context) {
	start := e.options.Now()
	e.identify(c)
	c.Next()
	took := e.options.Now().Sub(start)
	if e.options.Measure != nil {
		e.options.Measure(c, took)
	}
	e.log(c, took)
}

// log writes one line per request: ids and numbers, never content.
func (e *edge) log(c *gin.Context, took time.Duration) {
	level, status := slog.LevelInfo, c.Writer.Status()
	if status < http.StatusBadRequest && e.routine(c.FullPath()) {
		level = slog.LevelDebug
	}
	ctx := c.Request.Context()
	if !e.options.Log.Enabled(ctx, level) {
		return
	}
	e.options.Log.LogAttrs(ctx, level, "request",
		slog.String("request_id", RequestID(c)), slog.String("method", c.Request.Method),
		slog.String("route", c.FullPath()), slog.Int("status", status), slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("took", took))
}

func (e *edge) routine(route string) bool {
	for _, prefix := range e.options.Routine {
		if strings.HasPrefix(route, prefix) {
			return true
		}
	}
	return false
}

// unescape decodes the parameters of the path.
func unescape(c *gin.Context) {
	for i, p := range c.Params {
		value, err := url.PathUnescape(p.Value)
		if err != nil { // net/http refuses such a path before it gets here
			value = p.Value
		}
		c.Params[i].Value = value
	}
}

func noRoute(c *gin.Context) error {
	return &Problem{Status: http.StatusNotFound, Type: "not_found", Detail: fmt.Sprintf("there is nothing at %s", c.Request.URL.Path)}
}

func noMethod(c *gin.Context) error {
	allowed := c.Writer.Header().Get("Allow")
	return &Problem{Status: http.StatusMethodNotAllowed, Type: "method_not_allowed",
		Detail: fmt.Sprintf("%s does not go with %s; %s does", c.Request.Method, c.Request.URL.Path, allowed)}
}
