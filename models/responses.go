package models

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

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

// wholeResponse has the personal part besides, which erasure deletes.
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

// ResponsesByKey looks for the keys first: most are new.
func (r reader) ResponsesByKey(ctx context.Context, keys []tracker.ResponseKey) (map[tracker.ResponseKey]tracker.Response, error) {
	found := map[tracker.ResponseKey]tracker.Response{}
	if len(keys) == 0 {
		return found, nil
	}
	rows, err := r.engine.query(ctx, r.pool(), `SELECT r.leaf_index FROM responses r {and}
		WHERE r.ref = :ref AND r.idempotency_key = :key`, newBatch(keys,
		number("ref", func(k *tracker.ResponseKey) int64 { return k.Ref }),
		text("key", func(k *tracker.ResponseKey) string { return k.Key })))
	if err != nil {
		return nil, r.translate(err, "responses")
	}
	var leaves []int64
	err = eachValues(rows, func(v *values) { leaves = append(leaves, v.number()) })
	if err != nil || len(leaves) == 0 {
		return found, r.translate(err, "responses")
	}
	var whole []wholeResponse
	err = r.responses(ctx).Find(&whole, "r.leaf_index IN ?", leaves).Error
	for _, one := range whole {
		found[tracker.ResponseKey{Ref: one.Row.Ref, Key: one.Row.IdempotencyKey}] = one.response()
	}
	return found, r.translate(err, "responses")
}

// storedResponse is a response with its documents as they are stored.
type storedResponse struct {
	*tracker.Response
	documents string
}

func (t *tx) AddResponses(ctx context.Context, list []tracker.Response) error {
	stored := make([]storedResponse, len(list))
	for i := range list {
		r := &list[i]
		if r.Ref == 0 {
			return t.wrote(errNoRef, fmt.Sprintf("response %q", r.ReceiptID))
		}
		documents, err := json.Marshal(r.Documents)
		if err != nil {
			return t.wrote(err, fmt.Sprintf("response %q", r.ReceiptID))
		}
		stored[i] = storedResponse{r, string(documents)}
	}
	b := newBatch(stored,
		number("leaf_index", func(r *storedResponse) int64 { return r.LeafIndex }),
		text("receipt_id", func(r *storedResponse) string { return r.ReceiptID }),
		number("ref", func(r *storedResponse) int64 { return r.Ref }),
		text("campaign", func(r *storedResponse) string { return r.Campaign }),
		number("plan", func(r *storedResponse) int64 { return int64(r.Plan) }),
		text("action", func(r *storedResponse) string { return string(r.Action) }),
		text("documents", func(r *storedResponse) string { return r.documents }),
		text("effect", func(r *storedResponse) string { return string(r.Effect) }),
		text("idempotency_key", func(r *storedResponse) string { return r.IdempotencyKey }),
		text("fingerprint", func(r *storedResponse) string { return r.Fingerprint }),
		moment("recorded_at", func(r *storedResponse) time.Time { return r.RecordedAt }),
		binary("checkpoint", func(r *storedResponse) []byte { return r.Checkpoint }),
		text("person", func(r *storedResponse) string { return r.Person }),
		binary("salt", func(r *storedResponse) []byte { return r.Salt }),
		binary("details", func(r *storedResponse) []byte { return r.Details }))
	err := t.each(ctx, "a response with this key, receipt or place in the log", `INSERT INTO responses (leaf_index, receipt_id, ref, campaign, plan,
		action, documents, effect, idempotency_key, fingerprint, recorded_at, checkpoint)
		SELECT :leaf_index, :receipt_id, :ref, :campaign, :plan,
		:action, :documents, :effect, :idempotency_key, :fingerprint, :recorded_at, :checkpoint {from}`, b)
	if err != nil {
		return err
	}
	return t.each(ctx, "the details of a response", `INSERT INTO response_details (leaf_index, person, salt, details)
		SELECT :leaf_index, :person, :salt, :details {from}`, b)
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

// PersonKeys needs only the numbers: who is asked about may be deleted.
func (r reader) PersonKeys(ctx context.Context, refs []int64) (map[int64][]byte, error) {
	keys := make(map[int64][]byte, len(refs))
	if len(refs) == 0 {
		return keys, nil
	}
	rows, err := r.engine.query(ctx, r.pool(), "SELECT k.ref, k.key FROM person_keys k {and} WHERE k.ref = :ref",
		newBatch(refs, number("ref", func(ref *int64) int64 { return *ref })))
	if err != nil {
		return nil, r.translate(err, "pseudonym keys")
	}
	err = eachValues(rows, func(v *values) {
		ref := v.number()
		keys[ref] = v.bytes()
	})
	return keys, r.translate(err, "pseudonym keys")
}

func (t *tx) AddPersonKeys(ctx context.Context, keys []tracker.PersonKey) error {
	return t.each(ctx, "a pseudonym key of this person", "INSERT INTO person_keys (ref, key) SELECT :ref, :key {from}",
		newBatch(keys,
			number("ref", func(k *tracker.PersonKey) int64 { return k.Ref }),
			binary("key", func(k *tracker.PersonKey) []byte { return k.Key })))
}
