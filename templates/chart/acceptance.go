package chart

import (
	"fmt"
	"strings"
	"time"
)

// Acceptance is the share of people who have accepted, day by day, over the whole length of a campaign.
type Acceptance struct {
	ID       string
	From, To time.Time // the axis: the announcement, and the end of the ladder or today if later
	Today    time.Time
	Deadline time.Time
	Points   []Point // in order of time, none after Today
	Stages   []Start // in order of the ladder
}

// Point is how many people had accepted at an instant, of how many in scope.
type Point struct {
	At           time.Time
	Accepted, Of int
}

// Start is when the first people can enter a stage.
type Start struct {
	At   time.Time
	Name string
}

// The drawing's measures, in units of its viewBox.
const (
	curveWidth, curveHeight = 1080.0, 326.0
	curveLeft, curveRight   = 44.0, 1064.0
	curveTop, curveBottom   = 26.0, 246.0
	laneTop                 = 280.0 // the ladder, under the labels of the axis
)

// Figure draws the curve with today's and the deadline's line and, under it, the ladder with the entry of each stage.
// Without points only the calendar is drawn, and the figure says when the curve begins.
func (a Acceptance) Figure() Figure {
	f := Figure{ID: a.ID, Title: "Share of people who have accepted, by day", Say: a.say()}
	axis := span{a.From, a.To, curveLeft, curveRight}
	var c canvas
	a.grid(&c, axis)
	if len(a.Points) > 0 {
		a.curve(&c, axis)
	}
	a.ladder(&c, axis)
	f.SVG = c.svg(a.ID, curveWidth, curveHeight, curveTop, curveBottom, f.Title, a.describe())
	f.Head = []string{"Day", "Accepted", "People", "In scope"}
	for _, i := range thin(len(a.Points), mostRows) {
		p := a.Points[i]
		f.Rows = append(f.Rows, Row{fmt.Sprintf("%.1f", axis.x(p.At)), p.At.UTC().Format("2 Jan 2006"),
			[]string{Share(p.Accepted, p.Of), Count(p.Accepted), Count(p.Of)}})
	}
	return f
}

func (a Acceptance) say() string {
	if len(a.Points) == 0 {
		return "The curve starts on " + fullDay(a.From) + ", when people are told."
	}
	last := a.Points[len(a.Points)-1]
	return fmt.Sprintf("%s of %s people have accepted by %s.", Share(last.Accepted, last.Of), Count(last.Of), fullDay(last.At))
}

func (a Acceptance) describe() string {
	if len(a.Points) == 0 {
		return fmt.Sprintf("%s The deadline is %s.", a.say(), fullDay(a.Deadline))
	}
	first, last := a.Points[0], a.Points[len(a.Points)-1]
	return fmt.Sprintf("From %s on %s to %s on %s. The deadline is %s.", Share(first.Accepted, first.Of), fullDay(first.At),
		Share(last.Accepted, last.Of), fullDay(last.At), fullDay(a.Deadline))
}

// grid draws the axes and the deadline.
func (a Acceptance) grid(c *canvas, axis span) {
	for percent := 0.0; percent <= 100; percent += 25 {
		y := curveY(percent / 100)
		c.line("gl", curveLeft, y, curveRight, y)
		c.text("end", curveLeft-8, y+4, fmt.Sprintf("%.0f%%", percent))
	}
	for _, t := range axis.ticks() {
		c.text("mid", axis.x(t.at), curveBottom+20, t.label)
	}
	deadline := axis.x(a.Deadline)
	c.line("vd", deadline, curveTop-18, deadline, curveBottom)
	beside(c, "em", deadline, 8, curveTop-8, "Deadline "+shortDay(a.Deadline))
}

func (a Acceptance) curve(c *canvas, axis span) {
	var line strings.Builder
	for i, p := range a.Points {
		fmt.Fprintf(&line, "%c%.1f %.1f", "ML"[min(i, 1)], axis.x(p.At), p.y())
	}
	first, last := a.Points[0], a.Points[len(a.Points)-1]
	x, y := axis.x(last.At), last.y()
	c.path("ar", fmt.Sprintf("%sL%.1f %.1fL%.1f %.1fZ", line.String(), x, curveBottom, axis.x(first.At), curveBottom))
	today := axis.x(a.Today)
	c.line("vl", today, curveTop, today, curveBottom)
	beside(c, "em", today, 8, curveTop+14, "Today") // lower than the deadline's words, which may be near
	c.path("ln", line.String())
	c.circle("dot", x, y, 5.5)
	labelY := y - 12
	if labelY < curveTop+30 { // the word "Today" stands there
		labelY = y + 22
	}
	beside(c, "em", x, 10, labelY, Share(last.Accepted, last.Of))
}

// beside writes words to the left of a place, or to its right where the left has no room.
func beside(c *canvas, class string, x, gap, y float64, words string) {
	if x-curveLeft < gap+width(words) {
		c.text(class, x+gap, y, words)
		return
	}
	c.text(class+" end", x-gap, y, words)
}

// ladder draws one bar per stage, from the day the first people can enter it to the day of the next.
func (a Acceptance) ladder(c *canvas, axis span) {
	free := [2]float64{} // where each row of names has room again
	for i, s := range a.Stages {
		x, end := axis.x(s.At), curveRight
		if i+1 < len(a.Stages) {
			end = axis.x(a.Stages[i+1].At)
		}
		c.rect("lane "+Shade(i, len(a.Stages)), x, laneTop, max(end-x-2, 1), 7)
		row := 0
		if x < free[0] {
			row = 1
		}
		if x < free[row] {
			continue // the table of stages names them all
		}
		name := min(x, curveRight-width(s.Name))
		c.text("sm", name, laneTop+23+15*float64(row), s.Name)
		free[row] = name + width(s.Name) + 8
	}
}

// width estimates how wide words are drawn; there is no font to measure with.
func width(words string) float64 { return 6.6 * float64(len([]rune(words))) }

func (p Point) y() float64 {
	if p.Of <= 0 {
		return curveY(0)
	}
	return curveY(min(max(float64(p.Accepted)/float64(p.Of), 0), 1))
}

func curveY(share float64) float64 { return curveBottom - share*(curveBottom-curveTop) }
