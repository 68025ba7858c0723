package templates_test

import (
	"html/template"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"assent/templates"
)

func renderText(t *testing.T, source string) templates.Text {
	t.Helper()
	text, err := templates.RenderMarkdown([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestATermsTextKeepsItsShape(t *testing.T) {
	t.Parallel()
	text := renderText(t, termsText)
	if text.Title != "Harbor Terms of Service" || strings.Contains(string(text.Body), text.Title) {
		t.Errorf("title %q, in the body too: %v", text.Title, strings.Contains(string(text.Body), text.Title))
	}
	want := []templates.Heading{
		{ID: "s-1-1-who-we-are", Title: "1.1 Who we are", Level: 2},
		{ID: "s-3-2-what-you-may-not-do", Title: "3.2 What you may not do", Level: 2},
		{ID: "s-details", Title: "Details", Level: 3},
	}
	if !reflect.DeepEqual(text.Headings, want) {
		t.Errorf("headings %+v", text.Headings)
	}
	for _, part := range []string{`<h2 id="s-1-1-who-we-are">1.1 Who we are</h2>`, `<h3 id="s-details">`, "<li>break the law;</li>", "<em>people</em>",
		"<th>Case</th>", `<a href="/legal/privacy-policy/4.0" rel="nofollow noreferrer">privacy policy</a>`} {
		if !strings.Contains(string(text.Body), part) {
			t.Errorf("no %s in %s", part, text.Body)
		}
	}
}

func TestHeadingLevelsNeverSkipAndNamesNeverRepeat(t *testing.T) {
	t.Parallel()
	text := renderText(t, "Last modified: today\n\nTerms\n=====\n\n### [](#)About[](#)\n\n##### Part\n\n### About\n\n### शर्तें लागू\n\n### !!!\n")
	var got []string
	for _, h := range text.Headings {
		got = append(got, strings.Repeat("#", h.Level)+h.ID)
	}
	want := []string{"##s-terms", "###s-about", "####s-part", "###s-about-2", "###s-शर्तें-लागू", "###s-section"}
	if !reflect.DeepEqual(got, want) || text.Title != "" {
		t.Errorf("got %q, title %q", got, text.Title)
	}
	if strings.Contains(string(text.Body), `href="#"`) {
		t.Errorf("a link without words is left in %s", text.Body)
	}
	for _, h := range text.Headings {
		if !strings.Contains(string(text.Body), ` id="`+h.ID+`"`) {
			t.Errorf("%s leads nowhere in %s", h.ID, text.Body)
		}
	}
}

func TestNothingHarmfulSurvivesInATermsText(t *testing.T) {
	t.Parallel()
	body := string(renderText(t, "<script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](data:text/html,z) ![z](https://evil.example/p.png)\n\n"+
		"<div onclick=\"x()\" style=\"color:red\">raw</div>\n\n<a href=\"https://ok.example\" onmouseover=x>w</a>\n\n## Heading {onclick=x}\n").Body)
	for _, never := range []string{"<script", "javascript:", "data:", "<img", "onclick=\"", "onmouseover", "style=", "<div"} {
		if strings.Contains(body, never) {
			t.Errorf("%q survives in %s", never, body)
		}
	}
}

func TestAnySourceRendersToBalancedSafeHTML(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"# ", "## ", "#### ", "\n\n", "\n", "- ", "1. ", "> ", "**", "*", "`", "|a|b|\n|-|-|\n", "[x](", ")", "<b>", "<script>", "</p>",
			"javascript:x", "https://a.example", "words ", "&lt;", "&", "\x00", "ا", "~~", "![", "]", "\\", "---\n"})
		source := strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "pieces"), "")
		text, err := templates.RenderMarkdown([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if err := wellFormed("<main>" + strings.ReplaceAll(string(text.Body), "\x00", "") + "</main>"); err != nil {
			t.Fatalf("%q became %q: %v", source, text.Body, err)
		}
		if strings.Contains(string(text.Body), "<script") {
			t.Fatalf("%q became %q", source, text.Body)
		}
		if _, err := templates.Summarise([]byte(source)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestASummaryIsCutIntoItsChanges(t *testing.T) {
	t.Parallel()
	summary, err := templates.Summarise([]byte("Four *things* change.\n\n" + summaryText))
	if err != nil {
		t.Fatal(err)
	}
	if summary.Intro != "<p>Four <em>things</em> change.</p>\n" {
		t.Errorf("intro %q", summary.Intro)
	}
	if len(summary.Changes) != 2 || summary.Changes[1].Title != "Shopping in chats" || summary.Changes[1].Body != "" {
		t.Fatalf("changes %+v", summary.Changes)
	}
	want := templates.Part{Label: "Now", Body: "<p>Not available.</p>\n"}
	if parts := summary.Changes[1].Parts; len(parts) != 2 || parts[0] != want || parts[1].Label != "From 15 May 2021" {
		t.Errorf("parts %+v", parts)
	}
	same := []template.HTML{"Personal messages and calls stay end-to-end encrypted. We cannot read or hear them.", "Your privacy settings stay exactly as you set them."}
	if len(summary.Same) != 2 || !strings.Contains(string(summary.Same[0]), string(same[0])) || !strings.Contains(string(summary.Same[1]), string(same[1])) {
		t.Errorf("same %q", summary.Same)
	}
}

func TestASummaryWithoutStructureIsShownAsItIs(t *testing.T) {
	t.Parallel()
	summary, err := templates.Summarise([]byte("Just a few words.\n\n- and\n- a list\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Changes)+len(summary.Same) > 0 || !strings.Contains(string(summary.Intro), "<li>a list</li>") {
		t.Errorf("got %+v", summary)
	}
	free, err := templates.Summarise([]byte("### The first terms\n\n**Bold** only by the way.\n\n- one\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(free.Changes) != 1 || !strings.Contains(string(free.Changes[0].Body), "<li>one</li>") {
		t.Errorf("got %+v", free)
	}
}
