package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"assent/internal/testenv"
	"assent/signin"
	"assent/terms"
)

func newClock() *testenv.Clock { return testenv.NewClock(time.Date(2021, 1, 10, 8, 0, 0, 0, time.UTC)) }

// platform is a provider, and what checks its tokens.
func platform(t *testing.T) (*testenv.Provider, *signin.JWT, *testenv.Clock) {
	t.Helper()
	p, c := testenv.NewProvider(t), newClock()
	p.Now = c.Now
	return p, checks(p, c), c
}

func checks(p *testenv.Provider, c *testenv.Clock) *signin.JWT {
	return signin.NewJWT(signin.JWTOptions{
		Issuer: p.URL, KeysURL: p.URL + "/keys", Audience: p.ClientID, Parties: []string{p.ClientID}, Claim: "sub",
		Algorithms: []string{"RS256", "ES256"}, Now: c.Now,
	})
}

// with is a copy of claims with one changed; nil takes it away.
func with(claims map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(claims)
	if changed[name] = value; value == nil {
		delete(changed, name)
	}
	return changed
}

func TestAGoodTokenSaysWhoItIsAbout(t *testing.T) {
	t.Parallel()
	p, j, c := platform(t)
	for name, token := range map[string]string{
		"RSA":               p.RSA.Sign(p.Claims("ana"), nil),
		"elliptic curve":    p.EC.Sign(p.Claims("ana"), nil),
		"several audiences": p.EC.Sign(with(p.Claims("ana"), "aud", []string{"other", p.ClientID}), nil),
		"its own party":     p.EC.Sign(with(p.Claims("ana"), "azp", p.ClientID), nil),
		"an access token":   p.EC.Sign(p.Claims("ana"), map[string]any{"typ": "at+jwt"}),
		"its type in full":  p.EC.Sign(p.Claims("ana"), map[string]any{"typ": "application/JWT"}),
		"a clock ahead":     p.EC.Sign(with(p.Claims("ana"), "iat", c.Now().Add(20*time.Second).Unix()), nil),
	} {
		s, err := j.Check(t.Context(), token)
		if err != nil || s.Person != "ana" || s.Subject != "ana" || s.Issuer != p.URL || !s.Expires.Equal(c.Now().Add(5*time.Minute)) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if p.Looks() != 1 {
		t.Errorf("the keys were looked up %d times", p.Looks())
	}
}

// hostile are tokens that nobody may be let in with.
func hostile(t *testing.T, p *testenv.Provider, c *testenv.Clock, canary string) map[string]string {
	t.Helper()
	good := p.Claims("ana")
	public, err := x509.MarshalPKIXPublicKey(p.RSA.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forger := &testenv.Key{ID: p.EC.ID, Alg: jose.ES256, Private: stranger}
	signed := p.EC.Sign(good, nil)
	parts := strings.Split(signed, ".")
	encode := base64.RawURLEncoding.EncodeToString
	none := func(alg string) string { return encode([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + parts[1] + "." }
	return map[string]string{
		"nothing": "", "dots": "....", "two dots": "..", "no token": "let-me-in", "one part": parts[0],
		"alg none": none("none"), "alg None": none("None"), "alg NONE with a signature": none("NONE") + parts[2],
		"alg empty": none(""), "no signature": parts[0] + "." + parts[1] + ".", "another's signature": forger.Sign(good, nil),
		"changed claims":             parts[0] + "." + encode(fmt.Appendf(nil, `{"iss":%q,"sub":"eve","aud":%q,"exp":%d}`, p.URL, p.ClientID, c.Now().Add(time.Minute).Unix())) + "." + parts[2],
		"HS256 with the public key":  hmacToken(t, public, good),
		"HS256 with the public PEM":  hmacToken(t, []byte("-----BEGIN PUBLIC KEY-----\n"+base64.StdEncoding.EncodeToString(public)), good),
		"an algorithm not set":       (&testenv.Key{ID: p.RSA.ID, Alg: jose.PS256, Private: p.RSA.Private}).Sign(good, nil),
		"a key of another algorithm": (&testenv.Key{ID: p.RSA.ID, Alg: jose.ES256, Private: p.EC.Private}).Sign(good, nil),
		"no kid among several keys":  (&testenv.Key{Alg: jose.ES256, Private: p.EC.Private}).Sign(good, nil),
		"no exp":                     p.EC.Sign(with(good, "exp", nil), nil),
		"exp as text":                p.EC.Sign(with(good, "exp", fmt.Sprint(c.Now().Add(time.Minute).Unix())), nil),
		"exp in capitals":            p.EC.Sign(with(with(good, "exp", nil), "EXP", c.Now().Add(time.Minute).Unix()), nil),
		"exp null":                   parts[0] + "." + parts[1] + "x." + parts[2],
		"exp now":                    p.EC.Sign(with(good, "exp", c.Now().Unix()), nil),
		"exp negative":               p.EC.Sign(with(good, "exp", -1), nil),
		"exp beyond time":            p.EC.Sign(with(good, "exp", 1e300), nil),
		"not valid yet":              p.EC.Sign(with(good, "nbf", c.Now().Add(time.Minute).Unix()), nil),
		"made in the future":         p.EC.Sign(with(good, "iat", c.Now().Add(time.Minute).Unix()), nil),
		"iat as text":                p.EC.Sign(with(good, "iat", "now"), nil),
		"no audience":                p.EC.Sign(with(good, "aud", nil), nil),
		"wrong audience":             p.EC.Sign(with(good, "aud", "another"), nil),
		"audience as a prefix":       p.EC.Sign(with(good, "aud", p.ClientID+"-staging"), nil),
		"audience as an object":      p.EC.Sign(with(good, "aud", map[string]any{p.ClientID: true}), nil),
		"wrong issuer":               p.EC.Sign(with(good, "iss", "https://evil.example"), nil),
		"issuer with a slash":        p.EC.Sign(with(good, "iss", p.URL+"/"), nil),
		"no issuer":                  p.EC.Sign(with(good, "iss", nil), nil),
		"another party":              p.EC.Sign(with(good, "azp", "another"), nil),
		"nobody":                     p.EC.Sign(with(good, "sub", ""), nil),
		"a number for a person":      p.EC.Sign(with(good, "sub", 7), nil),
		"an endless name":            p.EC.Sign(with(good, "sub", strings.Repeat("a", 300)), nil),
		"jku":                        p.EC.Sign(good, map[string]any{"jku": canary}),
		"x5u":                        p.EC.Sign(good, map[string]any{"x5u": canary}),
		"x5c":                        p.EC.Sign(good, map[string]any{"x5c": []string{encode(public)}}),
		"jwk":                        forger.Sign(good, map[string]any{"jwk": jose.JSONWebKey{Key: stranger.Public()}}),
		"crit":                       p.EC.Sign(good, map[string]any{"crit": []string{"exp"}}),
		"a logout token":             p.EC.Sign(good, map[string]any{"typ": "logout+jwt"}),
		"a type that is no text":     p.EC.Sign(good, map[string]any{"typ": 7}),
		"a megabyte":                 p.EC.Sign(with(good, "x", strings.Repeat("x", 1<<20)), nil),
		"claims that are a list":     listToken(t, p.EC),
		"JSON serialization":         `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"a fourth part":              signed + ".x",
	}
}

func hmacToken(t *testing.T, key []byte, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "rsa-1"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(fmt.Appendf(nil, `{"iss":%q,"sub":"ana","aud":%q,"exp":%v}`, claims["iss"], claims["aud"], claims["exp"]))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func listToken(t *testing.T, k *testenv.Key) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Alg, Key: k.Private}, (&jose.SignerOptions{}).WithHeader("kid", k.ID))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`["ana"]`))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAHostileTokenIsRefusedAndLeadsNowhere(t *testing.T) {
	t.Parallel()
	p, j, c := platform(t)
	var lured atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { lured.Add(1) }))
	t.Cleanup(canary.Close)
	for name, token := range hostile(t, p, c, canary.URL+"/keys") {
		s, err := j.Check(t.Context(), token)
		if !errors.Is(err, terms.Unauthenticated) || s.Person != "" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if lured.Load() > 0 {
		t.Errorf("%d requests went where a token said", lured.Load())
	}
	if _, err := j.Check(t.Context(), p.EC.Sign(p.Claims("ana"), nil)); err != nil {
		t.Errorf("the control, a good token: %v", err)
	}
}

func TestAFloodOfUnknownKeysIsOneLookAMinute(t *testing.T) {
	t.Parallel()
	p, j, c := platform(t)
	flood := func() {
		var wg sync.WaitGroup
		for i := range 50 {
			key := *p.EC
			key.ID = fmt.Sprintf("unknown-%d", i)
			wg.Go(func() {
				if _, err := j.Check(t.Context(), key.Sign(p.Claims("ana"), nil)); !errors.Is(err, terms.Unauthenticated) {
					t.Errorf("answered %v", err)
				}
			})
		}
		wg.Wait()
	}
	if _, err := j.Check(t.Context(), p.EC.Sign(p.Claims("ana"), nil)); err != nil {
		t.Fatal(err)
	}
	flood()
	if p.Looks() != 1 {
		t.Errorf("%d looks within the minute", p.Looks())
	}
	c.Forward(time.Minute)
	flood()
	flood()
	if p.Looks() != 2 {
		t.Errorf("%d looks after a minute", p.Looks())
	}
	if _, err := j.Check(t.Context(), p.EC.Sign(p.Claims("ana"), nil)); err != nil {
		t.Errorf("during a flood a good token: %v", err)
	}
}

func TestAKeyOfAnotherIssuerOpensNothing(t *testing.T) {
	t.Parallel()
	p, j, c := platform(t)
	other := testenv.NewProvider(t)
	other.Now = c.Now
	elsewhere := checks(other, c)
	if _, err := elsewhere.Check(t.Context(), other.EC.Sign(other.Claims("eve"), nil)); err != nil {
		t.Fatal(err)
	}
	// The same key id, for both, and claims of the first signed by the second.
	claims := p.Claims("ana")
	for name, token := range map[string]string{"its own claims": other.EC.Sign(other.Claims("eve"), nil), "ours": other.EC.Sign(claims, nil)} {
		if _, err := j.Check(t.Context(), token); !errors.Is(err, terms.Unauthenticated) {
			t.Errorf("signed elsewhere with %s: %v", name, err)
		}
	}
}

func TestKeysAreRotatedAndTakenBack(t *testing.T) {
	t.Parallel()
	p, j, c := platform(t)
	old := p.RSA.Sign(with(p.Claims("ana"), "exp", c.Now().Add(30*24*time.Hour).Unix()), nil)
	check := func(what, token string, want bool) {
		t.Helper()
		if _, err := j.Check(t.Context(), token); (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("the old key", old, true)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	next := &testenv.Key{ID: "rsa-2", Alg: jose.RS256, Private: private}
	p.Publish(next)
	c.Forward(time.Minute)
	check("the new key", next.Sign(p.Claims("ana"), nil), true)
	check("the key that was taken back", old, false)

	weak, err := rsa.GenerateKey(rand.Reader, 1024) // to see it refused
	if err == nil {
		short := &testenv.Key{ID: "rsa-3", Alg: jose.RS256, Private: weak}
		p.Publish(next, short)
		c.Forward(time.Minute)
		check("a weak key", short.Sign(p.Claims("ana"), nil), false)
	}
	p.Down(true)
	c.Forward(20 * time.Minute)
	check("while the issuer is down", next.Sign(p.Claims("ana"), nil), true)
	c.Forward(24 * time.Hour)
	var unavailable *signin.Unavailable
	if _, err := j.Check(t.Context(), next.Sign(p.Claims("ana"), nil)); !errors.As(err, &unavailable) {
		t.Errorf("a day later: %v", err)
	}
	p.Down(false)
	c.Forward(time.Minute)
	check("when it is back", next.Sign(p.Claims("ana"), nil), true)
}

func TestAnIssuerThatNeverAnsweredIsUnavailableAndNotAskedAgainAtOnce(t *testing.T) {
	t.Parallel()
	p, j, c := platform(t)
	p.Down(true)
	var unavailable *signin.Unavailable
	for range 3 {
		if _, err := j.Check(t.Context(), p.EC.Sign(p.Claims("ana"), nil)); !errors.As(err, &unavailable) || errors.Is(err, terms.Unauthenticated) {
			t.Fatalf("answered %v", err)
		}
	}
	p.Down(false)
	c.Forward(time.Minute)
	if _, err := j.Check(t.Context(), p.EC.Sign(p.Claims("ana"), nil)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
