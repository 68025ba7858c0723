package terms

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

var countryPattern = regexp.MustCompile(`^[A-Z]{2}$`)

// Validate returns every fault of the plan at once, each with its path in the
// plan file, or nil. A plan that takes an exit right away, gives something
// back at a later stage, or announces later than its notice period allows has
// faults.
func (p Plan) Validate(c Catalogue) error {
	v := &validator{plan: p, catalogue: c}
	v.head()
	v.grants()
	v.stages()
	v.brownOuts()
	v.regions()
	v.mapping()
	return v.faults.OrNil()
}

type validator struct {
	plan      Plan
	catalogue Catalogue
	faults    Faults
}

func (v *validator) add(path, format string, args ...any) {
	v.faults = append(v.faults, Fault{path, fmt.Sprintf(format, args...)})
}

func (v *validator) head() {
	p := v.plan
	if !ValidKey(p.Campaign) {
		v.add("campaign", "%q is not a key: use lower-case words joined by dashes, dots or underscores", p.Campaign)
	}
	if len(p.Title) == 0 {
		v.add("title", "give a title in at least one language")
	}
	if len(p.Documents) == 0 {
		v.add("documents", "name at least one document version")
	}
	v.documents("", p.Documents)
	v.dates("", p.AnnounceAt, p.Deadline)
	if p.NoticePeriod <= 0 {
		v.add("notice_period", "must be longer than zero, for example 30d")
	}
	v.audience()
	if p.Snooze.Max < 0 {
		v.add("snooze.max", "must not be negative")
	}
	if p.Snooze.Max > 0 && p.Snooze.For <= 0 {
		v.add("snooze.for", "must be longer than zero, for example 7d")
	}
}

func (v *validator) documents(path string, documents []DocumentRef) {
	seen := map[string]bool{}
	for i, d := range documents {
		at := fmt.Sprintf("%sdocuments[%d]", path, i)
		if d.Document == "" || d.Version == "" {
			v.add(at, "needs a document and a version")
		}
		if seen[d.Document] {
			v.add(at+".document", "%q stands twice", d.Document)
		}
		seen[d.Document] = true
	}
}

func (v *validator) audience() {
	if len(v.plan.Audience.AccountTypes) == 0 {
		v.add("audience.account_types", "name at least one account type")
	}
	for i, t := range v.plan.Audience.AccountTypes {
		if !slices.Contains(AccountTypes(), t) {
			v.add(fmt.Sprintf("audience.account_types[%d]", i), "%q is not one of %v", t, AccountTypes())
		}
	}
	for i, t := range v.plan.Audience.Bound {
		path := fmt.Sprintf("audience.bound[%d]", i)
		switch {
		case !slices.Contains(AccountTypes(), t):
			v.add(path, "%q is not one of %v", t, AccountTypes())
		case v.plan.Audience.Includes(t):
			v.add(path, "%q is asked itself, by account_types, so it cannot follow an owner", t)
		}
	}
	if x := v.plan.Extensions; x.Max < 0 || x.Longest < 0 || (x.Max > 0) != (x.Longest > 0) {
		v.add("extensions", "need a max of at least 1 and a longest above zero, for example {max: 3, longest: 90d}")
	}
}

func (v *validator) dates(path string, announce, deadline time.Time) {
	if announce.IsZero() {
		v.add(path+"announce_at", "is missing: give an instant such as 2021-01-06T00:00:00Z")
	}
	if deadline.IsZero() {
		v.add(path+"deadline", "is missing: give an instant such as 2021-05-15T00:00:00Z")
	}
	if announce.IsZero() || deadline.IsZero() {
		return
	}
	if announce.Add(v.plan.NoticePeriod).After(deadline) {
		v.add(path+"deadline", "must be at least the notice period after announce_at")
	}
	for _, s := range v.plan.Stages {
		if s.FromAnnounce && announce.Add(s.After).After(deadline) {
			v.add(path+"deadline", "comes before stage %q, which counts from the announcement", s.Key)
		}
	}
}

func (v *validator) grants() {
	for i, key := range v.plan.Grants {
		path := fmt.Sprintf("grants[%d]", i)
		c, ok := v.catalogue.Find(key)
		switch {
		case !ok:
			v.add(path, "%q is not in the catalogue of capabilities", key)
		case !c.Grant:
			v.add(path, "%q is not a grant: people have it without accepting", key)
		case slices.Contains(v.plan.Grants[:i], key):
			v.add(path, "%q stands twice", key)
		}
	}
}

func (v *validator) stages() {
	if len(v.plan.Stages) == 0 {
		v.add("stages", "needs at least one stage")
		return
	}
	last := map[string]Value{}
	for i, s := range v.plan.Stages {
		v.stage(fmt.Sprintf("stages[%d]", i), i, s)
		taken := last
		if s.Shadow || s.BrownOut != nil { // a later stage may take the same for good
			taken = maps.Clone(last)
		}
		v.takes(fmt.Sprintf("stages[%d]", i), s, taken)
	}
}

// takes checks what a stage takes away beyond the stages before.
func (v *validator) takes(path string, s Stage, last map[string]Value) {
	for j, key := range s.Off {
		at := fmt.Sprintf("%s.off[%d]", path, j)
		if c, ok := v.restrictable(at, key); ok {
			v.lower(at, c, c.Off(), last)
		}
	}
	for _, set := range s.Set {
		at := path + ".set." + set.Capability
		if c, ok := v.restrictable(at, set.Capability); ok {
			v.lower(at, c, set.Value, last)
		}
	}
}

// brownOuts checks the windows of all stages: they are one and the same, so
// that everybody knows when.
func (v *validator) brownOuts() {
	var first *BrownOut
	for i, s := range v.plan.Stages {
		path := fmt.Sprintf("stages[%d].", i)
		if (s.Shadow || s.BrownOut != nil) && !s.Restricts() {
			v.add(path+"off", "is empty: there is nothing to try in this stage")
		}
		b := s.BrownOut
		switch {
		case b == nil:
		case s.Shadow:
			v.add(path+"brown_out", "stands beside shadow: give one of them")
		case b.At < 0 || b.At >= day || b.At%time.Minute != 0:
			v.add(path+"brown_out.at", "must be a time of day in UTC, such as 14:00")
		case b.For <= 0 || b.For >= day:
			v.add(path+"brown_out.for", "must be longer than zero and shorter than a day, for example 2h")
		case first != nil && *first != *b:
			v.add(path+"brown_out", "differs from the one before: all brown-outs of a plan share one window")
		default:
			first = b
		}
	}
}

// mapping checks where people at stages of earlier plans go.
func (v *validator) mapping() {
	seen := map[string]bool{}
	for _, m := range v.plan.Mapping {
		path := "mapping." + m.From
		switch {
		case seen[m.From]:
			v.add(path, "stands twice")
		case v.plan.StageIndex(m.From) >= 0:
			v.add(path, "is a stage of this plan: people at it stay there")
		case v.plan.StageIndex(m.To) < 0:
			v.add(path, "%q is not a stage of this plan", m.To)
		}
		seen[m.From] = true
	}
}

func (v *validator) stage(path string, i int, s Stage) {
	if !ValidKey(s.Key) {
		v.add(path+".key", "%q is not a key", s.Key)
	}
	if v.plan.StageIndex(s.Key) != i {
		v.add(path+".key", "%q stands twice", s.Key)
	}
	if i == 0 && (!s.FromAnnounce || s.After != 0) {
		v.add(path+".from", "the first stage must be `from: announce`")
	}
	if s.Restricts() && (i == 0 || s.FromAnnounce) {
		v.add(path+".off", "nothing can be taken away before the deadline")
	}
	if i > 0 {
		before := v.plan.Stages[i-1]
		if s.FromAnnounce && !before.FromAnnounce {
			v.add(path+".from", "comes after a stage that counts from the deadline")
		}
		if s.FromAnnounce == before.FromAnnounce && s.After < before.After {
			v.add(path+".after", "is earlier than the stage before it")
		}
	}
	v.stageDurations(path, s)
	if !slices.Contains([]Mode{NoReminder, Banner, FullScreen}, s.Reminder.Mode) {
		v.add(path+".reminder.mode", "%q is not one of banner, full_screen", s.Reminder.Mode)
	}
}

func (v *validator) stageDurations(path string, s Stage) {
	for _, one := range []struct {
		name string
		d    time.Duration
	}{{"after", s.After}, {"spread", s.Spread}, {"final_warning", s.FinalWarning}, {"reminder.every", s.Reminder.Every}} {
		if one.d < 0 {
			v.add(path+"."+one.name, "must not be negative")
		}
	}
	if s.Dwell != nil && *s.Dwell < 0 {
		v.add(path+".dwell", "must not be negative")
	}
}

// restrictable finds a capability that a stage may lower.
func (v *validator) restrictable(path, key string) (Capability, bool) {
	c, ok := v.catalogue.Find(key)
	switch {
	case !ok:
		v.add(path, "%q is not in the catalogue of capabilities", key)
	case c.ExitRight:
		v.add(path, "%q is an exit right: people keep it at every stage", key)
	case c.Grant:
		v.add(path, "%q is a grant: list it under grants, acceptance turns it on", key)
	default:
		return c, true
	}
	return c, false
}

// lower checks that a value takes something away beyond the stages before.
func (v *validator) lower(path string, c Capability, value Value, last map[string]Value) {
	if !c.Accepts(value) {
		v.add(path, "%q is not a value of %s", value, c.Key)
		return
	}
	before, ok := last[c.Key]
	if !ok {
		before = c.On()
	}
	if !c.Stricter(value, before) {
		v.add(path, "%q is %s already: a stage can only take more away", c.Key, before)
		return
	}
	last[c.Key] = value
}

func (v *validator) regions() {
	keys, countries := map[string]bool{}, map[string]string{}
	for i, r := range v.plan.Regions {
		path := fmt.Sprintf("regions[%d]", i)
		if !ValidKey(r.Key) {
			v.add(path+".key", "%q is not a key", r.Key)
		}
		if keys[r.Key] {
			v.add(path+".key", "%q stands twice", r.Key)
		}
		keys[r.Key] = true
		v.countries(path, r, countries)
		if r.LastStage != "" && v.plan.StageIndex(r.LastStage) < 0 {
			v.add(path+".last_stage", "%q is not a stage of this plan", r.LastStage)
		}
		if !slices.Contains([]Effect{"", Full, Void}, r.Effect) {
			v.add(path+".effect", "%q is not one of full, void", r.Effect)
		}
		v.documents(path+".", r.Documents)
		if r.Recorded != "" && (r.Effect == Void || !slices.Contains([]Recorded{Effective, AskAgain}, r.Recorded)) {
			v.add(path+".recorded", "must be effective or ask_again, and stands only where the effect is full")
		}
		if !r.AnnounceAt.IsZero() || !r.Deadline.IsZero() {
			l := v.plan.In(firstOf(r.Countries))
			v.dates(path+".", l.AnnounceAt, l.Deadline)
		}
	}
}

func (v *validator) countries(path string, r Region, seen map[string]string) {
	if len(r.Countries) == 0 {
		v.add(path+".countries", "name at least one country")
	}
	for j, code := range r.Countries {
		at := fmt.Sprintf("%s.countries[%d]", path, j)
		if !countryPattern.MatchString(code) {
			v.add(at, "%q is not an ISO 3166-1 alpha-2 code such as BR", code)
		}
		if other, ok := seen[code]; ok {
			v.add(at, "%q is in region %q already", code, other)
		}
		seen[code] = r.Key
	}
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
