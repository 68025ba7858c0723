package staff

import (
	"fmt"
	"strings"
	"time"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// position tells where a person stands in one campaign, and the facts the rules work on, in the order they work.
func position(o tracker.Offer, catalogue terms.Catalogue, now time.Time) templates.PersonPosition {
	pos := o.Position
	view := templates.PersonPosition{
		Campaign: pos.Campaign, Title: o.Plan.Title.In("en"), Status: statusTag(pos.Status), Stage: humane(pos.Stage), Since: pos.Since,
		NextStage: humane(pos.Next.Stage), NextAt: pos.Next.At, NextWhy: waitsFor(pos.Next.Why),
		Why: why(o, catalogue, now),
	}
	if restricted(o) {
		view.Restore = "Accepting brings everything back at once"
	}
	return view
}

// restricted reports whether the person is without something now because of this campaign.
func restricted(o tracker.Offer) bool {
	asked := o.Position.Status == terms.Pending || o.Position.Status == terms.Declined
	return asked && !o.Position.Lifted && restricts(o.Plan.Plan, o.Enrolled.Stage)
}

func waitsFor(why string) string {
	switch why {
	case terms.WaitsForNotice:
		return "once a notice has reached the person in this stage"
	case terms.WaitsForHold:
		return "once the hold has ended"
	}
	return ""
}

func why(o tracker.Offer, catalogue terms.Catalogue, now time.Time) []string {
	switch o.Position.Status {
	case terms.Exempt:
		return []string{"Accounts of this type are not asked."}
	case terms.Accepted:
		return accepted(o)
	}
	out := []string{calendar(o, now), notice(o.Plan.Plan, o.Enrolled.Enrollment)}
	if at := o.Enrolled.NotBefore; at.After(o.Local.Deadline) {
		out = append(out, fmt.Sprintf("The person's own clock starts on %s, after an extension or a withdrawal.", date(at)))
	}
	if o.Position.Status == terms.Declined {
		out = append(out, "The person declined. The ladder goes on as for those who have not chosen.")
	}
	out = append(out, effect(o, catalogue))
	if last := o.Local.Last; last < len(o.Plan.Stages)-1 {
		out = append(out, fmt.Sprintf("In %s the ladder ends at %s.", regionName(o.Local.Region), stageName(o.Plan.Plan, last)))
	}
	return append(out, holds(o.Holds)...)
}

func accepted(o tracker.Offer) []string {
	out := []string{"The person has accepted: no stage takes anything away."}
	if o.Position.Effect == terms.Void {
		out = append(out, "Acceptance is recorded here without effect: what only acceptance turns on stays off.")
	}
	return append(out, holds(o.Holds)...)
}

// calendar says which dates apply to the person's region.
func calendar(o tracker.Offer, now time.Time) string {
	is := func(at time.Time) string {
		if at.After(now) {
			return "is"
		}
		return "was"
	}
	where := ""
	if o.Local.Region != "" {
		where = " for " + regionName(o.Local.Region)
	}
	return fmt.Sprintf("The announcement%s %s on %s, the deadline %s on %s.", where,
		is(o.Local.AnnounceAt), date(o.Local.AnnounceAt), is(o.Local.Deadline), date(o.Local.Deadline))
}

func notice(p terms.Plan, e terms.Enrollment) string {
	if e.FirstNotice.IsZero() {
		return "No notice has been seen or delivered. Without one, nothing is taken away."
	}
	text := fmt.Sprintf("A notice was first seen or delivered on %s; the notice period is %s.", date(e.FirstNotice), days(p.NoticePeriod))
	if e.Noticed.IsZero() && e.Stage > 0 {
		text += " None has been in this stage."
	}
	return text
}

// effect says what the person's stage has taken away so far.
func effect(o tracker.Offer, catalogue terms.Catalogue) string {
	p, name := o.Plan.Plan, humane(o.Position.Stage)
	if o.Enrolled.Stage >= len(p.Stages) || !restricts(p, o.Enrolled.Stage) {
		return name + " takes nothing away."
	}
	var keys []string
	for _, s := range p.Stages[:o.Enrolled.Stage+1] {
		keys = append(keys, s.Off...)
		for _, set := range s.Set {
			keys = append(keys, set.Capability)
		}
	}
	return fmt.Sprintf("%s limits: %s.", name, strings.Join(capabilityNames(catalogue, keys), ", "))
}

func holds(list []tracker.Hold) []string {
	var out []string
	for _, h := range list {
		meanwhile := "nobody under it moves to another stage"
		if h.Effect == terms.Lift {
			meanwhile = "people under it have full access meanwhile"
		}
		out = append(out, fmt.Sprintf("A hold covers the person since %s (%s): %s.", date(h.Starts), h.Reason, meanwhile))
	}
	return out
}
