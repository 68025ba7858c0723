package evidence

import (
	"context"
	"fmt"
	"io/fs"

	"assent/ledger"

	"golang.org/x/mod/sumdb/note"
)

// Tombstones verifies a whole log, as VerifyLog does, and lists the erasures it
// tells of, oldest first.
func Tombstones(ctx context.Context, dir fs.FS, known note.Verifiers, o LogOptions) ([]ledger.Erasure, error) {
	report, err := VerifyLog(ctx, dir, known, o)
	if err != nil {
		return nil, err
	}
	var list []ledger.Erasure
	size := report.Checkpoint.Head.Size
	for from := int64(0); from < size; from += tileWidth {
		tile := ledger.Tile{Level: ledger.Entries, Index: from / tileWidth, Width: int(min(tileWidth, size-from))}
		data, err := fs.ReadFile(dir, tile.Path())
		if err != nil {
			return nil, err
		}
		records, err := ledger.ParseBundle(data)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", tile.Path(), err)
		}
		for _, record := range records {
			if e, err := ledger.ReadEntry(record); err != nil || e.Kind != ledger.KindErasure || !e.Known() {
				continue // of another kind, or of a newer form
			}
			stone, _, err := ledger.ParseErasure(record)
			if err != nil {
				return nil, fmt.Errorf("read a tombstone in %s: %w", tile.Path(), err)
			}
			list = append(list, stone)
		}
	}
	return list, nil
}
