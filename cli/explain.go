package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"assent/handlers/clients"
	"assent/terms"

	"github.com/spf13/cobra"
)

func (p *program) explainCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain PERSON",
		Short: "Say what a person may do now, why, what comes next and what would restore it",
		Long: `Says in sentences that can be read to a caller what a person may do now and which
rule says so since when, and for each campaign the stage, the holds, extensions,
exemptions and reversals in force, what keeps the next stage away, when it comes
and what would bring everything back.`,
		Example: "  assent explain u000001\n  assent explain u000001 --json",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.explainPerson(c.Context(), a, args[0], asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the API answers it, with the sentences")
	return c
}

func (p *program) explainPerson(ctx context.Context, a *app, id string, asJSON bool) error {
	x, err := a.tracker.Explain(ctx, id)
	if err != nil {
		return err
	}
	if !asJSON {
		for _, sentence := range x.Sentences() {
			fmt.Fprintln(p.out, sentence)
		}
		return nil
	}
	standing, err := json.Marshal(clients.StandingJSON(x.PersonStanding, a.gate.AcceptURL))
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(standing, &fields); err != nil {
		return err
	}
	if fields["sentences"], err = json.Marshal(x.Sentences()); err != nil {
		return err
	}
	return json.NewEncoder(p.out).Encode(fields)
}

func title(c terms.Catalogue, key string) string {
	if known, ok := c.Find(key); ok {
		return known.Title.In("en")
	}
	return key
}
