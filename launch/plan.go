package launch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assent/terms"
)

// summaries asks for a summary in every language that enough people speak, of every document.
func (j *judge) summaries() {
	total := int64(0)
	for _, people := range j.People {
		total += people
	}
	for _, language := range slices.Sorted(maps.Keys(j.People)) {
		if float64(j.People[language]) <= j.Demands.LanguageShare*float64(total) {
			continue
		}
		for _, t := range j.documents() {
			if !j.summarised(t, language) {
				j.find(Blocks, mendText(t), language, fmt.Sprintf("%s %s has no summary in a language that people speak.", t.Document, t.Version))
			}
		}
	}
	for _, t := range j.Texts { // what has a text needs a summary, whoever speaks the language
		if strings.TrimSpace(t.Summary) == "" {
			j.find(Warns, mendText(t), t.Locale, fmt.Sprintf("A text of %s %s has no summary.", t.Document, t.Version))
		}
	}
}

// documents has one text of each version that is asked for.
func (j *judge) documents() []Text {
	var out []Text
	for _, t := range j.Texts {
		if !slices.ContainsFunc(out, func(o Text) bool { return o.Document == t.Document && o.Version == t.Version }) {
			out = append(out, t)
		}
	}
	return out
}

// summarised reports whether somebody who speaks a language is shown a summary in it.
func (j *judge) summarised(of Text, language string) bool {
	return slices.ContainsFunc(j.Texts, func(t Text) bool {
		return t.Document == of.Document && t.Version == of.Version && base(t.Locale) == base(language) && strings.TrimSpace(t.Summary) != ""
	})
}

// base is the language of a tag without its region: "pt" of "pt-BR".
func base(tag string) string {
	language, _, _ := strings.Cut(tag, "-")
	return strings.ToLower(language)
}

func (j *judge) noticePeriod() {
	if j.Plan.NoticePeriod < j.Demands.NoticePeriod {
		j.find(Blocks, j.mendPlan(), "", fmt.Sprintf("The plan gives %s of notice; at least %s are demanded.", days(j.Plan.NoticePeriod), days(j.Demands.NoticePeriod)))
	}
	for _, country := range j.countries() {
		local := j.Plan.In(country)
		if gap := local.Deadline.Sub(local.AnnounceAt); gap < j.Plan.NoticePeriod {
			j.find(Warns, j.mendPlan(), regionOf(local), fmt.Sprintf("The announcement is %s before the date that is named, which is less than the notice period: for everybody the date will be later than announced.", days(gap)))
		}
	}
}

// countries has one country of each region, and "" for the rest of the world.
func (j *judge) countries() []string {
	out := []string{""}
	for _, r := range j.Plan.Regions {
		if len(r.Countries) > 0 {
			out = append(out, r.Countries[0])
		}
	}
	return out
}

func regionOf(l terms.Local) string {
	if l.Region == "" {
		return "everywhere else"
	}
	return l.Region
}

const week = 7 * 24 * time.Hour

func (j *judge) reminders() {
	for _, s := range j.Plan.Stages {
		j.reminder(s.Reminder, s.Key)
	}
	for _, r := range j.Plan.Regions {
		if r.Reminder != nil {
			j.reminder(*r.Reminder, r.Key)
		}
	}
}

func (j *judge) reminder(r terms.Reminder, where string) {
	if r.Mode == terms.NoReminder || j.Demands.Weekly == 0 {
		return
	}
	if r.Every > 0 && week/r.Every > time.Duration(j.Demands.Weekly) {
		j.find(Blocks, j.mendPlan(), where, fmt.Sprintf("People would be reminded more often than %d times a week.", j.Demands.Weekly))
	}
	if r.EveryOpen {
		j.find(Warns, j.mendPlan(), where, "People are asked each time they open the app. Authorities have called that undue pressure: see that it is allowed where this stage is reached.")
	}
}

// exits are the capabilities without which nobody can leave, whatever a catalogue says of them.
func exits() []string {
	return []string{"terms.respond", "data.export", "account.delete", "support.contact"}
}

func (j *judge) exitRights() {
	for _, s := range j.Plan.Stages {
		taken := slices.Clone(s.Off)
		for _, set := range s.Set {
			taken = append(taken, set.Capability)
		}
		for _, key := range taken {
			capability, known := j.Catalogue.Find(key)
			if known && capability.ExitRight || slices.Contains(exits(), key) {
				j.find(Blocks, j.mendPlan(), s.Key, fmt.Sprintf("A stage takes %s away, which people need to leave.", key))
			}
		}
	}
	for _, key := range exits() {
		if capability, known := j.Catalogue.Find(key); !known || !capability.ExitRight {
			j.find(Blocks, setting("capabilities"), "", fmt.Sprintf("The catalogue does not have %s as an exit right, so that a plan could take it away.", key))
		}
	}
}

// unreached plays everybody's clock to the end for somebody who never sees a notice.
func (j *judge) unreached() {
	for _, country := range j.countries() {
		local := j.Plan.In(country)
		e := terms.Enroll(j.Plan, "nobody-told", country, terms.Personal, local.AnnounceAt.Add(-week), local.AnnounceAt)
		now := local.AnnounceAt
		for range 10 * (len(j.Plan.Stages) + 1) {
			due := j.Step(j.Plan, e, nil, now)
			if due.Action == terms.Wait {
				if !due.Next.After(now) {
					break
				}
				now = due.Next
				continue
			}
			e = e.Apply(j.Plan, due, now)
			if j.Plan.Stages[e.Stage].Takes() {
				j.find(Blocks, j.mendPlan(), regionOf(local), fmt.Sprintf("Somebody whom no notice has reached would enter %s.", j.Plan.Stages[e.Stage].Key))
				break
			}
		}
	}
}

func (j *judge) dryRun() {
	switch age := j.Now.Sub(j.DryRun); {
	case j.DryRun.IsZero():
		j.find(Blocks, j.mendCheck(), "", "There was no dry run of this plan.")
	case age > j.Demands.DryRunAge:
		j.find(Blocks, j.mendCheck(), "", fmt.Sprintf("The last dry run is of %s, which is more than %s ago.", j.DryRun.UTC().Format("2 January 2006, 15:04 UTC"), days(j.Demands.DryRunAge)))
	}
}

func (j *judge) secondPerson() {
	if !j.Second {
		j.find(Blocks, setting("approvals.required, with plan.activate among approvals.acts"), "", "One person alone can put the plan into force.")
	}
}

func (j *judge) wayBack() {
	for _, fault := range j.Conflicts {
		j.find(Blocks, j.mendPlan(), "", fault.Path+" "+fault.Detail+".")
	}
	if len(j.Plan.Stages) > 0 && j.Plan.Stages[0].Restricts() {
		j.find(Blocks, j.mendPlan(), j.Plan.Stages[0].Key, "The first stage takes something away: there is no stage to take people back to.")
	}
}

// days writes a length of time in days where it is whole ones.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day != 0 || d < 0:
		return d.String()
	case d == day:
		return "1 day"
	}
	return fmt.Sprintf("%d days", d/day)
}
