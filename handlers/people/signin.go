package people

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/ledger"
	"assent/signin"
	"assent/terms"
	"assent/tokens"
)

// attempts are the sign-ins that browsers have begun.
func (s site) attempts() web.Attempts {
	return web.Attempts{
		Provider: s.SignIn, Purpose: tokens.SignIn, Tokens: s.Tokens, Cookie: web.Cookie{Name: s.Cookie.Name + "_attempt", HTTPS: s.Cookie.HTTPS},
		Wall: s.Wall, Spend: s.Tracker.Spend,
	}
}

// page serves a page for which somebody has to be known. A browser that is not is led to the sign-in, where there is
// one; a page that was sent with a wrong token is not.
func (s site) page(fn func(*gin.Context) error) gin.HandlerFunc {
	return web.Handle(func(c *gin.Context) error {
		err := fn(c)
		_, given := bearer(c)
		if s.SignIn == nil || given || !errors.Is(err, terms.Unauthenticated) || !web.WantsPage(c) || web.Ahead(c.Request) {
			return err
		}
		c.Redirect(http.StatusSeeOther, signInPath(c.Request.URL.RequestURI()))
		return nil
	})
}

func signInPath(to string) string { return "/signin?to=" + url.QueryEscape(to) }

// begin leads to the provider.
func (s site) begin(c *gin.Context) error {
	if s.SignIn == nil {
		return terms.Errorf(terms.Unauthenticated, "people sign in with the app here; open the page from there")
	}
	if err := s.attempts().Begin(c, local(c.Query("to"))); err != nil {
		return failed(err)
	}
	return nil
}

// finish takes the provider's answer and opens a session with a new id, for a person who is known here.
func (s site) finish(c *gin.Context) error {
	if s.SignIn == nil || web.Ahead(c.Request) {
		return terms.Errorf(terms.NotFound, "there is nothing at %s", c.Request.URL.Path)
	}
	subject, to, err := s.attempts().Finish(c)
	if err != nil {
		s.note(c, err)
		return failed(err)
	}
	_, err = s.Tracker.Person(c.Request.Context(), subject.Person)
	if errors.Is(err, terms.NotFound) {
		return &web.Problem{Status: http.StatusForbidden, Type: unknownAccount, Detail: "this account is not known here"}
	}
	if err == nil {
		err = s.endSession(c)
	}
	if err != nil {
		return err
	}
	openSession(c, s.Options, identityFrom(ledger.ByOIDC, subject))
	c.Redirect(http.StatusSeeOther, local(to))
	return nil
}

// failed is a sign-in that did not work, in words for the person.
func failed(err error) error {
	var down *signin.Unavailable
	switch {
	case errors.As(err, &down):
		return unavailable(down)
	case errors.Is(err, terms.Unauthenticated):
		return &web.Problem{Status: http.StatusUnauthorized, Type: signInFailed, Detail: err.Error(), Header: map[string]string{"WWW-Authenticate": `Bearer realm="assent"`}}
	}
	return fmt.Errorf("sign in: %w", err)
}

// local is a path of a page of ours that somebody can be led to, "my terms" for anything else: an address from outside
// must not turn the sign-in into a way to somewhere else.
func local(to string) string {
	for _, start := range []string{"/t/", "/me/", "/receipts/"} {
		if strings.HasPrefix(to, start) && ours(to) {
			return to
		}
	}
	return "/me/terms"
}

// ours reports whether an address is a path of this site.
func ours(to string) bool {
	u, err := url.Parse(to)
	return err == nil && !u.IsAbs() && u.Host == "" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") &&
		!strings.ContainsAny(to, "\\\r\n") && !strings.Contains(u.Path, "..")
}
