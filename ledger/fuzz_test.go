package ledger_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"assent/ledger"
)

// The only head the golden key has ever signed for these targets is that of
// the golden log: whatever they accept must be of that log.

func FuzzParseCheckpoint(f *testing.F) {
	_, _, c, _ := goldenLog(f)
	f.Add(c.Text)
	f.Add(strings.ReplaceAll(c.Text, "\n", "\r\n"))
	f.Add(strings.Replace(c.Text, "\n11\n", "\n0\n", 1))
	f.Add(c.Text + "— witness.example " + strings.Repeat("A", 92) + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ledger.ParseCheckpoint(text, verifiers(t))
		if err == nil && (got.Head != c.Head || got.Origin != c.Origin) {
			t.Fatalf("accepted %+v", got)
		}
	})
}

func FuzzVerify(f *testing.F) {
	_, records, _, receipt := goldenLog(f)
	data, err := json.Marshal(receipt)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(bytes.Replace(data, []byte(`"leaf_index":6`), []byte(`"leaf_index":9223372036854775807`), 1))
	f.Add(bytes.Replace(data, []byte(`"tree_size":11`), []byte(`"tree_size":0`), 1))
	f.Add([]byte(`{"record":{"kind":"response"},"proof":{"hashes":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ledger.ParseReceipt(data)
		if err != nil {
			return
		}
		report, err := ledger.Verify(r, vkey)
		if err != nil {
			return
		}
		raw, err := report.Record.Canonical()
		if err != nil || report.Index >= int64(len(records)) || !bytes.Equal(raw, records[report.Index]) {
			t.Fatalf("accepted %s (%v)", data, err)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	f.Add("tile/0/x001/234.p/5")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		if tile, err := ledger.ParsePath(path); err == nil && (tile.Path() != path || tile.Index < 0 || tile.Width < 1 || tile.Width > 256) {
			t.Fatalf("%q was read as %v", path, tile)
		}
	})
}

func FuzzReadEntry(f *testing.F) {
	_, records, _, _ := goldenLog(f)
	for _, record := range records {
		f.Add(record)
	}
	stone, err := goldenErasure().Canonical()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stone)
	f.Add([]byte(`{"format":1,"kind":"a kind of later"}`))
	f.Add([]byte(`{"format":1e0,"kind":"act"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ledger.ReadEntry(raw)
		if err != nil {
			return
		}
		if e.Kind == "" || bytes.ContainsAny(raw[:1], " \n\t") || !json.Valid(raw) {
			t.Fatalf("%q was read as %+v", raw, e)
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 'x', 0, 2, 'y', 'z'})
	f.Add([]byte{255, 255, 'x'})
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := ledger.ParseBundle(data)
		if err != nil {
			return
		}
		if again, err := ledger.Bundle(records); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%x became %x (%v)", data, again, err)
		}
	})
}
