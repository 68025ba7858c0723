package people_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"assent/terms"
	"assent/tokens"
)

// visit opens the choice page in a browser of its own, which fails the test for any error on its console.
func (w *world) visit(t *testing.T, scripts bool) screen {
	t.Helper()
	s := newScreen(t)
	s.do(emulation.SetScriptExecutionDisabled(!scripts), emulation.SetDeviceMetricsOverride(390, 844, 2, true),
		chromedp.Navigate(w.url+"/l/"+w.link(tokens.SessionLink, "ana", time.Hour)+"?lang=en"), chromedp.WaitVisible("h1", chromedp.ByQuery))
	return s
}

// arrives checks where a page's heading says that somebody is.
func (s screen) arrives(heading string) {
	s.t.Helper()
	var got string
	for until := time.Now().Add(time.Minute); got != heading; { // a click answers before the next page is there
		if time.Now().After(until) {
			s.t.Fatalf("arrived at %q, want %q", got, heading)
		}
		ctx, cancel := context.WithTimeout(s.tab, time.Minute)
		if err := chromedp.Run(ctx, chromedp.WaitVisible("h1", chromedp.ByQuery), chromedp.Text("h1", &got, chromedp.ByQuery)); err != nil {
			got = err.Error() // the page it looked at was just left
		}
		cancel()
	}
}

// chose lists what is recorded of ana, oldest first.
func (w *world) chose() []terms.Action {
	w.t.Helper()
	var list []terms.Action
	for _, r := range w.history("ana") {
		list = append(list, r.Action)
	}
	return list
}

func TestAPersonPutsOffDeclinesAcceptsAndWithdrawsInARealBrowser(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %t", scripts), func(t *testing.T) {
			t.Parallel()
			w := open(t, ana())
			s := w.visit(t, scripts)
			s.do(chromedp.Click(`button[value="later"]`))
			s.arrives("You will decide later")
			if past := w.chose(); len(past) != 0 {
				t.Errorf("putting off recorded %v", past)
			}
			s.do(chromedp.Click(`.links a[href^="/t/"]`))
			s.arrives("Our terms are changing")
			s.do(chromedp.Click(`button[value="declined"]`))
			s.arrives("You have declined")
			s.do(chromedp.Click(`.links a[href^="/t/"]`))
			s.arrives("Our terms are changing")
			s.do(chromedp.Click(`button[value="accepted"]`))
			s.arrives("You have accepted")
			s.do(chromedp.Click(`footer a[href^="/me/terms"]`), chromedp.WaitVisible(`button[value="withdrawn"]`), chromedp.Click(`button[value="withdrawn"]`))
			s.arrives("You have withdrawn your acceptance")
			if past := w.chose(); !slices.Equal(past, []terms.Action{terms.Decline, terms.Accept, terms.Withdraw}) {
				t.Errorf("recorded %v", past)
			}
		})
	}
}

func TestAPersonComparesFromTheVersionAcceptedBeforeAndComesBackToChoose(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %t", scripts), func(t *testing.T) {
			t.Parallel()
			w := open(t, ana())
			b := w.signedIn("ana")
			b.post(choicePage, b.get(choicePage).form("accepted"))
			b.post(choicePage, b.get("/me/terms").form("withdrawn"))
			w.publish("2021-02-15")
			w.activate(plan("2021-02-15"))
			s := w.visit(t, scripts)
			s.do(chromedp.Click(`.links a[href*="/terms-of-service/2021-02-15/compare"]`))
			s.arrives("What changed: Terms of Service")
			if !scripts { // what follows asks the page
				return
			}
			shown := ask[[]string](s, `[...document.querySelectorAll('ins, del')].map(e => e.tagName + e.textContent.trim())`)
			if len(shown) == 0 {
				t.Error("no change is marked")
			}
			s.do(chromedp.Click(`a[href*="view=side"]`), chromedp.WaitVisible(".pair"))
			if wide := ask[int64](s, "document.documentElement.scrollWidth"); wide > 390 {
				t.Errorf("side by side is %d wide", wide)
			}
			s.do(chromedp.Click(`a[href^="/t/new-terms-2021"]`))
			s.arrives("Our terms are changing")
		})
	}
}

func TestAPersonAcceptsAndWithdrawsByKeyboardAlone(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	s := w.visit(t, true)
	s.do(chromedp.Evaluate("document.documentElement.style.fontSize = '200%'", nil)) // and with letters twice as large
	press := func(selector string) {
		t.Helper()
		for range 60 {
			s.do(chromedp.KeyEvent(kb.Tab))
			if ask[bool](s, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
				seen := ask[string](s, `(() => { const e = document.activeElement, r = e.getBoundingClientRect(), line = parseFloat(getComputedStyle(e).outlineWidth);
					return r.bottom > 0 && r.top < innerHeight && line >= 2 ? '' : [r.top, r.bottom, innerHeight, line].join(' '); })()`)
				if seen != "" {
					t.Errorf("%s has the focus out of sight: %s", selector, seen)
				}
				s.do(chromedp.KeyEvent(kb.Enter))
				return
			}
		}
		t.Fatalf("the keyboard does not reach %s", selector)
	}
	press(`button[value="accepted"]`)
	s.arrives("You have accepted")
	press(`footer a[href^="/me/terms"]`)
	s.arrives("My terms")
	press(`button[value="withdrawn"]`)
	s.arrives("You have withdrawn your acceptance")
	if past := w.chose(); !slices.Equal(past, []terms.Action{terms.Accept, terms.Withdraw}) {
		t.Errorf("recorded %v", past)
	}
}
