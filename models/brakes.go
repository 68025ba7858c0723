package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"assent/tracker"
)

// What stops sweeps: the breaker of a campaign, a pause of everything, and the
// lease that another process holds.

type breakerRow struct {
	Campaign      string `gorm:"primaryKey"`
	Approved      int64
	ApprovedAt    instant
	ApprovedUntil instant
	ApprovedBy    string
	Reason        string
	TrippedAt     instant
	Would         int64
	Recent        int64
	Allowed       int64
	Run           string
}

func (breakerRow) TableName() string { return "breakers" }

func (b breakerRow) breaker() tracker.Breaker {
	return tracker.Breaker{
		Campaign: b.Campaign, Approved: b.Approved, ApprovedAt: b.ApprovedAt.time(), ApprovedUntil: b.ApprovedUntil.time(),
		ApprovedBy: b.ApprovedBy, Reason: b.Reason, TrippedAt: b.TrippedAt.time(), Would: b.Would, Recent: b.Recent,
		Limit: b.Allowed, Run: b.Run,
	}
}

func (r reader) Breaker(ctx context.Context, campaign string) (tracker.Breaker, error) {
	row := breakerRow{}
	err := r.in(ctx).Take(&row, "campaign = ?", campaign).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return tracker.Breaker{Campaign: campaign}, nil
	}
	return row.breaker(), r.translate(err, "the breaker of "+campaignName(campaign))
}

// SetBreaker is NotFound where there is no such campaign.
func (t *tx) SetBreaker(ctx context.Context, b tracker.Breaker) error {
	if _, err := t.Campaign(ctx, b.Campaign); err != nil {
		return err
	}
	return t.put(ctx, "the breaker of "+campaignName(b.Campaign), &breakerRow{
		Campaign: b.Campaign, Approved: b.Approved, ApprovedAt: at(b.ApprovedAt), ApprovedUntil: at(b.ApprovedUntil),
		ApprovedBy: b.ApprovedBy, Reason: b.Reason, TrippedAt: at(b.TrippedAt), Would: b.Would, Recent: b.Recent,
		Allowed: b.Limit, Run: b.Run,
	})
}

// hourOf is the beginning of the hour of an instant.
func hourOf(when time.Time) instant { return at(when.Truncate(time.Hour)) }

func (r reader) Restricted(ctx context.Context, campaign string, since time.Time) (int64, error) {
	var people int64
	err := r.in(ctx).Raw("SELECT coalesce(sum(people), 0) FROM restrictions WHERE campaign = ? AND hour >= ?",
		campaign, hourOf(since)).Row().Scan(&people)
	return people, r.translate(err, campaignName(campaign))
}

func (t *tx) AddRestricted(ctx context.Context, campaign string, when time.Time, people int) error {
	return t.exec(ctx, campaignName(campaign), `INSERT INTO restrictions (campaign, hour, people) VALUES (?, ?, ?)
		ON CONFLICT (campaign, hour) DO UPDATE SET people = restrictions.people + excluded.people`, campaign, hourOf(when), people)
}

func (r reader) Pause(ctx context.Context) (tracker.Pause, error) {
	var p tracker.Pause
	var when, seen instant
	err := r.in(ctx).Raw("SELECT at, reason, actor, seen FROM pause").Row().Scan(&when, &p.Reason, &p.By, &seen)
	p.At, p.Seen = when.time(), seen.time()
	return p, r.translate(err, "the pause")
}

func (t *tx) SetPause(ctx context.Context, p tracker.Pause) error {
	return t.exec(ctx, "the pause", "UPDATE pause SET at = ?, reason = ?, actor = ?, seen = ?", at(p.At), p.Reason, p.By, at(p.Seen))
}

type leaseRow struct {
	Name    string `gorm:"primaryKey"`
	Holder  string
	Fence   int64
	Expires instant
}

func (leaseRow) TableName() string { return "leases" }

func (l leaseRow) lease() tracker.Lease {
	return tracker.Lease{Name: l.Name, Holder: l.Holder, Fence: l.Fence, Expires: l.Expires.time()}
}

func leaseName(name string) string { return fmt.Sprintf("lease %q", name) }

func (r reader) Lease(ctx context.Context, name string) (tracker.Lease, error) {
	row := leaseRow{}
	err := r.in(ctx).Take(&row, "name = ?", name).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return tracker.Lease{Name: name}, nil
	}
	return row.lease(), r.translate(err, leaseName(name))
}

// TakeLease raises the fence also when a holder comes back to a lease that had
// expired: what it began before must not go on.
func (t *tx) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (tracker.Lease, bool, error) {
	l, err := t.Lease(ctx, name)
	if err != nil {
		return l, false, err
	}
	running := l.Expires.After(now)
	if running && l.Holder != holder {
		return l, false, nil
	}
	if !running {
		l.Fence++
	}
	row := leaseRow{Name: name, Holder: holder, Fence: l.Fence, Expires: at(until)}
	return row.lease(), true, t.put(ctx, leaseName(name), &row)
}

func (t *tx) EndLease(ctx context.Context, name string, fence int64) error {
	return t.exec(ctx, leaseName(name), "UPDATE leases SET expires = 0 WHERE name = ? AND fence = ?", name, fence)
}
