// Package launch is the gate before a campaign: it looks at a plan, its texts, and every page people would be shown, and
// lists what is not fair, not clear or not ready. It is a function of facts; whoever calls it gathers them.
//
// It looks at the pages as they are sent, so that it finds what a template, a catalogue of texts, a setting or a plan has
// done to them, whichever it was.
package launch

import (
	"slices"
	"time"

	"assent/terms"
)

// Severity is what a finding means for the launch.
type Severity string

// The severities, worst first.
const (
	Blocks Severity = "blocks" // people are not to be told before it is mended, or somebody has said why it may stay
	Warns  Severity = "warns"  // somebody should look
	Notes  Severity = "notes"  // worth knowing
	Passes Severity = "passes" // the rule was looked at and nothing was found
)

// Finding is one thing found.
type Finding struct {
	Rule     string // key of the rule, such as "equal_choices"
	Severity Severity
	Words    string   // a sentence
	Where    []string // pages, languages or regions it concerns; empty: all
	Mend     Mend
}

// Mend is where a finding is mended. URL is a page of this server, empty where there is none, as for a setting.
type Mend struct{ Words, URL string }

// Facts are what the gate judges.
type Facts struct {
	Now       time.Time
	Plan      terms.Plan
	Catalogue terms.Catalogue
	Texts     []Text
	People    map[string]int64 // people who would be asked, by language (BCP 47)
	Pages     []Page
	Links     Links
	Demands   Demands
	Second    bool         // putting a plan into force needs a second person
	DryRun    time.Time    // the newest of this plan; zero: never
	Conflicts terms.Faults // why the plan cannot follow the one in force, people at whose stages would have no place
	Step      func(terms.Plan, terms.Enrollment, []terms.Hold, time.Time) terms.Due
}

// Text is one text of a document that is asked for.
type Text struct {
	Document, Version, Locale string
	Summary                   string // Markdown
}

// Page is one page in one state, as people would be sent it.
type Page struct {
	State  string // as staff call it: "limited", "limited in turkey"
	Locale string
	HTML   []byte
	Choice bool   // it has the three choices
	Letter bool   // it is a mail, which leads to the page
	Kept   string // SHA-256 it is kept under; empty: it is not
}

// Links are where people can go whatever they choose; empty ones are missing.
type Links struct{ Support, Export, Close string }

// Demands are the operator's own.
type Demands struct {
	NoticePeriod  time.Duration // a plan has to give at least this
	Weekly        int           // reminders in the app within a week, at most; 0: any number
	LanguageShare float64       // of the people: their language needs a summary
	DryRunAge     time.Duration
}

// Check judges the facts by every rule, in one order. A rule that finds nothing answers one finding that Passes.
func Check(f Facts) []Finding {
	var found []Finding
	for _, r := range rules() {
		j := &judge{Facts: f, rule: r}
		r.check(j)
		if len(j.found) == 0 {
			j.found = []Finding{{Rule: r.key, Severity: Passes, Words: r.good}}
		}
		found = append(found, j.found...)
	}
	return found
}

// Blocking are the findings that stand in the way.
func Blocking(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Severity != Blocks })
}

// rule is one thing the gate looks at.
type rule struct {
	key   string
	good  string // said when nothing is found
	check func(*judge)
}

func rules() []rule {
	return []rule{
		{"equal_choices", "Accept, decline and later are the same button.", (*judge).equalChoices},
		{"equal_steps", "Declining takes as few steps as accepting.", (*judge).equalSteps},
		{"nothing_chosen", "Nothing is ticked in advance.", (*judge).nothingChosen},
		{"no_pressure", "No page or summary presses people: no clock, no script, no words of pressure.", (*judge).noPressure},
		{"assent_sentence", "The sentence above the buttons has the words of the button and links each text.", (*judge).assentSentence},
		{"summaries", "Every language enough people speak has a summary.", (*judge).summaries},
		{"reading_ease", "There is no summary whose ease could be measured.", (*judge).readingEase},
		{"notice_period", "People get the notice that is demanded.", (*judge).noticePeriod},
		{"reminders", "Reminders keep to the limit.", (*judge).reminders},
		{"exit_rights", "No stage takes away what people need to leave.", (*judge).exitRights},
		{"ways_out", "Exporting data, closing the account and support are reachable in every state.", (*judge).waysOut},
		{"unreached", "Whoever no notice reaches is not restricted, in any region.", (*judge).unreached},
		{"dry_run", "There is a fresh dry run.", (*judge).dryRun},
		{"second_person", "A second person has to approve.", (*judge).secondPerson},
		{"snapshots", "Every page is kept as it is sent.", (*judge).snapshots},
		{"way_back", "Everybody's stage has a place in this plan, so that people can be taken back.", (*judge).wayBack},
	}
}

// judge collects what one rule finds.
type judge struct {
	Facts
	rule  rule
	found []Finding
}

// find adds a finding, or one more place to one that was made before in the same words.
func (j *judge) find(s Severity, m Mend, where, words string) {
	i := slices.IndexFunc(j.found, func(f Finding) bool { return f.Words == words })
	if i < 0 {
		j.found = append(j.found, Finding{Rule: j.rule.key, Severity: s, Words: words, Mend: m})
		i = len(j.found) - 1
	}
	if where != "" && !slices.Contains(j.found[i].Where, where) {
		j.found[i].Where = append(j.found[i].Where, where)
	}
}

// mendPlan leads to the plan, of which a corrected file makes the next one.
func (j *judge) mendPlan() Mend {
	return Mend{"Store a corrected plan", "/staff/campaigns/" + j.Plan.Campaign + "/plans"}
}

// mendCheck leads to where the pages are kept and the dry run is made.
func (j *judge) mendCheck() Mend {
	return Mend{"Make the dry run and keep the pages", "/staff/campaigns/" + j.Plan.Campaign + "/launch"}
}

func setting(key string) Mend { return Mend{Words: "Set " + key} }

func mendText(t Text) Mend {
	return Mend{"Publish a version of " + t.Document + " with it", "/legal/" + t.Document + "/" + t.Version + "?lang=" + t.Locale}
}
