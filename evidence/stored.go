package evidence

import (
	"context"
	"errors"
	"io/fs"

	"assent/terms"

	"golang.org/x/mod/sumdb/note"
)

// VerifyStored verifies a whole log where it is kept, as VerifyLog does one that
// was exported. It may grow meanwhile: what is verified is what the checkpoint
// signs that was there first. The log must not be empty.
func VerifyStored(ctx context.Context, log Log, known note.Verifiers, o LogOptions) (LogReport, error) {
	text, err := log.Checkpoint(ctx)
	if err != nil {
		return LogReport{}, err
	}
	return VerifyLog(ctx, under{stored{ctx, log}, text}, known, o)
}

// stored is a log that is laid out as if it were exported.
type stored struct {
	ctx context.Context // a file system takes none with each call, and this one lives for one
	log Log
}

// Open fails: the files of a log are read whole.
func (stored) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}

// ReadFile returns a tile or a bundle.
func (s stored) ReadFile(name string) ([]byte, error) {
	data, err := s.log.Tile(s.ctx, name)
	var kind terms.Kind
	if errors.As(err, &kind) && kind == terms.NotFound {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return data, err
}
