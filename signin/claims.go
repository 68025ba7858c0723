package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxToken = 8 << 10          // bytes
	maxClaim = 255              // bytes of a claim that names somebody
	leeway   = 30 * time.Second // by which the issuer's clock may be ahead of ours
)

// checker checks tokens of one issuer for one audience.
type checker struct {
	issuer     string
	audience   string
	parties    []string // whose tokens are taken, by the claim azp; empty: anybody's
	algorithms []jose.SignatureAlgorithm
	types      []string // of the header typ, in lower case; "" is none
	claim      string   // that holds the person's id
	values     string   // the claim whose values are passed on; "": none
	keys       *keys
	now        func() time.Time
}

// claims are those of a token, with the types they must have.
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Party     string   `json:"azp"`
	Nonce     string   `json:"nonce"`
	Expires   *instant `json:"exp"`
	NotBefore *instant `json:"nbf"`
	Issued    *instant `json:"iat"`
	SignedIn  *instant `json:"auth_time"`

	all map[string]any
}

// audience is one text or a list of them.
type audience []string

// UnmarshalJSON reads both.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// instant is a NumericDate: a number of seconds, never a text with one in it.
type instant struct{ time.Time }

// UnmarshalJSON reads a number. Times beyond the year 9999 are none.
func (i *instant) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > 253402300799 {
		return refused("a time in it is out of range")
	}
	whole, part := math.Modf(seconds)
	i.Time = time.Unix(int64(whole), int64(part*1e9)).UTC()
	return nil
}

// check verifies a token and says of whom it speaks. The error is of kind
// Unauthenticated, or *Unavailable when the keys cannot be had.
func (c *checker) check(ctx context.Context, token string) (Subject, claims, error) {
	signed, head, err := c.parse(token)
	if err != nil {
		return Subject{}, claims{}, err
	}
	// Another issuer's tokens are not worth a look at our issuer's keys.
	said, err := readClaims(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return Subject{}, claims{}, err
	}
	if said.Issuer != c.issuer {
		return Subject{}, claims{}, refused("it is of another issuer")
	}
	candidates, err := c.keys.find(ctx, head.KeyID)
	if err != nil {
		return Subject{}, claims{}, err
	}
	if !slices.ContainsFunc(candidates, func(key jose.JSONWebKey) bool { return verified(signed, head, key) }) {
		return Subject{}, claims{}, refused("its signature is not the issuer's")
	}
	if err := c.judge(said); err != nil {
		return Subject{}, claims{}, err
	}
	s, err := c.subject(said)
	return s, said, err
}

// verified reports whether a key, used as its issuer means it to be, made the
// signature.
func verified(signed *jose.JSONWebSignature, head jose.Header, key jose.JSONWebKey) bool {
	if key.Algorithm != "" && key.Algorithm != head.Algorithm {
		return false
	}
	_, err := signed.Verify(key.Key)
	return err == nil
}

// banned are members of a header that bring keys along or say where to find
// them (RFC 7515 4.1), or ask for what is not done here.
func banned() []string { return []string{"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"} }

// parse reads the outer form of a token, of which nothing is believed yet.
func (c *checker) parse(token string) (*jose.JSONWebSignature, jose.Header, error) {
	if len(token) > maxToken {
		return nil, jose.Header{}, refused("it is longer than %d bytes", maxToken)
	}
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return nil, jose.Header{}, refused("it is not a signed token")
	}
	var header map[string]any
	if err := json.Unmarshal(raw, &header); err != nil {
		return nil, jose.Header{}, refused("it is not a signed token")
	}
	for _, name := range banned() {
		if _, there := header[name]; there {
			return nil, jose.Header{}, refused("its header has %q", name)
		}
	}
	kind, isText := header["typ"].(string)
	if _, there := header["typ"]; there && !isText || !slices.Contains(c.types, strings.TrimPrefix(strings.ToLower(kind), "application/")) {
		return nil, jose.Header{}, refused("it is of another type")
	}
	signed, err := jose.ParseSignedCompact(token, c.algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, jose.Header{}, refused("it is not signed in a way that is taken")
	}
	return signed, signed.Signatures[0].Protected, nil
}

func readClaims(payload []byte) (claims, error) {
	var c claims
	if json.Unmarshal(payload, &c) != nil || json.Unmarshal(payload, &c.all) != nil {
		return c, refused("its claims are not of the right types")
	}
	for _, name := range slices.Collect(maps.Keys(c.all)) {
		// encoding/json takes EXP for exp; a checker elsewhere may not.
		if lower := strings.ToLower(name); lower != name && slices.Contains(registered(), lower) {
			return c, refused("a claim in it is written %.20q", name)
		}
	}
	return c, nil
}

func registered() []string {
	return []string{"iss", "sub", "aud", "azp", "nonce", "exp", "nbf", "iat", "auth_time"}
}

// judge checks what a genuine token says about itself.
func (c *checker) judge(said claims) error {
	now := c.now()
	switch {
	case !slices.Contains(said.Audience, c.audience):
		return refused("it is for another audience")
	case len(c.parties) > 0 && said.Party != "" && !slices.Contains(c.parties, said.Party):
		return refused("it was given to another party")
	case said.Expires == nil:
		return refused("it does not say when it expires")
	case !now.Before(said.Expires.Time):
		return refused("it has expired")
	case said.NotBefore != nil && now.Add(leeway).Before(said.NotBefore.Time):
		return refused("it is not valid yet")
	case said.Issued != nil && now.Add(leeway).Before(said.Issued.Time):
		return refused("it was made in the future")
	}
	return nil
}

// subject says who the token is about.
func (c *checker) subject(said claims) (Subject, error) {
	person, _ := said.all[c.claim].(string)
	if person == "" || len(person) > maxClaim || said.Subject == "" || len(said.Subject) > maxClaim {
		return Subject{}, refused("it does not name a person in %q", c.claim)
	}
	s := Subject{Person: person, Issuer: said.Issuer, Subject: said.Subject, Expires: said.Expires.Time}
	if email, _ := said.all["email"].(string); said.all["email_verified"] == true && len(email) <= maxClaim {
		s.Email = strings.ToLower(email)
	}
	if c.values != "" {
		s.Values = texts(lookUp(said.all, c.values))
	}
	switch {
	case said.SignedIn != nil:
		s.At = said.SignedIn.Time
	case said.Issued != nil:
		s.At = said.Issued.Time
	}
	return s, nil
}

// lookUp finds a claim by its name, or by the names of the objects it lies in with
// dots between: realm_access.roles.
func lookUp(claims map[string]any, name string) any {
	if value, there := claims[name]; there {
		return value
	}
	first, rest, nested := strings.Cut(name, ".")
	inner, isObject := claims[first].(map[string]any)
	if !nested || !isObject {
		return nil
	}
	return lookUp(inner, rest)
}

// texts are the texts of a claim that is one or a list of them.
func texts(value any) []string {
	if one, isText := value.(string); isText {
		return []string{one}
	}
	list, _ := value.([]any)
	var out []string
	for _, item := range list {
		if one, isText := item.(string); isText {
			out = append(out, one)
		}
	}
	return out
}
