package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxReceipt bounds a receipt in bytes: the largest record, escaped, with room
// for the proof and the checkpoint.
const maxReceipt = 1 << 19

// Receipt is what the person keeps: the record, and why it cannot be denied.
type Receipt struct {
	Record json.RawMessage `json:"record"` // canonical
	Proof  Proof           `json:"proof"`
}

// Proof is the place of a record in a log, as far as a signed head.
type Proof struct {
	LeafIndex  int64  `json:"leaf_index"` // from 0
	TreeSize   int64  `json:"tree_size"`  // that of the checkpoint
	Hashes     []Hash `json:"hashes"`     // from Append or Prove
	Checkpoint string `json:"checkpoint"`
}

// UnmarshalJSON reads a proof. It decodes texts before it looks for hashes in
// them: a Hash alone does not know a slash that is escaped, as PHP writes it.
func (p *Proof) UnmarshalJSON(data []byte) error {
	var w struct {
		LeafIndex  int64    `json:"leaf_index"`
		TreeSize   int64    `json:"tree_size"`
		Hashes     []string `json:"hashes"`
		Checkpoint string   `json:"checkpoint"`
	}
	if err := decode(data, &w); err != nil {
		return err
	}
	*p = Proof{LeafIndex: w.LeafIndex, TreeSize: w.TreeSize, Checkpoint: w.Checkpoint}
	if w.Hashes != nil {
		p.Hashes = make([]Hash, len(w.Hashes))
	}
	for i, text := range w.Hashes {
		var err error
		if p.Hashes[i], err = tlog.ParseHash(text); err != nil {
			return fmt.Errorf("hash %d of the proof is not base64 of 32 bytes", i)
		}
	}
	return nil
}

// NewReceipt puts a receipt together: a canonical record, its index in the
// log, and its proof up to the head that the checkpoint signs.
func NewReceipt(record []byte, index int64, hashes []Hash, c Checkpoint) Receipt {
	if hashes == nil {
		hashes = []Hash{}
	}
	return Receipt{Record: record, Proof: Proof{LeafIndex: index, TreeSize: c.Head.Size, Hashes: hashes, Checkpoint: c.Text}}
}

// ParseReceipt reads a receipt from JSON. White space, the order of names and
// escapes do not matter; everything else does.
func ParseReceipt(data []byte) (Receipt, error) {
	var r Receipt
	if len(data) > maxReceipt {
		return Receipt{}, fmt.Errorf("receipt: is longer than %d bytes", maxReceipt)
	}
	if err := decode(data, &r); err != nil {
		return Receipt{}, fmt.Errorf("receipt: %w", err)
	}
	if r.Proof.Hashes == nil {
		return Receipt{}, errors.New("proof: hashes must be a list")
	}
	if _, _, err := ParseRecord(r.Record); err != nil {
		return Receipt{}, fmt.Errorf("record: %w", err)
	}
	if _, err := same(data, r); err != nil {
		return Receipt{}, fmt.Errorf("receipt: %w", err)
	}
	return r, nil
}

// FindReceipt reads a receipt, or finds it in what the API answers, which has
// further names for programs beside the two of a receipt. Those prove nothing.
func FindReceipt(data []byte) (Receipt, error) {
	r, err := ParseReceipt(data)
	if err == nil || len(data) > maxReceipt {
		return r, err
	}
	var answer map[string]json.RawMessage
	if _, twice := jcs.Transform(data); twice != nil || json.Unmarshal(data, &answer) != nil {
		return Receipt{}, err
	}
	record, proof := answer["record"], answer["proof"]
	if record == nil || proof == nil || len(answer) == 2 {
		return Receipt{}, err
	}
	return ParseReceipt(slices.Concat([]byte(`{"record":`), record, []byte(`,"proof":`), proof, []byte(`}`)))
}

// Verify checks a receipt against the public keys of the log, one a line,
// offline. The error begins with the piece that fails: key, record, checkpoint
// or proof.
func Verify(r Receipt, keys string) (Report, error) {
	known, err := Verifiers(keys)
	if err != nil {
		return Report{}, fmt.Errorf("key: %w", err)
	}
	return VerifyBy(r, known)
}

// VerifyBy is Verify with keys that were read before.
func VerifyBy(r Receipt, known note.Verifiers) (Report, error) {
	record, raw, err := ParseRecord(r.Record)
	if err != nil {
		return Report{}, fmt.Errorf("record: %w", err)
	}
	c, err := ParseCheckpoint(r.Proof.Checkpoint, known)
	if err != nil {
		return Report{}, fmt.Errorf("checkpoint: %w", err)
	}
	if err := r.Proof.check(c.Head, Leaf(raw)); err != nil {
		return Report{}, fmt.Errorf("proof: %w", err)
	}
	return Report{Record: record, Leaf: Leaf(raw), Index: r.Proof.LeafIndex, Checkpoint: c}, nil
}

// VerifyRecord checks that a canonical record of any kind stands in a log where
// a proof says, by the public keys of the log, one a line, offline.
func VerifyRecord(record []byte, p Proof, keys string) error {
	known, err := Verifiers(keys)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	c, err := ParseCheckpoint(p.Checkpoint, known)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := p.check(c.Head, Leaf(record)); err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	return nil
}

// check walks from the leaf up to the root.
func (p Proof) check(head Head, leaf Hash) error {
	if p.TreeSize != head.Size {
		return fmt.Errorf("is for a log of %d records, the checkpoint for one of %d", p.TreeSize, head.Size)
	}
	if p.LeafIndex < 0 || p.LeafIndex >= head.Size {
		return fmt.Errorf("a log of %d records has no record %d", head.Size, p.LeafIndex)
	}
	if tlog.CheckRecord(p.Hashes, head.Size, head.Root, p.LeafIndex, leaf) != nil {
		return fmt.Errorf("does not lead from this record at index %d to the root in the checkpoint: the record, the index or a hash was changed", p.LeafIndex)
	}
	return nil
}
