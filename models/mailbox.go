package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/messaging/mailbox"
	"assent/terms"
)

// Mailbox keeps the conversations of the messaging layer in the database of a
// store. What comes at the same time shares a transaction.
type Mailbox struct {
	store *Store
	turn  together
}

var _ mailbox.Store = (*Mailbox)(nil)

// NewMailbox returns the mailbox in a store.
func NewMailbox(s *Store) *Mailbox { return &Mailbox{store: s} }

// update writes, beside others. What fn refuses it must refuse before it
// begins to write.
func (m *Mailbox) update(ctx context.Context, fn func(context.Context, *tx) error) error {
	return m.turn.do(ctx, m.store, fn)
}

// keeping is update for what keeps a message.
func (m *Mailbox) keeping(ctx context.Context, fn func(context.Context, *tx) (mailbox.Kept, error)) (mailbox.Kept, error) {
	var kept mailbox.Kept
	err := m.update(ctx, func(ctx context.Context, t *tx) error {
		var err error
		kept, err = fn(ctx, t)
		return err
	})
	return kept, err
}

// Post implements mailbox.Store.
func (m *Mailbox) Post(ctx context.Context, d mailbox.Draft) (mailbox.Kept, error) {
	return m.keeping(ctx, func(ctx context.Context, t *tx) (mailbox.Kept, error) { return t.post(ctx, d) })
}

func (t *tx) post(ctx context.Context, d mailbox.Draft) (mailbox.Kept, error) {
	if earlier, sent, err := t.sent(ctx, d.Message); err != nil || sent {
		return mailbox.Kept{Message: earlier, Again: sent}, err
	}
	answered, err := t.answered(ctx, d)
	if err != nil {
		return mailbox.Kept{}, err
	}
	if answered {
		return mailbox.Kept{}, terms.Errorf(terms.Conflict, "this notification has been answered already")
	}
	in, err := t.audience(ctx, d.Message)
	if err != nil {
		return mailbox.Kept{}, err
	}
	if d.Answers != "" {
		if err := t.exec(ctx, "an answer", "INSERT INTO chat_answers (person, id) VALUES (?, ?)", d.From, d.Answers); err != nil {
			return mailbox.Kept{}, err
		}
	}
	return t.keep(ctx, in, d.Message)
}

// sent looks for the message that a sender's program has given the same id.
func (t *tx) sent(ctx context.Context, m mailbox.Message) (mailbox.Message, bool, error) {
	if m.ClientID == "" {
		return m, false, nil
	}
	list, err := t.messages(ctx, m.From, "g.sender = ? AND g.client_id = ? AND k.person = g.sender", m.From, m.ClientID)
	if err != nil || len(list) == 0 {
		return m, false, err
	}
	earlier := list[0]
	if earlier.To != m.To || earlier.Group != m.Group || earlier.Kind != m.Kind || earlier.Body != m.Body {
		return m, false, terms.Errorf(terms.Conflict, "you have sent another message with the client_id %q", m.ClientID)
	}
	return earlier, true, nil
}

func (t *tx) answered(ctx context.Context, d mailbox.Draft) (bool, error) {
	if d.Answers == "" {
		return false, nil
	}
	var found bool
	err := t.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM chat_answers WHERE person = ? AND id = ?)", d.From, d.Answers).Row().Scan(&found)
	return found, t.translate(err, "answers")
}

// audience is a conversation and who gets a copy of what somebody says in it,
// the sender first.
type audience struct {
	chat   int64 // 0: it has not begun
	people []string
}

func (t *tx) audience(ctx context.Context, m mailbox.Message) (audience, error) {
	if m.Group != "" {
		return t.groupAudience(ctx, m.From, m.Group)
	}
	own, err := t.blocked(ctx, m.From, m.To)
	if err != nil {
		return audience{}, err
	}
	if own {
		return audience{}, terms.Errorf(terms.Conflict, "you have blocked %q; unblock them first", m.To)
	}
	theirs, err := t.blocked(ctx, m.To, m.From)
	if err != nil {
		return audience{}, err
	}
	in := audience{people: []string{m.From, m.To}}
	if theirs {
		in.people = in.people[:1]
	}
	in.chat, err = t.chatWith(ctx, m.From, m.To)
	return in, err
}

func (r reader) blocked(ctx context.Context, person, peer string) (bool, error) {
	var found bool
	err := r.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM chat_blocks WHERE person = ? AND peer = ?)", person, peer).Row().Scan(&found)
	return found, r.translate(err, "blocks")
}

// chatWith is the conversation of two people, 0 before it has begun.
func (r reader) chatWith(ctx context.Context, person, peer string) (int64, error) {
	var chat int64
	err := r.in(ctx).Raw("SELECT COALESCE((SELECT chat FROM chat_members WHERE person = ? AND peer = ?), 0)", person, peer).Row().Scan(&chat)
	return chat, r.translate(err, "conversations")
}

func (t *tx) beginChat(ctx context.Context, group, title string) (int64, error) {
	var chat int64
	err := t.in(ctx).Raw("INSERT INTO chats (group_id, title) VALUES (?, ?) RETURNING chat", group, title).Row().Scan(&chat)
	return chat, t.wrote(err, "a conversation")
}

// keep writes a message and everybody's copy.
func (t *tx) keep(ctx context.Context, in audience, m mailbox.Message) (mailbox.Kept, error) {
	if in.chat == 0 {
		var err error
		if in.chat, err = t.beginChat(ctx, "", ""); err != nil {
			return mailbox.Kept{}, err
		}
		if err := t.exec(ctx, "a conversation", `INSERT INTO chat_members (person, chat, peer, admin, since, gone, seen)
			VALUES (?, ?, ?, ?, 0, ?, 0), (?, ?, ?, ?, 0, ?, 0)`,
			m.From, in.chat, m.To, false, false, m.To, in.chat, m.From, false, false); err != nil {
			return mailbox.Kept{}, err
		}
	}
	err := t.in(ctx).Raw(`INSERT INTO chat_messages (id, chat, sender, client_id, kind, body, call, whom, sent)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING place`,
		m.ID, in.chat, m.From, m.ClientID, m.Kind, m.Body, m.Call, m.Whom, at(m.SentAt)).Row().Scan(&m.Place)
	if err := t.wrote(err, fmt.Sprintf("message %q", m.ID)); err != nil {
		return mailbox.Kept{}, err
	}
	return mailbox.Kept{Message: m, For: in.people}, t.copies(ctx, in, m)
}

func (t *tx) copies(ctx context.Context, in audience, m mailbox.Message) error {
	var copies, boxes []any
	for _, person := range in.people {
		waits := at(m.SentAt)
		if person == m.From {
			waits = 0
		}
		copies = append(copies, person, m.Place, in.chat, person == m.From)
		boxes = append(boxes, person, m.Place, waits)
	}
	rows := func(row string) string { return strings.Join(slices.Repeat([]string{row}, len(in.people)), ", ") }
	if err := t.exec(ctx, "copies of a message", "INSERT INTO chat_copies (person, place, chat, own) VALUES "+rows("(?, ?, ?, ?)"), copies...); err != nil {
		return err
	}
	return t.exec(ctx, "copies of a message", "INSERT INTO chat_boxes (person, newest, handed, waits) VALUES "+rows("(?, ?, 0, ?)")+`
		ON CONFLICT (person) DO UPDATE SET newest = excluded.newest,
		waits = CASE WHEN chat_boxes.waits = 0 THEN excluded.waits ELSE chat_boxes.waits END`, boxes...)
}

// Hand implements mailbox.Store. A box that is not handed everything keeps the
// earlier instant, which makes Expire look at it for nothing at worst.
func (m *Mailbox) Hand(ctx context.Context, handed ...mailbox.Handed) error {
	return m.update(ctx, func(ctx context.Context, t *tx) error {
		for _, h := range handed {
			if err := t.exec(ctx, "a mailbox", `UPDATE chat_boxes SET handed = ?, waits = CASE WHEN newest <= ? THEN 0 ELSE waits END
				WHERE person = ? AND handed < ?`, h.Place, h.Place, h.Person, h.Place); err != nil {
				return err
			}
			if h.Device == "" {
				continue
			}
			if err := t.exec(ctx, "a device", `INSERT INTO chat_devices (person, device, handed) VALUES (?, ?, ?)
				ON CONFLICT (person, device) DO UPDATE SET handed = excluded.handed WHERE chat_devices.handed < excluded.handed`,
				h.Person, h.Device, h.Place); err != nil {
				return err
			}
		}
		return nil
	})
}

// expiring is how many people's boxes are cleaned in one transaction.
const expiring = 200

// Expire implements mailbox.Store.
func (m *Mailbox) Expire(ctx context.Context, before time.Time) (int, error) {
	due, err := ask(ctx, m, func(r reader) (bool, error) {
		var due bool
		err := r.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM chat_boxes WHERE waits <> 0 AND waits < ?)", at(before)).Row().Scan(&due)
		return due, r.translate(err, "mailboxes")
	})
	if err != nil || !due { // nearly always: writers need not wait for that
		return 0, err
	}
	total := 0
	for {
		expired, boxes := 0, 0
		err := m.update(ctx, func(ctx context.Context, t *tx) error {
			var err error
			expired, boxes, err = t.expire(ctx, before)
			return err
		})
		total += expired
		if err != nil || boxes < expiring {
			return total, err
		}
	}
}

func (t *tx) expire(ctx context.Context, before time.Time) (int, int, error) {
	rows, err := t.in(ctx).Raw("SELECT person, handed FROM chat_boxes WHERE waits <> 0 AND waits < ? ORDER BY waits LIMIT ?", at(before), expiring).Rows()
	if err != nil {
		return 0, 0, t.translate(err, "mailboxes")
	}
	var boxes []mailbox.Handed
	if err := eachValues(rows, func(v *values) { boxes = append(boxes, mailbox.Handed{Person: v.text(), Place: v.number()}) }); err != nil {
		return 0, 0, t.translate(err, "mailboxes")
	}
	expired := 0
	for _, box := range boxes {
		result := t.in(ctx).Exec(`DELETE FROM chat_copies WHERE person = ? AND place > ? AND NOT own
			AND EXISTS (SELECT 1 FROM chat_messages g WHERE g.place = chat_copies.place AND g.sent < ?)`, box.Person, box.Place, at(before))
		if err := t.wrote(result.Error, "copies of messages"); err != nil {
			return 0, 0, err
		}
		expired += int(result.RowsAffected)
		if err := t.exec(ctx, "a mailbox", `UPDATE chat_boxes SET waits = COALESCE((SELECT MIN(g.sent) FROM chat_copies k
			JOIN chat_messages g ON g.place = k.place WHERE k.person = chat_boxes.person AND k.place > chat_boxes.handed AND NOT k.own), 0)
			WHERE person = ?`, box.Person); err != nil {
			return 0, 0, err
		}
	}
	return expired, len(boxes), nil
}

// Block implements mailbox.Store.
func (m *Mailbox) Block(ctx context.Context, person, peer string, blocked bool) error {
	statement := "INSERT INTO chat_blocks (person, peer) VALUES (?, ?) ON CONFLICT DO NOTHING"
	if !blocked {
		statement = "DELETE FROM chat_blocks WHERE person = ? AND peer = ?"
	}
	return m.update(ctx, func(ctx context.Context, t *tx) error { return t.exec(ctx, "a block", statement, person, peer) })
}

// Forget implements mailbox.Store.
func (m *Mailbox) Forget(ctx context.Context, person string) error {
	return m.update(ctx, func(ctx context.Context, t *tx) error { return t.forgetChats(ctx, person) })
}

// forgetChats removes what is kept of a person's conversations.
func (t *tx) forgetChats(ctx context.Context, person string) error {
	for _, statement := range []string{
		// what they wrote, and what was said in their conversations of two
		`DELETE FROM chat_messages WHERE place IN (SELECT place FROM chat_copies k WHERE k.person = @person AND (k.own
			OR k.chat IN (SELECT chat FROM chat_members WHERE person = @person AND peer <> '')))`,
		`DELETE FROM chat_copies WHERE chat IN (SELECT chat FROM chat_members WHERE person = @person)
			AND person IN (SELECT o.person FROM chat_members o JOIN chat_members m ON m.chat = o.chat WHERE m.person = @person)
			AND NOT EXISTS (SELECT 1 FROM chat_messages g WHERE g.place = chat_copies.place)`,
		// who came and went, as others in their groups have it
		`UPDATE chat_messages SET whom = '' WHERE whom = @person AND place IN (SELECT k.place FROM chat_members m
			JOIN chat_members o ON o.chat = m.chat JOIN chat_copies k ON k.person = o.person AND k.chat = o.chat WHERE m.person = @person)`,
		"DELETE FROM chats WHERE chat IN (SELECT chat FROM chat_members WHERE person = @person AND peer <> '')",
		"DELETE FROM chat_members WHERE person = @person OR chat IN (SELECT chat FROM chat_members WHERE person = @person AND peer <> '')",
		"DELETE FROM chat_copies WHERE person = @person",
		"DELETE FROM chat_boxes WHERE person = @person",
		"DELETE FROM chat_devices WHERE person = @person",
		"DELETE FROM chat_answers WHERE person = @person",
		"DELETE FROM chat_blocks WHERE person = @person OR peer = @person",
	} {
		if err := t.exec(ctx, "conversations", statement, map[string]any{"person": person}); err != nil {
			return err
		}
	}
	return nil
}
