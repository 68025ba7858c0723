package demo

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"assent/terms"
	"assent/tracker"
)

//go:embed content
var content embed.FS

// The sample company.
const (
	Company = "Harbor Messaging Ltd"
	Brand   = "Harbor"
	Address = "12 Quay Street, Dublin 2, Ireland"
	Contact = "help@harbor.example"
)

// Campaign is the key of the campaign in PlanFile.
const Campaign = "new-terms-2021"

// Start is when the story begins: two days before the announcement.
func Start() time.Time { return time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC) }

// Locales lists the languages every text comes in.
func Locales() []string { return []string{"en", "fr", "es", "pt-BR", "ar", "hi"} }

// PlanFile is the plan of Campaign as an operator would write it.
func PlanFile() []byte { return bytes.Clone(planFile) }

//go:embed content/campaign.yaml
var planFile []byte

// Versions lists the versions of Harbor's two documents, the old ones first,
// each in every language with a summary. They are drafts as PutVersion takes
// them: nothing is published and no digest is set.
func Versions() ([]tracker.Version, error) {
	var out []tracker.Version
	for _, state := range []struct {
		version   string
		effective time.Time
	}{
		{"2020-03-04", time.Date(2020, 3, 4, 0, 0, 0, 0, time.UTC)},
		{"2021-01-04", time.Date(2021, 5, 15, 0, 0, 0, 0, time.UTC)},
	} {
		for _, document := range []string{"terms-of-service", "privacy-policy"} {
			v := tracker.Version{DocumentRef: terms.DocumentRef{Document: document, Version: state.version}, Material: true, EffectiveAt: state.effective}
			if err := readTexts(&v); err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// readTexts fills in the texts of a version, and its title from their first
// lines.
func readTexts(v *tracker.Version) error {
	dir := path.Join("content", v.Document, v.Version)
	v.Title = terms.Texts{}
	for _, locale := range Locales() {
		markdown, err := fs.ReadFile(content, path.Join(dir, locale+".md"))
		if err != nil {
			return fmt.Errorf("read a sample text: %w", err)
		}
		summary, err := fs.ReadFile(content, path.Join(dir, locale+".summary.md"))
		if err != nil {
			return fmt.Errorf("read a sample summary: %w", err)
		}
		heading, _, _ := strings.Cut(string(markdown), "\n")
		v.Title[locale] = strings.TrimPrefix(heading, "# ")
		v.Texts = append(v.Texts, tracker.Text{Locale: locale, Markdown: string(markdown), Summary: string(summary)})
	}
	return nil
}
