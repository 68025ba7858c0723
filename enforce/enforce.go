package enforce

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options says where to ask. URL and Key are required.
type Options struct {
	URL string // of the Assent server, such as https://terms.example.org
	Key string // an API key with the scope decisions:read

	// Client makes the requests; it must have no Timeout, because one of them
	// goes on. Nil: one with limits for everything but that.
	Client *http.Client
	// Silence is how long nothing may be heard before the connection is taken
	// for dead and made anew. Assent says something every five seconds. 0: 20s.
	Silence time.Duration
	// Wait is the longest time between two attempts to reach Assent. 0: 30s.
	Wait time.Duration
	Now  func() time.Time // nil: time.Now

	// Point is by which name Assent's console lists this server: letters, digits,
	// '.', '_', '-'. "": it is not listed.
	Point string
	// AllowAfter is how long Assent may be silent before people are held to
	// nothing but the defaults. 0: what was last known goes on without end.
	AllowAfter time.Duration
}

// Client answers from memory. Its methods are safe for concurrent use.
type Client struct {
	options Options
	table   atomic.Pointer[table]
	ready   chan struct{} // closed once the first snapshot is in

	refused, silences atomic.Int64 // reported

	mu     sync.Mutex // guards status
	status Status
	mark   string // how far the table goes; Run's own
	stale  bool   // the table has to be read anew; Run's own
}

// Status is how well a client knows what Assent knows.
type Status struct {
	Ready     bool      // a snapshot was read; until then everything is allowed
	Connected bool      // changes are being followed
	Revision  uint64    // newest change of Assent that every answer reflects; less again when its database was put back
	Heard     time.Time // when Assent last said that this is all; zero for never
	Error     error     // why the last attempt to follow ended; nil while connected
}

// New returns a client that allows everything until Run has read a snapshot.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("enforce: %q is not the address of a server", o.URL)
	}
	if o.Key == "" {
		return nil, errors.New("enforce: an API key with the scope decisions:read is needed")
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	if o.Client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.ResponseHeaderTimeout = 30 * time.Second
		o.Client = &http.Client{Transport: transport}
	}
	if o.Silence == 0 {
		o.Silence = 20 * time.Second
	}
	if o.Wait == 0 {
		o.Wait = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Client{options: o, ready: make(chan struct{})}
	c.table.Store(newTable(nil))
	return c, nil
}

// Run keeps the client up to date until the context ends, and returns its
// error. Whatever goes wrong is tried again, and is in Status meanwhile.
func (c *Client) Run(ctx context.Context) error {
	const first = 100 * time.Millisecond
	wait := first
	if c.options.Point != "" {
		var reports sync.WaitGroup
		reports.Go(func() { c.reporting(ctx) })
		defer reports.Wait()
	}
	for {
		heard := c.Status().Heard
		err := c.session(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.silences.Add(1)
		c.note(func(s *Status) { s.Connected, s.Error = false, err })
		if c.Status().Heard.After(heard) {
			wait = first
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // spreads attempts, hides nothing
		}
		wait = min(2*wait, c.options.Wait)
	}
}

// Ready is closed once the first snapshot has been read.
func (c *Client) Ready() <-chan struct{} { return c.ready }

// Status says how well the client knows what Assent knows.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Lag is how long ago Assent last said that this is all; the age of the oldest
// thing the client may not know. It is large before that happened at all.
func (c *Client) Lag() time.Duration { return c.options.Now().Sub(c.Status().Heard) }

// People is how many people have other rules than the default ones.
func (c *Client) People() int { return c.table.Load().people() }

func (c *Client) note(change func(*Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.status)
}

// Decision is the answer to "may this person do this now?".
type Decision struct {
	Allowed    bool
	Known      bool // false: nothing is known of the capability, which allows it
	Capability string
	Value      any    // a bool, a float64 or a string, by the kind of capability
	Reason     string // why, in Assent's words, such as "stage"
	OnDeny     string // what to do when it is off: reject, hold or drop
	Campaign   string // whose rule decides; "" when nothing restricts it
	Stage      string // that took it away
	AcceptURL  string // where the person can accept, which brings it back at once
	NextStage  string
	NextAt     time.Time // zero when no date can be given
	Revision   uint64    // of the last change that concerned the person
}

// Decide answers from memory. It never waits.
func (c *Client) Decide(person, capability string) Decision {
	t := c.table.Load()
	p, _ := t.find(person)
	if c.options.AllowAfter > 0 && c.Lag() > c.options.AllowAfter {
		p = place{}
	}
	r, known := p.rules[capability]
	if !known {
		r, known = t.defaults[capability]
	}
	if !known {
		return Decision{Allowed: true, Capability: capability, Value: true}
	}
	if !r.Allowed {
		c.refused.Add(1)
	}
	return Decision{
		Allowed: r.Allowed, Known: true, Capability: capability, Value: r.Value, Reason: r.Reason, OnDeny: r.OnDeny, Campaign: r.Campaign,
		Stage: r.Stage, AcceptURL: r.AcceptURL, NextStage: r.NextStage, NextAt: p.next[r.Campaign], Revision: p.revision,
	}
}

// Granted reports whether something is on that nobody has without accepting,
// such as sharing data. What is not known is not granted.
func (c *Client) Granted(person, capability string) bool {
	d := c.Decide(person, capability)
	return d.Known && d.Allowed
}
