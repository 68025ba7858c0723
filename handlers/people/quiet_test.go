package people_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

func TestRemindersEndInOneClickAndLookingEndsNothing(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en", Type: terms.Personal})
	silenced := func() bool {
		c, err := w.ContactOf(t.Context(), "ana")
		w.try(err)
		return !c.Silenced.IsZero()
	}
	w.try(w.SetContact(t.Context(), "ana", tracker.Contact{Email: "ana@example.org"}))
	path := "/u/" + w.signer.Sign(tokens.Unsubscribe, tokens.Claims{Person: "ana"}, w.clock(), time.Hour)
	for range 2 { // as a mail scanner does
		if page := w.browser().get(path); page.status != http.StatusOK || silenced() {
			t.Fatalf("looking: %d, silenced %v", page.status, silenced())
		}
	}
	// What a mail program posts: no cookie, another origin, no page wanted.
	if done := w.browser().post(path, url.Values{"List-Unsubscribe": {"One-Click"}}, "Origin", "https://mail.example.com", "Sec-Fetch-Site", "cross-site"); done.status != http.StatusOK || !silenced() {
		t.Fatalf("one click: %d, silenced %v", done.status, silenced())
	}
	w.try(w.Silence(t.Context(), "ana", false))
	// RFC 8058 wants the form in parts, and lets it be one line.
	const parts = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
	for body, want := range map[string]int{"--x\r\nnothing": http.StatusBadRequest, strings.Replace(parts, "One-Click", strings.Repeat("x", 70<<10), 1): http.StatusRequestEntityTooLarge, parts: http.StatusOK} {
		if got := w.browser().send(path, "multipart/form-data; boundary=x", body, "Origin", "https://mail.example.com"); got.status != want || silenced() != (want == http.StatusOK) {
			t.Errorf("in parts, %d bytes: %d, silenced %v, want %d", len(body), got.status, silenced(), want)
		}
		w.try(w.Silence(t.Context(), "ana", false))
	}
	w.try(w.Silence(t.Context(), "ana", true))
	w.browser().get(path).says(t, "You get no more reminders by e-mail.", "Send me reminders again")
	w.browser().get(path, "Accept-Language", "de, ar;q=0.5").says(t, "You get no more reminders") // the language of the mail
	if again := w.browser().post(path, url.Values{"reminders": {"on"}}); !strings.Contains(again.text(), "again") || silenced() {
		t.Errorf("%d, silenced %v", again.status, silenced())
	}
	for name, bad := range map[string]string{
		"another purpose": w.signer.Sign(tokens.NoticeLink, tokens.Claims{Person: "ana"}, w.clock(), time.Hour),
		"forged":          strings.TrimPrefix(path, "/u/") + "x",
	} {
		if got := w.browser().post("/u/"+bad, url.Values{}); got.status != http.StatusNotFound || silenced() {
			t.Errorf("%s: %d", name, got.status)
		}
	}
}

func TestRemindersAreSwitchedOnMyTermsByWhoeverIsWrittenTo(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en", Type: terms.Personal})
	b := w.signedIn("ana")
	if got := b.get("/me/terms"); strings.Contains(got.text(), "End reminders") {
		t.Error("somebody without an address is offered to end e-mail")
	}
	w.try(w.SetContact(t.Context(), "ana", tracker.Contact{Email: "ana@example.org"}))
	b.get("/me/terms").says(t, "Reminders by e-mail", "End reminders")
	if got := b.post("/me/reminders", url.Values{"reminders": {"off"}}, "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
		t.Errorf("another site's form answered %d", got.status)
	}
	b.post("/me/reminders?lang=fr", url.Values{"reminders": {"off"}}).says(t, "Mes conditions")
	b.get("/me/terms").says(t, "You get no more reminders by e-mail.", "Send me reminders again")
	b.post("/me/reminders", url.Values{"reminders": {"on"}}).says(t, "End reminders")
	w.try(w.SetContact(t.Context(), "ana", tracker.Contact{Email: "ana@example.org", Channels: []tracker.Channel{tracker.InApp}}))
	if got := b.get("/me/terms"); strings.Contains(got.text(), "End reminders") {
		t.Error("somebody who may not be written to is offered to end it")
	}
	if got := w.browser().post("/me/reminders", url.Values{"reminders": {"off"}}); got.status != http.StatusUnauthorized {
		t.Errorf("a stranger got %d", got.status)
	}
}
