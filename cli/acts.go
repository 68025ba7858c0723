package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/handlers/clients"
	"assent/terms"
	"assent/tracker"

	"github.com/spf13/cobra"
)

// asking is a command that takes arguments and --json.
func (p *program) asking(use, short string, least, most int, run func(ctx context.Context, a *app, args []string, asJSON bool) error) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: use, Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.RangeArgs(least, most)(c, args); err != nil {
				return usageError{fmt.Errorf("%s: %w", c.UseLine(), err)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(a *app) error { return run(c.Context(), a, args, asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// said prints what was done.
func (p *program) said(asJSON bool, sentence string, data any) error {
	if asJSON {
		return json.NewEncoder(p.out).Encode(data)
	}
	fmt.Fprintln(p.out, sentence)
	return nil
}

// awaited says that an act waits for a second person, which is no failure. Any
// other error it puts into words.
func (p *program) awaited(err error, asJSON bool, what string) error {
	var awaits *tracker.Awaits
	if !errors.As(err, &awaits) {
		return explain(what, err)
	}
	id := awaits.Approval.ID
	return p.said(asJSON, fmt.Sprintf("Nothing was changed yet: this waits for a second person until %s.\nSomebody else does it with: assent approvals approve %s",
		awaits.Approval.Expires.Format(time.RFC3339), id), map[string]any{"awaits_approval": clients.ApprovalJSON(awaits.Approval, awaits.Approval.AskedAt)})
}

func (p *program) approvalsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "approvals", Short: "List, approve and reject what waits for a second person", Args: cobra.NoArgs,
		Example: "  assent approvals list\n  assent approvals approve apr_…\n  assent approvals reject apr_… --reason 'not this week'",
	}
	list := p.asking("list [CAMPAIGN]", "List requests for approval, newest first", 0, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		all, err := a.tracker.ApprovalList(ctx, strings.Join(args, ""))
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(p.out).Encode(clients.ApprovalsJSON(all, a.now()))
		}
		for _, one := range all {
			state := string(one.State)
			if one.State == tracker.ApprovalOpen && !a.now().Before(one.Expires) {
				state = "expired"
			}
			fmt.Fprintf(p.out, "%s\t%s\t%s\t%s\tasked by %s at %s\n", one.ID, state, one.Act, one.Object, one.AskedBy, one.AskedAt.Format(time.RFC3339))
		}
		return nil
	})
	approve := p.asking("approve ID", "Carry out what somebody else asked for", 1, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		one, err := a.tracker.Approve(ctx, args[0], p.actor())
		if err != nil {
			return explain("approve", err)
		}
		return p.said(asJSON, fmt.Sprintf("%s of %s is done", one.Act, one.Object), clients.ApprovalJSON(one, a.now()))
	})
	var reason string
	reject := p.asking("reject ID", "Turn a request down, or take one's own back", 1, 1, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		one, err := a.tracker.Reject(ctx, args[0], reason, p.actor())
		if err != nil {
			return explain("reject", err)
		}
		return p.said(asJSON, fmt.Sprintf("%s of %s is rejected", one.Act, one.Object), clients.ApprovalJSON(one, a.now()))
	})
	reject.Flags().StringVar(&reason, "reason", "", "why")
	c.AddCommand(list, approve, reject)
	return c
}

func (p *program) reverseCommand() *cobra.Command {
	r := terms.Reversal{}
	c := p.asking("reverse CAMPAIGN", "Take a campaign, or a region of it, back to a stage, or off", 1, 1,
		func(ctx context.Context, a *app, args []string, asJSON bool) error {
			r.Campaign = args[0]
			made, err := a.tracker.Reverse(ctx, r, p.actor())
			if err != nil {
				return p.awaited(err, asJSON, "reverse")
			}
			return p.reversed(ctx, a, made, fmt.Sprintf("reversal %s is in force: nobody it covers is beyond %s", made.ID, made.Stage), asJSON)
		})
	c.Long = `Takes everybody in a campaign, or in a region of it, back to a stage. Every answer
reflects it at once, people are told, and nobody goes further than that stage
from then on. It can be undone for a while: see assent undo.`
	c.Example = "  assent reverse new-terms --to announced --reminders soften --reason 'decided on 28 May'\n  assent reverse new-terms --to off --region BR --reason 'court order'"
	c.Flags().StringVar(&r.Stage, "to", "", "key of the stage, or off: nobody is restricted or reminded any more")
	c.Flags().StringVar(&r.Region, "region", "", "a country, or a region of the plan (default: everybody)")
	c.Flags().StringVar((*string)(&r.Reminders), "reminders", string(terms.KeepReminders), "keep, soften or stop")
	c.Flags().StringVar(&r.Reason, "reason", "", "why, for the record")
	c.Flags().StringVar(&r.Reference, "reference", "", "where the reason can be read")
	return c
}

func (p *program) undoCommand() *cobra.Command {
	var reason string
	c := p.asking("undo CAMPAIGN [REVERSAL]", "Undo a reversal, the newest unless one is named", 1, 2,
		func(ctx context.Context, a *app, args []string, asJSON bool) error {
			all, err := a.tracker.ReversalList(ctx, args[0])
			if err != nil {
				return err
			}
			var id string
			for _, one := range all {
				if one.Undone.IsZero() {
					id = one.ID
				}
			}
			if len(args) == 2 {
				id = args[1]
			}
			if id == "" {
				return terms.Errorf(terms.NotFound, "campaign %q has no reversal in force", args[0])
			}
			undone, err := a.tracker.Undo(ctx, args[0], id, reason, p.actor())
			if err != nil {
				return p.awaited(err, asJSON, "undo")
			}
			return p.reversed(ctx, a, undone, fmt.Sprintf("reversal %s is undone: the ladder goes on from where people are", id), asJSON)
		})
	c.Long = `Takes a reversal back within its window (reversals.undo_window). The ladder goes
on from where people are by now; nothing is taken from anybody at once.`
	c.Example = "  assent undo new-terms --reason 'made for the wrong region'"
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

// reversed prints a reversal with its counts before and after.
func (p *program) reversed(ctx context.Context, a *app, r tracker.Reversed, sentence string, asJSON bool) error {
	c, err := a.tracker.Campaign(ctx, r.Campaign)
	if err != nil {
		return err
	}
	plan, err := a.tracker.Plan(ctx, r.Campaign, c.Plan)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(clients.ReversalJSON(r, plan.Plan))
	}
	fmt.Fprintln(p.out, sentence)
	before, after := waiting(plan.Plan, r.Before), waiting(plan.Plan, r.After)
	for i, stage := range plan.Stages {
		fmt.Fprintf(p.out, "  %-24s %8d -> %d\n", stage.Key, before[i], after[i])
	}
	return nil
}

// waiting counts people who have not accepted by stage.
func waiting(p terms.Plan, counts []tracker.Count) []int64 {
	out := make([]int64, len(p.Stages))
	for _, c := range counts {
		if (c.Status == terms.Pending || c.Status == terms.Declined) && c.Stage < len(out) {
			out[c.Stage] += c.People
		}
	}
	return out
}

func (p *program) holdCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "hold", Short: "Place, release and list holds", Args: cobra.NoArgs,
		Example: "  assent hold place new-terms --region BR --until 2021-08-05 --reason 'recommendation of 7 May'\n" +
			"  assent hold list new-terms\n  assent hold release new-terms hld_… --reason 'settled'",
	}
	var reason string
	release := p.asking("release CAMPAIGN ID", "End a hold now", 2, 2, func(ctx context.Context, a *app, args []string, asJSON bool) error {
		h, err := a.tracker.ReleaseHold(ctx, args[0], args[1], reason, p.actor())
		if err != nil {
			return p.awaited(err, asJSON, "release")
		}
		return p.said(asJSON, fmt.Sprintf("hold %s has ended", h.ID), clients.HoldJSON(h))
	})
	release.Flags().StringVar(&reason, "reason", "", "why, for the record")
	c.AddCommand(p.placeHoldCommand(), release, p.asking("list CAMPAIGN", "List the holds of a campaign", 1, 1, p.listHolds))
	return c
}

func (p *program) placeHoldCommand() *cobra.Command {
	h := terms.Hold{}
	var from, until string
	var cohort map[string]string
	c := p.asking("place CAMPAIGN", "Stop the ladder for everybody, a region, a cohort or a person", 1, 1,
		func(ctx context.Context, a *app, args []string, asJSON bool) error {
			h.Campaign = args[0]
			var errs [3]error
			h.Scope.Attributes, errs[0] = terms.ParseAttributes(cohort)
			h.Starts, errs[1] = optional(from)
			h.Ends, errs[2] = optional(until)
			if err := firstError(errs[:]...); err != nil {
				return usageError{err}
			}
			placed, err := a.tracker.PlaceHold(ctx, h, p.actor())
			if err != nil {
				return explain("hold", err)
			}
			covered, err := a.tracker.Covered(ctx, placed.Hold)
			if err != nil {
				return err
			}
			return p.said(asJSON, fmt.Sprintf("hold %s covers %d people, %d of them have not accepted", placed.ID, covered.People, covered.Waiting), clients.HoldJSON(placed))
		})
	f := c.Flags()
	f.StringVar(&h.Scope.Region, "region", "", "a country, or a region of the plan")
	f.StringVar(&h.Scope.Person, "person", "", "one person")
	f.StringToStringVar(&cohort, "attribute", nil, "people with this attribute, as KEY=VALUE; repeatable")
	f.StringVar((*string)(&h.Clock), "clock", string(terms.ClockStop), "stop, continue or restart")
	f.StringVar((*string)(&h.Effect), "effect", string(terms.Freeze), "freeze: people stay where they are; lift: they have everything meanwhile")
	f.StringVar(&from, "from", "", "when it begins (default: now)")
	f.StringVar(&until, "until", "", "when it ends (default: when it is released)")
	f.BoolVar(&h.Reminders, "reminders", false, "reminders go on meanwhile")
	f.DurationVar(&h.Spread, "spread", -1, "over which people go on after it (default: holds.spread)")
	f.StringVar(&h.Reason, "reason", "", "why, for the record")
	f.StringVar(&h.Reference, "reference", "", "where the reason can be read")
	f.Lookup("spread").DefValue = ""
	return c
}

func (p *program) listHolds(ctx context.Context, a *app, args []string, asJSON bool) error {
	var list []tracker.Hold
	err := a.store.View(ctx, func(r tracker.Reader) error {
		if _, err := r.Campaign(ctx, args[0]); err != nil {
			return err
		}
		var err error
		list, err = r.Holds(ctx, args[0])
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(clients.HoldsJSON(list))
	}
	for _, h := range list {
		state := "over"
		switch now := a.now(); {
		case h.Active(now):
			state = "in force"
		case h.Starts.After(now):
			state = "to come"
		}
		until := "until released"
		if !h.Ends.IsZero() {
			until = "until " + h.Ends.Format(time.RFC3339)
		}
		fmt.Fprintf(p.out, "%s\t%s\t%s\t%s from %s %s\t%s\n", h.ID, state, scope(h.Scope), h.Clock, h.Starts.Format(time.RFC3339), until, h.Reason)
	}
	return nil
}

func scope(s terms.Scope) string {
	var parts []string
	for _, one := range []string{s.Region, s.Person} {
		if one != "" {
			parts = append(parts, one)
		}
	}
	for key, value := range s.Attributes.Map() {
		parts = append(parts, key+"="+value)
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		return "everybody"
	}
	return strings.Join(parts, " ")
}

// optional reads an instant that may be left out.
func optional(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return instant(text)
}
