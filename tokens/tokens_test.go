package tokens_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"assent/tokens"
)

var now = time.Date(2021, 1, 6, 0, 0, 0, 0, time.UTC)

func signer(t *testing.T, secrets ...string) *tokens.Signer {
	t.Helper()
	var keys [][]byte
	for _, s := range secrets {
		keys = append(keys, []byte(strings.Repeat(s, 32)))
	}
	s, err := tokens.NewSigner(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestATokenComesBackAsItWasSigned(t *testing.T) {
	t.Parallel()
	s := signer(t, "a")
	token := s.Sign(tokens.SessionLink, tokens.Claims{Person: "u1", Campaign: "c", Data: map[string]string{"k": "v"}}, now, time.Hour)
	got, err := s.Verify(tokens.SessionLink, token, now.Add(time.Hour-time.Microsecond))
	if err != nil || got.Person != "u1" || got.Campaign != "c" || got.Data["k"] != "v" || !got.IssuedAt().Equal(now) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestATokenIsRefused(t *testing.T) {
	t.Parallel()
	s := signer(t, "a")
	token := s.Sign(tokens.NoticeLink, tokens.Claims{Person: "u1"}, now, time.Hour)
	other := signer(t, "b").Sign(tokens.NoticeLink, tokens.Claims{Person: "u1"}, now, time.Hour)
	for name, tc := range map[string]struct {
		purpose tokens.Purpose
		token   string
		at      time.Time
		want    error
	}{
		"for another purpose":     {tokens.SessionLink, token, now, tokens.ErrInvalid},
		"when it has expired":     {tokens.NoticeLink, token, now.Add(time.Hour), tokens.ErrExpired},
		"from another key":        {tokens.NoticeLink, other, now, tokens.ErrInvalid},
		"truncated":               {tokens.NoticeLink, token[:len(token)-1], now, tokens.ErrInvalid},
		"in upper case":           {tokens.NoticeLink, strings.ToUpper(token), now, tokens.ErrInvalid},
		"empty":                   {tokens.NoticeLink, "", now, tokens.ErrInvalid},
		"made of dots":            {tokens.NoticeLink, "....", now, tokens.ErrInvalid},
		"larger than any we make": {tokens.NoticeLink, token + strings.Repeat("a", 5000), now, tokens.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := s.Verify(tc.purpose, tc.token, tc.at); !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestAnyChangedByteIsFound(t *testing.T) {
	t.Parallel()
	s := signer(t, "a")
	token := s.Sign(tokens.Reply, tokens.Claims{Person: "u1", ID: "m1"}, now, time.Hour)
	for i := range token {
		changed := []byte(token)
		if changed[i]++; string(changed) == token {
			continue
		}
		if _, err := s.Verify(tokens.Reply, string(changed), now); err == nil {
			t.Fatalf("byte %d changed and the token still counts", i)
		}
	}
}

func TestARotatedKeyStillVerifiesWhatItSigned(t *testing.T) {
	t.Parallel()
	token := signer(t, "a").Sign(tokens.Messaging, tokens.Claims{Person: "u1"}, now, time.Hour)
	if _, err := signer(t, "b", "a").Verify(tokens.Messaging, token, now); err != nil {
		t.Fatal(err)
	}
}

func TestAShortSecretIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := tokens.NewSigner([]byte("short")); err == nil {
		t.Fatal("a 5-byte secret was taken")
	}
}
