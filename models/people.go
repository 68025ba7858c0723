package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"assent/terms"
	"assent/tracker"
)

type personRow struct {
	Ref     int64
	ID      string
	Country string
	Locale  string
	Type    terms.AccountType
	Created instant

	Attributes terms.Attributes
	Owner      string
}

func (personRow) TableName() string { return "people" }

func (p personRow) person() tracker.Person {
	return tracker.Person{
		Ref: p.Ref, ID: p.ID, Country: p.Country, Locale: p.Locale, Type: p.Type, Created: p.Created.time(),
		Attributes: p.Attributes, Owner: p.Owner,
	}
}

func personName(id string) string { return fmt.Sprintf("person %q", id) }

func (r reader) Person(ctx context.Context, id string) (tracker.Person, error) {
	var row personRow
	err := r.in(ctx).Take(&row, "id = ?", id).Error
	return row.person(), r.translate(err, personName(id))
}

// account leads from the person through the few campaigns to their enrollments, which
// to sort would take SQLite several times as long as to find. It would also prepare
// the statement anew for each id, were that not hidden behind an operator.
const account = `SELECT p.ref, p.id, p.country, p.locale, p.type, p.created, p.attributes, p.owner, coalesce(c.language, ''), coalesce(c.zone, ''),
		EXISTS (SELECT 1 FROM responses r WHERE r.ref = p.ref), (SELECT count(*) FROM versions WHERE published <> 0),
		k.plan, k.confirmed, k.activated_at, k.enrolled_to, k.ruled, e.*
	FROM people p LEFT JOIN contacts c ON c.ref = p.ref
		LEFT JOIN campaigns k ON true LEFT JOIN (SELECT ` + enrollment + ` FROM enrollments) e ON e.campaign = k.campaign AND e.ref = p.ref
	WHERE p.id = '' || $1`

// Account takes one statement, whatever the person is in.
func (r reader) Account(ctx context.Context, id string) (tracker.Account, error) {
	rows, err := r.pool().QueryContext(r.engine.brief(ctx), account, id)
	if err != nil {
		return tracker.Account{}, r.translate(err, personName(id))
	}
	var a tracker.Account
	err = eachValues(rows, func(v *values) {
		a.Person = personOf(v)
		a.Language, a.Zone, a.Answered, a.Published = v.text(), v.text(), v.flag(), int(v.number())
		c := tracker.Campaign{Plan: int(v.number()), Confirmed: int(v.number()), ActivatedAt: v.time(), EnrolledTo: v.number(), Ruled: uint64(v.number())}
		if e := enrolledOf(v); e.Ref != 0 {
			c.Key = e.Campaign
			a.Places = append(a.Places, tracker.Place{Enrolled: e, Campaign: c})
		}
	})
	slices.SortFunc(a.Places, func(a, b tracker.Place) int { return strings.Compare(a.Campaign.Key, b.Campaign.Key) })
	if err == nil && a.Person.ID == "" {
		err = gorm.ErrRecordNotFound
	}
	return a, r.translate(err, personName(id))
}

// personOf reads the columns of a person.
func personOf(v *values) tracker.Person {
	p := tracker.Person{Ref: v.number(), ID: v.text(), Country: v.text(), Locale: v.text(), Type: terms.AccountType(v.text())}
	p.Created, p.Attributes, p.Owner = v.time(), terms.Attributes(v.text()), v.text()
	return p
}

func (r reader) People(ctx context.Context, after int64, limit int) ([]tracker.Person, error) {
	var rows []personRow
	err := r.in(ctx).Order("ref").Limit(limit).Find(&rows, "ref > ?", after).Error
	return all(rows, personRow.person), r.translate(err, "people")
}

func (r reader) Languages(ctx context.Context) ([]tracker.SpokenCount, error) {
	list := []tracker.SpokenCount{}
	err := r.in(ctx).Raw("SELECT locale, type, count(*) AS people FROM people GROUP BY locale, type ORDER BY locale, type").Scan(&list).Error
	return list, r.translate(err, "people")
}

// PutPeople keeps Created of those who are known. Of an id that stands twice
// the last one counts.
func (t *tx) PutPeople(ctx context.Context, people []tracker.Person) ([]tracker.Person, error) {
	last := make(map[string]int, len(people))
	for i := range people {
		last[people[i].ID] = i
	}
	once := make([]tracker.Person, 0, len(last))
	for i := range people {
		if last[people[i].ID] == i {
			once = append(once, people[i])
		}
	}
	b := newBatch(once,
		text("id", func(p *tracker.Person) string { return p.ID }),
		text("country", func(p *tracker.Person) string { return p.Country }),
		text("locale", func(p *tracker.Person) string { return p.Locale }),
		text("type", func(p *tracker.Person) string { return string(p.Type) }),
		moment("created", func(p *tracker.Person) time.Time { return p.Created }),
		text("attributes", func(p *tracker.Person) string { return string(p.Attributes) }),
		text("owner", func(p *tracker.Person) string { return p.Owner }),
	)
	err := t.each(ctx, "people", `INSERT INTO people (id, country, locale, type, created, attributes, owner)
		SELECT :id, :country, :locale, :type, :created, :attributes, :owner {from} WHERE true
		ON CONFLICT (id) DO UPDATE SET country = excluded.country, locale = excluded.locale, type = excluded.type,
			attributes = excluded.attributes, owner = excluded.owner`, b)
	if err != nil || len(once) == 0 {
		return []tracker.Person{}, err
	}
	stored := make(map[string]tracker.Person, len(once))
	rows, err := t.engine.query(ctx, t.pool(), `SELECT p.ref, p.id, p.country, p.locale, p.type, p.created, p.attributes, p.owner
		FROM people p {and} WHERE p.id = :id`, b)
	if err != nil {
		return nil, t.wrote(err, "people")
	}
	err = eachValues(rows, func(v *values) {
		p := personOf(v)
		stored[p.ID] = p
	})
	out := make([]tracker.Person, len(people))
	for i := range people {
		out[i] = stored[people[i].ID]
	}
	return out, t.wrote(err, "people")
}

func (t *tx) DeletePerson(ctx context.Context, id string, when time.Time) error {
	p, err := t.Person(ctx, id)
	if err != nil {
		return err
	}
	rows, err := t.Enrollments(ctx, id)
	if err != nil {
		return err
	}
	left, entries := counts{}, make([]entry, len(rows))
	for i := range rows {
		left.add(&rows[i], -1)
		entries[i] = entry{kind: tracker.ChangeRemoved, of: &rows[i], seq: rows[i].Seq + 1, from: rows[i].Stage, person: id}
	}
	if err := t.addCounts(ctx, left); err != nil {
		return err
	}
	if _, err := t.record(ctx, entries, when); err != nil {
		return err
	}
	err = t.exec(ctx, personName(id), "DELETE FROM enrollments WHERE ref = ? AND campaign IN (SELECT campaign FROM campaigns)", p.Ref)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, personName(id), "DELETE FROM failures WHERE ref = ?", p.Ref); err != nil {
		return err
	}
	if err := t.forgetPost(ctx, p.Ref); err != nil {
		return err
	}
	if err := t.exec(ctx, personName(id), "DELETE FROM signed_out WHERE ref = ?", p.Ref); err != nil {
		return err
	}
	if err := t.exec(ctx, personName(id), "UPDATE people SET owner = '' WHERE owner = ? AND owner <> ''", id); err != nil {
		return err
	}
	return t.exec(ctx, personName(id), "DELETE FROM people WHERE ref = ?", p.Ref)
}
