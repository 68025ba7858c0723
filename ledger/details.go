package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// maxUserAgent is how many bytes of a User-Agent header are kept.
const maxUserAgent = 512

// Details are the personal circumstances of a response. They stay out of the
// log: a record holds only the commitment to them, and they can be erased.
type Details struct {
	AppVersion   string `json:"app_version,omitempty"`
	ClientIP     string `json:"client_ip,omitempty"`      // derived from forwarding headers
	ClientIPRule string `json:"client_ip_rule,omitempty"` // how it was derived
	Device       string `json:"device,omitempty"`

	OnBehalf OnBehalf `json:"on_behalf,omitzero"` // who chose, of MethodOnBehalf

	PeerIP    string   `json:"peer_ip,omitempty"`    // the other end of the socket
	SignedIn  SignedIn `json:"signed_in,omitzero"`   // how we knew who it was
	UserAgent string   `json:"user_agent,omitempty"` // the first 512 bytes
}

// SignedIn says how a person who chose on a page was known.
type SignedIn struct {
	At      string `json:"at,omitempty"`      // when the person signed in there, RFC 3339
	By      string `json:"by"`                // one of the By constants
	Issuer  string `json:"issuer,omitempty"`  // whose word it is
	Subject string `json:"subject,omitempty"` // the issuer's id of the account
}

// The ways in which a person is known.
const (
	ByLink  = "link"  // a link that the app asked for, opened once
	ByOIDC  = "oidc"  // signed in at the platform's provider
	ByToken = "token" // a token of the platform
	ByDemo  = "demo"  // a visitor of the demonstration
)

// OnBehalf says who chose for the person, and by what right.
type OnBehalf struct {
	By       string   `json:"by"` // who that is, as whoever recorded it knows them
	Note     string   `json:"note,omitempty"`
	Relation Relation `json:"relation"`
}

// Relation is what gives somebody the right to choose for a person.
type Relation string

// The relations.
const (
	Guardian Relation = "guardian" // of a minor, or appointed by a court
	Company  Relation = "company"  // which the account belongs to
)

// Canonical returns the bytes to store and to commit to: RFC 8785 JSON. These
// strings come from the network: bytes that are not UTF-8 become U+FFFD, and
// the user agent is cut to 512 bytes between two characters.
func (d Details) Canonical() ([]byte, error) {
	for _, s := range []*string{
		&d.PeerIP, &d.ClientIP, &d.ClientIPRule, &d.UserAgent, &d.AppVersion, &d.Device, &d.OnBehalf.By, &d.OnBehalf.Note,
		&d.SignedIn.At, &d.SignedIn.By, &d.SignedIn.Issuer, &d.SignedIn.Subject,
	} {
		*s = strings.ToValidUTF8(*s, string(utf8.RuneError))
	}
	d.UserAgent = clip(d.UserAgent, maxUserAgent)
	return canonical(d)
}

// Commit returns SHA-256(salt ‖ details) in hex. Without the salt, which is
// random and belongs to this response alone, the details cannot be guessed
// from it; with it, anyone can check that they are the ones recorded.
func Commit(salt [32]byte, details []byte) string {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(details)
	return hex.EncodeToString(h.Sum(nil))
}

// Pseudonym returns HMAC-SHA-256(key, person id) in hex. The key is random and
// belongs to this person alone: deleting it leaves the records of the person
// without a subject.
func Pseudonym(key [32]byte, person string) string {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(person))
	return hex.EncodeToString(h.Sum(nil))
}

// clip cuts valid UTF-8 to at most n bytes, between two characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
