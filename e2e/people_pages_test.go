package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// screen is how wide a page is shown.
func screen(width int64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, 800, 1, width < 700)
}

// TestAPersonChooses clicks each of the three buttons as somebody who came from
// their app, with and without JavaScript.
func TestAPersonChooses(t *testing.T) {
	t.Parallel()
	s := asked(t)
	for _, scripts := range []bool{true, false} {
		for _, choice := range []struct {
			button, heading, status string
			recorded                bool
		}{
			{"accepted", "You have accepted", "accepted", true},
			{"declined", "You have declined", "declined", true},
			{"later", "You will decide later", "pending", false},
		} {
			t.Run(fmt.Sprintf("%s, scripts %t", choice.button, scripts), func(t *testing.T) {
				t.Parallel()
				s := s.in(t)
				person := fmt.Sprintf("%s-%t", choice.button, scripts)
				s.person(person, "BR", "en")
				b := newTab(t)
				b.do(emulation.SetScriptExecutionDisabled(!scripts), screen(390))
				b.open(s.link(person))
				b.click(`button[value="` + choice.button + `"]`)
				b.sees(patience, fmt.Sprintf("document.querySelector('h1').innerText === %q", choice.heading))
				standing := s.standing(person).says("campaigns/0/status", choice.status)
				if quiet := standing.at("campaigns/0/reminder/quiet_until"); (choice.button == "later") != (quiet != nil) {
					t.Errorf("reminded again: %v", quiet)
				}
				if choice.recorded {
					s.receiptIsRight(b, person, choice.button)
				}
			})
		}
	}
}

// receiptIsRight goes on to the receipt, which shows what was published, and
// back to the choice, which can be changed.
func (s *site) receiptIsRight(b *tab, person, action string) {
	s.Helper()
	b.click(`.links a[href*="/receipts/"]`)
	b.sees(patience, `document.querySelector('a[href="/ledger/key"]')`)
	text, file := ask[string](b, "document.querySelector('main').innerText"), ask[string](b, `document.querySelector('a[href$="receipt.json"]').pathname`)
	for _, shown := range []string{person, digest(texts["terms-of-service"]["en"]), digest(texts["privacy-policy"]["en"])} {
		if !strings.Contains(text, shown) {
			s.Errorf("the receipt does not show %s:\n%s", shown, text)
		}
	}
	receipt, _, _ := strings.Cut(strings.TrimPrefix(file, "/receipts/"), "/")
	recorded := s.send("GET", "/api/v1/receipts/"+receipt, "").is(200).says("person", person, "action", action)
	recorded.says("record/method", "signed_link", "record/actor", "person", "record/documents/0/locale", "en")
	if recorded.at("record/snapshot_sha256") == nil || recorded.at("record/sentence") == nil || recorded.at("record/button_label") == nil {
		s.Errorf("the record does not say what was shown: %s", recorded.body)
	}
	s.verifies(recorded.body)
}

func TestTheThreeChoicesAreAlike(t *testing.T) {
	t.Parallel()
	s := asked(t)
	b := newTab(t)
	b.open(s.link("bia"))
	for _, width := range []int64{320, 390, 1440} {
		for _, language := range []string{"en", "ar", "hi"} {
			b.do(screen(width))
			b.open(s.url + "/t/" + campaign + "?lang=" + language)
			looks := ask[[]string](b, `[...document.querySelectorAll('form.choose button')].map(b => {
				const s = getComputedStyle(b), r = b.getBoundingClientRect();
				return [Math.round(r.width), Math.round(r.height), s.color, s.backgroundColor, s.backgroundImage, s.border, s.font, s.opacity, s.boxShadow, s.textTransform].join(' | ');
			})`)
			if len(looks) != 3 || len(slices.Compact(slices.Clone(looks))) != 1 {
				t.Errorf("at %d in %s: %q", width, language, looks)
			}
		}
	}
}

// widest gives the references of receipts, whose letters come by chance, the
// widest ones.
const widest = `for (const e of document.querySelectorAll('bdi')) e.textContent = e.textContent.replace(/^(rcp_)(.*)/, (all, kind, rest) => kind + 'w'.repeat(rest.length)); 0`

// TestNoPageScrollsSideways opens every page for people on the narrowest
// screen, written from left to right and from right to left.
func TestNoPageScrollsSideways(t *testing.T) {
	t.Parallel()
	s := asked(t)
	receipt := s.respond("bia", "declined", "en", "k").is(201).text("receipt_id")
	b := newTab(t)
	b.do(screen(320))
	b.open(s.link("bia"))
	for _, language := range []string{"en", "ar"} {
		for _, path := range []string{
			"/t/" + campaign, "/t/" + campaign + "/features", "/me/terms", "/legal/terms-of-service/" + version,
			"/receipts/" + receipt, "/receipts/" + receipt + "/done",
		} {
			b.open(s.url + path + "?lang=" + language)
			ask[int](b, widest)
			b.fits(320)
			if way := ask[string](b, "getComputedStyle(document.documentElement).direction"); way != map[string]string{"en": "ltr", "ar": "rtl"}[language] {
				t.Errorf("%s in %s is written %s", path, language, way)
			}
		}
	}
	for _, path := range []string{"/", "/staff/signin"} {
		b.open(s.url + path)
		b.fits(320)
	}
}
