package people_test

import (
	"strings"
	"testing"
	"time"

	"assent/ledger"
	"assent/tracker"
)

func TestTimesAreShownWhereThePersonIsAndNameTheirZone(t *testing.T) {
	t.Parallel()
	w := open(t,
		tracker.Person{ID: "ana", Country: "BR", Locale: "en"}, // has several zones
		tracker.Person{ID: "ben", Country: "IN", Locale: "en"}, // has one
		tracker.Person{ID: "kai", Country: "US", Locale: "en", Contact: &tracker.Contact{Zone: "Pacific/Honolulu"}},
		tracker.Person{ID: "lee", Country: "AU", Locale: "en", Contact: &tracker.Contact{Zone: "NZ"}}, // a zone that is named like a country
		tracker.Person{ID: "nia", Country: "NZ", Locale: "en"})                                        // which has several
	w.signedIn("lee").get(choicePage).says(t, "From 15 May 2021, 12:00 UTC&#43;12")
	for person, want := range map[string]string{
		"ana": "From 15 May 2021, 00:00 UTC", "ben": "From 15 May 2021, 05:30 UTC&#43;5:30", "kai": "From 14 May 2021, 14:00 UTC-10", "nia": "From 15 May 2021, 00:00 UTC",
	} {
		b := w.signedIn(person)
		page := b.get(choicePage)
		page.says(t, want)
		done := b.post(choicePage, page.form("accepted"))
		record, _, err := ledger.ParseRecord(w.history(person)[0].Record)
		w.try(err)
		if !strings.Contains(page.bare(), record.Sentence) {
			t.Errorf("%s was shown %s, and recorded is %q", person, page.bare(), record.Sentence)
		}
		done.says(t, "Recorded on")
		b.get("/me/terms").says(t, map[string]string{"ana": "08:00 UTC", "nia": "08:00 UTC", "ben": "13:30 UTC&#43;5:30", "kai": "9 January 2021, 22:00 UTC-10"}[person])
	}
}

func TestASentenceIsRecordedInTheZoneItWasShownIn(t *testing.T) {
	t.Parallel()
	w := open(t, tracker.Person{ID: "kai", Country: "US", Locale: "en", Contact: &tracker.Contact{Zone: "Pacific/Honolulu"}})
	b := w.signedIn("kai")
	page := b.get(choicePage)
	w.try(w.SetContact(t.Context(), "kai", tracker.Contact{Zone: "Asia/Tokyo"})) // moves house while reading
	w.walk(w.clock().Add(time.Hour))
	b.post(choicePage, page.form("accepted"))
	record, _, err := ledger.ParseRecord(w.history("kai")[0].Record)
	w.try(err)
	if !strings.Contains(record.Sentence, "from 14 May 2021") || !strings.Contains(page.bare(), record.Sentence) {
		t.Errorf("recorded %q", record.Sentence)
	}
}
