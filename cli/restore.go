package cli

import (
	"context"
	"errors"
	"fmt"

	"assent/ledger"
	"assent/models"

	"github.com/spf13/cobra"
)

func (p *program) restoreCommand() *cobra.Command {
	var replace bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the database, after verifying it; the server must be stopped",
		Long: `Verifies a backup as "assent backup" does, and puts it in the place of the SQLite
database. The server must be stopped. A database that is there is replaced only
with --replace, and kept beside it under another name.

Where choices were acknowledged after the backup was made, it says how many: the
server then refuses to start until that loss is accepted for the record, see
"assent ledger accept-loss". Nothing is put in place whose log was altered, is of
another key, or is another branch than the checkpoint that was kept.

Whoever was erased after the backup was made is in it again, and has to be erased
once more.`,
		Example: "  assent restore /backup/monday.db --replace",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := p.apart()
			if err != nil {
				return err
			}
			return p.restore(c.Context(), a, args[0], replace)
		},
	}
	c.Flags().BoolVar(&replace, "replace", false, "replace the database that is there")
	return c
}

func (p *program) restore(ctx context.Context, a *app, file string, replace bool) error {
	path, isFile := models.File(string(a.settings.Database.URL))
	if !isFile {
		return usageError{fmt.Errorf(`this puts SQLite files into place. On PostgreSQL, into an empty database:

  pg_restore --exit-on-error --no-owner --dbname=URL %s
  assent doctor --full`, file)}
	}
	kept, err := a.keptCheckpoints()
	if err != nil {
		return err
	}
	var b backup
	var lost *ledger.Split
	aside, err := models.Replace(ctx, path, file, replace, a.now(), func(copied string) error {
		err := p.examineCopy(ctx, a, copied, kept, &b)
		if errors.As(err, &lost) && lost.Short() {
			b.Records = lost.Now.Head.Size
			return nil // the operator may have nothing newer; the start asks again
		}
		if err != nil {
			return fmt.Errorf("%s was not restored: %w", file, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s is in place: verified with %d records of the log\n", file, b.Records)
	if aside != "" {
		fmt.Fprintf(p.out, "the database that was there is now %s\n", aside)
	}
	if lost != nil {
		fmt.Fprintf(p.out, "%s\n", lossWords(lost.Kept.Head.Size-lost.Now.Head.Size, lost.Kept))
	}
	return nil
}

// lossWords say what it means that records are lost, and what to do.
func lossWords(records int64, kept ledger.Checkpoint) string {
	return fmt.Sprintf(`The last %d records of the log are missing, and people hold receipts for choices
among them. Restore a newer copy of the database. If there is none, accept the
loss for the record; that keeps the old checkpoint as proof and pauses stepping,
so that nobody is restricted who has accepted since:

  assent ledger accept-loss --size %d --reason '…'`, records, kept.Head.Size)
}
