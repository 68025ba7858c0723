package templates_test

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"assent/templates"
)

func TestEveryPageForPeopleRendersFullAndEmptyInEveryLanguage(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for _, locale := range pages.Locales() {
		seen := map[string]bool{}
		for _, s := range samples(t, pages, locale) {
			seen[s.page+"/full"] = seen[s.page+"/full"] || s.name != "empty"
			seen[s.page+"/empty"] = seen[s.page+"/empty"] || s.name == "empty"
			name := fmt.Sprintf("%s %s in %s", s.page, s.name, locale.Tag())
			var out bytes.Buffer
			if err := pages.Render(&out, s.page, s.view); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			checkPage(t, name, out.String(), locale)
		}
		for _, page := range pages.Names() {
			if strings.HasPrefix(page, "people/") && (!seen[page+"/full"] || !seen[page+"/empty"]) {
				t.Errorf("%s has no full or no empty view here", page)
			}
		}
	}
}

// checkPage holds a page to what every page promises.
func checkPage(t *testing.T, name, html string, locale templates.Locale) {
	t.Helper()
	if err := wellFormed(html); err != nil {
		t.Errorf("%s: not well-formed: %v", name, err)
	}
	if want := fmt.Sprintf(`<html lang="%s" dir="%s">`, locale.Tag(), locale.Dir()); !strings.Contains(html, want) {
		t.Errorf("%s: no %s", name, want)
	}
	if n := strings.Count(html, "<h1"); n != 1 {
		t.Errorf("%s: %d first-level headings", name, n)
	}
	for _, never := range []string{"<script", "<style", " style=", " onclick", "javascript:", "<no value>", "ZgotmplZ", "{{", "%!"} {
		alone := never == "<style" && strings.HasPrefix(name, "gateway/") // what a gateway shows brings its styles along
		if strings.Contains(html, never) && !alone {
			t.Errorf("%s: holds %q", name, never)
		}
	}
	ids := map[string]bool{}
	for _, match := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if ids[match[1]] {
			t.Errorf("%s: two elements are called %q", name, match[1])
		}
		ids[match[1]] = true
	}
	for _, match := range regexp.MustCompile(`(?:href="#|aria-labelledby="|aria-describedby=")([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if !ids[match[1]] {
			t.Errorf("%s: %q leads nowhere", name, match[1])
		}
	}
}

// wellFormed reads HTML as XML, which is stricter than any browser: every element is closed, in order. What HTML
// writes shorter than XML is written out first: void elements, and the one attribute without a value.
func wellFormed(html string) error {
	html = regexp.MustCompile(`<(meta|link|input|br|hr)([^>]*)>`).ReplaceAllString(html, `<$1$2/>`)
	html = strings.ReplaceAll(html, ` download>`, ` download="">`)
	decoder := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(html, "<!doctype html>")))
	decoder.Entity = xml.HTMLEntity
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestTheThreeChoicesAreTheSameButton(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for _, locale := range pages.Locales() {
		var out bytes.Buffer
		if err := pages.Render(&out, "people/choice", choice(t, fullFrame(pages, locale))); err != nil {
			t.Fatal(err)
		}
		buttons := regexp.MustCompile(`<button class="btn" name="action" value="(accepted|declined|later)"[^>]*>([^<]+)</button>`).FindAllStringSubmatch(out.String(), -1)
		if len(buttons) != 3 || strings.Count(out.String(), "<button") != 3 {
			t.Fatalf("%s: %d equal buttons of %d", locale.Tag(), len(buttons), strings.Count(out.String(), "<button"))
		}
		if !strings.Contains(out.String(), "<strong>"+buttons[0][2]+"</strong>") {
			t.Errorf("%s: the sentence does not hold the exact words of the button, %q", locale.Tag(), buttons[0][2])
		}
	}
}

func TestTheRecordedSentenceIsWordForWordTheOneShown(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for _, locale := range pages.Locales() {
		for _, state := range choices(t, fullFrame(pages, locale)) {
			c := state.view.(templates.Choice)
			plain, err := c.Assent()
			if err != nil {
				t.Fatal(err)
			}
			markup, err := c.AssentHTML()
			if err != nil {
				t.Fatal(err)
			}
			shown := regexp.MustCompile(`<[^>]+>`).ReplaceAllString(string(markup), "")
			if shown != plain {
				t.Errorf("%s %s: shown %q, recorded %q", locale.Tag(), state.name, shown, plain)
			}
			for _, document := range c.Documents {
				if !strings.Contains(string(markup), `<a href="`+document.URL+`">`) {
					t.Errorf("%s %s: no link to %s", locale.Tag(), state.name, document.URL)
				}
			}
		}
	}
}

func TestASnapshotHoldsWhatCanBeReadAndNobodysForm(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	c := choice(t, fullFrame(pages, pages.Match("en")))
	var shown, first, second bytes.Buffer
	another := choice(t, fullFrame(pages, pages.Match("en")))
	another.Form.Shown, another.Form.IdempotencyKey = "other", "other"
	if err := pages.Render(&shown, "people/choice", c); err != nil {
		t.Fatal(err)
	}
	if err := pages.Render(&first, "people/choice", c.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if err := pages.Render(&second, "people/choice", another.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two people in the same position have different snapshots")
	}
	cleared := strings.NewReplacer("key.body.mac", "", "0198c0de", "").Replace(shown.String())
	if cleared != first.String() {
		t.Error("the snapshot differs from the page in more than the form's tokens")
	}
	if filled := templates.NewBlank(first.Bytes()).AppendFilled(nil, "key.body.mac", "0198c0de"); string(filled) != shown.String() {
		t.Error("filling the snapshot in does not give the page")
	}
	whole, err := pages.SelfContained(first.Bytes())
	if err != nil || bytes.Contains(whole, []byte("stylesheet")) || bytes.Count(whole, []byte("<style>")) != 2 {
		t.Errorf("not self-contained: %v, %s", err, whole)
	}
	if c.Form.Shown == "" {
		t.Error("taking the snapshot changed the page")
	}
}

func TestTheChoicePageIsLightInEveryStateAndLanguage(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	assets := map[string]int{}
	for _, locale := range pages.Locales() {
		for _, s := range choices(t, fullFrame(pages, locale)) {
			var out bytes.Buffer
			if err := pages.Render(&out, s.page, s.view); err != nil {
				t.Fatal(err)
			}
			total := zipped(t, out.Bytes())
			for _, url := range regexp.MustCompile(`/assets/[^"]+`).FindAllString(out.String(), -1) {
				if assets[url] == 0 {
					answer := httptest.NewRecorder()
					pages.Assets().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, url, nil))
					assets[url] = zipped(t, answer.Body.Bytes())
				}
				total += assets[url]
			}
			if total > 12<<10 {
				t.Errorf("%s in %s: page and styles are %d bytes compressed, more than 12 KB", s.name, locale.Tag(), total)
			}
			for _, never := range []string{"<script", `src="`, `="//`, "@import", "@font-face", "url("} {
				if strings.Contains(out.String(), never) {
					t.Errorf("%s in %s holds %s", s.name, locale.Tag(), never)
				}
			}
		}
	}
}

func zipped(t *testing.T, data []byte) int {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

func TestHostileNamesStayText(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	c := choice(t, fullFrame(pages, pages.Match("en")))
	c.Brand, c.Title = `<img src=x onerror=alert(1)>`, `</title><script>alert(1)</script>`
	c.Documents[0].Title, c.Documents[0].URL = `<b>Terms</b>`, `javascript:alert(1)`
	c.Off, c.Case.Messages = []string{"<i>x</i>"}, []string{"<u>y</u>"}
	var out bytes.Buffer
	if err := pages.Render(&out, "people/choice", c); err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<img", "<script", "<b>Terms", "<i>x", "<u>y", `href="javascript`} {
		if strings.Contains(out.String(), never) {
			t.Errorf("the page holds %q", never)
		}
	}
}

func TestASummaryOfAFewWordsIsNotCalledMissing(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	locale := pages.Match("en")
	none, err := locale.T("choice.what.none")
	if err != nil {
		t.Fatal(err)
	}
	for source, missing := range map[string]bool{"": true, "- How you can talk to businesses": false, summaryText: false} {
		summary, err := templates.Summarise([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		view := choice(t, fullFrame(pages, locale))
		for i := range view.Documents {
			view.Documents[i].Summary = summary
		}
		var out bytes.Buffer
		if err := pages.Render(&out, "people/choice", view); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), none) != missing {
			t.Errorf("%q: says that there is no summary: %t", source, !missing)
		}
	}
}
