package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256 hash; in JSON, standard base64.
type Hash = tlog.Hash

// MaxSize is the most records a log can hold: the largest integer that every
// reader of JSON reads exactly.
const MaxSize = 1<<53 - 1

// Head names one state of the log: how many records it holds, and the RFC 6962
// hash over all of them in order. Two heads of one size and different roots
// cannot both be of the same log.
type Head struct {
	Size int64
	Root Hash
}

// Empty returns the head of a log without records.
func Empty() Head {
	var t Tree
	return t.Head()
}

// check refuses heads no log can have; x/mod's arithmetic relies on it.
func (h Head) check() error {
	switch {
	case h.Size < 0 || h.Size > MaxSize:
		return fmt.Errorf("a log cannot hold %d records", h.Size)
	case h.Size == 0 && h != Empty():
		return errors.New("the root of an empty log is not that of an empty log")
	}
	return nil
}

// The shape of the tiles, as C2SP tlog-tiles fixes it.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileLevels = 7 // a level is 256 times as long as the next, and 256^7 > MaxSize
)

// Tree grows a log in memory. It keeps only the tiles that are still being
// filled, at most 255 hashes a level, so a log of any length can be replayed
// record by record and its Head compared with a checkpoint. The zero value is
// the empty log.
type Tree struct {
	size int64
	edge [tileLevels][]node // by level, the hashes of the unfinished tile
}

// Add puts canonical records at the end of the log, in order.
func (t *Tree) Add(records ...[]byte) {
	leaves := make([]node, len(records))
	for i, r := range records {
		leaves[i].hash = Leaf(r)
	}
	t.grow(leaves, pair, func(Tile, []node) {})
}

// AddLeaves is Add for records that are hashed already. It returns the tiles
// that became full, lower levels first.
func (t *Tree) AddLeaves(hashes ...Hash) []TileData {
	leaves := make([]node, len(hashes))
	for i, h := range hashes {
		leaves[i].hash = h
	}
	var full []TileData
	t.grow(leaves, pair, func(tile Tile, row []node) {
		if tile.Width == tileWidth {
			full = append(full, tileData(tile, row))
		}
	})
	return full
}

// Unfinished returns the tiles that are still being filled, lower levels first.
func (t *Tree) Unfinished() []TileData {
	var out []TileData
	for level, row := range t.edge {
		if len(row) > 0 {
			index := t.size >> (tileHeight * (level + 1))
			out = append(out, tileData(Tile{Level: level, Index: index, Width: len(row)}, row))
		}
	}
	return out
}

// Head returns the state after the records added so far.
func (t *Tree) Head() Head {
	return Head{Size: t.size, Root: t.root(pair)}
}

// node is the root of a complete subtree, with the new leaves that lie under
// it: numbers from (inclusive) and to (exclusive) of the batch being appended.
type node struct {
	hash     Hash
	from, to int
}

// joiner makes the parent of two neighbours.
type joiner func(left, right node) node

// pair is the joiner that only hashes.
func pair(left, right node) node {
	return node{hash: tlog.NodeHash(left.hash, right.hash)}
}

// grow adds leaves on the right, level by level: they fill up tiles, and each
// tile that is full becomes one hash of the level above. It reports every tile
// that changed.
func (t *Tree) grow(leaves []node, join joiner, changed func(Tile, []node)) {
	index := t.size
	t.size += int64(len(leaves))
	for level, fresh := 0, leaves; len(fresh) > 0; level++ {
		index /= tileWidth // now that of the unfinished tile of this level
		row := slices.Concat(t.edge[level], fresh)
		fresh, t.edge[level] = nil, nil
		for n := index; len(row) > 0; n++ {
			tile := row[:min(len(row), tileWidth)]
			row = row[len(tile):]
			changed(Tile{Level: level, Index: n, Width: len(tile)}, tile)
			if len(tile) == tileWidth {
				fresh = append(fresh, fold(tile, join))
			} else {
				t.edge[level] = tile
			}
		}
	}
}

// root hashes the unfinished tiles into the root: the whole of each level is
// the last, incomplete hash of the level above.
func (t *Tree) root(join joiner) Hash {
	var below []node
	for _, row := range t.edge {
		if row = slices.Concat(row, below); len(row) > 0 {
			below = []node{fold(row, join)}
		}
	}
	if len(below) == 0 {
		return sha256.Sum256(nil)
	}
	return below[0].hash
}

// fold returns the RFC 6962 tree hash over a row of neighbours: the left part
// is the largest complete tree that leaves something for the right.
func fold(row []node, join joiner) node {
	if len(row) == 1 {
		return row[0]
	}
	k := 1 << (bits.Len(uint(len(row)-1)) - 1)
	return join(fold(row[:k], join), fold(row[k:], join))
}
