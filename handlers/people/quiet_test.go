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
