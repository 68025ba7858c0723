package templates

import "time"

// messengerPages are the pages of the demonstration's messenger, in English only.
func messengerPages() []page { return []page{{"messenger/index", Messenger{}}} }

// Messenger is two phones side by side, connected to the messaging layer, with the clock that moves them through the
// stages. It is shown in a demonstration only: the page holds the messaging tokens of its people.
type Messenger struct {
	Brand  string
	Socket string    // path of the messaging layer's WebSocket
	Now    time.Time // of the demonstration; never zero
	Next   time.Time // when a phone next changes its stage; zero when that is not known
	Back   string    // path of this very page, where the clock's form returns to
	Links  []Link    // to the rest of the demonstration

	Phones  []MessengerPhone // two
	Choices []MessengerName  // whose phones can be shown instead; fewer than three show no picker
	Stages  []MessengerStage // the ladder, in order
}

// MessengerPhone is the phone of one person.
type MessengerPhone struct {
	MessengerName
	Token     string          // messaging token, good for as long as the page may stay open on the demonstration's clock
	ReviewURL string          // leads to the choice page, signed in as the person, as often as needed
	Contacts  []MessengerName // whom the phone knows by name
}

// MessengerName is a person by name; Place says where they are, in a word or two.
type MessengerName struct {
	ID, Name, Place string
}

// MessengerStage is one stage of the ladder: its key, a short name, and a sentence on what it means for the person.
type MessengerStage struct {
	Key, Name, Text string
}

// Moment writes an instant to the minute, in UTC.
func (Messenger) Moment(at time.Time) string { return at.UTC().Format("2 January 2006, 15:04 UTC") }

// ISO writes an instant for a machine.
func (Messenger) ISO(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Initial is the letter in the person's picture.
func (n MessengerName) Initial() string {
	for _, r := range n.Name {
		return string(r)
	}
	return ""
}

// Shows reports whether a person is on one of the phones: the first for side 0, the second for side 1.
func (m Messenger) Shows(side int, id string) bool {
	return side < len(m.Phones) && m.Phones[side].ID == id
}
