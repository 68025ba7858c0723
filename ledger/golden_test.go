package ledger_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assent/ledger"
	"assent/terms"
)

var update = flag.Bool("update", false, "write the files under testdata anew")

// goldenIndex is where the golden record is in the golden log of eleven.
const goldenIndex = 6

// goldenLog returns the log under testdata/log with the receipt of its record
// number six.
func goldenLog(t testing.TB) (*book, [][]byte, ledger.Checkpoint, ledger.Receipt) {
	t.Helper()
	var records [][]byte
	for i := range 11 {
		r := golden()
		if i != goldenIndex {
			r.ReceiptID = fmt.Sprintf("01hzy3v7q8d0000000000000x%d", i)
			r.Action, r.Effect = terms.Decline, ""
		}
		raw, err := r.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, raw)
	}
	b := newBook()
	proofs := b.append(t, records...).Proofs
	c, err := ledger.SignCheckpoint(b.head, signer(t))
	if err != nil {
		t.Fatal(err)
	}
	return b, records, c, ledger.NewReceipt(records[goldenIndex], goldenIndex, proofs[goldenIndex], c)
}

func TestTheGoldenVectorStaysAsItIs(t *testing.T) {
	t.Parallel()
	b, records, c, receipt := goldenLog(t)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(receipt); err != nil {
		t.Fatal(err)
	}
	bundle, err := ledger.Bundle(records)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{
		"record.json":               records[goldenIndex],
		"details.json":              goldenDetails(),
		"receipt.json":              text.Bytes(),
		"key":                       []byte(vkey + "\n"),
		"log/checkpoint":            []byte(c.Text),
		"log/tile/0/000.p/11":       b.tiles[[2]int64{0, 0}],
		"log/tile/entries/000.p/11": bundle,
	} {
		name = filepath.Join("testdata", filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, name); !bytes.Equal(got, want) {
			t.Errorf("%s holds\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestTheGoldenReceiptVerifies(t *testing.T) {
	t.Parallel()
	receipt, err := ledger.ParseReceipt(read(t, "testdata/receipt.json"))
	if err != nil {
		t.Fatal(err)
	}
	report, err := ledger.Verify(receipt, strings.TrimSpace(string(read(t, "testdata/key"))))
	if err != nil {
		t.Fatal(err)
	}
	if report.Record.ReceiptID != golden().ReceiptID || report.Index != goldenIndex || report.Checkpoint.Head.Size != 11 {
		t.Errorf("verified %+v", report)
	}
}

func TestTheDocumentShowsTheGoldenVector(t *testing.T) {
	t.Parallel()
	doc := string(read(t, "../docs/evidence.md"))
	for _, name := range []string{"record.json", "details.json", "receipt.json", "key", "log/checkpoint"} {
		if want := string(read(t, filepath.Join("testdata", name))); !strings.Contains(doc, want) {
			t.Errorf("docs/evidence.md does not show %s", name)
		}
	}
	for what, want := range map[string]string{
		"the leaf hash":  ledger.Leaf(read(t, "testdata/record.json")).String(),
		"the pseudonym":  golden().Person,
		"the commitment": golden().Details,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("docs/evidence.md does not show %s, %s", what, want)
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
