package templates_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"assent/internal/testenv"
	"assent/templates"
)

// policy is what pages are sent with; see handlers/web.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// standalone is what a page is sent with that a gateway shows; see handlers/clients.
const standalone = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// everything says in the environment that each state of each page is looked at in every way, and not only one of each.
const everything = "ASSENT_BATTERY_ROUNDS"

// exhibition shows samples to a real browser: sample n in a language under /en/n.
type exhibition struct {
	t       *testing.T
	tab     context.Context
	url     string
	samples []sample
}

func exhibit(t *testing.T) exhibition {
	t.Helper()
	pages := newPages(t)
	shown := map[string][]sample{}
	for _, tag := range []string{"en", "ar", "hi"} {
		shown[tag] = slices.DeleteFunc(samples(t, pages, pages.Match(tag)), func(s sample) bool { return s.name == "empty" })
	}
	return show(t, pages, shown)
}

// show serves samples by language, and opens a browser.
func show(t *testing.T, pages *templates.Pages, shown map[string][]sample) exhibition {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(templates.AssetPrefix, pages.Assets())
	mux.HandleFunc("/sample/{lang}/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n >= len(shown[r.PathValue("lang")]) {
			http.NotFound(w, r)
			return
		}
		s := shown[r.PathValue("lang")][n]
		w.Header().Set("Content-Security-Policy", policy)
		switch {
		case strings.HasPrefix(s.page, "gateway/"):
			w.Header().Set("Content-Security-Policy", standalone)
		case strings.HasPrefix(s.page, "staff/"): // which may frame others
			w.Header().Set("Content-Security-Policy", policy+"; frame-src 'self'")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := pages.Render(w, s.page, s.view); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/staff/", func(w http.ResponseWriter, _ *http.Request) { // in a frame
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>Kept</title><main><h1>Kept</h1></main></html>`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return exhibition{t, testenv.Browser(t), server.URL, shown["en"]}
}

func (e exhibition) do(actions ...chromedp.Action) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.tab, 2*time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		e.t.Fatal(err)
	}
}

// light sets how the person likes screens to be.
func light(scheme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}})
}

func screenOf(width int64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, 800, 1, false)
}

// TestNoPageKeepsAnybodyOut holds every page for people to WCAG 2.2 A and AA and to good practice, in light and dark,
// on three screens, from left to right and from right to left.
func TestNoPageKeepsAnybodyOut(t *testing.T) {
	t.Parallel()
	e, all := exhibit(t), os.Getenv(everything) != ""
	seen := map[string]bool{}
	for n, s := range e.samples {
		first := !seen[s.page]
		seen[s.page] = true
		for _, tag := range []string{"en", "ar"} {
			if !first && !all && (n%2 == 0) != (tag == "en") {
				continue // the further states of a page take turns
			}
			e.do(screenOf(390), light("light"), chromedp.Navigate(fmt.Sprintf("%s/sample/%s/%d", e.url, tag, n)), testenv.Axe())
			for _, scheme := range []string{"light", "dark"} {
				for _, width := range []int64{390, 320, 1440} {
					if !first && !all && (width != 390 || scheme != "light") {
						continue
					}
					e.do(screenOf(width), light(scheme))
					for _, f := range e.judge() {
						t.Errorf("%s %s in %s, %s, %d wide: %s", s.page, s.name, tag, scheme, width, f)
					}
				}
			}
		}
	}
	e.do(chromedp.Evaluate("document.documentElement.removeAttribute('lang')", nil))
	if found := e.judge(); len(found) != 1 || found[0].ID != "html-has-lang" {
		t.Errorf("the judge overlooks a page without a language: %v", found)
	}
}

// judge asks axe about the page in the tab.
func (e exhibition) judge() []testenv.Finding {
	e.t.Helper()
	var found []testenv.Finding
	e.do(testenv.Judge(&found))
	return found
}

// misfits lists what is wrong with how a page lies on the screen: what is wider than it, and what a finger misses.
const misfits = `(() => {
	const wrong = [], wide = document.documentElement.scrollWidth;
	if (wide > innerWidth) {
		const e = [...document.querySelectorAll('body *')].find(e => e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1);
		wrong.push('scrolls sideways to ' + wide + (e ? ' for ' + e.outerHTML.slice(0, 90) : ''));
	}
	for (const e of document.querySelectorAll('.btn, .links a, .flinks a, .jump a, .brand, .lang, summary')) {
		const r = e.getBoundingClientRect();
		if (e.checkVisibility() && r.height < 43.5) wrong.push(r.height + ' high: ' + e.outerHTML.slice(0, 90));
	}
	return wrong;
})()`

// TestEveryPageFitsAndCanBeTouched opens each page on three screens, and with letters twice as large and far apart.
func TestEveryPageFitsAndCanBeTouched(t *testing.T) {
	t.Parallel()
	e := exhibit(t)
	seen := map[string]bool{}
	for n, s := range e.samples {
		if seen[s.page] && s.page != "people/choice" && s.page != "people/compare" {
			continue
		}
		seen[s.page] = true
		for _, tag := range []string{"en", "ar", "hi"} {
			e.do(screenOf(320), light("light"), chromedp.Navigate(fmt.Sprintf("%s/sample/%s/%d", e.url, tag, n)))
			for _, look := range []struct {
				width int64
				css   string // set from outside, past the policy of the page
			}{
				{320, ""}, {390, ""}, {1440, ""},
				{780, "document.documentElement.style.fontSize = '200%'"},
				{320, "document.documentElement.style.fontSize = '200%'"},                                                        // the smallest phone, and letters twice as large
				{390, "document.documentElement.style.cssText = 'line-height: 1.5; letter-spacing: .12em; word-spacing: .16em'"}, // WCAG 1.4.12
			} {
				var wrong []string
				e.do(screenOf(look.width), chromedp.Evaluate("document.documentElement.style.cssText = ''; "+look.css, nil), chromedp.Evaluate(misfits, &wrong))
				if len(wrong) > 0 {
					t.Errorf("%s %s in %s, %d wide %s: %s", s.page, s.name, tag, look.width, look.css, strings.Join(wrong, "; "))
				}
			}
		}
	}
}
