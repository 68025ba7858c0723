package people

import (
	"context"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// Reminder is what an app shows a person about a campaign, in a language, else the person's own. acceptURL is the
// address of the choice page. NotFound for somebody the campaign does not ask.
func Reminder(ctx context.Context, options Options, person, campaign, language, acceptURL string) (templates.Banner, []terms.DocumentText, error) {
	s := site{Options: options}
	o, err := s.Tracker.Offer(ctx, person, campaign)
	if err != nil {
		return templates.Banner{}, nil, err
	}
	f := templates.Frame{Locale: s.Pages.Match(language, o.Person.Locale), Brand: s.Brand.Name, Zone: o.Zone}
	now := s.Tracker.Now()
	view, err := s.choiceView(ctx, f, o, now)
	if err != nil {
		return templates.Banner{}, nil, err
	}
	reminder := o.Position.Reminder
	banner := templates.Banner{
		Choice: view, Campaign: campaign, Mode: "none", Dismissible: reminder.Dismissible, EveryOpen: reminder.EveryOpen,
		NextAt: o.Position.Next.At, URL: withLanguage(acceptURL, f.Tag()),
	}
	if asked(o) && !now.Before(o.Local.AnnounceAt) && reminder.Mode != terms.NoReminder {
		banner.Mode = string(reminder.Mode)
		if o.Position.Quiet.After(now) {
			banner.Mode, banner.Quiet = "none", o.Position.Quiet
		}
	}
	return banner, textsOf(o.Versions, f.Tag()), nil
}

// asked reports whether there is something for the person to choose.
func asked(o tracker.Offer) bool {
	open := o.Enrolled.Status == terms.Pending || o.Enrolled.Status == terms.Declined
	return open && !o.Enrolled.Bound && !o.Enrolled.Excused
}
