package tracker

import (
	"context"
	"time"
)

// DeliveryState is how far a delivery has come.
type DeliveryState string

// The states of a delivery. It waits in the first two, and ends in one of the
// others unless staff have it tried again.
const (
	Queued    DeliveryState = "queued"    // to be sent when NextAt has come
	Sent      DeliveryState = "sent"      // taken by the mail server; counts as delivered once NextAt has come
	Claimed   DeliveryState = "claimed"   // a process is about to send it
	Sending   DeliveryState = "sending"   // a process is handing it over
	Delivered DeliveryState = "delivered" // and no bounce came in time: it counts as a notice that reached the person
	Dropped   DeliveryState = "dropped"   // not sent, because it would not have been right any more
	Dead      DeliveryState = "dead"      // refused for good, or too often
	Uncertain DeliveryState = "uncertain" // it may have been sent: nobody lived to see the answer
	Bounced   DeliveryState = "bounced"   // sent, and it came back
)

// DeliveryStates lists them in the order a delivery can go through them.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{Queued, Claimed, Sending, Sent, Delivered, Dropped, Dead, Uncertain, Bounced}
}

// Troubled are the states that staff look after.
func Troubled() []DeliveryState { return []DeliveryState{Dead, Uncertain, Bounced} }

// LetterKind is what a delivery tells a person.
type LetterKind string

// The kinds of letter. All but Reminder are owed: people are told whether or not
// they want reminders, and caps do not hold them back.
const (
	LetterTold     LetterKind = "told"     // the terms are changing
	LetterReminder LetterKind = "reminder" // they have changed, and no choice was made yet
	LetterWarned   LetterKind = "warned"   // something stops soon
	LetterEntered  LetterKind = "entered"  // something has stopped
	LetterRestored LetterKind = "restored" // it works again
	LetterReversed LetterKind = "reversed" // what was announced is taken back
	LetterMoved    LetterKind = "moved"    // the date is another one
)

// LetterKinds lists them in the order people meet them.
func LetterKinds() []LetterKind {
	return []LetterKind{LetterTold, LetterReminder, LetterWarned, LetterEntered, LetterRestored, LetterMoved, LetterReversed}
}

// Owed reports whether people have to be told, whatever they think of reminders.
func (k LetterKind) Owed() bool { return k != LetterReminder }

// Delivery is one notice on one channel to one person. Notice and Channel name
// it; a message that is sent carries Notice as its own id.
type Delivery struct {
	Notice   string
	Channel  Channel
	Ref      int64
	Person   string // "" once the account is gone
	Campaign string
	Plan     int
	Stage    int // the person was in
	Kind     LetterKind
	Created  time.Time
	State    DeliveryState
	NextAt   time.Time // when to look at it next; zero: not any more
	Tries    int
	Claim    string    // of the process that has it
	Lease    time.Time // by the real clock: when that process is taken for dead
	Sent     time.Time
	Said     time.Time // the date it told the person, Never where it told that there is none
	Reason   string    // why it is in this state, without anything personal
}

// Never stands for a date that was taken back.
func Never() time.Time { return time.UnixMicro(1).UTC() }

// Mailing is a walk that tells everybody in a campaign of a change of its rules.
type Mailing struct {
	Campaign string
	Revision uint64
	Ref      int64 // it has come to here
}

// PostReader answers questions about what is sent to people outside the app.
type PostReader interface {
	// Contact is NotFound where nothing is known of the person with this Ref.
	Contact(ctx context.Context, ref int64) (Contact, error)
	// Contacts are those that are known, by Ref.
	Contacts(ctx context.Context, refs []int64) (map[int64]Contact, error)
	// ContactsAt are those with this address.
	ContactsAt(ctx context.Context, email string) ([]Contact, error)

	Delivery(ctx context.Context, notice string, channel Channel) (Delivery, error)
	// Deliveries lists the newest first, in one of the states, of a person or,
	// for "", of all.
	Deliveries(ctx context.Context, states []DeliveryState, person string, limit int) ([]Delivery, error)
	// StuckDeliveries lists those of a campaign in one of the troubled states.
	StuckDeliveries(ctx context.Context, state DeliveryState, campaign string, limit int) ([]Delivery, error)
	// DueDeliveries lists those in a state whose NextAt has come, oldest first.
	DueDeliveries(ctx context.Context, state DeliveryState, now time.Time, limit int) ([]Delivery, error)
	// LapsedDeliveries lists those whose Lease is over.
	LapsedDeliveries(ctx context.Context, now time.Time, limit int) ([]Delivery, error)
	// LastSentTo is the newest that was sent to a person, alone in the list; none
	// for nothing.
	LastSentTo(ctx context.Context, ref int64) ([]Delivery, error)
	// SentTo lists when a person was sent something since an instant, oldest first.
	SentTo(ctx context.Context, ref int64, since time.Time) ([]time.Time, error)
	// LastSaid is the Said of the newest of a campaign that was sent to each.
	LastSaid(ctx context.Context, campaign string, refs []int64) (map[int64]time.Time, error)
	// DeliveryCounts is how many there are in each state, of a channel and a
	// campaign, of all campaigns for "".
	DeliveryCounts(ctx context.Context, channel Channel, campaign string) (map[DeliveryState]int64, error)

	// Place is how far a follower of the journal has come; NotFound for one that
	// has not begun.
	Place(ctx context.Context, name string) (uint64, error)
	// Mailings lists the walks under way.
	Mailings(ctx context.Context) ([]Mailing, error)
}

// PostTx writes it.
type PostTx interface {
	PutContacts(ctx context.Context, contacts []Contact) error
	// DeleteContact does nothing where there is none.
	DeleteContact(ctx context.Context, ref int64) error
	// AddDeliveries adds those that are not there yet.
	AddDeliveries(ctx context.Context, deliveries []Delivery) error
	// SetDelivery writes State and what follows it, where the delivery is still in
	// the state it was; Conflict when it is not.
	SetDelivery(ctx context.Context, was DeliveryState, d Delivery) error
	SetPlace(ctx context.Context, name string, revision uint64) error
	// PutMailing begins a walk or moves it on.
	PutMailing(ctx context.Context, m Mailing) error
	EndMailing(ctx context.Context, campaign string) error
}
