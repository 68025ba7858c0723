package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assent/ledger"

	"github.com/spf13/cobra"
)

func (p *program) ledgerCommand() *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "Keep the keys that sign the log, and accept that records of it are lost", Args: cobra.NoArgs}
	c.AddCommand(&cobra.Command{
		Use: "keys", Short: "List the keys of the log, the newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(a *app) error { p.listLedgerKeys(a); return nil })
		},
	}, &cobra.Command{
		Use:   "rotate",
		Short: "Make a new key for the log; the old one goes on signing beside it",
		Long: `Makes a new key for the log. From the next start of the server on, both keys
sign, so that those who know only the old one can go on. Publish the new public
key (/ledger/key has both), give everybody time to take it over, and end the
double signing with "assent ledger retire". The old public key stays good for
what it has signed.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.rotate(c.Context()) },
	}, &cobra.Command{
		Use:   "retire",
		Short: "Stop signing with all keys but the newest, and destroy them",
		Long: `Takes the private halves of all keys but the newest out of the directory of
secrets. From the next start of the server on, the newest signs alone. The public
halves stay: what the old keys have signed goes on to verify.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.retire(c.Context()) },
	}, p.acceptLossCommand())
	return c
}

func (p *program) listLedgerKeys(a *app) {
	for i, line := range strings.Fields(a.secrets.verifier) {
		state := "retired: verifies what it has signed"
		switch {
		case i == 0:
			state = "signs"
		case i <= len(a.secrets.besides):
			state = "signs beside the newest"
		}
		fmt.Fprintf(p.out, "%s\t%s\n", line, state)
	}
}

// rotate makes the key and has both keys sign the log as it is, so that from
// the first moment each vouches for what the other goes on from.
func (p *program) rotate(ctx context.Context) error {
	return p.changeKeys(ctx, func(private []string, origin string) ([]string, error) {
		fresh, _, err := ledger.NewKey(rand.Reader, origin)
		return slices.Concat([]string{fresh}, private), err
	})
}

func (p *program) retire(ctx context.Context) error {
	return p.changeKeys(ctx, func(private []string, _ string) ([]string, error) {
		if len(private) == 1 {
			return nil, fmt.Errorf(`only one key signs: make the next one with "assent ledger rotate" first`)
		}
		return private[:1], nil
	})
}

// changeKeys writes the keys that sign from now on. The public keys come first:
// a crash in between leaves one that has signed nothing.
func (p *program) changeKeys(ctx context.Context, change func(private []string, origin string) ([]string, error)) error {
	err := p.with(ctx, func(a *app) error {
		path := filepath.Join(a.settings.Secrets.Directory, ledgerKeyFile)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		private, err := change(strings.Fields(string(text)), a.settings.Ledger.Origin)
		if err != nil {
			return err
		}
		newest, err := ledger.VerifierKey(private[0])
		if err != nil {
			return err
		}
		public := slices.Compact(slices.Concat([]string{newest}, strings.Fields(a.secrets.verifier)))
		if err := replaceFile(filepath.Join(a.settings.Secrets.Directory, verifierKeyFile), 0o644, lines(public)); err != nil {
			return err
		}
		return replaceFile(path, 0o600, lines(private))
	})
	if err != nil {
		return err
	}
	return p.with(ctx, func(a *app) error { // with the keys as they are now
		if err := a.tracker.SignLog(ctx); err != nil {
			return err
		}
		p.listLedgerKeys(a)
		fmt.Fprintln(p.err, "restart the server, publish the public keys, and back the directory of secrets up again")
		return nil
	})
}

// lines writes texts one a line.
func lines(texts []string) string { return strings.Join(texts, "\n") + "\n" }
