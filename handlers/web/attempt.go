package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/signin"
	"assent/terms"
	"assent/tokens"
)

// Provider is where somebody signs in; *signin.OIDC does.
type Provider interface {
	Begin(ctx context.Context, a signin.Attempt) (string, error)
	Finish(ctx context.Context, a signin.Attempt, answer signin.Answer) (signin.Subject, error)
}

// Attempts are sign-ins at a provider that browsers have begun. Each is kept in a
// cookie of the browser's, which scripts and other sites cannot read.
type Attempts struct {
	Provider Provider
	Purpose  tokens.Purpose // of what is in the cookie: an attempt of people is none of staff
	Tokens   *tokens.Signer
	Cookie   Cookie
	Wall     func() time.Time
	Spend    func(ctx context.Context, id string, expires time.Time) error // uses an id up; Conflict when it is
}

// attemptTTL is how long somebody may take to sign in at the provider.
const attemptTTL = 15 * time.Minute

// The fields of an attempt's token, whose id is its state.
const (
	nonceField    = "nonce"
	verifierField = "verifier"
	toField       = "to" // where to go afterwards
)

// Begin leads to the provider, and has the browser remember what the answer must
// fit and where to go afterwards. The error is *signin.Unavailable.
func (a Attempts) Begin(c *gin.Context, to string) error {
	attempt := signin.NewAttempt()
	at, err := a.Provider.Begin(c.Request.Context(), attempt)
	if err != nil {
		return err
	}
	claims := tokens.Claims{ID: attempt.State, Data: map[string]string{nonceField: attempt.Nonce, verifierField: attempt.Verifier, toField: to}}
	a.Cookie.Set(c, a.Tokens.Sign(a.Purpose, claims, a.Wall(), attemptTTL), attemptTTL)
	c.Redirect(http.StatusSeeOther, at)
	return nil
}

// Finish takes the provider's answer, which is good for one attempt and once, and
// says who signed in and where to go. The error is of kind Unauthenticated, or
// *signin.Unavailable.
func (a Attempts) Finish(c *gin.Context) (signin.Subject, string, error) {
	claims, err := a.Tokens.Verify(a.Purpose, a.Cookie.Token(c), a.Wall())
	a.Cookie.Clear(c)
	if err != nil {
		return signin.Subject{}, "", terms.Errorf(terms.Unauthenticated, "the sign-in was not begun in this browser, or took too long")
	}
	if fault := c.Query("error"); fault != "" {
		return signin.Subject{}, "", terms.Errorf(terms.Unauthenticated, "the provider answers with the error %.60q", fault)
	}
	attempt := signin.Attempt{State: claims.ID, Nonce: claims.Data[nonceField], Verifier: claims.Data[verifierField]}
	answer := signin.Answer{State: c.Query("state"), Code: c.Query("code"), Issuer: c.Query("iss")}
	subject, err := a.Provider.Finish(c.Request.Context(), attempt, answer)
	if err != nil {
		return signin.Subject{}, "", err
	}
	err = a.Spend(c.Request.Context(), "attempt-"+claims.ID, claims.ExpiresAt())
	if errors.Is(err, terms.Conflict) {
		err = terms.Errorf(terms.Unauthenticated, "the answer was used before")
	}
	return subject, claims.Data[toField], err
}
