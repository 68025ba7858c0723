package messaging

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/centrifugal/centrifuge"

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
	ID     string      `json:"id"`
	From   string      `json:"from"`
	To     string      `json:"to"`
	Kind   MessageKind `json:"kind"`
	Body   string      `json:"body,omitempty"`
	Call   CallKind    `json:"call,omitempty"`
	SentAt time.Time   `json:"sent_at"`
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
}

func shown(m Message) message {
	return message{ID: m.ID, From: m.From, To: m.To, Kind: m.Kind, Body: m.Body, Call: m.Call, SentAt: m.SentAt}
}

// page is how many waiting messages are handed over at a time.
const page = 100

// post keeps a message and hands it over if that is possible now. From the
// moment it is kept the sender has succeeded, whatever the recipient's stage.
func (s *Server) post(ctx context.Context, m Message) error {
	turn := s.turn(m.To)
	turn.Lock()
	defer turn.Unlock()
	if err := s.options.Mailbox.Append(ctx, m); err != nil {
		return err
	}
	s.handOver(ctx, m.To, m.ID)
	return nil
}

// handOver delivers what waits for a person, in order, if they may receive and
// a connection of theirs listens; else it stays in the mailbox. Whoever calls
// it holds the person's turn. Fresh is the id of a message sent just now.
func (s *Server) handOver(ctx context.Context, person, fresh string) {
	if !s.may(person, "messages.receive") || !s.listens(person, chatsLine) && !s.listens(person, notificationLine) {
		return
	}
	for {
		waiting, err := s.options.Mailbox.Waiting(ctx, person, page)
		if err != nil {
			s.options.Log.ErrorContext(ctx, "mailbox not read", slog.String("person", person), slog.Any("error", err))
			return
		}
		ids := make([]string, len(waiting))
		for i, m := range waiting {
			s.hand(ctx, person, m, m.ID == fresh)
			ids[i] = m.ID
		}
		if err := s.options.Mailbox.Deliver(ctx, person, ids); err != nil {
			s.options.Log.ErrorContext(ctx, "delivery not recorded", slog.String("person", person), slog.Any("error", err))
			return
		}
		if len(waiting) < page {
			return
		}
	}
}

// hand publishes one message. One that has waited is not announced by a
// notification as well, unless that is the only way to see it.
func (s *Server) hand(ctx context.Context, person string, m Message, fresh bool) {
	entry := shown(m)
	s.publish(ctx, chatsLine, person, event{Event: "message", Message: &entry})
	if fresh || !s.listens(person, chatsLine) {
		s.publish(ctx, notificationLine, person, event{Event: "notification", Notification: s.notify(m)})
	}
}

func (s *Server) notify(m Message) *notification {
	n := &notification{message: shown(m)}
	if m.Kind == Text {
		n.ReplyToken = s.options.Tokens.Sign(tokens.Reply,
			tokens.Claims{Person: m.To, ID: m.ID, Data: map[string]string{"peer": m.From}}, s.options.Now(), s.options.ReplyTTL)
	}
	return n
}

// listens reports whether a connection of the person to this server is joined
// to a line.
func (s *Server) listens(person, name string) bool {
	return s.node.Hub().NumSubscribers(line{name: name}.of(person)) > 0
}

// publish sends an event to every connection that is joined to a line.
func (s *Server) publish(ctx context.Context, name, person string, e event) {
	data, err := json.Marshal(e)
	if err == nil {
		_, err = s.node.Publish(line{name: name}.of(person), data)
	}
	if err != nil {
		s.options.Log.ErrorContext(ctx, "event not published", slog.String("event", e.Event), slog.String("person", person), slog.Any("error", err))
	}
}

// inform sends a person's standing to their connections to this server; each
// server follows the gate and informs its own.
func (s *Server) inform(ctx context.Context, person string) {
	data, err := json.Marshal(event{Event: "standing", Standing: s.standing(person)})
	if err == nil {
		err = s.node.Hub().BroadcastPublication(line{name: selfLine}.of(person), &centrifuge.Publication{Data: data}, centrifuge.StreamPosition{})
	}
	if err != nil {
		s.options.Log.ErrorContext(ctx, "standing not sent", slog.String("person", person), slog.Any("error", err))
	}
}
