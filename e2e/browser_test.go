package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"assent/internal/testenv"
)

// browser is the one browser of all tests, started when first asked for.
var browser struct {
	sync.Mutex
	context.Context
}

// openBrowser starts a browser that talks to nobody but the pages.
func openBrowser(t testing.TB) context.Context {
	t.Helper()
	browser.Lock()
	defer browser.Unlock()
	if browser.Context != nil {
		return browser.Context
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(testenv.Chromium(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		// Tabs that nobody looks at run at full speed, as the one in front does.
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(time.Minute))
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	browser.Context = ctx
	return ctx
}

// closeBrowser ends the browser, if there is one, and waits until it has let
// go of its files.
func closeBrowser() {
	if browser.Context != nil {
		_ = chromedp.Cancel(browser.Context) // all tests are over
	}
}

// tab is a page in a browser window of its own, which shares cookies with
// nobody but the tabs opened from it. Whatever the browser complains about, a
// breach of the content security policy among it, fails the test.
type tab struct {
	testing.TB
	page    context.Context
	cookies cdp.BrowserContextID

	mu      sync.Mutex
	regrets []string
}

// newTab opens an empty window.
func newTab(t testing.TB) *tab {
	t.Helper()
	all := openBrowser(t)
	protocol := cdp.WithExecutor(all, chromedp.FromContext(all).Browser)
	cookies, err := target.CreateBrowserContext().Do(protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.DisposeBrowserContext(cookies).Do(protocol) }) // closing the browser does it too
	page, err := target.CreateTarget("about:blank").WithBrowserContextID(cookies).WithNewWindow(true).Do(protocol)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewContext(all, chromedp.WithTargetID(page))
	return attach(ctx, t, stop, cookies)
}

// attach watches a tab until the test ends, and closes it then.
func attach(ctx context.Context, t testing.TB, stop context.CancelFunc, cookies cdp.BrowserContextID) *tab {
	t.Helper()
	b := &tab{TB: t, page: ctx, cookies: cookies}
	t.Cleanup(func() {
		stop()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, regret := range b.regrets {
			t.Errorf("the browser reports: %s", regret)
		}
	})
	chromedp.ListenTarget(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
				b.regrets = append(b.regrets, e.Entry.Text+" "+e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			b.regrets = append(b.regrets, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
				b.regrets = append(b.regrets, fmt.Sprintf("console: %s", e.Args[0].Value))
			}
		}
	})
	if err := chromedp.Run(ctx); err != nil { // for as long as the tab lives
		t.Fatal(err)
	}
	return b
}

// opened is the tab that a click opens, with the cookies of this one. The page
// it is opened from may have no hold on it (rel=noopener).
func (b *tab) opened(selector string) *tab {
	b.Helper()
	before := b.tabs()
	b.click(selector)
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		for _, id := range b.tabs() {
			if !slices.Contains(before, id) {
				ctx, stop := chromedp.NewContext(b.page, chromedp.WithTargetID(id))
				return attach(ctx, b.TB, stop, b.cookies)
			}
		}
	}
	b.Fatalf("clicking %s opened no tab", selector)
	return nil
}

// tabs lists the tabs that share their cookies with this one.
func (b *tab) tabs() []target.ID {
	b.Helper()
	all, err := chromedp.Targets(b.page)
	if err != nil {
		b.Fatal(err)
	}
	var ids []target.ID
	for _, one := range all {
		if one.Type == "page" && one.BrowserContextID == b.cookies {
			ids = append(ids, one.TargetID)
		}
	}
	return ids
}

// do sends the browser what to do.
func (b *tab) do(actions ...chromedp.Action) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.page, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// open goes to a page and waits until it is there.
func (b *tab) open(url string) {
	b.Helper()
	b.do(chromedp.Navigate(url))
	b.sees(patience, "document.querySelector('h1')")
}

// click clicks the first element that can be seen and is not covered, where a
// finger would, once there is one.
func (b *tab) click(selector string) {
	b.Helper()
	where := fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(%q)].find(e => e.checkVisibility() && !e.disabled);
		if (!e || document.readyState !== 'complete') return null;
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2;
		return e.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
	})()`, selector)
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		if at, err := evaluate[[]float64](b, where); err == nil && len(at) == 2 {
			b.do(chromedp.MouseClickXY(at[0], at[1]))
			return
		}
	}
	b.Fatalf("%s cannot be clicked\n%s", selector, ask[string](b, "document.body.innerText"))
}

// types clicks into a field and writes.
func (b *tab) types(selector, text string) {
	b.Helper()
	b.click(selector)
	b.do(chromedp.KeyEvent(text))
}

// sees waits until an expression holds in a page that has arrived whole, for at
// most a time.
func (b *tab) sees(limit time.Duration, expression string) {
	b.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		holds, err := evaluate[bool](b, "document.readyState === 'complete' && !!("+expression+")") // fails while one page gives way to the next
		if err == nil && holds {
			return
		}
		if time.Since(begun) > limit {
			b.Fatalf("within %s it did not happen that %s, %v\n%s", limit, expression, err, ask[string](b, "document.body.innerText"))
		}
	}
}

// ask evaluates an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.Helper()
	value, err := evaluate[T](b, expression)
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return value
}

// evaluate is ask for a page that may go away.
func evaluate[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.page, patience)
	defer cancel()
	var value T
	err := chromedp.Run(ctx, chromedp.Evaluate(expression, &value))
	return value, err
}

// fits checks that a page needs no sideways scrolling.
func (b *tab) fits(width int64) {
	b.Helper()
	if wide := ask[int64](b, "document.documentElement.scrollWidth"); wide > width {
		b.Errorf("%s is %d wide on a screen of %d", strings.TrimSpace(ask[string](b, "location.href")), wide, width)
	}
}
