package people_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/handlers/people"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// claims is what the token of a page's form says.
func (w *world) claims(page seen) tokens.Claims {
	w.t.Helper()
	claims, err := w.signer.Verify(tokens.Shown, page.form("").Get("shown"), w.clock())
	if err != nil {
		w.t.Fatalf("the form of %s: %v", page.path, err)
	}
	return claims
}

// blank is a page without what is its person's own.
func (s seen) blank() string {
	form := s.form("")
	return strings.NewReplacer(form.Get("shown"), "", form.Get("idempotency_key"), "").Replace(s.body)
}

func TestNobodyIsHandedAnotherPersonsFormOrLanguage(t *testing.T) {
	t.Parallel()
	const crowd, rounds = 12, 8
	persons := make([]tracker.Person, crowd)
	for i := range persons {
		persons[i] = tracker.Person{ID: fmt.Sprintf("p-%d", i), Country: "BR", Locale: "en"}
	}
	w := open(t, persons...)
	browsers := make([]*browser, crowd)
	for i := range browsers {
		browsers[i] = w.signedIn(persons[i].ID)
	}
	var mu sync.Mutex
	keys, pages := map[string]bool{}, map[string]map[string]bool{}
	var all sync.WaitGroup
	for i, b := range browsers {
		all.Go(func() {
			for j := range rounds {
				tag := []string{"en", "fr", "ar"}[(i+j)%3]
				page := b.get(choicePage + "?lang=" + tag)
				claims, form := w.claims(page), page.form("")
				if claims.Person != persons[i].ID || claims.Data["locale"] != tag || !strings.Contains(page.body, `<html lang="`+tag+`"`) {
					t.Errorf("%s asked in %s and was handed the form of %s in %s", persons[i].ID, tag, claims.Person, claims.Data["locale"])
				}
				mu.Lock()
				if keys[form.Get("idempotency_key")] {
					t.Error("two forms are one choice")
				}
				if keys[form.Get("idempotency_key")] = true; pages[tag] == nil {
					pages[tag] = map[string]bool{}
				}
				pages[tag][page.blank()] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for tag, different := range pages {
		if len(different) != 1 {
			t.Errorf("%d pages in %s are shown to those who stand alike", len(different), tag)
		}
	}
	if len(keys) != crowd*rounds {
		t.Errorf("%d forms of %d", len(keys), crowd*rounds)
	}
}

func TestWhatBeginsAndEndsIsOnTheNextPageAndOnNobodyElses(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"}, tracker.Person{ID: "eva", Country: "BR", Locale: "en"}, tracker.Person{ID: "ben", Country: "IN", Locale: "en"})
	ana, eva, ben := w.signedIn("ana"), w.signedIn("eva"), w.signedIn("ben")
	plain, elsewhere := ana.get(choicePage), ben.get(choicePage)
	if eva.get(choicePage).blank() != plain.blank() {
		t.Fatal("two who stand alike are shown something else")
	}

	hold, err := w.PlaceHold(t.Context(), terms.Hold{Campaign: "new-terms-2021", Scope: terms.Scope{Region: "BR"}, Reason: "LEG-418",
		Clock: terms.ClockStop, Effect: terms.Freeze, Message: terms.Texts{"en": "A court asked us to wait."}}, "mei")
	w.try(err)
	for _, b := range []*browser{ana, eva} {
		held := b.get(choicePage)
		held.says(t, "A court asked us to wait.")
		w.checkPage(held, w.snapshotOf(held))
	}
	if ben.get(choicePage).blank() != elsewhere.blank() {
		t.Error("a hold of another country is on the page")
	}
	_, err = w.ReleaseHold(t.Context(), "new-terms-2021", hold.ID, "LEG-419", "mei")
	w.try(err)
	if ana.get(choicePage).blank() != plain.blank() {
		t.Error("a hold that has ended is still on the page")
	}

	later := eva.post(choicePage, eva.get(choicePage).form("later"))
	if later.status != http.StatusOK {
		t.Fatalf("putting off led to %d", later.status)
	}
	eva.get(choicePage).says(t, "You chose on 10 January 2021 to decide later")
	if ana.get(choicePage).blank() != plain.blank() {
		t.Error("what eva put off is on the page of ana")
	}

	moved := plan("2021-01-04")
	moved.Title, moved.Deadline = terms.Texts{"en": "Our terms change in June"}, deadline.Add(28*day)
	w.activate(moved)
	next := ana.get(choicePage)
	next.says(t, "Our terms change in June", "12 June 2021")
	if got := w.claims(next).Plan; got != 2 {
		t.Errorf("the page of the second plan has the form of plan %d", got)
	}

	w.publish("2021-03-01")
	w.activate(plan("2021-03-01"))
	last := ana.get(choicePage)
	last.says(t, "version 2021-03-01", "12 June 2021") // the earlier deadline waits for somebody to confirm it
	if strings.Contains(last.text(), "you agree to these texts of Harbor: Terms of Service, version 2021-01-04") {
		t.Error("the page asks about the version before")
	}
	if got := ana.post(choicePage, plain.form("accepted")); got.status != http.StatusConflict || len(w.history("ana")) != 0 {
		t.Errorf("the form of the first version led to %d and recorded %d", got.status, len(w.history("ana")))
	}
	w.checkPage(plain, w.snapshotOf(plain)) // and is kept all the same

	_, err = w.Confirm(t.Context(), "new-terms-2021", 3, "ben", nil)
	w.try(err)
	ana.get(choicePage).says(t, "version 2021-03-01", "15 May 2021")
}

func TestAStageIsOnThePageOfWhoeverIsInIt(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"}, tracker.Person{ID: "eva", Country: "BR", Locale: "en"})
	for _, at := range []time.Time{deadline.Add(day), deadline.Add(29 * day), deadline.Add(36 * day)} {
		w.notice("ana") // and nobody tells eva
		w.walk(at)
	}
	ana, eva := w.signedIn("ana"), w.signedIn("eva")
	for range 2 { // made, and shown again
		ana.get(choicePage).says(t, "Off for you since")
		if got := eva.get(choicePage); strings.Contains(got.text(), "Off for you") {
			t.Error("what is off for ana is off on the page of eva")
		}
	}
}

func TestANewCatalogueIsOnThePagesAndOldFormsAreProvedWithTheOld(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	b := w.signedIn("ana")
	before := b.get(choicePage)
	before.says(t, "Send messages")
	for i := range w.Catalogue {
		if w.Catalogue[i].Key == "messages.send" {
			w.Catalogue[i].Title = terms.Texts{"en": "Write to people"}
		}
	}
	for _, anew := range []bool{false, true} { // at the same server, and at another
		if anew {
			w.serve()
		}
		after := b.get(choicePage)
		if after.says(t, "Write to people"); strings.Contains(after.text(), "Send messages") || w.snapshotOf(after) == w.snapshotOf(before) {
			t.Errorf("with a server anew (%t) the page is the old one", anew)
		}
	}
	b.post(choicePage, before.form("accepted"))
	past := w.history("ana")
	if len(past) != 1 {
		t.Fatalf("recorded %+v", past)
	}
	w.checkPage(before, w.snapshotOf(before))
}

func TestNobodyMakesPagesAnewByHowTheyAsk(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "ana", Country: "BR", Locale: "en"})
	b := w.signedIn("ana")
	w.change = func(o *people.Options) { o.ReturnTo = []string{"harbor:"} }
	w.serve()
	plain := b.get(choicePage)
	for _, asked := range []string{
		choicePage + "?x=1", choicePage + "?back=%2Fevil&lang=", choicePage + "?return=" + url.QueryEscape("harbor://1"), choicePage,
		"/t/%6eew-terms-2021", "/t/new%2Dterms-2021", "/t/new%2dterms%2d2021",
	} {
		got := b.get(asked, "Accept-Language", "en-x-"+fmt.Sprint(len(asked)), "X-Forwarded-Host", "evil.example")
		if got.status != http.StatusOK || got.blank() != plain.blank() || w.snapshotOf(got) != w.snapshotOf(plain) {
			t.Errorf("%s answers %d and is a page of its own", asked, got.status)
		}
	}
}
