package messaging

import (
	"context"
	"time"
)

// MessageKind says what an entry of a conversation is.
type MessageKind string

// The kinds of message.
const (
	Text       MessageKind = "text"
	MissedCall MessageKind = "missed_call" // From called and To did not answer
)

// CallKind is what a call carries.
type CallKind string

// The kinds of call.
const (
	Voice CallKind = "voice"
	Video CallKind = "video"
)

// Message is one entry of the conversation of two people.
type Message struct {
	ID     string // unique; of a missed call the id of the call
	From   string
	To     string
	Kind   MessageKind
	Body   string   // opaque to us, empty for a missed call
	Call   CallKind // of a missed call, else ""
	SentAt time.Time

	// Withheld: To has blocked From. Only From ever sees it.
	Withheld bool
}

// Chat is a conversation as a list of chats shows it.
type Chat struct {
	Peer    string
	Last    Message
	Unread  int
	Blocked bool // the person has blocked the peer
}

// Mailbox keeps conversations. A message waits from Append until Deliver says
// that its recipient has been handed it; one that waits is shown to its
// recipient only where withWaiting is true. Things that do not exist are
// terms.NotFound, naming them.
type Mailbox interface {
	// Append puts a message at the end of its conversation; it waits for its
	// recipient unless it is withheld.
	Append(ctx context.Context, m Message) error
	// Message returns the message with an id to whoever wrote or got it.
	Message(ctx context.Context, person, id string) (Message, error)

	// Waiting lists what waits for a person, in the order of Append.
	Waiting(ctx context.Context, person string, limit int) ([]Message, error)
	// Deliver ends the waiting of a person's messages.
	Deliver(ctx context.Context, person string, ids []string) error
	// Expire removes every waiting message sent before an instant and returns
	// how many there were.
	Expire(ctx context.Context, before time.Time) (int, error)

	// Chats lists a person's conversations, the one with the newest message first.
	Chats(ctx context.Context, person string, withWaiting bool) ([]Chat, error)
	// History lists the last messages of a conversation before the one with id
	// before, or the last of all for "", oldest first.
	History(ctx context.Context, q HistoryQuery) ([]Message, error)
	// Read marks what a peer wrote, up to and with a message, as read.
	Read(ctx context.Context, person, peer, id string) error
	// Answer records that a message was replied to from its notification;
	// terms.Conflict if it was before.
	Answer(ctx context.Context, person, id string) error

	// Block sets or lifts a person's block of a peer.
	Block(ctx context.Context, person, peer string, blocked bool) error
	Blocked(ctx context.Context, person, peer string) (bool, error)

	// Forget removes every conversation of a person, and their blocks.
	Forget(ctx context.Context, person string) error
}

// HistoryQuery asks for a piece of the conversation of a person with a peer.
type HistoryQuery struct {
	Person, Peer string
	Before       string
	Limit        int
	WithWaiting  bool
}
