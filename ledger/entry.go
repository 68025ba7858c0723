package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/gowebpki/jcs"
)

// Entry is what a record of any kind says of itself.
type Entry struct {
	Kind   string
	ID     string    // of the receipt, for a response; "" where the kind is not known here
	Action string    // what was done; "" for an erasure, and where the kind is not known here
	At     time.Time // by the server's clock; zero where the kind is not known here
	Erased int       // how many records an erasure names, whose details were destroyed
}

// Known reports whether this program knows records of that kind.
func (e Entry) Known() bool { return e.ID != "" }

// ReadEntry reads a record as it stands in the log, and refuses one that is not
// in canonical form or, of a kind that is known here, says something it may not.
// A record of a kind that a newer program has written is read as far as its
// kind.
func ReadEntry(raw []byte) (Entry, error) {
	// A log is long. Whatever comes out of the parser is written again and has to
	// be the same to the byte, so the parser itself may be a lenient, fast one.
	var w wire
	if json.Unmarshal(raw, &w) == nil && w.Kind == KindResponse && w.Format == Format {
		r := w.record()
		form, err := r.Canonical()
		return Entry{Kind: KindResponse, ID: r.ReceiptID, Action: string(r.Action), At: r.ReceivedAt}.in(raw, form, err)
	}
	var act actWire
	if w.Kind == KindAct && w.Format == Format && json.Unmarshal(raw, &act) == nil {
		a := act.act()
		form, err := a.Canonical()
		return Entry{Kind: KindAct, ID: a.ID, Action: a.Action, At: a.At}.in(raw, form, err)
	}
	var kind struct {
		Kind   string `json:"kind"`
		Format int    `json:"format"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return Entry{}, err
	}
	e, form, err := readKind(raw, kind.Kind, kind.Format)
	return e.in(raw, form, err)
}

// in is the entry, if a record is in its canonical form.
func (e Entry) in(raw, form []byte, err error) (Entry, error) {
	if err == nil && !bytes.Equal(form, raw) {
		err = errForm
	}
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// readKind reads a record of a kind, and returns its canonical form.
func readKind(raw []byte, kind string, format int) (Entry, []byte, error) {
	switch {
	case kind == "":
		return Entry{}, nil, errors.New("does not say its kind")
	case format != Format:
	case kind == KindResponse:
		r, form, err := ParseRecord(raw)
		return Entry{Kind: kind, ID: r.ReceiptID, Action: string(r.Action), At: r.ReceivedAt}, form, err
	case kind == KindAct:
		a, form, err := ParseAct(raw)
		return Entry{Kind: kind, ID: a.ID, Action: a.Action, At: a.At}, form, err
	case kind == KindErasure:
		e, form, err := ParseErasure(raw)
		return Entry{Kind: kind, ID: e.ID, At: e.At, Erased: len(e.Erased)}, form, err
	}
	form, err := jcs.Transform(raw)
	return Entry{Kind: kind}, form, err
}
