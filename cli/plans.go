package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"assent/handlers/clients"
	"assent/planfile"
	"assent/terms"
	"assent/tracker"

	"github.com/spf13/cobra"
)

func (p *program) applyCommand() *cobra.Command {
	var activate, yes bool
	var anyway string
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: "Store a plan file as the next plan of its campaign",
		Long: `Checks a plan file and stores it as the next plan of its campaign. A file with
faults changes nothing; every fault is listed with its place. The plan comes
into force with --activate, or through the API.

With --activate it first says what the plan changes, what that would take and
for how many people, and asks on a terminal whether to go on.`,
		Example: "  assent apply plan.yaml\n  assent apply plan.yaml --activate --yes",
		Args:    exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return p.apply(c.Context(), a, args[0], applied{activate, yes, anyway}) })
		},
	}
	c.Flags().BoolVar(&activate, "activate", false, "put the plan into force and bring its audience into the campaign")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().StringVar(&anyway, "anyway", "", "why what the launch gate finds may stay: activate whatever it is")
	return c
}

// applied is what is to become of a plan that is stored.
type applied struct {
	activate, yes bool
	anyway        string // why, whatever the launch gate finds
}

func (p *program) apply(ctx context.Context, a *app, file string, do applied) error {
	source, err := readInput(file)
	if err != nil {
		return err
	}
	plan, err := planfile.Load(source, profiles(a.settings), a.settings.Catalogue)
	if err != nil {
		return explain(file, err)
	}
	record, err := a.tracker.AddPlan(ctx, plan, source, p.actor())
	if err != nil {
		return explain(file, err)
	}
	fmt.Fprintf(p.out, "campaign %s: plan %d stored\n", record.Campaign, record.Number)
	if !do.activate {
		return nil
	}
	if err := p.previewPlan(ctx, a, record); err != nil {
		return err
	}
	if err := p.showLaunch(ctx, a, record); err != nil {
		return err
	}
	if !do.yes && !p.confirmed() {
		fmt.Fprintf(p.out, "plan %d is stored and not in force\n", record.Number)
		return nil
	}
	bar := newProgress(p.err, "enrolled")
	put := a.tracker.ActivateBecause
	if do.anyway != "" {
		put = a.tracker.ActivateAnyway
	}
	c, err := put(ctx, record.Campaign, record.Number, do.anyway, p.actor(), bar.set)
	bar.done()
	if err != nil {
		return p.awaited(err, false, "activate")
	}
	fmt.Fprintf(p.out, "campaign %s: plan %d is in force\n", record.Campaign, record.Number)
	if c.Confirmed != c.Plan {
		fmt.Fprintf(p.out, "It waits for confirmation: people who were in before keep the gentler of it and plan %d.\nTo put them under it: assent confirm %s %d\n",
			c.Confirmed, c.Key, c.Plan)
	}
	return nil
}

// confirmed asks a person at a terminal whether to go on. Where nobody can be
// asked it goes on.
func (p *program) confirmed() bool {
	if !terminal(p.err) || !terminal(os.Stdin) {
		return true
	}
	fmt.Fprint(p.err, "go on? [y/N] ")
	return agreed(os.Stdin)
}

func agreed(in io.Reader) bool {
	line, _ := bufio.NewReader(in).ReadString('\n') // what cannot be read is no yes
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

// previewPlan says what activating a plan would change. The error is why it
// cannot be activated.
func (p *program) previewPlan(ctx context.Context, a *app, record tracker.PlanRecord) error {
	bar := newProgress(p.err, "people looked at")
	v, err := a.tracker.PreviewPlan(ctx, record.Campaign, record.Number, bar.set)
	bar.done()
	if err != nil {
		return explain("preview", err)
	}
	if err := v.Faults.OrNil(); err != nil {
		return explain(fmt.Sprintf("plan %d cannot follow plan %d", record.Number, v.Active), err)
	}
	if v.Active == 0 {
		fmt.Fprintln(p.out, "It is the first of its campaign.")
		return nil
	}
	fmt.Fprintf(p.out, "From plan %d to plan %d:\n", v.Active, record.Number)
	p.printDiff(v.Changes)
	for _, fault := range v.Harsher {
		fmt.Fprintf(p.out, "  it takes: %s: %s\n", fault.Path, fault.Detail)
	}
	fmt.Fprintf(p.out, "For the %d people in the campaign, once it binds everybody:\n", v.People)
	for _, o := range v.Outcomes {
		fmt.Fprintf(p.out, "  %8d  %s\n", o.People, outcome(o))
	}
	return nil
}

func outcome(o tracker.PlanOutcome) string {
	where := "rest of the world"
	if o.Region != "" {
		where = o.Region
	}
	says := []string{where, "stay at " + o.From}
	if o.From != o.To {
		says[1] = o.From + " -> " + o.To
	}
	for _, more := range []struct {
		so   bool
		says string
	}{{o.Asked, "asked again"}, {o.Later, "the next stage comes later"}, {o.Sooner, "the next stage comes sooner, after the notice period"}} {
		if more.so {
			says = append(says, more.says)
		}
	}
	return strings.Join(says, ", ")
}

func (p *program) printDiff(list []terms.Difference) {
	if len(list) == 0 {
		fmt.Fprintln(p.out, "  nothing changes")
	}
	for _, d := range list {
		mark := " "
		if d.Harsher {
			mark = "!"
		}
		fmt.Fprintf(p.out, "%s %s\n", mark, d)
	}
}

func (p *program) planCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "plan", Short: "List, show and compare the plans of a campaign", Args: cobra.NoArgs,
		Example: "  assent plan list new-terms\n  assent plan show new-terms 2\n  assent plan diff new-terms 1 2",
	}
	c.AddCommand(
		p.asking("list CAMPAIGN", "List the plans of a campaign", 1, 1, p.listPlans),
		p.asking("show CAMPAIGN [N]", "Print a plan as its file was, the one in force unless a number is given", 1, 2, p.showPlan),
		p.asking("diff CAMPAIGN [FROM [TO]]", "Say what the newest plan, or plan TO, changes from the one in force, or plan FROM; ! is what takes time or access", 1, 3, p.diffPlans),
	)
	return c
}

func (p *program) listPlans(ctx context.Context, a *app, args []string, asJSON bool) error {
	list, err := a.tracker.Plans(ctx, args[0])
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(clients.PlansJSON(list))
	}
	c, err := a.tracker.Campaign(ctx, args[0])
	for _, one := range list {
		state := "never in force"
		switch {
		case one.Number == c.Plan && c.Confirmed != c.Plan:
			state = "in force, waits for confirmation"
		case one.Number == c.Plan:
			state = "in force"
		case !one.ActivatedAt.IsZero():
			state = "in force before, from " + one.ActivatedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(p.out, "%d\t%s\t%s\t%s\n", one.Number, one.Created.Format(time.RFC3339), one.Actor, state)
	}
	return err
}

func (p *program) showPlan(ctx context.Context, a *app, args []string, asJSON bool) error {
	c, err := a.tracker.Campaign(ctx, args[0])
	if err != nil {
		return err
	}
	number, err := planNumber(args, 1, max(c.Plan, 1))
	if err != nil {
		return err
	}
	record, err := a.tracker.Plan(ctx, args[0], number)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(clients.PlanJSON(record))
	}
	_, err = p.out.Write(record.Source)
	return err
}

func (p *program) diffPlans(ctx context.Context, a *app, args []string, asJSON bool) error {
	list, err := a.tracker.Plans(ctx, args[0])
	if err != nil {
		return err
	}
	c, err := a.tracker.Campaign(ctx, args[0])
	if err != nil {
		return err
	}
	from, err := planNumber(args, 1, max(c.Plan, 1))
	if err != nil {
		return err
	}
	to, err := planNumber(args, 2, list[len(list)-1].Number)
	if err != nil {
		return err
	}
	old, err := a.tracker.Plan(ctx, args[0], from)
	if err != nil {
		return err
	}
	next, err := a.tracker.Plan(ctx, args[0], to)
	if err != nil {
		return err
	}
	differences := terms.Diff(old.Plan, next.Plan)
	if asJSON {
		return json.NewEncoder(p.out).Encode(clients.DifferencesJSON(differences))
	}
	fmt.Fprintf(p.out, "From plan %d to plan %d:\n", from, to)
	p.printDiff(differences)
	return nil
}

// planNumber is the number given at a place, or another where none is.
func planNumber(args []string, at, otherwise int) (int, error) {
	if len(args) <= at {
		return otherwise, nil
	}
	n, err := strconv.Atoi(args[at])
	if err != nil || n < 1 {
		return 0, usageError{fmt.Errorf("%q is not the number of a plan", args[at])}
	}
	return n, nil
}

func (p *program) confirmCommand() *cobra.Command {
	c := p.asking("confirm CAMPAIGN N", "Put everybody under a plan that waits for confirmation", 2, 2,
		func(ctx context.Context, a *app, args []string, asJSON bool) error {
			number, err := planNumber(args, 1, 0)
			if err != nil {
				return err
			}
			bar := newProgress(p.err, "people put under it")
			_, err = a.tracker.Confirm(ctx, args[0], number, p.actor(), bar.set)
			bar.done()
			if err != nil {
				return p.awaited(err, asJSON, "confirm")
			}
			return p.said(asJSON, fmt.Sprintf("campaign %s: plan %d binds everybody", args[0], number), map[string]any{"campaign": args[0], "plan": number, "confirmed": true})
		})
	c.Long = `A plan that takes time or access binds newcomers only when it is activated; those
who are in keep the gentler of it and their own until it is confirmed. Nothing is
taken from anybody at once, and dates that come sooner wait for the notice period.`
	c.Example = "  assent confirm new-terms 2"
	return c
}
