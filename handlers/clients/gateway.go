package clients

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

// Gateway is how requests are judged that a gateway has received for another
// server.
type Gateway struct {
	// Routes is what it takes to make a request: capabilities by pattern of
	// net/http's ServeMux, without conflicts.
	Routes map[string]string
	Header string // that names the person; "": none does
	// Person says of whom a token of the platform speaks; nil: none are taken.
	// Its error is of kind Unauthenticated, or else nobody can tell for now.
	Person func(ctx context.Context, token string) (string, error)
	Cookie string // that may hold the token; "": only Authorization does
	// Page says to a person what is off, and leads to the choice page.
	Page func(r *http.Request, d gate.Decision) ([]byte, error)
}

// RefusedHeader tells gateways, and their logs, what a refused request would have
// taken. An answer without it is no refusal of a person's request.
const RefusedHeader = "X-Assent-Refused"

// intercepted is a request that a gateway asks about.
type intercepted struct {
	method, host, uri string
	person            string // "": nobody in particular
}

// routes tells what a request takes.
type routes struct {
	mux        *http.ServeMux
	capability map[string]string
}

func newRoutes(capabilities map[string]string) routes {
	r := routes{http.NewServeMux(), capabilities}
	for pattern := range capabilities {
		r.mux.Handle(pattern, http.NotFoundHandler())
	}
	return r
}

// of lists what a request takes. A path is looked at as it is written and as it
// reads once decoded and cleaned: %2F or /../ in it must not lead past a rule,
// however the server behind the gateway takes them.
func (r routes) of(in intercepted) []string {
	written, _, _ := strings.Cut(in.uri, "?")
	read, err := url.PathUnescape(written)
	if err != nil {
		read = written
	}
	var list []string
	for _, u := range []*url.URL{{Path: read, RawPath: written}, {Path: path.Clean("/" + read)}} {
		_, pattern := r.mux.Handler(&http.Request{Method: in.method, Host: in.host, URL: u})
		if capability := r.capability[pattern]; capability != "" {
			list = append(list, capability)
		}
	}
	return list
}

func (h *Handlers) mountGateway(r gin.IRouter) {
	r.GET("/check", h.forwarded(h.passes))
	r.GET("/refusal", h.forwarded(h.refusal))
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		r.Handle(method, "/envoy/*path", h.original(h.passes))
	}
}

// forwarded reads a request from the headers that Traefik and Caddy send, and
// nginx is told to.
func (h *Handlers) forwarded(answer func(*gin.Context, intercepted) error) gin.HandlerFunc {
	return h.asking(answer, func(c *gin.Context) (intercepted, error) {
		in := intercepted{method: c.GetHeader("X-Forwarded-Method"), host: c.GetHeader("X-Forwarded-Host"), uri: c.GetHeader("X-Forwarded-Uri")}
		if in.method == "" || !strings.HasPrefix(in.uri, "/") {
			return in, web.Unreadable("headers", "X-Forwarded-Method and X-Forwarded-Uri must say what was requested: the gateway sends them")
		}
		return in, nil
	})
}

// original takes a request as it is, below a prefix, as Envoy sends it.
func (h *Handlers) original(answer func(*gin.Context, intercepted) error) gin.HandlerFunc {
	return h.asking(answer, func(c *gin.Context) (intercepted, error) {
		_, uri, _ := strings.Cut(c.Request.URL.EscapedPath(), "/gateway/envoy")
		return intercepted{method: c.Request.Method, host: c.Request.Host, uri: uri}, nil
	})
}

// asking lets a gateway ask. Its key comes as X-API-Key, because Authorization
// is the person's; without that header it may stand there too.
func (h *Handlers) asking(answer func(*gin.Context, intercepted) error, read func(*gin.Context) (intercepted, error)) gin.HandlerFunc {
	return web.Handle(func(c *gin.Context) error {
		secret := web.Header(c, "X-Api-Key")
		if secret == "" {
			secret = given(c)
		}
		if _, err := h.authorizeWith(c, secret, h.Clock(), tracker.DecisionsRead); err != nil {
			return err
		}
		in, err := read(c)
		if err != nil {
			return err
		}
		in.person = h.interceptedPerson(c)
		return answer(c, in)
	})
}

// interceptedPerson is who makes the request: nobody in particular without
// a word we can trust. Whether somebody has to be signed in is not decided here,
// and an issuer that does not answer restricts nobody.
func (h *Handlers) interceptedPerson(c *gin.Context) string {
	g := h.Gateway
	if g.Header != "" {
		if person := c.GetHeader(g.Header); person != "" {
			return person
		}
	}
	if g.Person == nil {
		return ""
	}
	token := bearer(c)
	if token == "" && g.Cookie != "" {
		token, _ = c.Cookie(g.Cookie)
	}
	if token == "" {
		return ""
	}
	person, err := g.Person(c.Request.Context(), token)
	if err != nil && !errors.Is(err, terms.Unauthenticated) {
		h.metrics.unidentified.Inc()
	}
	return person
}

// refused is the decision that keeps a person from making a request, if any.
func (h *Handlers) refused(in intercepted) (gate.Decision, bool) {
	if in.person == "" {
		return gate.Decision{}, false
	}
	for _, capability := range h.routes.of(in) {
		if d := h.Gate.Decide(in.person, capability); !d.Allowed {
			return d, true
		}
	}
	return gate.Decision{}, false
}

// passes answers 200 when the request may go on, else what is to be sent in its
// place.
func (h *Handlers) passes(c *gin.Context, in intercepted) error {
	if d, refused := h.refused(in); refused {
		return h.refuse(c, d)
	}
	c.Status(http.StatusOK)
	return nil
}

// refusal answers what is to be sent in the place of a request that was refused
// a moment ago, for gateways that throw away what passes says. Who has got
// everything back since then is sent to do the same again.
func (h *Handlers) refusal(c *gin.Context, in intercepted) error {
	if d, refused := h.refused(in); refused {
		return h.refuse(c, d)
	}
	c.Redirect(http.StatusTemporaryRedirect, "/"+strings.TrimLeft(in.uri, "/\\"))
	return nil
}

func (h *Handlers) refuse(c *gin.Context, d gate.Decision) error {
	problem := &web.Refusal{Decision: d}
	c.Header(RefusedHeader, d.Capability)
	if h.Gateway.Page == nil || !web.WantsPage(c) {
		return problem
	}
	page, err := h.Gateway.Page(c.Request, d)
	if err != nil {
		return err
	}
	c.Header("Link", problem.Link())
	web.Lent(c, http.StatusForbidden, page)
	return nil
}
