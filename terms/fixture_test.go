package terms_test

import (
	"time"

	"assent/terms"

	"pgregory.net/rapid"
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

// drawPlan varies the ladder of 2021 within what Validate lets through.
func drawPlan(t *rapid.T) terms.Plan {
	days := func(label string, low, high int) time.Duration {
		return time.Duration(rapid.IntRange(low, high).Draw(t, label)) * day
	}
	p := plan()
	p.NoticePeriod = days("notice", 1, 60)
	p.Deadline = p.AnnounceAt.Add(p.NoticePeriod + days("slack", 0, 100))
	after := time.Duration(0)
	for i := 1; i < len(p.Stages); i++ {
		s := &p.Stages[i]
		s.After, s.Dwell = after, nil
		s.Spread, s.FinalWarning = days("spread", 0, 20), time.Duration(rapid.IntRange(0, 72).Draw(t, "warning"))*time.Hour
		if rapid.Bool().Draw(t, "explicit dwell") {
			dwell := days("dwell", 0, 20)
			s.Dwell = &dwell
		}
		after += days("gap", 0, 30)
	}
	return p
}

// drawHolds are up to three holds, overlapping or not.
func drawHolds(t *rapid.T) []terms.Hold {
	var holds []terms.Hold
	for range rapid.IntRange(0, 3).Draw(t, "holds") {
		h := terms.Hold{
			ID: "h", Campaign: "new-terms-2021",
			Clock:  rapid.SampledFrom([]terms.HoldClock{terms.ClockStop, terms.ClockContinue, terms.ClockRestart}).Draw(t, "clock"),
			Effect: rapid.SampledFrom([]terms.HoldEffect{terms.Freeze, terms.Lift}).Draw(t, "effect"),
			Scope:  terms.Scope{Region: rapid.SampledFrom([]string{"", "BR", "eea-uk", "US"}).Draw(t, "scope")},
			Starts: announce.Add(time.Duration(rapid.IntRange(0, 8000).Draw(t, "starts")) * time.Hour),
		}
		if rapid.Bool().Draw(t, "ends") {
			h.Ends = h.Starts.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "lasts")) * time.Hour)
		}
		holds = append(holds, h)
	}
	return holds
}

// drawLife walks a person through random notices, choices and sweeps up to an
// instant, calling seen before and after each sweep's step.
func drawLife(t *rapid.T, p terms.Plan, holds []terms.Hold, seen func(before, after terms.Enrollment, due terms.Due, now time.Time)) (terms.Enrollment, time.Time) {
	country := rapid.SampledFrom([]string{"BR", "IN", "DE", "TR"}).Draw(t, "country")
	created := announce.Add(time.Duration(rapid.IntRange(-400, 120).Draw(t, "created")) * day)
	now := announce.Add(-2 * day)
	if created.After(now) {
		now = created
	}
	e := terms.Enroll(p, rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "person"), country, terms.Personal, created, now)
	for range rapid.IntRange(1, 60).Draw(t, "events") {
		now = now.Add(time.Duration(rapid.IntRange(0, 24*20).Draw(t, "gap")) * time.Hour)
		switch rapid.IntRange(0, 12).Draw(t, "event") {
		case 0, 1, 2:
			e = e.Notice(now)
		case 3:
			if snoozed, err := e.Snooze(p, now); err == nil {
				e = snoozed
			}
		case 4:
			e = e.Respond(p, terms.Decline, now)
		case 5:
			if rapid.IntRange(0, 3).Draw(t, "accepts") == 0 {
				e = e.Respond(p, terms.Accept, now)
			}
		case 6:
			if e.Status == terms.Accepted {
				e = e.Respond(p, terms.Withdraw, now)
			}
		default:
			due := terms.Step(p, e, holds, now)
			after := e.Apply(p, due, now)
			if seen != nil {
				seen(e, after, due, now)
			}
			e = after
		}
	}
	return e, now
}
