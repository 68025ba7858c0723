package templates

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html/template"
	"slices"
	"time"
)

// ChoiceStage says how far the page has to go in explaining where a person stands.
type ChoiceStage string

// The stages of a choice page.
const (
	StageNotice     ChoiceStage = "notice"     // before the terms apply
	StageReminder   ChoiceStage = "reminder"   // they apply, and nothing is taken away
	StagePersistent ChoiceStage = "persistent" // the same, and the app asks each time it is opened
	StageRestricted ChoiceStage = "restricted" // something is off
)

// Choice is the page on which a person reads what changes and chooses. It shows days, not minutes, wherever it can,
// so that people in the same position are shown the same bytes.
type Choice struct {
	Frame
	Title string // of the campaign: "Our terms are changing"
	Stage ChoiceStage
	Now   time.Time
	From  time.Time // when the terms begin to apply to this person
	Own   bool      // From is this person's alone: the page shows its day
	Was   time.Time // the date before it was moved; zero when it never was

	Snoozed   time.Time // last "decide later"; zero for none
	Declined  time.Time
	Withdrawn time.Time

	Off      []string  // names of what is off now
	OffSince time.Time // since when all of it is; zero when parts went at different times
	Still    []string  // names of what works all the same
	Void     bool      // accepting has no effect where the person is
	OnHold   bool      // a hold covers the person
	Lifted   bool      // and gives everything back meanwhile
	Case     Case      // what makes this person's position another than everybody's
	Refused  Fault     // why a choice just sent was not recorded; "" when the page was simply opened

	Documents []Document
	Grants    []string // names of what accepting turns on
	Rights    []string // names of what no stage takes away
	Steps     Steps    // what happens to somebody who does not accept

	Form *ChoiceForm // nil: there is nothing to choose now
}

// ChoiceForm is what the three buttons send besides themselves.
type ChoiceForm struct {
	Action         string // address, "/t/new-terms-2021"
	Shown          string // signed: what was shown, to whom and when
	IdempotencyKey string
	SnoozeDays     int // how long "decide later" silences reminders
	SnoozesLeft    int // 0 leaves the third button out
}

// Problem is the page's account of why a choice was not recorded.
func (c Choice) Problem() Error { return Error{Frame: c.Frame, Fault: c.Refused} }

// Changes counts the changes that the summaries list.
func (c Choice) Changes() int {
	n := 0
	for _, document := range c.Documents {
		n += len(document.Summary.Changes)
	}
	return n
}

// Unsummarised reports whether no document says in short what it changes.
func (c Choice) Unsummarised() bool {
	return !slices.ContainsFunc(c.Documents, func(d Document) bool { return d.Summary.Intro != "" || len(d.Summary.Changes) > 0 })
}

// Earlier names the version of a document that stood before.
func (c Choice) Earlier(b *Before) (template.HTML, error) {
	if b.At.IsZero() {
		return c.H("compare.version", "Version", bdi(b.Version))
	}
	return c.H("choice.before", "Version", bdi(b.Version), "Date", c.Date(b.At))
}

// Compared offers to compare with it.
func (c Choice) Compared(b *Before) (template.HTML, error) {
	if b.At.IsZero() {
		return c.H("choice.compare.before", "Version", bdi(b.Version))
	}
	return c.H("choice.compare", "Version", bdi(b.Version), "Date", c.Date(b.At))
}

// Begun reports whether the terms apply already.
func (c Choice) Begun() bool { return !c.Now.Before(c.From) }

// Start says when the terms begin to apply: to the minute, or by the day where the instant is this person's alone.
func (c Choice) Start() (string, error) {
	if c.Own {
		return c.Date(c.From), nil
	}
	return c.DateTime(c.From)
}

// StartISO is Start for a machine, as a time element wants it.
func (c Choice) StartISO() string {
	if c.Own {
		return c.ISODay(c.From)
	}
	return c.ISO(c.From)
}

// DaysLeft counts the days until the terms apply; 0 is today.
func (c Choice) DaysLeft() int { return c.days(c.Now, c.From) }

// ButtonLabel is the exact text of a button by the value it sends: "accepted", "declined" or "later".
func (c Choice) ButtonLabel(action string) (string, error) {
	switch action {
	case "accepted":
		return c.T("choice.accept")
	case "declined":
		return c.T("choice.decline")
	case "later":
		return c.T("choice.later")
	}
	return "", fmt.Errorf("no button sends %q", action)
}

// Assent is the sentence above the buttons as plain text, for the record.
func (c Choice) Assent() (string, error) {
	label, err := c.ButtonLabel("accepted")
	if err != nil {
		return "", err
	}
	names := make([]string, len(c.Documents))
	for i, document := range c.Documents {
		if names[i], err = c.T("document.name", "Title", document.Title, "Version", document.Version); err != nil {
			return "", err
		}
	}
	list, err := c.List(names)
	if err != nil {
		return "", err
	}
	return c.T(c.assentKey(), "Button", label, "Brand", c.Brand, "Documents", list, "Date", c.Date(c.From))
}

// AssentHTML is the same sentence, word for word, with the button's words in bold and the texts linked.
func (c Choice) AssentHTML() (template.HTML, error) {
	label, err := c.ButtonLabel("accepted")
	if err != nil {
		return "", err
	}
	var list template.HTML
	for i, document := range c.Documents {
		name, err := c.DocumentName(document)
		if err != nil {
			return "", err
		}
		if list, err = c.join(list, linked(document.URL, name), i, len(c.Documents)); err != nil {
			return "", err
		}
	}
	return c.H(c.assentKey(), "Button", strong(label), "Brand", c.Brand, "Documents", list, "Date", c.Date(c.From))
}

func (c Choice) assentKey() string {
	if c.Begun() {
		return "choice.assent.now"
	}
	return "choice.assent"
}

// Snapshot is the page as it is kept on record: what identifies one person's form is left out, everything that can be
// read is left in. Where people read a day, the time of day is left out too, so that those who are shown the same have
// the same view.
func (c Choice) Snapshot() Choice {
	if c.Form != nil {
		form := *c.Form
		form.Shown, form.IdempotencyKey = "", ""
		c.Form = &form
	}
	c.AppURL = "" // which this page does not show, and people write as they like
	begun, today := c.Begun(), c.DaysLeft() == 0
	if c.Own {
		c.From = c.noon(c.From)
	}
	switch {
	case begun:
		c.Now = c.From
	case today:
		c.Now = c.From.Add(-1)
	default:
		c.Now = c.noon(c.Now)
	}
	c.Was, c.Snoozed, c.Declined, c.Withdrawn, c.OffSince = c.noon(c.Was), c.noon(c.Snoozed), c.noon(c.Declined), c.noon(c.Withdrawn), c.noon(c.OffSince)
	c.Steps, c.Documents = slices.Clone(c.Steps), slices.Clone(c.Documents)
	for i := range c.Steps {
		c.Steps[i].At = c.noon(c.Steps[i].At)
	}
	for i, document := range c.Documents {
		if document.Before != nil {
			before := *document.Before
			before.At = c.noon(before.At)
			c.Documents[i].Before = &before
		}
	}
	return c
}

// noon stands for the day of an instant in the zone of the page. Unlike midnight, it is there on every day.
func (f Frame) noon(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	y, m, d := at.In(orUTC(f.Zone)).Date()
	return time.Date(y, m, d, 12, 0, 0, 0, orUTC(f.Zone))
}

// Digest tells views apart: of two with the same one, the same page is made.
func (c Choice) Digest() [sha256.Size]byte { return digest(c) }

// Blank is a rendered Snapshot whose form waits for what is one person's own.
type Blank struct {
	page       []byte
	shown, key int // where the values of the fields belong; 0: there is no form
}

// The fields of a form that are its person's own, as an empty form writes them.
const (
	emptyShown = `<input type="hidden" name="shown" value="">`
	emptyKey   = `<input type="hidden" name="idempotency_key" value="">`
	fieldEnd   = `">`
)

// NewBlank finds the fields in a rendered Snapshot, which is not to be changed any more.
func NewBlank(snapshot []byte) Blank {
	b := Blank{page: snapshot}
	shown, key := bytes.Index(snapshot, []byte(emptyShown)), bytes.Index(snapshot, []byte(emptyKey))
	if shown >= 0 && key > shown {
		b.shown, b.key = shown+len(emptyShown)-len(fieldEnd), key+len(emptyKey)-len(fieldEnd)
	}
	return b
}

// Size is the length of the page in bytes.
func (b Blank) Size() int { return len(b.page) }

// AppendFilled appends one person's page made of it, without rendering it again. Both values must be of the characters of
// URLs. A page without a form stays as it is.
func (b Blank) AppendFilled(dst []byte, shown, idempotencyKey string) []byte {
	if b.shown == 0 {
		return append(dst, b.page...)
	}
	dst = append(append(dst, b.page[:b.shown]...), shown...)
	dst = append(append(dst, b.page[b.shown:b.key]...), idempotencyKey...)
	return append(dst, b.page[b.key:]...)
}

// NothingReason says why there is nothing to choose.
type NothingReason string

// The reasons why there is nothing to choose.
const (
	ReasonNotAnnounced NothingReason = "not_announced"
	ReasonExempt       NothingReason = "exempt"
	ReasonEnded        NothingReason = "ended"
	ReasonExcused      NothingReason = "excused" // exempt by an act of staff
	ReasonBound        NothingReason = "bound"   // the account stands where its owner stands
)

// Nothing is the page of a campaign that asks this person nothing, now.
type Nothing struct {
	Frame
	Title  string // of the campaign
	Reason NothingReason
	Until  time.Time // end of an exemption; zero: open
}

// Heading says in a few words that there is nothing to choose.
func (n Nothing) Heading() (string, error) {
	if n.Reason == ReasonNotAnnounced {
		return n.T("nothing.not_announced.title")
	}
	return n.T("nothing.title")
}

// Why says it in a sentence.
func (n Nothing) Why() (string, error) {
	switch n.Reason {
	case ReasonNotAnnounced:
		return n.T("nothing.not_announced")
	case ReasonExempt:
		return n.T("nothing.exempt", "Campaign", n.Title)
	case ReasonEnded:
		return n.T("nothing.ended", "Campaign", n.Title)
	case ReasonBound:
		return n.T("nothing.bound", "Campaign", n.Title)
	case ReasonExcused:
		if n.Until.IsZero() {
			return n.T("nothing.excused", "Campaign", n.Title)
		}
		return n.T("nothing.excused.until", "Campaign", n.Title, "Date", n.Date(n.Until))
	}
	return "", fmt.Errorf("no such reason: %q", n.Reason)
}
