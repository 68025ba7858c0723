package models

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"assent/messaging/mailbox"
	"assent/terms"
)

// aboutMessage are the columns that a message g is read from, as it is shown to
// somebody who is in its conversation c as m.
const aboutMessage = "g.place, g.id, g.client_id, g.sender, m.peer, c.group_id, g.kind, g.body, g.call, g.whom, g.sent"

// toMembers finds c and m of a message, for one person who has a copy.
const toMembers = ` JOIN chat_members m ON m.person = @person AND m.chat = g.chat JOIN chats c ON c.chat = g.chat `

// haveCopy is true of a message that a person has a copy of.
const haveCopy = "EXISTS (SELECT 1 FROM chat_copies k WHERE k.place = g.place AND k.person = @person)"

// following are what a person has a copy of after a place: a range of each of
// their conversations, which CROSS JOIN tells SQLite to begin with.
const following = ` FROM chat_members o CROSS JOIN chat_messages g
	WHERE o.person = @person AND g.chat = o.chat AND g.place > CASE WHEN o.oldest > @place THEN o.oldest - 1 ELSE @place END
	AND g.place <= o.newest AND ` + haveCopy

// message reads the columns of aboutMessage, as a person sees them.
func (v *values) message(person string) mailbox.Message {
	m := mailbox.Message{Place: v.number(), ID: v.text(), ClientID: v.text(), From: v.text()}
	peer := v.text()
	m.Group, m.Kind, m.Body, m.Call, m.Whom = v.text(), mailbox.Kind(v.text()), v.text(), mailbox.CallKind(v.text()), v.text()
	m.SentAt = v.time()
	switch {
	case m.Group != "":
	case m.From == person:
		m.To = peer
	default:
		m.To = person
	}
	return m.For(person)
}

// messages lists what a person has copies of; the condition ends the statement.
func (r reader) messages(ctx context.Context, person, condition string, more map[string]any) ([]mailbox.Message, error) {
	args := map[string]any{"person": person}
	maps.Copy(args, more)
	return r.list(ctx, person, "SELECT "+aboutMessage+" FROM chat_messages g"+toMembers+"WHERE "+haveCopy+" AND "+condition, args)
}

func (r reader) list(ctx context.Context, person, statement string, args map[string]any) ([]mailbox.Message, error) {
	list := []mailbox.Message{}
	rows, err := r.in(ctx).Raw(statement, args).Rows()
	if err == nil {
		err = eachValues(rows, func(v *values) { list = append(list, v.message(person)) })
	}
	return list, r.translate(err, "messages")
}

func ask[T any](ctx context.Context, m *Mailbox, fn func(reader) (T, error)) (T, error) {
	var out T
	err := m.store.view(ctx, func(r reader) error {
		var err error
		out, err = fn(r)
		return err
	})
	return out, err
}

func unknownMessage(id string) error {
	return terms.Errorf(terms.NotFound, "message %q does not exist", id)
}

// Message implements mailbox.Store.
func (m *Mailbox) Message(ctx context.Context, person, id string) (mailbox.Message, error) {
	return ask(ctx, m, func(r reader) (mailbox.Message, error) {
		list, err := r.messages(ctx, person, "g.id = @id", map[string]any{"id": id})
		if err == nil && len(list) == 0 {
			return mailbox.Message{}, unknownMessage(id)
		}
		return append(list, mailbox.Message{})[0], err
	})
}

// Begin implements mailbox.Store.
func (m *Mailbox) Begin(ctx context.Context, person, device string) (int64, error) {
	return ask(ctx, m, func(r reader) (int64, error) {
		var place int64
		err := r.in(ctx).Raw(`SELECT COALESCE((SELECT handed FROM chat_devices WHERE person = ? AND device = ?),
			(SELECT handed FROM chat_boxes WHERE person = ?), 0)`, person, device, person).Row().Scan(&place)
		return place, r.translate(err, "a mailbox")
	})
}

// After implements mailbox.Store.
func (m *Mailbox) After(ctx context.Context, person string, place int64, limit int) ([]mailbox.Message, error) {
	return ask(ctx, m, func(r reader) ([]mailbox.Message, error) {
		return r.list(ctx, person, "SELECT "+aboutMessage+" FROM (SELECT g.place"+following+
			` AND EXISTS (SELECT 1 FROM chat_boxes b WHERE b.person = @person AND b.newest > @place)
			ORDER BY g.place LIMIT @limit) f JOIN chat_messages g ON g.place = f.place`+toMembers+"ORDER BY g.place",
			map[string]any{"person": person, "place": place, "limit": limit})
	})
}

// Waiting implements mailbox.Store.
func (m *Mailbox) Waiting(ctx context.Context, person string) (int, error) {
	return ask(ctx, m, func(r reader) (int, error) {
		var n int
		place, err := r.handed(ctx, person)
		if err == nil {
			err = r.in(ctx).Raw("SELECT COUNT(*)"+following+" AND g.sender <> @person", map[string]any{"person": person, "place": place}).Row().Scan(&n)
		}
		return n, r.translate(err, "a mailbox")
	})
}

// span is the places that a page shows: before one, and of others' messages up
// to another.
type span struct{ before, upTo int64 }

func (r reader) span(ctx context.Context, person string, p mailbox.Page) (span, error) {
	s := span{math.MaxInt64, math.MaxInt64}
	if p.Before != "" {
		list, err := r.messages(ctx, person, "g.id = @id", map[string]any{"id": p.Before})
		if err != nil {
			return s, err
		}
		if len(list) == 0 {
			return s, unknownMessage(p.Before)
		}
		s.before = list[0].Place
	}
	if p.WithWaiting {
		return s, nil
	}
	var err error
	s.upTo, err = r.handed(ctx, person)
	return s, err
}

// handed is the place up to which a person has been handed everything.
func (r reader) handed(ctx context.Context, person string) (int64, error) {
	var place int64
	err := r.in(ctx).Raw("SELECT COALESCE((SELECT handed FROM chat_boxes WHERE person = ?), 0)", person).Row().Scan(&place)
	return place, r.translate(err, "a mailbox")
}

// Chats implements mailbox.Store.
func (m *Mailbox) Chats(ctx context.Context, person string, p mailbox.Page) ([]mailbox.Chat, error) {
	return ask(ctx, m, func(r reader) ([]mailbox.Chat, error) {
		s, err := r.span(ctx, person, p)
		if err != nil {
			return nil, err
		}
		const shown = "(g.place <= @upto OR g.sender = @person) AND " + haveCopy
		rows, err := r.in(ctx).Raw(`SELECT c.title, m.gone,
			(SELECT COUNT(*) FROM chat_messages g WHERE g.chat = m.chat AND g.place > CASE WHEN m.oldest > m.seen THEN m.oldest - 1 ELSE m.seen END
				AND g.place <= m.newest AND g.place <= @upto AND g.sender <> @person AND `+haveCopy+`),
			EXISTS (SELECT 1 FROM chat_blocks b WHERE b.person = m.person AND b.peer = m.peer), `+aboutMessage+`
			FROM (SELECT o.*, (SELECT g.place FROM chat_messages g WHERE g.chat = o.chat AND g.place >= o.oldest AND g.place <= o.newest AND `+shown+`
				ORDER BY g.place DESC LIMIT 1) AS last FROM chat_members o WHERE o.person = @person) m
			JOIN chat_messages g ON g.place = m.last JOIN chats c ON c.chat = m.chat
			WHERE m.last < @before ORDER BY m.last DESC LIMIT @limit`,
			map[string]any{"person": person, "upto": s.upTo, "before": s.before, "limit": p.Limit}).Rows()
		chats := []mailbox.Chat{}
		if err == nil {
			err = eachValues(rows, func(v *values) {
				chat := mailbox.Chat{Title: v.text(), Left: v.flag(), Unread: int(v.number()), Blocked: v.flag(), Last: v.message(person)}
				chat.Talk = chat.Last.With(person)
				chats = append(chats, chat)
			})
		}
		return chats, r.translate(err, "chats")
	})
}

// History implements mailbox.Store.
func (m *Mailbox) History(ctx context.Context, person string, with mailbox.Talk, p mailbox.Page) ([]mailbox.Message, error) {
	return ask(ctx, m, func(r reader) ([]mailbox.Message, error) {
		s, err := r.span(ctx, person, p)
		if err != nil {
			return nil, err
		}
		chat, err := r.chatOf(ctx, person, with)
		if err != nil {
			return nil, err
		}
		list, err := r.messages(ctx, person, `g.chat = @chat AND g.place >= m.oldest
			AND g.place < CASE WHEN m.newest < @before THEN m.newest + 1 ELSE @before END
			AND (g.place <= @upto OR g.sender = @person) ORDER BY g.place DESC LIMIT @limit`,
			map[string]any{"chat": chat, "before": s.before, "upto": s.upTo, "limit": p.Limit})
		slices.Reverse(list)
		return list, err
	})
}

// chatOf is a person's conversation: 0 for one of two people that has not
// begun, NotFound for a group they never were in.
func (r reader) chatOf(ctx context.Context, person string, with mailbox.Talk) (int64, error) {
	if with.Group == "" {
		return r.chatWith(ctx, person, with.Peer)
	}
	var chat int64
	err := r.in(ctx).Raw(`SELECT COALESCE((SELECT c.chat FROM chats c JOIN chat_members m ON m.chat = c.chat
		WHERE c.group_id = ? AND m.person = ?), 0)`, with.Group, person).Row().Scan(&chat)
	if err == nil && chat == 0 {
		return 0, unknownGroup(with.Group)
	}
	return chat, r.translate(err, "conversations")
}

func unknownGroup(id string) error {
	return terms.Errorf(terms.NotFound, "you are not in a group %q", id)
}

// Read implements mailbox.Store.
func (m *Mailbox) Read(ctx context.Context, person string, with mailbox.Talk, id string) ([]string, error) {
	var others []string
	err := m.update(ctx, func(ctx context.Context, t *tx) error {
		chat, err := t.chatOf(ctx, person, with)
		if err != nil {
			return err
		}
		list, err := t.messages(ctx, person, "g.chat = @chat AND g.id = @id", map[string]any{"chat": chat, "id": id})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return unknownMessage(id)
		}
		if others, err = t.people(ctx, `SELECT m.person FROM chat_members m WHERE m.chat = ? AND m.person <> ? AND NOT m.gone
			AND (m.peer = '' OR NOT EXISTS (SELECT 1 FROM chat_blocks b WHERE b.person = ? AND b.peer = m.person)) ORDER BY m.person`, chat, person, person); err != nil {
			return err
		}
		return t.exec(ctx, "a read mark", "UPDATE chat_members SET seen = ? WHERE person = ? AND chat = ? AND seen < ?",
			list[0].Place, person, chat, list[0].Place)
	})
	return others, err
}

func (r reader) blocked(ctx context.Context, person, peer string) (bool, error) {
	var found bool
	err := r.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM chat_blocks WHERE person = ? AND peer = ?)", person, peer).Row().Scan(&found)
	return found, r.translate(err, "blocks")
}

// chatWith is the conversation of two people, 0 before it has begun.
func (r reader) chatWith(ctx context.Context, person, peer string) (int64, error) {
	var chat int64
	err := r.in(ctx).Raw("SELECT COALESCE((SELECT chat FROM chat_members WHERE person = ? AND peer = ? AND peer <> ''), 0)", person, peer).Row().Scan(&chat)
	return chat, r.translate(err, "conversations")
}

func (r reader) people(ctx context.Context, statement string, args ...any) ([]string, error) {
	var people []string
	rows, err := r.in(ctx).Raw(statement, args...).Rows()
	if err == nil {
		err = eachValues(rows, func(v *values) { people = append(people, v.text()) })
	}
	return people, r.translate(err, "people of a conversation")
}

// Blocked implements mailbox.Store.
func (m *Mailbox) Blocked(ctx context.Context, person, peer string) (bool, error) {
	return ask(ctx, m, func(r reader) (bool, error) { return r.blocked(ctx, person, peer) })
}

// Group implements mailbox.Store.
func (m *Mailbox) Group(ctx context.Context, person, id string) (mailbox.Group, error) {
	return ask(ctx, m, func(r reader) (mailbox.Group, error) {
		_, g, err := r.group(ctx, person, id)
		return g, err
	})
}

// group reads a group for one of its members.
func (r reader) group(ctx context.Context, person, id string) (int64, mailbox.Group, error) {
	var chat int64
	g := mailbox.Group{ID: id}
	rows, err := r.in(ctx).Raw(`SELECT c.chat, c.title, m.person, m.admin FROM chats c JOIN chat_members m ON m.chat = c.chat
		WHERE c.group_id = ? AND c.group_id <> '' AND NOT m.gone ORDER BY m.person`, id).Rows()
	if err == nil {
		err = eachValues(rows, func(v *values) {
			chat, g.Title = v.number(), v.text()
			g.Members = append(g.Members, mailbox.Member{Person: v.text(), Admin: v.flag()})
		})
	}
	if err != nil {
		return 0, g, r.translate(err, fmt.Sprintf("group %q", id))
	}
	if _, in := g.Find(person); !in {
		return 0, g, unknownGroup(id)
	}
	return chat, g, nil
}
