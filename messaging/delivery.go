package messaging

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/centrifugal/centrifuge"

	"assent/messaging/mailbox"
	"assent/tokens"
)

// event is what is published on a line, besides messages and notifications;
// exactly one member besides Event is set.
type event struct {
	Event    string     `json:"event"` // names that member
	Read     *readMark  `json:"read,omitempty"`
	Call     *callState `json:"call,omitempty"`
	Standing *standing  `json:"standing,omitempty"`
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
	SentAt   string           `json:"sent_at"` // RFC 3339
}

// readMark says that Reader has read up to and with a message.
type readMark struct {
	Reader string `json:"reader"`
	ID     string `json:"id"`
	Group  string `json:"group,omitempty"`
}

func shown(m mailbox.Message) message {
	return message{m.ID, m.ClientID, m.From, m.To, m.Group, m.Kind, m.Body, m.Call, m.Whom, m.SentAt.Format(time.RFC3339Nano)}
}

// entry is a message as JSON. It is written once, however many devices get it.
type entry json.RawMessage

func entryOf(m mailbox.Message) entry {
	data, _ := json.Marshal(shown(m)) // text can always be written
	return data
}

// event is that of a message in the open app.
func (e entry) event() []byte {
	return slices.Concat([]byte(`{"event":"message","message":`), e, []byte("}"))
}

// notification is that of a message as a phone shows it outside the app. A text
// can be answered with its token, once; a missed call has none, and can be called
// back by its id.
func (e entry) notification(replyToken string) []byte {
	rest := "}}"
	if replyToken != "" {
		rest = `,"reply_token":"` + replyToken + `"}}`
	}
	return slices.Concat([]byte(`{"event":"notification","notification":`), e[:len(e)-1], []byte(rest))
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
	for _, device := range s.devices(person) {
		if err := s.bring(ctx, turn, device, n); err != nil && ctx.Err() == nil {
			s.options.Log.ErrorContext(ctx, "mailbox not read", slog.String("person", person), slog.Any("error", err))
		}
	}
}

// devices lists what a person is connected with here, each device once.
func (s *Server) devices(person string) []Caller {
	connections := s.node.Hub().UserConnections(person)
	list := make([]Caller, 0, len(connections))
	for _, c := range connections {
		if device := callerOf(c); !slices.Contains(list, device) {
			list = append(list, device)
		}
	}
	return list
}

func (s *Server) bring(ctx context.Context, turn *turn, to Caller, n *news) error {
	by := s.ways(to)
	if by == (ways{}) {
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
			s.hand(ctx, to, by, m, n)
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

// next lists what follows a place for a person. The message of the news, if
// nothing else can lie between, is not read again.
func (s *Server) next(ctx context.Context, person string, place int64, n *news) ([]mailbox.Message, error) {
	switch {
	case n == nil || n.message == nil || n.before > place:
		return s.options.Mailbox.After(ctx, person, place, page)
	case n.place > place:
		return []mailbox.Message{*n.message}, nil
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

// ways are the channels on which messages reach a device, "" for a line that none
// of its connections to this server is joined to.
type ways struct{ inApp, outside string }

func (s *Server) ways(to Caller) ways {
	return ways{s.hears(chatsLine, to), s.hears(notificationLine, to)}
}

// hand publishes one message to one device. The gate is asked once more, for a
// change may not have reached the lines yet. A message that has waited is not
// announced by a notification as well, unless that is the only way to see it.
func (s *Server) hand(ctx context.Context, to Caller, by ways, m mailbox.Message, n *news) {
	e := n.entryOf(m)
	inApp := by.inApp != "" && s.may(to.Person, "chats.list")
	if inApp {
		s.broadcast(ctx, by.inApp, to.Person, e.event())
	}
	if concerns(m, to.Person) && (n.holds(m) || !inApp) && by.outside != "" && s.may(to.Person, "notifications.receive") {
		s.broadcast(ctx, by.outside, to.Person, e.notification(s.replyToken(m, to)))
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

// replyToken answers a text from its notification; "" for what cannot be answered.
func (s *Server) replyToken(m mailbox.Message, to Caller) string {
	if m.Kind != mailbox.Text {
		return ""
	}
	data := map[string]string{"device": to.Device}
	if with := m.With(to.Person); with.Group != "" {
		data["group"] = with.Group
	} else {
		data["peer"] = with.Peer
	}
	return s.options.Tokens.Sign(tokens.Reply, tokens.Claims{Person: to.Person, ID: m.ID, Data: data}, s.options.Now(), s.options.ReplyTTL)
}

// hears returns the channel of a line for a device, "" when no connection of it
// to this server is joined.
func (s *Server) hears(name string, to Caller) string {
	channel := line{name: name}.of(to)
	if s.node.Hub().NumSubscribers(channel) == 0 {
		return ""
	}
	return channel
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
	data, err := json.Marshal(e)
	if err != nil {
		s.options.Log.ErrorContext(ctx, "event not written", slog.String("event", e.Event), slog.String("person", person), slog.Any("error", err))
		return
	}
	for _, device := range s.devices(person) {
		s.broadcast(ctx, line{name: name}.of(device), person, data)
	}
}

// broadcast sends an event to the connections of one device to this server.
func (s *Server) broadcast(ctx context.Context, channel, person string, data []byte) {
	if err := s.node.Hub().BroadcastPublication(channel, &centrifuge.Publication{Data: data}, centrifuge.StreamPosition{}); err != nil {
		s.options.Log.ErrorContext(ctx, "event not sent", slog.String("person", person), slog.Any("error", err))
	}
}

// inform sends a person's standing to their connections to this server; each
// server follows the gate and informs its own.
func (s *Server) inform(ctx context.Context, person string) {
	s.publishHere(ctx, selfLine, person, event{Event: "standing", Standing: s.standing(person)})
}
