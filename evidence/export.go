package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"assent/ledger"

	"golang.org/x/mod/sumdb/note"
)

// Log is where a log is read from.
type Log interface {
	// Checkpoint returns the newest signed head.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Tile returns a tile or bundle by its path, also one that has grown since.
	Tile(ctx context.Context, path string) ([]byte, error)
}

// ExportLog writes a whole log into a directory, laid out as it is served, and
// verifies what it wrote. A directory that holds an earlier export of the log is
// brought up to date: what is full never changes, so only the rest is written,
// and a log that does not continue the earlier export is refused, as a
// *ledger.Split. The checkpoint is written last: an export that broke off left
// the earlier one good.
func ExportLog(ctx context.Context, log Log, keys, dir string, progress func(done, all int64)) (LogReport, error) {
	known, err := ledger.Verifiers(keys)
	if err != nil {
		return LogReport{}, err
	}
	text, err := log.Checkpoint(ctx)
	if err != nil {
		return LogReport{}, err
	}
	now, err := ledger.ParseCheckpoint(string(text), known)
	if err != nil {
		return LogReport{}, unproved(checkpointFile, "%v", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return LogReport{}, err
	}
	kept, err := earlier(dir, known)
	if err != nil {
		return LogReport{}, err
	}
	for _, k := range kept {
		if k.Head.Size > now.Head.Size {
			return LogReport{}, &ledger.Split{Kept: k, Now: now}
		}
	}
	w := &exporter{log: log, dir: dir, head: now.Head, progress: progress}
	if err := w.tiles(ctx); err != nil {
		return LogReport{}, err
	}
	for name, content := range map[string]string{keysFile: keys + "\n", readmeFile: logReadme} {
		if err := writeFile(filepath.Join(dir, name), []byte(content)); err != nil {
			return LogReport{}, err
		}
	}
	return w.finish(ctx, known, text, kept)
}

// earlier is the checkpoint of an earlier export in the directory.
func earlier(dir string, known note.Verifiers) ([]ledger.Checkpoint, error) {
	text, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := ledger.ParseCheckpoint(string(text), known)
	if err != nil {
		return nil, unproved(filepath.Join(dir, checkpointFile), "%v; export into an empty directory", err)
	}
	return []ledger.Checkpoint{c}, nil
}

// exporter is one export under way.
type exporter struct {
	log      Log
	dir      string
	head     ledger.Head
	progress func(done, all int64) // in records; may be nil
}

// tiles writes the bundles of records and the tiles of hashes.
func (e *exporter) tiles(ctx context.Context) error {
	for at := int64(0); at < e.head.Size; at += tileWidth {
		width := int(min(tileWidth, e.head.Size-at))
		for _, level := range []int{ledger.Entries, 0} {
			if err := e.copy(ctx, ledger.Tile{Level: level, Index: at / tileWidth, Width: width}); err != nil {
				return err
			}
		}
		if e.progress != nil {
			e.progress(at+int64(width), e.head.Size)
		}
	}
	for level := 1; e.head.Size>>(8*level) > 0; level++ {
		hashes := e.head.Size >> (8 * level)
		for at := int64(0); at < hashes; at += tileWidth {
			tile := ledger.Tile{Level: level, Index: at / tileWidth, Width: int(min(tileWidth, hashes-at))}
			if err := e.copy(ctx, tile); err != nil {
				return err
			}
		}
	}
	return nil
}

// copy writes one tile, unless it is there and full.
func (e *exporter) copy(ctx context.Context, tile ledger.Tile) error {
	path := filepath.Join(e.dir, filepath.FromSlash(tile.Path()))
	if tile.Width == tileWidth && whole(path, tile) {
		return nil
	}
	data, err := e.log.Tile(ctx, tile.Path())
	if err != nil {
		return fmt.Errorf("read %s of the log: %w", tile.Path(), err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return writeFile(path, data)
}

// whole reports whether a full tile was written to its end. Whether it is the
// right one is asked of the whole export.
func whole(path string, tile ledger.Tile) bool {
	if tile.Level != ledger.Entries {
		info, err := os.Stat(path)
		return err == nil && info.Size() == int64(tileWidth*len(ledger.Hash{}))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	records, err := ledger.ParseBundle(data)
	return err == nil && len(records) == tileWidth
}

// finish verifies the export under its new checkpoint, which it leaves behind
// only if it holds.
func (e *exporter) finish(ctx context.Context, known note.Verifiers, text []byte, kept []ledger.Checkpoint) (LogReport, error) {
	report, err := VerifyLog(ctx, under{os.DirFS(e.dir), text}, known, LogOptions{Kept: kept})
	if err != nil {
		return report, err
	}
	return report, writeFile(filepath.Join(e.dir, checkpointFile), text)
}

// under is an export with another checkpoint than the one that is there.
type under struct {
	fs.FS
	checkpoint []byte
}

// ReadFile reads a file of the export.
func (u under) ReadFile(name string) ([]byte, error) {
	if name == checkpointFile {
		return u.checkpoint, nil
	}
	return fs.ReadFile(u.FS, name)
}

// writeFile writes a file, whole or not at all.
func writeFile(path string, data []byte) error {
	half := path + ".half"
	if err := os.WriteFile(half, data, 0o600); err != nil {
		return err
	}
	return os.Rename(half, path)
}

const logReadme = `This directory is a whole log of Assent: every choice that was recorded, in order,
under a signature. Anybody who has the public keys of the log, from somewhere else
than here, can check it offline:

  assent verify DIRECTORY --key KEYS

The layout is that of C2SP tlog-tiles (https://c2sp.org/tlog-tiles): checkpoint is
the signed head, tile/entries/ has the records, tile/0/ and up their hashes. The
file keys is a copy of the public keys, which proves nothing by itself.
docs/evidence.md of Assent describes every byte, and examples/verify has a second
program that checks receipts, written from that document alone.
`
