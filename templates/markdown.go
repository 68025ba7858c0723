package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Text is a terms text made fit for a page.
type Text struct {
	Title    string        // the text's own title when it opens with one; it is then not part of Body
	Body     template.HTML // safe: an allow-list of elements, no scripts, styles or pictures
	Headings []Heading     // in reading order
}

// Heading is one entry of a text's table of contents. ID is unique within the text and begins with "s-", so that it
// cannot collide with the page around it. Level starts at 2 and never skips.
type Heading struct {
	ID, Title string
	Level     int
}

// RenderMarkdown turns the Markdown of a terms text into HTML that is safe whatever the source holds. The source
// itself, byte for byte, stays what people agree to.
func RenderMarkdown(source []byte) (Text, error) {
	m := parseMarkdown(source)
	var out Text
	out.Title = takeTitle(m.doc, source)
	out.Headings = levelHeadings(m.doc, source)
	body, err := m.render(m.doc)
	out.Body = body
	return out, err
}

// markdown is one source with its parsed tree and what turns pieces of it into safe HTML.
type markdown struct {
	source []byte
	doc    ast.Node
	engine goldmark.Markdown
	policy *bluemonday.Policy
}

func parseMarkdown(source []byte) markdown {
	m := markdown{source: source, policy: sanitiser()}
	m.engine = goldmark.New(
		goldmark.WithExtensions(extension.Strikethrough, extension.NewTable(
			extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))), // the default is an inline style
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
	m.doc = m.engine.Parser().Parse(text.NewReader(source),
		parser.WithContext(parser.NewContext(parser.WithIDs(&sectionIDs{}))))
	removeEmptyLinks(m.doc)
	return m
}

// render answers the sanitised HTML of one node of the tree.
func (m markdown) render(node ast.Node) (template.HTML, error) {
	var buffer bytes.Buffer
	if err := m.engine.Renderer().Render(&buffer, m.source, node); err != nil {
		return "", fmt.Errorf("render markdown: %w", err)
	}
	return safe(string(m.policy.SanitizeBytes(buffer.Bytes()))), nil
}

// sanitiser is the second lock behind goldmark's own refusal of raw HTML: what is not listed is dropped.
func sanitiser() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "a", "strong", "em", "del", "code", "pre",
		"blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^s-[\pL\pM\pN-]+$`)).OnElements("h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
}

// takeTitle removes the title a text opens with and answers its words.
func takeTitle(doc ast.Node, source []byte) string {
	first, ok := doc.FirstChild().(*ast.Heading)
	if !ok || first.Level != 1 {
		return ""
	}
	doc.RemoveChild(doc, first)
	return plainText(first, source)
}

// levelHeadings moves the levels in use to 2, 3, 4 … without gaps, because the page has its own first level and texts
// in the wild skip some.
func levelHeadings(doc ast.Node, source []byte) []Heading {
	var found []*ast.Heading
	used := [7]bool{}
	for node := range headings(doc) {
		found = append(found, node)
		used[node.Level] = true
	}
	level, next := [7]int{}, 2
	for l, in := range used {
		if in {
			level[l], next = min(next, 6), next+1
		}
	}
	list := make([]Heading, 0, len(found))
	for _, node := range found {
		node.Level = level[node.Level]
		id, _ := node.AttributeString("id")
		slug, _ := id.([]byte)
		list = append(list, Heading{string(slug), plainText(node, source), node.Level})
	}
	return list
}

// headings yields the headings of a text in order. (Headings cannot nest, and only stand among blocks.)
func headings(doc ast.Node) func(yield func(*ast.Heading) bool) {
	return func(yield func(*ast.Heading) bool) {
		for node := range nodes(doc) {
			if heading, ok := node.(*ast.Heading); ok && !yield(heading) {
				return
			}
		}
	}
}

// nodes yields a tree in reading order; what it yields may be changed but not removed.
func nodes(root ast.Node) func(yield func(ast.Node) bool) {
	return func(yield func(ast.Node) bool) {
		// The walk function answers no error, so neither does the walk.
		_ = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
			if entering && !yield(node) {
				return ast.WalkStop, nil
			}
			return ast.WalkContinue, nil
		})
	}
}

// removeEmptyLinks drops links without words, which screen readers would announce as nothing. Pages saved from the
// web are full of them.
func removeEmptyLinks(doc ast.Node) {
	var empty []ast.Node
	for node := range nodes(doc) {
		if link, ok := node.(*ast.Link); ok && !link.HasChildren() {
			empty = append(empty, node)
		}
	}
	for _, node := range empty {
		node.Parent().RemoveChild(node.Parent(), node)
	}
}

func plainText(root ast.Node, source []byte) string {
	var words strings.Builder
	for node := range nodes(root) {
		switch n := node.(type) {
		case *ast.Text:
			words.Write(n.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				words.WriteByte(' ')
			}
		case *ast.String:
			words.Write(n.Value)
		}
	}
	return strings.TrimSpace(words.String())
}

// sectionIDs names headings by their words in any script; goldmark's own does so for ASCII only.
type sectionIDs struct{ taken map[string]bool }

// Generate implements parser.IDs.
func (s *sectionIDs) Generate(value []byte, _ ast.NodeKind) []byte {
	slug := "s-" + slugOf(string(value))
	id := slug
	for n := 2; s.taken[id]; n++ {
		id = slug + "-" + strconv.Itoa(n)
	}
	s.Put([]byte(id))
	return []byte(id)
}

// Put implements parser.IDs.
func (s *sectionIDs) Put(value []byte) {
	if s.taken == nil {
		s.taken = map[string]bool{}
	}
	s.taken[string(value)] = true
}

func slugOf(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
	if len(words) == 0 {
		return "section"
	}
	return strings.Join(words, "-")
}
