package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assent/terms"
	"assent/tracker"
)

// deliveryRow knows people by number, as all that is about them but themselves.
type deliveryRow struct {
	Notice   string
	Channel  tracker.Channel
	Ref      int64
	Person   string
	Campaign string
	Plan     int
	Stage    int
	Kind     tracker.LetterKind
	Created  instant
	State    tracker.DeliveryState
	NextAt   instant
	Tries    int
	Claim    string
	Lease    instant
	Sent     instant
	Said     instant
	Reason   string
}

func (d deliveryRow) delivery() tracker.Delivery {
	return tracker.Delivery{
		Notice: d.Notice, Channel: d.Channel, Ref: d.Ref, Person: d.Person, Campaign: d.Campaign, Plan: d.Plan, Stage: d.Stage,
		Kind: d.Kind, Created: d.Created.time(), State: d.State, NextAt: d.NextAt.time(), Tries: d.Tries, Claim: d.Claim,
		Lease: d.Lease.time(), Sent: d.Sent.time(), Said: d.Said.time(), Reason: d.Reason,
	}
}

func deliveryName(notice string, channel tracker.Channel) string {
	return fmt.Sprintf("a delivery of notice %q by %s", notice, channel)
}

// deliveries runs a query on them, from its WHERE on.
func (r reader) deliveries(ctx context.Context, where string, args ...any) ([]tracker.Delivery, error) {
	var rows []deliveryRow
	err := r.in(ctx).Raw(`SELECT d.notice, d.channel, d.ref, coalesce(p.id, '') AS person, d.campaign, d.plan, d.stage, d.kind, d.created,
		d.state, d.next_at, d.tries, d.claim, d.lease, d.sent, d.said, d.reason
		FROM deliveries d LEFT JOIN people p ON p.ref = d.ref `+where, args...).Find(&rows).Error
	return all(rows, deliveryRow.delivery), r.translate(err, "deliveries")
}

func (r reader) Delivery(ctx context.Context, notice string, channel tracker.Channel) (tracker.Delivery, error) {
	list, err := r.deliveries(ctx, "WHERE d.notice = ? AND d.channel = ?", notice, channel)
	if err == nil && len(list) == 0 {
		err = terms.Errorf(terms.NotFound, "%s does not exist", deliveryName(notice, channel))
	}
	if err != nil {
		return tracker.Delivery{}, err
	}
	return list[0], nil
}

// Deliveries has an index for a person's, and one for the states that are in
// trouble.
func (r reader) Deliveries(ctx context.Context, states []tracker.DeliveryState, person string, limit int) ([]tracker.Delivery, error) {
	if person != "" {
		return r.deliveries(ctx, `WHERE d.ref = (SELECT ref FROM people WHERE id = ?) AND d.state IN ?
			ORDER BY d.created DESC, d.notice DESC LIMIT ?`, person, states, limit)
	}
	where := "WHERE d.state IN ?"
	if !slices.ContainsFunc(states, func(s tracker.DeliveryState) bool { return !slices.Contains(tracker.Troubled(), s) }) {
		where = "WHERE d.state IN ('dead', 'uncertain', 'bounced') AND d.state IN ?"
	}
	return r.deliveries(ctx, where+" ORDER BY d.created DESC, d.notice DESC LIMIT ?", states, limit)
}

func (r reader) StuckDeliveries(ctx context.Context, state tracker.DeliveryState, campaign string, limit int) ([]tracker.Delivery, error) {
	return r.deliveries(ctx, "WHERE d.state IN ('dead', 'uncertain', 'bounced') AND d.state = ? AND d.campaign = ? ORDER BY d.created, d.notice LIMIT ?", state, campaign, limit)
}

func (r reader) DueDeliveries(ctx context.Context, state tracker.DeliveryState, now time.Time, limit int) ([]tracker.Delivery, error) {
	return r.deliveries(ctx, "WHERE d.state = ? AND d.next_at <> 0 AND d.next_at <= ? ORDER BY d.next_at, d.notice LIMIT ?", state, at(now), limit)
}

func (r reader) LapsedDeliveries(ctx context.Context, now time.Time, limit int) ([]tracker.Delivery, error) {
	return r.deliveries(ctx, "WHERE d.lease <> 0 AND d.lease <= ? ORDER BY d.lease, d.notice LIMIT ?", at(now), limit)
}

func (r reader) LastSentTo(ctx context.Context, ref int64) ([]tracker.Delivery, error) {
	return r.deliveries(ctx, "WHERE d.ref = ? AND d.sent <> 0 ORDER BY d.sent DESC, d.notice DESC LIMIT 1", ref)
}

func (r reader) SentTo(ctx context.Context, ref int64, since time.Time) ([]time.Time, error) {
	var rows []instant
	err := r.in(ctx).Raw("SELECT sent FROM deliveries WHERE ref = ? AND sent <> 0 AND sent >= ? ORDER BY sent", ref, at(since)).Scan(&rows).Error
	return all(rows, instant.time), r.translate(err, "deliveries")
}

func (r reader) LastSaid(ctx context.Context, campaign string, refs []int64) (map[int64]time.Time, error) {
	last := map[int64]time.Time{}
	if len(refs) == 0 {
		return last, nil
	}
	var rows []struct {
		Ref  int64
		Said instant
	}
	err := r.in(ctx).Raw("SELECT ref, said FROM deliveries WHERE ref IN ? AND campaign = ? AND sent <> 0 AND said <> 0 ORDER BY sent, length(notice), notice",
		refs, campaign).Scan(&rows).Error
	for _, row := range rows {
		last[row.Ref] = row.Said.time()
	}
	return last, r.translate(err, "deliveries")
}

func (r reader) DeliveryCounts(ctx context.Context, channel tracker.Channel, campaign string) (map[tracker.DeliveryState]int64, error) {
	var rows []struct {
		State  tracker.DeliveryState
		Number int64
	}
	err := r.in(ctx).Raw(`SELECT state, CAST(sum(number) AS BIGINT) AS number FROM delivery_counts WHERE channel = ? AND (campaign = ? OR ? = '')
		GROUP BY state HAVING sum(number) <> 0`, channel, campaign, campaign).Scan(&rows).Error
	counts := make(map[tracker.DeliveryState]int64, len(rows))
	for _, row := range rows {
		counts[row.State] = row.Number
	}
	return counts, r.translate(err, "deliveries")
}

// AddDeliveries numbers nothing: a notice has its id from what it is about.
func (t *tx) AddDeliveries(ctx context.Context, deliveries []tracker.Delivery) error {
	for _, d := range deliveries {
		if d.Ref == 0 {
			return t.wrote(errNoRef, deliveryName(d.Notice, d.Channel))
		}
		result := t.in(ctx).Exec(`INSERT INTO deliveries
			(notice, channel, ref, campaign, plan, stage, kind, created, state, next_at, tries, claim, lease, sent, said, reason)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			d.Notice, d.Channel, d.Ref, d.Campaign, d.Plan, d.Stage, d.Kind, at(d.Created), d.State, at(d.NextAt), d.Tries,
			d.Claim, at(d.Lease), at(d.Sent), at(d.Said), d.Reason)
		if err := t.wrote(result.Error, deliveryName(d.Notice, d.Channel)); err != nil {
			return err
		}
		if err := t.countDelivery(ctx, d, d.State, result.RowsAffected); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) SetDelivery(ctx context.Context, was tracker.DeliveryState, d tracker.Delivery) error {
	name := deliveryName(d.Notice, d.Channel)
	missed := func() error {
		now, err := t.Delivery(ctx, d.Notice, d.Channel)
		if err != nil {
			return err
		}
		return terms.Errorf(terms.Conflict, "%s is %s, not %s", name, now.State, was)
	}
	err := t.set(ctx, name, missed, `UPDATE deliveries SET state = ?, next_at = ?, tries = ?, claim = ?, lease = ?, sent = ?, said = ?, reason = ?
		WHERE notice = ? AND channel = ? AND state = ?`,
		d.State, at(d.NextAt), d.Tries, d.Claim, at(d.Lease), at(d.Sent), at(d.Said), d.Reason, d.Notice, d.Channel, was)
	if err != nil || d.State == was {
		return err
	}
	if err := t.countDelivery(ctx, d, was, -1); err != nil {
		return err
	}
	return t.countDelivery(ctx, d, d.State, 1)
}

func (t *tx) countDelivery(ctx context.Context, d tracker.Delivery, state tracker.DeliveryState, more int64) error {
	if more == 0 {
		return nil
	}
	return t.exec(ctx, "deliveries", `INSERT INTO delivery_counts (channel, campaign, state, number) VALUES (?, ?, ?, ?)
		ON CONFLICT (channel, campaign, state) DO UPDATE SET number = delivery_counts.number + excluded.number`, d.Channel, d.Campaign, state, more)
}

// forgetPost removes what is kept of how somebody was reached.
func (t *tx) forgetPost(ctx context.Context, ref int64) error {
	if err := t.DeleteContact(ctx, ref); err != nil {
		return err
	}
	var rows []struct {
		Channel  tracker.Channel
		Campaign string
		State    tracker.DeliveryState
		Number   int64
	}
	err := t.in(ctx).Raw("SELECT channel, campaign, state, count(*) AS number FROM deliveries WHERE ref = ? GROUP BY channel, campaign, state", ref).Scan(&rows).Error
	if err != nil {
		return t.wrote(err, "deliveries")
	}
	for _, row := range rows {
		if err := t.countDelivery(ctx, tracker.Delivery{Channel: row.Channel, Campaign: row.Campaign}, row.State, -row.Number); err != nil {
			return err
		}
	}
	return t.exec(ctx, "deliveries", "DELETE FROM deliveries WHERE ref = ?", ref)
}

func (r reader) Place(ctx context.Context, name string) (uint64, error) {
	var revision uint64
	err := r.in(ctx).Raw("SELECT revision FROM places WHERE name = ?", name).Row().Scan(&revision)
	return revision, r.translate(err, fmt.Sprintf("the place of %q", name))
}

func (t *tx) SetPlace(ctx context.Context, name string, revision uint64) error {
	return t.exec(ctx, fmt.Sprintf("the place of %q", name), `INSERT INTO places (name, revision) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET revision = excluded.revision`, name, revision)
}

func (r reader) Mailings(ctx context.Context) ([]tracker.Mailing, error) {
	list := []tracker.Mailing{}
	err := r.in(ctx).Table("mailings").Order("campaign").Find(&list).Error
	return list, r.translate(err, "mailings")
}

func (t *tx) PutMailing(ctx context.Context, m tracker.Mailing) error {
	return t.exec(ctx, "a mailing", `INSERT INTO mailings (campaign, revision, ref) VALUES (?, ?, ?)
		ON CONFLICT (campaign) DO UPDATE SET revision = excluded.revision, ref = excluded.ref`, m.Campaign, m.Revision, m.Ref)
}

func (t *tx) EndMailing(ctx context.Context, campaign string) error {
	return t.exec(ctx, "a mailing", "DELETE FROM mailings WHERE campaign = ?", campaign)
}
