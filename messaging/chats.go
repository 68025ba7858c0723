package messaging

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"assent/messaging/mailbox"
	"assent/terms"
	"assent/tokens"
)

// Limits of what a message carries, in bytes.
const (
	maxBody     = 16 << 10
	maxClientID = 64
)

// How many chats, or messages of a conversation, are listed at once.
const (
	usualPage = 50
	maxPage   = 200
)

type chat struct {
	Peer    string  `json:"peer,omitempty"`
	Group   string  `json:"group,omitempty"`
	Title   string  `json:"title,omitempty"` // of a group
	Left    bool    `json:"left,omitempty"`  // the person is no longer in the group
	Last    message `json:"last"`
	Unread  int     `json:"unread"`
	Blocked bool    `json:"blocked"`
}

// pageParams asks for what is older than the message with id Before, "" for
// the newest.
type pageParams struct {
	Before string `json:"before"`
	Limit  int    `json:"limit"`
}

func (p pageParams) check() terms.Faults {
	if p.Limit < 0 || p.Limit > maxPage {
		return terms.Faults{{Path: "limit", Detail: fmt.Sprintf("must be 1 to %d; left out it is %d", maxPage, usualPage)}}
	}
	return nil
}

func (p pageParams) page(withWaiting bool) mailbox.Page {
	if p.Limit == 0 {
		p.Limit = usualPage
	}
	return mailbox.Page{Before: p.Before, Limit: p.Limit, WithWaiting: withWaiting}
}

// talkParams names a conversation: with a peer, or of a group.
type talkParams struct {
	Peer  string `json:"peer"`
	Group string `json:"group"`
}

func (p talkParams) check() terms.Faults {
	if (p.Peer == "") == (p.Group == "") {
		return terms.Faults{{Path: "peer", Detail: "or group is required, and not both"}}
	}
	return nil
}

func (p talkParams) talk() mailbox.Talk { return mailbox.Talk(p) }

// listChats lists a person's conversations. From then on nothing waits for
// them: they have been told of all there is.
func (s *Server) listChats(ctx context.Context, person string, p pageParams) (any, error) {
	page := p.page(s.may(person, "messages.receive"))
	list, err := s.options.Mailbox.Chats(ctx, person, page)
	if err != nil {
		return nil, err
	}
	out := make([]chat, len(list))
	for i, c := range list {
		out[i] = chat{c.Peer, c.Group, c.Title, c.Left, shown(c.Last), c.Unread, c.Blocked}
		s.told(person, page, c.Last)
	}
	return map[string]any{"chats": out, "more": len(list) == page.Limit}, nil
}

// told notes that a person has seen a message in a list, or one that is newer.
func (s *Server) told(person string, page mailbox.Page, m mailbox.Message) {
	if page.WithWaiting {
		s.handed.note(Caller{Person: person}, m.Place)
	}
}

type historyParams struct {
	talkParams
	pageParams
}

func (p historyParams) check() terms.Faults {
	return append(p.talkParams.check(), p.pageParams.check()...)
}

// history lists a piece of a conversation, oldest first.
func (s *Server) history(ctx context.Context, person string, p historyParams) (any, error) {
	page := p.page(s.may(person, "messages.receive"))
	list, err := s.options.Mailbox.History(ctx, person, p.talk(), page)
	if err != nil {
		return nil, err
	}
	out := make([]message, len(list))
	for i, m := range list {
		out[i] = shown(m)
		s.told(person, page, m)
	}
	answer := map[string]any{"messages": out, "more": len(list) == page.Limit}
	if p.Group != "" {
		answer["group"] = p.Group
	} else {
		answer["peer"] = p.Peer
	}
	return answer, nil
}

// written is what every message that somebody writes has.
type written struct {
	Body     string `json:"body"`
	ClientID string `json:"client_id"` // makes sending again harmless
}

func (p written) check() terms.Faults {
	var faults terms.Faults
	if len(p.ClientID) > maxClientID {
		faults = append(faults, terms.Fault{Path: "client_id", Detail: fmt.Sprintf("is longer than %d bytes", maxClientID)})
	}
	return append(faults, checkText("body", p.Body, maxBody)...)
}

// checkText refuses what cannot be kept on every database.
func checkText(path, text string, longest int) terms.Faults {
	switch {
	case len(text) > longest:
		return terms.Faults{{Path: path, Detail: fmt.Sprintf("is longer than %d bytes", longest)}}
	case !utf8.ValidString(text) || containsNUL(text):
		return terms.Faults{{Path: path, Detail: "is not UTF-8 without NUL"}}
	}
	return required(path, text)
}

func containsNUL(text string) bool {
	for i := range len(text) {
		if text[i] == 0 {
			return true
		}
	}
	return false
}

type sendParams struct {
	To    string `json:"to"`
	Group string `json:"group"`
	written
}

func (p sendParams) check() terms.Faults {
	var faults terms.Faults
	if (p.To == "") == (p.Group == "") {
		faults = terms.Faults{{Path: "to", Detail: "or group is required, and not both"}}
	}
	return append(faults, p.written.check()...)
}

func (s *Server) send(ctx context.Context, person string, p sendParams) (any, error) {
	return s.write(ctx, mailbox.Draft{Message: mailbox.Message{From: person, To: p.To, Group: p.Group, Body: p.Body, ClientID: p.ClientID}})
}

// write keeps a text and hands it over to whoever can have it now. From the
// moment it is kept the sender has succeeded, whatever becomes of it.
func (s *Server) write(ctx context.Context, d mailbox.Draft) (any, error) {
	d.ID, d.Kind, d.SentAt = s.newMessageID(), mailbox.Text, s.options.Now()
	kept, err := s.options.Mailbox.Post(ctx, d)
	if errors.Is(err, mailbox.ErrNotBegun) {
		if err := s.knows(ctx, d.From, "to", d.To); err != nil {
			return nil, err
		}
		d.Begins = true
		kept, err = s.options.Mailbox.Post(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	return s.handOut(ctx, kept), nil
}

// newMessageID is 26 letters and digits: the second, and 96 random bits. Messages
// of one time stand together in the index by which they are found.
func (s *Server) newMessageID() string {
	var raw [16]byte
	binary.BigEndian.PutUint32(raw[:], uint32(s.options.Wall().Unix()))
	_, _ = rand.Read(raw[4:]) // never fails
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:])
}

// knows refuses somebody who is not there, or is the person themselves.
func (s *Server) knows(ctx context.Context, person, path, other string) error {
	if person == other {
		return terms.Faults{{Path: path, Detail: "is yourself"}}
	}
	known, err := s.options.People.Known(ctx, other)
	if err != nil {
		return fmt.Errorf("look for a person: %w", err)
	}
	if !known {
		return terms.Errorf(terms.NotFound, "person %q does not exist", other)
	}
	return nil
}

type replyParams struct {
	ReplyToken string `json:"reply_token"`
	written
}

func (p replyParams) check() terms.Faults {
	return append(required("reply_token", p.ReplyToken), p.written.check()...)
}

// reply answers a notification. The token proves that somebody wrote first: it
// came with one message to one device, and is good for one answer from there,
// until it expires.
func (s *Server) reply(ctx context.Context, by Caller, p replyParams) (any, error) {
	claims, err := s.options.Tokens.Verify(tokens.Reply, p.ReplyToken, s.options.Now())
	switch {
	case errors.Is(err, tokens.ErrExpired):
		return nil, terms.Faults{{Path: "reply_token", Detail: "has expired"}}
	case err != nil || claims.Person != by.Person || claims.Data["device"] != by.Device:
		return nil, terms.Faults{{Path: "reply_token", Detail: "did not come with a notification for you on this device"}}
	}
	to := mailbox.Message{From: by.Person, To: claims.Data["peer"], Group: claims.Data["group"], Body: p.Body, ClientID: p.ClientID}
	return s.write(ctx, mailbox.Draft{Message: to, Answers: claims.ID})
}

type readParams struct {
	talkParams
	ID string `json:"id"`
}

func (p readParams) check() terms.Faults {
	return append(p.talkParams.check(), required("id", p.ID)...)
}

// read marks a conversation as read, on the person's other devices too, and
// lets the others in it know.
func (s *Server) read(ctx context.Context, person string, p readParams) (any, error) {
	others, err := s.options.Mailbox.Read(ctx, person, p.talk(), p.ID)
	if err != nil {
		return nil, err
	}
	mark := readMark{Reader: person, ID: p.ID, Group: p.Group}
	for _, one := range append(others, person) {
		s.publish(ctx, chatsLine, one, event{Event: "read", Read: &mark})
	}
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
	if err := s.knows(ctx, person, "peer", peer); err != nil {
		return nil, err
	}
	if err := s.options.Mailbox.Block(ctx, person, peer, blocked); err != nil {
		return nil, err
	}
	return map[string]any{"peer": peer, "blocked": blocked}, nil
}

type exportParams struct {
	After string `json:"after"`
	Limit int    `json:"limit"`
}

func (p exportParams) check() terms.Faults { return pageParams{Limit: p.Limit}.check() }

// export lists everything a person has been handed, oldest first, and how much
// waits besides. It is open at every stage.
func (s *Server) export(ctx context.Context, person string, p exportParams) (any, error) {
	box, from, page := s.options.Mailbox, int64(0), pageParams{Limit: p.Limit}.page(s.may(person, "messages.receive"))
	if p.After != "" {
		last, err := box.Message(ctx, person, p.After)
		if err != nil {
			return nil, err
		}
		from = last.Place
	}
	list, err := box.After(ctx, person, from, page.Limit)
	if err != nil {
		return nil, err
	}
	upTo, err := box.Begin(ctx, person, "")
	if err != nil {
		return nil, err
	}
	waiting, err := box.Waiting(ctx, person)
	if err != nil {
		return nil, err
	}
	out := []message{}
	for _, m := range list {
		if page.WithWaiting || m.From == person || m.Place <= upTo {
			out = append(out, shown(m))
		}
		s.told(person, page, m)
	}
	answer := map[string]any{"messages": out, "waiting": waiting, "more": len(list) == page.Limit}
	if len(list) > 0 {
		answer["after"] = list[len(list)-1].ID
	}
	return answer, nil
}

func (s *Server) myStanding(_ context.Context, person string, _ noParams) (any, error) {
	return s.standing(person), nil
}
