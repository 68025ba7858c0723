package signin_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/internal/testenv"
	"assent/signin"
	"assent/terms"
)

const callback = "https://terms.example.org/signin/callback"

func provided(p *testenv.Provider, c *testenv.Clock) *signin.OIDC {
	return signin.NewOIDC(signin.OIDCOptions{
		Issuer: p.URL, ClientID: p.ClientID, Secret: p.Secret, RedirectURL: callback, Scopes: []string{"openid"},
		Algorithms: []string{"RS256", "ES256"}, Claim: "sub", Now: c.Now,
	})
}

// visit signs a person in at the provider and returns what it answers.
func visit(t *testing.T, at, user string) signin.Answer {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.PostForm(at, url.Values{"user": {user}, "password": {testenv.Password}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	back, err := response.Location()
	if err != nil || !strings.HasPrefix(back.String(), callback+"?") {
		t.Fatalf("the provider led to %v: %v", back, err)
	}
	q := back.Query()
	return signin.Answer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}
}

func TestSigningInSaysWhoItWas(t *testing.T) {
	t.Parallel()
	p, _, c := platform(t)
	o, attempt := provided(p, c), signin.NewAttempt()
	at, err := o.Begin(t.Context(), attempt)
	if err != nil {
		t.Fatal(err)
	}
	q, err := url.Parse(at)
	if err != nil || q.Query().Get("code_challenge_method") != "S256" || q.Query().Get("nonce") != attempt.Nonce || strings.Contains(at, attempt.Verifier) {
		t.Fatalf("leads to %s", at)
	}
	s, err := o.Finish(t.Context(), attempt, visit(t, at, "ana"))
	if err != nil || s.Person != "ana" || s.Issuer != p.URL || !s.At.Equal(c.Now()) {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestAnAnswerThatDoesNotFitSignsNobodyIn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		attempt func(*signin.Attempt)
		answer  func(*signin.Answer)
		claims  func(map[string]any)
	}{
		"no state":               {answer: func(a *signin.Answer) { a.State = "" }},
		"another state":          {answer: func(a *signin.Answer) { a.State = "x" }},
		"never begun":            {attempt: func(a *signin.Attempt) { *a = signin.Attempt{} }, answer: func(a *signin.Answer) { a.State = "" }},
		"another nonce":          {attempt: func(a *signin.Attempt) { a.Nonce = "x" }},
		"no nonce in the token":  {claims: func(c map[string]any) { delete(c, "nonce") }},
		"another verifier":       {attempt: func(a *signin.Attempt) { a.Verifier = signin.NewAttempt().Verifier }},
		"no verifier":            {attempt: func(a *signin.Attempt) { a.Verifier = "" }},
		"no code":                {answer: func(a *signin.Answer) { a.Code = "" }},
		"a made up code":         {answer: func(a *signin.Answer) { a.Code = "x" }},
		"another issuer answers": {answer: func(a *signin.Answer) { a.Issuer = "https://evil.example" }},
		"no issuer in it":        {answer: func(a *signin.Answer) { a.Issuer = "" }},
		"for another client":     {claims: func(c map[string]any) { c["aud"] = "another" }},
		"for two, not saying":    {claims: func(c map[string]any) { c["aud"] = []string{c["aud"].(string), "another"} }},
		"for another party":      {claims: func(c map[string]any) { c["azp"] = "another" }},
		"expired":                {claims: func(c map[string]any) { c["exp"] = c["iat"] }},
		"without a person":       {claims: func(c map[string]any) { delete(c, "sub") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _, c := platform(t)
			o, attempt := provided(p, c), signin.NewAttempt()
			at, err := o.Begin(t.Context(), attempt)
			if err != nil {
				t.Fatal(err)
			}
			p.Change(tc.claims)
			answer := visit(t, at, "ana")
			if tc.attempt != nil {
				tc.attempt(&attempt)
			}
			if tc.answer != nil {
				tc.answer(&answer)
			}
			if s, err := o.Finish(t.Context(), attempt, answer); !errors.Is(err, terms.Unauthenticated) || s.Person != "" {
				t.Errorf("signed in as %+v, %v", s, err)
			}
		})
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	p, _, c := platform(t)
	o, attempt := provided(p, c), signin.NewAttempt()
	at, err := o.Begin(t.Context(), attempt)
	if err != nil {
		t.Fatal(err)
	}
	answer := visit(t, at, "ana")
	if _, err := o.Finish(t.Context(), attempt, answer); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Finish(t.Context(), attempt, answer); !errors.Is(err, terms.Unauthenticated) {
		t.Errorf("a second time: %v", err)
	}
}

func TestAProviderThatIsDownOrSomebodyElseIsUnavailable(t *testing.T) {
	t.Parallel()
	p, _, c := platform(t)
	o := provided(p, c)
	unavailable := func(o *signin.OIDC, what string) {
		t.Helper()
		var down *signin.Unavailable
		if _, err := o.Begin(t.Context(), signin.NewAttempt()); !errors.As(err, &down) {
			t.Errorf("%s: %v", what, err)
		}
	}
	p.Down(true)
	unavailable(o, "down")
	p.Down(false)
	attempt := signin.NewAttempt()
	at, err := o.Begin(t.Context(), attempt)
	if err != nil {
		t.Fatalf("up again: %v", err)
	}
	answer := visit(t, at, "ana")
	p.Down(true)
	var down *signin.Unavailable
	if _, err := o.Finish(t.Context(), attempt, answer); !errors.As(err, &down) {
		t.Errorf("down before the code was exchanged: %v", err)
	}
	for what, body := range map[string]string{
		"somebody else":    `{"issuer":"https://evil.example","authorization_endpoint":"https://x/a","token_endpoint":"https://x/t","jwks_uri":"https://x/k"}`,
		"an odd address":   `{"issuer":"{self}","authorization_endpoint":"javascript:alert(1)","token_endpoint":"https://x/t","jwks_uri":"https://x/k"}`,
		"no PKCE":          `{"issuer":"{self}","authorization_endpoint":"https://x/a","token_endpoint":"https://x/t","jwks_uri":"https://x/k","code_challenge_methods_supported":["plain"]}`,
		"no document":      `hello`,
		"endless document": strings.Repeat(" ", 2<<20) + `{"issuer":"{self}"}`,
	} {
		var self string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.ReplaceAll(body, "{self}", self)))
		}))
		t.Cleanup(server.Close)
		self = server.URL
		unavailable(signin.NewOIDC(signin.OIDCOptions{Issuer: server.URL, ClientID: "x", RedirectURL: callback, Now: time.Now}), what)
	}
}

func TestAnAddressCountsOnceItIsVerifiedAndAClaimMayLieInAnother(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		claims map[string]any
		email  string
		values []string
	}{
		"nothing":            {},
		"not verified":       {claims: map[string]any{"email": "ana@example.org", "email_verified": false}},
		"verified":           {claims: map[string]any{"email": "Ana@Example.org", "email_verified": true}, email: "ana@example.org"},
		"verified, in words": {claims: map[string]any{"email": "ana@example.org", "email_verified": "true"}},
		"inside another":     {claims: map[string]any{"access": map[string]any{"roles": []any{"a", 7, "b"}}}, values: []string{"a", "b"}},
		"with dots in it":    {claims: map[string]any{"access.roles": "a", "access": map[string]any{"roles": "b"}}, values: []string{"a"}},
		"of another type":    {claims: map[string]any{"access": map[string]any{"roles": map[string]any{"a": true}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _, c := platform(t)
			o, attempt := signin.NewOIDC(signin.OIDCOptions{
				Issuer: p.URL, ClientID: p.ClientID, Secret: p.Secret, RedirectURL: callback, Scopes: []string{"openid"},
				Algorithms: []string{"ES256"}, Claim: "sub", Values: "access.roles", Now: c.Now,
			}), signin.NewAttempt()
			at, err := o.Begin(t.Context(), attempt)
			if err != nil {
				t.Fatal(err)
			}
			p.Change(func(claims map[string]any) { maps.Copy(claims, tc.claims) })
			s, err := o.Finish(t.Context(), attempt, visit(t, at, "ana"))
			if err != nil || s.Email != tc.email || !slices.Equal(s.Values, tc.values) {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}
