package people_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"assent/internal/testenv"
	"assent/tokens"
)

// A scanner of mails opens every link it finds, follows those behind it, and sends every form, in a real browser and
// without being signed in anywhere. It must not be able to choose for anybody, nor use up what the person needs.
func TestAScannerOfMailsRecordsNothingAndUsesNothingUp(t *testing.T) {
	t.Parallel()
	for _, provider := range []bool{true, false} {
		t.Run(fmt.Sprintf("with a provider %t", provider), func(t *testing.T) {
			t.Parallel()
			w := open(t, ana())
			if provider {
				w, _ = provided(t, ana())
			}
			mailed := w.url + "/l/" + w.link(tokens.NoticeLink, "ana", 60*day) + "?lang=en"
			before := w.standingOf("ana")
			screen := screen{t, testenv.Intruder(t)}
			pages := []string{mailed}
			for i := 0; i < len(pages) && i < 12; i++ {
				screen.do(chromedp.Navigate(pages[i]), chromedp.WaitReady("h1", chromedp.ByQuery))
				for _, link := range ask[[]string](screen, `[...document.links].map(a => a.href)`) {
					if at, err := url.Parse(link); err == nil && strings.HasPrefix(link, w.url) && at.Fragment == "" && !slices.Contains(pages, link) {
						pages = append(pages, link)
					}
				}
				forms := ask[int](screen, `document.forms.length`)
				for form := range forms {
					screen.do(chromedp.Navigate(pages[i]), chromedp.WaitReady("h1", chromedp.ByQuery))
					screen.do(chromedp.Evaluate(fmt.Sprintf(`{
						const form = document.forms[%d];
						for (const field of form.elements) if (field.type == 'text' || field.type == 'password') field.value = 'ana';
						document.documentElement.dataset.sent = 'true';
						form.submit();
					}`, form), nil), chromedp.WaitNotPresent("html[data-sent]", chromedp.ByQuery), chromedp.WaitReady("body", chromedp.ByQuery))
				}
			}
			// And what it would send if it guessed the form of the page.
			guess := fmt.Sprintf(`fetch(%q, {method: 'POST', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: 'action=accepted'}).then(a => a.status)`, choicePage)
			screen.do(chromedp.Navigate(w.url + "/"))
			if status := awaited[int](screen, guess); status != 401 {
				t.Errorf("a form that was guessed: %d", status)
			}
			if len(w.history("ana")) > 0 || w.standingOf("ana") != before {
				t.Errorf("recorded %+v; stood %s, stands %s", w.history("ana"), before, w.standingOf("ana"))
			}
			got := w.signedIn("ana").get(strings.TrimPrefix(mailed, w.url))
			if got.status != 200 || got.path != choicePage || !strings.Contains(got.text(), "Your choice") {
				t.Errorf("the person's own click led to %d at %s", got.status, got.path)
			}
		})
	}
}

// awaited is ask for a promise.
func awaited[T any](s screen, expression string) T {
	s.t.Helper()
	s.do(chromedp.Evaluate("window.answer = null; ("+expression+").then(a => window.answer = a); true", nil), chromedp.Poll("window.answer !== null", nil, chromedp.WithPollingTimeout(time.Minute)))
	return ask[T](s, "window.answer")
}

// standingOf is all that is known of where a person stands, also when reminders come back.
func (w *world) standingOf(person string) string {
	w.t.Helper()
	standing, err := w.Standing(w.t.Context(), person)
	w.try(err)
	file, err := w.File(w.t.Context(), person)
	w.try(err)
	return fmt.Sprintf("%+v %d notices %d transitions", standing.Standing.Positions, len(file.Notices), len(file.Transitions))
}
