package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"assent/ledger"

	"golang.org/x/mod/sumdb/note"
)

// keepEvery is how old the kept checkpoint of a running server can be. A crash
// within it hides at most the loss of what was chosen in it.
const keepEvery = 2 * time.Second

// checkLog refuses a log that could not be continued: one that another key has
// signed, one that was altered, and one that is older than the checkpoint that
// was kept of it, or another branch.
func (a *app) checkLog(ctx context.Context) error {
	kept, err := a.keptCheckpoints()
	if err != nil {
		return err
	}
	_, err = a.comparedLog(ctx, kept)
	return err
}

// comparedLog is tracker.CheckLog with words on what to do.
func (a *app) comparedLog(ctx context.Context, kept []ledger.Checkpoint) (ledger.Checkpoint, error) {
	known, err := ledger.Verifiers(a.secrets.verifier)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	now, err := a.tracker.CheckLog(ctx, known, kept...)
	var split *ledger.Split
	var unsigned *note.UnverifiedNoteError
	switch file := a.settings.Ledger.CheckpointFile; {
	case errors.As(err, &split) && split.Short():
		return now, fmt.Errorf("the database does not continue the checkpoint kept in %s: %w.\n\n%s\n\n%s",
			file, err, lossWords(split.Kept.Head.Size-split.Now.Head.Size, split.Kept), split.Proof())
	case errors.As(err, &split):
		return now, fmt.Errorf(`the database does not continue the checkpoint kept in %s: %w.

Two histories of one log exist. Find out which of them people hold receipts for,
and open that database. Keep both checkpoints: together they are the proof. If
it has to be this one all the same, accept the loss of the other for the record:

  assent ledger accept-loss --size %d --reason '…'

%s`, file, err, split.Kept.Head.Size, split.Proof())
	case errors.As(err, &unsigned):
		return now, fmt.Errorf("the log in the database was signed by another key than %s: restore that key from a backup, or open the database it belongs to (%w)", ledgerKeyFile, err)
	case errors.Is(err, ledger.ErrAltered):
		return now, fmt.Errorf("the log cannot be continued: %w; keep the database for an examination and restore a backup", err)
	}
	return now, err
}

// keptCheckpoints is the checkpoint in the file of the settings: none while
// there is no such file, or none is wanted.
func (a *app) keptCheckpoints() ([]ledger.Checkpoint, error) {
	file := a.settings.Ledger.CheckpointFile
	if file == "" {
		return nil, nil
	}
	c, err := a.readCheckpoint(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger.checkpoint_file: %w", err)
	}
	return []ledger.Checkpoint{c}, nil
}

// readCheckpoint reads a checkpoint of this log that was kept in a file, by
// itself or in a receipt.
func (a *app) readCheckpoint(file string) (ledger.Checkpoint, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return ledger.Checkpoint{}, fmt.Errorf("read the kept checkpoint: %w", err)
	}
	known, err := ledger.Verifiers(a.secrets.verifier)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	if receipt, err := ledger.FindReceipt(text); err == nil {
		text = []byte(receipt.Proof.Checkpoint)
	}
	c, err := ledger.ParseCheckpoint(string(text), known)
	if err != nil {
		return ledger.Checkpoint{}, fmt.Errorf("%s is not a checkpoint of the log %s, signed by a key of it: put the right file there, or the keys it belongs to (%w)", file, a.secrets.ledger.Name(), err)
	}
	return c, nil
}

// keepCheckpoint renews the copy of the newest checkpoint, unless the log does
// not continue the one that is there: that one is the proof.
func (a *app) keepCheckpoint(ctx context.Context) error {
	if a.settings.Ledger.CheckpointFile == "" {
		return nil
	}
	kept, err := a.keptCheckpoints()
	if err != nil {
		return err
	}
	now, err := a.comparedLog(ctx, kept)
	if err != nil || now.Text == "" || len(kept) > 0 && kept[0].Text == now.Text {
		return err
	}
	if err := replaceFile(a.settings.Ledger.CheckpointFile, 0o644, now.Text); err != nil {
		return fmt.Errorf("keep the checkpoint: %w", err)
	}
	return nil
}

// keepCheckpoints renews the copy until the context ends. It works beside the
// choices, not within them: a slow or absent disk holds nobody up.
func (a *app) keepCheckpoints(ctx context.Context) <-chan struct{} {
	return a.every(ctx, keepEvery, nil, "the checkpoint could not be kept: a loss of choices would go unnoticed", a.keepCheckpoint)
}

// close leaves the newest checkpoint behind and closes the database.
func (a *app) close(ctx context.Context) error {
	return errors.Join(a.keepCheckpoint(context.WithoutCancel(ctx)), a.store.Close())
}

// replaceFile writes a file so that whoever reads it, also after a crash, finds
// the old text or the new one.
func replaceFile(path string, mode fs.FileMode, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err == nil {
		err = rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// rename gives a file on the disk another name, also after a crash.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	directory, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
