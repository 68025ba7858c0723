package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/handlers/clients"
	"assent/terms"

	"github.com/spf13/cobra"
)

func (p *program) explainCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain PERSON",
		Short: "Say what a person may do now, why, what comes next and what would restore it",
		Args:  exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.explainPerson(c.Context(), a, args[0], asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the API answers it")
	return c
}

func (p *program) explainPerson(ctx context.Context, a *app, id string, asJSON bool) error {
	s, err := a.tracker.Standing(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(clients.StandingJSON(s, a.gate.AcceptURL))
	}
	fmt.Fprintf(p.out, "%s, %s account in %s\n", s.Person.ID, s.Person.Type, s.Person.Country)
	for _, pos := range s.Standing.Positions {
		p.explainPosition(pos)
	}
	if len(s.Standing.Positions) == 0 {
		fmt.Fprintln(p.out, "  is in no campaign: everything works")
	}
	for _, state := range s.Standing.Capabilities {
		if state.Reason == terms.ReasonDefault {
			continue
		}
		fmt.Fprintf(p.out, "  %s: %s, %s\n", title(a.settings.Catalogue, state.Capability), state.Value, reason(state))
	}
	return nil
}

// explainPosition puts one campaign in words that can be read out to a caller.
func (p *program) explainPosition(pos terms.Position) {
	fmt.Fprintf(p.out, "  %s: %s, stage %s since %s (plan %d", pos.Campaign, pos.Status, pos.Stage, pos.Since.Format(time.RFC3339), pos.Plan)
	if pos.Region != "" {
		fmt.Fprintf(p.out, ", region %s", pos.Region)
	}
	fmt.Fprintln(p.out, ")")
	if pos.HoldID != "" {
		fmt.Fprintf(p.out, "    under hold %s: nothing is taken away meanwhile\n", pos.HoldID)
	}
	switch {
	case pos.Next.Stage != "" && !pos.Next.At.IsZero():
		fmt.Fprintf(p.out, "    next: %s, not before %s\n", pos.Next.Stage, pos.Next.At.Format(time.RFC3339))
	case pos.Next.Why == terms.WaitsForNotice:
		fmt.Fprintf(p.out, "    next: %s, but not until a notice of this stage has reached the person\n", pos.Next.Stage)
	case pos.Next.Why == terms.WaitsForHold:
		fmt.Fprintf(p.out, "    next: %s, some time after the hold ends\n", pos.Next.Stage)
	case pos.Status == terms.Pending || pos.Status == terms.Declined:
		fmt.Fprintln(p.out, "    next: nothing more is taken away here")
	}
	if pos.Status == terms.Pending || pos.Status == terms.Declined {
		fmt.Fprintln(p.out, "    accepting brings everything back at once")
	}
}

func title(c terms.Catalogue, key string) string {
	if known, ok := c.Find(key); ok {
		return known.Title.In("en")
	}
	return key
}

// reason says why a capability has its value.
func reason(s terms.State) string {
	switch s.Reason {
	case terms.ReasonStage:
		return fmt.Sprintf("taken away by stage %s of %s", s.Stage, s.Campaign)
	case terms.ReasonNotGranted:
		return fmt.Sprintf("only accepting %s turns it on", s.Campaign)
	case terms.ReasonVoid:
		return fmt.Sprintf("accepting %s has no effect where the person is", s.Campaign)
	case terms.ReasonHeld:
		return fmt.Sprintf("a hold in %s", s.Campaign)
	case terms.ReasonGranted:
		return fmt.Sprintf("accepted in %s", s.Campaign)
	default:
		return string(s.Reason)
	}
}
