package terms_test

import (
	"time"

	"assent/terms"
)

const day = 24 * time.Hour

var (
	announce = time.Date(2021, 1, 6, 0, 0, 0, 0, time.UTC)
	deadline = time.Date(2021, 5, 15, 0, 0, 0, 0, time.UTC)
)

// catalogue is a small one with every kind of capability.
func catalogue() terms.Catalogue {
	boolean := func(key string) terms.Capability {
		return terms.Capability{Key: key, Kind: terms.Boolean, OnDeny: terms.Reject, Values: []terms.Value{terms.BoolValue(true), terms.BoolValue(false)}}
	}
	exit, grant := boolean("terms.respond"), boolean("business.data_sharing")
	exit.ExitRight, grant.Grant = true, true
	return terms.Catalogue{
		boolean("chats.list"), boolean("messages.send"), boolean("calls.answer"), boolean("messages.receive"),
		{Key: "groups.size", Kind: terms.Integer, OnDeny: terms.Reject, Values: []terms.Value{terms.IntValue(256), terms.IntValue(0)}},
		{Key: "media.quality", Kind: terms.String, OnDeny: terms.Reject, Values: []terms.Value{terms.TextValue("original"), terms.TextValue("reduced"), terms.TextValue("none")}},
		exit, grant,
	}
}

// plan is the ladder of 2021.
func plan() terms.Plan {
	week := 7 * day
	return terms.Plan{
		Campaign: "new-terms-2021", Number: 1, Title: terms.Texts{"en": "Our terms are changing"},
		Documents:  []terms.DocumentRef{{Document: "terms-of-service", Version: "2021-01-04"}},
		AnnounceAt: announce, Deadline: deadline, NoticePeriod: 30 * day,
		Audience: terms.Audience{AccountTypes: []terms.AccountType{terms.Personal, terms.Business}},
		Snooze:   terms.Snooze{For: week, Max: 8},
		Grants:   []string{"business.data_sharing"},
		Stages: []terms.Stage{
			{Key: "announced", FromAnnounce: true, Reminder: terms.Reminder{Mode: terms.Banner, Every: week, Dismissible: true}},
			{Key: "reminded", Reminder: terms.Reminder{Mode: terms.Banner, Every: week, Dismissible: true}},
			{Key: "persistent", After: 28 * day, Reminder: terms.Reminder{Mode: terms.FullScreen, EveryOpen: true}, FinalWarning: day},
			{Key: "limited", After: 35 * day, Dwell: &week, Spread: 14 * day, Off: []string{"chats.list", "messages.send"}, Set: []terms.SetValue{{Capability: "groups.size", Value: terms.IntValue(8)}}},
			{Key: "suspended_delivery", After: 63 * day, Off: []string{"calls.answer", "messages.receive", "groups.size"}},
		},
		Regions: []terms.Region{
			{Key: "eea-uk", Countries: []string{"DE", "GB"}, Reminder: &terms.Reminder{AskOnce: true}, LastStage: "reminded"},
			{Key: "turkey", Countries: []string{"TR"}, Effect: terms.Void, LastStage: "announced"},
		},
	}
}

// enrolled is a person of Brazil who came in with the announcement.
func enrolled(p terms.Plan, country string) terms.Enrollment {
	return terms.Enroll(p, "ana", country, terms.Personal, announce.Add(-400*day), announce.Add(-2*day))
}
