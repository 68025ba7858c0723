package templates

import (
	"html"
	"html/template"
	"strings"
)

// Compare is the page that shows what changed between two versions of a document, word by word.
type Compare struct {
	Frame
	Document   Document // the later version; Locale is the language both texts are shown in
	Before     Before   // the earlier one
	Mine       bool     // the earlier one is what the person accepted, at Before.At
	Comparison Comparison
	Side       bool // side by side, not in one text
	All        bool // what stayed the same is shown too
	Views      CompareViews
	Texts      []TextLink // the languages both versions exist in
	ChoiceURL  string     // empty when nobody is asked
}

// CompareViews are the addresses of the same comparison shown in other ways.
type CompareViews struct{ Inline, Side, Changes, All string }

// TextDir is the direction the texts are written in, which may not be that of the page.
func (c Compare) TextDir() string { return Direction(c.Document.Locale) }

// Foreign reports whether the texts are in another language than the page.
func (c Compare) Foreign() bool { return c.Document.Locale != c.Tag() }

// TextLanguage is what the language of the texts calls itself.
func (c Compare) TextLanguage() string {
	for _, text := range c.Texts {
		if text.Tag == c.Document.Locale {
			return text.Name
		}
	}
	return c.Document.Locale
}

// Lead says which two versions are compared.
func (c Compare) Lead() (template.HTML, error) {
	if c.Mine {
		return c.H("compare.lead.mine", "Before", bdi(c.Before.Version), "Date", c.Date(c.Before.At), "After", bdi(c.Document.Version))
	}
	return c.H("compare.lead", "Before", bdi(c.Before.Version), "After", bdi(c.Document.Version))
}

// Changed lists the sections in which something is not the same.
func (c Compare) Changed() []Section {
	var list []Section
	for _, s := range c.Comparison.Sections {
		if s.Changes > 0 {
			list = append(list, s)
		}
	}
	return list
}

// Shown lists the sections the page shows.
func (c Compare) Shown() []Section {
	if c.All {
		return c.Comparison.Sections
	}
	return c.Changed()
}

// Passages lists what the page shows of a section.
func (c Compare) Passages(s Section) []Passage {
	if c.All {
		return s.Passages
	}
	var list []Passage
	for _, p := range s.Passages {
		if p.State != PassageSame {
			list = append(list, p)
		}
	}
	return list
}

// Title is the heading of a section in plain words, as it is now; as it was, for one that is gone.
func (c Compare) Title(s Section) (string, error) {
	if len(s.Heading.runs) == 0 {
		return c.T("compare.opening")
	}
	skip := PassageRemoved
	if s.Heading.State == PassageRemoved {
		skip = PassageAdded
	}
	var words strings.Builder
	for _, r := range s.Heading.runs {
		if r.state == skip {
			continue
		}
		for _, w := range r.words {
			if w.spaced && words.Len() > 0 {
				words.WriteByte(' ')
			}
			words.WriteString(w.text)
		}
	}
	return words.String(), nil
}

// StateName says what became of a section: "changed", "new", "removed"; empty for one that is the same.
func (c Compare) StateName(s PassageState) (string, error) {
	switch s {
	case PassageChanged:
		return c.T("compare.changed")
	case PassageAdded:
		return c.T("compare.new")
	case PassageRemoved:
		return c.T("compare.removed")
	}
	return "", nil
}

// Marked is a passage with what went and what came marked, in words too.
func (c Compare) Marked(p Passage) (template.HTML, error) { return c.mark(p.runs, "") }

// Was is a passage as it was, with what went marked; empty for one that is new.
func (c Compare) Was(p Passage) (template.HTML, error) { return c.mark(p.runs, PassageAdded) }

// Is is a passage as it is now, with what came marked; empty for one that was removed.
func (c Compare) Is(p Passage) (template.HTML, error) { return c.mark(p.runs, PassageRemoved) }

// mark writes runs but those of one state.
func (c Compare) mark(runs []run, without PassageState) (template.HTML, error) {
	var out strings.Builder
	for _, r := range runs {
		if r.state == without {
			continue
		}
		if r.words[0].spaced && out.Len() > 0 {
			out.WriteByte(' ') // outside the mark, which would otherwise show a stroke before the word
		}
		if r.state == PassageSame {
			writeWords(&out, r.words)
			continue
		}
		if err := c.writeMarked(&out, r); err != nil {
			return "", err
		}
	}
	return safe(out.String()), nil // writeWords and writeMarked escape
}

func (c Compare) writeMarked(out *strings.Builder, r run) error {
	tag, begin, end := "ins", "compare.begin.added", "compare.end.added"
	if r.state == PassageRemoved {
		tag, begin, end = "del", "compare.begin.removed", "compare.end.removed"
	}
	opening, err := c.T(begin)
	if err != nil {
		return err
	}
	closing, err := c.T(end)
	if err != nil {
		return err
	}
	// What is spoken is in the language of the page, whatever that of the text.
	spoken := `<span class="vh" lang="` + c.Tag() + `">`
	out.WriteString("<" + tag + ">" + spoken + html.EscapeString(opening) + " </span>")
	writeWords(out, r.words)
	out.WriteString(spoken + " " + html.EscapeString(closing) + "</span></" + tag + ">")
	return nil
}

// writeWords writes words as they are set, with links that lead somewhere safe.
func writeWords(out *strings.Builder, words []word) {
	for i := 0; i < len(words); {
		n := i + 1
		for n < len(words) && words[n].href == words[i].href && words[n].strong == words[i].strong {
			n++
		}
		if i > 0 && words[i].spaced {
			out.WriteByte(' ')
		}
		var piece strings.Builder
		for k, w := range words[i:n] {
			if k > 0 && w.spaced {
				piece.WriteByte(' ')
			}
			piece.WriteString(html.EscapeString(w.text))
		}
		markup := piece.String()
		if words[i].strong {
			markup = "<strong>" + markup + "</strong>"
		}
		out.WriteString(string(linked(words[i].href, safe(markup))))
		i = n
	}
}
