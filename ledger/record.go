package ledger

import (
	"time"

	"assent/terms"

	"golang.org/x/mod/sumdb/tlog"
)

// KindResponse marks a record of what a person chose. Records of the other
// kinds, KindAct and KindErasure, stand in the same log; each says its kind in
// the same field.
const KindResponse = "response"

// Format is the version of the record format this package writes.
const Format = 1

// MaxRecord is the largest canonical record in bytes, set by the two-byte
// length in a tlog-tiles entry bundle.
const MaxRecord = 1<<16 - 1

// Method is how a response reached us.
type Method string

// The methods of a response.
const (
	MethodPage     Method = "page"        // the choice page, signed in
	MethodLink     Method = "signed_link" // the choice page, reached by a signed link
	MethodAPI      Method = "api"         // a client app, which showed the page itself
	MethodImport   Method = "import"      // taken over from an earlier system
	MethodOnBehalf Method = "on_behalf"   // staff, for the person
)

// Record is the evidence of one response. It holds no name, address or other
// detail of the person: Person is a pseudonym and Details a commitment, whose
// keys can be deleted while the log goes on to verify. Times are kept to the
// microsecond. A zero time and an empty optional field mean "not known".
type Record struct {
	ReceiptID string
	Campaign  string
	Plan      int // number of the plan in force, from 1
	Action    terms.Action
	Documents []terms.DocumentText // at least one, in the order shown

	Snapshot    string // hex SHA-256 of the page as shown; optional
	Sentence    string // what the page said the choice means; optional
	ButtonLabel string // what was on the button; optional

	Method Method
	Actor  string // who pressed: "person", or the id of a key or of staff, never a name

	PresentedAt time.Time // when the person was shown the question; optional
	RespondedAt time.Time // by the client's own clock; optional
	ReceivedAt  time.Time // by the server's clock

	Stage  string       // key of the stage the person was in
	Region string       // ISO 3166-1 alpha-2; optional
	Effect terms.Effect // required of an acceptance

	Person  string // from Pseudonym
	Details string // from Commit
}

// wire is a record as it is written. Its fields are in the order of their
// names, as RFC 8785 wants them.
type wire struct {
	Action      terms.Action `json:"action"`
	Actor       string       `json:"actor"`
	ButtonLabel string       `json:"button_label,omitempty"`
	Campaign    string       `json:"campaign"`
	Details     string       `json:"details"`
	Documents   []document   `json:"documents"`
	Effect      terms.Effect `json:"effect,omitempty"`
	Format      int          `json:"format"`
	Kind        string       `json:"kind"`
	Method      Method       `json:"method"`
	Person      string       `json:"person"`
	Plan        int          `json:"plan"`
	PresentedAt stamp        `json:"presented_at,omitzero"`
	ReceiptID   string       `json:"receipt_id"`
	ReceivedAt  stamp        `json:"received_at"`
	Region      string       `json:"region,omitempty"`
	RespondedAt stamp        `json:"responded_at,omitzero"`
	Sentence    string       `json:"sentence,omitempty"`
	Snapshot    string       `json:"snapshot_sha256,omitempty"`
	Stage       string       `json:"stage"`
}

type document struct {
	Document string `json:"document"`
	Locale   string `json:"locale"`
	SHA256   string `json:"sha256"`
	Version  string `json:"version"`
}

// wire returns the record as it is written.
func (r Record) wire() wire {
	w := wire{
		Kind: KindResponse, Format: Format, ReceiptID: r.ReceiptID, Campaign: r.Campaign, Plan: r.Plan, Action: r.Action,
		Snapshot: r.Snapshot, Sentence: r.Sentence, ButtonLabel: r.ButtonLabel, Method: r.Method, Actor: r.Actor,
		PresentedAt: stamp(r.PresentedAt), RespondedAt: stamp(r.RespondedAt), ReceivedAt: stamp(r.ReceivedAt),
		Stage: r.Stage, Region: r.Region, Effect: r.Effect, Person: r.Person, Details: r.Details,
	}
	for _, d := range r.Documents {
		w.Documents = append(w.Documents, document{d.Document, d.Locale, d.SHA256, d.Version})
	}
	return w
}

// record returns what was written.
func (w wire) record() Record {
	r := Record{
		ReceiptID: w.ReceiptID, Campaign: w.Campaign, Plan: w.Plan, Action: w.Action,
		Snapshot: w.Snapshot, Sentence: w.Sentence, ButtonLabel: w.ButtonLabel, Method: w.Method, Actor: w.Actor,
		PresentedAt: time.Time(w.PresentedAt), RespondedAt: time.Time(w.RespondedAt), ReceivedAt: time.Time(w.ReceivedAt),
		Stage: w.Stage, Region: w.Region, Effect: w.Effect, Person: w.Person, Details: w.Details,
	}
	for _, d := range w.Documents {
		r.Documents = append(r.Documents, terms.DocumentText{Document: d.Document, Version: d.Version, Locale: d.Locale, SHA256: d.SHA256})
	}
	return r
}

// Canonical returns the bytes that go into the log: RFC 8785 JSON. The error
// is of kind Invalid and names every field that is missing or malformed.
func (r Record) Canonical() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return fits(r.wire())
}

// ParseRecord reads a record of a response from JSON, canonical or merely
// re-indented, and returns it with its canonical bytes. Whatever Canonical
// would not have written is refused.
func ParseRecord(data []byte) (Record, []byte, error) {
	var w wire
	if err := decode(data, &w); err != nil {
		return Record{}, nil, err
	}
	if err := isOf(KindResponse, w.Kind, w.Format); err != nil {
		return Record{}, nil, err
	}
	r := w.record()
	if err := r.check(); err != nil {
		return Record{}, nil, err
	}
	raw, err := sameRecord(data, w)
	return r, raw, err
}

// Leaf returns the RFC 6962 hash under which a canonical record is in the log.
func Leaf(canonical []byte) Hash { return tlog.RecordHash(canonical) }

// stamp is an instant as records write it: RFC 3339, UTC, six decimals.
type stamp time.Time

const stampLayout = "2006-01-02T15:04:05.000000Z"

// IsZero lets encoding/json leave out an unknown time.
func (s stamp) IsZero() bool { return time.Time(s).IsZero() }

// MarshalText writes the instant.
func (s stamp) MarshalText() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, stampLayout), nil
}

// UnmarshalText reads an instant.
func (s *stamp) UnmarshalText(text []byte) error {
	t, err := time.Parse(stampLayout, string(text))
	*s = stamp(t)
	return err
}
