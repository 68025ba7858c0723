package templates_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"assent/templates"
)

func TestMatchTakesTheStrongestWishThatFits(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for _, c := range []struct {
		wishes []string
		want   string
	}{
		{nil, "en"},
		{[]string{"", "fr-CA,fr;q=0.9,en;q=0.8"}, "fr"},
		{[]string{"pt", ""}, "pt-BR"},
		{[]string{"ar-EG"}, "ar"},
		{[]string{"xx", "hi"}, "hi"},
		{[]string{"ja", "ko,es;q=0.1"}, "es"},
		{[]string{"not a tag!", "es-419"}, "es"},
		{[]string{"fr", "es"}, "fr"},
		{[]string{"sw"}, "en"},
	} {
		if got := pages.Match(c.wishes...).Tag(); got != c.want {
			t.Errorf("%q gave %s, want %s", c.wishes, got, c.want)
		}
	}
}

func TestDatesAndNumbersFollowTheLanguage(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	at := time.Date(2021, 5, 15, 23, 30, 0, 0, time.UTC)
	india := time.FixedZone("IST", 5*3600+1800)
	for tag, want := range map[string][3]string{
		"en":    {"15 May 2021", "16 May 2021, 05:00 UTC+5:30", "18,402"},
		"fr":    {"15 mai 2021", "16 mai 2021, 05:00 UTC+5:30", "18 402"},
		"es":    {"15 de mayo de 2021", "16 de mayo de 2021, 05:00 UTC+5:30", "18.402"},
		"pt-BR": {"15 de maio de 2021", "16 de maio de 2021, 05:00 UTC+5:30", "18.402"},
		"ar":    {"15 مايو 2021", "16 مايو 2021، 05:00 UTC+5:30", "18,402"},
		"hi":    {"15 मई 2021", "16 मई 2021, 05:00 UTC+5:30", "18,402"},
	} {
		l := pages.Match(tag)
		moment, err := l.DateTime(at, india)
		if err != nil {
			t.Fatal(err)
		}
		got := [3]string{l.Date(at, nil), moment, strings.Map(plainSpace, l.Number(18402))}
		if got != want {
			t.Errorf("%s: got %q, want %q", tag, got, want)
		}
	}
	if moment, err := pages.Match("en").DateTime(at, time.FixedZone("", -3*3600)); err != nil || moment != "15 May 2021, 20:30 UTC-3" {
		t.Errorf("west of Greenwich: %q, %v", moment, err)
	}
}

func plainSpace(r rune) rune {
	if r == '\u00a0' || r == '\u202f' {
		return ' '
	}
	return r
}

func TestCountsUseTheLanguagesOwnForms(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for tag, want := range map[string]map[int]string{
		"en": {1: "1 minute", 2: "2 minutes", 1100: "1,100 minutes"},
		"fr": {0: "0 minute", 1: "1 minute", 2: "2 minutes"},
		"ar": {1: "دقيقة واحدة", 2: "دقيقتان", 3: "3 دقائق", 11: "11 دقيقة"},
	} {
		for count, text := range want {
			if got, err := pages.Match(tag).T("choice.minutes", "Count", count); err != nil || got != text {
				t.Errorf("%s %d: got %q, %v, want %q", tag, count, got, err, text)
			}
		}
	}
	for _, l := range pages.Locales() {
		for _, key := range []string{"choice.days", "choice.what.note", "choice.minutes", "choice.later.note", "later.left", "mine.withdraw.effect"} {
			for _, count := range []int{0, 1, 2, 3, 7, 11, 21, 99, 100, 101, 1000, 1000000} {
				if _, err := l.T(key, "Count", count); err != nil {
					t.Errorf("%s %s of %d: %v", l.Tag(), key, count, err)
				}
			}
		}
	}
}

func TestATextThatCannotBeSaidIsAnError(t *testing.T) {
	t.Parallel()
	l := newPages(t).Match("fr")
	for name, try := range map[string]func() (string, error){
		"unknown key":         func() (string, error) { return l.T("choice.nowhere") },
		"missing placeholder": func() (string, error) { return l.T("choice.from") },
		"odd pairs":           func() (string, error) { return l.T("choice.from", "Date") },
		"no name":             func() (string, error) { return l.T("choice.from", 1, 2) },
		"no language":         func() (string, error) { return templates.Locale{}.T("choice.from", "Date", "x") },
	} {
		if text, err := try(); err == nil {
			t.Errorf("%s: said %q", name, text)
		}
	}
}

func TestListsReadAsSentences(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for want, items := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got, err := pages.Match("en").List(items); err != nil || got != want {
			t.Errorf("%v gave %q, %v", items, got, err)
		}
	}
}

func TestDirectionOfWriting(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"en": "ltr", "ar": "rtl", "he-IL": "rtl", "az-Arab": "rtl", "hi": "ltr", "": "ltr", "garbage!": "ltr"} {
		if got := templates.Direction(tag); got != want {
			t.Errorf("%q is %s", tag, got)
		}
	}
}

// catalogue reads a catalogue as it lies on disk: key to text, or to its plural forms.
func catalogue(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := yaml.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

var placeholder = regexp.MustCompile(`\{\{\.(\w+)\}\}`)

// placeholders lists what a text, or any of its forms, puts in.
func placeholders(text any) []string {
	names := map[string]bool{}
	add := func(text string) {
		for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
			names[match[1]] = true
		}
	}
	switch t := text.(type) {
	case string:
		add(t)
	case map[string]any:
		for _, form := range t {
			if s, ok := form.(string); ok {
				add(s)
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func TestAllCataloguesHoldTheSameTexts(t *testing.T) {
	t.Parallel()
	english := catalogue(t, "locales/en.yaml")
	files, err := filepath.Glob("locales/*.yaml")
	if err != nil || len(files) != len(newPages(t).Locales()) {
		t.Fatalf("%d catalogues for %d languages (%v)", len(files), len(newPages(t).Locales()), err)
	}
	for _, file := range files {
		texts := catalogue(t, file)
		for key, text := range english {
			translated, ok := texts[key]
			if !ok {
				t.Errorf("%s has no %s", file, key)
				continue
			}
			if got, want := placeholders(translated), placeholders(text); !slices.Equal(got, want) {
				t.Errorf("%s: %s puts in %v, English %v", file, key, got, want)
			}
		}
		for key := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has %s, English does not", file, key)
			}
		}
	}
}

func TestEveryTextIsUsedAndEveryUsedTextExists(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, pattern := range []string{"people/*.html", "people/partials/*.html", "gateway/*.html", "mail/letter.*", "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if data, err := os.ReadFile(file); err != nil {
				t.Fatal(err)
			} else if !strings.HasSuffix(file, "_test.go") {
				sources.Write(data)
			}
		}
	}
	english := catalogue(t, "locales/en.yaml")
	for key := range english {
		if !strings.Contains(sources.String(), `"`+key+`"`) {
			t.Errorf("%s is used nowhere", key)
		}
	}
	for _, match := range regexp.MustCompile(`\$?\.[TH] "([a-z0-9._]+)"|\.[TH]\("([a-z0-9._]+)"`).FindAllStringSubmatch(sources.String(), -1) {
		key := match[1] + match[2]
		if _, ok := english[key]; !ok {
			t.Errorf("%s is used, and in no catalogue", key)
		}
	}
}
