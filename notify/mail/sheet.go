package mail

import (
	"context"

	"assent/terms"
	"assent/tracker"
)

// Sheet is every mail a plan can send people: each kind at each stage at which it is
// sent, in every language, as it would be sent to somebody who was told at once. A
// region has its own of what all its people are told.
func (w Writer) Sheet(ctx context.Context, t *tracker.Tracker, campaign string, plan int) ([]tracker.SheetPage, error) {
	record, err := t.Plan(ctx, campaign, plan)
	if err != nil {
		return nil, err
	}
	wanted := everywhere(record.Plan)
	for _, r := range record.Regions {
		if len(r.Countries) > 0 {
			wanted = append(wanted, specimen{kind: tracker.LetterTold, country: r.Countries[0], name: ", " + r.Key})
		}
	}
	var pages []tracker.SheetPage
	for _, one := range wanted {
		for _, l := range w.Pages.Locales() {
			o, at, err := t.SampleOffer(ctx, tracker.Sample{Campaign: campaign, Plan: plan, Country: one.country, Locale: l.Tag(), Stage: one.stage, Dated: true})
			if err != nil {
				return nil, err
			}
			m, err := w.Sample(one.kind, o, at)
			if err != nil {
				return nil, err
			}
			pages = append(pages, tracker.SheetPage{State: "e-mail, " + string(one.kind) + one.name, Locale: l.Tag(), HTML: []byte(m.HTML), Letter: true})
		}
	}
	return pages, nil
}

// specimen is one mail of a sheet, to somebody in a country at a stage.
type specimen struct {
	kind    tracker.LetterKind
	country string
	stage   int
	name    string
}

// everywhere are the mails of a plan where no region has its own.
func everywhere(p terms.Plan) []specimen {
	var out []specimen
	last := p.In("").Last
	for i, stage := range p.Stages[:last+1] {
		add := func(kinds ...tracker.LetterKind) {
			for _, k := range kinds {
				out = append(out, specimen{kind: k, stage: i, name: " at " + stage.Key})
			}
		}
		switch {
		case i == 0:
			add(tracker.LetterTold)
		case stage.Takes():
			add(tracker.LetterEntered)
		default:
			add(tracker.LetterReminder)
		}
		if stage.Reminder.Every > 0 && (i == 0 || stage.Takes()) {
			add(tracker.LetterReminder)
		}
		if i < last && p.Stages[i+1].Takes() {
			add(tracker.LetterWarned, tracker.LetterRestored)
		}
	}
	return append(out, specimen{kind: tracker.LetterMoved, stage: min(1, last)}, specimen{kind: tracker.LetterReversed, stage: min(1, last)})
}
