package ledger_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"assent/ledger"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/tlog"
)

func TestNoBitOfAReceiptCanChange(t *testing.T) {
	t.Parallel()
	_, _, _, receipt := goldenLog(t)
	data, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = jcs.Transform(data); err != nil { // so that no byte is free to vary, as the case of an escape is
		t.Fatal(err)
	}
	for i := range data {
		for bit := range 8 {
			changed := slices.Clone(data)
			changed[i] ^= 1 << bit
			r, err := ledger.ParseReceipt(changed)
			if err != nil {
				continue
			}
			if _, err := ledger.Verify(r, vkey); err == nil {
				t.Fatalf("bit %d of byte %d changed %q to %q unnoticed", bit, i, data[max(0, i-20):i+1], changed[max(0, i-20):i+1])
			}
		}
	}
}

func TestAReceiptMayBeIndentedAndReordered(t *testing.T) {
	t.Parallel()
	_, _, _, receipt := goldenLog(t)
	data, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	var loose map[string]any
	if err := json.Unmarshal(data, &loose); err != nil {
		t.Fatal(err)
	}
	data, err = json.MarshalIndent(loose, "\t", "    ")
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte("/"), []byte(`\/`)) // as PHP writes it
	r, err := ledger.ParseReceipt(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Verify(r, vkey); err != nil {
		t.Error(err)
	}
}

func TestAHostileReceiptIsRefusedAndThePieceNamed(t *testing.T) {
	t.Parallel()
	b, records, c, _ := goldenLog(t)
	other := newBook()
	foreign := other.append(t, numbered(0, 11)...)
	prove := func(index int64) []ledger.Hash {
		p, err := ledger.Prove(t.Context(), b, b.head, index)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, spoil := range map[string]func(*ledger.Receipt) (piece string){
		"another record": func(r *ledger.Receipt) string { r.Record = records[2]; return "proof" },
		"no record":      func(r *ledger.Receipt) string { r.Record = nil; return "record" },
		"a record that is not of a response": func(r *ledger.Receipt) string {
			r.Record = json.RawMessage(`{"kind":"audit","format":1}`)
			return "record"
		},
		"the index of a neighbour": func(r *ledger.Receipt) string { r.Proof.LeafIndex++; return "proof" },
		"an index below zero":      func(r *ledger.Receipt) string { r.Proof.LeafIndex = -1; return "proof" },
		"an index past the end":    func(r *ledger.Receipt) string { r.Proof.LeafIndex = 11; return "proof" },
		"the largest index":        func(r *ledger.Receipt) string { r.Proof.LeafIndex = math.MaxInt64; return "proof" },
		"another size":             func(r *ledger.Receipt) string { r.Proof.TreeSize = 12; return "proof" },
		"size 0":                   func(r *ledger.Receipt) string { r.Proof.TreeSize = 0; return "proof" },
		"the largest size":         func(r *ledger.Receipt) string { r.Proof.TreeSize = math.MaxInt64; return "proof" },
		"no proof":                 func(r *ledger.Receipt) string { r.Proof.Hashes = nil; return "proof" },
		"a proof too short":        func(r *ledger.Receipt) string { r.Proof.Hashes = r.Proof.Hashes[1:]; return "proof" },
		"a proof too long":         func(r *ledger.Receipt) string { r.Proof.Hashes = append(prove(6), ledger.Hash{}); return "proof" },
		"a proof of a million":     func(r *ledger.Receipt) string { r.Proof.Hashes = make([]ledger.Hash, 1e6); return "proof" },
		"a proof with one doubled": func(r *ledger.Receipt) string {
			r.Proof.Hashes = slices.Insert(prove(6), 0, prove(6)[0])
			return "proof"
		},
		"a proof in another order":  func(r *ledger.Receipt) string { slices.Reverse(r.Proof.Hashes); return "proof" },
		"the proof of a neighbour":  func(r *ledger.Receipt) string { r.Proof.Hashes = prove(7); return "proof" },
		"a proof from another log":  func(r *ledger.Receipt) string { r.Proof.Hashes = foreign.Proofs[6]; return "proof" },
		"the checkpoint of another": func(r *ledger.Receipt) string { return recheck(t, r, other.head) },
		"an empty log":              func(r *ledger.Receipt) string { r.Proof.TreeSize = 0; return recheck(t, r, ledger.Empty()) },
		"a log of one":              func(r *ledger.Receipt) string { return recheck(t, r, ledger.Head{Size: 1, Root: b.head.Root}) },
		"no checkpoint":             func(r *ledger.Receipt) string { r.Proof.Checkpoint = ""; return "checkpoint" },
		"CRLF": func(r *ledger.Receipt) string {
			r.Proof.Checkpoint = strings.ReplaceAll(c.Text, "\n", "\r\n")
			return "checkpoint"
		},
	} {
		r := ledger.NewReceipt(slices.Clone(records[goldenIndex]), goldenIndex, prove(goldenIndex), c)
		piece := spoil(&r)
		if report, err := ledger.Verify(r, vkey); err == nil || !strings.HasPrefix(err.Error(), piece+": ") {
			t.Errorf("%s: %v, want an error that begins with %q; report: %v", name, err, piece, report)
		}
	}
}

// recheck gives the receipt a rightly signed checkpoint of a wrong head.
func recheck(t *testing.T, r *ledger.Receipt, head ledger.Head) string {
	t.Helper()
	c, err := ledger.SignCheckpoint(head, signer(t))
	if err != nil {
		t.Fatal(err)
	}
	r.Proof.Checkpoint = c.Text
	return "proof"
}

func TestAReceiptVerifiesUnderItsOwnKeyOnly(t *testing.T) {
	t.Parallel()
	_, _, _, receipt := goldenLog(t)
	_, namesake, err := ledger.NewKey(bytes.NewReader(bytes.Repeat([]byte{9}, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	for key, piece := range map[string]string{namesake: "checkpoint: ", "": "key: ", skey: "key: ", vkey[:len(vkey)-4]: "key: "} {
		if _, err := ledger.Verify(receipt, key); err == nil || !strings.HasPrefix(err.Error(), piece) {
			t.Errorf("under the key %q: %v", key, err)
		}
	}
}

func TestOnlyOneFormOfAReceiptIsRead(t *testing.T) {
	t.Parallel()
	_, _, _, receipt := goldenLog(t)
	data, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown field":      {`{"record"`, `{"note":"","record"`},
		"two records":           {`{"record"`, `{"record":{},"record"`},
		"two in different case": {`{"record"`, `{"Record":{},"record"`},
		"null for the hashes":   {`"hashes":[`, `"hashes":null,"x":[`},
		"an index as text":      {`"leaf_index":6`, `"leaf_index":"6"`},
		"an index as float":     {`"leaf_index":6`, `"leaf_index":6.0`},
		"an index of 2^63":      {`"leaf_index":6`, `"leaf_index":9223372036854775808`},
		"something after it":    {`\n"}}`, `\n"}}{}`},
	} {
		changed := bytes.Replace(data, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(changed, data) {
			t.Fatalf("%s: nothing to change in %s", name, data)
		}
		if r, err := ledger.ParseReceipt(changed); err == nil {
			t.Errorf("%s was read as %+v", name, r)
		}
	}
	receipt.Proof.Hashes = nil
	if data, err = json.Marshal(receipt); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.ParseReceipt(data); err == nil {
		t.Error("a receipt without hashes was read")
	}
	if _, err := ledger.ParseReceipt(bytes.Repeat([]byte(" "), 1<<20)); err == nil {
		t.Error("a receipt of a megabyte was read")
	}
}

func TestTheFirstReceiptOfALogNeedsNoHashes(t *testing.T) {
	t.Parallel()
	raw, err := golden().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	b := newBook()
	update := b.append(t, raw)
	c, err := ledger.SignCheckpoint(update.Head, signer(t))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(ledger.NewReceipt(raw, 0, update.Proofs[0], c))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ledger.ParseReceipt(data)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := ledger.Verify(r, vkey); err != nil || report.Leaf != tlog.RecordHash(raw) {
		t.Errorf("%v, %v", report, err)
	}
}

func TestTheReportSaysWhatIsAndWhatIsNotProved(t *testing.T) {
	t.Parallel()
	_, _, _, receipt := goldenLog(t)
	report, err := ledger.Verify(receipt, vkey)
	if err != nil {
		t.Fatal(err)
	}
	text := report.String()
	for _, want := range []string{
		`The log "example.com/assent" signed a head over 11 records.`,
		"Record 6 under that head is this one",
		`accepted by "person" (page) in the campaign "new-terms-2021", received 2021-05-20T10:00:00.123456Z`,
		` and "privacy-policy" version "2021-01-04" in "fr" with SHA-256 ` + digest("Confidentialité\n"),
		"\nNot proved\n", "Who the person is", "The details", "The time", "same log",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "What the page said") || strings.Contains(text, "other signatures") {
		t.Errorf("the report leaves open what the receipt tells:\n%s", text)
	}
	for _, less := range []func(*ledger.Record){
		func(r *ledger.Record) { r.Sentence = "" },
		func(r *ledger.Record) { r.Snapshot = "" },
	} {
		poorer := report
		if less(&poorer.Record); !strings.Contains(poorer.String(), "What the page said") {
			t.Errorf("the report does not say what is missing:\n%s", poorer)
		}
	}
	report.Checkpoint.Others = []string{"witness.example"}
	if !strings.Contains(report.String(), `by ["witness.example"]`) {
		t.Errorf("the report does not name the witness:\n%s", report)
	}
}

func TestAReceiptIsFoundInWhatTheAPIAnswers(t *testing.T) {
	t.Parallel()
	_, _, _, receipt := goldenLog(t)
	data, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	answer := `{"receipt_id":"01","recorded_at":"2021",` + string(data[1:])
	for name, c := range map[string]struct {
		text string
		good bool
	}{
		"a receipt":            {string(data), true},
		"an answer":            {answer, true},
		"with a second record": {strings.Replace(answer, `"record":`, `"record":{},"record":`, 1), false},
		"with a false record":  {strings.Replace(answer, `"actor":"person"`, `"actor":"x","more":1`, 1), false},
		"without a proof":      {strings.Replace(answer, `"proof"`, `"prove"`, 1), false},
		"another file":         {"hello", false},
	} {
		r, err := ledger.FindReceipt([]byte(c.text))
		if err == nil {
			_, err = ledger.Verify(r, vkey)
		}
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
