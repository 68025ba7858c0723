package tracker

import (
	"bytes"
	"context"
	"fmt"

	"assent/ledger"
	"assent/terms"

	"golang.org/x/mod/sumdb/note"
)

// CheckLog checks that the log can be continued: that one of the known keys has
// signed its head, that the stored tiles hash to that head, and that it still
// begins with what each kept checkpoint signed. It returns the head as it is
// signed, without a text while the log is empty. Its cost does not depend on
// the length of the log.
//
// Of what the checks find, the error is a *ledger.Split where the log and a kept
// checkpoint do not fit together, a *note.UnverifiedNoteError where no known
// key has signed, and ledger.ErrAltered for everything else.
func (t *Tracker) CheckLog(ctx context.Context, known note.Verifiers, kept ...ledger.Checkpoint) (ledger.Checkpoint, error) {
	now := ledger.Checkpoint{Head: ledger.Empty()}
	err := t.Store.View(ctx, func(r Reader) error {
		head, err := r.Head(ctx)
		if err != nil {
			return err
		}
		if head.Size > 0 {
			if now, err = ledger.ParseCheckpoint(string(head.Checkpoint), known); err != nil {
				return fmt.Errorf("the checkpoint of the log: %w", err)
			}
			if now.Head.Size != head.Size || !bytes.Equal(now.Head.Root[:], head.Root) {
				return fmt.Errorf("the head of the log is not the one that was signed: %w", ledger.ErrAltered)
			}
		}
		// An append of nothing reads every unfinished tile.
		if _, err := ledger.Append(ctx, tileReader{r}, now.Head, nil); err != nil {
			return err
		}
		for _, k := range kept {
			if err := ledger.Continues(ctx, tileReader{r}, now, k); err != nil {
				return err
			}
		}
		return nil
	})
	return now, err
}

// SignLog signs the log as it is with the keys of now, after they were changed.
// An empty log is left alone.
func (t *Tracker) SignLog(ctx context.Context) error {
	return t.Store.Update(ctx, func(tx Tx) error {
		head, err := tx.Head(ctx)
		if err != nil || head.Size == 0 {
			return err
		}
		signed, err := ledger.SignCheckpoint(head.head(), t.Signer, t.Besides...)
		if err != nil {
			return err
		}
		return tx.SaveLog(ctx, head, LogHead{Size: head.Size, Root: head.Root, Checkpoint: []byte(signed.Text)}, nil, nil)
	})
}

// AcceptLoss goes on with a log that does not continue a checkpoint which was
// kept of it, after an older copy of the database was restored. The act names
// that checkpoint in the log itself, for whoever holds a receipt under it, and
// pauses stepping: people who accepted since must not lose anything because it
// is not known here any more. Invalid without a reason.
func (t *Tracker) AcceptLoss(ctx context.Context, lost *ledger.Split, reason, actor string) error {
	if reason == "" {
		return terms.Faults{{Path: "reason", Detail: "say why, for the record"}}
	}
	now := t.instant()
	return t.Store.Update(ctx, func(tx Tx) error {
		pause, err := tx.Pause(ctx)
		if err != nil {
			return err
		}
		if pause.At.IsZero() {
			pause.At, pause.By = now, actor
			pause.Reason = "records of the log were lost: ask the people concerned again, then resume"
			if err := tx.SetPause(ctx, pause); err != nil {
				return err
			}
		}
		return t.note(ctx, tx, Act{
			At: now, Actor: actor, Action: "ledger.accept_loss", Reason: reason,
			Object: fmt.Sprintf("checkpoint of %d records, root %x", lost.Kept.Head.Size, lost.Kept.Head.Root),
			Before: facts("checkpoint", lost.Kept.Text), After: facts("checkpoint", lost.Now.Text),
		})
	})
}
