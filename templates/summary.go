package templates

import (
	"html/template"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Summary is what a version changes, in plain words, cut into pieces a page can lay out.
//
// Its source is Markdown. Text before any heading introduces it. A heading of level 3 or deeper begins a change; in
// it, a paragraph that opens with bold words ("**Now:** …", "**From 15 May:** …") is a part with that label. A
// heading of level 1 or 2 that is followed by a list at once begins what stays the same: each item is one such thing.
type Summary struct {
	Intro   template.HTML
	Changes []Change
	Same    []template.HTML
}

// Change is one change: what is now and what will be, or a few words.
type Change struct {
	Title string
	Parts []Part // labelled, in order; the last is what will be
	Body  template.HTML
}

// Part is one side of a change.
type Part struct {
	Label string
	Body  template.HTML
}

// Summarise reads the Markdown of a summary. What it answers is safe to show, whatever the source holds.
func Summarise(source []byte) (Summary, error) {
	r := summaryReader{markdown: parseMarkdown(source)}
	for node := r.doc.FirstChild(); node != nil; node = node.NextSibling() {
		if err := r.read(node); err != nil {
			return Summary{}, err
		}
	}
	return r.out, nil
}

type summaryReader struct {
	markdown
	out    Summary
	change *Change // being read; nil before the first and after the changes
}

func (r *summaryReader) read(node ast.Node) error {
	if heading, ok := node.(*ast.Heading); ok {
		r.change = nil
		if heading.Level > 2 {
			r.out.Changes = append(r.out.Changes, Change{Title: plainText(heading, r.source)})
			r.change = &r.out.Changes[len(r.out.Changes)-1]
		}
		return nil
	}
	if _, list := node.(*ast.List); list && r.change == nil && afterHeading(node) {
		return r.readSame(node)
	}
	if paragraph, ok := node.(*ast.Paragraph); ok && r.change != nil {
		if label, ok := takeLabel(paragraph, r.source); ok {
			body, err := r.render(paragraph)
			r.change.Parts = append(r.change.Parts, Part{label, body})
			return err
		}
	}
	body, err := r.render(node)
	if r.change != nil {
		r.change.Body += body
	} else {
		r.out.Intro += body
	}
	return err
}

func afterHeading(node ast.Node) bool {
	_, ok := node.PreviousSibling().(*ast.Heading)
	return ok
}

func (r *summaryReader) readSame(list ast.Node) error {
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		var words template.HTML
		for block := item.FirstChild(); block != nil; block = block.NextSibling() {
			body, err := r.render(block)
			if err != nil {
				return err
			}
			words += body
		}
		r.out.Same = append(r.out.Same, words)
	}
	return nil
}

// takeLabel removes the bold words with a colon that a paragraph opens with, and answers them without the colon.
func takeLabel(paragraph *ast.Paragraph, source []byte) (string, bool) {
	bold, ok := paragraph.FirstChild().(*ast.Emphasis)
	if !ok || bold.Level != 2 {
		return "", false
	}
	words := plainText(bold, source)
	label := strings.TrimSpace(strings.TrimRight(words, ":："))
	if label == strings.TrimSpace(words) {
		return "", false
	}
	if rest, ok := bold.NextSibling().(*ast.Text); ok {
		rest.Segment = rest.Segment.TrimLeftSpace(source)
	}
	paragraph.RemoveChild(paragraph, bold)
	return label, true
}
