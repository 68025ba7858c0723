package templates

import (
	"errors"
	"fmt"
	"html"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	i18ntemplate "github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
	"golang.org/x/text/number"
)

// Locale speaks one language: texts of the catalogue with its plural rules, dates, numbers and direction of writing.
// It is made by Pages.Match, cheap to copy and safe for concurrent use; the zero Locale knows no texts.
type Locale struct {
	tag, name string
	words     *i18n.Localizer
	forms     *forms
}

// Match answers the language that fits best. A wish is a BCP 47 tag or a whole Accept-Language header; wishes are
// tried in turn, strongest first, empty and malformed ones are passed over, and English is the answer when none fits.
func (p *Pages) Match(wishes ...string) Locale {
	// The matched tag can carry extensions unfit for a lang attribute ("ar-u-rg-egzzzz"), so only its index counts.
	_, index := language.MatchStrings(p.locales.matcher, wishes...)
	return p.locales.locales[index]
}

// Locales lists every language of the interface, English first.
func (p *Pages) Locales() []Locale { return slices.Clone(p.locales.locales) }

// Tag is the BCP 47 tag of the language, fit for a lang attribute and for a record.
func (l Locale) Tag() string { return l.tag }

// Name is what the language calls itself.
func (l Locale) Name() string { return l.name }

// Dir is "rtl" for languages written from right to left, else "ltr".
func (l Locale) Dir() string { return Direction(l.tag) }

// Direction is "rtl" when the language of a BCP 47 tag is written from right to left, else "ltr".
func Direction(tag string) string {
	script, _ := language.Make(tag).Script()
	if slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg"}, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// T answers the text of key. Pairs are names and values for its placeholders, as in T("days", "Count", 3); an int
// named Count also chooses the plural form. It fails for a key or placeholder the catalogue does not have.
func (l Locale) T(key string, pairs ...any) (string, error) {
	values, count, err := l.values(pairs)
	if err != nil {
		return "", fmt.Errorf("text %s: %w", key, err)
	}
	if l.words == nil {
		return "", fmt.Errorf("text %s: no language was chosen", key)
	}
	text, err := l.words.Localize(&i18n.LocalizeConfig{
		MessageID: key, TemplateData: values, PluralCount: count,
		TemplateParser: &i18ntemplate.TextParser{Option: "missingkey=error"},
	})
	if err != nil {
		return "", fmt.Errorf("text %s in %s: %w", key, l.tag, err)
	}
	return text, nil
}

// H is T for HTML: values of type template.HTML keep their markup, everything else, the catalogue's text included, is
// escaped.
func (l Locale) H(key string, pairs ...any) (template.HTML, error) {
	plain, marks := slices.Clone(pairs), []string{}
	for i := 1; i < len(plain); i += 2 {
		if markup, ok := plain[i].(template.HTML); ok {
			mark := "\x1a" + strconv.Itoa(i) + "\x1a" // a control character no text holds
			plain[i] = mark
			marks = append(marks, mark, string(markup))
		}
	}
	text, err := l.T(key, plain...)
	if err != nil {
		return "", err
	}
	return safe(strings.NewReplacer(marks...).Replace(html.EscapeString(text))), nil
}

func (l Locale) values(pairs []any) (map[string]any, any, error) {
	if len(pairs)%2 != 0 {
		return nil, nil, errors.New("placeholders come in pairs of name and value")
	}
	values := make(map[string]any, len(pairs)/2)
	var count any
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, nil, fmt.Errorf("%v is not the name of a placeholder", pairs[i])
		}
		values[name] = pairs[i+1]
		if n, ok := pairs[i+1].(int); ok {
			values[name] = l.Number(n)
			if name == "Count" {
				count = n
			}
		}
	}
	return values, count, nil
}

// Number writes a whole number with the language's separators, in Latin digits.
func (l Locale) Number(n int) string {
	return l.forms.numbers.Sprint(number.Decimal(n))
}

// Date writes the day of an instant in a zone, in full: "15 December 2026". A nil zone is UTC.
func (l Locale) Date(at time.Time, zone *time.Location) string {
	return l.forms.date(at.In(orUTC(zone)))
}

// DateTime writes an instant to the minute and names the zone: "15 December 2026, 09:00 UTC". A nil zone is UTC. The
// clock is the one of 24 hours, which everybody reads and nobody mistakes.
func (l Locale) DateTime(at time.Time, zone *time.Location) (string, error) {
	at = at.In(orUTC(zone))
	return l.T("date.time", "Date", l.forms.date(at), "Time", at.Format("15:04"), "Zone", zoneName(at))
}

func orUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// zoneName writes the offset, which needs no translation and no knowledge of places: "UTC", "UTC+5:30".
func zoneName(at time.Time) string {
	_, offset := at.Zone()
	if offset == 0 {
		return "UTC"
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	if minutes := offset % 3600 / 60; minutes != 0 {
		return fmt.Sprintf("UTC%c%d:%02d", sign, offset/3600, minutes)
	}
	return fmt.Sprintf("UTC%c%d", sign, offset/3600)
}

// List joins items as the language does: "a, b and c". Nothing gives an empty text.
func (l Locale) List(items []string) (string, error) {
	var text string
	for i, item := range items {
		if i == 0 {
			text = item
			continue
		}
		var err error
		if text, err = l.T(listKey(i, len(items)), "First", text, "Next", item); err != nil {
			return "", err
		}
	}
	return text, nil
}

// join is List for markup, one item at a time: it adds item i of n to what came before.
func (l Locale) join(text, item template.HTML, i, n int) (template.HTML, error) {
	if i == 0 {
		return item, nil
	}
	return l.H(listKey(i, n), "First", text, "Next", item)
}

func listKey(i, n int) string {
	if i == n-1 {
		return "list.last"
	}
	return "list.more"
}
