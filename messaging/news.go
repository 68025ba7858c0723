package messaging

import (
	"context"

	"assent/messaging/mailbox"
)

// news is a message that was sent just now, for one person.
type news struct {
	place   int64
	message *mailbox.Message // nil: only its place is known here
	entry   entry            // of it
	before  int64            // place of what the person had before it
}

// holds reports whether a message is that of the news, or came after it.
func (n *news) holds(m mailbox.Message) bool { return n != nil && m.Place >= n.place }

// entryOf is a message as JSON. That of the news has been written already.
func (n *news) entryOf(m mailbox.Message) entry {
	if n != nil && n.message != nil && m.Place == n.place {
		return n.entry
	}
	return entryOf(m)
}

// handOut hands a message that was just kept to whoever can have it now. For
// the others it waits. It returns the message as its sender reads it.
func (s *Server) handOut(ctx context.Context, kept mailbox.Kept) entry {
	own := entryOf(kept.Message)
	others, shared := kept.For(""), own
	if kept.ClientID != "" {
		shared = entryOf(others)
	}
	people := make([]string, len(kept.Copies))
	for i, c := range kept.Copies {
		people[i] = c.Person
		if c.Person == kept.From {
			s.bringNews(ctx, c.Person, &news{kept.Place, &kept.Message, own, c.Before})
		} else {
			s.bringNews(ctx, c.Person, &news{kept.Place, &others, shared, c.Before})
		}
	}
	if len(people) > 0 {
		s.tell(opMail, mail{people, kept.Place})
	}
	return own
}

// bringNews hands a message that was just kept to somebody who is connected
// here and can have it now.
func (s *Server) bringNews(ctx context.Context, person string, n *news) {
	turn := s.turn(person)
	turn.Lock()
	defer turn.Unlock()
	s.handOver(ctx, turn, person, n)
}
