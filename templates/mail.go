package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"
)

// MailKind is what a mail tells.
type MailKind string

// The kinds of mail.
const (
	MailTold     MailKind = "told"     // the terms are changing
	MailReminder MailKind = "reminder" // no choice was made yet
	MailWarned   MailKind = "warned"   // something stops soon
	MailEntered  MailKind = "entered"  // something has stopped
	MailRestored MailKind = "restored" // it works again
	MailReversed MailKind = "reversed" // what was announced is taken back
	MailMoved    MailKind = "moved"    // the date is another one
)

// Mail is a message to one person. It says what changes and by when, and leads to
// the page: nothing can be chosen in it.
type Mail struct {
	Frame
	Kind     MailKind
	Title    string    // of the campaign: "Our terms are changing"
	From     time.Time // when the terms begin to apply to the person
	Now      time.Time
	Next     time.Time // when the next step comes; zero when none does
	Stops    []string  // names of what stops then
	Off      []string  // names of what is off now
	Changes  []string  // titles of what changes
	Messages []string  // that people in the region, or under a hold, must be told

	URL         string // of the choice page, by way of the notice
	Unsubscribe string // where reminders can be ended; "" where the mail is none
	Support     string // whom to ask
}

// RenderedMail is a mail in both forms.
type RenderedMail struct {
	Subject, Text, HTML string
}

// Subject is one line, whatever the title of the campaign holds.
func (m Mail) Subject() (string, error) {
	key, _ := m.keys()
	text, err := m.T(key, "Title", m.Title, "Brand", m.Brand, "Date", m.Date(m.From), "Next", m.Date(m.Next))
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(strings.Map(printable, text)), " "), nil
}

// keys are those of the subject and of the first sentences.
func (m Mail) keys() (string, string) {
	switch m.Kind {
	case MailReminder:
		return "mail.subject.reminder", "mail.lead.reminder"
	case MailWarned:
		return "mail.subject.warned", "mail.lead.warned"
	case MailEntered:
		return "mail.subject.entered", "mail.lead.entered"
	case MailRestored:
		return "mail.subject.restored", "mail.lead.restored"
	case MailReversed:
		return "mail.subject.reversed", "mail.lead.reversed"
	case MailMoved:
		return "mail.subject.moved", "mail.lead.moved"
	}
	return "mail.subject.told", "mail.lead.told"
}

// printable takes control characters, and those that turn the direction of
// writing, out of a header.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return ' '
	}
	return r
}

// Lead is what the mail says first, in sentences of their own. A date in it comes
// with the hour and the zone, as on the page: a day alone ends when somebody thinks.
func (m Mail) Lead() ([]string, error) {
	_, key := m.keys()
	keys := []string{key}
	switch dated := m.Kind == MailTold || m.Kind == MailReminder; {
	case dated && m.Now.Before(m.From):
		keys = append(keys, "mail.from")
	case dated:
		keys = append(keys, "mail.since")
	}
	from, err := m.DateTime(m.From)
	if err != nil {
		return nil, err
	}
	next := from
	if !m.Next.IsZero() {
		if next, err = m.DateTime(m.Next); err != nil {
			return nil, err
		}
	}
	out := make([]string, len(keys))
	for i, key := range keys {
		if out[i], err = m.T(key, "Brand", m.Brand, "Date", from, "Next", next); err != nil {
			return nil, err
		}
	}
	return append(out, m.Messages...), nil
}

// Listing is a list with what stands over it.
type Listing struct {
	Heading string
	Items   []string
}

// Lists are what changes, what is off and what stops next; those that are empty
// are left out.
func (m Mail) Lists() ([]Listing, error) {
	var out []Listing
	for _, one := range []struct {
		key   string
		items []string
		shown bool
	}{
		{"mail.changes", m.Changes, m.Kind != MailRestored && m.Kind != MailReversed},
		{"mail.off", m.Off, m.Kind == MailEntered || m.Kind == MailReminder || m.Kind == MailMoved},
		{"mail.stops", m.Stops, !m.Next.IsZero() && m.Kind != MailRestored && m.Kind != MailReversed},
	} {
		if len(one.items) == 0 || !one.shown {
			continue
		}
		heading, err := m.T(one.key, "Next", m.Date(m.Next))
		if err != nil {
			return nil, err
		}
		out = append(out, Listing{heading, one.items})
	}
	return out, nil
}

// Asks reports whether the person has something to choose.
func (m Mail) Asks() bool { return m.Kind != MailRestored && m.Kind != MailReversed }

// mailForms are the two forms of every mail.
type mailForms struct {
	html *template.Template
	text *texttemplate.Template
}

func loadMail() (mailForms, error) {
	html, err := template.New("letter.html").Funcs(template.FuncMap{"bdi": bdi}).ParseFS(files, "mail/letter.html")
	if err != nil {
		return mailForms{}, fmt.Errorf("parse the mail: %w", err)
	}
	text, err := texttemplate.New("letter.txt").Option("missingkey=error").ParseFS(files, "mail/letter.txt")
	if err != nil {
		return mailForms{}, fmt.Errorf("parse the mail's text: %w", err)
	}
	return mailForms{html, text}, nil
}

// Mail renders a message.
func (p *Pages) Mail(m Mail) (RenderedMail, error) {
	subject, err := m.Subject()
	if err != nil {
		return RenderedMail{}, err
	}
	m.Messages = slices.DeleteFunc(slices.Clone(m.Messages), func(s string) bool { return strings.TrimSpace(s) == "" })
	var html, text bytes.Buffer
	if err := p.mail.html.Execute(&html, m); err != nil {
		return RenderedMail{}, fmt.Errorf("render a mail: %w", err)
	}
	if err := p.mail.text.Execute(&text, m); err != nil {
		return RenderedMail{}, fmt.Errorf("render a mail's text: %w", err)
	}
	return RenderedMail{subject, text.String(), html.String()}, nil
}

// Quiet is the page behind the link that ends reminders.
type Quiet struct {
	Frame
	Action string // where the form goes: the same address
	Done   bool   // something was just changed
	Silent bool   // there are no reminders now
}

// Says is the page in a sentence or two.
func (q Quiet) Says() (string, error) {
	switch {
	case q.Silent:
		return q.T("mail.quiet.stopped")
	case q.Done:
		return q.T("mail.quiet.started")
	}
	return q.T("mail.quiet.ask")
}
