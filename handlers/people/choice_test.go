package people_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

const choicePage = "/t/new-terms-2021"

func ana() tracker.Person { return tracker.Person{ID: "ana", Country: "BR", Locale: "pt-BR"} }

func TestAcceptingRecordsExactlyWhatWasShownAndRestoresAtOnce(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	for _, at := range []time.Time{deadline.Add(day), deadline.Add(29 * day), deadline.Add(36 * day)} {
		w.notice("ana")
		w.walk(at)
	}
	if w.can("ana", "messages.send") {
		t.Fatal("ana is not restricted yet")
	}
	b := w.signedIn("ana")
	page := b.get(choicePage + "?lang=en")
	for _, want := range []string{"Off for you since", "Send messages", "Your choice", "Share with advertisers", "Kindness"} {
		if !strings.Contains(page.text(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	shownAt := w.clock()
	w.walk(shownAt.Add(time.Hour))
	done := b.post(choicePage, page.form("accepted"))
	if done.status != http.StatusOK || !strings.HasSuffix(done.path, "/done") || !strings.Contains(done.text(), "You have accepted") || !strings.Contains(done.text(), "Back on now Send messages") {
		t.Fatalf("led to %d at %s: %s", done.status, done.path, done.text())
	}
	if !w.can("ana", "messages.send") || !w.can("ana", "business.data_sharing") {
		t.Error("accepting did not restore everything and turn on the grant")
	}
	w.checkEvidence(page, shownAt)
}

// checkEvidence holds the only record of ana to the page she was shown.
func (w *world) checkEvidence(page seen, shownAt time.Time) {
	w.t.Helper()
	past := w.history("ana")
	if len(past) != 1 || past[0].Action != terms.Accept {
		w.t.Fatalf("recorded %+v", past)
	}
	record, _, err := ledger.ParseRecord(past[0].Record)
	w.try(err)
	if record.ButtonLabel != "Accept new terms" || record.Method != ledger.MethodLink || !record.PresentedAt.Equal(shownAt) || record.Stage != "limited" {
		w.t.Errorf("recorded %+v", record)
	}
	const sentence = "By choosing Accept new terms you agree, from now on, to these texts of Harbor: Terms of Service, version 2021-01-04 and Privacy Policy, version 2021-01-04."
	if record.Sentence != sentence || !strings.Contains(page.bare(), sentence) {
		w.t.Errorf("recorded %q, the page says %s", record.Sentence, page.bare())
	}
	w.checkPage(page, record.Snapshot)
	if len(record.Documents) != 2 || record.Documents[0].Locale != "en" {
		w.t.Errorf("documents %+v", record.Documents)
	}
	if !strings.Contains(string(past[0].Details), "test browser") || !strings.Contains(string(past[0].Details), "127.0.0.1") {
		w.t.Errorf("details %s", past[0].Details)
	}
}

// checkPage holds what is kept under a digest to a page that was shown: the same, but for the form's tokens, and with
// the styles in it.
func (w *world) checkPage(page seen, digest string) {
	w.t.Helper()
	kept, err := w.KeptPage(w.t.Context(), digest)
	w.try(err)
	if sum := sha256.Sum256(kept.HTML); digest != hex.EncodeToString(sum[:]) {
		w.t.Error("the page is not kept under its digest")
	}
	form := page.form("")
	want := strings.NewReplacer(form.Get("shown"), "", form.Get("idempotency_key"), "").Replace(page.body)
	links, styles := regexp.MustCompile(`<link rel="stylesheet"[^>]*>`), regexp.MustCompile(`(?s)<style>.*?</style>`)
	if got := string(kept.HTML); styles.ReplaceAllString(got, "") != links.ReplaceAllString(want, "") || strings.Contains(got, "/assets/") || !strings.Contains(got, "--accent") {
		w.t.Errorf("what is kept is not the page that was shown, whole: %s", got)
	}
}

// snapshotOf is what the form of a page says it was shown as.
func (w *world) snapshotOf(page seen) string {
	w.t.Helper()
	return w.claims(page).Data["snapshot"]
}

func TestAChoiceSurvivesARestartBetweenReadingAndSending(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "ben", Country: "IN", Locale: "hi"})
	pages := map[string]seen{"ana": w.signedIn("ana").get(choicePage), "ben": w.signedIn("ben").get(choicePage)}
	w.serve() // nothing that was shown is in memory any more
	w.walk(w.clock().Add(time.Hour))
	w.signedIn("ana").post(choicePage, pages["ana"].form("accepted"))
	b := w.signedIn("ben")
	b.post(choicePage, b.get(choicePage).form("later")) // the page would not come out the same
	w.serve()
	w.signedIn("ben").post(choicePage, pages["ben"].form("accepted"))
	for person, page := range pages {
		past := w.history(person)
		if len(past) != 1 {
			t.Fatalf("%s: %d records", person, len(past))
		}
		record, _, err := ledger.ParseRecord(past[0].Record)
		if err != nil || record.Sentence == "" {
			t.Errorf("%s: %+v, %v", person, record, err)
		}
		w.checkPage(page, record.Snapshot)
	}
}

func TestAPageIsKeptBeforeItIsAnsweredAndOnceForAllWhoSeeTheSame(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "eva", Country: "BR", Locale: "pt-BR"}, tracker.Person{ID: "ben", Country: "IN", Locale: "hi"})
	first, same, other := w.signedIn("ana").get(choicePage), w.signedIn("eva").get(choicePage), w.signedIn("ben").get(choicePage)
	w.checkPage(first, w.snapshotOf(first))
	if w.snapshotOf(first) != w.snapshotOf(same) {
		t.Error("two people who see the same are kept apart")
	}
	if w.snapshotOf(first) == w.snapshotOf(other) {
		t.Error("two languages are one page")
	}
}

func TestPeopleWhoWereToldLateSeeTheirDayAndShareTheirPages(t *testing.T) {
	t.Parallel()
	late := []tracker.Person{ana(), {ID: "eva", Country: "BR", Locale: "pt-BR"}}
	w := open(t, late...)
	for i, at := range []time.Time{deadline.Add(-5 * day), deadline.Add(-5*day + 7*time.Hour + 13*time.Second)} {
		w.walk(at)
		w.notice(late[i].ID)
	}
	pages := []seen{w.signedIn("ana").get(choicePage + "?lang=en"), w.signedIn("eva").get(choicePage + "?lang=en")}
	if w.snapshotOf(pages[0]) != w.snapshotOf(pages[1]) {
		t.Error("an instant that is one person's own makes a page of its own")
	}
	if text := pages[1].text(); !strings.Contains(text, "9 June 2021") || strings.Contains(text, "9 June 2021,") {
		t.Errorf("the page says %s", text)
	}
}

func TestAChoiceUnderAPlanThatIsNoLongerActiveIsRefused(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "eva", Country: "BR", Locale: "pt-BR"})
	e := w.signedIn("eva")
	mine := e.get(choicePage)
	e.post(choicePage, mine.form("accepted"))
	withdraw := e.get("/me/terms?lang=en")
	b := w.signedIn("ana")
	page := b.get(choicePage + "?lang=en")
	later := plan("2021-01-04") // the same texts
	later.Deadline = deadline.Add(30 * day)
	w.activate(later)
	got := b.post(choicePage+"?lang=en", page.form("accepted"))
	if got.status != http.StatusConflict || !strings.Contains(got.text(), "The terms changed while you were reading") || !strings.Contains(got.text(), "14 June 2021") {
		t.Fatalf("answered %d: %s", got.status, got.text())
	}
	if len(w.history("ana")) > 0 {
		t.Fatal("recorded all the same")
	}
	b.post(choicePage, got.form("declined"))
	if past := w.history("ana"); len(past) != 1 || past[0].Plan != 2 {
		t.Errorf("the page shown instead led to %+v", past)
	}
	if got := e.post(choicePage, mine.form("accepted")); !strings.HasSuffix(got.path, "/done") || len(w.history("eva")) != 1 {
		t.Errorf("a form sent again after the plan changed led to %d at %s", got.status, got.path)
	}
	if got := e.post(choicePage, withdraw.form("withdrawn")); !strings.HasSuffix(got.path, "/done") || len(w.history("eva")) != 2 {
		t.Errorf("a new plan stands in the way of withdrawing: %d at %s", got.status, got.path)
	}
}

func TestAFormIsBoundToItsTexts(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	page := b.get(choicePage + "?lang=en")
	claims, err := w.signer.Verify(tokens.Shown, page.form("").Get("shown"), w.clock())
	w.try(err)
	for field, status := range map[string]string{"documents": "The terms changed while you were reading", "snapshot": "This page was open for too long"} {
		altered := claims
		altered.Data = maps.Clone(claims.Data)
		altered.Data[field] = strings.Repeat("0", 64)
		form := page.form("accepted")
		form.Set("shown", w.signer.Sign(tokens.Shown, altered, w.clock(), time.Hour))
		if got := b.post(choicePage+"?lang=en", form); got.status != http.StatusConflict || !strings.Contains(got.text(), status) {
			t.Errorf("another %s answered %d: %s", field, got.status, got.text())
		}
	}
	if len(w.history("ana")) > 0 {
		t.Error("something was recorded")
	}
}

func TestLookingRecordsNothing(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	shown := b.get(choicePage)
	for _, path := range []string{choicePage, choicePage + "?action=accepted&shown=" + url.QueryEscape(shown.form("").Get("shown")), choicePage + "/features", "/me/terms", choicePage + "/later", "/"} {
		if got := b.get(path); got.status != http.StatusOK {
			t.Errorf("%s answered %d", path, got.status)
		}
	}
	if past := w.history("ana"); len(past) > 0 {
		t.Errorf("recorded %+v", past)
	}
}

func TestTheSameFormSentTwiceIsOneChoice(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	page := b.get(choicePage)
	first, second := b.post(choicePage, page.form("declined")), b.post(choicePage, page.form("declined"))
	if first.path != second.path || len(w.history("ana")) != 1 {
		t.Errorf("led to %s and %s with %d records", first.path, second.path, len(w.history("ana")))
	}
	if !strings.Contains(first.body, "Você recusou") {
		t.Errorf("the page is not in ana's language: %s", first.text())
	}
	page = b.get(choicePage)
	if !strings.Contains(page.body, "Você recusou em 10 de janeiro de 2021") {
		t.Error("the choice page forgets the refusal")
	}
}

func TestTheOtherButtonOfAFormThatWasSentShowsTheChoiceAgain(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	page := b.get(choicePage + "?lang=en")
	b.post(choicePage, page.form("declined"))
	again := b.post(choicePage+"?lang=en", page.form("accepted"))
	if again.status != http.StatusConflict || !strings.Contains(again.text(), "did not record your choice") || len(w.history("ana")) != 1 {
		t.Fatalf("answered %d with %d records: %s", again.status, len(w.history("ana")), again.text())
	}
	if done := b.post(choicePage, again.form("accepted")); !strings.Contains(done.text(), "You have accepted") {
		t.Errorf("the page shown instead does not take the choice: %d %s", done.status, done.text())
	}
}

func TestTheFormOfAChoiceDoesNotWithdrawIt(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	form := b.get(choicePage + "?lang=en").form("accepted")
	b.post(choicePage, form)
	form.Set("action", "withdrawn")
	form.Set("idempotency_key", "another")
	b.post(choicePage, form) // its page, which the record would name, did not say what withdrawing does
	if got := w.history("ana"); len(got) != 1 {
		t.Errorf("%d records, the last %s with the page %q", len(got), got[len(got)-1].Action, form.Get("shown"))
	}
}

func TestAFormThatSaysTwoThingsSaysNothing(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	form := b.get(choicePage).form("declined")
	form.Add("action", "accepted")
	if got := b.post(choicePage, form); got.status != http.StatusBadRequest || len(w.history("ana")) != 0 {
		t.Errorf("answered %d with %d records", got.status, len(w.history("ana")))
	}
}

func TestDecidingLaterIsCountedOncePerForm(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	page := b.get(choicePage + "?lang=en")
	w.walk(w.clock().Add(time.Minute))
	first, again := b.post(choicePage, page.form("later")), b.post(choicePage, page.form("later"))
	for _, got := range []seen{first, again} {
		if got.path != choicePage+"/later" || !strings.Contains(got.text(), "before 17 January 2021, 08:01 UTC") || !strings.Contains(got.text(), "1 more time.") {
			t.Fatalf("led to %s: %s", got.path, got.text())
		}
	}
	w.walk(w.clock().Add(8 * day))
	b = w.signedIn("ana")
	page = b.get(choicePage + "?lang=en")
	last := page.form("later")
	b.post(choicePage, last)
	w.walk(w.clock().Add(8 * day))
	b = w.signedIn("ana")
	spent := b.get(choicePage + "?lang=en")
	if strings.Contains(spent.body, `value="later"`) || !strings.Contains(spent.text(), "as often as you can") {
		t.Error("the third button is still there")
	}
	if got := b.post(choicePage, spent.form("later")); got.status != http.StatusConflict || !strings.Contains(got.text(), "Você não pode adiar de novo") {
		t.Errorf("a fourth time answered %d: %s", got.status, got.text())
	}
	if len(w.history("ana")) > 0 {
		t.Error("deciding later was recorded as a choice")
	}
}

func TestAChoiceAboutTextsThatAreNotCurrentIsRefusedWithTheCurrentOnes(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	b := w.signedIn("ana")
	page := b.get(choicePage + "?lang=en")
	w.publish("2021-01-05")
	w.activate(plan("2021-01-05"))
	got := b.post(choicePage+"?lang=en", page.form("accepted"))
	if got.status != http.StatusConflict || !strings.Contains(got.text(), "The terms changed while you were reading") || !strings.Contains(got.text(), "version 2021-01-05") {
		t.Fatalf("answered %d: %s", got.status, got.text())
	}
	if len(w.history("ana")) > 0 {
		t.Fatal("recorded all the same")
	}
	if done := b.post(choicePage, got.form("accepted")); !strings.Contains(done.text(), "You have accepted") {
		t.Errorf("the page shown instead does not take the choice: %d %s", done.status, done.text())
	}
}

func TestAFormThatIsNotThePersonsOwnRecordsNothing(t *testing.T) {
	t.Parallel()
	w := open(t, ana(), tracker.Person{ID: "ben", Country: "IN", Locale: "hi"})
	a, b := w.signedIn("ana"), w.signedIn("ben")
	page := a.get(choicePage)
	for name, form := range map[string]url.Values{
		"no token": {"action": {"accepted"}, "idempotency_key": {"x"}}, "forged": {"action": {"accepted"}, "idempotency_key": {"x"}, "shown": {"a.b.c"}},
		"another's": page.form("accepted"),
	} {
		if got := b.post(choicePage+"?lang=en", form); got.status != http.StatusConflict || !strings.Contains(got.text(), "open for too long") {
			t.Errorf("%s: answered %d", name, got.status)
		}
	}
	if got := w.browser().post(choicePage+"?lang=en", page.form("accepted")); got.status != http.StatusUnauthorized || !strings.Contains(got.text(), "We do not know who you are") {
		t.Errorf("a stranger: answered %d", got.status)
	}
	if got := a.post(choicePage, page.form("accepted"), "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
		t.Errorf("from another site: answered %d", got.status)
	}
	if got := a.post(choicePage, page.form("perhaps")); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an action that is none: answered %d", got.status)
	}
	if len(w.history("ana"))+len(w.history("ben")) > 0 {
		t.Error("something was recorded")
	}
}

func TestAFormOutlivesTheSessionButNotTheMonths(t *testing.T) {
	t.Parallel()
	w := open(t, ana())
	page := w.signedIn("ana").get(choicePage + "?lang=en")
	w.walk(w.clock().Add(3 * day))
	b := w.browser()
	if got := b.post(choicePage, page.form("accepted")); got.status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", got.status)
	}
	if got := w.signedIn("ana").post(choicePage, page.form("accepted")); !strings.Contains(got.text(), "You have accepted") {
		t.Errorf("after signing in again: %d %s", got.status, got.text())
	}
}
