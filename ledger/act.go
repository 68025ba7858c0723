package ledger

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"assent/terms"

	"github.com/gowebpki/jcs"
)

// KindAct marks a record of what staff, a key or the program itself did.
const KindAct = "act"

// KindErasure marks a record that says that details were destroyed.
const KindErasure = "erasure"

// Act is the evidence of one act of staff. It names whom it is about by a
// pseudonym alone, and what was before and after, and why, by a commitment:
// staff may write about a person there. An empty optional field means that
// there is nothing of that sort.
type Act struct {
	ID      string
	At      time.Time // by the server's clock
	Actor   string    // the id of a key, of staff or of a part of the program
	Action  string    // such as plan.activate
	Object  string    // what was acted on, never a person; optional
	Person  string    // whom it is about, from Pseudonym; optional
	Request string    // id of the HTTP request that did it; optional
	Details string    // from Commit, over ActDetails
}

// Erasure is the tombstone that stays when the details of a person's records
// are destroyed: their commitments cannot be opened any more, on purpose.
type Erasure struct {
	ID      string
	At      time.Time
	Actor   string
	Person  string  // the pseudonym, whose key is destroyed too
	Erased  []int64 // numbers of the records whose details are destroyed, ascending; may be empty
	Request string
	Details string // from Commit, over ActDetails
}

// actWire is an act as it is written, in the order of names.
type actWire struct {
	Action  string `json:"action"`
	Actor   string `json:"actor"`
	At      stamp  `json:"at"`
	Details string `json:"details"`
	Format  int    `json:"format"`
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Object  string `json:"object,omitempty"`
	Person  string `json:"person,omitempty"`
	Request string `json:"request_id,omitempty"`
}

// erasureWire is an erasure as it is written, in the order of names.
type erasureWire struct {
	Actor   string  `json:"actor"`
	At      stamp   `json:"at"`
	Details string  `json:"details"`
	Erased  []int64 `json:"erased"`
	Format  int     `json:"format"`
	ID      string  `json:"id"`
	Kind    string  `json:"kind"`
	Person  string  `json:"person"`
	Request string  `json:"request_id,omitempty"`
}

// Canonical returns the bytes that go into the log. The error is of kind
// Invalid and names every field that is missing or malformed.
func (a Act) Canonical() ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	return fits(actWire{
		Kind: KindAct, Format: Format, ID: a.ID, At: stamp(a.At), Actor: a.Actor, Action: a.Action, Object: a.Object,
		Person: a.Person, Request: a.Request, Details: a.Details,
	})
}

// Canonical returns the bytes that go into the log, as those of an Act.
func (e Erasure) Canonical() ([]byte, error) {
	if e.Erased == nil {
		e.Erased = []int64{}
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return fits(erasureWire{
		Kind: KindErasure, Format: Format, ID: e.ID, At: stamp(e.At), Actor: e.Actor, Person: e.Person, Erased: e.Erased,
		Request: e.Request, Details: e.Details,
	})
}

// fits writes a record and refuses one that the log does not take.
func fits(wire any) ([]byte, error) {
	data, err := canonical(wire)
	if err != nil {
		return nil, fmt.Errorf("write a record: %w", err)
	}
	if len(data) > MaxRecord {
		return nil, terms.Errorf(terms.Invalid, "the record is %d bytes long; the log takes %d", len(data), MaxRecord)
	}
	return data, nil
}

// ParseAct reads the record of an act, with its canonical bytes, as ParseRecord
// does that of a response.
func ParseAct(data []byte) (Act, []byte, error) {
	var w actWire
	if err := decode(data, &w); err != nil {
		return Act{}, nil, err
	}
	if err := isOf(KindAct, w.Kind, w.Format); err != nil {
		return Act{}, nil, err
	}
	a := w.act()
	if err := a.check(); err != nil {
		return Act{}, nil, err
	}
	raw, err := sameRecord(data, w)
	return a, raw, err
}

// act returns what was written.
func (w actWire) act() Act {
	return Act{
		ID: w.ID, At: time.Time(w.At), Actor: w.Actor, Action: w.Action, Object: w.Object, Person: w.Person,
		Request: w.Request, Details: w.Details,
	}
}

// ParseErasure reads the record of an erasure, as ParseAct does that of an act.
func ParseErasure(data []byte) (Erasure, []byte, error) {
	var w erasureWire
	if err := decode(data, &w); err != nil {
		return Erasure{}, nil, err
	}
	if err := isOf(KindErasure, w.Kind, w.Format); err != nil {
		return Erasure{}, nil, err
	}
	e := Erasure{
		ID: w.ID, At: time.Time(w.At), Actor: w.Actor, Person: w.Person, Erased: w.Erased, Request: w.Request, Details: w.Details,
	}
	if err := e.check(); err != nil {
		return Erasure{}, nil, err
	}
	raw, err := sameRecord(data, w)
	return e, raw, err
}

// isOf refuses another kind or format of record.
func isOf(want, kind string, format int) error {
	if kind != want || format != Format {
		return fmt.Errorf("is of kind %q, format %d; this program reads kind %q, format %d", kind, format, want, Format)
	}
	return nil
}

// sameRecord is same, for records.
func sameRecord(data []byte, wire any) ([]byte, error) {
	raw, err := same(data, wire)
	if err == nil && len(raw) > MaxRecord {
		err = errors.New("is longer than the log takes")
	}
	return raw, err
}

func (a Act) check() error {
	return checked([]field{
		{"id", a.ID, required},
		{"at", "", moment(a.At)},
		{"actor", a.Actor, required},
		{"action", a.Action, required},
		{"object", a.Object, optional(required)},
		{"person", a.Person, optional(digest)},
		{"request_id", a.Request, optional(required)},
		{"details", a.Details, digest},
	})
}

func (e Erasure) check() error {
	return checked([]field{
		{"id", e.ID, required},
		{"at", "", moment(e.At)},
		{"actor", e.Actor, required},
		{"person", e.Person, digest},
		{"erased", "", ascending(e.Erased)},
		{"request_id", e.Request, optional(required)},
		{"details", e.Details, digest},
	})
}

// field is a value with what it must be.
type field struct {
	path, value string
	rule        rule
}

func checked(fields []field) error {
	faults := terms.Faults{}
	for _, f := range fields {
		if detail := f.rule(f.value); detail != "" {
			faults = append(faults, terms.Fault{Path: f.path, Detail: detail})
		}
	}
	return faults.OrNil()
}

// moment wants an instant that can be written.
func moment(t time.Time) rule {
	return func(string) string {
		if t.IsZero() {
			return "is required"
		}
		return written(t)
	}
}

// ascending wants numbers of records, each greater than the one before.
func ascending(numbers []int64) rule {
	return func(string) string {
		if numbers == nil {
			return "must be a list"
		}
		before := int64(-1)
		for _, n := range numbers {
			if n <= before || n >= MaxSize {
				return "must be numbers of records, ascending"
			}
			before = n
		}
		return ""
	}
}

// ActDetails are what a record of an act keeps to itself: JSON of what there
// was and what there is now, and why. They can be erased.
type ActDetails struct {
	Before, After string // JSON, "" for nothing
	Reason        string // optional
}

// Canonical returns the bytes to store and to commit to: an RFC 8785 object
// with any of after, before and reason.
func (d ActDetails) Canonical() ([]byte, error) {
	reason, err := canonical(strings.ToValidUTF8(d.Reason, string(utf8.RuneError)))
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, part := range []struct{ name, json string }{{"after", d.After}, {"before", d.Before}, {"reason", string(reason)}} {
		if part.json != "" && part.json != `""` {
			parts = append(parts, `"`+part.name+`":`+part.json)
		}
	}
	data, err := jcs.Transform([]byte("{" + strings.Join(parts, ",") + "}"))
	if err != nil {
		return nil, fmt.Errorf("write the details of an act: %w", err)
	}
	return data, nil
}
