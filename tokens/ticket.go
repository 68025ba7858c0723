package tokens

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
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
	keys    []key
}

const macSize = 16 // bytes of the HMAC that a ticket keeps

// Tickets returns what makes tickets for a purpose with the signer's keys.
func (s *Signer) Tickets(purpose Purpose, period time.Duration) *Tickets {
	return &Tickets{purpose: purpose, period: int64(period / time.Second), keys: s.keys}
}

// Period is the number of the period that an instant lies in for a person.
func (t *Tickets) Period(person string, now time.Time) int64 {
	return (now.Unix() + t.shift(person)) / t.period
}

// shift is how many seconds earlier a person's periods begin.
func (t *Tickets) shift(person string) int64 { return int64(digest(person)) % t.period }

// digest is FNV-1a: the same in every process, and nobody gains from guessing it.
func digest(person string) uint32 {
	h := uint32(2166136261)
	for i := range len(person) {
		h = (h ^ uint32(person[i])) * 16777619
	}
	return h
}

// AppendName appends what tells a person's ticket for a period from others, with
// less to work out than the ticket.
func (t *Tickets) AppendName(dst []byte, person string, period int64) []byte {
	dst = append(strconv.AppendInt(dst, period, 36), '.')
	dst = append(strconv.AppendUint(dst, uint64(digest(person)), 36), '.')
	return append(dst, t.keys[0].id...)
}

// Append appends a person's ticket for a period. It needs no escaping in a URL.
func (t *Tickets) Append(dst []byte, person string, period int64) []byte {
	dst = append(append(dst, t.keys[0].id...), '.')
	dst = append(strconv.AppendInt(dst, period, 36), '.')
	dst = base64.RawURLEncoding.AppendEncode(dst, []byte(person))
	return t.appendMAC(append(dst, '.'), t.keys[0], person, period)
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
	for _, k := range t.keys {
		if k.id == parts[0] && subtle.ConstantTimeCompare(t.appendMAC(nil, k, string(name), period), []byte(parts[3])) == 1 {
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

// appendMAC appends the last part of a ticket.
func (t *Tickets) appendMAC(dst []byte, k key, person string, period int64) []byte {
	return k.appendMAC(dst, macSize, string(t.purpose), strconv.FormatInt(period, 36), person)
}
