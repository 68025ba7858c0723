package e2e_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// onPhone is a selector inside one of the two phones.
func onPhone(person, selector string) string { return "#phone-" + person + " " + selector }

// shown is an expression that holds when a part of a phone can be seen.
func shown(person, selector string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.checkVisibility())", onPhone(person, selector))
}

// reads is an expression that holds when a part of a phone reads so.
func reads(person, selector, text string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.checkVisibility() && e.textContent.includes(%q))", onPhone(person, selector), text)
}

// writes opens the other one's chat on a phone and sends a message.
func (b *tab) writes(person, text string) {
	b.Helper()
	if ask[bool](b, shown(person, "[data-part=list]")) {
		b.click(onPhone(person, ".chats button"))
	}
	b.types(onPhone(person, "[name=body]"), text+kb.Enter)
	b.sees(patience, reads(person, ".talk .mine", text))
}

// twoPhones opens the messenger of a sample company, with a chat list on each phone.
func twoPhones(t *testing.T, people string) (*site, *tab) {
	t.Helper()
	s, b := sample(t, people), newTab(t)
	b.do(screen(1440))
	b.open(s.url + "/messenger")
	b.sees(patience, shown("ana", "[data-part=list]")+" && "+shown("ben", "[data-part=list]"))
	return s, b
}

// goesToTheNextStage moves the clock, and returns when the sweep has run.
func (b *tab) goesToTheNextStage() {
	b.Helper()
	next := ask[string](b, "document.querySelector('[data-part=next]').value")
	b.click("[data-part=next]")
	b.sees(patience, fmt.Sprintf("document.querySelector('[data-part=next]').value !== %q", next))
	b.sees(patience, "!document.querySelector('[data-part=next]').disabled")
}

// TestTwoPhonesFeelEachStageAndTheRestoration is what a newcomer does with the
// messenger: write, move the clock until one of the two is limited, accept in
// another tab, and watch everything come back without doing anything.
func TestTwoPhonesFeelEachStageAndTheRestoration(t *testing.T) {
	t.Parallel()
	s, b := twoPhones(t, "40")

	b.writes("ana", "Hello Ben")
	b.sees(patience, reads("ben", "[data-part=last]", "Hello Ben"))
	b.writes("ben", "Hello Ana")
	b.sees(patience, reads("ana", ".talk .theirs", "Hello Ana"))

	b.sees(patience, "document.querySelector('[data-part=next]').checkVisibility()")
	for range 4 { // announced, reminded, persistent, limited
		if ask[bool](b, shown("ana", "[data-part=locked]")) {
			break
		}
		b.goesToTheNextStage()
	}
	b.sees(patience, shown("ana", "[data-part=locked]")+" && !"+shown("ana", "[data-part=list]"))
	s.stands("ana", "limited", "pending")
	b.sees(patience, shown("ben", "[data-part=chat]")+" && !"+shown("ben", "[data-part=locked]"))
	b.triesAnyway()

	// Ben writes; the notification comes through, and can be answered.
	b.writes("ben", "Are you there?")
	b.sees(patience, reads("ana", ".toast", "Are you there?"))
	b.types(onPhone("ana", ".toast input"), "From the notification"+kb.Enter)
	b.sees(patience, reads("ben", ".talk .theirs", "From the notification"))
	// Ben calls; it rings, and Ana answers.
	b.click(onPhone("ben", "[data-do=voice]"))
	b.sees(patience, shown("ana", "[data-do=answer]"))
	b.click(onPhone("ana", "[data-do=answer]"))
	b.sees(patience, reads("ben", "[data-part=call-text]", "In a voice call with Ana"))
	b.click(onPhone("ben", "[data-do=hangup]"))
	ask[bool](b, "window.sameForAll = true")
	page := b.opened(onPhone("ana", ".locked a.go"))
	page.click(`button[value="accepted"]`)
	page.sees(patience, "document.querySelector('.panel h1')")
	b.sees(immediately, shown("ana", "[data-part=list]")+" && !"+shown("ana", "[data-part=locked]"))
	if !ask[bool](b, "window.sameForAll === true && [...document.querySelectorAll('.phone')].every(p => p.matches('.live'))") {
		t.Error("the page was loaded again, or a phone is not connected")
	}
	b.sees(patience, `document.querySelector('[data-part=events]').textContent.includes('Ana accepted the terms')`)
	b.writes("ana", "I am back")
	b.sees(patience, reads("ben", ".talk .theirs", "I am back"))
	s.stands("ana", "announced", "accepted")
}

// triesAnyway asks the server for what the phone hides.
func (b *tab) triesAnyway() {
	b.Helper()
	b.click(onPhone("ana", ".locked summary"))
	for _, method := range []string{"chats.list", "messages.send", "calls.place"} {
		b.click(onPhone("ana", `[data-try="`+method+`"]`))
		b.sees(patience, reads("ana", "[data-part=answer]", `"status": 403`)+" && "+reads("ana", "[data-part=answer]", `"capability": "`+method+`"`))
	}
}

func TestTheMessengerFitsEveryScreen(t *testing.T) {
	t.Parallel()
	s := sample(t, "10")
	b := newTab(t)
	for _, width := range []int64{320, 390, 768, 1440} {
		b.do(screen(width))
		b.open(s.url + "/messenger")
		b.sees(patience, "[...document.querySelectorAll('.phone')].every(p => p.matches('.live'))")
		b.fits(width)
	}
}

// TestTwoPhonesInAGroup makes a group by keyboard and mouse, writes in it, and
// leaves it.
func TestTwoPhonesInAGroup(t *testing.T) {
	t.Parallel()
	_, b := twoPhones(t, "10")
	b.click(onPhone("ana", "[data-do=new-group]"))
	b.types(onPhone("ana", "[name=title]"), "Climbing"+kb.Enter)
	b.sees(patience, reads("ana", "[data-part=peer]", "Climbing"))
	b.types(onPhone("ana", "[name=body]"), "Sunday at ten?"+kb.Enter)
	b.sees(patience, reads("ana", ".talk .mine", "Sunday at ten?"))
	b.sees(patience, reads("ben", ".chats", "Climbing"))
	b.sees(patience, reads("ben", "[data-part=last]", "Sunday at ten?"))
	b.click(onPhone("ben", ".chats li:first-child button"))
	b.sees(patience, reads("ben", ".talk .theirs", "Sunday at ten?"))
	b.types(onPhone("ben", "[name=body]"), "I will bring the rope"+kb.Enter)
	b.sees(patience, reads("ana", ".talk .theirs", "I will bring the rope"))
	b.sees(patience, reads("ana", ".talk .theirs .who", "Ben"))
	b.click(onPhone("ben", "[data-do=leave-group]"))
	b.sees(patience, reads("ana", ".talk .event", "Ben left the group"))
	b.sees(patience, "!"+shown("ben", "[data-part=compose]"))
}
