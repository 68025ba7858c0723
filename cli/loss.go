package cli

import (
	"context"
	"errors"
	"fmt"

	"assent/ledger"

	"github.com/spf13/cobra"
)

func (p *program) acceptLossCommand() *cobra.Command {
	var size int64
	var reason string
	c := &cobra.Command{
		Use:   "accept-loss --size N --reason TEXT",
		Short: "Go on with a database that does not continue the kept checkpoint",
		Long: `After an older copy of the database was restored, or one of two branches chosen:
goes on from what is there, although ledger.checkpoint_file proves that there was
more. --size names the checkpoint that is given up, by its number of records.

The log gets a record that names it, its file is kept as proof under another
name, and stepping is paused: whoever accepted since is asked again, and must not
lose anything meanwhile. Then resume with "assent resume". Receipts for records
that are lost go on to verify, and "assent doctor --checkpoint RECEIPT" says of
them that the log was rolled back.`,
		Example: "  assent ledger accept-loss --size 1204 --reason 'disk failed on 3 May; backup of 2 May'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.acceptLoss(c.Context(), size, reason) },
	}
	c.Flags().Int64Var(&size, "size", 0, "how many records the kept checkpoint is of")
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (p *program) acceptLoss(ctx context.Context, size int64, reason string) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	file := settings.Ledger.CheckpointFile
	if file == "" {
		return usageError{errors.New("ledger.checkpoint_file is not set: nothing proves that there was more")}
	}
	settings.Ledger.CheckpointFile = "" // which the database is not opened against
	a, err := p.open(ctx, settings, realClock)
	if err != nil {
		return err
	}
	a.settings.Ledger.CheckpointFile = file
	if err := p.giveUp(ctx, a, file, size, reason); err != nil {
		return errors.Join(err, a.store.Close())
	}
	return a.close(ctx) // leaves the checkpoint of now behind
}

// giveUp records that a checkpoint does not count any more, and moves it aside.
func (p *program) giveUp(ctx context.Context, a *app, file string, size int64, reason string) error {
	kept, err := a.readCheckpoint(file)
	if err != nil {
		return err
	}
	known, err := ledger.Verifiers(a.secrets.verifier)
	if err != nil {
		return err
	}
	_, err = a.tracker.CheckLog(ctx, known, kept)
	var split *ledger.Split
	switch {
	case err == nil:
		return fmt.Errorf("nothing is lost: the log continues the %d records of %s", kept.Head.Size, file)
	case !errors.As(err, &split):
		return err
	case size != kept.Head.Size:
		return usageError{fmt.Errorf("the checkpoint in %s is of %d records: name it with --size %[2]d, if it is the one to be given up", file, kept.Head.Size)}
	}
	if err := a.tracker.AcceptLoss(ctx, split, reason, p.actor()); err != nil {
		return explain("accept the loss", err)
	}
	proof := fmt.Sprintf("%s.lost-%d-%x", file, kept.Head.Size, kept.Head.Root[:4])
	if err := rename(file, proof); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "the log goes on from %d records; %s is kept as proof of the %d there were; stepping is paused\n", split.Now.Head.Size, proof, kept.Head.Size)
	return nil
}
