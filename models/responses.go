package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"assent/terms"
	"assent/tracker"
)

type responseRow struct {
	LeafIndex      int64
	ReceiptID      string
	Ref            int64
	Campaign       string
	Plan           int
	Action         terms.Action
	Documents      object[[]terms.DocumentText]
	Effect         terms.Effect
	IdempotencyKey string
	Fingerprint    string
	RecordedAt     instant
	Checkpoint     []byte
}

func (responseRow) TableName() string { return "responses" }

// detailsRow is the personal part, which erasure deletes.
type detailsRow struct {
	LeafIndex int64
	Person    string
	Salt      []byte
	Details   []byte
}

func (detailsRow) TableName() string { return "response_details" }

type wholeResponse struct {
	Row     responseRow `gorm:"embedded"` // by name: gorm passes over embedded fields it cannot export
	Record  []byte
	Person  string
	Salt    []byte
	Details []byte
}

func (r wholeResponse) response() tracker.Response {
	return tracker.Response{
		ReceiptID: r.Row.ReceiptID, Person: r.Person, Ref: r.Row.Ref, Campaign: r.Row.Campaign, Plan: r.Row.Plan,
		Action: r.Row.Action, Documents: r.Row.Documents.it, Effect: r.Row.Effect,
		IdempotencyKey: r.Row.IdempotencyKey, Fingerprint: r.Row.Fingerprint, RecordedAt: r.Row.RecordedAt.time(),
		LeafIndex: r.Row.LeafIndex, Record: r.Record, Checkpoint: r.Row.Checkpoint, Salt: r.Salt, Details: r.Details,
	}
}

// responses joins the record, and the personal part, which may be erased.
func (r reader) responses(ctx context.Context) *gorm.DB {
	return r.in(ctx).Table("responses AS r").Joins("JOIN log_entries l ON l.leaf_index = r.leaf_index LEFT JOIN response_details d ON d.leaf_index = r.leaf_index").
		Select(`r.leaf_index, r.receipt_id, r.ref, r.campaign, r.plan, r.action, r.documents, r.effect, r.idempotency_key,
			r.fingerprint, r.recorded_at, l.record, r.checkpoint, coalesce(d.person, '') AS person, d.salt, d.details`)
}

// Response finds the response also after the account was deleted; once the
// personal part is erased, Person, Salt and Details are empty.
func (r reader) Response(ctx context.Context, receiptID string) (tracker.Response, error) {
	var row wholeResponse
	err := r.responses(ctx).Take(&row, "r.receipt_id = ?", receiptID).Error
	return row.response(), r.translate(err, fmt.Sprintf("receipt %q", receiptID))
}

func (r reader) ResponseByKey(ctx context.Context, person, idempotencyKey string) (tracker.Response, error) {
	var row wholeResponse
	var leaf int64
	err := r.in(ctx).Raw("SELECT leaf_index FROM responses WHERE ref = (SELECT ref FROM people WHERE id = ?) AND idempotency_key = ?",
		person, idempotencyKey).Row().Scan(&leaf) // most keys are new: look for one before reading the rest
	if err == nil {
		err = r.responses(ctx).Take(&row, "r.leaf_index = ?", leaf).Error
	}
	return row.response(), r.translate(err, fmt.Sprintf("a response of %s with the key %q", personName(person), idempotencyKey))
}

func (r reader) Responses(ctx context.Context, person string) ([]tracker.Response, error) {
	var rows []wholeResponse
	err := r.responses(ctx).Order("r.leaf_index DESC").Find(&rows, "r.ref = (SELECT ref FROM people WHERE id = ?)", person).Error
	return all(rows, wholeResponse.response), r.translate(err, "responses")
}

func (t *tx) AddResponse(ctx context.Context, r tracker.Response) error {
	if r.Ref == 0 {
		return t.wrote(errNoRef, fmt.Sprintf("response %q", r.ReceiptID))
	}
	err := t.insert(ctx, fmt.Sprintf("a response of %s with the key %q", personName(r.Person), r.IdempotencyKey), &responseRow{
		LeafIndex: r.LeafIndex, ReceiptID: r.ReceiptID, Ref: r.Ref, Campaign: r.Campaign, Plan: r.Plan,
		Action: r.Action, Documents: object[[]terms.DocumentText]{r.Documents}, Effect: r.Effect,
		IdempotencyKey: r.IdempotencyKey, Fingerprint: r.Fingerprint, RecordedAt: at(r.RecordedAt), Checkpoint: blob(r.Checkpoint),
	})
	if err != nil {
		return err
	}
	return t.insert(ctx, fmt.Sprintf("the details of response %q", r.ReceiptID),
		&detailsRow{LeafIndex: r.LeafIndex, Person: r.Person, Salt: blob(r.Salt), Details: blob(r.Details)})
}

func (r reader) Snapshot(ctx context.Context, sha256 string) (tracker.Snapshot, error) {
	var row struct {
		SHA256 string
		HTML   []byte
		Stored instant
	}
	err := r.in(ctx).Table("snapshots").Take(&row, "sha256 = ?", sha256).Error
	return tracker.Snapshot{SHA256: row.SHA256, HTML: row.HTML, Stored: row.Stored.time()},
		r.translate(err, fmt.Sprintf("snapshot %q", sha256))
}

func (t *tx) PutSnapshot(ctx context.Context, s tracker.Snapshot) error {
	return t.exec(ctx, fmt.Sprintf("snapshot %q", s.SHA256),
		"INSERT INTO snapshots (sha256, html, stored) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", s.SHA256, blob(s.HTML), at(s.Stored))
}

// PersonKey needs only the number: who is asked about may be deleted.
func (t *tx) PersonKey(ctx context.Context, ref int64) ([]byte, error) {
	var key []byte
	err := t.in(ctx).Raw("SELECT key FROM person_keys WHERE ref = ?", ref).Row().Scan(&key)
	return key, t.translate(err, fmt.Sprintf("a pseudonym key for person number %d", ref))
}

func (t *tx) AddPersonKey(ctx context.Context, ref int64, key []byte) error {
	return t.exec(ctx, fmt.Sprintf("a pseudonym key for person number %d", ref),
		"INSERT INTO person_keys (ref, key) VALUES (?, ?)", ref, blob(key))
}
