package testenv

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser starts a real browser that talks to nobody but the pages, and closes
// it when the test ends. Whatever it complains about, a breach of the content
// security policy among it, fails the test. Actions run with chromedp.Run.
func Browser(t testing.TB, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	browser := Intruder(t, options...)
	chromedp.ListenTarget(browser, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError {
				t.Errorf("the browser reports: %s", e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			t.Errorf("a script failed: %s", e.ExceptionDetails.Text)
		}
	})
	return browser
}

// Intruder is a Browser that may go where it is refused.
func Intruder(t testing.TB, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	profile, err := os.MkdirTemp("", "testenv-browser-")
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: a process of the browser may still write to its profile
	// when it has closed, and that is no fault of the test.
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	options = append(options,
		chromedp.ExecPath(Chromium(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(time.Minute))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...) // outlives t.Context, to be closed in order
	t.Cleanup(stop)
	browser, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(browser); err != nil { // waits until its files are closed
			t.Error(err)
		}
	})
	if err := chromedp.Run(browser); err != nil { // starts it, for as long as this context lives
		t.Fatal(err)
	}
	return browser
}
