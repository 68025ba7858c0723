package people_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tracker"
)

// says checks the words of a page, as the eye reads them.
func (s seen) says(t *testing.T, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(s.text(), want) {
			t.Errorf("%s does not say %q: %s", s.path, want, s.text())
		}
	}
}

const featuresPage = "/t/new-terms-2021/features"

func TestWhatAHoldTellsIsShownInThePersonsLanguageAndStaysText(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "fr"}, tracker.Person{ID: "bo", Country: "IN", Locale: "en"})
	_, err := w.PlaceHold(t.Context(), terms.Hold{
		Campaign: "new-terms-2021", Scope: terms.Scope{Region: "BR"}, Reason: "LEG-418", Clock: terms.ClockStop, Effect: terms.Freeze,
		Message: terms.Texts{"en": "A court asked us to wait.", "fr": "Un tribunal nous demande <script>d’attendre</script>."},
	}, "mei")
	w.try(err)
	held := w.signedIn("ana")
	for _, page := range []string{choicePage, featuresPage} {
		got := held.get(page)
		if !strings.Contains(got.body, "Un tribunal nous demande &lt;script&gt;d’attendre&lt;/script&gt;.") {
			t.Errorf("%s lacks the message in French: %s", page, got.text())
		}
	}
	if got := w.signedIn("bo").get(choicePage); strings.Contains(got.text(), "court") {
		t.Error("somebody the hold does not cover is told its message")
	}
}

func TestWhoIsTakenBackIsToldSo(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	b := w.signedIn("ana")
	if got := b.get(choicePage); strings.Contains(got.text(), "taken back") {
		t.Error("nothing was taken back yet")
	}
	_, err := w.Reverse(t.Context(), terms.Reversal{Campaign: "new-terms-2021", Region: "BR", Stage: "reminded", Reason: "It was decided"}, "mei")
	w.try(err)
	b.get(choicePage).says(t, "These limits were taken back. Nothing more stops for you.", "Nothing stops working for you.")
	b.get(choicePage+"?lang=pt-BR").says(t, "Estes limites foram retirados.")
}

func TestACampaignThatWasTakenBackAltogetherAsksNothing(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"}, tracker.Person{ID: "ben", Country: "IN", Locale: "en"})
	b := w.signedIn("ana")
	_, err := w.Reverse(t.Context(), terms.Reversal{Campaign: "new-terms-2021", Region: "BR", Stage: tracker.ToOff, Reason: "It was decided"}, "mei")
	w.try(err)
	const ended = "“Our terms are changing” has ended: we ask nothing and take nothing away."
	for _, path := range []string{choicePage, "/me/terms"} {
		got := b.get(path)
		if got.says(t, ended); strings.Contains(got.body, `name="action"`) || strings.Contains(got.body, `href="`+choicePage) {
			t.Errorf("%s asks all the same", path)
		}
	}
	if got := b.get(choicePage + "/features"); strings.Contains(got.body, `href="`+choicePage+`"`) {
		t.Error("what works leads to a choice there is not")
	}
	w.signedIn("ben").get(choicePage).says(t, "Accept new terms")
}

func TestWhoIsExcusedIsToldUntilWhen(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	_, err := w.Exempt(t.Context(), tracker.Exemption{Person: "ana", Campaign: "new-terms-2021", Until: deadline, Reason: "Ill"}, "mei")
	w.try(err)
	w.signedIn("ana").get(choicePage).says(t, "You are not asked about “Our terms are changing” until 15 May 2021.")
}

func TestABoundAccountIsToldThatItsOwnerDecides(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	next := plan("2021-01-04")
	next.Audience.Bound = []terms.AccountType{terms.Bot}
	w.activate(next)
	w.try(w.AddPeople(t.Context(), []tracker.Person{{ID: "helper", Country: "BR", Locale: "en", Type: terms.Bot, Owner: "ana", Created: announce.Add(-day)}}))
	b := w.signedIn("helper")
	got := b.get(choicePage)
	got.says(t, "The owner of this account decides about “Our terms are changing”.")
	if strings.Contains(got.body, `name="action"`) {
		t.Error("a bound account is offered a choice")
	}
	mine := b.get("/me/terms")
	mine.says(t, "The owner of this account decides")
	if strings.Contains(mine.body, `href="/t/new-terms-2021"`) {
		t.Error("a bound account is led to a choice")
	}
}

func TestHoursOfTheDayAndStagesOnTrialAreSaidAsTheyAre(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	next := plan("2021-01-04")
	next.Stages[3].BrownOut = &terms.BrownOut{At: 9 * time.Hour, For: 4 * time.Hour}
	next.Stages[4] = terms.Stage{Key: "suspended_delivery", After: 63 * day, Shadow: true, Off: []string{"calls.answer"}}
	w.activate(next)
	_, err := w.Confirm(t.Context(), "new-terms-2021", 2, "test", nil)
	if err != nil && !isConflict(err) { // it took nothing, and so it needs no confirming
		t.Fatal(err)
	}
	b := w.signedIn("ana")
	page := b.get(choicePage)
	page.says(t, "Send messages", "Only from 09:00 to 13:00 UTC, each day.")
	if strings.Count(page.text(), "Answer calls") > 0 {
		t.Errorf("a stage that is only tried is said to stop something: %s", page.text())
	}
	w.notice("ana")
	for _, at := range []time.Time{deadline.Add(day), deadline.Add(29 * day), deadline.Add(36 * day)} {
		w.walk(at)
		w.notice("ana")
	}
	w.walk(deadline.Add(45 * day)) // midnight: outside the hours
	b = w.signedIn("ana")
	b.get(choicePage).says(t, "For now, some features are off only from 09:00 to 13:00 UTC, each day.")
	if !w.can("ana", "messages.send") {
		t.Error("messages are off outside the hours")
	}
}

func isConflict(err error) bool { return strings.Contains(err.Error(), "confirmed") }

func TestAMovedDateIsThatOfThePlanThatWasActive(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	draft := plan("2021-01-04")
	draft.Deadline = deadline.Add(90 * day)
	_, err := w.AddPlan(t.Context(), draft, []byte("never used"), "test")
	w.try(err)
	moved := plan("2021-01-04")
	moved.Deadline = deadline.Add(14 * day)
	w.activate(moved)
	got := w.signedIn("ana").get(choicePage)
	if got.status != http.StatusOK {
		t.Fatalf("answered %d", got.status)
	}
	got.says(t, "From 29 May 2021", "We moved this date. Before, it was 15 May 2021.")
}
