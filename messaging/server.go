package messaging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"

	"assent/gate"
	"assent/messaging/mailbox"
	"assent/terms"
	"assent/tokens"
)

// Gate is what the messaging layer asks. *gate.Gate is one; register
// Server.Applied with its Watch before it loads.
type Gate interface {
	Decide(person, capability string) gate.Decision
	Entry(person string) (e gate.Entry, known bool)
	AcceptURL(campaign string) string
	CatchUp(ctx context.Context, revision uint64) error
}

// People tells which ids are accounts: any of them can be written to.
type People interface {
	Known(ctx context.Context, id string) (bool, error)
}

// Options is what a server needs. Durations left zero take the defaults
// given; everything else but Redis, AllowedOrigins and Metrics is required.
type Options struct {
	Gate    Gate
	People  People
	Mailbox mailbox.Store
	Tokens  *tokens.Signer
	Now     func() time.Time
	Wall    func() time.Time // the real clock, for connection tokens; nil: Now, which only a demo moves
	Log     *slog.Logger
	Metrics *prometheus.Registry // of the connections; nil keeps them to itself

	Redis          string        // where servers on one database meet, redis://…; "" for a single one
	AllowedOrigins []string      // of web pages, besides the server's own: https://chat.example.org
	MailboxTTL     time.Duration // how long an undelivered message is kept; 30 days
	ReplyTTL       time.Duration // how long a notification can be answered or called back; 3 days
	RingFor        time.Duration // how long a call rings; 45 seconds
	SweepEvery     time.Duration // how often each connection is held against the gate again; 25 seconds
}

func (o *Options) complete() error {
	if o.Gate == nil || o.People == nil || o.Mailbox == nil || o.Tokens == nil || o.Now == nil || o.Log == nil {
		return errors.New("messaging needs a gate, people, a mailbox, tokens, a clock and a log")
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.MailboxTTL, 30 * 24 * time.Hour}, {&o.ReplyTTL, 3 * 24 * time.Hour},
		{&o.RingFor, 45 * time.Second}, {&o.SweepEvery, 25 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Wall == nil {
		o.Wall = o.Now
	}
	return nil
}

// Limits of one connection and one person.
const (
	maxFrame       = 64 << 10 // bytes of one command
	maxQueue       = 16 << 20 // bytes that may wait to be written to a slow reader
	maxConnections = 32       // of one person to one server
)

// Server is the messaging layer. Its methods are safe for concurrent use.
type Server struct {
	options Options
	node    *centrifuge.Node
	methods map[string]method
	calls   *switchboard
	changes *changes
	active  *presence
	handed  *handed
	words   chan word          // for other servers
	late    prometheus.Counter // changes that not all of them acknowledged in time
	turns   [1024]turn         // one person is served by one goroutine at a time; see turn
	stop    chan struct{}      // closed when all connections are
	running sync.WaitGroup     // the goroutines of Start
}

// turn is the lock of the people who share it, and how far their devices that
// are connected here have been brought.
type turn struct {
	sync.Mutex
	streams map[Caller]stream
}

// New returns a server that accepts connections after Start.
func New(o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel: centrifuge.LogLevelWarn, LogHandler: logged(o.Log),
		Metrics:                      centrifuge.MetricsConfig{RegistererGatherer: o.Metrics},
		ClientPresenceUpdateInterval: o.SweepEvery,
		ClientQueueMaxSize:           maxQueue,
		UserConnectionLimit:          maxConnections,
	})
	if err != nil {
		return nil, fmt.Errorf("make the messaging node: %w", err)
	}
	s := &Server{options: o, node: node, changes: newChanges(), calls: newSwitchboard(), active: newPresence(), handed: newHanded(), words: make(chan word, mostWords), stop: make(chan struct{})}
	s.late = prometheus.NewCounter(prometheus.CounterOpts{Name: "assent_messaging_unacknowledged_total",
		Help: "Changes that not every server had acknowledged in time; servers follow by themselves as well."})
	if err := o.Metrics.Register(s.late); err != nil {
		return nil, fmt.Errorf("register the metrics of messaging: %w", err)
	}
	for i := range s.turns {
		s.turns[i].streams = map[Caller]stream{}
	}
	s.methods = s.catalogue()
	node.OnConnecting(s.connecting)
	node.OnConnect(s.connected)
	return s, s.connectNodes()
}

// Start begins to serve and to follow changes; it does not block. Cancelling
// ctx ends following; Stop ends everything.
func (s *Server) Start(ctx context.Context) error {
	if err := s.node.Run(); err != nil {
		return fmt.Errorf("start the messaging node: %w", err)
	}
	s.running.Go(func() { s.follow(ctx) })
	s.running.Go(func() { s.speak(ctx, s.stop) })
	s.running.Go(func() { s.keepHanded(context.WithoutCancel(ctx), s.stop) })
	return nil
}

// Stop closes all connections, telling clients to come back, and waits for
// what is under way, until ctx ends. It is called once, after Start.
func (s *Server) Stop(ctx context.Context) error {
	s.changes.close()
	s.calls.close()
	err := s.node.Shutdown(ctx)
	close(s.stop)
	stopped := make(chan struct{})
	go func() { s.running.Wait(); close(stopped) }()
	select {
	case <-stopped:
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("stop messaging: %w", err)
	}
	return nil
}

// WebSocket serves the centrifuge protocol at /messaging/websocket. Mount it
// outside anything that buffers or times out answers.
func (s *Server) WebSocket() http.Handler {
	return centrifuge.NewWebsocketHandler(s.node, centrifuge.WebsocketConfig{
		CheckOrigin:        s.sameOrAllowed,
		MessageSizeLimit:   maxFrame,
		WriteTimeout:       5 * time.Second,
		UseWriteBufferPool: true,
	})
}

// sameOrAllowed refuses pages of other sites: a browser sends Origin, and only
// programs leave it out.
func (s *Server) sameOrAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host ||
		slices.Contains(s.options.AllowedOrigins, origin)
}

// Call runs one method for a caller, as the socket does for its RPC. Params
// is one JSON object; empty and null stand for one without members. Errors:
// a *Refusal when a stage took the method away, an *Unreadable for params of
// the wrong shape, and else the kinds of package terms: NotFound for an
// unknown method, person, message or call, Invalid for values that break a
// rule, Conflict for what is no longer possible.
func (s *Server) Call(ctx context.Context, by Caller, name string, params json.RawMessage) (json.RawMessage, error) {
	m, ok := s.methods[name]
	if !ok {
		return nil, unknownMethod(name)
	}
	s.active.mark(by.Person, s.options.Wall())
	if m.capability != "" {
		if d := s.options.Gate.Decide(by.Person, m.capability); !d.Allowed {
			return nil, &Refusal{d}
		}
	}
	result, err := m.run(ctx, by, params)
	if err != nil {
		return nil, err
	}
	if e, written := result.(entry); written {
		return json.RawMessage(e), nil
	}
	data, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("write the result of %s: %w", name, err)
	}
	return data, nil
}

// Admit refuses the token of somebody who was deleted since it was signed: nothing
// of theirs may come back. While nobody can say, they are let in, as before.
func (s *Server) Admit(ctx context.Context, person string) error {
	known, err := s.options.People.Known(ctx, person)
	if err == nil && !known {
		return terms.Errorf(terms.Unauthenticated, "the token is of an account that is no more")
	}
	return nil
}

// Forget removes what is kept of a person and closes their connections.
func (s *Server) Forget(ctx context.Context, person string) error {
	if c, inCall := s.calls.of(person); inCall {
		_, _ = s.endCall(ctx, c.ID, person, func(callState) string { return hungUp }) // over already is as well
	}
	if err := s.node.Disconnect(person); err != nil {
		return fmt.Errorf("disconnect a person who left: %w", err)
	}
	return s.options.Mailbox.Forget(ctx, person)
}

// may reports whether the gate lets a person do something now.
func (s *Server) may(person, capability string) bool {
	return s.options.Gate.Decide(person, capability).Allowed
}
