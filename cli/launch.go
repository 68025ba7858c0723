package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"assent/handlers/people"
	"assent/launch"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// launchGate looks at plans before they are put into force.
func (a *app) launchGate() *tracker.LaunchGate {
	return &tracker.LaunchGate{
		Required: a.settings.Launch.Required,
		Pages: func(ctx context.Context, campaign string, plan int) ([]tracker.SheetPage, error) {
			pages, err := templates.New()
			if err != nil {
				return nil, err
			}
			shown, err := people.Sheet(ctx, a.people(pages), campaign, plan)
			if err != nil {
				return nil, err
			}
			sent, err := a.writer(pages).Sheet(ctx, a.tracker, campaign, plan)
			return append(shown, sent...), err
		},
		Blocking: func(ctx context.Context, campaign string, plan int, sheet []tracker.SheetPage) ([]string, error) {
			findings, err := a.judge(ctx, campaign, plan, sheet)
			var words []string
			for _, f := range launch.Blocking(findings) {
				words = append(words, f.Words)
			}
			return words, err
		},
	}
}

// launch judges a plan as things stand now; 0 is the newest.
func (a *app) launch(ctx context.Context, campaign string, plan int) ([]launch.Finding, int, error) {
	if plan == 0 {
		plans, err := a.tracker.Plans(ctx, campaign)
		if err != nil {
			return nil, 0, err
		}
		plan = plans[len(plans)-1].Number // a campaign begins with its first plan
	}
	sheet, err := a.tracker.Launch.Pages(ctx, campaign, plan)
	if err != nil {
		return nil, plan, err
	}
	findings, err := a.judge(ctx, campaign, plan, sheet)
	return findings, plan, err
}

// findings judges a plan for the console.
func (a *app) findings(ctx context.Context, campaign string, plan int) ([]launch.Finding, error) {
	found, _, err := a.launch(ctx, campaign, plan)
	return found, err
}

// judge gathers the facts and judges them.
func (a *app) judge(ctx context.Context, campaign string, plan int, sheet []tracker.SheetPage) ([]launch.Finding, error) {
	record, err := a.tracker.Plan(ctx, campaign, plan)
	if err != nil {
		return nil, err
	}
	events, err := a.tracker.Launches(ctx, campaign, plan)
	if err != nil {
		return nil, err
	}
	b, l := brand(a.settings.Brand), a.settings.Launch
	f := launch.Facts{
		Now: a.now(), Plan: record.Plan, Catalogue: a.settings.Catalogue, DryRun: tracker.LastDryRun(events), Step: terms.Step,
		Links:   launch.Links{Support: b.HelpURL, Export: b.ExportURL, Close: b.CloseURL},
		Demands: launch.Demands{NoticePeriod: l.NoticePeriod, Weekly: l.Weekly, LanguageShare: l.LanguageShare, DryRunAge: l.DryRunAge},
		Second:  a.tracker.NeedsSecond(tracker.ActActivate),
	}
	if f.People, err = a.tracker.Speaking(ctx, record.Plan); err != nil {
		return nil, err
	}
	if f.Texts, err = a.askedTexts(ctx, record.Plan); err != nil {
		return nil, err
	}
	if f.Conflicts, err = a.tracker.Misfits(ctx, campaign, plan); err != nil {
		return nil, err
	}
	if f.Pages, err = a.judged(ctx, sheet, events); err != nil {
		return nil, err
	}
	return launch.Check(f), nil
}

// judged are pages with what they are kept under: themselves, or as they were at the last dry run.
func (a *app) judged(ctx context.Context, sheet []tracker.SheetPage, events []tracker.LaunchEvent) ([]launch.Page, error) {
	kept := map[[2]string]string{}
	if i := slices.IndexFunc(events, func(e tracker.LaunchEvent) bool { return e.Sheet != "" }); i >= 0 {
		last, err := a.tracker.Sheet(ctx, events[i].Sheet)
		if err != nil {
			return nil, err
		}
		for _, p := range last.Pages {
			kept[[2]string{p.State, p.Locale}] = p.SHA256
		}
	}
	out := make([]launch.Page, len(sheet))
	for i, p := range sheet {
		out[i] = launch.Page{State: p.State, Locale: p.Locale, HTML: p.HTML, Choice: p.Choice, Letter: p.Letter, Kept: cmp.Or(p.SHA256, kept[[2]string{p.State, p.Locale}])}
	}
	return out, nil
}

// askedTexts are the texts of every version that is asked for, anywhere.
func (a *app) askedTexts(ctx context.Context, p terms.Plan) ([]launch.Text, error) {
	asked := append([]terms.DocumentRef{}, p.Documents...)
	for _, r := range p.Regions {
		asked = append(asked, r.Documents...)
	}
	var out []launch.Text
	seen := map[terms.DocumentRef]bool{}
	for _, ref := range asked {
		if seen[ref] {
			continue
		}
		seen[ref] = true
		v, err := a.tracker.Version(ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, t := range v.Texts {
			out = append(out, launch.Text{Document: ref.Document, Version: ref.Version, Locale: t.Locale, Summary: t.Summary})
		}
	}
	return out, nil
}

// examineLaunch prints what the launch gate finds. The error is that something stands in the way.
func (p *program) examineLaunch(ctx context.Context, a *app, campaign string, plan int) error {
	findings, plan, err := a.launch(ctx, campaign, plan)
	if err != nil {
		return explain("launch", err)
	}
	fmt.Fprintf(p.out, "launch    campaign %s, plan %d\n", campaign, plan)
	p.printFindings(a.settings.Server.PublicURL, findings)
	if n := len(launch.Blocking(findings)); n > 0 {
		return fmt.Errorf("%d findings stand in the way of plan %d of campaign %s", n, plan, campaign)
	}
	return nil
}

// showLaunch says before a plan is put into force what the gate finds against it.
func (p *program) showLaunch(ctx context.Context, a *app, record tracker.PlanRecord) error {
	findings, _, err := a.launch(ctx, record.Campaign, record.Number)
	against := slices.DeleteFunc(findings, func(f launch.Finding) bool { return f.Severity != launch.Blocks && f.Severity != launch.Warns })
	if len(against) > 0 {
		fmt.Fprintln(p.out, "The launch gate finds:")
		p.printFindings(a.settings.Server.PublicURL, against)
	}
	return err
}

// printFindings writes one finding a line, and below it where it is mended.
func (p *program) printFindings(base string, findings []launch.Finding) {
	for _, f := range findings {
		fmt.Fprintf(p.out, "%-9s %-15s %s%s\n", f.Severity, f.Rule, f.Words, places(f.Where))
		if f.Mend.Words != "" && f.Severity != launch.Notes {
			fmt.Fprintf(p.out, "%-25s -> %s", "", f.Mend.Words)
			if f.Mend.URL != "" {
				fmt.Fprintf(p.out, ": %s%s", base, f.Mend.URL)
			}
			fmt.Fprintln(p.out)
		}
	}
}

// places names the first few of them.
func places(where []string) string {
	const few = 3
	switch {
	case len(where) == 0:
		return ""
	case len(where) <= few:
		return " (" + strings.Join(where, "; ") + ")"
	}
	return fmt.Sprintf(" (%s; and %d more)", strings.Join(where[:few], "; "), len(where)-few)
}
