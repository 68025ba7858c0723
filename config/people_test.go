package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/config"
)

func TestSigningInIsOffUntilItIsDescribed(t *testing.T) {
	t.Parallel()
	c, err := load(t, "")
	if err != nil || c.People.OIDC.Issuer != "" || c.People.JWT.Issuer != "" || c.People.SessionTTL != 12*time.Hour {
		t.Fatalf("%+v, %v", c.People, err)
	}
	c, err = load(t, `
people:
  oidc: {issuer: "https://login.example.org/realm", client_id: assent}
  jwt: {issuer: "https://login.example.org", keys_url: "https://login.example.org/keys", audience: terms, cookie: token}
`, "ASSENT_PEOPLE_OIDC_CLIENT_SECRET=hush", "ASSENT_PEOPLE_JWT_ALGORITHMS=ES256,EdDSA")
	if err != nil || string(c.People.OIDC.ClientSecret) != "hush" || !slices.Equal(c.People.JWT.Algorithms, []string{"ES256", "EdDSA"}) ||
		!slices.Equal(c.People.OIDC.Scopes, []string{"openid"}) || c.People.JWT.PersonClaim != "sub" {
		t.Fatalf("%+v, %v", c.People, err)
	}
	if strings.Contains(c.String(), "hush") {
		t.Error("the client's secret shows")
	}
}

func TestASignInThatCouldBeFooledIsRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ file, key string }{
		{"people: {session_ttl: 0s}", "people.session_ttl"},
		{"people: {oidc: {client_id: x}}", "people.oidc.issuer"},
		{`people: {oidc: {issuer: "http://login.example.org", client_id: x}}`, "people.oidc.issuer"},
		{`people: {oidc: {issuer: "https://user:pass@login.example.org", client_id: x}}`, "people.oidc.issuer"},
		{`people: {oidc: {issuer: "https://login.example.org"}}`, "people.oidc.client_id"},
		{`people: {oidc: {issuer: "https://login.example.org", client_id: x, scopes: [profile]}}`, "people.oidc.scopes"},
		{`people: {oidc: {issuer: "https://login.example.org", client_id: x, algorithms: [none]}}`, "people.oidc.algorithms[0]"},
		{`people: {oidc: {issuer: "https://login.example.org", client_id: x, person_claim: ""}}`, "people.oidc.person_claim"},
		{`people: {jwt: {cookie: token}}`, "people.jwt.issuer"},
		{`people: {jwt: {issuer: x, keys_url: "http://login.example.org/keys", audience: x}}`, "people.jwt.keys_url"},
		{`people: {jwt: {issuer: x, keys_url: "https://login.example.org/keys"}}`, "people.jwt.audience"},
		{`people: {jwt: {issuer: x, keys_url: "https://login.example.org/keys", audience: x, algorithms: [HS256]}}`, "people.jwt.algorithms[0]"},
		{`people: {jwt: {issuer: x, keys_url: "https://login.example.org/keys", audience: x, algorithms: []}}`, "people.jwt.algorithms"},
		{`people: {jwt: {issuer: x, keys_url: "https://login.example.org/keys", audience: x, cookie: "a b"}}`, "people.jwt.cookie"},
		{`people: {jwt: {issuer: x, keys_url: "https://login.example.org/keys", audience: x, type: JWT}}`, "people.jwt.type"},
		{`people: {jwt: {insecure: true}}`, "people.jwt.insecure"},
	} {
		_, err := load(t, tc.file)
		var invalid *config.Invalid
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), tc.key) {
			t.Errorf("%s: %v", tc.file, err)
		}
	}
	if _, err := load(t, `people: {jwt: {issuer: x, keys_url: "http://127.0.0.1:9/keys", audience: x}}`); err != nil {
		t.Errorf("an issuer on this machine: %v", err)
	}
}
