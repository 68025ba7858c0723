package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// OIDCOptions is how people sign in by OpenID Connect. Issuer, ClientID,
// RedirectURL, Scopes, Algorithms and Claim are required.
type OIDCOptions struct {
	Issuer      string // where <issuer>/.well-known/openid-configuration is
	ClientID    string
	Secret      string // "": a public client, which PKCE alone protects
	RedirectURL string
	Scopes      []string // openid among them
	Algorithms  []string // of Algorithms
	Claim       string   // of the ID token that holds the person's id
	Values      string   // the claim, a text or list, of which Subject has the values; "": none
	Now         func() time.Time
}

// OIDC signs people in at one provider.
type OIDC struct {
	options OIDCOptions
	client  *http.Client

	mu       sync.Mutex
	provider *provider
}

// NewOIDC asks nobody anything yet: a provider that is down must not keep a
// server from starting.
func NewOIDC(o OIDCOptions) *OIDC { return &OIDC{options: o, client: newClient()} }

// Attempt is what ties an answer of the provider to the browser that asked
// (Core 3.1.2.1, RFC 7636): whoever begins keeps it, where nobody else can read
// it, until the answer comes.
type Attempt struct {
	State    string // comes back with the answer
	Nonce    string // comes back inside the token
	Verifier string // proves to the provider that the same party asks for the token
}

// NewAttempt draws one from 32 random bytes for each value.
func NewAttempt() Attempt {
	return Attempt{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
}

// Begin returns the address at the provider where the person signs in.
// The error is *Unavailable.
func (o *OIDC) Begin(ctx context.Context, a Attempt) (string, error) {
	p, err := o.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth.AuthCodeURL(a.State, oauth2.SetAuthURLParam("nonce", a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// Check asks the provider about itself, and finds what would keep everybody from
// signing in. The error is *Unavailable.
func (o *OIDC) Check(ctx context.Context) error {
	_, err := o.discover(ctx)
	return err
}

// Answer is what the provider sent the browser back with.
type Answer struct {
	State, Code string
	Issuer      string // RFC 9207, of providers that send it
}

// Finish turns an answer into who signed in. The error is of kind
// Unauthenticated, or *Unavailable.
func (o *OIDC) Finish(ctx context.Context, a Attempt, answer Answer) (Subject, error) {
	p, err := o.discover(ctx)
	if err != nil {
		return Subject{}, err
	}
	switch {
	case a.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(answer.State)) != 1:
		return Subject{}, refused("the sign-in was begun elsewhere")
	case answer.Issuer != "" && answer.Issuer != o.options.Issuer, answer.Issuer == "" && p.sendsIssuer:
		return Subject{}, refused("the answer is of another issuer")
	case answer.Code == "":
		return Subject{}, refused("the answer has no code")
	}
	token, err := p.oauth.Exchange(context.WithValue(ctx, oauth2.HTTPClient, o.client), answer.Code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Subject{}, exchangeError(err)
	}
	raw, _ := token.Extra("id_token").(string)
	s, said, err := p.checker.check(ctx, raw)
	switch {
	case err != nil:
		return Subject{}, err
	case subtle.ConstantTimeCompare([]byte(said.Nonce), []byte(a.Nonce)) != 1:
		return Subject{}, refused("it was made for another sign-in")
	case len(said.Audience) > 1 && said.Party == "": // Core 3.1.3.7, 4
		return Subject{}, refused("it is for several audiences and does not say which asked")
	}
	return s, nil
}

// exchangeError tells a code that is not good from a provider that is not well.
func exchangeError(err error) error {
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) && answered.Response.StatusCode < http.StatusInternalServerError {
		return refused("the provider does not take the code (%.60q)", answered.ErrorCode)
	}
	return unavailable("exchange the code: %w", err)
}

// provider is what a provider says about itself.
type provider struct {
	oauth       oauth2.Config
	checker     checker
	sendsIssuer bool
}

// metadata is as much of a provider's as is used (Discovery 1.0, 3; RFC 9207).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Methods       []string `json:"code_challenge_methods_supported"`
	SendsIssuer   bool     `json:"authorization_response_iss_parameter_supported"`
}

// discover reads the provider's metadata once.
func (o *OIDC) discover(ctx context.Context) (*provider, error) {
	o.mu.Lock()
	known := o.provider
	o.mu.Unlock()
	if known != nil {
		return known, nil
	}
	var m metadata
	if err := fetch(ctx, o.client, strings.TrimSuffix(o.options.Issuer, "/")+"/.well-known/openid-configuration", &m); err != nil {
		return nil, err
	}
	if err := m.check(o.options.Issuer); err != nil {
		return nil, err
	}
	p := o.trust(m)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		o.provider = p
	}
	return o.provider, nil
}

// check refuses metadata of somebody else, or that leads out of https.
func (m metadata) check(issuer string) error {
	if m.Issuer != issuer {
		return unavailable("the provider at %s calls itself %.200q", issuer, m.Issuer)
	}
	scheme, _, _ := strings.Cut(issuer, "://") // http is for a provider on the same machine, as config checks
	for _, url := range []string{m.Authorization, m.Token, m.Keys} {
		if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, scheme+"://") {
			return unavailable("the provider at %s names the address %.200q", issuer, url)
		}
	}
	if len(m.Methods) > 0 && !slices.Contains(m.Methods, "S256") {
		return unavailable("the provider at %s cannot do PKCE with S256", issuer)
	}
	return nil
}

func (o *OIDC) trust(m metadata) *provider {
	style := oauth2.AuthStyleAutoDetect
	if o.options.Secret == "" {
		style = oauth2.AuthStyleInParams
	}
	return &provider{
		oauth: oauth2.Config{
			ClientID: o.options.ClientID, ClientSecret: o.options.Secret, RedirectURL: o.options.RedirectURL, Scopes: o.options.Scopes,
			Endpoint: oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: style},
		},
		checker: checker{
			issuer: m.Issuer, audience: o.options.ClientID, parties: []string{o.options.ClientID}, types: []string{"", "jwt"},
			algorithms: algorithms(o.options.Algorithms), claim: o.options.Claim, values: o.options.Values, keys: newKeys(m.Keys, o.client, o.options.Now), now: o.options.Now,
		},
		sendsIssuer: m.SendsIssuer,
	}
}
