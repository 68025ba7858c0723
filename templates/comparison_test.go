package templates_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"assent/templates"
)

// sides are the texts of a comparison as somebody reads them who looks at one version only, one passage a line.
func sides(t fataler, c templates.Compare) (was, is string) {
	t.Helper()
	for _, section := range c.Comparison.Sections {
		for _, p := range append([]templates.Passage{section.Heading}, section.Passages...) {
			for side, mark := range map[*string]func(templates.Passage) (string, error){
				&was: func(p templates.Passage) (string, error) { words, err := c.Was(p); return string(words), err },
				&is:  func(p templates.Passage) (string, error) { words, err := c.Is(p); return string(words), err },
			} {
				words, err := mark(p)
				if err != nil {
					t.Fatal(err)
				}
				if words != "" {
					*side += bare(words) + "\n"
				}
			}
		}
	}
	return was, is
}

type fataler interface {
	Helper()
	Fatal(...any)
}

var (
	spoken = regexp.MustCompile(`<span class="vh"[^>]*>[^<]*</span>`)
	marks  = regexp.MustCompile(`<[^>]*>`)
)

func bare(html string) string { return marks.ReplaceAllString(spoken.ReplaceAllString(html, ""), "") }

func comparison(pages *templates.Pages, before, after string) templates.Compare {
	return templates.Compare{Frame: templates.Frame{Locale: pages.Match("en")}, Comparison: templates.CompareMarkdown([]byte(before), []byte(after))}
}

func TestAComparisonLosesNothingOfEitherVersion(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"you", "we", "may", "must", "not", "share", "delete", "data,", "30", "days.", "service"}), 1, 12)
	paragraph := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"", "", "## ", "### ", "- "}).Draw(t, "kind") + strings.Join(words.Draw(t, "words"), " ")
	})
	text := rapid.Custom(func(t *rapid.T) []string { return rapid.SliceOfN(paragraph, 0, 8).Draw(t, "paragraphs") })
	plain := func(paragraphs []string) string {
		var out string
		for _, p := range paragraphs {
			out += strings.TrimLeft(p, "#- ") + "\n"
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		before := text.Draw(t, "before")
		after := rapid.OneOf(text, rapid.Custom(func(t *rapid.T) []string { // one like the other, with a few paragraphs changed
			out := text.Draw(t, "first")
			for _, p := range before {
				switch rapid.IntRange(0, 4).Draw(t, "fate") {
				case 0:
				case 1:
					out = append(out, p, paragraph.Draw(t, "new"))
				case 2:
					out = append(out, p+" indeed")
				default:
					out = append(out, p)
				}
			}
			return out
		})).Draw(t, "after")
		c := comparison(pages, strings.Join(before, "\n\n"), strings.Join(after, "\n\n"))
		was, is := sides(t, c)
		if was != plain(before) || is != plain(after) {
			t.Fatalf("shown as\n%s\nand\n%s\nis\n%s\nand\n%s", was, is, plain(before), plain(after))
		}
		if same := plain(before) == plain(after) && fmt.Sprint(before) == fmt.Sprint(after); same != (c.Comparison.Changes == 0) {
			t.Fatalf("%d changes, same %t", c.Comparison.Changes, same)
		}
	})
}

func TestAChangeIsMarkedWordByWordAndInWords(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for _, c := range []struct{ before, after, want string }{
		{"We give notice 14 days ahead.", "We give notice 30 days ahead.",
			`We give notice <del>[removed: ]14[ end of what was removed]</del> <ins>[added: ]30[ end of what was added]</ins> days ahead.`},
		{"See the [policy](/legal/p/1).", "See the [policy](/legal/p/2).", // where a link leads is part of the text
			`See the <del>[removed: ]<a href="/legal/p/1">policy</a>[ end of what was removed]</del> <ins>[added: ]<a href="/legal/p/2">policy</a>[ end of what was added]</ins>.`},
		{"You own what you write.", "You own what you write, always.",
			`You own what you write<ins>[added: ], always[ end of what was added]</ins>.`},
		{"We keep **all** of it for you here.", "We keep all of it for you here.", "We keep all of it for you here."}, // how it is set is not
		{"We never read a & b <b>here</b> now.", "We never read a & b <i>here</i> [today](javascript:alert(1)).", // no markup of theirs gets through
			`We never read a &amp; b here <del>[removed: ]now[ end of what was removed]</del> <ins>[added: ]today[ end of what was added]</ins>.`},
	} {
		view := comparison(pages, c.before, c.after)
		passage := view.Comparison.Sections[0].Passages[0]
		got, err := view.Marked(passage)
		if err != nil {
			t.Fatal(err)
		}
		if shown := regexp.MustCompile(`<span class="vh" lang="en">([^<]*)</span>`).ReplaceAllString(string(got), "[$1]"); shown != c.want {
			t.Errorf("%q and %q are compared as\n%s, want\n%s", c.before, c.after, shown, c.want)
		}
	}
}

func TestSectionsSayWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	view := comparison(pages, earlierText, termsText)
	var got []string
	for _, s := range view.Comparison.Sections {
		title, err := view.Title(s)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s: %s, %d changed, %d same", title, s.State, s.Changes, s.Same()))
	}
	want := []string{
		"Harbor Terms of Service: changed, 1 changed, 0 same",
		"1.1 Who we are: changed, 1 changed, 0 same",
		"2 Fees: removed, 2 changed, 0 same",
		"3.2 What you may not do: changed, 1 changed, 2 same",
		"Details: added, 3 changed, 0 same",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("sections are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// longText is as long as the terms of a large service, with every tenth word drawn from the seed.
func longText(seed int) string {
	var text strings.Builder
	for i := 0; text.Len() < 55_000; i++ {
		if i%40 == 0 {
			fmt.Fprintf(&text, "\n\n## %d. About %d\n\n", i/40, i*7%97)
		}
		word := i * 31 % 211
		if i%10 == 0 {
			word = (i*seed + i/3) % 211
		}
		fmt.Fprintf(&text, "word%d ", word)
		if i%80 == 79 {
			text.WriteString("\n\n")
		}
	}
	return text.String()
}

func BenchmarkComparingLongTexts(b *testing.B) {
	before, after, other := []byte(longText(3)), []byte(longText(5)), []byte(strings.ReplaceAll(longText(7), "word", "thing"))
	for name, texts := range map[string][2][]byte{"revised": {before, after}, "rewritten": {before, other}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				templates.CompareMarkdown(texts[0], texts[1])
			}
		})
	}
}
