package people_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

func TestOnlyALinkFromTheAppOpensASession(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	fresh := w.link(tokens.SessionLink, "ana", time.Hour)
	if got := w.browser().get("/l/" + fresh); got.status != http.StatusOK || got.path != choicePage {
		t.Errorf("the app's link led to %d at %s", got.status, got.path)
	}
	if got := w.browser().get("/l/" + w.link(tokens.NoticeLink, "ana", time.Hour)); got.status != http.StatusUnauthorized || got.path != choicePage {
		t.Errorf("a notice's link led a stranger to %d at %s", got.status, got.path)
	}
	if got := w.signedIn("ana").get("/l/" + w.link(tokens.NoticeLink, "ana", time.Hour)); got.status != http.StatusOK {
		t.Errorf("a notice's link led ana to %d", got.status)
	}
	if got := w.browser().get("/l/" + fresh[:len(fresh)-2]); got.status != http.StatusNotFound || !strings.Contains(got.text(), "This link is not complete") {
		t.Errorf("a cut link: %d %s", got.status, got.text())
	}
	w.walk(w.clock().Add(2 * time.Hour))
	if got := w.browser().get("/l/" + fresh); got.status != http.StatusGone || !strings.Contains(got.text(), "no longer works") {
		t.Errorf("an old link: %d %s", got.status, got.text())
	}
}

func TestTheReceiptIsTheOwnersAloneAndVerifies(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "ben", Country: "IN", Locale: "hi"})
	a := w.signedIn("ana")
	done := a.post(choicePage, a.get(choicePage+"?lang=en").form("accepted"))
	path := strings.TrimSuffix(done.path, "/done")
	page := a.get(path + "?lang=en")
	text := w.history("ana")[0].Documents[0]
	for _, want := range []string{"Accepted", "ana", text.SHA256, "Accept new terms", "Through a signed link", " of a log", "example.org/log"} {
		if !strings.Contains(page.text(), want) {
			t.Errorf("the receipt does not say %q", want)
		}
	}
	file := a.get(path + "/receipt.json")
	if _, err := ledger.ParseReceipt([]byte(file.body)); err != nil || file.header.Get("Content-Disposition") == "" {
		t.Errorf("the file is no receipt: %v", err)
	}
	b := w.signedIn("ben")
	for _, one := range []string{path, path + "/done", path + "/receipt.json", "/receipts/rcp_none"} {
		if got := b.get(one); got.status != http.StatusNotFound {
			t.Errorf("ben sees %s: %d", one, got.status)
		}
		if got := w.browser().get(one); got.status != http.StatusUnauthorized {
			t.Errorf("a stranger sees %s: %d", one, got.status)
		}
	}
}

func TestWithdrawingTakesOneButtonAndIsRecorded(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	b.post(choicePage, b.get(choicePage+"?lang=en").form("accepted"))
	if got := b.get(choicePage + "?lang=en"); !strings.Contains(got.text(), "You have accepted") {
		t.Errorf("the choice page of somebody who accepted: %s", got.text())
	}
	mine := b.get("/me/terms?lang=en")
	if strings.Count(mine.body, `value="withdrawn"`) != 1 || !strings.Contains(mine.text(), "for at least 30 days") {
		t.Fatalf("my terms: %s", mine.text())
	}
	done := b.post(choicePage, mine.form("withdrawn"))
	if !strings.Contains(done.text(), "You have withdrawn your acceptance") || w.can("ana", "business.data_sharing") {
		t.Errorf("led to %d: %s", done.status, done.text())
	}
	past := w.history("ana")
	if len(past) != 2 || past[1].Action != terms.Withdraw {
		t.Fatalf("recorded %+v", past)
	}
	record, _, err := ledger.ParseRecord(past[1].Record)
	if err != nil || record.ButtonLabel != "Withdraw acceptance" || !strings.HasPrefix(record.Sentence, "If you withdraw") {
		t.Errorf("recorded %+v, %v", record, err)
	}
	history := b.get("/me/terms?lang=en")
	if !strings.Contains(history.text(), "Acceptance withdrawn") || !strings.Contains(history.text(), "Not chosen yet") {
		t.Errorf("my terms afterwards: %s", history.text())
	}
}

func TestTheFeaturesPageSaysWhatIsOffWhyAndTheWayBack(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	for _, at := range []time.Time{deadline.Add(day), deadline.Add(29 * day), deadline.Add(36 * day)} {
		w.notice("ana")
		w.walk(at)
	}
	text := w.signedIn("ana").get(choicePage + "/features?lang=en").text()
	for _, want := range []string{"Off now Send messages Because you have not accepted: Our terms are changing Off since 20 June 2021", "Answer calls", "Not started Share with advertisers", "Always works, whatever you choose Accept or decline", "See the terms and choose"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

func TestRegionsReadWhatHoldsForThem(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "dora", Country: "DE", Locale: "de"}, tracker.Person{ID: "tarik", Country: "TR", Locale: "tr"}, tracker.Person{ID: "fay", Country: "FR", Locale: "fr-CA"})
	if text := w.signedIn("dora").get(choicePage).text(); !strings.Contains(text, "Nothing stops working for you.") {
		t.Errorf("dora reads %s", text)
	}
	text := w.signedIn("tarik").get(choicePage).text()
	if !strings.Contains(text, "The authority asked us to wait.") || !strings.Contains(text, "accepting has no effect for now") {
		t.Errorf("tarik reads %s", text)
	}
	fay := w.signedIn("fay").get(choicePage)
	if !strings.Contains(fay.body, `<html lang="fr" dir="ltr">`) || !strings.Contains(fay.text(), "Gentillesse") || !strings.Contains(fay.text(), "Accepter les nouvelles conditions") {
		t.Errorf("fay reads %s", fay.text())
	}
	if got := w.signedIn("fay").get(choicePage + "?lang=ar"); !strings.Contains(got.body, `<html lang="ar" dir="rtl">`) {
		t.Error("the language asked for is not the language of the page")
	}
}

func TestBeforeTheAnnouncementThereIsNothingToChoose(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	w.mu.Lock()
	w.now = announce.Add(-day)
	w.mu.Unlock()
	page := w.signedIn("ana").get(choicePage + "?lang=en")
	if page.status != http.StatusOK || !strings.Contains(page.text(), "There is nothing to choose yet") || strings.Contains(page.body, "<button") {
		t.Errorf("got %d: %s", page.status, page.text())
	}
}

func TestAnybodyCanReadTheTermsInTheirLanguageByteForByte(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.browser()
	page := b.get("/legal/terms-of-service/2021-01-04", "Accept-Language", "fr-CH, en;q=0.5")
	if page.status != http.StatusOK || !strings.Contains(page.body, "<h1>Conditions d’utilisation</h1>") || !strings.Contains(page.text(), "Soyez gentil.") {
		t.Errorf("got %d: %s", page.status, page.text())
	}
	foreign := b.get("/legal/terms-of-service/2021-01-04?lang=hi")
	if !strings.Contains(foreign.body, `<h1 lang="en" dir="ltr">Terms of Service</h1>`) || !strings.Contains(foreign.body, `href="#s-1-who-we-are"`) {
		t.Errorf("got %s", foreign.text())
	}
	file := b.get("/legal/terms-of-service/2021-01-04?lang=en&format=markdown")
	sum := sha256.Sum256([]byte(file.body))
	if digest := hex.EncodeToString(sum[:]); !strings.Contains(foreign.body, digest) {
		t.Errorf("the file's digest %s is not the one on the page", digest)
	}
	w.publish("2021-02-01")
	if old := b.get("/legal/terms-of-service/2021-01-04?lang=en"); !strings.Contains(old.text(), "There is a newer version, 2021-02-01") {
		t.Error("the old version does not lead to the newer one")
	}
	for _, path := range []string{"/legal/terms-of-service/1999", "/legal/nothing/2021-01-04", "/t/nothing", "/nowhere"} {
		if got := w.signedIn("ana").get(path); got.status != http.StatusNotFound || !strings.Contains(got.body, got.header.Get("X-Request-Id")) {
			t.Errorf("%s answered %d without its reference", path, got.status)
		}
	}
	if _, err := w.PutVersion(t.Context(), tracker.Version{DocumentRef: terms.DocumentRef{Document: "terms-of-service", Version: "draft"}, Title: terms.Texts{"en": "x"},
		Texts: []tracker.Text{{Locale: "en", Markdown: "secret"}}}); err != nil {
		t.Fatal(err)
	}
	if got := b.get("/legal/terms-of-service/draft"); got.status != http.StatusNotFound {
		t.Errorf("a draft is shown: %d", got.status)
	}
}

func TestEveryPageIsStrictAboutWhatItLoads(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	for _, path := range []string{choicePage, "/me/terms", "/legal/privacy-policy/2021-01-04", "/nowhere"} {
		header := b.get(path).header
		policy := header.Get("Content-Security-Policy")
		if header.Get("Content-Length") == "" {
			t.Errorf("%s goes out in pieces", path)
		}
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %q, %q", path, policy, header.Get("Cache-Control"))
		}
	}
	if !slices.Contains(b.get(choicePage).header.Values("Vary"), "Accept, Accept-Language, Cookie") {
		t.Error("a cache could mix people up")
	}
}
