package tracker

import (
	"context"
	"fmt"
	"io"

	"assent/ledger"
	"assent/terms"
)

// prove puts the records of choices into the log, within the transaction that
// stores what they prove, under one signature, and gives each its place and its
// proof. The head moves by compare-and-set, so two writers can never fork the
// log.
func (t *Tracker) prove(ctx context.Context, tx Tx, answers []*answer) error {
	records := make([][]byte, len(answers))
	for i, a := range answers {
		records[i] = a.receipt.Record
	}
	first, proofs, signed, err := t.extend(ctx, tx, records)
	if err != nil {
		return err
	}
	for i, a := range answers {
		r := &a.receipt
		r.LeafIndex, r.Checkpoint = first+int64(i), []byte(signed.Text)
		r.Proof = ledger.NewReceipt(r.Record, r.LeafIndex, proofs[i], signed).Proof
	}
	return nil
}

// extend puts records at the end of the log and signs its new head. It returns
// the number of the first, and the proof of each up to that head.
func (t *Tracker) extend(ctx context.Context, tx Tx, records [][]byte) (int64, [][]ledger.Hash, ledger.Checkpoint, error) {
	from, err := tx.Head(ctx)
	if err != nil {
		return 0, nil, ledger.Checkpoint{}, err
	}
	update, err := ledger.Append(ctx, tileReader{tx}, from.head(), records)
	if err != nil {
		return 0, nil, ledger.Checkpoint{}, fmt.Errorf("append to the log: %w", err)
	}
	signed, err := ledger.SignCheckpoint(update.Head, t.Signer, t.Besides...)
	if err != nil {
		return 0, nil, signed, err
	}
	tiles := make([]Tile, len(update.Tiles))
	for i, one := range update.Tiles {
		tiles[i] = Tile{Path: storedPath(one.Level, one.Index), Data: one.Data}
	}
	to := LogHead{Size: update.Head.Size, Root: update.Head.Root[:], Checkpoint: []byte(signed.Text)}
	return from.Size, update.Proofs, signed, tx.SaveLog(ctx, from, to, records, tiles)
}

// head returns the state as the ledger knows it.
func (h LogHead) head() ledger.Head {
	out := ledger.Empty()
	if h.Size > 0 {
		out.Size = h.Size
		copy(out.Root[:], h.Root)
	}
	return out
}

// tileReader lets the ledger read the store's tiles.
type tileReader struct{ r Reader }

// ReadTile returns the stored hash tile of a level and index.
func (t tileReader) ReadTile(ctx context.Context, level int, index int64) ([]byte, error) {
	return t.r.Tile(ctx, storedPath(level, index))
}

// storedPath is where a tile is kept: its path at full width, however wide it
// is so far, so that a wider one replaces it.
func storedPath(level int, index int64) string {
	return ledger.Tile{Level: level, Index: index, Width: 256}.Path()
}

// pseudonym returns how the log names whoever chooses, drawing the key on first
// use.
func (t *Tracker) pseudonym(g *group, a *answer) (string, error) {
	var key [32]byte
	if stored, known := g.keys[a.before.Ref]; known {
		copy(key[:], stored)
		return ledger.Pseudonym(key, a.Person), nil
	}
	if _, err := io.ReadFull(t.Random, key[:]); err != nil {
		return "", fmt.Errorf("draw a key: %w", err)
	}
	a.key = key[:]
	return ledger.Pseudonym(key, a.Person), nil
}

// Checkpoint returns the newest signed head of the log; NotFound while the log
// is empty.
func (t *Tracker) Checkpoint(ctx context.Context) ([]byte, error) {
	head, err := read(ctx, t, func(r Reader) (LogHead, error) { return r.Head(ctx) })
	if err == nil && head.Size == 0 {
		err = terms.Errorf(terms.NotFound, "the log is empty: nobody has done anything yet")
	}
	return head.Checkpoint, err
}

// Tile returns the bytes of a tile of the log by its C2SP path, such as
// tile/0/000 or tile/entries/000.p/7; NotFound when the log has not got there.
func (t *Tracker) Tile(ctx context.Context, path string) ([]byte, error) {
	tile, err := ledger.ParsePath(path)
	if err != nil {
		return nil, terms.Errorf(terms.NotFound, "%v", err)
	}
	var data []byte
	err = t.Store.View(ctx, func(r Reader) error {
		if tile.Level == ledger.Entries {
			data, err = bundle(ctx, r, tile)
			return err
		}
		stored, err := r.Tile(ctx, storedPath(tile.Level, tile.Index))
		if err != nil {
			return err
		}
		data, err = tile.Cut(stored)
		if err != nil {
			return terms.Errorf(terms.NotFound, "%v", err)
		}
		return nil
	})
	return data, err
}

func bundle(ctx context.Context, r Reader, tile ledger.Tile) ([]byte, error) {
	records, err := r.Records(ctx, tile.Index*256, tile.Width)
	if err != nil {
		return nil, err
	}
	if len(records) < tile.Width {
		return nil, terms.Errorf(terms.NotFound, "the log has %d of the %d records of %s", len(records), tile.Width, tile.Path())
	}
	return ledger.Bundle(records)
}
