// Package chart draws the charts of the staff console as SVG, from plain numbers.
//
// A drawing carries classes only, never a style or a script, so that the style sheet decides on colours in light, dark,
// print and forced-colours mode and a strict content security policy holds. Every figure comes with a title, a
// description, a sentence and the table of its numbers: nobody needs to see the picture to know what it says. Only what
// was counted is drawn; there is no forecast.
package chart

import (
	"fmt"
	"html"
	"html/template"
)

// Figure is a finished chart. Without anything counted yet there are no Rows, and Say tells why.
type Figure struct {
	ID     string // unique on the page; the ids of the drawing begin with it
	Title  string
	Say    string // one sentence that a reader can rely on instead of the drawing
	SVG    template.HTML
	Legend []Key
	Head   []string // of the table; the first heads the column of days
	Rows   []Row
}

// Key explains one colour of a drawing. Class is the class of its swatch, Value the number of today.
type Key struct {
	Class, Label, Value string
}

// Row is one line of the table. X is where the drawing shows it, in units of the viewBox.
type Row struct {
	X     string
	Day   string
	Cells []string
}

// canvas collects the elements of a drawing. Numbers have one decimal, words are escaped.
type canvas []byte

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	*c = fmt.Appendf(*c, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (c *canvas) rect(class string, x, y, width, height float64) {
	*c = fmt.Appendf(*c, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class, x, y, width, height)
}

func (c *canvas) circle(class string, x, y, r float64) {
	*c = fmt.Appendf(*c, `<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f"/>`, class, x, y, r)
}

func (c *canvas) path(class, d string) {
	*c = fmt.Appendf(*c, `<path class="%s" d="%s"/>`, class, d)
}

func (c *canvas) text(class string, x, y float64, words string) {
	*c = fmt.Appendf(*c, `<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, html.EscapeString(words))
}

// svg closes the drawing. The hair line is moved by the script of the page and hidden without it.
func (c canvas) svg(id string, width, height, top, bottom float64, title, desc string) template.HTML {
	c.line("hair", 0, top, 0, bottom)
	id = html.EscapeString(id)
	return drawn(fmt.Sprintf(
		`<svg viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		width, height, id, id, id, html.EscapeString(title), id, html.EscapeString(desc), c))
}

// drawn marks a drawing as safe to stand on a page.
func drawn(svg string) template.HTML {
	return template.HTML(svg) //nolint:gosec // a canvas escapes all words and writes only numbers and classes besides
}

// Shade is the class of stage i of n: "s0", the calmest, to "s4", the most severe. Ladders of up to five stages have a
// shade for each; longer ones share.
func Shade(i, n int) string {
	if n > 5 {
		i = i * 4 / (n - 1)
	}
	return fmt.Sprintf("s%d", min(max(i, 0), 4))
}

// Meter draws a part of a whole as a bar. It is decoration beside the number itself, hidden from screen readers.
func Meter(part, whole int) template.HTML {
	var c canvas
	c.rect("track", 0, 0, 100, 8)
	if part > 0 && whole > 0 {
		c.rect("sa", 0, 0, min(100*float64(part)/float64(whole), 100), 8)
	}
	return drawn(`<svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">` + string(c) + `</svg>`)
}
