package models

import (
	"context"
	"fmt"

	"assent/terms"
	"assent/tracker"
)

type webhookRow struct {
	ID          string `gorm:"primaryKey"`
	URL         string
	Description string
	Kinds       object[[]tracker.ChangeKind]
	Secrets     object[[]tracker.WebhookSecret]
	Created     instant
	Disabled    instant
	Why         string
	Place       int64
	Failing     int
	Said        string
}

func (webhookRow) TableName() string { return "webhooks" }

func (w webhookRow) webhook() tracker.Webhook {
	return tracker.Webhook{
		ID: w.ID, URL: w.URL, Description: w.Description, Kinds: w.Kinds.it, Secrets: w.Secrets.it, Created: w.Created.time(),
		Disabled: w.Disabled.time(), Why: w.Why, Place: uint64(w.Place), Failing: w.Failing, Said: w.Said,
	}
}

func webhookName(id string) string { return fmt.Sprintf("webhook %q", id) }

func (r reader) Webhook(ctx context.Context, id string) (tracker.Webhook, error) {
	var row webhookRow
	err := r.in(ctx).Take(&row, "id = ?", id).Error
	return row.webhook(), r.translate(err, webhookName(id))
}

// Webhooks lists them in order of creation.
func (r reader) Webhooks(ctx context.Context) ([]tracker.Webhook, error) {
	var rows []webhookRow
	err := r.in(ctx).Order("created, id").Find(&rows).Error
	return all(rows, webhookRow.webhook), r.translate(err, "webhooks")
}

func (t *tx) AddWebhook(ctx context.Context, w tracker.Webhook) error {
	return t.insert(ctx, webhookName(w.ID), &webhookRow{
		ID: w.ID, URL: w.URL, Description: w.Description, Kinds: object[[]tracker.ChangeKind]{w.Kinds},
		Secrets: object[[]tracker.WebhookSecret]{w.Secrets}, Created: at(w.Created), Disabled: at(w.Disabled), Why: w.Why,
		Place: int64(w.Place), Failing: w.Failing, Said: w.Said,
	})
}

// SetWebhook leaves the place alone, which its deliveries move meanwhile.
func (t *tx) SetWebhook(ctx context.Context, w tracker.Webhook) error {
	return t.set(ctx, webhookName(w.ID), t.noWebhook(w.ID), `UPDATE webhooks SET url = ?, description = ?, kinds = ?, secrets = ?, disabled = ?, why = ?
		WHERE id = ?`, w.URL, w.Description, object[[]tracker.ChangeKind]{w.Kinds}, object[[]tracker.WebhookSecret]{w.Secrets}, at(w.Disabled), w.Why, w.ID)
}

func (t *tx) DeleteWebhook(ctx context.Context, id string) error {
	return t.set(ctx, webhookName(id), t.noWebhook(id), "DELETE FROM webhooks WHERE id = ?", id)
}

func (t *tx) noWebhook(id string) func() error {
	return func() error { return terms.Errorf(terms.NotFound, "%s does not exist", webhookName(id)) }
}

// MoveWebhook is Conflict when another process has moved it.
func (t *tx) MoveWebhook(ctx context.Context, id string, from, to uint64, failing int, said string) error {
	missed := func() error {
		return terms.Errorf(terms.Conflict, "%s is not at revision %d any more", webhookName(id), from)
	}
	return t.set(ctx, webhookName(id), missed, "UPDATE webhooks SET place = ?, failing = ?, said = ? WHERE id = ? AND place = ?",
		int64(to), failing, said, id, int64(from))
}

type webhookLetterRow struct {
	Webhook  string `gorm:"primaryKey"`
	Revision int64  `gorm:"primaryKey"`
	Lane     int64
	Tries    int
	NextAt   instant
	Dead     instant
	Said     string
}

func (webhookLetterRow) TableName() string { return "webhook_letters" }

func (l webhookLetterRow) letter() tracker.WebhookLetter {
	return tracker.WebhookLetter{
		Webhook: l.Webhook, Revision: uint64(l.Revision), Lane: l.Lane, Tries: l.Tries, NextAt: l.NextAt.time(), Dead: l.Dead.time(), Said: l.Said,
	}
}

func webhookLetterName(webhook string, revision uint64) string {
	return fmt.Sprintf("a letter of %s about change %d", webhookName(webhook), revision)
}

// WebhookLetters lists them in order of revision.
func (r reader) WebhookLetters(ctx context.Context, webhook string, dead bool, limit int) ([]tracker.WebhookLetter, error) {
	var rows []webhookLetterRow
	err := r.in(ctx).Where("webhook = ? AND (dead <> 0) = ?", webhook, dead).Order("revision").Limit(limit).Find(&rows).Error
	return all(rows, webhookLetterRow.letter), r.translate(err, "webhook_letters")
}

func (t *tx) PutWebhookLetter(ctx context.Context, l tracker.WebhookLetter) error {
	return t.put(ctx, webhookLetterName(l.Webhook, l.Revision), &webhookLetterRow{
		l.Webhook, int64(l.Revision), l.Lane, l.Tries, at(l.NextAt), at(l.Dead), l.Said,
	})
}

func (t *tx) EndWebhookLetter(ctx context.Context, webhook string, revision uint64) error {
	missed := func() error {
		return terms.Errorf(terms.NotFound, "%s does not exist", webhookLetterName(webhook, revision))
	}
	return t.set(ctx, webhookLetterName(webhook, revision), missed, "DELETE FROM webhook_letters WHERE webhook = ? AND revision = ?", webhook, int64(revision))
}
