package tokens_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"assent/tokens"
)

func TestTicketsAreTheSameWheneverTheyAreMadeAndGoodForOnePersonOnly(t *testing.T) {
	t.Parallel()
	signer, err := tokens.NewSigner(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	tickets, now := signer.Tickets(tokens.Stream, 24*time.Hour), time.Date(2021, 5, 15, 12, 0, 0, 0, time.UTC)
	first := map[string]string{}
	for round := range 3 {
		for _, person := range []string{"u1", "u2", "a longer id than the others"} {
			ticket := string(tickets.Append(nil, person, tickets.Period(person, now)))
			if round == 0 {
				first[person] = ticket
			}
			if got, _, err := tickets.Check(ticket, now); ticket != first[person] || got != person || err != nil {
				t.Errorf("round %d: the ticket of %q is %s, was %s, and is for %q: %v", round, person, ticket, first[person], got, err)
			}
		}
	}
	parts, other := strings.Split(first["u1"], "."), strings.Split(first["u2"], ".")
	for _, forged := range []string{strings.Join(append(parts[:3:3], other[3]), "."), strings.Join(append(parts[:3:3], ""), "."), strings.Join(parts[:3], ".")} {
		if person, _, err := tickets.Check(forged, now); !errors.Is(err, tokens.ErrInvalid) {
			t.Errorf("%s is good for %q: %v", forged, person, err)
		}
	}
}
