package demo_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"assent/demo"
	"assent/planfile"
	"assent/tracker"
)

func versions(t *testing.T) []tracker.Version {
	t.Helper()
	all, err := demo.Versions()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var heading = regexp.MustCompile(`(?m)^## (\d+\.\d+) `)

func sections(markdown string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(markdown, -1) {
		out = append(out, m[1])
	}
	return out
}

func TestEveryTranslationHasTheSectionsOfTheEnglishText(t *testing.T) {
	t.Parallel()
	for _, v := range versions(t) {
		want := sections(v.Texts[0].Markdown)
		if len(want) < 11 {
			t.Fatalf("%v has %d numbered sections", v.DocumentRef, len(want))
		}
		for _, text := range v.Texts {
			if got := sections(text.Markdown); !slices.Equal(got, want) {
				t.Errorf("%v in %s has sections %v, want %v", v.DocumentRef, text.Locale, got, want)
			}
			if v.Title[text.Locale] == "" || strings.HasPrefix(v.Title[text.Locale], "#") {
				t.Errorf("%v in %s has the title %q", v.DocumentRef, text.Locale, v.Title[text.Locale])
			}
		}
	}
}

func TestEverySummaryListsTheSameNumberOfChanges(t *testing.T) {
	t.Parallel()
	for _, v := range versions(t) {
		want := strings.Count(v.Texts[0].Summary, "### ")
		for _, text := range v.Texts {
			if got := strings.Count(text.Summary, "### "); got != want || got == 0 {
				t.Errorf("%v in %s summarises %d changes, English %d", v.DocumentRef, text.Locale, got, want)
			}
		}
	}
}

func TestTheNewTextsDifferFromTheOldOnlyWhereTheSummarySays(t *testing.T) {
	t.Parallel()
	all := versions(t)
	changed := map[string][]string{"terms-of-service": {"4.2", "4.3", "11.1", "14.1"}, "privacy-policy": {"1.1", "3.1", "3.2", "8.1"}}
	for i, locale := range demo.Locales() {
		for d := range 2 {
			before, after := bySection(all[d].Texts[i].Markdown), bySection(all[d+2].Texts[i].Markdown)
			var got []string
			for _, s := range sections(all[d+2].Texts[i].Markdown) {
				if before[s] != after[s] {
					got = append(got, s)
				}
			}
			if want := changed[all[d].Document]; !slices.Equal(got, want) {
				t.Errorf("%s in %s changed in %v, want %v", all[d].Document, locale, got, want)
			}
		}
	}
}

func bySection(markdown string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(markdown, "\n## ")[1:] {
		number, rest, _ := strings.Cut(part, " ")
		out[number] = strings.TrimSpace(rest)
	}
	return out
}

func TestThePlanAsksForTheNewVersionsInEveryLanguage(t *testing.T) {
	t.Parallel()
	file := demo.PlanFile()
	plan, err := planfile.Parse(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Campaign != demo.Campaign || !plan.AnnounceAt.After(demo.Start()) {
		t.Errorf("campaign %q announced at %v", plan.Campaign, plan.AnnounceAt)
	}
	for i, ref := range plan.Documents {
		if v := versions(t)[2+i]; v.DocumentRef != ref {
			t.Errorf("the plan asks for %v, the content has %v", ref, v.DocumentRef)
		}
	}
	for _, locale := range demo.Locales() {
		if plan.Title[locale] == "" {
			t.Errorf("no title in %s", locale)
		}
		for _, r := range plan.Regions {
			if r.Message != nil && r.Message[locale] == "" {
				t.Errorf("no message for %s in %s", r.Key, locale)
			}
		}
	}
}
