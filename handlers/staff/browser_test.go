package staff_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"assent/demo"
	"assent/internal/testenv"
	"assent/tokens"
)

func run(browser context.Context, t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(browser, time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](browser context.Context, t *testing.T, expression string) T {
	t.Helper()
	var answer T
	run(browser, t, chromedp.Evaluate(expression, &answer))
	return answer
}

func TestTheFirstMemberSetsUpTheConsoleInABrowser(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %t", scripts), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, false)
			site := httptest.NewServer(d.handler)
			t.Cleanup(site.Close)
			link := d.signer.Sign(tokens.StaffSetup, tokens.Claims{}, d.now(), time.Hour)
			var heading, path string
			run(testenv.Browser(t), t,
				emulation.SetScriptExecutionDisabled(!scripts),
				chromedp.Navigate(site.URL+"/staff/setup?token="+link),
				chromedp.SendKeys("#name", "mei"), chromedp.SendKeys("#password", "correct horse battery"),
				chromedp.Click("form .btn.main"), chromedp.WaitVisible(".side .who"),
				chromedp.Click(".side .who .btn"), chromedp.WaitVisible("#password"),
				chromedp.SendKeys("#name", "mei"), chromedp.SendKeys("#password", "correct horse battery\r"),
				chromedp.WaitVisible(".side .who"), chromedp.Text("h1", &heading, chromedp.ByQuery), chromedp.Location(&path))
			if heading != "Campaigns" || path != site.URL+"/staff" {
				t.Errorf("arrived at %q, %q", heading, path)
			}
		})
	}
}

func TestTheConsoleFitsEveryScreenAndIsReadByKeyboard(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	d.seed(300, on(6, 27))
	site := httptest.NewServer(d.handler)
	t.Cleanup(site.Close)
	browser := testenv.Browser(t)
	run(browser, t, chromedp.Navigate(site.URL+"/staff/signin"), chromedp.Click(".alt .btn"), chromedp.WaitVisible(".clock"))
	overview := site.URL + "/staff/campaigns/" + demo.Campaign
	for _, width := range []int64{320, 390, 1440} {
		run(browser, t, emulation.SetDeviceMetricsOverride(width, 900, 1, false))
		for _, page := range []string{overview, site.URL + "/staff", site.URL + "/staff/people?id=" + d.somebodyIn(2)} {
			run(browser, t, chromedp.Navigate(page), chromedp.WaitReady("main", chromedp.ByQuery))
			if wide := ask[int64](browser, t, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s is %d wide on a screen of %d", page, wide, width)
			}
		}
		run(browser, t, chromedp.Navigate(overview), chromedp.WaitReady(".tip", chromedp.ByQuery))
		hidden := ask[int](browser, t, `[...document.querySelectorAll('.plot')].filter(p => {
			const last = [...p.closest('figure').querySelectorAll('tr[data-x]')].at(-1).dataset.x, svg = p.querySelector('svg').getBoundingClientRect(), box = p.getBoundingClientRect();
			const x = svg.left + last * svg.width / p.querySelector('svg').viewBox.baseVal.width;
			return x < box.left || x > box.right;
		}).length`)
		if hidden > 0 {
			t.Errorf("at %d, today is out of sight in %d charts", width, hidden)
		}
	}
	run(browser, t, chromedp.Focus(".plot"), chromedp.KeyEvent(kb.ArrowLeft))
	if said := ask[string](browser, t, "document.querySelector('figure .vh[aria-live]').textContent"); !strings.HasPrefix(said, "27 Jun 2021, Accepted: ") {
		t.Errorf("the arrow keys read %q", said)
	}
}

func TestALetterIsShownWholeInItsFrame(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	d.seed(20, on(6, 27))
	site := httptest.NewServer(d.handler)
	t.Cleanup(site.Close)
	browser := testenv.Browser(t)
	run(browser, t, chromedp.Navigate(site.URL+"/staff/signin"), chromedp.Click(".alt .btn"), chromedp.WaitVisible(".clock"),
		chromedp.Navigate(site.URL+campaign+"/notices/preview?kind=warned&stage=persistent&region=BR"), chromedp.WaitReady("main", chromedp.ByQuery))
	for _, width := range []int64{1440, 390} {
		run(browser, t, emulation.SetDeviceMetricsOverride(width, 900, 1, false), chromedp.Poll(`document.readyState === 'complete'`, nil))
		// Each as high as what is in it, to a line.
		const cropped = `[...document.querySelectorAll('.letter iframe')].filter(f => f.clientHeight < f.contentDocument.documentElement.scrollHeight).length`
		const loose = `[...document.querySelectorAll('.letter iframe')].filter(f => f.clientHeight > f.contentDocument.querySelector('main').getBoundingClientRect().bottom + 60).length`
		run(browser, t, chromedp.Poll(`document.querySelectorAll('.letter iframe').length === 6 && `+cropped+` + `+loose+` === 0`, nil, chromedp.WithPollingTimeout(20*time.Second)))
	}
}

func TestEveryPageOfActsFitsANarrowScreenAndWorksWithoutScripts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	d.seed(200, on(6, 27))
	d.addPlan("after: 35d", "after: 30d")
	site := httptest.NewServer(d.handler)
	t.Cleanup(site.Close)
	browser := testenv.Browser(t)
	run(browser, t, emulation.SetScriptExecutionDisabled(true), emulation.SetDeviceMetricsOverride(320, 900, 1, false),
		chromedp.Navigate(site.URL+"/staff/signin"), chromedp.Click(".alt .btn"), chromedp.WaitVisible(".clock"),
		chromedp.Navigate(site.URL+campaign+"/holds"), chromedp.SendKeys("#person", d.somebodyIn(2)), chromedp.Click(".act .btn.main"), chromedp.WaitVisible("#reason"),
		chromedp.SendKeys("#reason", "A_reason_without_any_space_that_is_longer_than_the_screen_is_wide"), chromedp.Click(".act .btn.main"), chromedp.WaitVisible(".done"))
	d.noted("hold.place", "demo")
	run(browser, t, emulation.SetScriptExecutionDisabled(false))
	for _, page := range []string{
		campaign, campaign + "/plans", campaign + "/plans/2", campaign + "/plans/2/activate", campaign + "/holds", campaign + "/reversals",
		campaign + "/reversals/make?to=reminded&reminders=soften", campaign + "/launch", campaign + "/notices", campaign + "/notices/preview", campaign + "/plans/2/dry-run", campaign + "/next", campaign + "/unreached", "/staff/runs", "/staff/runs/pause", "/staff/approvals",
	} {
		run(browser, t, chromedp.Navigate(site.URL+page), chromedp.WaitReady("main", chromedp.ByQuery))
		if wide := ask[int64](browser, t, "document.documentElement.scrollWidth"); wide > 320 {
			t.Errorf("%s is %d wide on a screen of 320: %s", page, wide, ask[string](browser, t, `[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 320 && !e.closest('.tw, .plot, pre')).map(e => e.outerHTML.slice(0, 80)).slice(0, 3).join(' | ')`))
		}
		if low := ask[int](browser, t, `[...document.querySelectorAll('main button, main select, main a.btn')].filter(e => e.offsetHeight && e.offsetHeight < 24).length`); low > 0 {
			t.Errorf("%s has %d controls that are hard to hit", page, low)
		}
		if bare := ask[int](browser, t, `[...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')].filter(e => !e.labels.length).length`); bare > 0 {
			t.Errorf("%s has %d fields without a label", page, bare)
		}
	}
}
