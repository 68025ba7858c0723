package mail

import (
	"time"

	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// Brand is who writes.
type Brand struct {
	Name    string
	Imprint string
	Support string // whom to ask
}

// Writer puts letters into words.
type Writer struct {
	Pages     *templates.Pages
	Tokens    *tokens.Signer
	Catalogue terms.Catalogue
	Brand     Brand
	PublicURL string
	NoticeTTL time.Duration
}

// unsubscribeTTL is how long the link in a reminder ends reminders: a mail can lie
// in a mailbox for long, and more than a year of it would be unusual.
const unsubscribeTTL = 400 * 24 * time.Hour

// Write is a letter in the person's language, with dates where the person is.
// The link in it only leads to the page.
func (w Writer) Write(l tracker.Letter, now time.Time) (Message, error) {
	view := w.view(l.Kind, l.Offer, now)
	person, campaign := l.Offer.Person.ID, l.Offer.Plan.Campaign
	view.URL = w.PublicURL + "/l/" + w.Tokens.Sign(tokens.NoticeLink, tokens.Claims{Person: person, Campaign: campaign, Plan: l.Offer.Plan.Number, ID: l.Notice}, now, w.NoticeTTL)
	if !l.Kind.Owed() {
		view.Unsubscribe = w.PublicURL + "/u/" + w.Tokens.Sign(tokens.Unsubscribe, tokens.Claims{Person: person}, now, unsubscribeTTL)
	}
	rendered, err := w.Pages.Mail(view)
	return Message{
		ID: l.Notice, To: l.Contact.Email, Subject: rendered.Subject, Text: rendered.Text, HTML: rendered.HTML,
		Language: view.Tag(), Unsubscribe: view.Unsubscribe, At: now,
	}, err
}

// Sample is what a letter of a kind looks like to somebody who is asked this. Its
// links lead nowhere.
func (w Writer) Sample(k tracker.LetterKind, o tracker.Offer, now time.Time) (templates.RenderedMail, error) {
	view := w.view(k, o, now)
	view.URL = w.PublicURL + "/t/" + o.Plan.Campaign
	if !k.Owed() {
		view.Unsubscribe = w.PublicURL + "/u/sample"
	}
	return w.Pages.Mail(view)
}

func (w Writer) view(k tracker.LetterKind, o tracker.Offer, now time.Time) templates.Mail {
	locale := w.Pages.Match(o.Language)
	tag := locale.Tag()
	m := templates.Mail{
		Frame: templates.Frame{Locale: locale, Brand: w.Brand.Name, Imprint: w.Brand.Imprint, Zone: o.Zone},
		Kind:  templates.MailKind(k), Title: o.Plan.Title.In(tag), From: o.Local.Deadline, Now: now, Support: w.Brand.Support,
	}
	if o.Enrolled.Stage == 0 && len(o.Ahead) > 0 && o.Ahead[0].At.After(m.From) {
		m.From = o.Ahead[0].At // somebody who was told later
	}
	for _, v := range o.Versions {
		text, _ := v.TextIn(tag) // a published version has a text
		summary, err := templates.Summarise([]byte(text.Summary))
		if err != nil {
			continue // a mail without the summary still leads to the page
		}
		for _, change := range summary.Changes {
			m.Changes = append(m.Changes, change.Title)
		}
	}
	for _, state := range o.Standing.Capabilities {
		if state.Reason == terms.ReasonStage && state.Campaign == o.Plan.Campaign {
			m.Off = append(m.Off, w.name(tag, state.Capability))
		}
	}
	m.Next, m.Stops = w.next(tag, o)
	if words := o.Local.Message.In(tag); words != "" {
		m.Messages = append(m.Messages, words)
	}
	for _, h := range o.Holds {
		if words := h.Message.In(tag); words != "" {
			m.Messages = append(m.Messages, words)
		}
	}
	return m
}

// next is when the next stage ahead that takes something comes, and what it
// takes.
func (w Writer) next(tag string, o tracker.Offer) (time.Time, []string) {
	for _, next := range o.Ahead {
		i := o.Ladder.StageIndex(next.Stage)
		if i < 0 || !o.Ladder.Stages[i].Takes() {
			continue
		}
		var stops []string
		for _, key := range o.Ladder.Stages[i].Off {
			stops = append(stops, w.name(tag, key))
		}
		for _, set := range o.Ladder.Stages[i].Set {
			stops = append(stops, w.name(tag, set.Capability))
		}
		return next.At, stops
	}
	return time.Time{}, nil
}

func (w Writer) name(tag, key string) string {
	if c, ok := w.Catalogue.Find(key); ok && c.Title.In(tag) != "" {
		return c.Title.In(tag)
	}
	return key
}
