package tracker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// who introduces the person.
func (x Explanation) who() string {
	s := fmt.Sprintf("%s has a %s account in %s.", x.Person.ID, x.Person.Type, x.Person.Country)
	if len(x.Campaigns) == 0 {
		s += " The person is in no campaign: everything works."
	}
	return s
}

// tell puts what is known of a campaign into sentences.
func (c *CampaignWhy) tell(person Person, catalogue terms.Catalogue, now time.Time) {
	say := func(format string, args ...any) { c.Sentences = append(c.Sentences, fmt.Sprintf(format, args...)) }
	say("%s (%s): %s", c.Title, c.Campaign, c.stands(person))
	asked := c.Status == terms.Pending || c.Status == terms.Declined
	if asked && !c.Bound {
		say("The announcement %s on %s, the deadline %s on %s.", was(c.Local.AnnounceAt, now), moment(c.Local.AnnounceAt), was(c.Local.Deadline, now), moment(c.Local.Deadline))
		say("%s", c.notice())
	}
	if asked {
		say("%s", c.takes(catalogue))
	}
	c.circumstances(say)
	c.held(say)
	if asked {
		say("%s", c.next())
		if !c.Lifted && taken(c.plan, min(c.enrolled.Stage, c.Local.Last)) {
			c.Restore = "Accepting brings everything back at once."
			if c.Bound {
				c.Restore = "When the owner accepts, everything comes back at once."
			}
			say("%s", c.Restore)
		}
	}
}

// stands says where the person stands.
func (c *CampaignWhy) stands(person Person) string {
	since := fmt.Sprintf("The stage is %s since %s.", Humane(c.Stage), moment(c.Since))
	switch {
	case c.Bound:
		return fmt.Sprintf("the account stands where its owner %s stands, which is %s. %s", person.Owner, c.Status, since)
	case c.Exemption != nil:
		return "the person is exempt, by an act of staff."
	case c.Status == terms.Exempt:
		return fmt.Sprintf("accounts of the type %s are not asked.", person.Type)
	case c.Status == terms.Accepted && c.Effect == terms.Void:
		return fmt.Sprintf("the person accepted on %s, which is recorded and has no effect where the person is. No stage takes anything away.", moment(c.Since))
	case c.Status == terms.Accepted:
		return fmt.Sprintf("the person accepted on %s: no stage takes anything away.", moment(c.Since))
	case c.Status == terms.Declined:
		return "the person declined; the ladder goes on as for those who have not chosen. " + since
	default:
		return "the person has not chosen yet. " + since
	}
}

func (c *CampaignWhy) notice() string {
	e := c.enrolled
	if e.FirstNotice.IsZero() {
		return "No notice has been seen or delivered. Without one, nothing is taken away."
	}
	text := fmt.Sprintf("A notice was first seen or delivered on %s; the notice period is %s.", moment(e.FirstNotice), length(c.plan.NoticePeriod))
	if e.Noticed.IsZero() && e.Stage > 0 {
		text += " None has been in this stage."
	}
	return text
}

// takes says what the stage takes away.
func (c *CampaignWhy) takes(catalogue terms.Catalogue) string {
	stage := min(c.enrolled.Stage, c.Local.Last)
	switch {
	case c.Shadow:
		return fmt.Sprintf("%s is only tried: it takes nothing away.", Humane(c.Stage))
	case !taken(c.plan, stage):
		return fmt.Sprintf("%s takes nothing away.", Humane(c.Stage))
	}
	var names, hours []string
	for _, s := range c.plan.Stages[:stage+1] {
		if !s.Takes() {
			continue
		}
		keys := slices.Clone(s.Off)
		for _, set := range s.Set {
			keys = append(keys, set.Capability)
		}
		if s.BrownOut != nil {
			hours = append(hours, fmt.Sprintf("%s takes away only for %s a day, from %s UTC: %s.", Humane(s.Key),
				length(s.BrownOut.For), terms.FormatTimeOfDay(s.BrownOut.At), named(catalogue, keys)))
			continue
		}
		names = append(names, keys...)
	}
	if len(names) > 0 {
		hours = append([]string{fmt.Sprintf("%s limits: %s.", Humane(c.Stage), named(catalogue, names))}, hours...)
	}
	return strings.Join(hours, " ")
}

// circumstances says what is particular to this person or place.
func (c *CampaignWhy) circumstances(say func(string, ...any)) {
	if c.Local.Last < len(c.plan.Stages)-1 && c.Reversed == nil {
		where := "here"
		if c.Local.Region != "" {
			where = "in the region " + c.Local.Region
		}
		say("The ladder ends %s at %s.", where, Humane(c.plan.Stages[c.Local.Last].Key))
	}
	if r := c.Reversed; r != nil {
		say("The campaign was taken back to %s on %s%s; nobody it covers goes further.", Humane(r.Stage), moment(r.At), because(r.Reason))
	}
	if x := c.Exemption; x != nil {
		say("The exemption lasts %s%s.", end(x.Until), because(x.Reason))
	}
	if x := c.Extension; x != nil {
		say("Staff gave the person more time, until %s%s.", moment(x.Until), because(x.Reason))
	} else if at := c.enrolled.NotBefore; at.After(c.Local.Deadline) && c.Status != terms.Accepted && c.Status != terms.Exempt {
		say("The person's own clock starts on %s, after an extension, a withdrawal or another plan.", moment(at))
	}
	for _, h := range c.Holds {
		meanwhile := "nobody it covers moves to another stage"
		if h.Effect == terms.Lift {
			meanwhile = "those it covers have everything meanwhile"
		}
		say("A hold covers the person since %s, %s%s: %s.", moment(h.Starts), end(h.Ends), because(h.Reason), meanwhile)
	}
	if c.Awaiting {
		say("Plan %d waits for confirmation: until then the person keeps the gentler of it and plan %d.", c.Active, c.Plan)
	}
}

// held says what keeps sweeps from moving the person.
func (c *CampaignWhy) held(say func(string, ...any)) {
	if !c.Pause.At.IsZero() {
		say("Stepping is paused since %s%s: nobody is told, warned or moved on until staff resume it.", moment(c.Pause.At), because(c.Pause.Reason))
	}
	if !c.Breaker.TrippedAt.IsZero() {
		say("The breaker stopped this campaign on %s: a run would have newly restricted %d people, and %d were allowed. Nobody enters a stage that takes something away until staff approve it.",
			moment(c.Breaker.TrippedAt), c.Breaker.Would, c.Breaker.Limit)
	}
	if f := c.Failure; f != nil {
		left := "They try again."
		if c.out() {
			left = "They leave the person out until staff have them try again."
		}
		say("Sweeps failed to handle the person %d times, the last on %s. %s", f.Tries, moment(f.At), left)
	}
}

// next says what lies ahead.
func (c *CampaignWhy) next() string {
	wait := c.waits()
	switch {
	case c.Bound:
		return "The account moves when its owner does."
	case c.Next.Stage == "":
		return "No further stage lies ahead."
	case wait != "" && c.Next.At.IsZero():
		return fmt.Sprintf("Next is %s, but not %s.", Humane(c.Next.Stage), wait)
	case wait != "":
		return fmt.Sprintf("Next is %s, on %s at the earliest, but not %s.", Humane(c.Next.Stage), moment(c.Next.At), wait)
	default:
		return fmt.Sprintf("Next is %s, on %s at the earliest.", Humane(c.Next.Stage), moment(c.Next.At))
	}
}

// say is the sentence about a capability.
func (w CapabilityWhy) say(c terms.Capability, why CampaignWhy) string {
	value := map[bool]string{true: "allowed", false: "not allowed"}[w.Allowed]
	if w.Value.Kind != terms.Boolean {
		value = "limited to " + w.Value.String()
	}
	reason := ""
	switch w.Rule {
	case RuleStage:
		reason = fmt.Sprintf("the stage %s of %s took it away", Humane(w.Stage), w.Campaign)
	case RuleBrownOut:
		b := why.plan.Stages[why.plan.StageIndex(w.Stage)].BrownOut
		reason = fmt.Sprintf("the stage %s of %s takes it away until %s UTC today", Humane(w.Stage), w.Campaign, terms.FormatTimeOfDay((b.At+b.For)%(24*time.Hour)))
	case RuleGrant:
		reason = fmt.Sprintf("only accepting %s turns it on", w.Campaign)
	case RuleVoid:
		reason = fmt.Sprintf("accepting %s has no effect where the person is", w.Campaign)
	case RuleHold:
		reason = fmt.Sprintf("accepting %s turned it on, and a hold keeps it off", w.Campaign)
	case RuleAccepted:
		reason = fmt.Sprintf("accepting %s turned it on", w.Campaign)
	}
	return fmt.Sprintf("%s: %s since %s; %s.", named(terms.Catalogue{c}, []string{c.Key}), value, moment(w.Since), reason)
}

// Humane writes a key in words: "suspended_delivery" is Suspended delivery.
func Humane(key string) string {
	words := strings.NewReplacer("_", " ", "-", " ", ".", " ").Replace(key)
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// moment writes an instant inside a sentence, a whole day without its hour.
func moment(at time.Time) string {
	if at = at.UTC(); at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format("2 January 2006")
	}
	return at.Format("2 January 2006, 15:04 UTC")
}

// length writes a length of time inside a sentence.
func length(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	default:
		return terms.FormatDuration(d)
	}
}

func was(at, now time.Time) string {
	if at.After(now) {
		return "is"
	}
	return "was"
}

// end is how long something lasts.
func end(at time.Time) string {
	if at.IsZero() {
		return "without an end so far"
	}
	return "until " + moment(at)
}

// because puts a reason in brackets, where there is one.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func named(catalogue terms.Catalogue, keys []string) string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = key
		if c, ok := catalogue.Find(key); ok && c.Title.In("en") != "" {
			out[i] = c.Title.In("en")
		}
	}
	return strings.Join(out, ", ")
}
