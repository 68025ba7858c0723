package tracker

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"time"

	"assent/terms"
)

// Webhook is an address of somebody else's that hears of changes.
type Webhook struct {
	ID          string
	URL         string
	Description string
	Kinds       []ChangeKind    // that it hears of; none: of all
	Secrets     []WebhookSecret // newest first
	Created     time.Time
	Disabled    time.Time // zero while it is called
	Why         string    // it was disabled
	Place       uint64    // changes up to here are delivered, or are letters
	Failing     int       // how many calls in a row have failed
	Said        string    // what was wrong with the last of them
}

// WebhookSecret signs what a webhook is sent.
type WebhookSecret struct {
	Secret string    // "whsec_" and base64, as Standard Webhooks writes it
	Until  time.Time // zero for the newest; an older one goes on signing until then
}

// WebhookLetter is a change that could not be delivered yet, or was given up.
type WebhookLetter struct {
	Webhook  string
	Revision uint64
	Lane     int64 // letters of one lane are delivered in order; 0: none
	Tries    int
	NextAt   time.Time
	Dead     time.Time // when it was given up; zero while it is tried
	Said     string    // why the last try failed
}

// ChangeKinds lists every kind of change.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{
		ChangeEnrolled, ChangeTold, ChangeWarned, ChangeEntered, ChangeRestored, ChangeAnswered, ChangeSnoozed, ChangeNoticed, ChangeNext,
		ChangePlan, ChangeHold, ChangeReversal, ChangeExtended, ChangeExempted, ChangeRecalled, ChangeRemoved,
	}
}

const (
	// maxWebhooks bounds what each change costs.
	maxWebhooks = 32
	// rotation is how long an old secret goes on signing beside the new one.
	rotation = 24 * time.Hour
	// lettersListed is how many letters a list shows.
	lettersListed = 1000
)

// AddWebhook has an address hear of every change from now on. The URL is taken
// as it is: whoever calls it guards where it leads.
func (t *Tracker) AddWebhook(ctx context.Context, w Webhook, actor string) (Webhook, error) {
	for i, kind := range w.Kinds {
		if !slices.Contains(ChangeKinds(), kind) {
			return w, terms.Faults{{Path: fmt.Sprintf("kinds[%d]", i), Detail: fmt.Sprintf("%q is not one of %v", kind, ChangeKinds())}}
		}
	}
	var err error
	if w.ID, err = t.newID("wh"); err != nil {
		return w, err
	}
	secret, err := t.webhookSecret()
	if err != nil {
		return w, err
	}
	w.Created, w.Secrets = t.instant(), []WebhookSecret{{Secret: secret}}
	err = t.Store.Update(ctx, func(tx Tx) error {
		list, err := tx.Webhooks(ctx)
		if err != nil {
			return err
		}
		if len(list) >= maxWebhooks {
			return terms.Errorf(terms.TooMany, "there are %d webhooks already; remove one first", len(list))
		}
		if w.Place, err = tx.Revision(ctx); err != nil {
			return err
		}
		if err := tx.AddWebhook(ctx, w); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: w.Created, Actor: actor, Action: "webhook.add", Object: w.ID, After: facts("url", w.URL)})
	})
	return w, err
}

func (t *Tracker) webhookSecret() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(t.Random, raw); err != nil {
		return "", fmt.Errorf("draw a secret: %w", err)
	}
	return "whsec_" + base64.StdEncoding.EncodeToString(raw), nil
}

// Webhooks lists them in order of creation.
func (t *Tracker) Webhooks(ctx context.Context) ([]Webhook, error) {
	return read(ctx, t, func(r Reader) ([]Webhook, error) { return r.Webhooks(ctx) })
}

// RotateWebhook gives a webhook a new secret, which is the first in the list.
// The old ones go on signing for a day, so that the receiver can change over.
func (t *Tracker) RotateWebhook(ctx context.Context, id, actor string) (Webhook, error) {
	now := t.instant()
	secret, err := t.webhookSecret()
	if err != nil {
		return Webhook{}, err
	}
	return t.changeWebhook(ctx, id, Act{At: now, Actor: actor, Action: "webhook.rotate", Object: id}, func(w *Webhook) {
		secrets := []WebhookSecret{{Secret: secret}}
		for _, old := range w.Secrets {
			if old.Until.IsZero() {
				old.Until = now.Add(rotation)
			}
			if old.Until.After(now) {
				secrets = append(secrets, old)
			}
		}
		w.Secrets = secrets
	})
}

// DisableWebhook stops calling a webhook. It keeps its place.
func (t *Tracker) DisableWebhook(ctx context.Context, id, why, actor string) (Webhook, error) {
	now := t.instant()
	return t.changeWebhook(ctx, id, Act{At: now, Actor: actor, Action: "webhook.disable", Object: id, Reason: why},
		func(w *Webhook) { w.Disabled, w.Why = now, why })
}

// EnableWebhook calls it again, from where it was on.
func (t *Tracker) EnableWebhook(ctx context.Context, id, actor string) (Webhook, error) {
	return t.changeWebhook(ctx, id, Act{At: t.instant(), Actor: actor, Action: "webhook.enable", Object: id},
		func(w *Webhook) { w.Disabled, w.Why = time.Time{}, "" })
}

func (t *Tracker) changeWebhook(ctx context.Context, id string, act Act, change func(*Webhook)) (Webhook, error) {
	var w Webhook
	err := t.Store.Update(ctx, func(tx Tx) error {
		var err error
		if w, err = tx.Webhook(ctx, id); err != nil {
			return err
		}
		change(&w)
		if err := tx.SetWebhook(ctx, w); err != nil {
			return err
		}
		return t.note(ctx, tx, act)
	})
	return w, err
}

// RemoveWebhook forgets a webhook and its letters.
func (t *Tracker) RemoveWebhook(ctx context.Context, id, actor string) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.DeleteWebhook(ctx, id); err != nil {
			return err
		}
		return t.note(ctx, tx, Act{At: t.instant(), Actor: actor, Action: "webhook.remove", Object: id})
	})
}

// WebhookLetters lists a webhook's letters, those that were given up or those that are
// still tried, in order of revision.
func (t *Tracker) WebhookLetters(ctx context.Context, webhook string, dead bool) ([]WebhookLetter, error) {
	return read(ctx, t, func(r Reader) ([]WebhookLetter, error) {
		if _, err := r.Webhook(ctx, webhook); err != nil {
			return nil, err
		}
		return r.WebhookLetters(ctx, webhook, dead, lettersListed)
	})
}

// RetryWebhook has letters that were given up tried again, and reports how many.
func (t *Tracker) RetryWebhook(ctx context.Context, webhook, actor string) (int, error) {
	var n int
	err := t.Store.Update(ctx, func(tx Tx) error {
		list, err := tx.WebhookLetters(ctx, webhook, true, lettersListed)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, l := range list {
			l.Dead, l.NextAt, l.Tries = time.Time{}, time.Time{}, 0
			if err := tx.PutWebhookLetter(ctx, l); err != nil {
				return err
			}
		}
		n = len(list)
		return t.note(ctx, tx, Act{At: t.instant(), Actor: actor, Action: "webhook.retry", Object: webhook})
	})
	return n, err
}

// WebhookRound is what became of a round of calls to a webhook.
type WebhookRound struct {
	From, To uint64          // its place before and after
	Done     []uint64        // letters that were delivered
	Letters  []WebhookLetter // new ones, and those tried again
	Failing  int
	Said     string
}

// Deliver notes what became of a round of calls; Conflict when another process
// has moved the webhook meanwhile, and nothing is noted then.
func (t *Tracker) Deliver(ctx context.Context, webhook string, d WebhookRound) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		if err := tx.MoveWebhook(ctx, webhook, d.From, d.To, d.Failing, d.Said); err != nil {
			return err
		}
		for _, revision := range d.Done {
			if err := tx.EndWebhookLetter(ctx, webhook, revision); err != nil {
				return err
			}
		}
		for _, l := range d.Letters {
			if err := tx.PutWebhookLetter(ctx, l); err != nil {
				return err
			}
		}
		return nil
	})
}

// Lead takes a lease of a name, or makes it last; false while another process
// holds it. now is by a clock that all processes share.
func (t *Tracker) Lead(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	var held bool
	err := t.Store.Update(ctx, func(tx Tx) error {
		var err error
		_, held, err = tx.TakeLease(ctx, name, holder, now, until)
		return err
	})
	return held, err
}
