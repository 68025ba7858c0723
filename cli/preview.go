package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/config"
	"assent/handlers/clients"
	"assent/terms"
	"assent/tracker"

	"github.com/spf13/cobra"
)

func (p *program) previewCommand() *cobra.Command {
	var at string
	var asJSON bool
	c := &cobra.Command{
		Use:   "preview CAMPAIGN",
		Short: "Say what the next run would do, without doing it",
		Long: `Works out, by the very rules a sweep goes by, whom a run would tell, warn, move
and leave, by stage and region, and which capabilities they would lose or get
back. Nothing is written.`,
		Args: exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.preview(c.Context(), a, args[0], at, asJSON) })
		},
	}
	c.Flags().StringVar(&at, "at", "", "instant of the run, such as 2021-06-19T00:00:00Z (default: now)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the API answers it")
	return c
}

func (p *program) preview(ctx context.Context, a *app, campaign, when string, asJSON bool) error {
	var at time.Time
	if when != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, when); err != nil {
			return usageError{fmt.Errorf("--at %q is not an instant such as 2021-06-19T00:00:00Z", when)}
		}
	}
	bar := newProgress(p.err, "people looked at")
	preview, err := a.tracker.Preview(ctx, campaign, at.UTC(), tracker.PreviewOptions{Progress: bar.set})
	bar.done()
	if err != nil {
		return explain("preview", err)
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(clients.PreviewJSON(preview))
	}
	p.printPreview(preview, a.settings)
	return nil
}

func (p *program) printPreview(v tracker.Preview, s config.Config) {
	fmt.Fprintf(p.out, "A run of %s at %s would look at %d people.\n", v.Campaign, v.At.Format(time.RFC3339), v.Examined)
	verbs := map[terms.DueAction]string{terms.Tell: "tell", terms.Warn: "warn", terms.Enter: "move", terms.Restore: "give back to"}
	for _, m := range v.Moves {
		where := "rest of the world"
		if m.Region != "" {
			where = m.Region
		}
		fmt.Fprintf(p.out, "  %-12s %8d  %s -> %s  (%s)\n", verbs[m.Action], m.People, m.From, m.To, where)
	}
	for _, w := range v.Waits {
		why := "not due yet"
		if w.Why != "" {
			why = w.Why
		}
		fmt.Fprintf(p.out, "  %-12s %8d  %s\n", "leave", w.People, why)
	}
	for _, c := range v.Capabilities {
		fmt.Fprintf(p.out, "  %s: %d would lose it, %d get it back\n", title(s.Catalogue, c.Capability), c.Lose, c.Regain)
	}
	for _, one := range v.Sample {
		fmt.Fprintf(p.out, "  for example %s: %s -> %s\n", one.Person, one.From, one.To)
	}
}
