package ledger

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Entries is the Level of an entry bundle, which holds records, not hashes.
const Entries = -1

// Tile names a row of neighbouring hashes of the log, as C2SP tlog-tiles does:
// the Width hashes from number 256·Index on, each over 256^Level records. Only
// the last tile of a level is narrower than 256.
type Tile struct {
	Level int
	Index int64
	Width int
}

// TileData is a tile with its content: Width hashes of 32 bytes each.
type TileData struct {
	Tile
	Data []byte
}

// Path returns where the tile is served: tile/<L>/<N>[.p/<W>].
func (t Tile) Path() string {
	path := tlog.Tile{H: tileHeight, L: t.Level, N: t.Index, W: t.Width}.Path()
	level, rest, _ := strings.Cut(strings.TrimPrefix(path, "tile/8/"), "/")
	if t.Level == Entries {
		level = "entries"
	}
	return "tile/" + level + "/" + rest
}

// ParsePath reads a path that Path wrote, and no other spelling of it.
func ParsePath(path string) (Tile, error) {
	rest, _ := strings.CutPrefix(path, "tile/")
	if entries, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + entries
	}
	p, err := tlog.ParseTilePath("tile/8/" + rest)
	t := Tile{Level: p.L, Index: p.N, Width: p.W}
	if err != nil || p.L >= tileLevels || p.N > MaxSize/tileWidth || t.Path() != path {
		return Tile{}, fmt.Errorf("%q is not the path of a tile; tile/0/000, tile/1/x001/234.p/5 and tile/entries/000 are", path)
	}
	return t, nil
}

// Cut returns the tile out of a stored tile of the same level and index, which
// may have grown wider since: the first Width hashes.
func (t Tile) Cut(stored []byte) ([]byte, error) {
	if want := t.Width * tlog.HashSize; len(stored) >= want {
		return stored[:want], nil
	}
	return nil, fmt.Errorf("%s holds %d bytes, not %d hashes", t.Path(), len(stored), t.Width)
}

// Bundle returns canonical records as an entry bundle: each after its length
// in two bytes, big-endian. Bundle number n holds the records from 256·n on.
func Bundle(records [][]byte) ([]byte, error) {
	var bundle []byte
	for _, r := range records {
		if len(r) > MaxRecord {
			return nil, fmt.Errorf("a record of %d bytes does not fit a bundle", len(r))
		}
		bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(r)))
		bundle = append(bundle, r...)
	}
	return bundle, nil
}

// ParseBundle returns the records of an entry bundle; with an error, those
// before the place that is wrong.
func ParseBundle(bundle []byte) ([][]byte, error) {
	var records [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return records, fmt.Errorf("the bundle ends inside the length of record %d", len(records))
		}
		n := int(binary.BigEndian.Uint16(bundle))
		if bundle = bundle[2:]; len(bundle) < n {
			return records, fmt.Errorf("the bundle ends inside record %d", len(records))
		}
		records = append(records, bundle[:n:n])
		bundle = bundle[n:]
	}
	return records, nil
}
