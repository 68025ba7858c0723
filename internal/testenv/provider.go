package testenv

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Provider is an OpenID Connect provider on a port of its own, with one client:
// metadata, keys, sign-in with a form, codes that are good once and bound by
// PKCE, tokens with real signatures.
type Provider struct {
	URL      string
	ClientID string
	Secret   string
	Now      func() time.Time
	RSA, EC  *Key

	mu        sync.Mutex
	password  string // of everybody
	codes     map[string]grant
	published []jose.JSONWebKey
	looks     int
	change    func(claims map[string]any)
	down      bool
}

// Key is a key that signs.
type Key struct {
	ID      string
	Alg     jose.SignatureAlgorithm
	Private crypto.Signer
}

type grant struct{ user, nonce, challenge, redirect string }

// Password is what everybody signs in with.
const Password = "correct horse"

// NewProvider starts a provider that stops with the test. Its clock is the
// machine's until Now is set.
func NewProvider(t testing.TB) *Provider {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{
		ClientID: "assent", Secret: "client-secret", Now: time.Now, password: Password, codes: map[string]grant{},
		RSA: &Key{"rsa-1", jose.RS256, rsaKey}, EC: &Key{"ec-1", jose.ES256, ecKey},
	}
	p.Publish(p.RSA, p.EC)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.metadata)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.form)
	mux.HandleFunc("POST /authorize", p.signIn)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.isDown() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Publish sets the keys that everybody can look up.
func (p *Provider) Publish(keys ...*Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = nil
	for _, k := range keys {
		p.published = append(p.published, jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: string(k.Alg), Use: "sig"})
	}
}

// Looks is how often the keys were looked up.
func (p *Provider) Looks() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.looks
}

// Down makes every answer a 503, or ends that.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *Provider) isDown() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down
}

// Change alters the claims of every ID token from now on.
func (p *Provider) Change(change func(claims map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change = change
}

// Claims are those of a good token about somebody, for the provider's client.
func (p *Provider) Claims(sub string) map[string]any {
	now := p.Now()
	return map[string]any{"iss": p.URL, "sub": sub, "aud": p.ClientID, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
}

// Sign makes a token of claims, with what goes into its header besides alg and
// kid. A key without an id leaves kid out.
func (k *Key) Sign(claims map[string]any, header map[string]any) string {
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"typ": "JWT"}}
	if k.ID != "" {
		options.ExtraHeaders["kid"] = k.ID
	}
	for name, value := range header {
		options.ExtraHeaders[jose.HeaderKey(name)] = value
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Alg, Key: k.Private}, options)
	if err != nil {
		panic(err) // a test that cannot sign is wrong itself
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

func (p *Provider) metadata(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	p.looks++
	set := jose.JSONWebKeySet{Keys: p.published}
	p.mu.Unlock()
	answerJSON(w, http.StatusOK, set)
}

// form asks who wants to sign in.
func (p *Provider) form(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != p.ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" {
		http.Error(w, "not a request of the client: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><title>Sign in</title><link rel="icon" href="data:,"><h1>Sign in</h1><form method="post" action="/authorize?%s">
		<input name="user"><input name="password" type="password"><button>Sign in</button></form>`, html.EscapeString(r.URL.RawQuery))
}

func (p *Provider) signIn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.PostFormValue("password") != p.password {
		http.Error(w, "wrong password", http.StatusForbidden)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = grant{r.PostFormValue("user"), q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri")}
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	p.mu.Lock()
	g, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	change := p.change
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || id != p.ClientID || secret != p.Secret || g.redirect != r.PostFormValue("redirect_uri") ||
		g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := p.Claims(g.user)
	claims["nonce"] = g.nonce
	if change != nil {
		change(claims)
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": p.EC.Sign(maps.Clone(claims), nil),
	})
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone away needs no answer
}
