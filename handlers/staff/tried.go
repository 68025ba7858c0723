package staff

import (
	"context"
	"fmt"
	"slices"

	"assent/templates"
	"assent/tracker"
)

// tried is what stages that only record would have done, and the hours of those that take something for a part of the day.
func tried(o tracker.Overview) templates.StaffTable {
	t := templates.StaffTable{
		ID: "tried", Title: "Stages on trial", Say: "Since the announcement. A stage on trial takes nothing away; it records whom it would have concerned.",
		Head: []templates.StaffCell{{Text: "Stage"}, {Text: "Entered", Number: true}, {Text: "There now", Number: true}, {Text: "Went on", Number: true}, {Text: "Accepted or let off since", Number: true}},
	}
	sums := map[tracker.Tally]int64{}
	for _, d := range o.Days {
		sums[d.Tally] += d.People
	}
	for i, stage := range o.Plan.Stages {
		if !stage.Shadow && stage.BrownOut == nil || i == 0 {
			continue
		}
		entered, left := sums[tracker.EnteredStage(i)], sums[tracker.LeftStage(i)]
		onward := min(sums[tracker.EnteredStage(i+1)], left)
		name := templates.StaffCell{Text: stageName(o.Plan.Plan, i), Note: "Would have taken: " + list(o, i)}
		if !stage.Shadow {
			name.Note = "Takes, " + windowWords(*stage.BrownOut) + ": " + list(o, i)
		}
		t.Rows = append(t.Rows, []templates.StaffCell{name, number(entered), number(o.Stages[i]), number(onward), number(left - onward)})
	}
	return t
}

// list names what a stage lists.
func list(o tracker.Overview, stage int) string {
	s := o.Plan.Stages[stage]
	keys := slices.Clone(s.Off)
	for _, set := range s.Set {
		keys = append(keys, set.Capability)
	}
	if len(keys) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d capabilities", len(keys))
}

// decisions are what waits for staff in a campaign, and what they have in force besides holds.
func (s console) decisions(ctx context.Context, o tracker.Overview) ([]templates.StaffDecision, error) {
	var out []templates.StaffDecision
	key, now := o.Campaign.Key, s.Tracker.Now()
	if o.Campaign.Confirmed != o.Campaign.Plan {
		out = append(out, templates.StaffDecision{What: fmt.Sprintf("Plan %d binds newcomers only", o.Campaign.Plan),
			Text: "Whoever was in the campaign before keeps the gentler of it and the plan before, until it is confirmed.",
			URL:  under(key, "plans", fmt.Sprint(o.Campaign.Plan), "confirm"), Link: "See what confirming does"})
	}
	b, err := s.Tracker.BreakerOf(ctx, key)
	if err != nil {
		return nil, err
	}
	if !b.TrippedAt.IsZero() {
		out = append(out, templates.StaffDecision{What: "The sweep stopped itself",
			Text: fmt.Sprintf("It was about to newly restrict %s; %s were in the 24 hours before, and %s are allowed. Reminders go on, and giving back goes on.", people(b.Would), count64(b.Recent), count64(b.Limit)),
			URL:  under(key, "next"), Link: "Look at the next run"})
	}
	reversals, err := s.Tracker.ReversalList(ctx, key)
	if err != nil {
		return nil, err
	}
	for _, r := range reversals {
		if r.Undone.IsZero() {
			line := reversalLine(r, o.Plan.Plan, now)
			out = append(out, templates.StaffDecision{What: "Taken back", Text: fmt.Sprintf("%s, no further than %s, since %s: %s", line.Where, line.To, date(r.At), r.Reason), URL: line.URL, Link: "See the counts"})
		}
	}
	asked, err := s.Tracker.ApprovalList(ctx, key)
	if err != nil {
		return nil, err
	}
	for _, a := range asked {
		if waiting(a, now) {
			line := approvalLine(a, now)
			out = append(out, templates.StaffDecision{What: line.What, Text: "Waits for a second person. Asked by " + line.By + ": " + line.Reason, URL: line.URL, Link: "Look at it"})
		}
	}
	return out, nil
}
