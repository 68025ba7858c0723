package staff_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"assent/tracker"
)

func TestDevelopersSeeHowAnAppAsksAndWhatItIsAnswered(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(40, time.Date(2021, 6, 26, 9, 0, 0, 0, time.UTC))
	d.signIn()
	page := d.page("/staff/developers?person=o%27hara&capability=messages.send")
	d.says(page, `curl -sS &#34;https://terms.example.org/ofrep/v1/evaluate/flags/messages.send&#34;`, "baseUrl: &#39;https://terms.example.org&#39;", "URLSession.shared", "OkHttpClient()",
		`ofrep.NewProvider(&#34;https://terms.example.org&#34;`, `&#34;value&#34;: true`, "What each stage of", "Limited", "TARGETING_MATCH", `o&#39;\&#39;&#39;hara`)
	for _, mark := range []string{"<PATH>", "&lt;PATH", "&lt;URL", "&lt;BODY", "&lt;PERSON"} {
		if strings.Contains(page, mark) {
			t.Errorf("%s is left in the page", mark)
		}
	}
	if got := d.get("/staff/developers?capability=none"); got.Code != http.StatusNotFound {
		t.Errorf("an unknown capability: %d", got.Code)
	}
}

func TestStaffSeeHowFarThoseWhoEnforceHaveCome(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(40, time.Date(2021, 1, 10, 9, 0, 0, 0, time.UTC))
	d.signIn()
	d.says(d.page("/staff/enforcement"), "No enforcement point has reported yet.", "There are none.", "In force here")
	newest, err := d.tracker.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report := func(p tracker.Point) {
		t.Helper()
		if _, err := d.tracker.ReportPoint(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	report(tracker.Point{Name: "chat-west", Kind: "prosody", OnSilence: tracker.OnSilenceHold, Revision: newest, Counts: map[string]int64{"refused": 12, "held": 3}})
	page := d.page("/staff/enforcement")
	d.says(page, "chat-west", "prosody", "Up to date", "Nothing", "Everybody stays as last known", "3 held, 12 refused", d.tracker.Now().Format("2 Jan 2006, 15:04 UTC")+"</time></td>")
	report(tracker.Point{Name: "chat-west", Kind: "prosody", OnSilence: tracker.OnSilenceAllow, Revision: newest - 1})
	d.says(d.page("/staff/enforcement"), "1 change", "Lets everybody through")
}

func TestStaffSeeWhatAWebhookMissedAndHaveItTriedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, false)
	d.seed(40, time.Date(2021, 1, 10, 9, 0, 0, 0, time.UTC))
	d.signIn()
	d.says(d.page("/staff/webhooks"), "Nobody is.")
	w, err := d.tracker.AddWebhook(t.Context(), tracker.Webhook{URL: "https://example.org/hook", Description: "CRM"}, "mei")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.tracker.DisableWebhook(t.Context(), w.ID, "it answered 410", "courier"); err != nil {
		t.Fatal(err)
	}
	d.says(d.page("/staff/webhooks"), "https://example.org/hook", "CRM", "Stopped", "Everything", "/staff/webhooks/"+w.ID)
	d.says(d.page("/staff/webhooks/"+w.ID), "it answered 410", "Nothing was given up.", "Everything is delivered.", "Call it again")
	d.leads(d.post("/staff/webhooks/"+w.ID+"/enable", nil), "/staff/webhooks/"+w.ID+"?done=called")
	d.says(d.page("/staff/webhooks/"+w.ID+"?done=called"), "It is called again", "Called")

	missed := tracker.WebhookRound{From: w.Place, To: w.Place, Letters: []tracker.WebhookLetter{{Webhook: w.ID, Revision: 3, Tries: 12, Dead: time.Date(2021, 1, 9, 0, 0, 0, 0, time.UTC), Said: "no answer within 15s"}}}
	if err := d.tracker.Deliver(context.Background(), w.ID, missed); err != nil {
		t.Fatal(err)
	}
	d.says(d.page("/staff/webhooks/"+w.ID), "no answer within 15s", "Given up", "Try them again")
	d.leads(d.post("/staff/webhooks/"+w.ID+"/retry", nil), "/staff/webhooks/"+w.ID+"?done=again")
	d.says(d.page("/staff/webhooks/"+w.ID), "Nothing was given up.", "Tried again")
	if got := d.get("/staff/webhooks/none"); got.Code != http.StatusNotFound {
		t.Errorf("no such webhook: %d", got.Code)
	}
}
