package messaging

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/centrifugal/centrifuge"

	"assent/messaging/mailbox"
	"assent/tokens"
)

// event is what is published on a line; exactly one member besides Event is
// set.
type event struct {
	Event        string        `json:"event"` // names that member
	Message      *message      `json:"message,omitempty"`
	Notification *notification `json:"notification,omitempty"`
	Read         *readMark     `json:"read,omitempty"`
	Call         *callState    `json:"call,omitempty"`
	Standing     *standing     `json:"standing,omitempty"`
}

// message is an entry of a conversation as clients read it.
type message struct {
	ID       string           `json:"id"`
	ClientID string           `json:"client_id,omitempty"` // for the sender's own programs
	From     string           `json:"from"`
	To       string           `json:"to,omitempty"`
	Group    string           `json:"group,omitempty"`
	Kind     mailbox.Kind     `json:"kind"`
	Body     string           `json:"body,omitempty"`
	Call     mailbox.CallKind `json:"call,omitempty"`
	Whom     string           `json:"whom,omitempty"`
	SentAt   time.Time        `json:"sent_at"`
}

// notification is a message as a phone shows it outside the app. A text can be
// answered with its token, once; a missed call can be called back by its id.
type notification struct {
	message
	ReplyToken string `json:"reply_token,omitempty"`
}

// readMark says that Reader has read up to and with a message.
type readMark struct {
	Reader string `json:"reader"`
	ID     string `json:"id"`
	Group  string `json:"group,omitempty"`
}

func shown(m mailbox.Message) message {
	return message{m.ID, m.ClientID, m.From, m.To, m.Group, m.Kind, m.Body, m.Call, m.Whom, m.SentAt}
}

// page is how many messages are handed over at a time.
const page = 100

// handOver brings the person's devices that are connected to this server up to
// date, each from where it was, in order, if the person may receive. Whoever
// calls it holds the person's turn.
func (s *Server) handOver(ctx context.Context, turn *turn, person string, n *news) {
	if !s.may(person, "messages.receive") {
		return
	}
	for device := range s.devices(person) {
		if err := s.bring(ctx, turn, Caller{person, device}, n); err != nil && ctx.Err() == nil {
			s.options.Log.ErrorContext(ctx, "mailbox not read", slog.String("person", person), slog.Any("error", err))
		}
	}
}

// devices are the names of the devices a person is connected with here.
func (s *Server) devices(person string) map[string]bool {
	names := map[string]bool{}
	for _, c := range s.node.Hub().UserConnections(person) {
		names[callerOf(c).Device] = true
	}
	return names
}

func (s *Server) bring(ctx context.Context, turn *turn, to Caller, n *news) error {
	if !s.hears(chatsLine, to) && !s.hears(notificationLine, to) {
		return nil
	}
	st, known := turn.streams[to]
	if !known {
		place, err := s.options.Mailbox.Begin(ctx, to.Person, to.Device)
		if err != nil {
			return err
		}
		st = stream{place: place, sure: place, earlier: place, since: s.options.Wall()}
	}
	for {
		list, err := s.next(ctx, to.Person, st.place, n)
		if err != nil {
			return err
		}
		for _, m := range list {
			s.hand(ctx, to, m, n != nil && m.Place >= n.place)
			st.place = m.Place
		}
		if turn.streams[to] = st.age(s.options.Wall()); len(list) > 0 {
			s.handed.note(Caller{Person: to.Person}, st.place)
			s.handed.note(to, st.sure)
		}
		if len(list) < page {
			return nil
		}
	}
}

// news is a message that was sent just now, for one person.
type news struct {
	place   int64
	message *mailbox.Message // nil: only its place is known here
	before  int64            // place of what the person had before it
}

// next lists what follows a place for a person. The message of the news, if
// nothing else can lie between, is not read again.
func (s *Server) next(ctx context.Context, person string, place int64, n *news) ([]mailbox.Message, error) {
	switch {
	case n == nil || n.message == nil || n.before > place:
		return s.options.Mailbox.After(ctx, person, place, page)
	case n.place > place:
		return []mailbox.Message{n.message.For(person)}, nil
	}
	return nil, nil // somebody who read has brought it
}

// stream is how far a device has been brought.
type stream struct {
	place   int64 // handed to its connection
	sure    int64 // and certainly received: what came after is handed over again after a break
	earlier int64 // place at the instant since
	since   time.Time
}

// doubt is longer than it takes to notice that a connection is dead.
const doubt = time.Minute

func (st stream) age(now time.Time) stream {
	if now.Sub(st.since) >= doubt {
		st.sure, st.earlier, st.since = st.earlier, st.place, now
	}
	return st
}

// hand publishes one message to one device. The gate is asked once more, for a
// change may not have reached the lines yet. A message that has waited is not
// announced by a notification as well, unless that is the only way to see it.
func (s *Server) hand(ctx context.Context, to Caller, m mailbox.Message, fresh bool) {
	inApp := s.hears(chatsLine, to) && s.may(to.Person, "chats.list")
	if inApp {
		entry := shown(m)
		s.broadcast(ctx, chatsLine, to, event{Event: "message", Message: &entry})
	}
	if concerns(m, to.Person) && (fresh || !inApp) && s.hears(notificationLine, to) && s.may(to.Person, "notifications.receive") {
		s.broadcast(ctx, notificationLine, to, event{Event: "notification", Notification: s.notify(m, to)})
	}
}

// concerns reports whether a phone tells its owner of a message outside the app.
func concerns(m mailbox.Message, person string) bool {
	switch m.Kind {
	case mailbox.Joined, mailbox.Left:
		return m.From != person && m.Whom == person
	}
	return m.From != person
}

func (s *Server) notify(m mailbox.Message, to Caller) *notification {
	n := &notification{message: shown(m)}
	if m.Kind == mailbox.Text {
		with := m.With(to.Person)
		n.ReplyToken = s.options.Tokens.Sign(tokens.Reply, tokens.Claims{Person: to.Person, ID: m.ID,
			Data: map[string]string{"peer": with.Peer, "group": with.Group, "device": to.Device}}, s.options.Now(), s.options.ReplyTTL)
	}
	return n
}

// hears reports whether a connection of a device to this server is joined to a
// line.
func (s *Server) hears(name string, to Caller) bool {
	return s.node.Hub().NumSubscribers(line{name: name}.of(to)) > 0
}

// publish sends an event to all of a person's devices that are joined to a
// line, wherever they are connected.
func (s *Server) publish(ctx context.Context, name, person string, e event) {
	s.publishHere(ctx, name, person, e)
	s.tell(opEvent, telling{name, person, e})
}

// publishHere does it for the connections to this server, if the gate lets the
// person hear the line: a change may not have reached it yet.
func (s *Server) publishHere(ctx context.Context, name, person string, e event) {
	if !s.mayHear(name, person) {
		return
	}
	for device := range s.devices(person) {
		s.broadcast(ctx, name, Caller{person, device}, e)
	}
}

// broadcast sends an event to the connections of one device to this server.
func (s *Server) broadcast(ctx context.Context, name string, to Caller, e event) {
	data, err := json.Marshal(e)
	if err == nil {
		err = s.node.Hub().BroadcastPublication(line{name: name}.of(to), &centrifuge.Publication{Data: data}, centrifuge.StreamPosition{})
	}
	if err != nil {
		s.options.Log.ErrorContext(ctx, "event not sent", slog.String("event", e.Event), slog.String("person", to.Person), slog.Any("error", err))
	}
}

// inform sends a person's standing to their connections to this server; each
// server follows the gate and informs its own.
func (s *Server) inform(ctx context.Context, person string) {
	s.publishHere(ctx, selfLine, person, event{Event: "standing", Standing: s.standing(person)})
}
