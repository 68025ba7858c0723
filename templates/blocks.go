package templates

import (
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extension "github.com/yuin/goldmark/extension/ast"
)

// block is one paragraph of a terms text cut into words, as two versions are compared by it.
type block struct {
	kind  blockKind
	level int // of a heading, as Heading.Level
	words []word
	key   string // the words in one line: blocks that read alike have the same
}

type blockKind uint8

const (
	paragraph blockKind = iota
	heading
	item // of a list
	row  // of a table
	verbatim
)

// word is a word with the space before it and how it is set. Two words are the same when they read alike and lead to
// the same place: where a link leads is part of what people agree to.
type word struct {
	text   string
	href   string
	spaced bool
	strong bool
}

// blocksOf cuts the Markdown of a terms text into blocks in reading order. Nothing that can be read is left out.
func blocksOf(source []byte) []block {
	m := parseMarkdown(source)
	levelHeadings(m.doc, source)
	c := cutter{source: source}
	c.blocks(m.doc, paragraph)
	return c.out
}

type cutter struct {
	source []byte
	out    []block
	words  []word
	spaced bool
}

// blocks cuts what lies below a node that holds blocks; kind is what a paragraph in it counts as.
func (c *cutter) blocks(parent ast.Node, kind blockKind) {
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		switch n := node.(type) {
		case *ast.Heading:
			c.one(n, heading, n.Level)
		case *ast.ListItem:
			c.blocks(n, item)
		case *ast.Paragraph, *ast.TextBlock:
			c.one(n, kind, 0)
			kind = paragraph // a second paragraph of an item goes on without a bullet
		case *extension.TableHeader, *extension.TableRow:
			c.cells(n)
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
			c.lines(n)
		default:
			c.blocks(n, kind)
		}
	}
}

func (c *cutter) one(node ast.Node, kind blockKind, level int) {
	c.inline(node, word{})
	c.end(kind, level)
}

// cells is a row of a table: its cells with a bar between them.
func (c *cutter) cells(line ast.Node) {
	for cell := line.FirstChild(); cell != nil; cell = cell.NextSibling() {
		if cell.PreviousSibling() != nil {
			c.spaced = true
			c.write("|", word{})
			c.spaced = true
		}
		c.inline(cell, word{})
	}
	c.end(row, 0)
}

func (c *cutter) lines(node ast.Node) {
	lines := node.Lines()
	for i := range lines.Len() {
		segment := lines.At(i)
		c.write(string(segment.Value(c.source)), word{})
		c.spaced = true
	}
	c.end(verbatim, 0)
}

// inline cuts the words below a node, set as style says.
func (c *cutter) inline(parent ast.Node, style word) {
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		switch n := node.(type) {
		case *ast.Text:
			c.write(string(n.Value(c.source)), style)
			c.spaced = c.spaced || n.SoftLineBreak() || n.HardLineBreak()
		case *ast.String:
			c.write(string(n.Value), style)
		case *ast.AutoLink:
			c.write(string(n.Label(c.source)), style)
		case *ast.Emphasis:
			strong := style
			strong.strong = strong.strong || n.Level == 2
			c.inline(n, strong)
		case *ast.Link:
			linked := style
			linked.href = string(n.Destination)
			c.inline(n, linked)
		default:
			c.inline(n, style)
		}
	}
}

// write adds the words of a piece of text. A word that goes on from the piece before is a word of its own without a
// space, so that "**new**ly" reads as it is written.
func (c *cutter) write(text string, style word) {
	for text != "" {
		trimmed := strings.TrimLeftFunc(text, unicode.IsSpace)
		c.spaced = c.spaced || len(trimmed) < len(text)
		end := wordEnd(trimmed)
		if end > 0 {
			w := style
			w.text, w.spaced = trimmed[:end], c.spaced && len(c.words) > 0
			c.words, c.spaced = append(c.words, w), false
		}
		text = trimmed[end:]
	}
}

// wordEnd is where the first word ends. Marks are words of their own, so that a comma that came or went does not mark
// the word before it; and so is each letter of a script that is written without spaces.
func wordEnd(text string) int {
	for i, r := range text {
		switch {
		case i == 0 && (alone(r) || isMark(r)):
			return len(string(r))
		case i > 0 && (unicode.IsSpace(r) || alone(r) || isMark(r) || r == '.' && ends(text[i+1:])):
			return i
		}
	}
	return len(text)
}

// alone reports a letter of a script that sets no spaces between words.
func alone(r rune) bool {
	return r > unicode.MaxLatin1 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// ends reports whether a word is over before this text: it is empty, or goes on with a space.
func ends(text string) bool {
	return text == "" || strings.TrimLeftFunc(text, unicode.IsSpace) != text
}

// isMark reports what ends a word: not what stands inside one, as in "don’t", "3.5", "opt-in" or "a@b.org".
func isMark(r rune) bool {
	return strings.ContainsRune(",;:!?()[]{}\"“”«»|،؛؟।", r)
}

func (c *cutter) end(kind blockKind, level int) {
	if len(c.words) > 0 {
		b := block{kind: kind, level: level, words: c.words}
		b.key = keyOf(b)
		c.out = append(c.out, b)
	}
	c.words, c.spaced = nil, false
}

func keyOf(b block) string {
	var key strings.Builder
	key.WriteByte('0' + byte(b.kind))
	for _, w := range b.words {
		key.WriteByte(' ') // words are what counts, not the space between them
		key.WriteString(w.text)
		if w.href != "" {
			key.WriteByte(0)
			key.WriteString(w.href)
			key.WriteByte(0)
		}
	}
	return key.String()
}

// String names the kind for a page.
func (k blockKind) String() string {
	return [...]string{"paragraph", "heading", "item", "row", "verbatim"}[k]
}
