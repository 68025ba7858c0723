package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"assent/config"
	"assent/ledger"

	"github.com/spf13/cobra"
)

func (p *program) doctorCommand() *cobra.Command {
	var health, full bool
	var checkpoint, campaign string
	var plan int
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check that the settings, the keys, the database and its log can be used",
		Long: `Loads the settings, opens the database, reads it for damage, and says what was found.
The log has to continue the checkpoint kept in ledger.checkpoint_file, and with
--checkpoint one that was kept elsewhere as well, such as that of a person's
receipt. With --full it reads the whole database and verifies every record of the
log, as "assent backup" does with a copy. With --health it asks the
server that runs on this machine instead, as a container's health check does.
With --campaign it looks at everything people would be shown of a campaign's
newest plan, or of --plan, as the console's launch page does, and fails where
something stands in the way.`,
		Example: "  assent doctor\n  assent doctor --campaign new-terms\n  assent doctor --health",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if health {
				return p.health(c.Context())
			}
			return p.with(c.Context(), func(a *app) error {
				if campaign != "" {
					return p.examineLaunch(c.Context(), a, campaign, plan)
				}
				return p.examine(c.Context(), a, checkpoint, full)
			})
		},
	}
	c.Flags().StringVar(&checkpoint, "checkpoint", "", "a file with a checkpoint of the log that was kept elsewhere, or with a receipt")
	c.Flags().BoolVar(&full, "full", false, "read the whole database and verify the whole log")
	c.Flags().StringVar(&campaign, "campaign", "", "look at what people would be shown of this campaign")
	c.Flags().IntVar(&plan, "plan", 0, "of which plan, with --campaign (default: the newest)")
	c.Flags().BoolVar(&health, "health", false, "only ask the server on this machine whether it is alive")
	return c
}

func (p *program) examine(ctx context.Context, a *app, checkpoint string, full bool) error {
	overviews, err := a.tracker.Overviews(ctx)
	if err != nil {
		return err
	}
	if err := a.store.CheckStructure(ctx); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "settings  good: %d capabilities, %d ladders\n", len(a.settings.Catalogue), len(a.settings.Profiles))
	fmt.Fprintf(p.out, "keys      good: the log is %s\n", a.secrets.ledger.Name())
	fmt.Fprintf(p.out, "database  good: %s\n", a.settings.Database.URL)
	if err := p.examineLog(ctx, a, checkpoint); err != nil {
		return err
	}
	answered, err := checkProviders(ctx, a.settings)
	for _, issuer := range answered {
		fmt.Fprintf(p.out, "sign-in   good: %s answers\n", issuer)
	}
	if err != nil {
		return err
	}
	if full {
		report, err := p.examineAll(ctx, a)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "database  whole: its structure, its references, and all %d records of the log\n", report.Checkpoint.Head.Size)
	}
	for _, o := range overviews {
		fmt.Fprintf(p.out, "campaign  %s: plan %d, %d people in scope, %d accepted, %d without some features\n",
			o.Campaign.Key, o.Campaign.Plan, o.Totals.InScope, o.Totals.Accepted, o.Totals.Restricted)
	}
	return nil
}

// examineLog compares the log with what was kept of it.
func (p *program) examineLog(ctx context.Context, a *app, checkpoint string) error {
	kept, err := a.keptCheckpoints()
	if err != nil {
		return err
	}
	now, err := a.comparedLog(ctx, kept)
	if err != nil {
		return err
	}
	if file := a.settings.Ledger.CheckpointFile; file == "" {
		fmt.Fprintf(p.out, "log       signed, %d records; no checkpoint is kept, so an older copy of the database would go unnoticed: set ledger.checkpoint_file\n", now.Head.Size)
	} else if len(kept) == 0 {
		fmt.Fprintf(p.out, "log       good: %d records; %s is written once there is one and a server runs\n", now.Head.Size, file)
	} else {
		fmt.Fprintf(p.out, "log       good: %d records, continues the %d of %s\n", now.Head.Size, kept[0].Head.Size, file)
	}
	if checkpoint == "" {
		return nil
	}
	elsewhere, err := a.readCheckpoint(checkpoint)
	if err != nil {
		return err
	}
	known, err := ledger.Verifiers(a.secrets.verifier)
	if err != nil {
		return err
	}
	_, err = a.tracker.CheckLog(ctx, known, elsewhere)
	var split *ledger.Split
	if errors.As(err, &split) {
		return fmt.Errorf("the log does not continue that of %s: %w\n\n%s", checkpoint, err, split.Proof())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "log       good: continues the %d records of %s\n", elsewhere.Head.Size, checkpoint)
	return nil
}

// health asks the server's own address, whatever it is called outside.
func (p *program) health(ctx context.Context) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+localAddress(settings.Server)+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // nothing is left to read
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what came of it is enough
		return fmt.Errorf("the server answers %s: %s", answer.Status, text)
	}
	fmt.Fprintln(p.out, "alive")
	return nil
}

// localAddress is where this machine reaches a listening address.
func localAddress(s config.Server) string {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return s.Listen
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
