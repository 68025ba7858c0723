package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrAltered says that the stored tiles are not those of the head: something
// other than Append has changed the log. Stop writing and find out what.
var ErrAltered = errors.New("the stored tiles do not match the head of the log: it was altered, or restored in part")

// TileReader reads the stored hash tile of a level and index: 32 bytes a hash,
// as wide as it is now. The error of a tile that does not exist is the
// reader's own; nothing here asks for one that should not exist.
type TileReader interface {
	ReadTile(ctx context.Context, level int, index int64) ([]byte, error)
}

// Update is what an append changes. Store it in the transaction that stores
// the records, and set the head only where it still is what Append was given:
// of two writers, one must fail.
type Update struct {
	Head   Head
	Tiles  []TileData // every tile that changed, whole; each replaces the narrower one of its level and index
	Proofs [][]Hash   // by record of the batch: its inclusion in Head, as Prove would return it
}

// Append puts canonical records at the end of the log with this head. The
// record numbered i of the batch gets the index head.Size + i. It reads at
// most one tile a level, so its cost does not depend on the length of the log,
// and refuses with ErrAltered to build on tiles that do not hash to the head.
func Append(ctx context.Context, reader TileReader, head Head, records [][]byte) (Update, error) {
	leaves, err := leavesOf(head, records)
	if err != nil {
		return Update{}, err
	}
	tree, err := load(ctx, reader, head)
	if err != nil {
		return Update{}, err
	}
	update := Update{Proofs: make([][]Hash, len(records))}
	join := update.prove
	tree.grow(leaves, join, update.keep)
	update.Head = Head{Size: tree.size, Root: tree.root(join)}
	return update, nil
}

// leavesOf hashes the records, once they are known to fit the log.
func leavesOf(head Head, records [][]byte) ([]node, error) {
	if err := head.check(); err != nil {
		return nil, err
	}
	if int64(len(records)) > MaxSize-head.Size {
		return nil, fmt.Errorf("%d more records do not fit the log", len(records))
	}
	leaves := make([]node, len(records))
	for i, r := range records {
		if len(r) == 0 || len(r) > MaxRecord {
			return nil, fmt.Errorf("record %d of the batch is %d bytes long; the log takes 1 to %d", i, len(r), MaxRecord)
		}
		leaves[i] = node{hash: Leaf(r), from: i, to: i + 1}
	}
	return leaves, nil
}

// load reads the unfinished tiles of a log and checks them against its head.
func load(ctx context.Context, reader TileReader, head Head) (*Tree, error) {
	tree := &Tree{size: head.Size}
	for level := range tree.edge {
		hashes := head.Size >> (tileHeight * level)
		tile := Tile{Level: level, Index: hashes / tileWidth, Width: int(hashes % tileWidth)}
		if tile.Width == 0 {
			continue
		}
		data, err := reader.ReadTile(ctx, tile.Level, tile.Index)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", tile.Path(), err)
		}
		if len(data) != tile.Width*tlog.HashSize {
			return nil, fmt.Errorf("%s is %d bytes long: %w", tile.Path(), len(data), ErrAltered)
		}
		tree.edge[level] = make([]node, tile.Width)
		for i := range tree.edge[level] {
			copy(tree.edge[level][i].hash[:], data[i*tlog.HashSize:])
		}
	}
	if tree.Head() != head {
		return nil, ErrAltered
	}
	return tree, nil
}

// prove is a joiner that hands every new leaf on the left the hash on its
// right and the other way round. Folding a tile and the root visits each
// ancestor of a leaf once, from the bottom up, which is the leaf's proof.
func (u *Update) prove(left, right node) node {
	for i := left.from; i < left.to; i++ {
		u.Proofs[i] = append(u.Proofs[i], right.hash)
	}
	for i := right.from; i < right.to; i++ {
		u.Proofs[i] = append(u.Proofs[i], left.hash)
	}
	parent := pair(left, right)
	parent.from, parent.to = left.from, right.to
	if left.from == left.to {
		parent.from = right.from
	}
	return parent
}

// keep notes a tile that changed.
func (u *Update) keep(tile Tile, hashes []node) {
	u.Tiles = append(u.Tiles, tileData(tile, hashes))
}

// tileData is a tile with its hashes in a row.
func tileData(tile Tile, hashes []node) TileData {
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h.hash[:]...)
	}
	return TileData{Tile: tile, Data: data}
}
