package people

import (
	"bytes"
	"context"
	"time"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// Sheet is every page a plan can show people, in every state and every language that pages speak, each as it would be
// sent, whole with its styles. Somebody made up stands in each stage of each region, at the time a person who was told
// at once would come there.
func Sheet(ctx context.Context, options Options, campaign string, plan int) ([]tracker.SheetPage, error) {
	s := &sheet{site: site{Options: options}}
	record, err := s.Tracker.Plan(ctx, campaign, plan)
	if err != nil {
		return nil, err
	}
	for _, region := range regionsOf(record.Plan) {
		last := record.In(region.country).Last
		for stage := range last + 1 {
			o, at, err := s.Tracker.SampleOffer(ctx, tracker.Sample{Campaign: campaign, Plan: plan, Country: region.country, Stage: stage, Dated: true})
			if err != nil {
				return nil, err
			}
			sample := sampled{o, at, o.Ladder.Stages[o.Enrolled.Stage].Key + region.suffix}
			if err := s.stage(ctx, sample); err != nil {
				return nil, err
			}
			if region.country != "" || stage != min(1, last) {
				continue
			}
			if err := s.variants(ctx, sample); err != nil {
				return nil, err
			}
		}
	}
	return s.pages, nil
}

// sheet collects pages.
type sheet struct {
	site
	pages []tracker.SheetPage
}

// sampled is what is asked of somebody made up, when, and what staff call it.
type sampled struct {
	tracker.Offer
	at   time.Time
	name string
}

// somewhere is a country that stands for its region.
type somewhere struct{ country, suffix string }

func regionsOf(p terms.Plan) []somewhere {
	out := []somewhere{{}}
	for _, r := range p.Regions {
		if len(r.Countries) > 0 {
			out = append(out, somewhere{r.Countries[0], ", " + r.Key})
		}
	}
	return out
}

// stage adds the choice page and what works, as they are at one stage.
func (s *sheet) stage(ctx context.Context, sample sampled) error {
	if err := s.choice(ctx, sample, nil); err != nil {
		return err
	}
	return s.add(sample.name+": what works", sample.Offer, func(f templates.Frame) (string, any, error) {
		return "people/features", s.featuresView(f, sample.Offer, ""), nil
	})
}

// choice adds the choice page, changed where a state needs it.
func (s *sheet) choice(ctx context.Context, sample sampled, change func(*templates.Choice)) error {
	err := s.add(sample.name, sample.Offer, func(f templates.Frame) (string, any, error) {
		view, err := s.choiceView(f, sample.Offer, sample.at)
		if err == nil && change != nil {
			change(&view)
		}
		return "people/choice", view.Snapshot(), err
	})
	for i := len(s.pages) - 1; err == nil && i >= 0 && s.pages[i].State == sample.name; i-- {
		s.pages[i].Choice = true
	}
	return err
}

// variants adds what does not depend on the stage, as it is at an early one.
func (s *sheet) variants(ctx context.Context, base sampled) error {
	earlier := base.at.Add(-7 * 24 * time.Hour)
	held := func(lifted bool) func(*sampled) {
		return func(o *sampled) { o.Position.HoldID, o.Position.Lifted, o.Ahead = "sample", lifted, nil }
	}
	for _, one := range []struct {
		name   string
		change func(*sampled)
		view   func(*templates.Choice)
	}{
		{"put off", func(o *sampled) { o.Enrolled.SnoozedUntil = earlier.Add(o.Plan.Snooze.For) }, nil},
		{"cannot be put off again", func(o *sampled) { o.Position.Snoozes = 0 }, nil},
		{"declined earlier", func(o *sampled) {
			o.Enrolled.Status, o.Answers = terms.Declined, []tracker.Response{{Action: terms.Decline, RecordedAt: earlier}}
		}, nil},
		{"withdrawn earlier", func(o *sampled) { o.Answers = []tracker.Response{{Action: terms.Withdraw, RecordedAt: earlier}} }, nil},
		{"on hold", held(false), nil},
		{"on hold, all given back", held(true), nil},
		{"date moved", func(*sampled) {}, func(c *templates.Choice) { c.Was = c.From.Add(-28 * 24 * time.Hour) }},
		{"taken back", func(o *sampled) { o.Position.Reversal, o.Ahead = "sample", nil }, nil},
		{"texts changed meanwhile", func(*sampled) {}, func(c *templates.Choice) { c.Refused = templates.FaultTermsChanged }},
	} {
		state := base
		state.name = one.name
		one.change(&state)
		if err := s.choice(ctx, state, one.view); err != nil {
			return err
		}
	}
	if err := s.answers(base); err != nil {
		return err
	}
	return s.nothings(base)
}

// answers adds what people see after a choice.
func (s *sheet) answers(base sampled) error {
	o := base.Offer
	answer := func(f templates.Frame) templates.Answer {
		a := templates.Answer{Campaign: o.Plan.Title.In(f.Tag()), At: base.at, Reference: "rcp_sample", ReceiptURL: "/receipts/rcp_sample", ChangeURL: choicePath(o.Plan.Campaign, "")}
		for _, v := range o.Versions {
			text, _ := v.TextIn(f.Tag()) // a published version has a text
			a.Documents = append(a.Documents, templates.Document{Title: v.Title.In(f.Tag()), Version: v.Version, Locale: text.Locale, SHA256: text.SHA256, URL: legalPath(v.DocumentRef, text.Locale)})
		}
		return a
	}
	for _, one := range []struct {
		name string
		view func(f templates.Frame) (string, any)
	}{
		{"accepted", func(f templates.Frame) (string, any) {
			return "people/accepted", templates.Accepted{Frame: f, Answer: answer(f), From: o.Local.Deadline, Granted: s.names(f.Tag(), o.Plan.Grants)}
		}},
		{"accepted, without effect", func(f templates.Frame) (string, any) {
			return "people/accepted", templates.Accepted{Frame: f, Answer: answer(f), From: o.Local.Deadline, Void: true}
		}},
		{"declined", func(f templates.Frame) (string, any) {
			return "people/declined", templates.Declined{Frame: f, Answer: answer(f), Keeps: s.rights(f.Tag()), Steps: s.steps(f.Tag(), o)}
		}},
		{"withdrawn", func(f templates.Frame) (string, any) {
			return "people/declined", templates.Declined{Frame: f, Answer: answer(f), Withdrawn: true, Keeps: s.rights(f.Tag()), Steps: s.steps(f.Tag(), o)}
		}},
		{"later", func(f templates.Frame) (string, any) {
			return "people/later", templates.Later{Frame: f, Campaign: o.Plan.Title.In(f.Tag()), RemindAt: base.at.Add(o.Plan.Snooze.For), Left: o.Position.Snoozes, ChangeURL: choicePath(o.Plan.Campaign, "")}
		}},
	} {
		err := s.add(one.name, o, func(f templates.Frame) (string, any, error) {
			page, view := one.view(f)
			return page, view, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nothings adds the pages that say why there is nothing to choose.
func (s *sheet) nothings(base sampled) error {
	for _, reason := range []templates.NothingReason{templates.ReasonNotAnnounced, templates.ReasonExempt, templates.ReasonExcused, templates.ReasonBound, templates.ReasonEnded} {
		err := s.add("nothing to choose, "+string(reason), base.Offer, func(f templates.Frame) (string, any, error) {
			return "people/nothing", templates.Nothing{Frame: f, Title: base.Plan.Title.In(f.Tag()), Reason: reason}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add renders one state in every language.
func (s *sheet) add(state string, o tracker.Offer, view func(templates.Frame) (page string, view any, err error)) error {
	for _, locale := range s.Pages.Locales() {
		f := frameIn(s.Options, locale)
		f.Zone = o.Zone
		page, v, err := view(f)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := s.Pages.Render(&out, page, v); err != nil {
			return err
		}
		whole, err := s.Pages.SelfContained(out.Bytes())
		if err != nil {
			return err
		}
		s.pages = append(s.pages, tracker.SheetPage{State: state, Locale: locale.Tag(), HTML: whole})
	}
	return nil
}
