package models

import (
	"context"
	"slices"
	"time"

	"assent/messaging/mailbox"
)

// Ring implements mailbox.Store.
func (m *Mailbox) Ring(ctx context.Context, call mailbox.Message, until time.Time) error {
	return m.update(ctx, func(ctx context.Context, t *tx) error {
		return t.exec(ctx, "a call", "INSERT INTO chat_calls (id, caller, callee, kind, begun, until) VALUES (?, ?, ?, ?, ?, ?)",
			call.ID, call.From, call.To, call.Call, at(call.SentAt), at(until))
	})
}

// Rung implements mailbox.Store.
func (m *Mailbox) Rung(ctx context.Context, id string) error {
	return m.update(ctx, func(ctx context.Context, t *tx) error {
		return t.exec(ctx, "a call", "DELETE FROM chat_calls WHERE id = ?", id)
	})
}

// Overdue implements mailbox.Store.
func (m *Mailbox) Overdue(ctx context.Context, before time.Time) ([]mailbox.Message, error) {
	return ask(ctx, m, func(r reader) ([]mailbox.Message, error) {
		var calls []mailbox.Message
		rows, err := r.in(ctx).Raw("SELECT id, caller, callee, kind, begun FROM chat_calls WHERE until < ? ORDER BY begun, id", at(before)).Rows()
		if err == nil {
			err = eachValues(rows, func(v *values) {
				calls = append(calls, mailbox.Message{Kind: mailbox.MissedCall, ID: v.text(), From: v.text(), To: v.text(), Call: mailbox.CallKind(v.text()), SentAt: v.time()})
			})
		}
		return calls, r.translate(err, "calls")
	})
}

// endCalls takes away the calls that are kept as missed ones.
func (t *tx) endCalls(ctx context.Context, posts []*post) error {
	missed := slices.DeleteFunc(slices.Clone(posts), func(p *post) bool { return p.Kind != mailbox.MissedCall })
	return t.each(ctx, "calls", "DELETE FROM chat_calls WHERE id IN (SELECT :id {from})",
		newBatch(missed, text("id", func(p **post) string { return (*p).ID })))
}
