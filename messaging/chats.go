package messaging

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"unicode/utf8"

	"assent/terms"
	"assent/tokens"
)

// maxBody is the longest body of a message, in bytes.
const maxBody = 16 << 10

// How many messages of a conversation are listed at once.
const (
	usualPage = 50
	maxPage   = 200
)

type chat struct {
	Peer    string  `json:"peer"`
	Last    message `json:"last"`
	Unread  int     `json:"unread"`
	Blocked bool    `json:"blocked"`
}

func (s *Server) listChats(ctx context.Context, person string, _ noParams) (any, error) {
	list, err := s.options.Mailbox.Chats(ctx, person, s.may(person, "messages.receive"))
	if err != nil {
		return nil, err
	}
	out := make([]chat, len(list))
	for i, c := range list {
		out[i] = chat{c.Peer, shown(c.Last), c.Unread, c.Blocked}
	}
	return map[string]any{"chats": out}, nil
}

type historyParams struct {
	Peer   string `json:"peer"`
	Before string `json:"before"`
	Limit  int    `json:"limit"`
}

func (p historyParams) check() terms.Faults {
	faults := required("peer", p.Peer)
	if p.Limit < 0 || p.Limit > maxPage {
		faults = append(faults, terms.Fault{Path: "limit", Detail: fmt.Sprintf("must be 1 to %d; left out it is %d", maxPage, usualPage)})
	}
	return faults
}

// history lists a piece of a conversation, oldest first. What it lists has
// been handed over and is not sent again.
func (s *Server) history(ctx context.Context, person string, p historyParams) (any, error) {
	if p.Limit == 0 {
		p.Limit = usualPage
	}
	receives := s.may(person, "messages.receive")
	list, err := s.options.Mailbox.History(ctx, HistoryQuery{person, p.Peer, p.Before, p.Limit, receives})
	if err != nil {
		return nil, err
	}
	out, ids := make([]message, len(list)), []string{}
	for i, m := range list {
		out[i] = shown(m)
		if m.To == person {
			ids = append(ids, m.ID)
		}
	}
	if err := s.options.Mailbox.Deliver(ctx, person, ids); err != nil {
		return nil, err
	}
	return map[string]any{"peer": p.Peer, "messages": out, "more": len(list) == p.Limit}, nil
}

type sendParams struct {
	To   string `json:"to"`
	Body string `json:"body"`
}

func (p sendParams) check() terms.Faults {
	return append(required("to", p.To), checkBody(p.Body)...)
}

func checkBody(body string) terms.Faults {
	switch {
	case len(body) > maxBody:
		return terms.Faults{{Path: "body", Detail: fmt.Sprintf("is longer than %d bytes", maxBody)}}
	case !utf8.ValidString(body):
		return terms.Faults{{Path: "body", Detail: "is not UTF-8"}}
	}
	return required("body", body)
}

func (s *Server) send(ctx context.Context, person string, p sendParams) (any, error) {
	blocked, err := s.canReach(ctx, person, p.To)
	if err != nil {
		return nil, err
	}
	return s.write(ctx, Message{From: person, To: p.To, Body: p.Body, Withheld: blocked})
}

// write posts a text, and shows it on the writer's other devices.
func (s *Server) write(ctx context.Context, m Message) (any, error) {
	m.ID, m.Kind, m.SentAt = rand.Text(), Text, s.options.Now()
	if err := s.post(ctx, m); err != nil {
		return nil, err
	}
	entry := shown(m)
	s.publish(ctx, chatsLine, m.From, event{Event: "message", Message: &entry})
	return entry, nil
}

// canReach checks whom somebody writes to or calls, and reports whether they
// have blocked that somebody, who must not learn it.
func (s *Server) canReach(ctx context.Context, from, to string) (bool, error) {
	if from == to {
		return false, terms.Faults{{Path: "to", Detail: "is yourself"}}
	}
	known, err := s.options.People.Known(ctx, to)
	if err != nil {
		return false, fmt.Errorf("look for a person: %w", err)
	}
	if !known {
		return false, terms.Errorf(terms.NotFound, "person %q does not exist", to)
	}
	own, err := s.options.Mailbox.Blocked(ctx, from, to)
	if err != nil {
		return false, err
	}
	if own {
		return false, terms.Errorf(terms.Conflict, "you have blocked %q; unblock them first", to)
	}
	return s.options.Mailbox.Blocked(ctx, to, from)
}

type replyParams struct {
	ReplyToken string `json:"reply_token"`
	Body       string `json:"body"`
}

func (p replyParams) check() terms.Faults {
	return append(required("reply_token", p.ReplyToken), checkBody(p.Body)...)
}

// reply answers a notification. The token proves that the peer wrote first:
// it came with one message, is good for one answer to its sender, by its
// recipient, until it expires.
func (s *Server) reply(ctx context.Context, person string, p replyParams) (any, error) {
	claims, err := s.options.Tokens.Verify(tokens.Reply, p.ReplyToken, s.options.Now())
	switch {
	case errors.Is(err, tokens.ErrExpired):
		return nil, terms.Faults{{Path: "reply_token", Detail: "has expired"}}
	case err != nil || claims.Person != person:
		return nil, terms.Faults{{Path: "reply_token", Detail: "did not come with a notification for you"}}
	}
	peer := claims.Data["peer"]
	blocked, err := s.canReach(ctx, person, peer)
	if err != nil {
		return nil, err
	}
	if err := s.options.Mailbox.Answer(ctx, person, claims.ID); err != nil {
		return nil, err
	}
	return s.write(ctx, Message{From: person, To: peer, Body: p.Body, Withheld: blocked})
}

type readParams struct {
	Peer string `json:"peer"`
	ID   string `json:"id"`
}

func (p readParams) check() terms.Faults {
	return append(required("peer", p.Peer), required("id", p.ID)...)
}

func (s *Server) read(ctx context.Context, person string, p readParams) (any, error) {
	if err := s.options.Mailbox.Read(ctx, person, p.Peer, p.ID); err != nil {
		return nil, err
	}
	mark := readMark{Reader: person, ID: p.ID}
	s.publish(ctx, chatsLine, p.Peer, event{Event: "read", Read: &mark})
	return mark, nil
}

type peerParams struct {
	Peer string `json:"peer"`
}

func (p peerParams) check() terms.Faults { return required("peer", p.Peer) }

func (s *Server) block(ctx context.Context, person string, p peerParams) (any, error) {
	return s.setBlock(ctx, person, p.Peer, true)
}

func (s *Server) unblock(ctx context.Context, person string, p peerParams) (any, error) {
	return s.setBlock(ctx, person, p.Peer, false)
}

func (s *Server) setBlock(ctx context.Context, person, peer string, blocked bool) (any, error) {
	known, err := s.options.People.Known(ctx, peer)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for a person: %w", err)
	case !known:
		return nil, terms.Errorf(terms.NotFound, "person %q does not exist", peer)
	case peer == person:
		return nil, terms.Faults{{Path: "peer", Detail: "is yourself"}}
	}
	if err := s.options.Mailbox.Block(ctx, person, peer, blocked); err != nil {
		return nil, err
	}
	return map[string]any{"peer": peer, "blocked": blocked}, nil
}

type groupParams struct {
	Group string `json:"group"`
}

func (p groupParams) check() terms.Faults { return required("group", p.Group) }

// leaveGroup is open at every stage. Conversations are between two people, so
// nobody is in a group that could be left.
func (s *Server) leaveGroup(_ context.Context, _ string, p groupParams) (any, error) {
	return nil, terms.Errorf(terms.NotFound, "you are not in a group %q", p.Group)
}

func (s *Server) myStanding(_ context.Context, person string, _ noParams) (any, error) {
	return s.standing(person), nil
}
