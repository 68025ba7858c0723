package templates_test

import (
	"testing"
	"time"

	"assent/templates"
)

// sample is one page with one view worth looking at.
type sample struct {
	page, name string
	view       any
}

func day(text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}

const summaryText = `### Messages you send to a business

**Now:** The business you write to receives your message.

**From 15 May 2021:** The business, and a hosting provider that answers for it, can receive your message. The chat is labelled where this is so.

### Shopping in chats

**Now:** Not available.

**From 15 May 2021:** You can order from a business in a chat. We keep what you order, the amount and the date for 24 months.

## What stays the same

- Personal messages and calls stay end-to-end encrypted. We cannot read or hear them.
- Your privacy settings stay exactly as you set them.
`

const termsText = `# Harbor Terms of Service

These terms apply from 15 May 2021.

## 1.1 Who we are

Harbor is a messaging service of Harbor Messaging Ltd. See the [privacy policy](/legal/privacy-policy/4.0).

## 3.2 What you may not do

- break the law;
- threaten *people*;
- attack the **service**.

### Details

| Case | What we do |
|---|---|
| First | We warn you |
`

func documents(t *testing.T) []templates.Document {
	t.Helper()
	summary, err := templates.Summarise([]byte(summaryText))
	if err != nil {
		t.Fatal(err)
	}
	privacy, err := templates.Summarise([]byte("### The company that shows you advertisements\n\nOnly if you accept, it may learn that you wrote to a business, and when. **Never** what you wrote.\n"))
	if err != nil {
		t.Fatal(err)
	}
	sha := "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	return []templates.Document{
		{Title: "Terms of Service", Version: "2021-01-04", URL: "/legal/terms-of-service/2021-01-04?lang=en", Locale: "en", SHA256: sha, Minutes: 11, Summary: summary,
			Before: &templates.Before{Version: "2020-03-04", At: day("2020-03-09 12:00"), URL: "/legal/terms-of-service/2020-03-04?lang=en",
				CompareURL: "/legal/terms-of-service/2021-01-04/compare?from=2020-03-04"}},
		{Title: "Privacy Policy", Version: "2021-01-04", URL: "/legal/privacy-policy/2021-01-04?lang=en", Locale: "en", SHA256: sha, Minutes: 1, Summary: privacy},
	}
}

func fullFrame(pages *templates.Pages, l templates.Locale) templates.Frame {
	return templates.Frame{
		Locale: l, Brand: "Harbor", Imprint: "Harbor Messaging Ltd, 12 Quay Street, Dublin 2, Ireland", LanguageURL: "/language?back=%2Fme%2Fterms",
		HomeURL: "/", HelpURL: "/help", PrivacyURL: "/legal/privacy-policy/2021-01-04", TermsURL: "/me/terms", ExportURL: "/me/export", CloseURL: "/me/close",
	}
}

func steps() templates.Steps {
	return templates.Steps{
		{At: day("2021-05-15 00:00"), Reminder: "banner"},
		{At: day("2021-06-12 00:00"), Reminder: "full_screen"},
		{At: day("2021-06-19 00:00"), Stops: []string{"Chat list", "Chat history", "Send messages", "Place calls"}},
		{Stops: []string{"Receive messages", "Notifications", "Answer calls"}},
	}
}

func rights() []string {
	return []string{"Read the terms", "Accept or decline", "Export my data", "Delete my account", "Leave groups", "Block contacts", "Contact support", "Emergency calls"}
}

func choice(t *testing.T, f templates.Frame) templates.Choice {
	return templates.Choice{
		Frame: f, Title: "Our terms are changing", Stage: templates.StageNotice,
		Now: day("2021-01-10 08:00"), From: day("2021-05-15 00:00"),
		Documents: documents(t), Grants: []string{"Share with advertisers that you wrote to a business"}, Rights: rights(), Steps: steps(),
		Form: &templates.ChoiceForm{Action: "/t/new-terms-2021", Shown: "key.body.mac", IdempotencyKey: "0198c0de", SnoozeDays: 7, SnoozesLeft: 8},
	}
}

// choices are the states of the choice page.
func choices(t *testing.T, f templates.Frame) []sample {
	t.Helper()
	state := func(name string, change func(c *templates.Choice)) sample {
		c := choice(t, f)
		change(&c)
		return sample{"people/choice", name, c}
	}
	return []sample{
		state("notice", func(*templates.Choice) {}),
		state("moved", func(c *templates.Choice) { c.Was, c.Now = day("2021-02-08 00:00"), day("2021-05-14 09:00") }),
		state("today", func(c *templates.Choice) { c.Now, c.From = day("2021-05-15 08:00"), day("2021-05-15 12:00") }),
		state("reminder", func(c *templates.Choice) {
			c.Stage, c.Now, c.Snoozed = templates.StageReminder, day("2021-05-20 08:00"), day("2021-05-17 08:00")
			c.Steps[0].Reached, c.Form.SnoozesLeft = true, 1
		}),
		state("persistent", func(c *templates.Choice) {
			c.Stage, c.Now, c.Form.SnoozesLeft = templates.StagePersistent, day("2021-06-13 08:00"), 0
		}),
		state("limited", func(c *templates.Choice) {
			c.Stage, c.Now, c.Declined = templates.StageRestricted, day("2021-06-25 08:00"), day("2021-03-01 08:00")
			c.Off, c.OffSince = c.Steps[2].Stops, c.Steps[2].At
			c.Still = []string{"Receive messages", "Notifications", "Answer calls"}
			c.Steps[0].Reached, c.Steps[1].Reached, c.Steps[2].Reached = true, true, true
		}),
		state("suspended", func(c *templates.Choice) {
			c.Stage, c.Now, c.Withdrawn = templates.StageRestricted, day("2021-08-25 08:00"), day("2021-02-01 08:00")
			c.Off, c.OffSince = append(c.Steps[2].Stops, c.Steps[3].Stops...), time.Time{}
		}),
		state("held", func(c *templates.Choice) { c.OnHold, c.Form = true, nil }),
		state("lifted", func(c *templates.Choice) { c.OnHold, c.Lifted, c.Void = true, true, true }),
		state("void", func(c *templates.Choice) {
			c.Void, c.Case.Messages, c.Steps = true, []string{"The competition authority of Turkey has asked us to wait."}, c.Steps[:1]
		}),
		state("taken back", func(c *templates.Choice) {
			c.Case = templates.Case{Messages: []string{"A court asked us to wait."}, Reversed: true, Hours: &templates.Hours{From: "09:00", Until: "13:00"}}
			c.Steps[2].Hours = c.Case.Hours
		}),
		state("refused", func(c *templates.Choice) { c.Refused, c.Documents[0].Locale = templates.FaultTermsChanged, "ar" }),
		{"people/choice", "empty", templates.Choice{Frame: templates.Frame{Locale: f.Locale}}},
	}
}

// samples are all pages, each with a full and an empty view.
func samples(t *testing.T, pages *templates.Pages, l templates.Locale) []sample {
	t.Helper()
	f, bare := fullFrame(pages, l), templates.Frame{Locale: l}
	answer := templates.Answer{Campaign: "Our terms are changing", At: day("2021-06-26 09:41"), Reference: "rcp_01jyv9x3k8", ReceiptURL: "/receipts/rcp_01jyv9x3k8", ChangeURL: "/t/new-terms-2021", Documents: documents(t)}
	text, err := templates.RenderMarkdown([]byte(termsText))
	if err != nil {
		t.Fatal(err)
	}
	names := rights()
	list := append(choices(t, f),
		sample{"people/home", "full", templates.Home{Frame: f, Title: "Harbor", Lead: "A messenger.", Links: []templates.Link{{URL: "/me/terms", Text: "My terms", Note: "demo"}, {URL: "/staff", Text: "Staff"}}}},
		sample{"people/home", "empty", templates.Home{Frame: bare}},
		sample{"people/accepted", "full", templates.Accepted{Frame: f, Answer: answer, Restored: names[:3], Granted: names[:1], Void: true}},
		sample{"people/accepted", "ahead", templates.Accepted{Frame: f, Answer: answer, From: day("2021-07-01 00:00")}},
		sample{"people/accepted", "empty", templates.Accepted{Frame: bare}},
		sample{"people/declined", "full", templates.Declined{Frame: f, Answer: answer, Keeps: names, Steps: steps()}},
		sample{"people/declined", "withdrawn", templates.Declined{Frame: f, Answer: answer, Withdrawn: true}},
		sample{"people/declined", "empty", templates.Declined{Frame: bare}},
		sample{"people/nothing", "excused", templates.Nothing{Frame: f, Title: "Our terms are changing", Reason: templates.ReasonExcused, Until: day("2021-08-01 00:00")}},
		sample{"people/later", "full", templates.Later{Frame: f, RemindAt: day("2021-07-03 09:41"), Left: 2, ChangeURL: "/t/new-terms-2021"}},
		sample{"people/later", "empty", templates.Later{Frame: bare}},
		sample{"gateway/refused", "full", templates.Refused{Locale: l, Brand: "Harbor", Name: "Send messages", AcceptURL: "https://terms.example.org/t/new-terms-2021?lang=en"}},
		sample{"gateway/refused", "empty", templates.Refused{Locale: l}},
		sample{"people/quiet", "full", templates.Quiet{Frame: f, Action: "/u/k.b.m", Done: true, Silent: true}},
		sample{"people/quiet", "again", templates.Quiet{Frame: f, Action: "/u/k.b.m", Done: true}},
		sample{"people/quiet", "empty", templates.Quiet{Frame: bare}},
		sample{"people/language", "full", templates.Language{Frame: f, Action: "/language", Back: "/t/new-terms-2021", Languages: pages.Locales(), Known: true}},
		sample{"people/language", "nobody known", templates.Language{Frame: f, Action: "/language", Languages: pages.Locales()}},
		sample{"people/language", "empty", templates.Language{Frame: bare}},
		sample{"people/receipt", "full", templates.Receipt{Frame: f, Answer: answer, Action: "accepted", Person: "person-00042", PresentedAt: day("2021-06-26 09:40"), Spoken: pages.Match("fr"), Method: "page",
			Sentence: "En choisissant …", Button: "Accepter les nouvelles conditions", Region: "BR", Stage: "limited", Known: true, Off: names[:3], JSONURL: "/api/v1/receipts/rcp_01jyv9x3k8",
			Proof: &templates.Proof{Index: 18401, Size: 18422, LeafHash: "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=", Checkpoint: "assent.example/log\n18422\nLCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=\n\n— assent.example/log abcdefgh\n", KeyURL: "/ledger/key"}}},
		sample{"people/receipt", "empty", templates.Receipt{Frame: bare, Action: "declined", Method: "import", Spoken: l}},
		sample{"people/features", "full", templates.Features{Frame: f, Campaign: "Our terms are changing", Case: templates.Case{Messages: []string{"A court asked us to wait."}, Reversed: true}, ChoiceURL: "/t/new-terms-2021", NextAt: day("2021-07-17 00:00"),
			Off:     []templates.Feature{{Name: "Chat list", Why: "stage", Since: day("2021-06-19 00:00")}, {Name: "Send messages", Why: "stage", Since: day("2021-06-19 00:00"), Value: "0"}},
			Next:    []templates.Feature{{Name: "Receive messages"}},
			Waiting: []templates.Feature{{Name: "Share with advertisers", Why: "not_accepted"}, {Name: "Second", Why: "void_effect"}, {Name: "Third", Why: "hold"}},
			On:      []templates.Feature{{Name: "Answer calls"}}, Always: []templates.Feature{{Name: names[0]}, {Name: names[7]}}}},
		sample{"people/features", "undated", templates.Features{Frame: f, Next: []templates.Feature{{Name: "Receive messages"}}}},
		sample{"people/features", "empty", templates.Features{Frame: bare}},
		sample{"people/mine", "full", templates.Mine{Frame: f, Person: "person-00042", Reminders: &templates.RemindersForm{Action: "/me/reminders"}, CanSignOut: true, Campaigns: []templates.MyCampaign{
			{Title: "Our terms are changing", Status: "accepted", Since: answer.At, ChoiceURL: "/t/new-terms-2021", Withdraw: &templates.WithdrawForm{Action: "/t/new-terms-2021", Shown: "k.b.m", IdempotencyKey: "0198", GraceDays: 30}},
			{Title: "Payments", Status: "pending", ChoiceURL: "/t/payments", Off: names[:3], OffSince: day("2021-06-19 00:00"), Hours: &templates.Hours{From: "09:00", Until: "13:00"}, WorksURL: "/t/payments/features"}, {Title: "Stickers", Status: "declined"}, {Title: "Bots", Status: "exempt"}, {Title: "Shops", Status: "pending", Ended: true},
		}, DataURL: "/me/terms/data.json", EvidenceURL: "/me/terms/evidence.zip", History: []templates.Entry{
			{Action: "accepted", At: answer.At, Campaign: "Our terms are changing", Documents: documents(t), ReceiptURL: "/receipts/a"},
			{Action: "withdrawn", At: day("2021-04-01 10:00"), ReceiptURL: "/receipts/b"}, {Action: "declined", At: day("2021-03-01 10:00"), ReceiptURL: "/receipts/c"},
		}}},
		sample{"people/mine", "no reminders", templates.Mine{Frame: f, Reminders: &templates.RemindersForm{Action: "/me/reminders", Silent: true}}},
		sample{"people/mine", "empty", templates.Mine{Frame: bare}},
		sample{"people/legal", "full", templates.Legal{Frame: f, Document: documents(t)[0], Text: text, Effective: day("2021-05-15 00:00"), Published: day("2021-01-04 00:00"),
			Texts: []templates.TextLink{{Tag: "en", Name: "English", URL: "?lang=en"}, {Tag: "ar", Name: "العربية", URL: "?lang=ar"}}, CompareURL: "/legal/terms-of-service/2021-01-04/compare", NewerURL: "/legal/terms-of-service/2022-01-01", Newer: "2022-01-01", DownloadURL: "/legal/terms-of-service/2021-01-04?format=markdown", ChoiceURL: "/t/new-terms-2021"}},
		sample{"people/legal", "empty", templates.Legal{Frame: bare}},
		sample{"people/compare", "inline", compared(t, f, func(*templates.Compare) {})},
		sample{"people/compare", "side by side", compared(t, f, func(c *templates.Compare) { c.Side, c.All, c.Mine = true, true, true })},
		sample{"people/compare", "side by side, changes", compared(t, f, func(c *templates.Compare) { c.Side = true })},
		sample{"people/compare", "whole, foreign", compared(t, f, func(c *templates.Compare) { c.All, c.Document.Locale = true, "ar" })},
		sample{"people/compare", "empty", templates.Compare{Frame: bare}},
		sample{"people/banner", "full", templates.Banner{Choice: choice(t, f), Campaign: "new-terms-2021", Mode: "banner", Dismissible: true, URL: "/t/new-terms-2021"}},
		sample{"people/banner", "empty", templates.Banner{Choice: templates.Choice{Frame: bare}, Mode: "none"}},
	)
	for _, reason := range []templates.NothingReason{templates.ReasonNotAnnounced, templates.ReasonExempt, templates.ReasonEnded, templates.ReasonExcused, templates.ReasonBound} {
		list = append(list, sample{"people/nothing", string(reason), templates.Nothing{Frame: f, Title: "Our terms are changing", Reason: reason}})
	}
	list = append(list, sample{"people/nothing", "empty", templates.Nothing{Frame: bare, Reason: templates.ReasonEnded}})
	for _, method := range []string{"signed_link", "api", "on_behalf"} {
		list = append(list, sample{"people/receipt", method, templates.Receipt{Frame: f, Answer: answer, Action: "withdrawn", Method: method, Spoken: l, Stage: "announced", Known: method != "api"}})
	}
	return append(list, faults(f, bare)...)
}

// earlierText is what termsText was before.
const earlierText = `# Harbor Terms of Service

These terms apply from 4 March 2020.

## 1.1 Who we are

Harbor is a messaging service of Harbor Messaging Ltd. See the [privacy policy](/legal/privacy-policy/3.2).

## 2 Fees

Harbor costs nothing.

## 3.2 What you may not do

- break the law;
- threaten anybody;
- attack the service.
`

func compared(t *testing.T, f templates.Frame, change func(c *templates.Compare)) templates.Compare {
	t.Helper()
	view := templates.Compare{
		Frame: f, Document: documents(t)[0], Before: *documents(t)[0].Before, Comparison: templates.CompareMarkdown([]byte(earlierText), []byte(termsText)),
		Views: templates.CompareViews{Inline: "?view=inline", Side: "?view=side", Changes: "?show=changes", All: "?show=all"},
		Texts: []templates.TextLink{{Tag: "en", Name: "English"}, {Tag: "ar", Name: "العربية"}}, ChoiceURL: "/t/new-terms-2021",
	}
	change(&view)
	return view
}

func faults(f, bare templates.Frame) []sample {
	list := []sample{{"people/error", "empty", templates.Error{Frame: bare, Fault: templates.FaultOurs}}}
	for _, fault := range []templates.Fault{
		templates.FaultLinkExpired, templates.FaultLinkBroken, templates.FaultUnidentified, templates.FaultNotFound, templates.FaultTermsChanged,
		templates.FaultFormExpired, templates.FaultNoSnooze, templates.FaultTooMany, templates.FaultRequest, templates.FaultOurs,
		templates.FaultLinkUsed, templates.FaultSignIn, templates.FaultSignInDown, templates.FaultUnknownAccount,
	} {
		list = append(list, sample{"people/error", string(fault), templates.Error{Frame: f, Fault: fault, Detail: "campaign \"x\" does not exist", Reference: "req_7f3a", SignInURL: "/signin", RetryURL: "/t/new-terms-2021"}})
	}
	return list
}
