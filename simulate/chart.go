package simulate

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"time"

	"assent/templates/chart"
)

// The size of the chart for a terminal, in characters.
const (
	barWidth = 50
	mostBars = 40
)

// Write draws the result for a terminal: a line for each day, or for every few,
// and the sums below.
func (r Result) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s people over %d days from %s, seed %d\n\n", r.Campaign, chart.Count(r.People), len(r.Days), words(r.Start), r.Seed)
	fmt.Fprintf(&b, "  %-11s  %-*s  %9s  %10s\n", "", barWidth, "people who were asked", "accepted", "restricted")
	every := (len(r.Days) + mostBars - 1) / mostBars
	for i, d := range r.Days {
		if i%every == 0 || i == len(r.Days)-1 {
			fmt.Fprintf(&b, "  %11s  %s  %9s  %10s\n", words(r.date(d)), r.bar(d), chart.Share(int(d.Accepted), int(r.asked(d))), chart.Count(int(d.Restricted)))
		}
	}
	b.WriteString("\n  █ accepted")
	for i, stage := range r.Stages {
		fmt.Fprintf(&b, "   %c %s", mark(i), stage)
	}
	b.WriteString("\n\n")
	r.sums(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func words(at time.Time) string { return at.UTC().Format("2 Jan 2006") }

func (r Result) date(d Day) time.Time { return r.Start.AddDate(0, 0, d.Day) }

func (r Result) asked(d Day) int64 { return int64(r.People) - d.Exempt }

// mark stands for the people at a stage.
func mark(stage int) byte { return "0123456789abcdefghijklmnopqrstuvwxyz"[min(stage, 35)] }

// bar divides the width among those who accepted and the stages. Whoever is
// there is seen, if there is room for it.
func (r Result) bar(d Day) string {
	var b strings.Builder
	asked := max(r.asked(d), 1)
	drawn, sum := 0, int64(0)
	draw := func(mark string, people int64) {
		sum += people
		upTo := int((sum*barWidth + asked/2) / asked)
		if people > 0 && upTo == drawn && drawn < barWidth {
			upTo++
		}
		for ; drawn < upTo && drawn < barWidth; drawn++ {
			b.WriteString(mark)
		}
	}
	draw("█", d.Accepted)
	for i, people := range d.Stages {
		draw(string(mark(i)), people)
	}
	return b.String() + strings.Repeat(" ", barWidth-drawn)
}

func (r Result) sums(b *strings.Builder) {
	t, last := r.Totals, r.Days[len(r.Days)-1]
	n := func(i int) string { return chart.Count(i) }
	asked := int(r.asked(last))
	fmt.Fprintf(b, "people    %s accepted (%s), %s declined, %s are not asked; a notice still has to reach %s\n",
		n(int(t.Accepted)), chart.Share(int(t.Accepted), asked), n(int(t.Declined)), n(int(t.Exempt)), n(t.Unreached))
	fmt.Fprintf(b, "          %s are restricted at the end; the most were %s, on %s\n",
		n(int(t.Restricted)), n(int(t.MostRestricted)), words(r.Start.AddDate(0, 0, t.MostRestrictedDay)))
	fmt.Fprintf(b, "notices   %s handed out, %s of them on %s; %s seen; %s responses\n",
		n(t.Notices), n(t.MostNotices), words(r.Start.AddDate(0, 0, t.MostNoticesDay)), n(t.Seen), n(t.Responses))
	fmt.Fprintf(b, "sweeps    %s of %s ticks, at the others nothing could be due; examined %s, moved %s; the largest run examined %s\n",
		n(t.Runs), n(t.Ticks), n(t.Examined), n(t.Moved), n(t.Largest))
	if len(r.Trips) == 0 {
		b.WriteString("breaker   no run would be stopped\n")
		return
	}
	fmt.Fprintf(b, "breaker   would stop %d of them until staff say that it is expected:\n", len(r.Trips))
	for _, trip := range r.Trips {
		fmt.Fprintf(b, "          %s (day %d): %s more would be restricted, %s were within 24 hours, %s are allowed; approve\n"+
			"            assent breaker %s --expect %d --until %s --reason …\n", trip.At.Format("2 Jan 2006 15:04"), trip.Day,
			n(int(trip.Would)), n(int(trip.Recent)), n(int(trip.Limit)), r.Campaign, trip.Approve, trip.Until.Format(time.RFC3339))
	}
}

// WriteCSV writes one row for each day and stage. What happened on the day
// stands in each of its rows.
func (r Result) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"date", "day", "stage", "people", "accepted", "declined", "restricted", "notices", "seen", "responses", "runs", "examined", "moved", "largest_run"}
	err := out.Write(head)
	for _, d := range r.Days {
		for i, stage := range r.Stages {
			row := []string{d.Date, strconv.Itoa(d.Day), stage}
			for _, n := range []int64{d.Stages[i], d.Accepted, d.Declined, d.Restricted} {
				row = append(row, strconv.FormatInt(n, 10))
			}
			for _, n := range []int{d.Notices, d.Seen, d.Responses, d.Runs, d.Examined, d.Moved, d.Largest} {
				row = append(row, strconv.Itoa(n))
			}
			err = cmp.Or(err, out.Write(row))
		}
	}
	out.Flush()
	return cmp.Or(err, out.Error())
}

// style gives the drawings, which carry classes only, the colours they have on
// the console.
const style = `text{font:12px system-ui,sans-serif;fill:#66716c}.em,.h{fill:#1a211e;font-weight:600}.h{font-size:15px}.sm{font-size:11px}` +
	`.end{text-anchor:end}.mid{text-anchor:middle}.gl{stroke:#e6e9e6}.ln{fill:none;stroke:#0d7a67;stroke-width:2.4;stroke-linejoin:round}` +
	`.ar{fill:#0d7a67;fill-opacity:.1}.vl{stroke:#4c5854;stroke-width:1.2}.vd{stroke:#4c5854;stroke-width:1.2;stroke-dasharray:3 3}` +
	`.dot{fill:#0d7a67;stroke:#fff;stroke-width:2.5}.s0{fill:#a8b9cb}.s1{fill:#5e82ad}.s2{fill:#e0a63f}.s3{fill:#c9622d}.s4{fill:#8f2f2a}` +
	`.stk rect{stroke:#fff}.hair{visibility:hidden}`

// WriteSVG draws who accepted and who is where as one picture that stands on its
// own.
func (r Result) WriteSVG(w io.Writer, deadline time.Time) error {
	last := r.Start.AddDate(0, 0, len(r.Days))
	curve := chart.Acceptance{ID: "accepted", From: r.Start, To: last, Today: last, Deadline: deadline}
	stacks := chart.Stages{ID: "stages", Today: last, Names: r.Stages}
	entered := make([]bool, len(r.Stages))
	for _, d := range r.Days {
		end := r.date(d).AddDate(0, 0, 1)
		curve.Points = append(curve.Points, chart.Point{At: end, Accepted: int(d.Accepted), Of: int(r.asked(d))})
		column := chart.Column{At: end}
		for i, people := range d.Stages {
			column.People = append(column.People, int(people))
			if people > 0 && !entered[i] {
				entered[i] = true
				curve.Stages = append(curve.Stages, chart.Start{At: r.date(d), Name: r.Stages[i]})
			}
		}
		stacks.Days = append(stacks.Days, column)
	}
	above, below := curve.Figure(), stacks.Figure()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1100 740" font-family="system-ui,sans-serif"><style>%s</style>`, style)
	fmt.Fprintf(&b, `<rect width="1100" height="740" fill="#fff"/><text class="h" x="44" y="28">%s</text>`,
		html.EscapeString(fmt.Sprintf("%s, simulated with %s people: %s", r.Campaign, chart.Count(r.People), above.Say)))
	b.WriteString(placedAt(string(above.SVG), 0, 44, 1080, 326))
	fmt.Fprintf(&b, `<text class="h" x="44" y="404">%s</text>`, html.EscapeString(below.Say))
	b.WriteString(placedAt(string(below.SVG), 0, 416, 640, 300))
	for i, key := range below.Legend {
		fmt.Fprintf(&b, `<rect class="%s" x="680" y="%d" width="14" height="14"/><text x="702" y="%d">%s, %s</text>`,
			key.Class, 440+24*i, 452+24*i, html.EscapeString(key.Label), html.EscapeString(key.Value))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// placedAt puts a drawing at a place of another.
func placedAt(svg string, x, y, width, height int) string {
	return strings.Replace(svg, "<svg ", fmt.Sprintf(`<svg x="%d" y="%d" width="%d" height="%d" `, x, y, width, height), 1)
}
