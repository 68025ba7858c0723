// Package tokens makes and checks short signed strings: links, sessions,
// messaging and reply tokens, form tokens. A token binds its purpose, so one
// made for a link never opens a session.
//
// The signature is HMAC-SHA-256 (RFC 2104) over the purpose, the key id and
// the payload, compared in constant time. Tokens are readable by their holder:
// put no secret in them.
package tokens

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"
)

// Purpose is what a token may be used for.
type Purpose string

// The purposes.
const (
	NoticeLink    Purpose = "notice"    // identifies a notice; opens nothing by itself
	SessionLink   Purpose = "session"   // hands an app's signed-in person over to the pages
	PersonSession Purpose = "person"    // cookie of a person on the pages
	SignIn        Purpose = "sign-in"   // cookie of a browser that is signing in elsewhere
	StaffSession  Purpose = "staff"     // cookie of a member of staff
	StaffSignIn   Purpose = "staff-in"  // cookie of a member of staff who is signing in elsewhere
	StaffSetup    Purpose = "setup"     // first sign-in to the console
	Shown         Purpose = "shown"     // what a choice page showed, and when
	Messaging     Purpose = "messaging" // connects a person to the messaging layer
	Unsubscribe   Purpose = "quiet"     // ends reminders by e-mail to a person, and nothing else
	Reply         Purpose = "reply"     // answers one message from its notification
	Stream        Purpose = "stream"    // hears that a person's flags have changed, and nothing else
	Flags         Purpose = "flags"     // reads a person's own flags, together with a public key
)

// Errors that Verify returns, each wrapped with what was wrong.
var (
	ErrInvalid = errors.New("token is not valid")
	ErrExpired = errors.New("token has expired")
)

// Claims is what a token says. Data is for the purpose's own fields.
type Claims struct {
	Person   string            `json:"p,omitempty"`
	Campaign string            `json:"c,omitempty"`
	Plan     int               `json:"n,omitempty"`
	ID       string            `json:"i,omitempty"` // unique id, for what may be used once
	Issued   int64             `json:"t"`           // Unix microseconds
	Expires  int64             `json:"e"`           // Unix microseconds
	Data     map[string]string `json:"d,omitempty"`
}

// IssuedAt is when the token was made, UTC.
func (c Claims) IssuedAt() time.Time { return time.UnixMicro(c.Issued).UTC() }

// ExpiresAt is the first instant at which the token is refused, UTC.
func (c Claims) ExpiresAt() time.Time { return time.UnixMicro(c.Expires).UTC() }

// Signer signs with its first key and accepts any of its keys, so that a key
// can be rotated without breaking tokens that are out.
type Signer struct {
	keys []key
}

type key struct {
	id     string
	secret []byte
	macs   *sync.Pool // of *mac with the secret
}

// mac makes HMACs one after the other, in the same room.
type mac struct {
	hash.Hash
	text, sum []byte
}

// NewSigner takes secrets of at least 32 bytes, newest first.
func NewSigner(secrets ...[]byte) (*Signer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("a signer needs at least one secret")
	}
	s := &Signer{}
	for _, secret := range secrets {
		if len(secret) < 32 {
			return nil, fmt.Errorf("a token secret has %d bytes; give at least 32", len(secret))
		}
		sum := sha256.Sum256(append([]byte("assent key id\x00"), secret...))
		s.keys = append(s.keys, key{base64.RawURLEncoding.EncodeToString(sum[:4]), secret, new(sync.Pool)})
	}
	return s, nil
}

// Sign returns a token for a purpose, valid from now for ttl. Issued and
// Expires of the claims are set by Sign.
func (s *Signer) Sign(purpose Purpose, c Claims, now time.Time, ttl time.Duration) string {
	c.Issued, c.Expires = now.UnixMicro(), now.Add(ttl).UnixMicro()
	payload, err := json.Marshal(c)
	if err != nil { // strings, numbers and a map of strings always marshal
		return ""
	}
	k := s.keys[0]
	body := base64.RawURLEncoding.EncodeToString(payload)
	return k.id + "." + body + "." + string(k.appendMAC(nil, sha256.Size, string(purpose), k.id, body))
}

// Verify checks a token for a purpose and returns its claims. The error is
// ErrExpired for a genuine token that is too old, and ErrInvalid otherwise.
func (s *Signer) Verify(purpose Purpose, token string, now time.Time) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > 4096 {
		return Claims{}, ErrInvalid
	}
	if !s.genuine(purpose, parts[0], parts[1], parts[2]) {
		return Claims{}, ErrInvalid
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, ErrInvalid
	}
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Claims{}, ErrInvalid
	}
	if !now.Before(c.ExpiresAt()) {
		return Claims{}, ErrExpired
	}
	return c, nil
}

func (s *Signer) genuine(purpose Purpose, id, body, mac string) bool {
	for _, k := range s.keys {
		if k.id == id && subtle.ConstantTimeCompare(k.appendMAC(nil, sha256.Size, string(purpose), k.id, body), []byte(mac)) == 1 {
			return true
		}
	}
	return false
}

// appendMAC appends what proves that whoever made it knew the secret and put
// these parts in this order: the first size bytes of their HMAC.
func (k key) appendMAC(dst []byte, size int, parts ...string) []byte {
	m, ok := k.macs.Get().(*mac)
	if !ok {
		m = &mac{Hash: hmac.New(sha256.New, k.secret)}
	}
	defer k.macs.Put(m)
	m.text = m.text[:0]
	for i, part := range parts {
		if i > 0 {
			m.text = append(m.text, 0)
		}
		m.text = append(m.text, part...)
	}
	m.Reset()
	_, _ = m.Write(m.text) // a hash never fails to write
	m.sum = m.Sum(m.sum[:0])
	return base64.RawURLEncoding.AppendEncode(dst, m.sum[:size])
}
