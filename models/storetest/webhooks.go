package storetest

import (
	"time"

	"assent/terms"
	"assent/tracker"
)

func webhooksKeepTheirPlaceWhateverElseChanges(s *store) {
	w := tracker.Webhook{
		ID: "wh_1", URL: "https://example.org/hook", Description: "for the app", Kinds: []tracker.ChangeKind{tracker.ChangeEntered},
		Secrets: []tracker.WebhookSecret{{Secret: "whsec_b"}, {Secret: "whsec_a", Until: noon.Add(time.Hour)}}, Created: noon, Place: 7,
	}
	all := func() []tracker.Webhook {
		return get(s, func(r tracker.Reader) ([]tracker.Webhook, error) { return r.Webhooks(s.ctx) })
	}
	s.same("none", all(), []tracker.Webhook{})
	s.update(func(tx tracker.Tx) error { return tx.AddWebhook(s.ctx, w) })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.AddWebhook(s.ctx, w) })
	s.same("added", all(), []tracker.Webhook{w})
	s.update(func(tx tracker.Tx) error { return tx.MoveWebhook(s.ctx, w.ID, 7, 9, 2, "500") })
	s.refused(terms.Conflict, func(tx tracker.Tx) error { return tx.MoveWebhook(s.ctx, w.ID, 7, 8, 0, "") })
	changed := w
	changed.URL, changed.Kinds, changed.Secrets, changed.Disabled, changed.Why = "https://example.org/2", nil, w.Secrets[:1], noon, "gone"
	changed.Place = 1 // is not written
	s.update(func(tx tracker.Tx) error { return tx.SetWebhook(s.ctx, changed) })
	changed.Place, changed.Failing, changed.Said = 9, 2, "500"
	s.same("changed", get(s, func(r tracker.Reader) (tracker.Webhook, error) { return r.Webhook(s.ctx, w.ID) }), changed)
	s.update(func(tx tracker.Tx) error { return tx.DeleteWebhook(s.ctx, w.ID) })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.DeleteWebhook(s.ctx, w.ID) })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.SetWebhook(s.ctx, w) })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { _, err := tx.Webhook(s.ctx, w.ID); return err })
}

func lettersAreKeptUntilTheyEndAndGoWithTheirWebhook(s *store) {
	s.update(func(tx tracker.Tx) error { return tx.AddWebhook(s.ctx, tracker.Webhook{ID: "wh_1", Created: noon}) })
	letters := func(dead bool, limit int) []tracker.WebhookLetter {
		return get(s, func(r tracker.Reader) ([]tracker.WebhookLetter, error) {
			return r.WebhookLetters(s.ctx, "wh_1", dead, limit)
		})
	}
	put := func(l tracker.WebhookLetter) {
		s.update(func(tx tracker.Tx) error { return tx.PutWebhookLetter(s.ctx, l) })
	}
	first := tracker.WebhookLetter{Webhook: "wh_1", Revision: 3, Lane: -5, Tries: 1, NextAt: noon, Said: "timeout"}
	second := tracker.WebhookLetter{Webhook: "wh_1", Revision: 4}
	put(second)
	put(first)
	s.same("in order", letters(false, 10), []tracker.WebhookLetter{first, second})
	s.same("page", letters(false, 1), []tracker.WebhookLetter{first})
	first.Tries, first.Dead = 2, noon.Add(time.Hour)
	put(first)
	s.same("given up", letters(true, 10), []tracker.WebhookLetter{first})
	s.same("still tried", letters(false, 10), []tracker.WebhookLetter{second})
	s.update(func(tx tracker.Tx) error { return tx.EndWebhookLetter(s.ctx, "wh_1", 4) })
	s.refused(terms.NotFound, func(tx tracker.Tx) error { return tx.EndWebhookLetter(s.ctx, "wh_1", 4) })
	s.update(func(tx tracker.Tx) error { return tx.DeleteWebhook(s.ctx, "wh_1") })
	s.same("gone with it", letters(true, 10), []tracker.WebhookLetter{})
}
