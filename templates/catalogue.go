package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// catalogues are the languages of the interface, English first: it is what nobody's language falls back to.
type catalogues struct {
	locales []Locale
	matcher language.Matcher
}

// loadCatalogues reads every catalogue there is, one language a file: "pt-BR.yaml" holds its texts, what it calls
// itself and how it writes a day. Plural forms and separators go by the tag.
func loadCatalogues(files fs.FS) (catalogues, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return catalogues{}, fmt.Errorf("list catalogues: %w", err)
	}
	const english = "en.yaml"
	others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == english })
	if len(others) == len(names) {
		return catalogues{}, fmt.Errorf("there is no catalogue %s, which every language falls back to", english)
	}
	names = append([]string{english}, others...)
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	var c catalogues
	tags := make([]language.Tag, len(names))
	for i, name := range names {
		locale, err := loadLocale(bundle, files, name)
		if err != nil {
			return catalogues{}, fmt.Errorf("load catalogue %s: %w", name, err)
		}
		c.locales, tags[i] = append(c.locales, locale), language.Make(locale.tag)
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

func loadLocale(bundle *i18n.Bundle, files fs.FS, name string) (Locale, error) {
	tag, err := language.Parse(strings.TrimSuffix(name, path.Ext(name)))
	if err != nil {
		return Locale{}, fmt.Errorf("name the file by the tag of its language, as in pt-BR.yaml: %w", err)
	}
	file, err := bundle.LoadMessageFileFS(files, name)
	if err != nil {
		return Locale{}, err
	}
	texts := make(map[string]string, len(file.Messages))
	for _, m := range file.Messages {
		texts[m.ID] = m.Other
	}
	latin, err := tag.SetTypeForKey("nu", "latn") // the digits of dates, references and versions
	if err != nil {
		return Locale{}, err
	}
	l := Locale{
		tag: tag.String(), name: texts["language.name"], words: i18n.NewLocalizer(bundle, tag.String()),
		forms: &forms{day: texts["date.day"], numbers: message.NewPrinter(latin)},
	}
	if l.name == "" {
		return Locale{}, errors.New("language.name is missing: what the language calls itself")
	}
	for _, part := range []string{"{{.Day}}", "{{.Month}}", "{{.Year}}"} {
		if !strings.Contains(l.forms.day, part) {
			return Locale{}, fmt.Errorf("date.day lacks %s", part)
		}
	}
	months := strings.Split(texts["date.months"], ", ")
	if len(months) != len(l.forms.months) {
		return Locale{}, fmt.Errorf("date.months names %d months: name 12, with a comma and a space between them", len(months))
	}
	copy(l.forms.months[:], months)
	return l, nil
}

// forms are how a language writes days and numbers.
type forms struct {
	day     string // with {{.Day}}, {{.Month}} and {{.Year}}
	months  [12]string
	numbers *message.Printer
}

func (f *forms) date(at time.Time) string {
	year, month, day := at.Date()
	return strings.NewReplacer(
		"{{.Day}}", fmt.Sprint(day), "{{.Month}}", f.months[month-1], "{{.Year}}", fmt.Sprint(year),
	).Replace(f.day)
}
