package models

import (
	"context"
	"time"

	"assent/messaging/mailbox"
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
	return m.turn.do(ctx, m.store, &write{fn: fn})
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

// Hand implements mailbox.Store. A box that is not handed everything keeps the
// earlier instant, which makes Expire look at it for nothing at worst.
func (m *Mailbox) Hand(ctx context.Context, handed ...mailbox.Handed) error {
	boxes, devices := map[mailbox.Handed]int64{}, map[mailbox.Handed]int64{} // one row of each: PostgreSQL writes none twice
	for _, h := range handed {
		box, device := mailbox.Handed{Person: h.Person}, mailbox.Handed{Person: h.Person, Device: h.Device}
		boxes[box] = max(boxes[box], h.Place)
		if h.Device != "" {
			devices[device] = max(devices[device], h.Place)
		}
	}
	return m.update(ctx, func(ctx context.Context, t *tx) error {
		err := t.each(ctx, "mailboxes", `UPDATE chat_boxes SET handed = :place, waits = CASE WHEN newest <= :place THEN 0 ELSE waits END
			{from} WHERE chat_boxes.person = :person AND handed < :place`, placesOf(boxes))
		if err != nil {
			return err
		}
		return t.each(ctx, "devices", `INSERT INTO chat_devices (person, device, handed) SELECT :person, :device, :place {from} WHERE true
			ON CONFLICT (person, device) DO UPDATE SET handed = excluded.handed WHERE chat_devices.handed < excluded.handed`, placesOf(devices))
	})
}

func placesOf(of map[mailbox.Handed]int64) batch {
	list := make([]mailbox.Handed, 0, len(of))
	for h, place := range of {
		h.Place = place
		list = append(list, h)
	}
	return newBatch(list,
		text("person", func(h *mailbox.Handed) string { return h.Person }),
		text("device", func(h *mailbox.Handed) string { return h.Device }),
		number("place", func(h *mailbox.Handed) int64 { return h.Place }))
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
		of := map[string]any{"person": box.Person, "place": box.Place, "before": at(before)}
		result := t.in(ctx).Exec("DELETE FROM chat_copies WHERE person = @person AND place IN (SELECT g.place"+following+
			" AND g.sender <> @person AND g.sent < @before)", of)
		if err := t.wrote(result.Error, "copies of messages"); err != nil {
			return 0, 0, err
		}
		expired += int(result.RowsAffected)
		if err := t.exec(ctx, "a mailbox", "UPDATE chat_boxes SET waits = COALESCE((SELECT MIN(g.sent)"+following+
			" AND g.sender <> @person), 0) WHERE person = @person", of); err != nil {
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
	const (
		chats = "chat IN (SELECT chat FROM chat_members WHERE person = @person)"
		ofTwo = "chat IN (SELECT chat FROM chat_members WHERE person = @person AND peer <> '')"
		gone  = ofTwo + " OR " + chats + " AND sender = @person"
	)
	for _, statement := range []string{
		// what they wrote, and what was said in their conversations of two
		"DELETE FROM chat_copies WHERE place IN (SELECT place FROM chat_messages WHERE " + gone + ")",
		"DELETE FROM chat_messages WHERE " + gone,
		"DELETE FROM chat_copies WHERE person = @person AND place IN (SELECT place FROM chat_messages WHERE " + chats + ")",
		// who came and went, as others in their groups have it
		"UPDATE chat_messages SET whom = '' WHERE whom = @person AND " + chats,
		"DELETE FROM chats WHERE " + ofTwo,
		"DELETE FROM chat_members WHERE person = @person OR " + ofTwo,
		"DELETE FROM chat_boxes WHERE person = @person",
		"DELETE FROM chat_devices WHERE person = @person",
		"DELETE FROM chat_answers WHERE person = @person",
		"DELETE FROM chat_blocks WHERE person = @person OR peer = @person",
		"DELETE FROM chat_calls WHERE caller = @person OR callee = @person",
	} {
		if err := t.exec(ctx, "conversations", statement, map[string]any{"person": person}); err != nil {
			return err
		}
	}
	return nil
}
