package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// Scope is one thing an API key may do.
type Scope string

// The scopes of API keys.
const (
	FlagsRead      Scope = "flags:read"
	FlagsOwn       Scope = "flags:own" // of the person whose token comes with the key, which may be public
	DecisionsRead  Scope = "decisions:read"
	PeopleWrite    Scope = "people:write"
	PeopleErase    Scope = "people:erase"
	ResponsesWrite Scope = "responses:write"
	CampaignsWrite Scope = "campaigns:write"
	EvidenceRead   Scope = "evidence:read"
	StaffAll       Scope = "staff:*"
)

// Scopes lists every scope.
func Scopes() []Scope {
	return []Scope{FlagsRead, FlagsOwn, DecisionsRead, PeopleWrite, PeopleErase, ResponsesWrite, CampaignsWrite, EvidenceRead, StaffAll}
}

// Allows reports whether a key has a scope; staff:* has them all.
func (k APIKey) Allows(s Scope) bool {
	return slices.Contains(k.Scopes, string(s)) || slices.Contains(k.Scopes, string(StaffAll))
}

// hashKey is what is kept of a key.
func hashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// CreateKey makes a key and returns its secret, which is kept nowhere and
// cannot be shown again.
func (t *Tracker) CreateKey(ctx context.Context, name string, scopes []Scope, expires time.Time, actor string) (APIKey, string, error) {
	id, err := t.newID("key")
	if err != nil {
		return APIKey{}, "", err
	}
	secret, err := t.newSecret(id)
	if err != nil {
		return APIKey{}, "", err
	}
	key, err := t.addKey(ctx, APIKey{ID: id, Name: name, Expires: expires}, secret, scopes, actor)
	return key, secret, err
}

func (t *Tracker) newSecret(key string) (string, error) {
	random, err := t.newID(key)
	return "assent_" + strings.TrimPrefix(random, "key_"), err
}

// longestOverlap bounds how long two secrets of one key count.
const longestOverlap = 90 * 24 * time.Hour

// RotateKey gives a key a new secret and returns it, which is kept nowhere and
// cannot be shown again. The secret before counts until an instant; zero or one
// that has passed puts it out of force at once. NotFound for a key that is not
// there, Conflict for one that is revoked.
func (t *Tracker) RotateKey(ctx context.Context, id string, previousUntil time.Time, actor string) (APIKey, string, error) {
	now := t.instant()
	if previousUntil.After(now.Add(longestOverlap)) {
		return APIKey{}, "", terms.Faults{{Path: "previous_until", Detail: "must be within 90 days"}}
	}
	secret, err := t.newSecret(id)
	if err != nil {
		return APIKey{}, "", err
	}
	var key APIKey
	err = t.Store.Update(ctx, func(tx Tx) error {
		keys, err := tx.Keys(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(keys, func(k APIKey) bool { return k.ID == id })
		if i < 0 {
			return terms.Errorf(terms.NotFound, "API key %q does not exist", id)
		}
		key = keys[i]
		key.Previous, key.Hash, key.PreviousUntil = key.Hash, hashKey(secret), now
		if previousUntil.After(now) {
			key.PreviousUntil = previousUntil.UTC()
		}
		if err := tx.RotateKey(ctx, key); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "key.rotate", Object: id})
	})
	return key, secret, err
}

// EnsureKey makes sure that a key of the operator's own making exists with
// every scope; it is how a new deployment gets its first key.
func (t *Tracker) EnsureKey(ctx context.Context, secret string) error {
	if _, err := t.Authenticate(ctx, secret); err == nil || !isKind(err, terms.Unauthenticated) {
		return err
	}
	id, err := t.newID("key")
	if err != nil {
		return err
	}
	_, err = t.addKey(ctx, APIKey{ID: id, Name: "bootstrap"}, secret, Scopes(), "config")
	return err
}

func (t *Tracker) addKey(ctx context.Context, k APIKey, secret string, scopes []Scope, actor string) (APIKey, error) {
	k.Hash, k.Created = hashKey(secret), t.instant()
	for i, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return k, terms.Faults{{Path: fmt.Sprintf("scopes[%d]", i), Detail: fmt.Sprintf("%q is not one of %v", s, Scopes())}}
		}
		k.Scopes = append(k.Scopes, string(s))
	}
	return k, t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.AddKey(ctx, k); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: k.Created, Actor: actor, Action: "key.create", Object: k.ID,
			After: facts("name", k.Name, "scopes", k.Scopes, "expires", stamp(k.Expires))})
	})
}

// Authenticate returns the key with this secret; Unauthenticated when there is
// none in force.
func (t *Tracker) Authenticate(ctx context.Context, secret string) (APIKey, error) {
	now := t.instant()
	k, err := read(ctx, t, func(r Reader) (APIKey, error) { return r.Key(ctx, hashKey(secret)) })
	switch {
	case isKind(err, terms.NotFound):
		return APIKey{}, terms.Errorf(terms.Unauthenticated, "the API key is not known; check it, or have a new one made")
	case err != nil:
		return APIKey{}, err
	case k.Hash != hashKey(secret) && !now.Before(k.PreviousUntil):
		return APIKey{}, terms.Errorf(terms.Unauthenticated, "the API key %s has a new secret and this one no longer counts", k.ID)
	case !k.Revoked.IsZero():
		return APIKey{}, terms.Errorf(terms.Unauthenticated, "the API key %s was revoked; have a new one made", k.ID)
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return APIKey{}, terms.Errorf(terms.Unauthenticated, "the API key %s has expired; have a new one made", k.ID)
	}
	return k, nil
}

// Keys lists the API keys.
func (t *Tracker) Keys(ctx context.Context) ([]APIKey, error) {
	return read(ctx, t, func(r Reader) ([]APIKey, error) { return r.Keys(ctx) })
}

// RevokeKey puts a key out of force.
func (t *Tracker) RevokeKey(ctx context.Context, id, actor string) error {
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.RevokeKey(ctx, id, now); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: now, Actor: actor, Action: "key.revoke", Object: id,
			Before: facts("revoked", ""), After: facts("revoked", stamp(now))})
	})
}

// Staffed reports whether anybody can sign in to the console.
func (t *Tracker) Staffed(ctx context.Context) (bool, error) {
	return read(ctx, t, func(r Reader) (bool, error) { return r.Staffed(ctx) })
}
