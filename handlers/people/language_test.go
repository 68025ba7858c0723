package people_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"assent/handlers/people"
	"assent/tracker"
)

func TestAChosenLanguageIsKeptForPagesAndForWhatIsSent(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	b := w.signedIn("ana")
	page := b.get(choicePage)
	if !strings.Contains(page.body, `href="/language?back=%2Ft%2Fnew-terms-2021"`) {
		t.Fatalf("nothing leads to the languages in\n%s", page.body)
	}
	asked := b.get("/language?back=" + url.QueryEscape(choicePage))
	asked.says(t, "Choose a language", "what we send you", "Français", "العربية", "As in the app")
	if got := b.post("/language", url.Values{"language": {"fr"}, "back": {choicePage}}, "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
		t.Errorf("another site's form answered %d", got.status)
	}
	got := b.post("/language", url.Values{"language": {"fr"}, "back": {choicePage}})
	if got.says(t, "Nos conditions changent"); got.path != choicePage {
		t.Errorf("it leads to %s", got.path)
	}
	w.try(w.SetContact(t.Context(), "ana", tracker.Contact{Email: "ana@example.org"})) // the platform does not undo it
	b.get("/me/terms").says(t, "Mes conditions")
	b.get("/me/terms?lang=es").says(t, "Mis condiciones")
	banner, _, err := people.Reminder(t.Context(), w.options, "ana", "new-terms-2021", "", "https://terms.example.org/t")
	if w.try(err); banner.Tag() != "fr" {
		t.Errorf("the app reminds in %s", banner.Tag())
	}
	if language, _, err := w.SpokenTo(t.Context(), "ana"); language != "fr" || err != nil {
		t.Errorf("mails are in %s (%v)", language, err)
	}
	b.post("/language", url.Values{"language": {""}, "back": {"/me/terms"}}).says(t, "My terms")
}

func TestALanguageIsChosenByAnybodyAndLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	b := w.browser()
	asked := b.get("/language?back=%2Flegal%2Fterms-of-service%2F2021-01-04")
	asked.says(t, "Choose a language")
	if strings.Contains(asked.text(), "As in the app") {
		t.Error("a stranger is offered the language of an account")
	}
	b.post("/language", url.Values{"language": {"fr"}, "back": {"/legal/terms-of-service/2021-01-04"}}).says(t, "Soyez gentil.")
	for _, elsewhere := range []string{"https://example.com/", "//example.com", `/\example.com`, "javascript:alert(1)", ""} {
		if got := b.post("/language", url.Values{"language": {"fr"}, "back": {elsewhere}}); got.status != http.StatusOK || got.path != "/" {
			t.Errorf("%q leads to %d at %s", elsewhere, got.status, got.path)
		}
	}
	if got := b.post("/language", url.Values{"language": {"tlh"}, "back": {"/"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown language answered %d", got.status)
	}
}
