package chart

import (
	"fmt"
	"strings"
	"time"
)

// Stages is how many people who have not accepted stood in each stage, day by day.
type Stages struct {
	ID    string
	Today time.Time
	Names []string // of the stages, in order of the ladder
	Days  []Column // in order of time, at even distances; the last is Today's
}

// Column is how many people stood in each stage at an instant, in order of Stages.Names.
type Column struct {
	At     time.Time
	People []int
}

// The drawing's measures, in units of its viewBox.
const (
	stackWidth, stackHeight = 640.0, 300.0
	stackLeft, stackRight   = 46.0, 634.0
	stackTop, stackBottom   = 14.0, 266.0
	mostColumns             = 16
)

// in is the number of people in a stage, 0 for one the column does not know.
func (col Column) in(stage int) int {
	if stage >= len(col.People) {
		return 0
	}
	return col.People[stage]
}

func (s Stages) total(col Column) int {
	sum := 0
	for i := range s.Names {
		sum += col.in(i)
	}
	return sum
}

// Figure draws one stacked column per day, or per few days when there are many; the last is today's. Without days the
// figure has no drawing and says so.
func (s Stages) Figure() Figure {
	f := Figure{ID: s.ID, Title: "People who have not accepted, by stage"}
	if len(s.Days) == 0 {
		f.Say = "Nobody is in a stage yet."
		return f
	}
	columns := s.columns()
	f.Say = s.say()
	f.Legend = s.legend()
	var c canvas
	top := s.grid(&c, columns)
	f.Head = append(append([]string{"Day"}, s.Names...), "Together")
	slot := min((stackRight-stackLeft)/float64(len(columns)), 90)
	every := (len(columns) + 7) / 8
	for i, col := range columns {
		x := stackLeft + slot*float64(i)
		s.column(&c, col, x, slot, top)
		if (len(columns)-1-i)%every == 0 { // counted from today, which always has its label
			c.text("mid sm", x+slot/2, stackBottom+18, shortDay(col.At))
		}
		f.Rows = append(f.Rows, s.row(col, x+slot/2))
	}
	f.SVG = c.svg(s.ID, stackWidth, stackHeight, stackTop, stackBottom, f.Title, s.describe())
	return f
}

func (s Stages) columns() []Column {
	var out []Column
	for _, i := range thin(len(s.Days), mostColumns) {
		out = append(out, s.Days[i])
	}
	return out
}

func (s Stages) now() Column { return s.Days[len(s.Days)-1] }

func (s Stages) say() string {
	people := s.total(s.now())
	if people == 0 {
		return "Everybody has accepted."
	}
	return fmt.Sprintf("%s people have not accepted by %s.", Count(people), fullDay(s.now().At))
}

// describe adds to the sentence what the legend tells those who see it.
func (s Stages) describe() string {
	var parts []string
	for i, name := range s.Names {
		if n := s.now().in(i); n > 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", Count(n), name))
		}
	}
	if len(parts) == 0 {
		return s.say()
	}
	return strings.TrimSuffix(s.say(), ".") + ": " + strings.Join(parts, ", ") + "."
}

func (s Stages) legend() []Key {
	var out []Key
	for i, name := range s.Names {
		out = append(out, Key{Shade(i, len(s.Names)), name, Count(s.now().in(i))})
	}
	return out
}

// grid draws the lines for numbers of people and answers the number at the top.
func (s Stages) grid(c *canvas, columns []Column) float64 {
	most := 1
	for _, col := range columns {
		most = max(most, s.total(col))
	}
	step, top := ruler(most)
	for n := 0.0; n <= top; n += step {
		y := stackBottom - n/top*(stackBottom-stackTop)
		c.line("gl", stackLeft, y, stackRight, y)
		c.text("end", stackLeft-8, y+4, short(n))
	}
	return top
}

// column stacks the stages, the first at the foot. The smallest number of people is still a visible line.
func (s Stages) column(c *canvas, col Column, x, slot, top float64) {
	*c = append(*c, `<g class="stk">`...)
	y := stackBottom
	for i := range s.Names {
		n := col.in(i)
		if n <= 0 {
			continue
		}
		height := max(float64(n)/top*(stackBottom-stackTop), 1)
		y -= height
		c.rect(Shade(i, len(s.Names)), x+slot*.08, y, slot*.84, height)
	}
	*c = append(*c, `</g>`...)
}

func (s Stages) row(col Column, x float64) Row {
	r := Row{X: fmt.Sprintf("%.1f", x), Day: col.At.UTC().Format("2 Jan 2006")}
	for i := range s.Names {
		r.Cells = append(r.Cells, Count(col.in(i)))
	}
	r.Cells = append(r.Cells, Count(s.total(col)))
	return r
}
