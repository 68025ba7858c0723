package templates_test

import (
	"strings"
	"testing"

	"assent/templates"
)

// actSamples is every page on which staff act, full and empty.
func actSamples() []sample {
	now := day("2021-06-27 09:00")
	desk := templates.StaffFrame{Member: "Mei Tanaka", AsOf: now}
	full := desk
	full.Awaiting, full.Done = 2, "The hold is placed."
	full.Paused = &templates.StaffPause{At: now, Reason: "An incident", By: "Mei"}
	in := func(f templates.StaffFrame, tab string) templates.StaffCampaignFrame {
		return templates.StaffCampaignFrame{StaffFrame: f, Key: "new-terms-2021", Title: "Our terms are changing", Tab: tab}
	}
	number := func(text string) templates.StaffCell { return templates.StaffCell{Text: text, Number: true} }
	table := templates.StaffTable{ID: "moves", Title: "What it would do", Say: "On the facts of now.",
		Head: []templates.StaffCell{{Text: "Change"}, number("People")},
		Rows: [][]templates.StaffCell{{{Text: "Persistent to Limited", Note: "Everywhere else"}, number("1,204")}, {{Text: "p-1", URL: "/staff/people?id=p-1"}, {Text: "Held", Tone: "hold"}}}}
	hooks := table
	hooks.ID = "hooks"
	changes := []templates.StaffChange{{Text: "The deadline moves from 15 May 2021 to 1 June 2021.", Path: "deadline", Kind: "changed"}, {Text: "Limited begins sooner.", Path: "stages[3].after", Kind: "changed", Harsher: true}}
	options := []templates.StaffOption{{Value: "", Text: "Everybody", Chosen: true}, {Value: "BR", Text: "Brazil"}}
	faults := []templates.StaffFormFault{{Field: "spread", Text: "Spread: is not a length of time."}}
	hold := templates.StaffHold{Scope: "Brazil", Reason: "The authority asked.", By: "Mei", Since: now, Ends: now.AddDate(0, 1, 0), Rules: "Reminders are silent.",
		Languages: "en, pt-BR", Status: templates.StaffTag{Words: "In force", Tone: "hold"}, Ended: "Released by Lena.", ReleaseURL: "/staff/campaigns/c/holds/h/release"}
	made := templates.StaffReversalLine{URL: "/staff/campaigns/c/reversals/r", Where: "Brazil", To: "Reminded", Reminders: "No reminders.", Reason: "It was decided.", By: "Mei", At: now, Status: templates.StaffTag{Words: "In force", Tone: "hold"}}
	asked := templates.StaffApprovalLine{URL: "/staff/approvals/apr_1", What: "Take people back", Reason: "It was decided.", By: "Mei", At: now, Expires: now.AddDate(0, 0, 7), Status: templates.StaffTag{Words: "Waiting", Tone: "warn"}}
	decided := asked
	decided.DecidedBy, decided.DecidedAt = "Lena", now
	findings := []templates.StaffFinding{
		{Tag: templates.StaffTag{Words: "Stands in the way", Tone: "bad"}, Words: "A page is not kept as people would be sent it.", Where: []string{"limited in en", "limited in fr", "limited in es", "limited in ar", "limited in hi"}, Mend: "Make a dry run", URL: "/staff/x"},
		{Tag: templates.StaffTag{Words: "Look at it", Tone: "warn"}, Words: "People are asked each time they open the app.", Where: []string{"persistent"}, Mend: "Set launch.weekly"},
	}
	shots := []templates.StaffShot{{State: "Limited", Language: "English", URL: "/staff/kept/abc", SHA256: "0123456789abcdef"}, {State: "Limited", Language: "العربية", URL: "/staff/kept/def", SHA256: "abc"}}
	return []sample{
		{"staff/notices", "full", templates.StaffNotices{StaffCampaignFrame: in(full, "notices"), Counts: table, RetryDeadURL: "/staff/d", Facts: []templates.StaffFact{{Name: "Quiet hours", Value: "21:00 to 08:00", Note: "By the person's own clock"}},
			Troubled: []templates.StaffFailure{{Person: "p-9", Error: "Dead, told, ntc_7: the server refused it", RetryURL: "/staff/r", Tries: 12, At: now}, {Error: "Bounced", RetryURL: "/staff/q", At: now}}, Kinds: options, PreviewURL: "/staff/p"}},
		{"staff/notices", "empty", templates.StaffNotices{StaffCampaignFrame: in(desk, "notices"), Counts: templates.StaffTable{ID: "mails", Title: "E-mails", None: "None yet."}}},
		{"staff/notice-preview", "full", templates.StaffNoticePreview{StaffCampaignFrame: in(full, "notices"), Kind: "Told", Kinds: options, Regions: options, Stages: options, CanTest: true, TestURL: "/staff/t",
			Languages: []templates.StaffNoticeWords{{Tag: "ar", Name: "العربية", Subject: "شروطنا تتغير", Text: "نص", MailURL: "/staff/m", Title: "شروطنا تتغير", Summary: "من 15 مايو", Buttons: []string{"قبول", "رفض"}}}}},
		{"staff/notice-preview", "empty", templates.StaffNoticePreview{StaffCampaignFrame: in(desk, "notices"), Languages: []templates.StaffNoticeWords{{Tag: "en", Name: "English"}}}},
		{"staff/launch", "full", templates.StaffLaunch{StaffCampaignFrame: in(full, "launch"), Plans: options, Found: findings, Notes: findings[1:], Passed: findings[1:], Blocking: 1, Required: true, DryRunURL: "/staff/d", Events: table}},
		{"staff/launch", "empty", templates.StaffLaunch{StaffCampaignFrame: in(desk, "launch"), Events: templates.StaffTable{ID: "events", Title: "Dry runs", None: "None yet."}}},
		{"staff/sheet", "full", templates.StaffSheet{StaffCampaignFrame: in(full, "launch"), Plan: 2, Made: now, SHA256: "abc", Languages: options, States: options, Shots: shots, All: 180}},
		{"staff/sheet", "empty", templates.StaffSheet{StaffCampaignFrame: in(desk, "launch"), Made: now}},
		{"staff/check", "full", templates.StaffCheck{StaffFrame: full, Part: "campaigns", Trail: []templates.Link{{URL: "/staff", Text: "Campaigns"}, {URL: "/staff/campaigns/c", Text: "c"}},
			Heading: "Activate plan 3", Say: []string{"It binds newcomers only."}, Facts: []templates.StaffFact{{Name: "Covers", Value: "402 people", Note: "now"}}, Warnings: []string{"The deadline is earlier."},
			Changes: changes, Tables: []templates.StaffTable{table, {ID: "none", Title: "Stopped", None: "Nothing."}}, Faults: []string{"Say why."}, Second: true, Findings: findings, Anyway: true,
			Fields: []templates.StaffField{{Name: "region", Value: "BR"}}, Reason: "Because", Action: "/staff/x", Button: "Activate plan 3", Back: "/staff"}},
		{"staff/check", "blocked", templates.StaffCheck{StaffFrame: desk, Heading: "Undo", Say: []string{"It is too late."}, Blocked: true, Back: "/staff"}},
		{"staff/check", "empty", templates.StaffCheck{StaffFrame: desk, Heading: "Pause", Optional: true}},
		{"staff/plans", "full", templates.StaffPlans{StaffCampaignFrame: in(full, "plans"), Active: 2, Waiting: true, Plans: []templates.StaffPlanLine{
			{Number: 2, Status: templates.StaffTag{Words: "Active", Tone: "good"}, Deadline: now, Stages: 5, Regions: 2, Created: now, By: "Mei", Activated: now}, {Number: 1, Deadline: now, Created: now, By: "Mei"}}}},
		{"staff/plans", "empty", templates.StaffPlans{StaffCampaignFrame: in(desk, "plans")}},
		{"staff/plan", "full", templates.StaffPlan{StaffCampaignFrame: in(full, "plans"), Number: 2, Status: templates.StaffTag{Words: "Active"}, Created: now, By: "Mei", Activated: now, Against: 1, Choices: options,
			Changes: changes, Source: "campaign: new-terms-2021\n", ActivateURL: "/staff/a", ConfirmURL: "/staff/c"}},
		{"staff/plan", "empty", templates.StaffPlan{StaffCampaignFrame: in(desk, "plans"), Number: 1, Created: now}},
		{"staff/holds", "full", templates.StaffHolds{StaffCampaignFrame: in(full, "holds"), Faults: faults, Active: []templates.StaffHold{hold}, Over: []templates.StaffHold{hold},
			Form: templates.StaffHoldForm{Regions: options, Person: "p-1", Attributes: "app=kaios", Clock: options, Effect: options, Reminders: true, Starts: "2021-07-01T00:00", Spread: "7d", Ref: "LEG-418",
				Messages: []templates.StaffMessage{{Tag: "en", Name: "English"}, {Tag: "ar", Name: "العربية", Text: "نص"}}}}},
		{"staff/holds", "empty", templates.StaffHolds{StaffCampaignFrame: in(desk, "holds")}},
		{"staff/reversals", "full", templates.StaffReversals{StaffCampaignFrame: in(full, "reversals"), Regions: options, Stages: options, Reminders: options, Reference: "LEG-1", Faults: faults, Made: []templates.StaffReversalLine{made}}},
		{"staff/reversals", "empty", templates.StaffReversals{StaffCampaignFrame: in(desk, "reversals")}},
		{"staff/reversal", "full", templates.StaffReversal{StaffCampaignFrame: in(full, "reversals"), Line: made, Counts: table, Reference: "LEG-1", Walking: 40, UndoUntil: now, UndoURL: "/staff/undo"}},
		{"staff/reversal", "undone", templates.StaffReversal{StaffCampaignFrame: in(desk, "reversals"), Line: made, Counts: table, Undone: now, UndoneBy: "Lena", UndoWhy: "Too soon"}},
		{"staff/reversal", "empty", templates.StaffReversal{StaffCampaignFrame: in(desk, "reversals"), Counts: templates.StaffTable{ID: "counts", Title: "Counts"}}},
		{"staff/next", "full", templates.StaffNext{StaffCampaignFrame: in(full, "next"), At: now, Faults: faults, Examined: 1804, Newly: 1204, Allowed: 500, Recent: 12, Tables: []templates.StaffTable{table},
			Breaker: &templates.StaffBreaker{Tripped: now, Would: 1204, Recent: 12, Limit: 500}, Approved: "Lena expects 2 people", Walking: true, Failing: 1, Expect: "1204", Until: "2021-06-28T09:00", Unreached: true,
			Failures: []templates.StaffFailure{{Person: "p-9", Error: "no such plan", RetryURL: "/staff/r", Tries: 3, At: now, Left: true}, {Person: "p-8", At: now, Tries: 1}}}},
		{"staff/next", "would trip", templates.StaffNext{StaffCampaignFrame: in(desk, "next"), At: now, Breaker: &templates.StaffBreaker{Would: 1204, Limit: 500}}},
		{"staff/next", "empty", templates.StaffNext{StaffCampaignFrame: in(desk, "next"), At: now}},
		{"staff/unreached", "full", templates.StaffUnreached{StaffCampaignFrame: in(full, "next"), People: table, Next: "/staff/n", First: "/staff/f"}},
		{"staff/unreached", "empty", templates.StaffUnreached{StaffCampaignFrame: in(desk, "next"), People: templates.StaffTable{ID: "people", Title: "Nobody", None: "Nobody."}}},
		{"staff/runs", "full", templates.StaffRuns{StaffFrame: full, Runs: fullOverview(desk).Runs}},
		{"staff/runs", "empty", templates.StaffRuns{StaffFrame: desk}},
		{"staff/approvals", "full", templates.StaffApprovals{StaffFrame: full, Open: []templates.StaffApprovalLine{asked}, Decided: []templates.StaffApprovalLine{decided}}},
		{"staff/log", "full", templates.StaffLog{StaffFrame: full, Acts: table, Next: "/staff/log?before=3", First: "/staff/log?"}},
		{"staff/log", "empty", templates.StaffLog{StaffFrame: desk, Acts: templates.StaffTable{ID: "acts", Title: "Newest first", None: "Nothing."}}},
		{"staff/points", "full", templates.StaffPoints{StaffFrame: full, Here: []templates.StaffFact{{Name: "Newest change", Value: "7", Note: "all"}}, Points: table, Webhooks: hooks}},
		{"staff/points", "empty", templates.StaffPoints{StaffFrame: desk, Points: templates.StaffTable{ID: "points", Title: "Who reports", None: "Nobody."}, Webhooks: templates.StaffTable{ID: "hooks", Title: "Webhooks", None: "None."}}},
		{"staff/webhooks", "full", templates.StaffWebhooks{StaffFrame: full, Webhooks: table}},
		{"staff/webhooks", "empty", templates.StaffWebhooks{StaffFrame: desk, Webhooks: templates.StaffTable{ID: "webhooks", Title: "Nobody", None: "Nobody is."}}},
		{"staff/webhook", "full", templates.StaffWebhook{StaffFrame: full, URL: "https://example.org/hook", Facts: []templates.StaffFact{{Name: "State", Value: "Stopped", Note: "no answer"}}, Dead: table, RetryURL: "/staff/webhooks/wh_1/retry", EnableURL: "/staff/webhooks/wh_1/enable",
			Waiting: templates.StaffTable{ID: "waiting", Title: "Tried again", None: "Everything is delivered."}}},
		{"staff/webhook", "empty", templates.StaffWebhook{StaffFrame: desk, URL: "https://example.org/hook", Dead: templates.StaffTable{ID: "dead", Title: "Given up", None: "Nothing."}, Waiting: templates.StaffTable{ID: "waiting", Title: "Tried again", None: "Nothing."}}},
		{"staff/developers", "full", templates.StaffDevelopers{StaffFrame: full, Person: "ana", Choices: options, Answer: "{}", Samples: []templates.StaffSample{{ID: "curl", Language: "curl", Code: "curl https://terms.example.org"}}, Stages: []templates.StaffTable{table}}},
		{"staff/developers", "empty", templates.StaffDevelopers{StaffFrame: desk, Answer: "{}"}},
		{"staff/act", "full", templates.StaffAct{StaffFrame: full, What: "plan.activate", Facts: []templates.StaffFact{{Name: "Who", Value: "Mei"}}, Before: "{}", After: "{}",
			Proof: []templates.StaffFact{{Name: "Leaf", Value: "abc="}}, Record: "{}", Checkpoint: "log\n1\nabc=\n"}},
		{"staff/act", "empty", templates.StaffAct{StaffFrame: desk, What: "person.exempt", Erased: true}},
		{"staff/approvals", "empty", templates.StaffApprovals{StaffFrame: desk}},
		{"staff/approval", "full", templates.StaffApproval{StaffFrame: full, StaffApprovalLine: asked, Own: true, Asked: true, ApproveURL: "/staff/a", RejectURL: "/staff/r", ObjectURL: "/staff/o", Facts: []templates.StaffFact{{Name: "To", Value: "reminded"}}}},
		{"staff/approval", "empty", templates.StaffApproval{StaffFrame: desk, StaffApprovalLine: decided}},
	}
}

func TestWhatStaffTypedIsEscapedOnThePagesOfActs(t *testing.T) {
	t.Parallel()
	evil := `"></textarea><script>alert(1)</script>`
	frame := templates.StaffFrame{Member: "Mei", AsOf: day("2021-06-27 09:00")}
	in := templates.StaffCampaignFrame{StaffFrame: frame, Key: evil, Title: evil}
	for _, html := range []string{
		render(t, "staff/check", templates.StaffCheck{StaffFrame: frame, Heading: evil, Reason: evil, Fields: []templates.StaffField{{Name: evil, Value: evil}}, Faults: []string{evil}, Button: evil}),
		render(t, "staff/plan", templates.StaffPlan{StaffCampaignFrame: in, Source: evil, Changes: []templates.StaffChange{{Text: evil, Path: evil}}}),
		render(t, "staff/holds", templates.StaffHolds{StaffCampaignFrame: in, Form: templates.StaffHoldForm{Person: evil, Attributes: evil, Messages: []templates.StaffMessage{{Tag: "en", Text: evil}}}}),
		render(t, "staff/approval", templates.StaffApproval{StaffFrame: frame, StaffApprovalLine: templates.StaffApprovalLine{What: evil, Reason: evil}}),
	} {
		if strings.Contains(html, "<script>alert") {
			t.Error("a value reached the page unescaped")
		}
	}
}
