// Package mailbox holds the nouns of the messaging layer: messages, chats and
// groups, and the contract of what keeps them. Bodies are opaque.
//
// Every message has a place in the order of all messages, and everybody who
// gets it has a copy of their own, the sender among them. A copy waits until
// something of its owner's has been handed it. One that waits is shown to its
// owner only where a question says so; after a while it expires.
package mailbox

import (
	"context"
	"errors"
	"time"
)

// Kind says what an entry of a conversation is.
type Kind string

// The kinds of message.
const (
	Text       Kind = "text"
	MissedCall Kind = "missed_call" // From called and To did not answer
	Made       Kind = "made"        // From made the group
	Joined     Kind = "joined"      // From brought Whom into the group
	Left       Kind = "left"        // From left the group, or took Whom out of it
)

// CallKind is what a call carries.
type CallKind string

// The kinds of call.
const (
	Voice CallKind = "voice"
	Video CallKind = "video"
)

// Message is one entry of a conversation, of two people or of a group.
type Message struct {
	Place    int64  // in the order of all messages, above 0
	ID       string // unique; of a missed call the id of the call
	ClientID string // chosen by the sender's program, unique among what they sent, or ""
	From     string
	To       string // "" in a group
	Group    string // "" between two people
	Kind     Kind
	Body     string   // of a text: opaque to us
	Call     CallKind // of a missed call
	Whom     string   // of Joined and Left, where it is not From
	SentAt   time.Time
}

// With is the conversation a message belongs to, as one of its people sees it.
func (m Message) With(person string) Talk {
	switch {
	case m.Group != "":
		return Talk{Group: m.Group}
	case m.From == person:
		return Talk{Peer: m.To}
	}
	return Talk{Peer: m.From}
}

// For is the message as one of its people sees it: only the sender sees what
// their program called it.
func (m Message) For(person string) Message {
	if m.From != person {
		m.ClientID = ""
	}
	return m
}

// Talk names a conversation as one of its people sees it: with a peer, or of a
// group. Exactly one is set.
type Talk struct{ Peer, Group string }

// Draft is a message to be kept. Its Place is not set.
type Draft struct {
	Message
	// Begins allows it to begin the conversation of two people. Whoever sets it
	// has looked whether there is somebody to write to.
	Begins bool
	// Answers is the id of the message whose notification it replies to, which
	// can be done once; "" for none.
	Answers string
}

// Kept is a message that is kept.
type Kept struct {
	Message
	Again  bool   // it was kept before: the same sender used the same ClientID
	Copies []Copy // of everybody in the conversation, the sender first
}

// Copy is somebody's copy of a message that was just kept.
type Copy struct {
	Person string
	Before int64 // place of the newest they had before it, or a later one that is no copy of theirs
}

// ErrNotBegun is Post's answer to what may not begin a conversation, and would.
var ErrNotBegun = errors.New("there is no such conversation")

// Chat is a conversation as a list of chats shows it.
type Chat struct {
	Talk
	Title   string // of a group
	Left    bool   // the person is not in the group any more
	Last    Message
	Unread  int
	Blocked bool // the person has blocked the peer
}

// Group is a conversation of many.
type Group struct {
	ID      string
	Title   string
	Members []Member // those who are in, in order of their ids
}

// Member is somebody in a group. Admins bring people in and take them out.
type Member struct {
	Person string
	Admin  bool
}

// Find returns a member of the group.
func (g Group) Find(person string) (Member, bool) {
	for _, m := range g.Members {
		if m.Person == person {
			return m, true
		}
	}
	return Member{}, false
}

// From lists everybody in the group, one of them first.
func (g Group) From(first string) []string {
	people := []string{first}
	for _, m := range g.Members {
		if m.Person != first {
			people = append(people, m.Person)
		}
	}
	return people
}

// MaxMembers is how many people a group can have.
const MaxMembers = 256

// Page asks for a piece of something that is listed from the newest back: at
// most Limit that are older than the message with id Before, "" for the newest.
type Page struct {
	Before      string
	Limit       int
	WithWaiting bool
}

// Handed says that a device of a person has been handed every copy up to a
// place. The device "" stands for whatever has no name.
type Handed struct {
	Person, Device string
	Place          int64
}

// Store keeps conversations. Things that do not exist, or are none of the
// person's business, are terms.NotFound, naming them.
type Store interface {
	// Post keeps a message, with a copy for everybody in the conversation,
	// except for somebody who has blocked the other. A ClientID that the sender
	// has used returns the message that was kept then; for other contents it is
	// terms.Conflict. So is writing to somebody whom one has blocked, and
	// answering twice. Where there is no conversation yet, and the draft may not
	// begin one, it is ErrNotBegun.
	Post(ctx context.Context, d Draft) (Kept, error)
	// Message returns the message with an id to whoever has a copy.
	Message(ctx context.Context, person, id string) (Message, error)

	// Begin is the place up to which a device has been handed everything. One
	// that is not known begins where its person has come.
	Begin(ctx context.Context, person, device string) (int64, error)
	// After lists a person's copies after a place, in order.
	After(ctx context.Context, person string, place int64, limit int) ([]Message, error)
	// Hand ends the waiting of what has been handed over.
	Hand(ctx context.Context, handed ...Handed) error
	// Expire removes every waiting copy of a message sent before an instant and
	// returns how many there were.
	Expire(ctx context.Context, before time.Time) (int, error)

	// Chats lists a person's conversations, the one with the newest message first.
	Chats(ctx context.Context, person string, p Page) ([]Chat, error)
	// History lists a piece of a conversation, oldest first.
	History(ctx context.Context, person string, t Talk, p Page) ([]Message, error)
	// Read marks a conversation as read up to and with a message, and returns
	// who else is in it, but not a peer whom the person has blocked. A mark never
	// goes back.
	Read(ctx context.Context, person string, t Talk, id string) ([]string, error)
	// Waiting is how many copies wait for a person.
	Waiting(ctx context.Context, person string) (int, error)

	// Block sets or lifts a person's block of a peer.
	Block(ctx context.Context, person, peer string, blocked bool) error
	Blocked(ctx context.Context, person, peer string) (bool, error)

	// Ring notes that a call rings, until an instant: From calls To since SentAt.
	Ring(ctx context.Context, call Message, until time.Time) error
	// Rung notes that a call has stopped ringing. Keeping its missed call does so too.
	Rung(ctx context.Context, id string) error
	// Overdue lists, as the missed calls they are, those that should have stopped
	// ringing before an instant.
	Overdue(ctx context.Context, before time.Time) ([]Message, error)

	// MakeGroup makes a group with an entry that says so, of whose sender it is.
	// The sender is its admin; whoever has blocked them does not come in.
	MakeGroup(ctx context.Context, g Group, made Message) (Kept, error)
	// Group returns a group to whoever is in it.
	Group(ctx context.Context, person, id string) (Group, error)
	// Join brings Whom into the group, for one of its admins. Somebody who is in
	// already, or has blocked the admin, stays where they are, and nothing is kept.
	// A group that has MaxMembers is terms.Conflict.
	Join(ctx context.Context, joined Message) (Kept, error)
	// Leave takes the sender out of the group, or Whom for one of its admins. When
	// the last admin leaves, the member who has been in for longest becomes one.
	Leave(ctx context.Context, left Message) (Kept, error)

	// Forget removes every conversation of two that a person had, what they
	// wrote in groups, their copies, and their blocks.
	Forget(ctx context.Context, person string) error
}
