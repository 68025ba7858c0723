package cli

import (
	"context"
	"crypto/rand"
	"time"
	_ "time/tzdata" // people's time zones, on machines that have none

	"assent/config"
	"assent/notify/mail"
	"assent/scheduler"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// mailJob is the name of the job that writes to people.
const mailJob = "mail"

// post is how people are written to.
func post(n config.Notices) tracker.Post {
	return tracker.Post{
		Weekly: n.Weekly, CountsAfter: n.CountsAfter, Tries: n.Tries,
		Quiet: terms.QuietHours{From: config.TimeOfDay(n.QuietFrom), Until: config.TimeOfDay(n.QuietUntil)},
	}
}

// writer puts letters into words.
func (a *app) writer(pages *templates.Pages) mail.Writer {
	s := a.settings
	return mail.Writer{
		Pages: pages, Tokens: a.secrets.tokens, Catalogue: s.Catalogue, PublicURL: s.Server.PublicURL, NoticeTTL: s.Links.NoticeTTL,
		Brand: mail.Brand{Name: s.Brand.Name, Imprint: s.Brand.Address, Support: s.Brand.Contact},
	}
}

// carrier writes to people; nil where there is no mail server.
func (a *app) carrier() (*mail.Carrier, error) {
	m := a.settings.Mail
	if m.Host == "" {
		return nil, nil
	}
	pages, err := templates.New()
	if err != nil {
		return nil, err
	}
	return &mail.Carrier{
		Tracker: a.tracker, Writer: a.writer(pages), Claim: rand.Text(), Wall: realClock, Rate: m.Rate, Log: a.log,
		Rest: func(ctx context.Context, d time.Duration) {
			select {
			case <-ctx.Done():
			case <-time.After(d):
			}
		},
		Server: mail.Server{
			Host: m.Host, Port: m.Port, TLS: m.TLS, Username: m.Username, Password: string(m.Password), From: m.From,
			FromName: a.settings.Brand.Name, ReplyTo: m.ReplyTo, Timeout: m.Timeout,
		},
	}, nil
}

// mailJobs is the job that writes to people, where there is a mail server.
func (a *app) mailJobs() ([]scheduler.Job, error) {
	carrier, err := a.carrier()
	if err != nil || carrier == nil {
		return nil, err
	}
	return []scheduler.Job{{
		Name: mailJob, Spec: a.settings.Notices.Tick, Timeout: time.Hour,
		Run: func(ctx context.Context, _, _ time.Time) error { return carrier.Run(ctx) },
	}}, nil
}
