package people

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/ledger"
	"assent/signin"
	"assent/terms"
	"assent/tokens"
)

// SignIn is where people sign in; *signin.OIDC does.
type SignIn interface {
	Begin(ctx context.Context, a signin.Attempt) (string, error)
	Finish(ctx context.Context, a signin.Attempt, answer signin.Answer) (signin.Subject, error)
}

// attemptTTL is how long somebody may take to sign in at the provider.
const attemptTTL = 15 * time.Minute

// The fields of an attempt's token, whose id is its state.
const (
	nonceField    = "nonce"
	verifierField = "verifier"
	toField       = "to" // where to go afterwards
)

// attempts is the cookie in which a browser keeps an attempt to sign in. Scripts and other sites cannot read it.
func (s site) attempts() web.Cookie {
	return web.Cookie{Name: s.Cookie.Name + "_attempt", HTTPS: s.Cookie.HTTPS}
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

// begin leads to the provider, and has the browser remember what the answer must fit.
func (s site) begin(c *gin.Context) error {
	if s.SignIn == nil {
		return terms.Errorf(terms.Unauthenticated, "people sign in with the app here; open the page from there")
	}
	a := signin.NewAttempt()
	at, err := s.SignIn.Begin(c.Request.Context(), a)
	if err != nil {
		return failed(err)
	}
	claims := tokens.Claims{ID: a.State, Data: map[string]string{nonceField: a.Nonce, verifierField: a.Verifier, toField: local(c.Query("to"))}}
	s.attempts().Set(c, s.Tokens.Sign(tokens.SignIn, claims, s.Wall(), attemptTTL), attemptTTL)
	c.Redirect(http.StatusSeeOther, at)
	return nil
}

// finish takes the provider's answer and opens a session with a new id, for a person who is known here.
func (s site) finish(c *gin.Context) error {
	if s.SignIn == nil || web.Ahead(c.Request) {
		return terms.Errorf(terms.NotFound, "there is nothing at %s", c.Request.URL.Path)
	}
	claims, err := s.Tokens.Verify(tokens.SignIn, s.attempts().Token(c), s.Wall())
	s.attempts().Clear(c)
	if err != nil {
		return failed(terms.Errorf(terms.Unauthenticated, "the sign-in was not begun in this browser, or took too long"))
	}
	subject, err := s.answered(c, claims)
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
	c.Redirect(http.StatusSeeOther, local(claims.Data[toField]))
	return nil
}

// answered is who signed in by the provider's answer to an attempt, which is good for one answer.
func (s site) answered(c *gin.Context, claims tokens.Claims) (signin.Subject, error) {
	if fault := c.Query("error"); fault != "" {
		return signin.Subject{}, terms.Errorf(terms.Unauthenticated, "the provider answers with the error %.60q", fault)
	}
	a := signin.Attempt{State: claims.ID, Nonce: claims.Data[nonceField], Verifier: claims.Data[verifierField]}
	subject, err := s.SignIn.Finish(c.Request.Context(), a, signin.Answer{State: c.Query("state"), Code: c.Query("code"), Issuer: c.Query("iss")})
	if err != nil {
		return subject, err
	}
	err = s.Tracker.Spend(c.Request.Context(), "attempt-"+claims.ID, claims.ExpiresAt())
	if errors.Is(err, terms.Conflict) {
		err = terms.Errorf(terms.Unauthenticated, "the answer was used before")
	}
	return subject, err
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
