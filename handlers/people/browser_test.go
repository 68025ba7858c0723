package people_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"assent/handlers/people"
	"assent/internal/testenv"
	"assent/terms"
	"assent/tokens"
)

// newScreen opens a real browser.
func newScreen(t *testing.T) screen {
	t.Helper()
	browser := testenv.Browser(t)
	s := screen{t, browser}
	// A page that still scrolls moves what is being clicked or looked at.
	s.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}))
	return s
}

// screen is a tab of a real browser.
type screen struct {
	t   *testing.T
	tab context.Context
}

func (s screen) do(actions ...chromedp.Action) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		s.t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](s screen, expression string) T {
	s.t.Helper()
	var answer T
	s.do(chromedp.Evaluate(expression, &answer))
	return answer
}

func TestAPersonAcceptsInARealBrowserWithAndWithoutScripts(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %t", scripts), func(t *testing.T) {
			t.Parallel()
			w := open(t, ana())
			var title, heading string
			newScreen(t).do(
				emulation.SetScriptExecutionDisabled(!scripts), emulation.SetDeviceMetricsOverride(390, 844, 2, true),
				chromedp.Navigate(w.url+"/l/"+w.link(tokens.SessionLink, "ana", time.Hour)+"?lang=en"),
				chromedp.Click(`.jump a`), chromedp.Click(`button[value="accepted"]`), chromedp.WaitVisible(".panel h1"),
				chromedp.Text("h1", &heading, chromedp.ByQuery), chromedp.Title(&title))
			if heading != "You have accepted" || title != "You have accepted – Harbor" {
				t.Errorf("arrived at %q, %q", heading, title)
			}
			if past := w.history("ana"); len(past) != 1 || past[0].Action != terms.Accept {
				t.Errorf("recorded %+v", past)
			}
		})
	}
}

func TestTheReminderInAnAppsOwnPageLeadsToTheButtonsWithoutScripts(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		banner, _, err := people.Reminder(r.Context(), w.options, "ana", "new-terms-2021", "en", w.url+choicePage)
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err == nil {
			err = w.options.Pages.Fragment(rw, "people/banner", "banner", banner)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(app.Close)
	screen, buttons := newScreen(t), "button[name=action]"
	screen.do(emulation.SetScriptExecutionDisabled(true), emulation.SetDeviceMetricsOverride(390, 844, 2, true),
		chromedp.Navigate(w.url+"/l/"+w.link(tokens.SessionLink, "ana", time.Hour)))
	var links, choices []*cdp.Node
	screen.do(chromedp.Navigate(app.URL), chromedp.Nodes("a[data-action]", &links, chromedp.ByQueryAll))
	if len(links) != 3 {
		t.Fatalf("%d links for the choices", len(links))
	}
	for _, link := range links {
		var words, button, top string
		action := link.AttributeValue("data-action")
		screen.do(chromedp.Navigate(app.URL), chromedp.Text(`a[data-action="`+action+`"]`, &words), chromedp.Click(`a[data-action="`+action+`"]`),
			chromedp.WaitVisible(buttons), chromedp.Nodes(buttons, &choices, chromedp.ByQueryAll), chromedp.Text(`button[value="`+action+`"]`, &button), chromedp.Location(&top))
		if len(choices) != 3 || button != words || !strings.HasSuffix(top, "#choice") {
			t.Errorf("%q led to %d buttons at %s, this one says %q", words, len(choices), top, button)
		}
	}
	if past := w.history("ana"); len(past) != 0 {
		t.Fatalf("following links recorded %+v", past)
	}
	screen.do(chromedp.Navigate(app.URL), chromedp.Click(`a[data-action="declined"]`), chromedp.Click(`button[value="declined"]`), chromedp.WaitVisible(".panel h1"))
	if past := w.history("ana"); len(past) != 1 || past[0].Action != terms.Decline {
		t.Errorf("recorded %+v", past)
	}
}

func TestTheThreeChoicesLookAlikeAndEveryScreenFits(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	screen := newScreen(t)
	screen.do(chromedp.Navigate(w.url+"/l/"+w.link(tokens.SessionLink, "ana", time.Hour)), chromedp.WaitVisible("h1", chromedp.ByQuery))
	for _, width := range []int64{320, 390, 1440} {
		screen.do(emulation.SetDeviceMetricsOverride(width, 900, 1, false))
		for _, language := range []string{"en", "fr", "ar", "hi"} {
			for _, path := range []string{choicePage, choicePage + "/features", "/me/terms", "/legal/terms-of-service/2021-01-04"} {
				screen.do(chromedp.Navigate(w.url+path+"?lang="+language), chromedp.WaitVisible("h1", chromedp.ByQuery))
				if wide := ask[int64](screen, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s in %s is %d wide on a screen of %d", path, language, wide, width)
				}
			}
			screen.do(chromedp.Navigate(w.url+choicePage+"?lang="+language), chromedp.WaitVisible(".btn"))
			looks := ask[[]string](screen, `[...document.querySelectorAll('.btn')].map(b => {
				const s = getComputedStyle(b), r = b.getBoundingClientRect();
				return [Math.round(r.width), Math.round(r.height), s.color, s.backgroundColor, s.border, s.font, s.opacity].join(' ');
			})`)
			if len(looks) != 3 || len(slices.Compact(looks)) != 1 {
				t.Errorf("at %d in %s the choices differ: %q", width, language, looks)
			}
		}
	}
}

func TestEveryChoiceIsReachedByKeyboardAndItsFocusShows(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	screen := newScreen(t)
	screen.do(chromedp.Navigate(w.url+"/l/"+w.link(tokens.SessionLink, "ana", time.Hour)+"?lang=en"), chromedp.WaitVisible("h1", chromedp.ByQuery))
	var stops []string
	for range 20 {
		screen.do(chromedp.KeyEvent(kb.Tab))
		stop := ask[string](screen, `(() => {
			const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			const seen = r.width > 0 && r.bottom > 0 && r.top < innerHeight && parseFloat(s.outlineWidth) >= 2;
			return (seen ? '' : 'hidden ') + (e.value || e.textContent.trim().slice(0, 40));
		})()`)
		stops = append(stops, stop)
	}
	for _, want := range []string{"Skip to main content", "Go to your choices", "accepted", "declined", "later", "My terms"} {
		if !slices.Contains(stops, want) {
			t.Errorf("the keyboard does not reach %q in sight: %q", want, stops)
		}
	}
}
