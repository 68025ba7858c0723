package staff

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// Notices show and try what people are sent.
type Notices struct {
	// Mail is the mail of a kind that somebody in the sample's place would get.
	Mail func(ctx context.Context, kind tracker.LetterKind, s tracker.Sample) (templates.RenderedMail, error)
	// Banner is what an app would show the same person, by push in short.
	Banner func(ctx context.Context, s tracker.Sample) (templates.Banner, error)
	// Test sends a mail to an address at once; nil where there is no mail server.
	Test func(ctx context.Context, m templates.RenderedMail, language, to string) error
}

// notices shows what became of a campaign's mails, and what people are sent.
func (s console) notices(c *gin.Context) error {
	frame, _, err := s.campaignFrame(c, "notices")
	if err != nil {
		return err
	}
	view := templates.StaffNotices{StaffCampaignFrame: frame, Facts: s.postFacts(), PreviewURL: under(frame.Key, "notices", "preview")}
	if view.Counts, err = s.mailCounts(c, frame.Key); err != nil {
		return err
	}
	troubled, err := s.Tracker.TroubledIn(c.Request.Context(), frame.Key)
	if err != nil {
		return err
	}
	for _, d := range troubled {
		view.Troubled = append(view.Troubled, templates.StaffFailure{
			Person: d.Person, Error: capital(string(d.State)) + ", " + string(d.Kind) + ", " + d.Notice + ": " + d.Reason, Tries: d.Tries, At: d.Created,
			RetryURL: under(frame.Key, "notices", "retry") + "?notice=" + url.QueryEscape(d.Notice),
		})
	}
	if slices.ContainsFunc(troubled, func(d tracker.Delivery) bool { return d.State == tracker.Dead }) {
		view.RetryDeadURL = under(frame.Key, "notices", "retry-dead")
	}
	view.Kinds = kindOptions(string(tracker.LetterTold))
	return s.render(c, http.StatusOK, "staff/notices", view)
}

// stateWords says what each state of a mail means.
func stateWords(state tracker.DeliveryState) string {
	return map[tracker.DeliveryState]string{
		tracker.Queued: "waits for its time", tracker.Claimed: "is about to be sent", tracker.Sending: "is being handed over",
		tracker.Sent: "the mail server has it", tracker.Delivered: "and it did not come back: it counts", tracker.Dropped: "not sent, because it was not right any more",
		tracker.Dead: "refused for good, or too often", tracker.Uncertain: "it may have been sent: look into the mail server's log", tracker.Bounced: "it came back",
	}[state]
}

func (s console) mailCounts(c *gin.Context, campaign string) (templates.StaffTable, error) {
	counts, err := s.Tracker.DeliveryCounts(c.Request.Context(), campaign)
	t := templates.StaffTable{
		ID: "mails", Title: "E-mails of this campaign", None: "None yet.", Say: "In the app and by push, apps show notices by themselves and report back whom they reached.",
		Head: []templates.StaffCell{{Text: "State"}, {Text: "E-mails", Number: true}, {Text: "What it means"}},
	}
	for _, state := range tracker.DeliveryStates() {
		if counts[state] == 0 {
			continue
		}
		name := templates.StaffCell{Text: capital(string(state))}
		if slices.Contains(tracker.Troubled(), state) {
			name.Tone = "bad"
		}
		t.Rows = append(t.Rows, []templates.StaffCell{name, number(counts[state]), {Text: stateWords(state)}})
	}
	return t, err
}

// postFacts are the bounds of what people are sent.
func (s console) postFacts() []templates.StaffFact {
	p := s.Tracker.Post
	weekly := fmt.Sprintf("At most %d within seven days", p.Weekly)
	if p.Weekly == 0 {
		weekly = "As many as the plan says"
	}
	quiet := "None"
	if p.Quiet.From != p.Quiet.Until {
		quiet = terms.FormatTimeOfDay(p.Quiet.From) + " to " + terms.FormatTimeOfDay(p.Quiet.Until)
	}
	return []templates.StaffFact{
		{Name: "Reminders by e-mail", Value: weekly, Note: "Over all campaigns. What people have to be told is not held back."},
		{Name: "Quiet hours", Value: quiet, Note: "By the person's own clock"},
		{Name: "Counts as having reached somebody", Value: "After " + days(p.CountsAfter), Note: "if the e-mail has not come back"},
		{Name: "Given up", Value: fmt.Sprintf("After %d tries", p.Tries)},
	}
}

func kindOptions(chosen string) []templates.StaffOption {
	var out []templates.StaffOption
	for _, k := range tracker.LetterKinds() {
		out = append(out, option(string(k), humane(string(k)), chosen))
	}
	return out
}

// sampleOf is what a request says about whom to show something to.
func (s console) sampleOf(c *gin.Context) (tracker.LetterKind, tracker.Sample, error) {
	kind := tracker.LetterKind(given(c).Get("kind"))
	if kind == "" {
		kind = tracker.LetterTold
	}
	sample := tracker.Sample{Campaign: c.Param("campaign"), Country: text(c, "region"), Locale: text(c, "lang")}
	var faults terms.Faults
	if !slices.Contains(tracker.LetterKinds(), kind) {
		faults = append(faults, terms.Fault{Path: "kind", Detail: "is not a kind of notice"})
	}
	p, err := s.active(c)
	if err != nil {
		return kind, sample, err
	}
	sample.Stage = sentAt(p.Plan, kind)
	if asked := text(c, "stage"); asked != "" {
		if sample.Stage = p.StageIndex(asked); sample.Stage < 0 {
			faults = append(faults, terms.Fault{Path: "stage", Detail: strconv.Quote(asked) + " is not a stage of the plan"})
		}
	}
	return kind, sample, faults.OrNil()
}

// sentAt is the first stage of a plan at which people are sent a kind of notice.
func sentAt(p terms.Plan, k tracker.LetterKind) int {
	first := func(at func(i int) bool) int {
		for i := range p.Stages {
			if at(i) {
				return i
			}
		}
		return 0
	}
	switch k {
	case tracker.LetterEntered:
		return first(func(i int) bool { return p.Stages[i].Takes() })
	case tracker.LetterWarned, tracker.LetterRestored:
		return first(func(i int) bool { return i+1 < len(p.Stages) && p.Stages[i+1].Takes() })
	}
	return 0
}

// previewNotices shows a notice on every channel in every language.
func (s console) previewNotices(c *gin.Context) error {
	frame, _, err := s.campaignFrame(c, "notices")
	if err != nil {
		return err
	}
	kind, sample, err := s.sampleOf(c)
	if err != nil {
		return err
	}
	p, err := s.active(c)
	if err != nil {
		return err
	}
	view := templates.StaffNoticePreview{
		StaffCampaignFrame: frame, Kind: humane(string(kind)), Kinds: kindOptions(string(kind)), Regions: regionOptions(p.Plan, sample.Country),
		CanTest: s.Notices.Test != nil, TestURL: under(frame.Key, "notices", "test"), KindKey: string(kind), Region: sample.Country, Stage: p.Stages[sample.Stage].Key,
	}
	for i, stage := range p.Stages {
		view.Stages = append(view.Stages, option(stage.Key, stageName(p.Plan, i), view.Stage))
	}
	for _, l := range s.Pages.Locales() {
		sample.Locale = l.Tag()
		one, err := s.channels(c, kind, sample)
		if err != nil {
			return err
		}
		one.Tag, one.Name = l.Tag(), l.Name()
		view.Languages = append(view.Languages, one)
	}
	return s.framed(c, "staff/notice-preview", view)
}

func (s console) channels(c *gin.Context, kind tracker.LetterKind, sample tracker.Sample) (templates.StaffNoticeWords, error) {
	var out templates.StaffNoticeWords
	m, err := s.Notices.Mail(c.Request.Context(), kind, sample)
	if err != nil {
		return out, err
	}
	b, err := s.Notices.Banner(c.Request.Context(), sample)
	if err != nil {
		return out, err
	}
	out.Subject, out.Text, out.Title = m.Subject, m.Text, b.Title
	if out.Summary, err = b.Summary(); err != nil {
		return out, err
	}
	actions, err := b.Actions()
	for _, a := range actions {
		out.Buttons = append(out.Buttons, a.Label)
	}
	query := url.Values{"kind": {string(kind)}, "lang": {sample.Locale}, "region": {sample.Country}, "stage": {text(c, "stage")}}
	out.MailURL = under(sample.Campaign, "notices", "mail") + "?" + query.Encode()
	return out, err
}

// mail shows one mail as a mail program would.
func (s console) mail(c *gin.Context) error {
	kind, sample, err := s.sampleOf(c)
	if err != nil {
		return err
	}
	m, err := s.Notices.Mail(c.Request.Context(), kind, sample)
	if err != nil {
		return err
	}
	web.Letter(c, []byte(m.HTML))
	return nil
}

func (s console) noticeActs() []act {
	return []act{
		{path: "/campaigns/:campaign/notices/retry", check: s.checkRetryNotice, do: s.retryNotice},
		{path: "/campaigns/:campaign/notices/retry-dead", check: s.checkRetryDead, do: s.retryDead},
		{path: "/campaigns/:campaign/notices/test", check: s.checkTest, do: s.testNotice},
	}
}

func noticesTrail(c *gin.Context) []templates.Link {
	return trail(c.Param("campaign"), templates.Link{URL: under(c.Param("campaign"), "notices"), Text: "Notices"})
}

func (s console) checkRetryNotice(c *gin.Context) (templates.StaffCheck, error) {
	notice := text(c, "notice")
	list, err := s.Tracker.TroubledIn(c.Request.Context(), c.Param("campaign"))
	if err != nil {
		return templates.StaffCheck{}, err
	}
	i := slices.IndexFunc(list, func(d tracker.Delivery) bool { return d.Notice == notice })
	if i < 0 {
		return templates.StaffCheck{}, terms.Errorf(terms.NotFound, "notice %q is not in trouble", notice)
	}
	d := list[i]
	view := templates.StaffCheck{
		Part: "campaigns", Trail: noticesTrail(c), Back: under(c.Param("campaign"), "notices"), Heading: "Send " + notice + " again", Button: "Send it again",
		Say:   []string{"It is sent again under the same id, so that a mail system that has seen it can tell. An address that took no mail is tried again too."},
		Facts: []templates.StaffFact{{Name: "State", Value: capital(string(d.State)), Note: d.Reason}, {Name: "Tries", Value: strconv.Itoa(d.Tries)}},
	}
	if d.State == tracker.Uncertain {
		view.Warnings = []string{"It may have been sent: look for its Message-ID in the log of the mail server before you send it again."}
	}
	return view, nil
}

func (s console) retryNotice(c *gin.Context, reason string) (string, error) {
	if err := unreasoned(reason); err != nil {
		return "", err
	}
	_, err := s.Tracker.Resend(c.Request.Context(), text(c, "notice"), reason, member(c))
	return under(c.Param("campaign"), "notices") + "?done=resent", err
}

// checkRetryDead asks before all that the mail server refused is sent again.
func (s console) checkRetryDead(c *gin.Context) (templates.StaffCheck, error) {
	counts, err := s.Tracker.DeliveryCounts(c.Request.Context(), c.Param("campaign"))
	n := counts[tracker.Dead]
	return templates.StaffCheck{
		Part: "campaigns", Trail: noticesTrail(c), Back: under(c.Param("campaign"), "notices"), Heading: "Send everything refused again", Button: fmt.Sprintf("Send %d again", n),
		Say:     []string{"Every e-mail of this campaign that the mail server refused is sent again under the same id, as far as it is still right. Do it once the mail server takes them: those it refuses again come back to this list."},
		Facts:   []templates.StaffFact{{Name: "Dead", Value: strconv.FormatInt(n, 10)}},
		Blocked: n == 0,
	}, err
}

func (s console) retryDead(c *gin.Context, reason string) (string, error) {
	if err := unreasoned(reason); err != nil {
		return "", err
	}
	_, err := s.Tracker.ResendDead(c.Request.Context(), c.Param("campaign"), reason, member(c))
	return under(c.Param("campaign"), "notices") + "?done=again", err
}

func (s console) checkTest(c *gin.Context) (templates.StaffCheck, error) {
	kind, sample, err := s.sampleOf(c)
	if err != nil {
		return templates.StaffCheck{}, err
	}
	m, err := s.Notices.Mail(c.Request.Context(), kind, sample)
	return templates.StaffCheck{
		Part: "campaigns", Trail: noticesTrail(c), Back: under(c.Param("campaign"), "notices", "preview"), Heading: "Send a test", Button: "Send it now", Optional: true,
		Say:     []string{"One e-mail goes to this address, and to nobody else. It is not counted as a notice to anybody."},
		Facts:   []templates.StaffFact{{Name: "To", Value: text(c, "to")}, {Name: "Subject", Value: m.Subject}},
		Blocked: s.Notices.Test == nil,
	}, err
}

// testNotice sends a mail to whoever wants to see it. Where it went is in no log: it is an address.
func (s console) testNotice(c *gin.Context, _ string) (string, error) {
	if s.Notices.Test == nil {
		return "", terms.Errorf(terms.Conflict, "there is no mail server: set mail.host and mail.from")
	}
	to := text(c, "to")
	if to == "" || (tracker.Contact{Email: to}).Check() != nil {
		return "", terms.Faults{{Path: "to", Detail: "say a plain address, such as mei@example.org"}}
	}
	kind, sample, err := s.sampleOf(c)
	if err != nil {
		return "", err
	}
	m, err := s.Notices.Mail(c.Request.Context(), kind, sample)
	if err != nil {
		return "", err
	}
	if err := s.Notices.Test(c.Request.Context(), m, sample.Locale, to); err != nil {
		return "", terms.Errorf(terms.Conflict, "the mail server has not taken it: %s", strings.TrimSuffix(err.Error(), "."))
	}
	return under(sample.Campaign, "notices") + "?done=mailed", nil
}
