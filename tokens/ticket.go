package tokens

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tickets makes and checks short tokens that name a person and a period, fast
// enough to put one into every answer. The same person has the same ticket for
// a whole period, and each period begins for each person at another time, so
// that not everybody's ends at once. A ticket is good until the end of the
// period after its own.
type Tickets struct {
	purpose Purpose
	period  int64 // seconds
	keys    []ticketKey
}

type ticketKey struct {
	id     string
	hashes *sync.Pool // of hash.Hash with the secret
}

const macSize = 16 // bytes of the HMAC that a ticket keeps

// Tickets returns what makes tickets for a purpose with the signer's keys.
func (s *Signer) Tickets(purpose Purpose, period time.Duration) *Tickets {
	t := &Tickets{purpose: purpose, period: int64(period / time.Second)}
	for _, k := range s.keys {
		t.keys = append(t.keys, ticketKey{k.id, &sync.Pool{New: func() any { return hmac.New(sha256.New, k.secret) }}})
	}
	return t
}

// Period is the number of the period that an instant lies in for a person.
func (t *Tickets) Period(person string, now time.Time) int64 {
	return (now.Unix() + t.shift(person)) / t.period
}

// shift is how many seconds earlier a person's periods begin.
func (t *Tickets) shift(person string) int64 {
	// FNV-1a: the same in every process, and nobody gains from guessing it.
	h := uint32(2166136261)
	for i := range len(person) {
		h = (h ^ uint32(person[i])) * 16777619
	}
	return int64(h) % t.period
}

// KeyID names the key that new tickets are signed with.
func (t *Tickets) KeyID() string { return t.keys[0].id }

// Append appends a person's ticket for a period. It needs no escaping in a URL.
func (t *Tickets) Append(dst []byte, person string, period int64) []byte {
	dst = append(append(dst, t.keys[0].id...), '.')
	dst = append(strconv.AppendInt(dst, period, 36), '.')
	dst = base64.RawURLEncoding.AppendEncode(dst, []byte(person))
	mac := t.keys[0].sum(t.purpose, person, period)
	return base64.RawURLEncoding.AppendEncode(append(dst, '.'), mac[:macSize])
}

// Check returns whom a ticket is for, and when it ends. The error is ErrExpired
// for a genuine ticket that is too old, and ErrInvalid otherwise.
func (t *Tickets) Check(ticket string, now time.Time) (string, time.Time, error) {
	parts := strings.Split(ticket, ".")
	if len(parts) != 4 || len(ticket) > 1024 {
		return "", time.Time{}, ErrInvalid
	}
	period, err := strconv.ParseInt(parts[1], 36, 64)
	if err != nil {
		return "", time.Time{}, ErrInvalid
	}
	name, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", time.Time{}, ErrInvalid
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[3])
	if err != nil {
		return "", time.Time{}, ErrInvalid
	}
	for _, k := range t.keys {
		want := k.sum(t.purpose, string(name), period)
		if k.id == parts[0] && subtle.ConstantTimeCompare(want[:macSize], mac) == 1 {
			return t.current(string(name), period, now)
		}
	}
	return "", time.Time{}, ErrInvalid
}

// current tells whether a genuine ticket still counts.
func (t *Tickets) current(person string, period int64, now time.Time) (string, time.Time, error) {
	today := t.Period(person, now)
	if period != today && period != today-1 {
		return "", time.Time{}, ErrExpired
	}
	return person, time.Unix((period+2)*t.period-t.shift(person), 0).UTC(), nil
}

func (k ticketKey) sum(purpose Purpose, person string, period int64) [sha256.Size]byte {
	h, ok := k.hashes.Get().(hash.Hash)
	if !ok {
		return [sha256.Size]byte{}
	}
	defer k.hashes.Put(h)
	h.Reset()
	var room [256]byte
	text := append(room[:0], purpose...)
	text = strconv.AppendInt(append(text, 0), period, 36)
	text = append(append(text, 0), person...)
	_, _ = h.Write(text) // a hash never fails to write
	var out [sha256.Size]byte
	h.Sum(out[:0])
	return out
}
