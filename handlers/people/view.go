package people

import (
	"math"
	"slices"
	"time"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// choiceView says on a page what an offer says in facts. The form is not signed yet.
func (s site) choiceView(f templates.Frame, o tracker.Offer, now time.Time) (templates.Choice, error) {
	tag := f.Tag()
	view := templates.Choice{
		Frame: f, Title: o.Plan.Title.In(tag), Stage: stageOf(o), Now: now, From: startOf(o, now), Snoozed: snoozedAt(o),
		Own: startOf(o, now) != o.Local.Deadline, Was: movedFrom(o),
		Void: o.Local.Effect == terms.Void, OnHold: o.Position.HoldID != "", Lifted: o.Position.Lifted, Case: caseOf(tag, o),
		Grants: s.names(tag, o.Plan.Grants), Rights: s.rights(tag), Steps: s.steps(tag, o),
		Form: &templates.ChoiceForm{
			Action:     choicePath(o.Plan.Campaign, ""),
			SnoozeDays: int(math.Ceil(o.Plan.Snooze.For.Hours() / 24)), SnoozesLeft: o.Position.Snoozes,
		},
	}
	s.fillOff(&view, o)
	fillAnswered(&view, o)
	for _, v := range o.Versions {
		document, err := s.document(tag, o, v)
		if err != nil {
			return view, err
		}
		view.Documents = append(view.Documents, document)
	}
	return view, nil
}

// caseOf is what makes this person's position another than everybody's.
func caseOf(tag string, o tracker.Offer) templates.Case {
	var c templates.Case
	add := func(words string) {
		if words != "" && !slices.Contains(c.Messages, words) {
			c.Messages = append(c.Messages, words)
		}
	}
	add(o.Local.Message.In(tag))
	for _, h := range o.Holds {
		add(h.Message.In(tag))
	}
	if o.Enrolled.Status == terms.Accepted || o.Enrolled.Status == terms.Exempt {
		return c
	}
	c.Reversed = o.Position.Reversal != ""
	if !o.Position.Lifted {
		c.Hours = hoursOf(o.Ladder, o.Ladder.StageIndex(o.Position.Stage))
	}
	return c
}

// hoursOf are the hours of the day in which a stage takes something, nil where it is not only for hours.
func hoursOf(p terms.Plan, stage int) *templates.Hours {
	if stage < 0 || p.Stages[stage].BrownOut == nil || !p.Stages[stage].Takes() {
		return nil
	}
	b := *p.Stages[stage].BrownOut
	return &templates.Hours{From: terms.FormatTimeOfDay(b.At), Until: terms.FormatTimeOfDay((b.At + b.For) % (24 * time.Hour))}
}

func stageOf(o tracker.Offer) templates.ChoiceStage {
	switch {
	case o.Position.Reminder.EveryOpen:
		return templates.StagePersistent
	case o.Enrolled.Stage > 0:
		return templates.StageReminder
	}
	return templates.StageNotice
}

// startOf is when the terms begin to apply to the person: the region's deadline, or later for somebody who was told
// later and has not begun to climb.
func startOf(o tracker.Offer, now time.Time) time.Time {
	from := o.Local.Deadline
	if o.Enrolled.Stage == 0 && len(o.Ahead) > 0 && o.Ahead[0].At.After(from) && o.Ahead[0].At.After(now) {
		return o.Ahead[0].At
	}
	return from
}

// snoozedAt is when the person last chose to decide later; zero once that is over, and for never.
func snoozedAt(o tracker.Offer) time.Time {
	if o.Enrolled.SnoozedUntil.IsZero() {
		return time.Time{}
	}
	return o.Enrolled.SnoozedUntil.Add(-o.Plan.Snooze.For)
}

// fillOff says what is off, and what works all the same.
func (s site) fillOff(view *templates.Choice, o tracker.Offer) {
	off, since, still := s.off(view.Tag(), o)
	if len(off) > 0 {
		view.Stage, view.Off, view.OffSince, view.Still = templates.StageRestricted, off, since, still
	}
}

// off is what the campaign has taken from the person, since when, unless it was at different times, and what works all
// the same.
func (s site) off(tag string, o tracker.Offer) ([]string, time.Time, []string) {
	var off, still []string
	since := o.Position.Since
	for _, state := range o.Standing.Capabilities {
		capability, _ := s.Tracker.Catalogue.Find(state.Capability)
		switch {
		case state.Reason == terms.ReasonStage && state.Campaign == o.Plan.Campaign:
			off = append(off, nameOf(tag, capability))
			if state.Stage != o.Position.Stage {
				since = time.Time{}
			}
		case !capability.ExitRight && !capability.Grant && state.Value.Bool():
			still = append(still, nameOf(tag, capability))
		}
	}
	return off, since, still
}

// fillAnswered says what the person chose before.
func fillAnswered(view *templates.Choice, o tracker.Offer) {
	if len(o.Answers) == 0 {
		return
	}
	switch last := o.Answers[0]; {
	case last.Action == terms.Decline && o.Enrolled.Status == terms.Declined:
		view.Declined = last.RecordedAt
	case last.Action == terms.Withdraw:
		view.Withdrawn = last.RecordedAt
	}
}

// movedFrom is the deadline of the plan that was active before, when it was another one where the person is.
func movedFrom(o tracker.Offer) time.Time {
	was := o.Previous.In(o.Person.Country).Deadline
	if was.Equal(o.Local.Deadline) {
		return time.Time{}
	}
	return was
}

// steps are the stage the person is in, once it is more than the announcement, and those ahead.
func (s site) steps(tag string, o tracker.Offer) templates.Steps {
	var steps templates.Steps
	if o.Enrolled.Stage > 0 && o.Enrolled.Stage < len(o.Ladder.Stages) {
		steps = append(steps, s.step(tag, o, o.Enrolled.Stage, o.Enrolled.Entered))
		steps[0].Reached = true
	}
	for _, next := range o.Ahead {
		if i := o.Ladder.StageIndex(next.Stage); i >= 0 {
			steps = append(steps, s.step(tag, o, i, next.At))
		}
	}
	return steps
}

func (s site) step(tag string, o tracker.Offer, stage int, at time.Time) templates.Step {
	one := o.Ladder.Stages[stage]
	var stops []string
	if one.Takes() { // one that is only tried takes nothing
		stops = slices.Clone(one.Off)
		for _, set := range one.Set {
			stops = append(stops, set.Capability)
		}
	}
	step := templates.Step{At: at, Stops: s.names(tag, stops), Hours: hoursOf(o.Ladder, stage)}
	if o.Local.Reminder != nil {
		return step // the region has a rule of its own, which does not grow with the stages
	}
	for i := stage; i >= 0 && step.Reminder == ""; i-- {
		step.Reminder = string(o.Ladder.Stages[i].Reminder.Mode)
	}
	return step
}

// document is a version in the language of the page, or the closest there is, beside the one accepted before.
func (s site) document(tag string, o tracker.Offer, v tracker.Version) (templates.Document, error) {
	d, err := s.abstracts.of(v, tag)
	if err != nil {
		return d, err
	}
	before, ok := acceptedBefore(v.DocumentRef, o.Past)
	if !ok { // nobody knows what the person accepted: the version before is the best there is
		before.Version = o.Earlier[v.DocumentRef]
	}
	if before.Version != "" {
		before.URL = legalPath(terms.DocumentRef{Document: v.Document, Version: before.Version}, tag)
		before.CompareURL = comparePath(v.DocumentRef, before.Version, o.Plan.Campaign, tag)
		d.Before = &before
	}
	return d, nil
}

// rights are the names of what no stage takes away.
func (s site) rights(tag string) []string {
	var names []string
	for _, capability := range s.Tracker.Catalogue {
		if capability.ExitRight {
			names = append(names, nameOf(tag, capability))
		}
	}
	return names
}

// names are capabilities as people call them.
func (s site) names(tag string, keys []string) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = key
		if capability, ok := s.Tracker.Catalogue.Find(key); ok {
			names[i] = nameOf(tag, capability)
		}
	}
	return names
}

func nameOf(tag string, c terms.Capability) string {
	if title := c.Title.In(tag); title != "" {
		return title
	}
	return c.Key
}
