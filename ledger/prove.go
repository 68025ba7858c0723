package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Prove returns the path from a record to the head of the log: the hashes of
// the neighbouring subtrees, from the leaf's sibling up (RFC 6962, 2.1.1). It
// reads at most two tiles a level; the stored tiles may have grown past the
// head. A path from tiles that do not hash to the head is ErrAltered.
func Prove(ctx context.Context, reader TileReader, head Head, index int64) ([]Hash, error) {
	if err := head.check(); err != nil {
		return nil, err
	}
	if index < 0 || index >= head.Size {
		return nil, fmt.Errorf("a log of %d records has no record %d", head.Size, index)
	}
	tiles := &tiles{ctx: ctx, reader: reader}
	proof, err := tlog.ProveRecord(head.Size, index, tiles.of(head))
	return proof, tiles.explain(err)
}

// Extends checks that the log still begins with the records of an older head,
// such as the one in a checkpoint kept elsewhere. The error is ErrAltered when
// the log was rolled back, cut short or rewritten since.
func Extends(ctx context.Context, reader TileReader, head, older Head) error {
	for _, h := range []Head{head, older} {
		if err := h.check(); err != nil {
			return err
		}
	}
	if older.Size > head.Size {
		return fmt.Errorf("the log has %d records and once had %d: %w", head.Size, older.Size, ErrAltered)
	}
	tiles := &tiles{ctx: ctx, reader: reader}
	root, err := tlog.TreeHash(older.Size, tiles.of(head))
	if err != nil {
		return tiles.explain(err)
	}
	if root != older.Root {
		return fmt.Errorf("the first %d records are no longer the same: %w", older.Size, ErrAltered)
	}
	return nil
}

// tiles lets x/mod read our tiles during one call. Its interface takes no
// context, and does not say whether reading or checking failed: failed does.
type tiles struct {
	ctx    context.Context
	reader TileReader
	failed error
}

// of returns a reader of the hashes of a log; it checks each against the head.
func (t *tiles) of(head Head) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root}, t)
}

// explain tells a tile that cannot be read from one that is wrong.
func (t *tiles) explain(err error) error {
	if err == nil || t.failed != nil {
		return t.failed
	}
	return fmt.Errorf("%w (%w)", ErrAltered, err)
}

// Height returns the height of the tiles.
func (t *tiles) Height() int { return tileHeight }

// ReadTiles reads the tiles that x/mod asks for.
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, w := range wanted {
		tile := Tile{Level: w.L, Index: w.N, Width: w.W}
		stored, err := t.reader.ReadTile(t.ctx, tile.Level, tile.Index)
		if err != nil {
			t.failed = fmt.Errorf("read %s: %w", tile.Path(), err)
			return nil, t.failed
		}
		if data[i], err = tile.Cut(stored); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// SaveTiles is where x/mod would fill a cache; the store is near enough.
func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}
