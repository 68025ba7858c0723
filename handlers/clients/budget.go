package clients

import (
	"fmt"
	"hash/maphash"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"assent/handlers/web"
	"assent/tracker"
)

// Limits are how many requests a second are answered; 0 for any number. Twice
// as many, and at least ten, may come in one burst.
type Limits struct {
	Flags     float64 // for flags and decisions, of one key
	Responses float64 // that record a choice, of one key: nothing else may use it up
	Other     float64 // of one key
	Person    float64 // of one person's apps with a public key
}

// use is what a request uses up.
type use int

const (
	useFlags use = iota
	useResponses
	useOther
	uses
)

// useOf tells by the scopes that a route takes what its requests use up.
func useOf(scopes []tracker.Scope) use {
	switch {
	case len(scopes) != 1:
		return useOther
	case scopes[0] == tracker.FlagsRead || scopes[0] == tracker.DecisionsRead:
		return useFlags
	case scopes[0] == tracker.ResponsesWrite:
		return useResponses
	}
	return useOther
}

// rates are the limits by use.
func (l Limits) rates() [uses]rate {
	return [uses]rate{rateOf(l.Flags), rateOf(l.Responses), rateOf(l.Other)}
}

// rate is how fast a budget fills and how much it holds, in nanoseconds; the
// zero rate limits nothing.
type rate struct{ every, burst int64 }

func rateOf(perSecond float64) rate {
	if perSecond <= 0 {
		return rate{}
	}
	every := float64(time.Second) / perSecond
	return rate{int64(every), int64(every * math.Max(10, 2*perSecond))}
}

// budget is a token bucket in one number: the instant at which it will be full
// again (GCRA). The zero budget is full.
type budget struct{ full atomic.Int64 }

// take uses up one request, or says how long until there is one.
func (b *budget) take(r rate, now time.Time) time.Duration {
	if r.every == 0 {
		return 0
	}
	at := now.UnixNano()
	for {
		full := b.full.Load()
		next := max(full, at) + r.every
		if next-at > r.burst {
			return time.Duration(next - at - r.burst)
		}
		if b.full.CompareAndSwap(full, next) {
			return 0
		}
	}
}

// spent is the answer to whoever has to wait.
func spent(wait time.Duration, whose string) error {
	return &web.Problem{
		Status: http.StatusTooManyRequests, Type: "too_many_requests",
		Detail: fmt.Sprintf("%s has asked too often; wait as long as Retry-After says", whose),
		Header: map[string]string{"Retry-After": strconv.Itoa(int(math.Ceil(wait.Seconds())))},
	}
}

// crowd keeps a budget for each of any number of people in a fixed amount of
// memory: a few may share one.
type crowd struct {
	seed    maphash.Seed
	budgets [1 << 16]budget
}

func newCrowd() *crowd { return &crowd{seed: maphash.MakeSeed()} }

func (c *crowd) of(person string) *budget {
	return &c.budgets[maphash.String(c.seed, person)%uint64(len(c.budgets))]
}
