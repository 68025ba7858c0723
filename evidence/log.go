package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"time"

	"assent/ledger"

	"golang.org/x/mod/sumdb/note"
)

// Names in an exported log, besides those of its tiles.
const (
	checkpointFile = "checkpoint"
	keysFile       = "keys"
	readmeFile     = "README.txt"
)

// tileWidth is how many records a full bundle holds.
const tileWidth = 256

// LogOptions is what a log is held against; the zero value is its own
// checkpoint alone.
type LogOptions struct {
	Kept     []ledger.Checkpoint // that the log has to continue
	Progress func(records int64) // called now and then from one goroutine; may be nil
}

// LogReport is what a verified log says.
type LogReport struct {
	Checkpoint  ledger.Checkpoint
	Kept        []ledger.Checkpoint
	Counts      map[string]int64 // by kind and action, such as "response accepted", "act", and kinds not known here
	Strange     int64            // records of kinds that are not known here
	Erased      int64            // records that tombstones name
	First, Last time.Time        // of the records that tell; zero when there is none
}

// VerifyLog verifies a whole log, laid out as it is served: checkpoint,
// tile/0/000, tile/entries/000 and so on. Its memory does not grow with the log.
//
// The error is an *Unproved where the log does not hold, a *ledger.Split where
// it does not continue a kept checkpoint, and anything else where it cannot be
// read. The report is as far as the verification came.
func VerifyLog(ctx context.Context, dir fs.FS, known note.Verifiers, o LogOptions) (LogReport, error) {
	report := LogReport{Counts: map[string]int64{}, Kept: o.Kept}
	text, err := fs.ReadFile(dir, checkpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		return report, unproved(checkpointFile, "is missing")
	}
	if err != nil {
		return report, err
	}
	if report.Checkpoint, err = ledger.ParseCheckpoint(string(text), known); err != nil {
		return report, unproved(checkpointFile, "%v", err)
	}
	a := &audit{dir: dir, head: report.Checkpoint.Head, report: &report}
	if err := a.all(ctx, o.Progress); err != nil {
		return report, err
	}
	if err := a.faults.orNil(); err != nil {
		return report, err
	}
	for _, kept := range o.Kept {
		if err := ledger.Continues(ctx, shelf{dir, a.head}, report.Checkpoint, kept); err != nil {
			return report, err
		}
	}
	return report, nil
}

// audit is one verification of a log under way.
type audit struct {
	dir    fs.FS
	head   ledger.Head
	tree   ledger.Tree // of the leaves as they have to be, as far as that is known
	faults Unproved
	report *LogReport
}

// hopeless is how many faults end a verification: there is no log here.
const hopeless = 10_000

// all reads the bundles in rounds: each is read and hashed on all processors,
// and then judged in order.
func (a *audit) all(ctx context.Context, progress func(int64)) error {
	bundles := (a.head.Size + tileWidth - 1) / tileWidth
	workers := runtime.GOMAXPROCS(0)
	round := int64(8 * workers)
	for from := int64(0); from < bundles; from += round {
		if err := ctx.Err(); err != nil {
			return err
		}
		read := make([]bundle, min(round, bundles-from))
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				for i := w; i < len(read); i += workers {
					read[i] = a.read(from + int64(i))
				}
			})
		}
		group.Wait()
		for i := range read {
			if err := a.judge(ctx, &read[i]); err != nil {
				return err
			}
		}
		if a.faults.Count >= hopeless {
			return nil
		}
		if progress != nil {
			progress(min((from+round)*tileWidth, a.head.Size))
		}
	}
	for _, tile := range a.tree.Unfinished() {
		if err := a.compare(tile); err != nil {
			return err
		}
	}
	if head := a.tree.Head(); a.faults.Count == 0 && head != a.head {
		a.faults.add(checkpointFile, "signs another root than that of these records and tiles, which agree with each other: the log was rewritten")
	}
	return nil
}

// bundle is up to 256 records as they were found.
type bundle struct {
	index   int64
	hashes  ledger.Tile // the tile of their hashes
	missing bool        // there is no such file
	leaves  []ledger.Hash
	entries []ledger.Entry
	wrong   []error // by record: why it is none; nil for most
	shape   error   // of the bundle itself
	err     error   // it could not be read
}

// read reads a bundle and hashes its records.
func (a *audit) read(index int64) bundle {
	width := int(min(tileWidth, a.head.Size-index*tileWidth))
	b := bundle{index: index, hashes: ledger.Tile{Level: 0, Index: index, Width: width}}
	data, err := fs.ReadFile(a.dir, b.path())
	if errors.Is(err, fs.ErrNotExist) {
		b.missing = true
		return b
	}
	if err != nil {
		b.err = err
		return b
	}
	var records [][]byte
	records, b.shape = ledger.ParseBundle(data)
	if more := len(records) - width; more > 0 {
		b.shape = fmt.Errorf("holds %d records too many", more)
		records = records[:width]
	}
	b.leaves, b.entries, b.wrong = make([]ledger.Hash, len(records)), make([]ledger.Entry, len(records)), make([]error, len(records))
	for i, r := range records {
		b.leaves[i] = ledger.Leaf(r)
		b.entries[i], b.wrong[i] = ledger.ReadEntry(r)
	}
	return b
}

// path is where the bundle stands.
func (b *bundle) path() string {
	return ledger.Tile{Level: ledger.Entries, Index: b.index, Width: b.hashes.Width}.Path()
}

// judge compares the records of a bundle with the hashes that were logged, and
// goes on with the hashes that are right, so that one bad record is one fault.
func (a *audit) judge(ctx context.Context, b *bundle) error {
	if b.err != nil {
		return b.err
	}
	logged, err := a.logged(b.hashes)
	if err != nil {
		return err
	}
	if logged == nil || !slices.Equal(b.leaves, logged) || b.shape != nil {
		if logged, err = a.blame(ctx, b, logged); err != nil {
			return err
		}
	}
	for i, e := range b.entries {
		if b.wrong[i] != nil && i < len(logged) && b.leaves[i] == logged[i] {
			a.faults.add(recordName(b.index*tileWidth+int64(i), ""), "is as it was logged, but is no record: %v", b.wrong[i])
		}
		a.report.count(e)
	}
	for _, full := range a.tree.AddLeaves(logged...) {
		if full.Level > 0 {
			if err := a.compare(full); err != nil {
				return err
			}
		}
	}
	return nil
}

// logged returns the hashes in a tile of level 0; nil when it is not there, or
// cannot be one.
func (a *audit) logged(tile ledger.Tile) ([]ledger.Hash, error) {
	data, err := fs.ReadFile(a.dir, tile.Path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.faults.add(tile.Path(), "is missing")
		return nil, nil
	case err != nil:
		return nil, err
	case len(data) != tile.Width*len(ledger.Hash{}):
		a.faults.add(tile.Path(), "is %d bytes long, not %d", len(data), tile.Width*len(ledger.Hash{}))
		return nil, nil
	}
	hashes := make([]ledger.Hash, tile.Width)
	for i := range hashes {
		copy(hashes[i][:], data[i*len(ledger.Hash{}):])
	}
	return hashes, nil
}

// blame finds out whether records or hashes are wrong where they differ: hashes
// that lead to the signed root are right. It returns the leaves to go on with.
func (a *audit) blame(ctx context.Context, b *bundle, logged []ledger.Hash) ([]ledger.Hash, error) {
	signed, err := a.signed(ctx, b)
	if err != nil {
		return nil, err
	}
	first := b.index * tileWidth
	switch {
	case b.missing && logged != nil:
		a.faults.add(b.path(), "is missing: records %d to %d", first, first+int64(b.hashes.Width)-1)
		return logged, nil
	case b.missing:
		a.faults.add(b.path(), "is missing")
		return make([]ledger.Hash, b.hashes.Width), nil
	case logged != nil && !signed && b.shape == nil && len(b.leaves) == b.hashes.Width:
		a.faults.add(b.hashes.Path(), "was altered: it is not what the records from %d on hash to, and does not lead to the signed root", first)
		return b.leaves, nil
	}
	before := a.faults.Count
	for i := range b.leaves {
		if logged != nil && b.leaves[i] != logged[i] {
			a.faults.add(recordName(first+int64(i), b.entries[i].ID), "is not the one that was logged: it was altered, moved or replaced")
		}
	}
	if missing := b.hashes.Width - len(b.leaves); missing > 0 {
		a.faults.add(recordName(first+int64(len(b.leaves)), ""), "is missing in %s, and so are all %d to the end of it", b.path(), missing)
	}
	if b.shape != nil && a.faults.Count == before {
		a.faults.add(b.path(), "%v", b.shape)
	}
	if logged == nil {
		return slices.Concat(b.leaves, make([]ledger.Hash, b.hashes.Width-len(b.leaves))), nil
	}
	return logged, nil
}

// signed reports whether the tile of a bundle's hashes leads to the signed root.
func (a *audit) signed(ctx context.Context, b *bundle) (bool, error) {
	_, err := ledger.Prove(ctx, shelf{a.dir, a.head}, a.head, b.index*tileWidth)
	if errors.Is(err, ledger.ErrAltered) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errShort) {
		return false, nil
	}
	return err == nil, err
}

// compare compares a tile above level 0 with the one that is there, and the
// last tile of level 0, which blame has judged, with nothing.
func (a *audit) compare(tile ledger.TileData) error {
	if tile.Level == 0 {
		return nil
	}
	data, err := fs.ReadFile(a.dir, tile.Path())
	if errors.Is(err, fs.ErrNotExist) {
		a.faults.add(tile.Path(), "is missing")
		return nil
	}
	if err != nil {
		return err
	}
	if slices.Equal(data, tile.Data) {
		return nil
	}
	at := 0
	for at < min(len(data), len(tile.Data)) && data[at] == tile.Data[at] {
		at++
	}
	span := int64(1) << (8 * tile.Level)
	from := (tile.Index*tileWidth + int64(at/len(ledger.Hash{}))) * span
	a.faults.add(tile.Path(), "differs at hash %d: it was altered, or so were the records from %d to %d together with their hashes",
		at/len(ledger.Hash{}), from, from+span-1)
	return nil
}

// recordName is what a fault calls a record.
func recordName(index int64, id string) string {
	if id == "" {
		return fmt.Sprintf("record %d", index)
	}
	return fmt.Sprintf("record %d (%s)", index, id)
}

// errShort says that a tile is not as wide as it has to be.
var errShort = errors.New("is not as wide as it has to be")

// shelf reads the tiles of a log in a directory.
type shelf struct {
	dir  fs.FS
	head ledger.Head
}

// ReadTile returns the tile of a level and index, as wide as the log has it.
func (s shelf) ReadTile(_ context.Context, level int, index int64) ([]byte, error) {
	hashes := s.head.Size >> (8 * level)
	tile := ledger.Tile{Level: level, Index: index, Width: int(min(tileWidth, hashes-index*tileWidth))}
	data, err := fs.ReadFile(s.dir, tile.Path())
	if err == nil && len(data) != tile.Width*len(ledger.Hash{}) {
		err = fmt.Errorf("%s: %w", tile.Path(), errShort)
	}
	return data, err
}

// count adds a record to the report.
func (r *LogReport) count(e ledger.Entry) {
	if !e.Known() {
		r.Strange++
	}
	name := e.Kind
	if e.Kind == ledger.KindResponse {
		name = e.Action
	}
	r.Counts[name]++
	r.Erased += int64(e.Erased)
	if e.At.IsZero() {
		return
	}
	if r.First.IsZero() || e.At.Before(r.First) {
		r.First = e.At
	}
	if e.At.After(r.Last) {
		r.Last = e.At
	}
}
