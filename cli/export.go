package cli

import (
	"context"
	"errors"
	"fmt"

	"assent/evidence"
	"assent/ledger"

	"github.com/spf13/cobra"
)

func (p *program) exportCommand() *cobra.Command {
	c := &cobra.Command{Use: "export", Short: "Write evidence out, for others to keep and to check", Args: cobra.NoArgs}
	c.AddCommand(&cobra.Command{
		Use:   "log DIRECTORY",
		Short: "Write the whole log into a directory, and verify what was written",
		Long: `Writes the whole log into a directory, laid out as it is served (C2SP tlog-tiles):
any monitor can read it, any web server can publish it, and "assent verify" checks
it offline. Safe beside a running server.

Into a directory that holds an earlier export only what is new is written, so it
can be done every night; a log that does not continue the earlier export is
refused, with both checkpoints as proof.`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.exportLog(c.Context(), a, args[0]) })
		},
	})
	return c
}

func (p *program) exportLog(ctx context.Context, a *app, dir string) error {
	bar := newProgress(p.err, "records written")
	report, err := evidence.ExportLog(ctx, a.tracker, a.secrets.verifier, dir, func(done, _ int64) { bar.set(int(done)) })
	bar.done()
	var split *ledger.Split
	if errors.As(err, &split) {
		return unproved{fmt.Errorf("the log does not continue the earlier export in %s: %w\n\n%s", dir, err, split.Proof())}
	}
	if err != nil {
		return notProved("what was written into "+dir, err)
	}
	fmt.Fprintf(p.out, "%d records written to %s and verified; check them elsewhere with\n  assent verify %[2]s --key FILE\n", report.Checkpoint.Head.Size, dir)
	return nil
}
