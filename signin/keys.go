package signin

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	keysRest  = time.Minute      // least time between two looks at an issuer's keys, also failed ones
	keysFresh = 15 * time.Minute // after which the keys are looked up again, so that one taken back is found out
	keysStale = 24 * time.Hour   // after which keys are not believed any more, when the issuer has not answered since
	weakRSA   = 2048             // bits below which an RSA key is passed over
)

// keys are the public keys of one issuer, by their id. A token of another issuer
// never meets them, whatever id it names.
type keys struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu     sync.Mutex
	byID   map[string][]jose.JSONWebKey
	loaded time.Time // when byID was read
	tried  time.Time
	once   singleflight.Group
}

func newKeys(url string, client *http.Client, now func() time.Time) *keys {
	return &keys{url: url, client: client, now: now}
}

// find returns the keys with an id, or the only key there is for a token that
// names none. An id that is not known has the keys looked up again, at most once
// a minute however many such tokens come.
func (k *keys) find(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	found, age := k.look(id)
	if len(found) > 0 && age < keysFresh {
		return found, nil
	}
	err := k.refresh(ctx)
	if found, age = k.look(id); len(found) > 0 && age < keysStale {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, refused("no key of the issuer has the id %.40q", id)
}

// look is find in what is known, with how old that is.
func (k *keys) look(id string) ([]jose.JSONWebKey, time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.now().Sub(k.loaded)
	if id == "" && len(k.byID) == 1 {
		for _, only := range k.byID {
			return only, age
		}
	}
	return k.byID[id], age
}

// refresh reads the keys, unless that was tried within the last minute.
func (k *keys) refresh(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // others wait for the same answer
	_, err, _ := k.once.Do("", func() (any, error) {
		now := k.now()
		if !k.begin(now) {
			return nil, nil
		}
		var set jose.JSONWebKeySet
		if err := fetch(ctx, k.client, k.url, &set); err != nil {
			return nil, err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.byID, k.loaded = usable(set), now
		return nil, nil
	})
	if err == nil && k.empty() {
		err = unavailable("the keys at %s could not be read a moment ago", k.url)
	}
	return err
}

// begin reports whether it is time to try again, and notes that it is tried.
func (k *keys) begin(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.tried.IsZero() && now.Sub(k.tried) < keysRest {
		return false
	}
	k.tried = now
	return true
}

func (k *keys) empty() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.byID) == 0
}

// usable are the keys that can check a signature: public, for signing, strong
// enough. Whatever else the issuer publishes is passed over.
func usable(set jose.JSONWebKeySet) map[string][]jose.JSONWebKey {
	byID := map[string][]jose.JSONWebKey{}
	for _, key := range set.Keys {
		if key.Valid() && (key.Use == "" || key.Use == "sig") && strong(key.Key) {
			byID[key.KeyID] = append(byID[key.KeyID], key)
		}
	}
	return byID
}

// strong reports whether a key is a public one of a kind that is taken. One that
// was published with its private half is nobody's any more.
func strong(key any) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= weakRSA
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}
