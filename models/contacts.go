package models

import (
	"context"
	"fmt"

	"gorm.io/gorm/clause"

	"assent/tracker"
)

type contactRow struct {
	Ref      int64 `gorm:"primaryKey"`
	Email    string
	Channels object[[]tracker.Channel]
	Zone     string
	Language string
	Changed  instant
	Silenced instant
	Bounced  instant
	Soft     int
}

func (contactRow) TableName() string { return "contacts" }

func (c contactRow) contact() tracker.Contact {
	return tracker.Contact{
		Ref: c.Ref, Email: c.Email, Channels: c.Channels.it, Zone: c.Zone, Language: c.Language, Changed: c.Changed.time(),
		Silenced: c.Silenced.time(), Bounced: c.Bounced.time(), Soft: c.Soft,
	}
}

func (r reader) Contact(ctx context.Context, ref int64) (tracker.Contact, error) {
	var row contactRow
	err := r.in(ctx).Take(&row, "ref = ?", ref).Error
	return row.contact(), r.translate(err, fmt.Sprintf("a contact of person number %d", ref))
}

func (r reader) Contacts(ctx context.Context, refs []int64) (map[int64]tracker.Contact, error) {
	known := make(map[int64]tracker.Contact, len(refs))
	if len(refs) == 0 {
		return known, nil
	}
	var rows []contactRow
	err := r.in(ctx).Find(&rows, "ref IN ?", refs).Error
	for _, row := range rows {
		known[row.Ref] = row.contact()
	}
	return known, r.translate(err, "contacts")
}

func (r reader) ContactsAt(ctx context.Context, email string) ([]tracker.Contact, error) {
	var rows []contactRow
	err := r.in(ctx).Order("ref").Find(&rows, "email = ? AND email <> ''", email).Error
	return all(rows, contactRow.contact), r.translate(err, "contacts")
}

func (t *tx) PutContacts(ctx context.Context, contacts []tracker.Contact) error {
	last := map[int64]int{}
	for i, c := range contacts {
		if c.Ref == 0 {
			return t.wrote(errNoRef, "a contact")
		}
		last[c.Ref] = i
	}
	var rows []contactRow
	for i, c := range contacts {
		if last[c.Ref] != i {
			continue // of one that stands twice the last one counts
		}
		rows = append(rows, contactRow{
			Ref: c.Ref, Email: c.Email, Channels: object[[]tracker.Channel]{c.Channels}, Zone: c.Zone, Language: c.Language, Changed: at(c.Changed),
			Silenced: at(c.Silenced), Bounced: at(c.Bounced), Soft: c.Soft,
		})
	}
	if len(rows) == 0 {
		return nil
	}
	return t.wrote(t.in(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&rows).Error, "contacts")
}

func (t *tx) DeleteContact(ctx context.Context, ref int64) error {
	return t.exec(ctx, "a contact", "DELETE FROM contacts WHERE ref = ?", ref)
}
