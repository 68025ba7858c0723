package cli

import (
	"context"
	"strings"

	"assent/handlers/people"
	"assent/handlers/staff"
	"assent/notify/mail"
	"assent/templates"
	"assent/tracker"
)

// shownNotices lets the console show and try what people are sent.
func (a *app) shownNotices(pages *templates.Pages) staff.Notices {
	n := staff.Notices{
		Mail: func(ctx context.Context, kind tracker.LetterKind, s tracker.Sample) (templates.RenderedMail, error) {
			offer, at, err := a.tracker.SampleOffer(ctx, s)
			if err != nil {
				return templates.RenderedMail{}, err
			}
			return a.writer(pages).Sample(kind, offer, at)
		},
		Banner: func(ctx context.Context, s tracker.Sample) (templates.Banner, error) {
			return people.SampleReminder(ctx, a.people(pages), s, a.settings.Server.PublicURL+"/t/"+s.Campaign)
		},
	}
	if a.settings.Mail.Host != "" {
		n.Test = a.sendTest
	}
	return n
}

// sendTest sends a mail to an address at once.
func (a *app) sendTest(ctx context.Context, m templates.RenderedMail, language, to string) error {
	carrier, err := a.carrier()
	if err != nil {
		return err
	}
	return carrier.Test(ctx, mail.Message{ID: "test_" + strings.ToLower(carrier.Claim), To: to, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Language: language, At: realClock()})
}
