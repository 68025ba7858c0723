package launch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"assent/launch"
	"assent/terms"
)

const day = 24 * time.Hour

var announce = time.Date(2021, 1, 6, 0, 0, 0, 0, time.UTC)

const fairPage = `<!doctype html><html lang="en"><body>
<form method="post" action="/t/new-terms"><p id="assent">By choosing <strong>Accept new terms</strong> you agree to
<a href="/legal/terms/2?lang=en">Terms, version 2</a>.</p>
<div><button class="btn" name="action" value="accepted" aria-describedby="assent">Accept new terms</button>
<button class="btn" name="action" value="declined">Decline new terms</button>
<button class="btn" name="action" value="later">Decide later</button></div></form>
<footer><a href="mailto:help@example.org">Help</a><a href="/me/terms">My terms</a></footer></body></html>`

func catalogue() terms.Catalogue {
	boolean := func(key string, exit bool) terms.Capability {
		return terms.Capability{Key: key, Kind: terms.Boolean, ExitRight: exit, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	}
	return terms.Catalogue{
		boolean("messages.send", false), boolean("terms.respond", true), boolean("data.export", true), boolean("account.delete", true), boolean("support.contact", true),
	}
}

// ready are the facts of a plan that nothing stands in the way of.
func ready() launch.Facts {
	weekly := terms.Reminder{Mode: terms.Banner, Every: 7 * day, Dismissible: true}
	return launch.Facts{
		Now: announce.Add(-day), Catalogue: catalogue(), Step: terms.Step, Second: true, DryRun: announce.Add(-day - time.Hour),
		Plan: terms.Plan{
			Campaign: "new-terms", Number: 1, Title: terms.Texts{"en": "Our terms are changing"}, Documents: []terms.DocumentRef{{Document: "terms", Version: "2"}},
			AnnounceAt: announce, Deadline: announce.Add(60 * day), NoticePeriod: 30 * day, Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal}},
			Stages: []terms.Stage{
				{Key: "announced", FromAnnounce: true, Reminder: weekly}, {Key: "reminded", Reminder: weekly, FinalWarning: day},
				{Key: "limited", After: 14 * day, Off: []string{"messages.send"}},
			},
			Regions: []terms.Region{{Key: "eu", Countries: []string{"DE"}}},
		},
		Texts:   []launch.Text{{Document: "terms", Version: "2", Locale: "en", Summary: "### Kindness\n\n**Now:** Be polite.\n\n**From May:** Be kind."}},
		People:  map[string]int64{"en": 990, "en-GB": 5, "fr": 5},
		Pages:   []launch.Page{{State: "announced", Locale: "en", HTML: []byte(fairPage), Choice: true, Kept: "abc"}},
		Links:   launch.Links{Support: "mailto:help@example.org", Export: "/me/export", Close: "https://example.org/close"},
		Demands: launch.Demands{NoticePeriod: 30 * day, Weekly: 7, LanguageShare: 0.005, DryRunAge: day},
	}
}

func TestNothingIsFoundAgainstAFairPlan(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, f := range launch.Check(ready()) {
		seen[f.Rule]++
		if f.Severity != launch.Passes && f.Severity != launch.Notes {
			t.Errorf("%s %s: %s %v", f.Severity, f.Rule, f.Words, f.Where)
		}
	}
	if len(seen) != 16 {
		t.Errorf("%d rules answer: %v", len(seen), seen)
	}
}

// page changes the one page there is.
func page(old, changed string) func(*launch.Facts) {
	return func(f *launch.Facts) {
		if !strings.Contains(fairPage, old) {
			panic("the page does not hold " + old)
		}
		f.Pages[0].HTML = []byte(strings.Replace(fairPage, old, changed, 1))
	}
}

func TestEachRuleFindsItsCause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule   string
		is     launch.Severity
		plant  func(*launch.Facts)
		words  string
		where  string
		mended string // where; "" for nowhere in particular
	}{
		"another class":      {"equal_choices", launch.Blocks, page(`<button class="btn" name="action" value="declined">`, `<button class="btn quiet" name="action" value="declined">`), `"declined" is another one`, "announced in en", ""},
		"an icon in one":     {"equal_choices", launch.Blocks, page(`Accept new terms</button>`, `<svg></svg>Accept new terms</button>`), "another one", "announced in en", ""},
		"elsewhere":          {"equal_choices", launch.Blocks, page(`<button class="btn" name="action" value="declined">Decline new terms</button>`, `<details><button class="btn" name="action" value="declined">Decline new terms</button></details>`), "another one", "", ""},
		"no button":          {"equal_choices", launch.Blocks, page(`value="accepted"`, `value="yes"`), "no button to accept", "", ""},
		"no way to decline":  {"equal_steps", launch.Blocks, page(`value="declined"`, `value="no"`), "Declining takes another step", "", ""},
		"ticked":             {"nothing_chosen", launch.Blocks, page(`<div><button`, `<input type="checkbox" checked><div><button`), "ticked before", "", ""},
		"focused":            {"nothing_chosen", launch.Blocks, page(`value="accepted"`, `value="accepted" autofocus`), "chosen before", "", ""},
		"a clock":            {"no_pressure", launch.Blocks, page(`<footer>`, `<progress></progress><footer>`), "counts down", "", ""},
		"a script":           {"no_pressure", launch.Blocks, page(`<footer>`, `<script src="/x.js"></script><footer>`), "runs", "", ""},
		"words on the page":  {"no_pressure", launch.Blocks, page(`<footer>`, `<p>LAST chance!</p><footer>`), "“last chance”", "announced in en", "/staff/campaigns/new-terms/plans"},
		"words in a summary": {"no_pressure", launch.Blocks, func(f *launch.Facts) { f.Texts[0].Summary = "Sinon, **vous perdrez tout**." }, "“vous perdrez tout”", "en", "/legal/terms/2?lang=en"},
		"words in Hindi":     {"no_pressure", launch.Blocks, page(`<footer>`, `<p>यह आखिरी मौका है।</p><footer>`), "आखिरी मौका", "", ""},
		"no sentence":        {"assent_sentence", launch.Blocks, page(`id="assent"`, `id="other"`), "no sentence", "", ""},
		"other words":        {"assent_sentence", launch.Blocks, page(`<strong>Accept new terms</strong>`, `<strong>I agree</strong>`), "does not have the words", "", ""},
		"another version":    {"assent_sentence", launch.Blocks, page(`/legal/terms/2?`, `/legal/terms/1?`), "does not link", "", ""},
		"a language":         {"summaries", launch.Blocks, func(f *launch.Facts) { f.People["fr"] = 6 }, "no summary in a language", "fr", "/legal/terms/2?lang=en"},
		"an empty summary":   {"summaries", launch.Blocks, func(f *launch.Facts) { f.Texts[0].Summary = " " }, "no summary in a language", "en", ""},
		"a mail from nobody": {"ways_out", launch.Blocks, func(f *launch.Facts) {
			f.Pages = append(f.Pages, launch.Page{State: "e-mail, told", Locale: "en", HTML: []byte("<!doctype html><p>Our terms are changing."), Letter: true, Kept: "abc"})
		}, "whom to ask", "e-mail, told in en", ""},
		"a hard summary": {"reading_ease", launch.Warns, func(f *launch.Facts) {
			f.Texts[0].Summary = strings.Repeat("notwithstanding aforementioned ", 15) + "."
		}, "hard to read", "en", ""},
		"an easy summary":     {"reading_ease", launch.Notes, func(*launch.Facts) {}, "2 words to a sentence, and a readability index (LIX) of ", "en", ""},
		"short notice":        {"notice_period", launch.Blocks, func(f *launch.Facts) { f.Plan.NoticePeriod = 29 * day }, "gives 29 days of notice; at least 30 days", "", "/staff/campaigns/new-terms/plans"},
		"a late announcement": {"notice_period", launch.Warns, func(f *launch.Facts) { f.Plan.Regions[0].AnnounceAt = announce.Add(50 * day) }, "10 days before the date", "eu", ""},
		"every hour":          {"reminders", launch.Blocks, func(f *launch.Facts) { f.Plan.Stages[1].Reminder.Every = 12 * time.Hour }, "more often than 7 times", "reminded", ""},
		"each time": {"reminders", launch.Warns, func(f *launch.Facts) {
			f.Plan.Regions[0].Reminder = &terms.Reminder{Mode: terms.FullScreen, EveryOpen: true}
		}, "each time they open the app", "eu", ""},
		"an exit right":        {"exit_rights", launch.Blocks, func(f *launch.Facts) { f.Plan.Stages[2].Off = []string{"data.export"} }, "takes data.export away", "limited", ""},
		"a weak catalogue":     {"exit_rights", launch.Blocks, func(f *launch.Facts) { f.Catalogue[3].ExitRight = false }, "does not have account.delete", "", ""},
		"no support":           {"ways_out", launch.Blocks, func(f *launch.Facts) { f.Links.Support = "" }, "Nobody is named", "", ""},
		"no export":            {"ways_out", launch.Blocks, func(f *launch.Facts) { f.Links.Export = "" }, "export their data", "", ""},
		"no closing":           {"ways_out", launch.Blocks, func(f *launch.Facts) { f.Links.Close = "" }, "close their account", "", ""},
		"no way to my terms":   {"ways_out", launch.Blocks, page(`<a href="/me/terms">`, `<a href="/">`), "does not lead to “My terms”", "announced in en", ""},
		"restricted unreached": {"unreached", launch.Blocks, func(f *launch.Facts) { f.Step = careless }, "whom no notice has reached would enter limited", "eu", ""},
		"no dry run":           {"dry_run", launch.Blocks, func(f *launch.Facts) { f.DryRun = time.Time{} }, "no dry run", "", "/staff/campaigns/new-terms/launch"},
		"an old dry run":       {"dry_run", launch.Blocks, func(f *launch.Facts) { f.DryRun = f.Now.Add(-day - time.Second) }, "which is more than 1 day ago", "", ""},
		"one person":           {"second_person", launch.Blocks, func(f *launch.Facts) { f.Second = false }, "One person alone", "", ""},
		"a page that is lost":  {"snapshots", launch.Blocks, func(f *launch.Facts) { f.Pages[0].Kept = "" }, "is not kept", "announced in en", ""},
		"no pages":             {"snapshots", launch.Blocks, func(f *launch.Facts) { f.Pages = nil }, "No page", "", ""},
		"a stage without place": {"way_back", launch.Blocks, func(f *launch.Facts) {
			f.Conflicts = terms.Faults{{Path: "mapping", Detail: "has no place for persistent"}}
		}, "mapping has no place for persistent.", "", ""},
		"nowhere to go back": {"way_back", launch.Blocks, func(f *launch.Facts) { f.Plan.Stages[0].Off = []string{"messages.send"} }, "no stage to take people back to", "announced", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := ready()
			c.plant(&facts)
			found := launch.Check(facts)
			i := slices.IndexFunc(found, func(f launch.Finding) bool {
				return f.Rule == c.rule && f.Severity == c.is && strings.Contains(f.Words, c.words)
			})
			switch {
			case i < 0:
				t.Fatalf("not found: %+v", found)
			case c.where != "" && !slices.Contains(found[i].Where, c.where):
				t.Errorf("found in %q, want %s", found[i].Where, c.where)
			case c.mended != "" && found[i].Mend.URL != c.mended:
				t.Errorf("is mended at %q, want %s", found[i].Mend.URL, c.mended)
			case c.is == launch.Blocks && len(launch.Blocking(found)) == 0:
				t.Error("it does not stand in the way")
			}
		})
	}
}

// careless steps people who were not told.
func careless(p terms.Plan, e terms.Enrollment, holds []terms.Hold, now time.Time) terms.Due {
	e.FirstNotice, e.Noticed = announce, e.Entered
	return terms.Step(p, e, holds, now)
}

func TestWordsOfPressureAreWholeWords(t *testing.T) {
	t.Parallel()
	facts := ready()
	facts.Texts[0].Summary = "The Hurrying Company does not miss a last chancellor."
	for _, f := range launch.Check(facts) {
		if f.Rule == "no_pressure" && f.Severity != launch.Passes {
			t.Errorf("found %s", f.Words)
		}
	}
}
