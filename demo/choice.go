package demo

import (
	"fmt"
	"time"

	"assent/ledger"
	"assent/terms"
	"assent/tracker"
)

// choice is the response a person's app sends: for exactly the texts it showed,
// with the circumstances that make it evidence.
func (a act) choice(now time.Time) tracker.Choice {
	action := terms.Accept
	if a.deed == declines {
		action = terms.Decline
	}
	return tracker.Choice{
		Person: a.person, Campaign: a.in.Campaign, Action: action, Documents: a.ask.shown(a.in.Locale),
		IdempotencyKey: fmt.Sprintf("demo-%s-%s-%d", a.in.Campaign, a.person, a.day),
		Method:         ledger.MethodAPI, Actor: "person",
		PresentedAt: now, RespondedAt: now,
		Details: ledger.Details{AppVersion: "Harbor 2.21.1", Device: device(a.person)},
	}
}

// shown names the texts of a campaign as a person of this locale reads them.
func (a asking) shown(locale string) []terms.DocumentText {
	out := make([]terms.DocumentText, 0, len(a.documents))
	for _, v := range a.documents {
		text, _ := v.TextIn(locale) // a published version has texts
		out = append(out, terms.DocumentText{Document: v.Document, Version: v.Version, Locale: text.Locale, SHA256: text.SHA256})
	}
	return out
}

func device(person string) string {
	models := []string{"Android 9", "Android 10", "Android 11", "iPhone, iOS 13.7", "iPhone, iOS 14.3"}
	return models[seedOf(person)%uint64(len(models))]
}
