package templates_test

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"assent/templates"
)

// alongside are the built-in catalogues and one more file.
func alongside(t *testing.T, name, text string) fs.FS {
	t.Helper()
	all := fstest.MapFS{name: {Data: []byte(text)}}
	built, err := fs.Glob(os.DirFS("locales"), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range built {
		data, err := os.ReadFile("locales/" + file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = &fstest.MapFile{Data: data}
	}
	return all
}

// welsh has its own name, months and five forms of a count; for the rest a copy of English does.
func welsh(t *testing.T) string {
	t.Helper()
	english, err := os.ReadFile("locales/en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(english)
	for old, new := range map[string]string{
		"language.name: English\n": "language.name: Cymraeg\n",
		"January, February, March, April, May, June, July, August, September, October, November, December": "Ionawr, Chwefror, Mawrth, Ebrill, Mai, Mehefin, Gorffennaf, Awst, Medi, Hydref, Tachwedd, Rhagfyr",
		"choice.minutes:\n": "choice.minutes:\n  zero: dim\n  two: dau\n  few: tri\n  many: chwech\n",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the English catalogue lacks %q", old)
		}
		text = strings.Replace(text, old, new, 1)
	}
	return text
}

func TestALanguageIsOneFile(t *testing.T) {
	t.Parallel()
	if newPages(t).Match("cy-GB").Tag() != "en" {
		t.Fatal("Welsh is built in: try with another language")
	}
	pages, err := templates.NewSpeaking(alongside(t, "cy.yaml", welsh(t)))
	if err != nil {
		t.Fatal(err)
	}
	l := pages.Match("cy-GB,cy;q=0.9")
	few, err := l.T("choice.minutes", "Count", 3)
	if got := []string{l.Tag(), l.Name(), l.Date(time.Date(2021, 5, 15, 0, 0, 0, 0, time.UTC), nil), l.Number(18402), few}; err != nil ||
		strings.Join(got, "|") != "cy|Cymraeg|15 Mai 2021|18,402|tri" {
		t.Errorf("it speaks %q, %v", got, err)
	}
	var out bytes.Buffer
	view := templates.Language{Frame: frame(l, pages), Action: "/language", Languages: pages.Locales()}
	if err := pages.Render(&out, "people/language", view); err != nil {
		t.Fatal(err)
	}
	if page := out.String(); !strings.Contains(page, `value="cy" lang="cy" dir="ltr"`) || !strings.Contains(page, `value="hi"`) || len(pages.Locales()) != 7 {
		t.Errorf("it is not offered beside the six others in\n%s", page)
	}
	if first := pages.Locales()[0].Tag(); first != "en" {
		t.Errorf("%s comes first", first)
	}
}

func TestAFaultyCatalogueIsRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, old, new, want string }{
		{"klingonish.yaml", "", "", "by the tag of its language"},
		{"cy.yaml", "language.name: Cymraeg\n", "", "language.name is missing"},
		{"cy.yaml", "{{.Month}} {{.Year}}\"", "{{.Month}}\"", "date.day lacks {{.Year}}"},
		{"cy.yaml", "Ionawr, ", "", "date.months names 11 months"},
		{"cy.yaml", "language.name: ", "language.name: [", "cy.yaml"},
	} {
		_, err := templates.NewSpeaking(alongside(t, c.file, strings.Replace(welsh(t), c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.file) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %q for %q: %v", c.file, c.new, c.old, err)
		}
	}
	if _, err := templates.NewSpeaking(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "en.yaml") {
		t.Errorf("without any: %v", err)
	}
}
