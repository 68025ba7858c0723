package messaging

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"slices"
	"time"

	"github.com/centrifugal/centrifuge"

	"assent/gate"
	"assent/tokens"
)

// The lines a person can be reached on. Each is a channel of the library that
// all connections of a device are joined to. It is named "chats:PERSON", or
// "chats@DEVICE:PERSON" for a device with a name.
const (
	selfLine         = "me"            // standing, and calls one already takes part in
	chatsLine        = "chats"         // messages in the open app
	notificationLine = "notifications" // what the phone shows by itself
	callsLine        = "calls"         // ringing
)

// line is one of the lines and the capability it takes to be joined to it.
type line struct {
	name, capability string
}

func (l line) of(to Caller) string {
	if to.Device == "" {
		return l.name + ":" + to.Person
	}
	return l.name + "@" + to.Device + ":" + to.Person // no device has a colon in its name
}

// lines lists the lines that a stage can take away.
func lines() []line {
	return []line{{chatsLine, "chats.list"}, {notificationLine, "notifications.receive"}, {callsLine, "calls.answer"}}
}

// mayHear reports whether the gate lets a person hear a line now.
func (s *Server) mayHear(name, person string) bool {
	for _, l := range lines() {
		if l.name == name {
			return s.may(person, l.capability)
		}
	}
	return true // no stage takes it away
}

// cutOff tells a client that a line was taken away for now: it must not try to
// join again by itself, the server will join it.
func cutOff() centrifuge.Unsubscribe {
	return centrifuge.Unsubscribe{Code: 2100, Reason: "terms not accepted"}
}

// gathering is how long what goes to one connection is gathered into one frame:
// a message comes with its notification, and an acknowledgement with what it is
// of. It is nothing a person notices, and saves half of all writing.
const gathering = 2 * time.Millisecond

// connecting checks the token. It joins the one line that no stage takes away;
// what the gate decides about is decided by settle, when the connection is
// already listed and no change of the gate can miss it.
func (s *Server) connecting(ctx context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	claims, err := s.options.Tokens.Verify(tokens.Messaging, e.Token, s.options.Wall())
	switch {
	case errors.Is(err, tokens.ErrExpired):
		return centrifuge.ConnectReply{}, centrifuge.ErrorTokenExpired
	case err != nil || claims.Person == "":
		return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
	}
	return centrifuge.ConnectReply{
		Context:       context.WithValue(ctx, claimsKey{}, claims),
		Credentials:   &centrifuge.Credentials{UserID: claims.Person},
		Subscriptions: map[string]centrifuge.SubscribeOptions{line{name: selfLine}.of(CallerOf(claims)): {}},
		WriteDelay:    gathering, WriteWithTimer: true, MaxMessagesInFrame: page,
	}, nil
}

// connected runs when the connection is listed. From here on its person's
// changes reach it.
func (s *Server) connected(c *centrifuge.Client) {
	c.OnRPC(func(e centrifuge.RPCEvent, answer centrifuge.RPCCallback) { answer(s.rpc(c, e)) })
	c.OnAlive(func() { s.alive(c) })
	later := context.WithoutCancel(c.Context())
	c.OnDisconnect(func(centrifuge.DisconnectEvent) {
		s.gone(c)
		s.absent(later, c.UserID())
	})
	if err := s.Admit(c.Context(), c.UserID()); err != nil {
		c.Disconnect(centrifuge.DisconnectInvalidToken)
		return
	}
	s.settle(c.Context(), c.UserID(), map[string]*centrifuge.Client{c.ID(): c}, true)
	s.rejoinCall(c.Context(), c.UserID())
}

func (s *Server) rpc(c *centrifuge.Client, e centrifuge.RPCEvent) (centrifuge.RPCReply, error) {
	data, err := s.Call(c.Context(), callerOf(c), e.Method, e.Data)
	if err == nil {
		return centrifuge.RPCReply{Data: data}, nil
	}
	if _, told := problemOf(err); !told && c.Context().Err() == nil {
		s.options.Log.ErrorContext(c.Context(), "method failed", slog.String("method", e.Method),
			slog.String("person", c.UserID()), slog.Any("error", err))
	}
	return centrifuge.RPCReply{}, socketError(err)
}

// alive is the last fence: should a change ever be missed, or a line be left
// behind, the next beat of the connection puts it right.
func (s *Server) alive(c *centrifuge.Client) {
	if claims, ok := c.Context().Value(claimsKey{}).(tokens.Claims); ok && !s.options.Wall().Before(claims.ExpiresAt()) {
		c.Disconnect(centrifuge.DisconnectExpired)
		return
	}
	s.settle(c.Context(), c.UserID(), map[string]*centrifuge.Client{c.ID(): c}, false)
}

// settle makes connections of a person hear exactly what the gate allows now,
// and hands over what was waiting. The gate is asked while the person's turn
// is held, so whoever settles last has asked last.
func (s *Server) settle(ctx context.Context, person string, connections map[string]*centrifuge.Client, inform bool) {
	turn := s.turn(person)
	turn.Lock()
	defer turn.Unlock()
	if inform {
		s.inform(ctx, person)
	}
	for _, l := range lines() {
		allowed := s.may(person, l.capability)
		for _, c := range connections {
			s.join(ctx, c, l.of(callerOf(c)), allowed)
		}
	}
	s.handOver(ctx, turn, person, nil)
}

// gone forgets how far a device was brought when its last connection has ended:
// another server may bring it further.
func (s *Server) gone(c *centrifuge.Client) {
	turn := s.turn(c.UserID())
	turn.Lock()
	defer turn.Unlock()
	if to := callerOf(c); !slices.Contains(s.devices(to.Person), to) {
		delete(turn.streams, to)
	}
}

func (s *Server) join(ctx context.Context, c *centrifuge.Client, channel string, allowed bool) {
	switch joined := c.IsSubscribed(channel); {
	case joined && !allowed:
		c.Unsubscribe(channel, cutOff())
	case !joined && allowed:
		if err := c.Subscribe(channel); err != nil && c.Context().Err() == nil {
			s.options.Log.WarnContext(ctx, "line not joined", slog.String("line", channel), slog.Any("error", err))
		}
	}
}

// turn is the lock of a person. People share a few locks; nobody holds two.
func (s *Server) turn(person string) *turn {
	h := fnv.New32a()
	_, _ = h.Write([]byte(person)) // a hash never fails to write
	return &s.turns[h.Sum32()%uint32(len(s.turns))]
}

// Applied takes a change of the gate and returns at once; pass it to the
// gate's Watch. Every open connection of the person is told, loses and regains
// its lines, and is handed what waited, a moment later.
func (s *Server) Applied(a gate.Applied) {
	// Somebody who connects only now is listed later than this, so their
	// connection will ask a gate that has already applied the change.
	_, inCall := s.calls.of(a.Person)
	if inCall || len(s.node.Hub().UserConnections(a.Person)) > 0 {
		s.changes.add(a.Person, a.Restores())
	}
}

// follow serves changes until the server stops or ctx ends.
func (s *Server) follow(ctx context.Context) {
	hourly, often := time.NewTicker(time.Hour), time.NewTicker(s.options.SweepEvery)
	defer hourly.Stop()
	defer often.Stop()
	s.missOverdue(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changes.done:
			return
		case <-hourly.C:
			s.expire(ctx)
		case <-often.C:
			s.missOverdue(ctx)
		case <-s.changes.wake:
			s.expire(ctx)
			s.settleBatch(ctx)
		}
	}
}

// settleBatch tells the next people who have changed, and rests a little if
// there are more.
func (s *Server) settleBatch(ctx context.Context) {
	people, more := s.changes.take(batch)
	for _, person := range people {
		s.settle(ctx, person, s.node.Hub().UserConnections(person), true)
		s.ringAsTheyMay(ctx, person)
	}
	if !more {
		return
	}
	select {
	case <-s.changes.done:
	case <-time.After(pause):
		s.changes.again()
	}
}

// expire forgets what has waited longer than is promised.
func (s *Server) expire(ctx context.Context) {
	n, err := s.options.Mailbox.Expire(ctx, s.options.Now().Add(-s.options.MailboxTTL))
	if err != nil {
		s.options.Log.ErrorContext(ctx, "mailbox not cleaned", slog.Any("error", err))
		return
	}
	if n > 0 {
		s.options.Log.InfoContext(ctx, "undelivered messages expired", slog.Int("messages", n))
	}
}
