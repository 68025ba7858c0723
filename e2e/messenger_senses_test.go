package e2e_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"assent/internal/testenv"
)

// TestTheMessengerKeepsNobodyOut uses the messenger with a keyboard alone, writes
// from right to left in it, and holds what is on the screen meanwhile to WCAG 2.2
// A and AA.
func TestTheMessengerKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	_, b := twoPhones(t, "10")
	b.accessible("two lists")

	b.reaches(onPhone("ana", ".chats button"))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.sees(patience, fmt.Sprintf("document.activeElement === document.querySelector(%q)", onPhone("ana", "[name=body]")))
	b.do(chromedp.KeyEvent("مرحبا بن" + kb.Enter))
	b.sees(patience, reads("ben", "[data-part=last]", "مرحبا بن"))
	for _, words := range []string{onPhone("ana", ".talk .mine p"), onPhone("ben", ".chats li:first-child [data-part=last]")} {
		if way := ask[string](b, fmt.Sprintf("getComputedStyle([...document.querySelectorAll(%q)].at(-1)).direction", words)); way != "rtl" {
			t.Errorf("%s runs %s", words, way)
		}
	}
	b.click(onPhone("ben", ".chats button"))
	b.sees(patience, reads("ben", ".talk .theirs", "مرحبا بن"))
	b.reaches(onPhone("ana", "[name=body]"))
	b.do(chromedp.KeyEvent("كيف حالك؟" + kb.Enter))
	b.sees(patience, fmt.Sprintf("document.querySelector(%q).textContent === 'Ana: كيف حالك؟'", onPhone("ben", "[data-part=said][aria-live=polite]")))
	b.accessible("two chats")

	b.reaches(onPhone("ana", "[data-do=voice]"))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.sees(patience, shown("ben", "[data-do=answer]"))
	b.accessible("a call rings")
	b.reaches(onPhone("ben", "[data-do=decline]"))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.sees(patience, reads("ana", "[data-part=call-text]", "declined"))

	for !ask[bool](b, shown("ana", "[data-part=locked]")) {
		b.goesToTheNextStage()
		b.accessible("at " + ask[string](b, "document.querySelector('[data-part=now]').textContent"))
	}
	b.reaches(onPhone("ana", ".locked a.go"))
	b.accessible("locked")
}

// reaches presses Tab until an element has the focus. Whatever has it on the way
// is named and can be seen to have it.
func (b *tab) reaches(selector string) {
	b.Helper()
	for range 120 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if wrong := ask[string](b, `(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			if (e === document.body) return '';
			const name = e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.getAttribute('aria-labelledby') || e.textContent.trim();
			return name && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 ? '' : e.outerHTML.slice(0, 120);
		})()`); wrong != "" {
			b.Errorf("nobody sees or hears that this has the focus: %s", wrong)
		}
		if ask[bool](b, fmt.Sprintf("document.activeElement === [...document.querySelectorAll(%q)].find(e => e.checkVisibility())", selector)) {
			return
		}
	}
	b.Fatalf("%s cannot be reached with the keyboard", selector)
}

// accessible holds the page as it is now to WCAG, in light and dark, wide and
// narrow.
func (b *tab) accessible(when string) {
	b.Helper()
	b.do(testenv.Axe())
	for _, scheme := range []string{"dark", "light"} {
		for _, width := range []int64{320, 1440} {
			b.do(screen(width), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
			var found []testenv.Finding
			b.do(testenv.Judge(&found))
			for _, f := range found {
				b.Errorf("%s, %s, %d wide: %s", when, scheme, width, f)
			}
		}
	}
}
