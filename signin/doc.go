// Package signin says who a person is by what the platform's own sign-in says:
// a JSON Web Token of the platform (RFC 7519), or a sign-in by OpenID Connect
// (Core 1.0; authorization code with PKCE, RFC 7636).
//
// Both end in the same check of one signed token, which is strict: only the
// algorithms that are set, only keys of the one issuer that is set, every claim
// of the right type, an expiry required. Where keys are found is a setting, never
// something a token says.
//
// It keeps nothing about people: what a sign-in has to remember travels in the
// caller's hands.
package signin

import (
	"fmt"
	"time"

	"assent/terms"
)

// Subject is who a token speaks of.
type Subject struct {
	Person  string    // the platform's id of the account
	Issuer  string    // who says so
	Subject string    // the issuer's own id of the account
	At      time.Time // when the person signed in there, else when the token was made
	Expires time.Time // of the token, UTC
	Email   string    // in lower case, where the issuer says that it has verified it
	Values  []string  // of the claim that OIDCOptions.Values names
}

// refused is an error of kind Unauthenticated. What was wrong is for the log of
// whoever runs the issuer; it names no secret.
func refused(format string, args ...any) error {
	return terms.Errorf(terms.Unauthenticated, "the token is refused: "+format, args...)
}

// Unavailable is an error for when the issuer does not answer, so that nobody
// can be told apart for now.
type Unavailable struct{ err error }

// Error says what was tried.
func (u *Unavailable) Error() string { return u.err.Error() }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.err }

func unavailable(format string, args ...any) error { return &Unavailable{fmt.Errorf(format, args...)} }
