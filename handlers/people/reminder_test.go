package people_test

import (
	"strings"
	"testing"

	"assent/handlers/people"
	"assent/terms"
	"assent/tracker"
)

const acceptURL = "https://terms.example.org/t/new-terms-2021"

func TestAnAppIsToldWhatToShowInThePersonsWords(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "fr"})
	remind := func() (mode, summary, labels string) {
		t.Helper()
		b, texts, err := people.Reminder(t.Context(), w.options, "ana", "new-terms-2021", "", acceptURL)
		w.try(err)
		if b.URL != acceptURL+"?lang=fr" || len(texts) != 2 || texts[0].Locale != "fr" {
			t.Errorf("leads to %s about %v", b.URL, texts)
		}
		summary, err = b.Summary()
		w.try(err)
		actions, err := b.Actions()
		w.try(err)
		for _, a := range actions {
			labels += a.Action + "=" + a.Label + ";"
		}
		return b.Mode, summary, labels
	}
	const all = "accepted=Accepter les nouvelles conditions;declined=Refuser les nouvelles conditions;later=Décider plus tard;"
	if mode, summary, labels := remind(); mode != "banner" || !strings.HasPrefix(summary, "À compter du 15 mai 2021.") || labels != all {
		t.Errorf("announced: %s, %q, %s", mode, summary, labels)
	}
	_, err := w.Snooze(t.Context(), "ana", "new-terms-2021")
	w.try(err)
	if mode, _, labels := remind(); mode != "none" || labels != "" {
		t.Errorf("put off: %s, %s", mode, labels)
	}
	w.notice("ana")
	for _, at := range []int{1, 29} {
		w.walk(deadline.AddDate(0, 0, at))
		w.notice("ana")
	}
	if mode, summary, _ := remind(); mode != "full_screen" || !strings.Contains(summary, "au plus tôt") || !strings.Contains(summary, "Send messages") {
		t.Errorf("persistent: %s, %q", mode, summary)
	}
	w.walk(deadline.AddDate(0, 0, 36))
	if _, summary, _ := remind(); summary != "Ceci ne fonctionne plus jusqu’à ce que vous acceptiez : Send messages." {
		t.Errorf("limited: %q", summary)
	}
	b := w.signedIn("ana")
	b.post(choicePage, b.get(choicePage).form(string(terms.Accept)))
	if mode, _, labels := remind(); mode != "none" || labels != "" {
		t.Errorf("accepted: %s, %s", mode, labels)
	}
}

func TestAPersonIsSentBackOnlyWhereTheOperatorAllows(t *testing.T) {
	t.Parallel()
	w := open(t, ana())

	for to, allowed := range map[string]bool{
		"harbor://settings/terms": true, "harbor:settings": true, "https://app.example.org/chats?x=1": true, "https://app.example.org": true,
		"https://app.example.org.evil.example/": false, "https://evil.example/": false, "http://app.example.org/": false, "//evil.example": false,
		"https://app.example.org@evil.example/": false, "https://x@app.example.org/": false, "javascript:alert(1)": false, "data:text/html,x": false,
		"/staff": false, "HARBOR://x": true, "https://app.example.org\\@evil.example": false, " harbor:x": false,
	} {
		b := w.signedIn("ana")
		b.get(choicePage + "?lang=en&return=" + strings.NewReplacer("&", "%26", "?", "%3F", " ", "%20", "\\", "%5C", "#", "%23").Replace(to))
		page := b.get("/me/terms?lang=en")
		leads := strings.Contains(page.body, `"><span>Back to Harbor`) && !strings.Contains(page.body, `<li><a href="/"><span>Back`)
		if leads != allowed {
			t.Errorf("%q: leads back %t, allowed %t", to, leads, allowed)
		}
		if choice := b.get(choicePage + "?lang=en"); strings.Contains(choice.body, "example.org/chats") || strings.Contains(choice.body, "harbor:") {
			t.Errorf("%q stands in the page that is kept", to)
		}
	}
}
