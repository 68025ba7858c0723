package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"assent/evidence"
	"assent/ledger"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"
)

// unproved is evidence that does not hold.
type unproved struct{ error }

// Unwrap returns what is wrong with it.
func (u unproved) Unwrap() error { return u.error }

func (p *program) verifyCommand() *cobra.Command {
	var keys, checkpoints []string
	c := &cobra.Command{
		Use:   "verify RECEIPT|PACK|DIRECTORY",
		Short: "Check a receipt, an evidence pack or a whole exported log offline, with the public keys of the log alone",
		Long: `Checks, against the public keys of the log, what it is given:

  a receipt        the JSON of /api/v1/receipts/{id}, or its evidence part
  an evidence pack the ZIP of "assent export evidence"
  a whole log      the directory of "assent export log"

and says in words what that proves and what not. It needs no server and no
database. Take the keys from somewhere else than the evidence itself.

Exit codes: 0 proved; 3 not proved, and the first pieces that are wrong are
named; 1 it could not be read; 2 wrong arguments.`,
		Example: `  assent verify receipt.json --key ledger.public
  assent verify /backup/log --key ledger.public --checkpoint /elsewhere/checkpoint`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			known, err := readKeys(keys)
			if err != nil {
				return err
			}
			return p.verify(c.Context(), args[0], known, checkpoints)
		},
	}
	c.Flags().StringArrayVar(&keys, "key", nil, "public key of the log, or a file that holds one a line (see /ledger/key); repeatable")
	c.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "a file with a checkpoint that was kept elsewhere, which a whole log has to continue; repeatable")
	return c
}

// readKeys reads public keys as the flag gives them, or the files that hold them.
func readKeys(keys []string) (note.Verifiers, error) {
	var lines []string
	for _, key := range keys {
		if held, err := os.ReadFile(key); err == nil {
			key = string(held)
		}
		lines = append(lines, key)
	}
	known, err := ledger.Verifiers(strings.Join(lines, "\n"))
	if err != nil {
		return nil, usageError{fmt.Errorf("--key: %w; it takes a key, or a file with keys, such as /ledger/key answers", err)}
	}
	return known, nil
}

// verify finds out what it is given by looking at it.
func (p *program) verify(ctx context.Context, path string, known note.Verifiers, checkpoints []string) error {
	if path != "-" {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return p.verifyLog(ctx, path, known, checkpoints)
		}
	}
	if len(checkpoints) > 0 {
		return usageError{errors.New("--checkpoint is for a whole log: a receipt and a pack have their own")}
	}
	if zipped, err := p.verifyPack(path, known); zipped || err != nil {
		return err
	}
	data, err := readInput(path)
	if err != nil {
		return err
	}
	receipt, err := ledger.FindReceipt(data)
	if err != nil {
		return unproved{fmt.Errorf("%s: %w", path, err)}
	}
	report, err := ledger.VerifyBy(receipt, known)
	if err != nil {
		return unproved{fmt.Errorf("%s is NOT proved: %w", path, err)}
	}
	fmt.Fprintf(p.out, "Receipt %s\n\n%s", report.Record.ReceiptID, report)
	return nil
}

// verifyPack verifies a ZIP file; false for any other.
func (p *program) verifyPack(path string, known note.Verifiers) (bool, error) {
	if path == "-" {
		return false, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }() // only read from
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	var magic [2]byte
	if _, err := file.ReadAt(magic[:], 0); err != nil || string(magic[:]) != "PK" {
		return false, nil // too short to be one
	}
	report, err := evidence.VerifyPack(file, info.Size(), known)
	if err != nil {
		return true, notProved(path, err)
	}
	fmt.Fprint(p.out, report)
	return true, nil
}

func (p *program) verifyLog(ctx context.Context, dir string, known note.Verifiers, checkpoints []string) error {
	kept := make([]ledger.Checkpoint, len(checkpoints))
	for i, file := range checkpoints {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if kept[i], err = ledger.ParseCheckpoint(string(text), known); err != nil {
			return unproved{fmt.Errorf("%s is no checkpoint signed by these keys: %w", file, err)}
		}
	}
	bar := newProgress(p.err, "records verified")
	report, err := evidence.VerifyLog(ctx, os.DirFS(dir), known, evidence.LogOptions{
		Kept: kept, Progress: func(records int64) { bar.set(int(records)) },
	})
	bar.done()
	if err != nil {
		return notProved(dir, err)
	}
	fmt.Fprintf(p.out, "Log %s\n\n%s", report.Checkpoint.Origin, report)
	return nil
}

// notProved puts the words of a failed verification together, with both
// checkpoints where they prove two histories.
func notProved(path string, err error) error {
	var found *evidence.Unproved
	var split *ledger.Split
	switch {
	case errors.As(err, &split):
		return unproved{fmt.Errorf("%s is NOT proved: %w\n\n%s", path, err, split.Proof())}
	case errors.As(err, &found):
		return unproved{fmt.Errorf("%s is NOT proved:\n%w", path, err)}
	}
	return err
}
