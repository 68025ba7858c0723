package people_test

import (
	"regexp"
	"strings"
	"testing"

	"assent/terms"
)

func TestMyTermsSayWhatIsOffAndTheReceiptWhatTheStageMeant(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	const mine = "/me/terms?lang=en"
	if page := b.get(mine); strings.Contains(page.text(), "Off for you") {
		t.Errorf("nothing is off, and it says\n%s", page.text())
	}
	b.post(choicePage, b.get(choicePage+"?lang=en").form(string(terms.Decline))).says(t, "You have declined")
	for _, at := range []int{0, 1, 29, 36} {
		w.walk(deadline.AddDate(0, 0, at))
		w.notice("ana")
	}
	b = w.signedIn("ana") // the session has ended long ago
	page := b.get(mine)
	page.says(t, "Off for you since 19 June 2021", "Send messages", "All of it comes back at once when you accept.")
	works := regexp.MustCompile(`<a href="([^"]+)">What works for you now</a>`).FindStringSubmatch(page.body)
	if works == nil {
		t.Fatalf("nothing leads to what works in\n%s", page.body)
	}
	b.get(works[1]).says(t, "Off now")
	w.walk(deadline.AddDate(0, 0, 70))
	b = w.signedIn("ana")
	if page := b.get(mine); !strings.Contains(page.text(), "Off for you now") || !strings.Contains(page.text(), "Answer calls") {
		t.Errorf("two stages took something, and it says\n%s", page.text())
	}
	done := b.post(choicePage, b.get(choicePage+"?lang=en").form(string(terms.Accept)))
	if page := b.get(mine); strings.Contains(page.text(), "Off for you") {
		t.Errorf("everything is back, and it says\n%s", page.text())
	}
	b.get(strings.TrimSuffix(done.path, "/done")+"?lang=en").says(t, "Stage at that time One in which these are off: Send messages and Answer calls.")
	first := w.history("ana")[0]
	b.get("/receipts/"+first.ReceiptID+"?lang=en").says(t, "Stage at that time One in which everything works.")
}
