package clients

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tracker"
)

// Limits of the memory of keys.
const (
	keyTTL  = 10 * time.Second // how long a revoked key may go on working
	maxKeys = 1024

	keyWithin = 10 * time.Second // how long the database may take to find one
)

// by makes a handler for callers with a key that has one of the scopes.
func (h *Handlers) by(fn func(*gin.Context, tracker.APIKey) error, scopes ...tracker.Scope) gin.HandlerFunc {
	return web.Handle(func(c *gin.Context) error {
		key, err := h.authorize(c, scopes...)
		if err != nil {
			return err
		}
		return h.awaited(c, fn(c, key))
	})
}

// authorize returns the caller's key; Unauthenticated without one in force,
// Forbidden when it lacks the scopes.
func (h *Handlers) authorize(c *gin.Context, scopes ...tracker.Scope) (tracker.APIKey, error) {
	return h.authorizeWith(c, given(c), h.Clock(), scopes...)
}

// authorizeWith does it for a secret.
func (h *Handlers) authorizeWith(c *gin.Context, secret string, now time.Time, scopes ...tracker.Scope) (tracker.APIKey, error) {
	if secret == "" {
		return tracker.APIKey{}, terms.Errorf(terms.Unauthenticated, "send an API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`")
	}
	key, err := h.keys.find(c.Request.Context(), secret, now)
	if err != nil {
		return tracker.APIKey{}, err
	}
	if !slices.ContainsFunc(scopes, func(s tracker.Scope) bool { return key.Allows(s) }) {
		return key.APIKey, lacks(key.APIKey, scopes...)
	}
	return key.APIKey, h.keys.spend(key, useOf(scopes), now)
}

// private are the scopes of keys that are kept secret.
func private() []tracker.Scope {
	return slices.DeleteFunc(tracker.Scopes(), func(s tracker.Scope) bool { return s == tracker.FlagsOwn })
}

func lacks(key tracker.APIKey, scopes ...tracker.Scope) error {
	return terms.Errorf(terms.Forbidden, "the API key %s may not do this: it lacks the scope %s", key.ID, oneOf(scopes))
}

func oneOf(scopes []tracker.Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, " or ")
}

// given is the secret in the headers, and nowhere else: addresses are logged.
func given(c *gin.Context) string {
	if secret := bearer(c); secret != "" {
		return secret
	}
	return web.Header(c, "X-Api-Key")
}

// bearer is the token in the Authorization header (RFC 6750), "" for none.
func bearer(c *gin.Context) string {
	scheme, token, _ := strings.Cut(web.Header(c, "Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// actor is how a key stands in the records of what it did.
func actor(k tracker.APIKey) string { return "key:" + k.ID }

// keyring remembers keys for a moment, so that answering about flags does not
// ask the database, and for longer while the database does not answer. It holds
// digests, never secrets: finding one takes the same time whatever part of a
// guess is right.
type keyring struct {
	authenticate func(ctx context.Context, secret string) (tracker.APIKey, error)
	rates        [uses]rate

	mu      sync.RWMutex
	known   map[[sha256.Size]byte]*knownKey // which never change
	budgets map[string]*[uses]budget        // by id of the key, whatever its secret
}

type knownKey struct {
	tracker.APIKey
	until   time.Time
	budgets *[uses]budget
}

// inForce reports whether a key has not expired since it was looked up.
func (k *knownKey) inForce(now time.Time) bool { return k.Expires.IsZero() || now.Before(k.Expires) }

// unanswered reports whether an error says nothing about the key.
func unanswered(err error) bool {
	var kind terms.Kind
	return err != nil && (!errors.As(err, &kind) || kind == terms.Unavailable)
}

func newKeyring(o Options) *keyring {
	return &keyring{
		authenticate: o.Authenticate, rates: o.Limits.rates(),
		known: map[[sha256.Size]byte]*knownKey{}, budgets: map[string]*[uses]budget{},
	}
}

func (r *keyring) find(ctx context.Context, secret string, now time.Time) (*knownKey, error) {
	digest := sha256.Sum256([]byte(secret))
	r.mu.RLock()
	known, ok := r.known[digest]
	r.mu.RUnlock()
	if ok && now.Before(known.until) {
		return known, nil
	}
	patience := keyWithin
	if ok && known.inForce(now) { // others go on with it while one asks
		r.postpone(digest, now)
		patience = databaseWithin
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	key, err := r.authenticate(ctx, secret)
	if ok && unanswered(err) && known.inForce(now) {
		return known, nil
	}
	if ok && err != nil { // it is no longer good for anybody
		r.forget(digest)
	}
	if err != nil {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= maxKeys {
		clear(r.known)
	}
	if len(r.budgets) >= maxKeys {
		clear(r.budgets)
	}
	if r.budgets[key.ID] == nil {
		r.budgets[key.ID] = &[uses]budget{}
	}
	known = &knownKey{key, now.Add(keyTTL), r.budgets[key.ID]}
	r.known[digest] = known
	return known, nil
}

// postpone has others use a key that was due to be looked up.
func (r *keyring) postpone(digest [sha256.Size]byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.known[digest]; ok {
		later := *known
		later.until = now.Add(2 * databaseWithin)
		r.known[digest] = &later
	}
}

func (r *keyring) forget(digest [sha256.Size]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, digest)
}

// spend uses up a request of a key; a 429 when none is left.
func (r *keyring) spend(key *knownKey, what use, now time.Time) error {
	if r.rates[what].every == 0 {
		return nil
	}
	if wait := key.budgets[what].take(r.rates[what], now); wait > 0 {
		return spent(wait, "the API key "+key.ID)
	}
	return nil
}
