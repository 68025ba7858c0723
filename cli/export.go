package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"assent/evidence"
	"assent/ledger"
	"assent/tracker"

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
	}, p.exportEvidenceCommand(), p.exportPersonCommand())
	return c
}

func (p *program) exportEvidenceCommand() *cobra.Command {
	var person, receipt, out string
	c := &cobra.Command{
		Use:   "evidence --person ID|--receipt ID [--out FILE]",
		Short: "Write everything that proves a person's choices, or one choice, into one ZIP file",
		Long: `Writes one ZIP file for a court or an auditor: the records with their proofs, the
personal details with their salts, the exact source texts, the pages as they were
shown, the person's stages and notices before and after, the public keys, and how
to check all of it without us. It holds personal data. "assent verify" checks it.`,
		Example: "  assent export evidence --receipt rcp_… --out evidence.zip",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if (person == "") == (receipt == "") {
				return usageError{errors.New("name either --person or --receipt")}
			}
			return p.with(c.Context(), func(a *app) error { return p.exportEvidence(c.Context(), a, person, receipt, out) })
		},
	}
	c.Flags().StringVar(&person, "person", "", "the person whose choices are wanted")
	c.Flags().StringVar(&receipt, "receipt", "", "the one choice that is wanted")
	c.Flags().StringVar(&out, "out", "evidence.zip", "the file to write; one that is there is not overwritten")
	return c
}

func (p *program) exportEvidence(ctx context.Context, a *app, person, receipt, out string) error {
	gather := func() (tracker.Dossier, error) { return a.tracker.Dossier(ctx, person) }
	if receipt != "" {
		gather = func() (tracker.Dossier, error) { return a.tracker.ReceiptDossier(ctx, receipt) }
	}
	d, err := gather()
	if err != nil {
		return err
	}
	err = newFile(out, func(file *os.File) error {
		if err := a.tracker.Disclosed(ctx, tracker.ActReadEvidence, d.Person, receipt, p.actor()); err != nil {
			return err
		}
		return evidence.WritePack(ctx, a.tracker, d, a.secrets.verifier, file)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s holds %d choices; check them elsewhere with\n  assent verify %[1]s --key FILE\n", out, len(d.Receipts))
	return nil
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
