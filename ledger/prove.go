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
	b := &bridge{ctx: ctx, reader: reader}
	proof, err := tlog.ProveRecord(head.Size, index, b.of(head))
	return proof, b.explain(err)
}

// Split is the proof that a log was rolled back, cut short or rewritten: two
// checkpoints, both signed, of which the later does not extend the earlier.
// It is an ErrAltered.
type Split struct {
	Kept Checkpoint // the one that was kept elsewhere
	Now  Checkpoint // the one the log has now; without a text while it is empty
}

// Short reports whether the log has fewer records than it once had.
func (s *Split) Short() bool { return s.Now.Head.Size < s.Kept.Head.Size }

// Error says what is wrong, without the checkpoints.
func (s *Split) Error() string {
	if s.Short() {
		return fmt.Sprintf("the log has %d records and once had %d: it was rolled back, or cut short", s.Now.Head.Size, s.Kept.Head.Size)
	}
	return fmt.Sprintf("the first %d records of the log are no longer the same: it was rewritten, or is another branch", s.Kept.Head.Size)
}

// Unwrap makes it an ErrAltered.
func (s *Split) Unwrap() error { return ErrAltered }

// Proof is both checkpoints, for whoever has to be shown.
func (s *Split) Proof() string {
	now := s.Now.Text
	if now == "" {
		now = "(none: the log is empty)\n"
	}
	return "The checkpoint that was kept:\n\n" + s.Kept.Text + "\nThe checkpoint of the log now:\n\n" + now
}

// Extends checks that the log still begins with the records of an older head.
// The error is ErrAltered when the log was rolled back, cut short or rewritten
// since.
func Extends(ctx context.Context, reader TileReader, head, older Head) error {
	return Continues(ctx, reader, Checkpoint{Head: head}, Checkpoint{Head: older})
}

// Continues is Extends for checkpoints, of which one was kept elsewhere: the
// error is a *Split when the log does not begin with its records, and
// ErrAltered when the stored tiles do not even belong to the log's own head.
func Continues(ctx context.Context, reader TileReader, now, kept Checkpoint) error {
	for _, h := range []Head{now.Head, kept.Head} {
		if err := h.check(); err != nil {
			return err
		}
	}
	if kept.Head.Size > now.Head.Size {
		return &Split{Kept: kept, Now: now}
	}
	b := &bridge{ctx: ctx, reader: reader}
	root, err := tlog.TreeHash(kept.Head.Size, b.of(now.Head))
	if err != nil {
		return b.explain(err)
	}
	if root != kept.Head.Root {
		return &Split{Kept: kept, Now: now}
	}
	return nil
}

// bridge lets x/mod read our tiles during one call. Its interface takes no
// context, and does not say whether reading or checking failed: failed does.
type bridge struct {
	ctx    context.Context
	reader TileReader
	failed error
}

// of returns a reader of the hashes of a log; it checks each against the head.
func (b *bridge) of(head Head) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root}, b)
}

// explain tells a tile that cannot be read from one that is wrong.
func (b *bridge) explain(err error) error {
	if err == nil || b.failed != nil {
		return b.failed
	}
	return fmt.Errorf("%w (%w)", ErrAltered, err)
}

// Height returns the height of the tiles.
func (b *bridge) Height() int { return tileHeight }

// ReadTiles reads the tiles that x/mod asks for.
func (b *bridge) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, w := range wanted {
		tile := Tile{Level: w.L, Index: w.N, Width: w.W}
		stored, err := b.reader.ReadTile(b.ctx, tile.Level, tile.Index)
		if err != nil {
			b.failed = fmt.Errorf("read %s: %w", tile.Path(), err)
			return nil, b.failed
		}
		if data[i], err = tile.Cut(stored); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// SaveTiles is where x/mod would fill a cache; the store is near enough.
func (b *bridge) SaveTiles([]tlog.Tile, [][]byte) {}
