package people

import (
	"strings"
	"sync"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// wordsPerMinute is a slow reader's pace for legal texts.
const wordsPerMinute = 200

// mostAbstracts is how many are remembered: of some versions, in each language.
const mostAbstracts = 256

// abstracts are what pages say of versions in a language, each read once, since a published version never changes. What
// they hand out is shared, and only to be read. A nil one remembers nothing.
type abstracts struct {
	mu    sync.Mutex
	known map[abstractKey]templates.Document
}

type abstractKey struct {
	ref terms.DocumentRef
	tag string
}

// of answers the version as any page in a language shows it, in that language or the closest there is.
func (a *abstracts) of(v tracker.Version, tag string) (templates.Document, error) {
	if a == nil || v.Published.IsZero() {
		return abstractOf(v, tag)
	}
	key := abstractKey{v.DocumentRef, tag}
	a.mu.Lock()
	d, found := a.known[key]
	a.mu.Unlock()
	if found {
		return d, nil
	}
	d, err := abstractOf(v, tag)
	if err != nil {
		return d, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || len(a.known) >= mostAbstracts {
		a.known = map[abstractKey]templates.Document{}
	}
	a.known[key] = d
	return d, nil
}

func abstractOf(v tracker.Version, tag string) (templates.Document, error) {
	text, _ := v.TextIn(tag) // a published version has a text
	summary, err := templates.Summarise([]byte(text.Summary))
	return templates.Document{
		Title: v.Title.In(tag), Version: v.Version, URL: legalPath(v.DocumentRef, tag), Locale: text.Locale, SHA256: text.SHA256,
		Minutes: len(strings.Fields(text.Markdown))/wordsPerMinute + 1, Summary: summary,
	}, err
}
