package signin

import (
	"context"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// JWTOptions is how tokens of the platform are checked. Issuer, KeysURL, Audience,
// Algorithms and Claim are required.
type JWTOptions struct {
	Issuer     string // as in the claim iss
	KeysURL    string // of its JSON Web Key Set (RFC 7517)
	Audience   string // one of those in the claim aud
	Parties    []string
	Algorithms []string // of Algorithms
	Type       string   // that the header typ must have; "": JWT, at+jwt or none
	Claim      string   // that holds the person's id
	Now        func() time.Time
}

// Algorithms are those a setting may name (RFC 7518, RFC 8037): signatures with
// a key whose public half checks them. One secret for both ends is not among
// them, since whoever can check such a token can make one.
func Algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// JWT checks tokens that the platform made for its apps.
type JWT struct{ checker checker }

// NewJWT asks nobody anything yet.
func NewJWT(o JWTOptions) *JWT {
	types := []string{"", "jwt", "at+jwt"}
	if o.Type != "" {
		types = []string{o.Type}
	}
	return &JWT{checker{
		issuer: o.Issuer, audience: o.Audience, parties: o.Parties, algorithms: algorithms(o.Algorithms), types: types,
		claim: o.Claim, keys: newKeys(o.KeysURL, newClient(), o.Now), now: o.Now,
	}}
}

// Check says of whom a token speaks. The error is of kind Unauthenticated, or
// *Unavailable when the issuer's keys cannot be had.
func (j *JWT) Check(ctx context.Context, token string) (Subject, error) {
	s, _, err := j.checker.check(ctx, token)
	return s, err
}

func algorithms(names []string) []jose.SignatureAlgorithm {
	list := make([]jose.SignatureAlgorithm, len(names))
	for i, name := range names {
		list[i] = jose.SignatureAlgorithm(name)
	}
	return list
}
