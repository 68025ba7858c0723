package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"maps"

	"assent/handlers/clients"

	"github.com/spf13/cobra"
)

// badShown is how many bad lines an import lists one by one.
const badShown = 20

func (p *program) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Store people from a file of one JSON object a line",
		Long: `Stores people from NDJSON: one {"id", "region", "locale", "account_type",
"created_at"} a line; "-" reads standard input. Good lines are stored, bad ones
are listed with their number. Sending a file again changes nothing that is there.`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.importPeople(c.Context(), a, args[0]) })
		},
	}
}

func (p *program) importPeople(ctx context.Context, a *app, file string) error {
	in := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read from
		in = f
	}
	bar := newProgress(p.err, "lines read")
	report, err := clients.ImportPeople(ctx, a.tracker, in, bar.set)
	bar.done()
	if err != nil {
		return err
	}
	for i, line := range slices.Sorted(maps.Keys(report.Bad)) {
		if i == badShown {
			fmt.Fprintf(p.err, "and %d more\n", len(report.Bad)-badShown)
			break
		}
		fmt.Fprintf(p.err, "line %d: %v\n", line, report.Bad[line])
	}
	fmt.Fprintf(p.out, "%d people stored, %d lines refused\n", report.Lines-len(report.Bad), len(report.Bad))
	return nil
}
