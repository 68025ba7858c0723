package evidence_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"assent/ledger"
	"assent/terms"

	"golang.org/x/mod/sumdb/note"
)

const origin = "example.com/assent"

// house is a log with the key that signs it.
type house struct {
	t       testing.TB
	signer  note.Signer
	public  string
	head    ledger.Head
	tiles   map[string][]byte // by path at full width
	records [][]byte
}

func newHouse(t testing.TB, seed byte) *house {
	t.Helper()
	secret, public, err := ledger.NewKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return &house{t: t, signer: signer, public: public, head: ledger.Empty(), tiles: map[string][]byte{}}
}

func (h *house) known() note.Verifiers {
	h.t.Helper()
	known, err := ledger.Verifiers(h.public)
	if err != nil {
		h.t.Fatal(err)
	}
	return known
}

// ReadTile returns a stored tile.
func (h *house) ReadTile(_ context.Context, level int, index int64) ([]byte, error) {
	data, ok := h.tiles[ledger.Tile{Level: level, Index: index, Width: 256}.Path()]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return data, nil
}

// add appends records to the log.
func (h *house) add(records ...[]byte) *house {
	h.t.Helper()
	update, err := ledger.Append(h.t.Context(), h, h.head, records)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, one := range update.Tiles {
		h.tiles[ledger.Tile{Level: one.Level, Index: one.Index, Width: 256}.Path()] = one.Data
	}
	h.head, h.records = update.Head, append(h.records, records...)
	return h
}

// checkpoint signs the log as it is.
func (h *house) checkpoint() ledger.Checkpoint {
	h.t.Helper()
	c, err := ledger.SignCheckpoint(h.head, h.signer)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// Checkpoint is what the log serves.
func (h *house) Checkpoint(context.Context) ([]byte, error) { return []byte(h.checkpoint().Text), nil }

// Tile is what the log serves.
func (h *house) Tile(_ context.Context, path string) ([]byte, error) {
	tile, err := ledger.ParsePath(path)
	if err != nil {
		return nil, err
	}
	if tile.Level == ledger.Entries {
		from := int(tile.Index) * 256
		return ledger.Bundle(h.records[from : from+tile.Width])
	}
	return tile.Cut(h.tiles[ledger.Tile{Level: tile.Level, Index: tile.Index, Width: 256}.Path()])
}

// laidOut is the log as it is exported, in memory.
func (h *house) laidOut() fstest.MapFS {
	h.t.Helper()
	files := fstest.MapFS{"checkpoint": {Data: []byte(h.checkpoint().Text)}}
	put := func(tile ledger.Tile) {
		data, err := h.Tile(h.t.Context(), tile.Path())
		if err != nil {
			h.t.Fatal(err)
		}
		files[tile.Path()] = &fstest.MapFile{Data: data}
	}
	for level := 0; h.head.Size>>(8*level) > 0; level++ {
		hashes := h.head.Size >> (8 * level)
		for at := int64(0); at < hashes; at += 256 {
			tile := ledger.Tile{Level: level, Index: at / 256, Width: int(min(256, hashes-at))}
			put(tile)
			if level == 0 {
				tile.Level = ledger.Entries
				put(tile)
			}
		}
	}
	return files
}

// copied is a layout that can be changed without changing the other.
func copied(files fstest.MapFS) fstest.MapFS {
	out := maps.Clone(files)
	for name, file := range out {
		out[name] = &fstest.MapFile{Data: bytes.Clone(file.Data)}
	}
	return out
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// choices makes records of responses; every seventh is an act of staff.
func choices(t testing.TB, from, n int) [][]byte {
	t.Helper()
	begin := time.Date(2021, 5, 20, 10, 0, 0, 0, time.UTC)
	records := make([][]byte, n)
	for i := range records {
		number := from + i
		at := begin.Add(time.Duration(number) * time.Second)
		var raw []byte
		var err error
		if number%7 == 6 {
			raw, err = ledger.Act{ID: fmt.Sprintf("act_%d", number), At: at, Actor: "mei", Action: "plan.activate", Object: "new-terms", Details: digest("why")}.Canonical()
		} else {
			raw, err = choice(number, at).Canonical()
		}
		if err != nil {
			t.Fatal(err)
		}
		records[i] = raw
	}
	return records
}

func choice(number int, at time.Time) ledger.Record {
	return ledger.Record{
		ReceiptID: fmt.Sprintf("rcp_%d", number), Campaign: "new-terms", Plan: 1, Action: terms.Accept, Effect: terms.Full,
		Documents: []terms.DocumentText{{Document: "terms-of-service", Version: "2021-01-04", Locale: "fr", SHA256: digest("Soyez gentils.\n")}},
		Method:    ledger.MethodAPI, Actor: "key_1", ReceivedAt: at, Stage: "reminded", Region: "FR",
		Person: digest(fmt.Sprintf("person %d", number)), Details: digest(fmt.Sprintf("details %d", number)),
	}
}
