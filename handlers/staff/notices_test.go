package staff_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/demo"
	"assent/tracker"
)

// deliver stores a mail to somebody in a state.
func (d *desk) deliver(notice string, state tracker.DeliveryState) {
	d.t.Helper()
	err := d.tracker.Store.Update(d.t.Context(), func(tx tracker.Tx) error {
		p, err := tx.Person(d.t.Context(), d.somebodyIn(2))
		if err != nil {
			return err
		}
		return tx.AddDeliveries(d.t.Context(), []tracker.Delivery{{
			Notice: notice, Channel: tracker.Email, Ref: p.Ref, Campaign: demo.Campaign, Plan: 1, Kind: tracker.LetterTold, Created: on(6, 24), State: state, Tries: 12, Reason: "the server refused it: 550",
		}})
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestMailsOfACampaignAreCountedByStateAndThoseInTroubleSentAgain(t *testing.T) {
	t.Parallel()
	d := working(t)
	d.tracker.Post = tracker.Post{Weekly: 2, CountsAfter: 24 * time.Hour, Tries: 12}
	d.says(d.page(campaign+"/notices"), "None yet.", "At most 2 within seven days", "Quiet hours", "After 1 day")
	d.deliver("ntc_7", tracker.Dead)
	d.deliver("ntc_8", tracker.Uncertain)
	d.deliver("ntc_9", tracker.Sent)
	page := d.page(campaign + "/notices")
	d.says(page, "the mail server has it", "the server refused it: 550", "Tried 12 times", "notices/retry?notice=ntc_7")
	if strings.Contains(page, "notice=ntc_9") {
		t.Error("a mail that is on its way can be sent again")
	}
	d.says(d.page(campaign+"/notices/retry?notice=ntc_8"), "look for its Message-ID")
	d.does(campaign+"/notices/retry?notice=ntc_7", "Send it again")
	d.because("notice.resend")
	d.deliver("ntc_10", tracker.Dead)
	d.deliver("ntc_11", tracker.Dead)
	d.says(d.page(campaign+"/notices"), "notices/retry-dead")
	d.does(campaign+"/notices/retry-dead", "Send 2 again")
	d.because("notice.resend_dead")
	counts, err := d.tracker.DeliveryCounts(t.Context(), demo.Campaign)
	if err != nil || counts[tracker.Dead] != 0 || counts[tracker.Queued] != 3 || counts[tracker.Uncertain] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	if w := d.get(campaign + "/notices/retry?notice=ntc_7"); w.Code != http.StatusNotFound {
		t.Errorf("one that is queued again answered %d", w.Code)
	}
}

func TestANoticeIsPreviewedOnEveryChannelInEveryLanguageAndTried(t *testing.T) {
	t.Parallel()
	d := working(t)
	for _, kind := range tracker.LetterKinds() {
		page := d.page(campaign + "/notices/preview?kind=" + string(kind) + "&stage=limited&region=BR")
		d.says(page, "English", "Français", "Español", "العربية", "हिन्दी", "In the app, and by push")
		letters := regexp.MustCompile(`iframe src="([^"]+)"`).FindAllStringSubmatch(page, -1)
		if len(letters) != 6 {
			t.Fatalf("%s has %d letters", kind, len(letters))
		}
		mail := d.get(strings.ReplaceAll(letters[0][1], "&amp;", "&"))
		if mail.Code != http.StatusOK || !strings.Contains(mail.Body.String(), "Harbor") || !strings.Contains(mail.Header().Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s answered %d", letters[0][1], mail.Code)
		}
	}
	d.says(d.page(campaign+"/notices/preview?kind=entered"), `<option value="limited" selected>`) // nobody is told at first that something is off
	test := campaign + "/notices/test?kind=told&lang=fr&to="
	form := d.sheet(test + "mei@example.org")
	d.leads(d.post(form.action, form.fields), campaign+"/notices?done=mailed")
	wrong := d.sheet(test + "everybody")
	if w := d.post(wrong.action, wrong.fields); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "plain address") {
		t.Errorf("no address answered %d", w.Code)
	}
	if !slices.Equal(d.tested, []string{"mei@example.org"}) {
		t.Errorf("tests went to %q", d.tested)
	}
	if w := d.get(campaign + "/notices/preview?kind=spam"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a kind that is none answered %d", w.Code)
	}
	if w := d.post(campaign+"/notices/test", url.Values{"to": {""}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("no address answered %d", w.Code)
	}
}
