package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"assent/handlers/clients"
	"assent/tracker"

	"github.com/spf13/cobra"
)

func (p *program) pauseCommand() *cobra.Command {
	var reason string
	c := p.asking("pause", "Stop all stepping until it is resumed", 0, 0, func(ctx context.Context, a *app, _ []string, asJSON bool) error {
		pause, err := a.tracker.Pause(ctx, reason, p.actor())
		if err != nil {
			return explain("pause", err)
		}
		return p.said(asJSON, "stepping is paused: sweeps give back, and do nothing else", map[string]any{"paused_at": pause.At, "reason": pause.Reason, "by": pause.By})
	})
	c.Example = "  assent pause --reason 'the clock of a server jumped'"
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (p *program) resumeCommand() *cobra.Command {
	var reason string
	c := p.asking("resume", "Let sweeps step again", 0, 0, func(ctx context.Context, a *app, _ []string, asJSON bool) error {
		if err := a.tracker.Resume(ctx, reason, p.actor()); err != nil {
			return explain("resume", err)
		}
		return p.said(asJSON, "stepping goes on with the next sweep", map[string]any{"paused_at": nil})
	})
	c.Example = "  assent resume --reason 'the clock is right'"
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (p *program) breakerCommand() *cobra.Command {
	x := tracker.Expectation{}
	var until string
	c := p.asking("breaker CAMPAIGN", "Say what the breaker of a campaign lets through, or what is expected", 1, 1,
		func(ctx context.Context, a *app, args []string, asJSON bool) error {
			if x.Campaign = args[0]; x.People != 0 || until != "" {
				var err error
				if x.Until, err = optional(until); err != nil {
					return usageError{err}
				}
				if _, err := a.tracker.Expect(ctx, x, p.actor()); err != nil {
					return p.awaited(err, asJSON, "breaker")
				}
			}
			return p.showBreaker(ctx, a, args[0], asJSON)
		})
	c.Long = `A run that would newly restrict more people than the breaker lets through, in
itself or within 24 hours, stops before the first of them. With --expect you say
how many people, by a preview that you have looked at, may be newly restricted
within 24 hours; sweeps then go on, up to breaker.factor times as many.`
	c.Example = "  assent breaker new-terms\n  assent preview new-terms --at 2021-06-20T00:00:00Z\n  assent breaker new-terms --expect 7100 --until 2021-07-03 --reason 'as previewed on 19 June'"
	c.Flags().Int64Var(&x.People, "expect", 0, "people that are expected to be newly restricted within 24 hours")
	c.Flags().StringVar(&until, "until", "", "how long that counts, at most 31 days")
	c.Flags().StringVar(&x.Reason, "reason", "", "why, for the record")
	return c
}

func (p *program) showBreaker(ctx context.Context, a *app, campaign string, asJSON bool) error {
	b, err := a.tracker.BreakerOf(ctx, campaign)
	if err != nil {
		return err
	}
	if b.Campaign = campaign; asJSON {
		return json.NewEncoder(p.out).Encode(clients.BreakerJSON(b, a.now()))
	}
	fmt.Fprintf(p.out, "%d people may be newly restricted within 24 hours; %d were within the last 24\n", b.Allowed, b.Now)
	if b.Approved > 0 && a.now().Before(b.ApprovedUntil) {
		fmt.Fprintf(p.out, "%s expects %d until %s: %s\n", b.ApprovedBy, b.Approved, b.ApprovedUntil.Format(time.RFC3339), b.Reason)
	}
	if !b.TrippedAt.IsZero() {
		fmt.Fprintf(p.out, "STOPPED at %s: run %s would have newly restricted %d people, %d were within 24 hours, and %d were allowed\n"+
			"Look at: assent preview %s\nThen: assent breaker %s --expect N --until WHEN --reason WHY\n",
			b.TrippedAt.Format(time.RFC3339), b.Run, b.Would, b.Recent, b.Limit, campaign, campaign)
	}
	return nil
}

func (p *program) unreachedCommand() *cobra.Command {
	c := p.asking("unreached CAMPAIGN", "List people whose next stage waits for a notice to reach them", 1, 1,
		func(ctx context.Context, a *app, args []string, asJSON bool) error {
			lines := json.NewEncoder(p.out)
			for after, more := int64(0), true; more; {
				page, err := a.tracker.Unreached(ctx, args[0], after, tracker.MaxBatch)
				if err != nil {
					return err
				}
				if more = len(page) == tracker.MaxBatch; more {
					after = page[len(page)-1].Ref
				}
				for _, e := range page {
					if !asJSON {
						fmt.Fprintf(p.out, "%s\t%s\t%s\n", e.Person, e.Country, e.Locale)
					} else if err := lines.Encode(map[string]string{"person": e.Person, "region": e.Country, "locale": e.Locale}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	c.Long = "Lists everybody whose next stage is due and waits for a notice to reach them; with\n--json one object a line."
	c.Example = "  assent unreached new-terms > to-call.tsv"
	return c
}

func (p *program) failuresCommand() *cobra.Command {
	c := p.asking("failures [CAMPAIGN]", "List people that sweeps could not handle", 0, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		list, err := a.tracker.Failures(ctx, strings.Join(args, ""))
		if err != nil {
			return err
		}
		out := make([]map[string]any, len(list))
		for i, f := range list {
			out[i] = map[string]any{"campaign": f.Campaign, "person": f.Person, "tries": f.Tries, "left_out": f.Tries >= tracker.MaxTries, "at": f.At.UTC(), "error": f.Error}
			if !asJSON {
				fmt.Fprintf(p.out, "%s\t%s\t%d of %d tries\t%s\t%s\n", f.Campaign, f.Person, f.Tries, tracker.MaxTries, f.At.Format(time.RFC3339), f.Error)
			}
		}
		if asJSON {
			return json.NewEncoder(p.out).Encode(out)
		}
		return nil
	})
	c.Long = "Lists people that sweeps could not handle. After three tries in a row a person is\nleft out, and stays where he or she is, until staff have sweeps try again."
	c.Example = "  assent failures\n  assent failures retry new-terms u000001"
	c.AddCommand(p.asking("retry CAMPAIGN PERSON", "Have sweeps try a person again", 2, 2, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		if err := a.tracker.Retry(ctx, args[0], args[1], p.actor()); err != nil {
			return explain("retry", err)
		}
		return p.said(asJSON, "the next sweep tries again", map[string]any{"campaign": args[0], "person": args[1]})
	}))
	return c
}
