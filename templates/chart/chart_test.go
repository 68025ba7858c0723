package chart_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"assent/templates/chart"
)

var update = flag.Bool("update", false, "write the golden files anew")

func on(month time.Month, day int) time.Time {
	return time.Date(2021, month, day, 0, 0, 0, 0, time.UTC)
}

func acceptance() chart.Acceptance {
	a := chart.Acceptance{ID: "accepted", From: on(1, 6), To: on(7, 31), Today: on(6, 20), Deadline: on(5, 15),
		Stages: []chart.Start{{on(1, 6), "Announced"}, {on(5, 15), "Reminded"}, {on(6, 12), "Persistent"},
			{on(6, 19), "Limited"}, {on(7, 17), "Suspended delivery"}}}
	for at, n := a.From, 0; !at.After(a.Today); at, n = at.AddDate(0, 0, 1), n+97 {
		a.Points = append(a.Points, chart.Point{At: at, Accepted: n, Of: 20000})
	}
	return a
}

func stages() chart.Stages {
	s := chart.Stages{ID: "stages", Today: on(6, 20), Names: []string{"Announced", "Reminded", "Persistent"}}
	for at, n := on(5, 1), 9000; !at.After(s.Today); at, n = at.AddDate(0, 0, 1), n-90 {
		s.Days = append(s.Days, chart.Column{At: at, People: []int{n / 2, n / 4, 1}})
	}
	return s
}

func TestADrawingIsExactlyTheOneThatWasLookedAt(t *testing.T) {
	t.Parallel()
	for name, figure := range map[string]chart.Figure{"acceptance": acceptance().Figure(), "stages": stages().Figure()} {
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, []byte(figure.SVG), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != string(figure.SVG) {
			t.Errorf("%s differs from %s; look at it, then run with -update", name, file)
		}
	}
}

func TestTheTableSaysWhatTheDrawingShows(t *testing.T) {
	t.Parallel()
	for _, f := range []chart.Figure{acceptance().Figure(), stages().Figure()} {
		for _, row := range f.Rows {
			if len(row.Cells)+1 != len(f.Head) {
				t.Fatalf("%s: row %v does not fit the head %v", f.ID, row, f.Head)
			}
		}
		if last := f.Rows[len(f.Rows)-1]; last.Day != "20 Jun 2021" {
			t.Errorf("%s: the table ends on %s, not today", f.ID, last.Day)
		}
	}
	if got := acceptance().Figure().Say; got != "80.0% of 20,000 people have accepted by 20 June 2021." {
		t.Errorf("sentence: %s", got)
	}
	if got := stages().Figure().Say; got != "3,376 people have not accepted by 20 June 2021." {
		t.Errorf("sentence: %s", got)
	}
}

func TestNothingToDrawIsSaid(t *testing.T) {
	t.Parallel()
	if f := (chart.Acceptance{From: on(1, 6)}).Figure(); len(f.Rows) > 0 || strings.Contains(string(f.SVG), "Today") || f.Say != "The curve starts on 6 January 2021, when people are told." {
		t.Errorf("acceptance without points: %+v", f)
	}
	if f := (chart.Stages{Names: []string{"Announced"}}).Figure(); len(f.Rows) > 0 || f.Say == "" {
		t.Errorf("stages without days: %+v", f)
	}
	one := chart.Stages{Names: []string{"Announced"}, Days: []chart.Column{{At: on(1, 6), People: []int{0}}}}
	if got := one.Figure().Say; got != "Everybody has accepted." {
		t.Errorf("a day without people: %q", got)
	}
}

func TestWordsAreEscapedInADrawing(t *testing.T) {
	t.Parallel()
	a := acceptance()
	a.ID, a.Stages[0].Name = `x"y`, `<script>alert("&")</script>`
	if svg := string(a.Figure().SVG); strings.Contains(svg, "<script") || !strings.Contains(svg, "&lt;script&gt;") {
		t.Error("the name of a stage reached the drawing unescaped")
	}
}

// Whatever the numbers, a drawing is well-formed, holds only classes and finite places, and stays in its frame.
func TestAnyCampaignCanBeDrawn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := on(1, 1).Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "from")) * time.Minute)
		length := rapid.IntRange(0, 300).Draw(t, "days")
		a := chart.Acceptance{ID: "a", From: from, To: from.AddDate(0, 0, rapid.IntRange(0, 900).Draw(t, "axis")),
			Today: from.AddDate(0, 0, length), Deadline: from.AddDate(0, 0, rapid.IntRange(-10, 999).Draw(t, "deadline"))}
		s := chart.Stages{ID: "s", Today: a.Today}
		for i := range rapid.IntRange(1, 9).Draw(t, "stages") {
			s.Names = append(s.Names, rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "name"))
			a.Stages = append(a.Stages, chart.Start{At: from.AddDate(0, 0, i*rapid.IntRange(0, 40).Draw(t, "gap")), Name: s.Names[i]})
		}
		count := rapid.IntRange(0, 3_000_000_000)
		for i := range length {
			at := from.AddDate(0, 0, i)
			a.Points = append(a.Points, chart.Point{At: at, Accepted: count.Draw(t, "accepted"), Of: count.Draw(t, "of")})
			s.Days = append(s.Days, chart.Column{At: at, People: rapid.SliceOfN(count, 0, len(s.Names)).Draw(t, "people")})
		}
		check(t, a.Figure(), 1080, 326)
		check(t, s.Figure(), 640, 300)
	})
}

var place = regexp.MustCompile(`-?\d+(?:\.\d+)?`)

func check(t *rapid.T, f chart.Figure, width, height float64) {
	decoder := xml.NewDecoder(strings.NewReader(string(f.SVG)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s is not well-formed: %v", f.ID, err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, attribute := range element.Attr {
			switch name := attribute.Name.Local; name {
			case "x", "x1", "x2", "cx", "y", "y1", "y2", "cy", "d":
				inFrame(t, name, attribute.Value, width, height)
			case "class", "width", "height", "r", "viewBox", "role", "aria-labelledby", "id":
			default:
				t.Fatalf("<%s> carries %s", element.Name.Local, name)
			}
		}
	}
}

func inFrame(t *rapid.T, name, value string, width, height float64) {
	if strings.ContainsAny(value, "NI") { // NaN, Inf
		t.Fatalf("%s is %q", name, value)
	}
	for i, text := range place.FindAllString(value, -1) {
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		limit := width
		if strings.Contains(name, "y") || name == "d" && i%2 == 1 {
			limit = height
		}
		if number < 0 || number > limit {
			t.Fatalf("%s %v lies outside the frame", name, number)
		}
	}
}

func TestNumbersReadWell(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1731134: "1,731,134", -12345: "-12,345"} {
		if got := chart.Count(n); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
	for _, c := range []struct {
		part, whole int
		want        string
	}{{0, 0, "–"}, {0, 5, "0.0%"}, {1, 1_000_000, "under 0.1%"}, {999_999, 1_000_000, "over 99.9%"}, {5, 5, "100.0%"}, {1, 3, "33.3%"}} {
		if got := chart.Share(c.part, c.whole); got != c.want {
			t.Errorf("Share(%d, %d) = %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestALongLadderSharesShadesInOrder(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 12; n++ {
		previous := ""
		for i := range n {
			shade := chart.Shade(i, n)
			if shade < previous || shade > "s4" {
				t.Errorf("stage %d of %d is %s after %s", i, n, shade, previous)
			}
			previous = shade
		}
	}
}
