package templates

import (
	"fmt"
	"html/template"
	"time"
)

// Features is the page an app leads to when something was refused: what works, what does not, why, and the way back.
// A group without members is not shown.
type Features struct {
	Frame
	Campaign  string // title of the campaign
	Case      Case
	Off       []Feature
	Next      []Feature // works now, and stops with the next stage
	NextAt    time.Time // the earliest; zero when no date can be given
	Waiting   []Feature // starts only by accepting
	On        []Feature
	Always    []Feature // exit rights
	ChoiceURL string    // empty when there is nothing to choose
}

// Feature is one thing the person can or cannot do now.
type Feature struct {
	Name  string
	Value string // of a feature that is more than on or off: "5 a day"
	Why   string // "", "stage", "not_accepted", "void_effect", "hold"
	Since time.Time
}

// With pairs a feature with the page it stands on, for the partial that shows it.
func (f Features) With(one Feature) FeatureRow { return FeatureRow{f, one} }

// FeatureRow is one feature with what its page knows.
type FeatureRow struct {
	Features
	Feature
}

// WhyText says why the feature is as it is; empty for one that nothing touches.
func (r FeatureRow) WhyText() (string, error) {
	switch r.Why {
	case "":
		return "", nil
	case "stage":
		return r.T("why.stage", "Campaign", r.Campaign)
	case "not_accepted":
		return r.T("why.not_accepted", "Campaign", r.Campaign)
	case "void_effect":
		return r.T("why.void_effect")
	case "hold":
		return r.T("why.hold")
	}
	return "", fmt.Errorf("no such reason: %q", r.Why)
}

// Mine is "My terms": where the person stands with each campaign, and every choice ever made.
type Mine struct {
	Frame
	Person    string
	Campaigns []MyCampaign
	History   []Entry // newest first

	DataURL     string // of everything that is held on the person
	EvidenceURL string // of what proves the choices; "" while there is none

	Reminders  *RemindersForm // nil: nobody writes to the person by e-mail
	CanSignOut bool           // this browser has a session that can be ended
}

// Language is the page that asks for the language to go on in.
type Language struct {
	Frame
	Action, Back string
	Languages    []Locale
	Known        bool // who looks: the language is kept, also for what is sent
}

// RemindersForm ends reminders by e-mail, or has them sent again.
type RemindersForm struct {
	Action string
	Silent bool // there are none now
}

// MyCampaign is one campaign that asks, or asked, the person.
type MyCampaign struct {
	Title     string
	Status    string // "pending", "accepted", "declined" or "exempt"
	Since     time.Time
	ChoiceURL string
	Off       []string      // features that are off for the person
	OffSince  time.Time     // zero when they went off at different times
	Hours     *Hours        // of the day, when they are off only then
	WorksURL  string        // of the page about each feature; "" while none is off
	Bound     bool          // the account stands where its owner stands
	Ended     bool          // it asks nothing any more
	Withdraw  *WithdrawForm // only while an acceptance is in force
}

// With pairs a campaign with the page it stands on, for the partial that shows it.
func (m Mine) With(one MyCampaign) MineRow { return MineRow{m, one} }

// MineRow is one campaign with what its page knows.
type MineRow struct {
	Mine
	MyCampaign
}

// WithdrawForm withdraws an acceptance with one button, as accepting took one.
type WithdrawForm struct {
	Action, Shown, IdempotencyKey string
	GraceDays                     int // before any feature can stop
}

// StatusName says where the person stands.
func (m Mine) StatusName(status string) (string, error) {
	switch status {
	case "pending":
		return m.T("status.pending")
	case "accepted":
		return m.T("status.accepted")
	case "declined":
		return m.T("status.declined")
	case "exempt":
		return m.T("status.exempt")
	}
	return "", fmt.Errorf("no such status: %q", status)
}

// Entry is one choice of the past.
type Entry struct {
	Action     string
	At         time.Time
	Campaign   string
	Documents  []Document
	ReceiptURL string
}

// Legal is the full text of one version in one language.
type Legal struct {
	Frame
	Document    Document
	Text        Text
	Effective   time.Time
	Published   time.Time
	Texts       []TextLink // the languages this version exists in
	NewerURL    string     // of the version that replaced it; empty for the current one
	Newer       string
	CompareURL  string // what changed since the version before; empty for the first one
	DownloadURL string // of the exact bytes
	ChoiceURL   string
}

// TextLink leads to the same version in another language.
type TextLink struct {
	Tag, Name, URL string
}

// Dir is the direction the language is written in.
func (t TextLink) Dir() string { return Direction(t.Tag) }

// TextDir is the direction the text is written in, which may not be that of the page.
func (l Legal) TextDir() string { return Direction(l.Document.Locale) }

// TextLanguage is what the language of the text calls itself.
func (l Legal) TextLanguage() string {
	for _, text := range l.Texts {
		if text.Tag == l.Document.Locale {
			return text.Name
		}
	}
	return l.Document.Locale
}

// Heading is the title of the page: the text's own when it opens with one.
func (l Legal) Heading() string {
	if l.Text.Title != "" {
		return l.Text.Title
	}
	return l.Document.Title
}

// Foreign reports whether the text is in another language than the page.
func (l Legal) Foreign() bool { return l.Document.Locale != l.Tag() }

// Fault is what went wrong for a person. Every page says what happened, what of it was recorded, and what to do.
type Fault string

// The faults a person can meet.
const (
	FaultLinkExpired    Fault = "link_expired"    // the signed link is too old
	FaultLinkBroken     Fault = "link_broken"     // the link was cut off or changed on its way
	FaultLinkUsed       Fault = "link_used"       // a link that opens a session once was opened before
	FaultSignIn         Fault = "sign_in"         // signing in elsewhere did not work out
	FaultSignInDown     Fault = "sign_in_down"    // and cannot, for now
	FaultUnknownAccount Fault = "unknown_account" // somebody is signed in whom nobody asked anything
	FaultUnidentified   Fault = "unidentified"    // nobody is signed in
	FaultNotFound       Fault = "not_found"       // no such page, campaign, document or receipt of this person
	FaultTermsChanged   Fault = "terms_changed"   // the text changed while the person read it
	FaultFormExpired    Fault = "form_expired"    // the form is too old, of somebody else, or not ours
	FaultNoSnooze       Fault = "no_snooze"       // "decide later" was chosen as often as the campaign allows
	FaultTooMany        Fault = "too_many"        // too many requests
	FaultRequest        Fault = "request"         // the request makes no sense to us
	FaultOurs           Fault = "ours"            // our fault; whether a choice was recorded shows in "My terms"
)

// Error is the page for a fault. Reference is the id of the request, which support can look up.
type Error struct {
	Frame
	Fault     Fault
	Detail    string // what exactly, when there is more to say
	Reference string
	SignInURL string // where the person can sign in; empty: only in the app
	RetryURL  string // where the way out starts; empty when there is none
}

// faultTexts are the keys of what happened and of what to do.
type faultTexts struct{ title, happened, todo, retry string }

func (e Error) texts() (faultTexts, error) {
	t, ok := map[Fault]faultTexts{
		FaultLinkExpired:    {"error.link_expired.title", "error.link_expired", "error.link_expired.todo", "error.again"},
		FaultLinkBroken:     {"error.link_broken.title", "error.link_broken", "error.link_expired.todo", "error.again"},
		FaultLinkUsed:       {"error.link_used.title", "error.link_used", "error.unidentified.todo", "error.start"},
		FaultSignIn:         {"error.sign_in.title", "error.sign_in", "error.unidentified.todo", "error.start"},
		FaultSignInDown:     {"error.sign_in_down.title", "error.sign_in_down", "error.too_many.todo", "error.again"},
		FaultUnknownAccount: {"error.unknown_account.title", "error.unknown_account", "error.unknown_account.todo", "error.start"},
		FaultUnidentified:   {"error.unidentified.title", "error.unidentified", "error.unidentified.todo", "error.start"},
		FaultNotFound:       {"error.not_found.title", "error.not_found", "error.not_found.todo", "error.start"},
		FaultTermsChanged:   {"error.terms_changed.title", "error.terms_changed", "error.terms_changed.todo", "error.read"},
		FaultFormExpired:    {"error.form_expired.title", "error.form_expired", "error.form_expired.todo", "error.read"},
		FaultNoSnooze:       {"error.no_snooze.title", "error.no_snooze", "error.no_snooze.todo", "error.read"},
		FaultTooMany:        {"error.too_many.title", "error.too_many", "error.too_many.todo", "error.again"},
		FaultRequest:        {"error.request.title", "error.request", "error.not_found.todo", "error.start"},
		FaultOurs:           {"error.ours.title", "error.ours", "error.ours.todo", "error.again"},
	}[e.Fault]
	if !ok {
		return t, fmt.Errorf("no such fault: %q", e.Fault)
	}
	return t, nil
}

// Heading says in a few words what went wrong.
func (e Error) Heading() (string, error) {
	t, err := e.texts()
	if err != nil {
		return "", err
	}
	return e.T(t.title)
}

// Happened says what happened, and what was recorded of it.
func (e Error) Happened() (string, error) {
	t, err := e.texts()
	if err != nil {
		return "", err
	}
	return e.T(t.happened)
}

// Todo says what to do about it.
func (e Error) Todo() (string, error) {
	t, err := e.texts()
	if err != nil {
		return "", err
	}
	return e.T(t.todo)
}

// Retry links to where the way out starts; empty when there is none.
func (e Error) Retry() (template.HTML, error) {
	t, err := e.texts()
	if err != nil || e.RetryURL == "" {
		return "", err
	}
	words, err := e.T(t.retry)
	return link(e.RetryURL, words), err
}
