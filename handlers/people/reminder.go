package people

import (
	"context"
	"time"

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
	banner, err := s.banner(o, language, acceptURL, s.Tracker.Now())
	return banner, textsOf(o.Versions, banner.Tag()), err
}

// SampleReminder is Reminder for somebody made up.
func SampleReminder(ctx context.Context, options Options, sample tracker.Sample, acceptURL string) (templates.Banner, error) {
	s := site{Options: options}
	o, at, err := s.Tracker.SampleOffer(ctx, sample)
	if err != nil {
		return templates.Banner{}, err
	}
	return s.banner(o, sample.Locale, acceptURL, at)
}

func (s site) banner(o tracker.Offer, language, acceptURL string, now time.Time) (templates.Banner, error) {
	f := templates.Frame{Locale: s.Pages.Match(language, o.Language), Brand: s.Brand.Name, Zone: o.Zone}
	view, err := s.choiceView(f, o, now)
	if err != nil {
		return templates.Banner{}, err
	}
	reminder := o.Position.Reminder
	banner := templates.Banner{
		Choice: view, Campaign: o.Plan.Campaign, Mode: "none", Dismissible: reminder.Dismissible, EveryOpen: reminder.EveryOpen,
		NextAt: o.Position.Next.At, URL: withLanguage(acceptURL, f.Tag()),
	}
	if asked(o) && !now.Before(o.Local.AnnounceAt) && reminder.Mode != terms.NoReminder {
		banner.Mode = string(reminder.Mode)
		if o.Position.Quiet.After(now) {
			banner.Mode, banner.Quiet = "none", o.Position.Quiet
		}
	}
	return banner, nil
}

// asked reports whether there is something for the person to choose.
func asked(o tracker.Offer) bool {
	open := o.Enrolled.Status == terms.Pending || o.Enrolled.Status == terms.Declined
	return open && !o.Enrolled.Bound && !o.Enrolled.Excused && !o.Local.Off()
}
