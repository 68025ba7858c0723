package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/terms"
	"assent/tracker"
)

// Traces gives what is about nobody by number, such as asking for the release of
// the person's hold, to the newest of them.
func (r reader) Traces(ctx context.Context, person string) ([]tracker.Trace, error) {
	s, err := r.subject(ctx, person)
	if err != nil {
		return nil, err
	}
	list := make([]tracker.Trace, 0, len(s.refs))
	for _, ref := range s.refs {
		list = append(list, tracker.Trace{Ref: ref, Records: []int64{}})
	}
	var rows []struct{ LeafIndex, Ref int64 }
	err = r.in(ctx).Raw(`SELECT r.leaf_index, r.ref FROM responses r JOIN response_details d ON d.leaf_index = r.leaf_index WHERE r.ref IN @refs
		UNION ALL SELECT a.leaf_index, a.ref FROM acts a JOIN act_details d ON d.id = a.id
			WHERE a.leaf_index >= 0 AND (a.ref IN @refs AND a.ref <> 0 OR d.person = @id OR a.object IN @holds OR a.object IN @approvals)
		ORDER BY 1`, s.arguments()).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return list, r.translate(err, "traces of "+personName(person))
	}
	if len(list) == 0 {
		list = append(list, tracker.Trace{})
	}
	for _, row := range rows {
		i := slices.IndexFunc(list, func(t tracker.Trace) bool { return t.Ref == row.Ref })
		if i < 0 {
			i = len(list) - 1
		}
		list[i].Records = append(list[i].Records, row.LeafIndex)
	}
	return list, nil
}

// ErasePerson goes through holdings. The label that takes the person's place in
// the scope of a hold is no id of anybody: none begins so.
func (t *tx) ErasePerson(ctx context.Context, id string, leaf int64, by string, when time.Time) error {
	s, err := t.subject(ctx, id)
	if err != nil {
		return err
	}
	if err := t.DeletePerson(ctx, id, when); err != nil && !errors.Is(err, terms.NotFound) { // the account may be gone already
		return err
	}
	if err := t.forgetChats(ctx, id); err != nil {
		return err
	}
	err = t.exec(ctx, "approvals", "UPDATE approvals SET state = ?, decided_by = ?, decided_at = ? WHERE state = ? AND id IN ?",
		tracker.ApprovalRejected, by, at(when), tracker.ApprovalOpen, s.approvals)
	if err != nil {
		return err
	}
	arguments := s.arguments()
	arguments["label"], arguments["by"], arguments["at"], arguments["nothing"] = fmt.Sprintf("~erased-%d", leaf), by, at(when), []byte("{}")
	for _, h := range holdings() {
		if h.erase == "" {
			continue
		}
		if err := t.exec(ctx, h.table, h.erase, arguments); err != nil {
			return err
		}
	}
	var campaigns []string
	for _, hold := range s.holds {
		campaign, _, _ := strings.Cut(hold, "/")
		campaigns = append(campaigns, campaign)
	}
	slices.Sort(campaigns)
	for _, campaign := range slices.Compact(campaigns) {
		if err := t.announce(ctx, tracker.ChangeHold, campaign, when); err != nil {
			return err
		}
	}
	return nil
}

type erasureRow struct {
	ID        string `gorm:"primaryKey"`
	LeafIndex int64
	Ref       int64
	At        instant
	Scrubbed  instant
}

func (erasureRow) TableName() string { return "erasures" }

func (e erasureRow) erasure() tracker.Erasure {
	return tracker.Erasure{ID: e.ID, LeafIndex: e.LeafIndex, Ref: e.Ref, At: e.At.time(), Scrubbed: e.Scrubbed.time()}
}

func (r reader) Erasures(ctx context.Context) ([]tracker.Erasure, error) {
	var rows []erasureRow
	err := r.in(ctx).Order("at, id").Find(&rows).Error
	return all(rows, erasureRow.erasure), r.translate(err, "erasures")
}

func (t *tx) AddErasure(ctx context.Context, e tracker.Erasure) error {
	return t.insert(ctx, fmt.Sprintf("erasure %q", e.ID), &erasureRow{e.ID, e.LeafIndex, e.Ref, at(e.At), at(e.Scrubbed)})
}

func (t *tx) SetScrubbed(ctx context.Context, ids []string, when time.Time) error {
	return t.exec(ctx, "erasures", "UPDATE erasures SET scrubbed = ? WHERE id IN ?", at(when), ids)
}

// ForgetNames ends the letters about these, which could not say of whom.
func (t *tx) ForgetNames(ctx context.Context, until time.Time) error {
	const named = "person <> '' AND at <= ?"
	err := t.exec(ctx, "letters of webhooks", "DELETE FROM webhook_letters WHERE revision IN (SELECT revision FROM changes WHERE "+named+")", at(until))
	if err != nil {
		return err
	}
	return t.exec(ctx, "changes", "UPDATE changes SET person = '' WHERE "+named, at(until))
}

// Scrub clears away what deleting left behind in the files of the database. On
// SQLite it keeps writers waiting while it writes the file anew.
func (s *Store) Scrub(ctx context.Context) error {
	var tables []string
	for _, h := range holdings() {
		tables = append(tables, h.table)
	}
	slices.Sort(tables)
	return outage(s.engine.scrub(ctx, s.pools, slices.Compact(tables)))
}

// Pseudonyms finds the id also once the account is gone.
func (r reader) Pseudonyms(ctx context.Context, after int64, limit int) ([]tracker.PersonKey, error) {
	list := []tracker.PersonKey{}
	rows, err := r.in(ctx).Raw(`SELECT k.ref, coalesce((SELECT p.id FROM people p WHERE p.ref = k.ref),
			(SELECT d.person FROM responses r JOIN response_details d ON d.leaf_index = r.leaf_index WHERE r.ref = k.ref LIMIT 1),
			(SELECT d.person FROM acts a JOIN act_details d ON d.id = a.id WHERE a.ref = k.ref AND a.ref <> 0 AND d.person <> '' LIMIT 1), ''), k.key
		FROM person_keys k WHERE k.ref > ? ORDER BY k.ref LIMIT ?`, after, limit).Rows()
	if err != nil {
		return nil, r.translate(err, "pseudonym keys")
	}
	err = eachValues(rows, func(v *values) {
		list = append(list, tracker.PersonKey{Ref: v.number(), Person: v.text(), Key: v.bytes()})
	})
	return list, r.translate(err, "pseudonym keys")
}
