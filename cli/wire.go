package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"assent/config"
	"assent/handlers"
	"assent/handlers/clients"
	"assent/handlers/people"
	"assent/handlers/staff"
	"assent/messaging"
	"assent/models"
	"assent/planfile"
	"assent/scheduler"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// messagingTTL is how long a messaging token opens connections.
const messagingTTL = 24 * time.Hour

// messaging builds the messaging layer and has it hear of every change.
func (a *app) messaging() (*messaging.Server, error) {
	m := a.settings.Messaging
	layer, err := messaging.New(messaging.Options{
		Gate: a.gate, People: roll{a.tracker}, Mailbox: models.NewMailbox(a.store), Tokens: a.secrets.tokens, Now: a.now, Wall: realClock, Log: a.log,
		Metrics: a.metrics, Redis: string(m.Redis), AllowedOrigins: m.AllowedOrigins, MailboxTTL: m.MailboxTTL, ReplyTTL: m.ReplyTokenTTL,
	})
	if err != nil {
		return nil, err
	}
	a.gate.Watch(layer.Applied)
	a.layer = layer
	return layer, nil
}

// roll tells the messaging layer whom the platform knows.
type roll struct{ tracker *tracker.Tracker }

// Known reports whether there is such a person.
func (r roll) Known(ctx context.Context, id string) (bool, error) {
	_, err := r.tracker.Person(ctx, id)
	if errors.Is(err, terms.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// handler builds everything that answers over HTTP.
func (a *app) handler(layer *messaging.Server, jobs *scheduler.Scheduler, extra *demoParts) (http.Handler, error) {
	pages, err := templates.New()
	if err != nil {
		return nil, err
	}
	s := a.settings
	o := handlers.Options{
		Log: a.log, Wall: realClock, PublicURL: s.Server.PublicURL, Proxies: s.Server.TrustedProxies, Pages: pages,
		People: a.people(pages),
		Staff:  staff.Options{Tracker: a.tracker, Pages: pages, Tokens: a.secrets.tokens, LogKey: a.secrets.verifier, Wall: realClock, Launch: a.findings, Notices: a.shownNotices(pages), Passwords: s.Staff.Passwords, Provider: staffProvider(s.Staff.OIDC, s.Server.PublicURL, a.log)},
		Clients: clients.Options{
			Tracker: a.tracker, Gate: a.gate, Messaging: layer, Notices: a.notices, Tokens: a.secrets.tokens, Now: a.now, Clock: realClock,
			ReadPlan:  func(data []byte) (terms.Plan, error) { return planfile.Load(data, profiles(s), s.Catalogue) },
			Staleness: a.staleness,
			Check:     func(ctx context.Context) error { return a.check(ctx, jobs) },
			PublicURL: s.Server.PublicURL, LogKey: a.secrets.verifier, SessionTTL: s.Links.SessionTTL, NoticeTTL: s.Links.NoticeTTL,
			CheckURL:     guard(s.Webhooks).Check,
			MessagingTTL: messagingTTL, Origins: s.Flags.AllowedOrigins, Limits: clients.Limits(s.Limits), Metrics: a.metrics, Stopping: a.stopping,
		},
	}
	o.Clients.Gateway = a.gateway(o.People)
	if extra != nil {
		extra.attach(a, &o)
	}
	return handlers.New(o)
}

// check reports why the server cannot do its work: the database is damaged or does
// not answer, or a job has not finished for three of its intervals.
func (a *app) check(ctx context.Context, jobs *scheduler.Scheduler) error {
	if damage := a.damage.Load(); damage != nil {
		return *damage
	}
	if err := a.store.View(ctx, func(r tracker.Reader) error {
		_, err := r.Revision(ctx)
		return err
	}); err != nil {
		return fmt.Errorf("ask the database: %w", err)
	}
	// A mail server that is away is no reason not to answer, nor is what waits for the night.
	late := slices.DeleteFunc(jobs.Overdue(), func(job string) bool { return job == mailJob || job == scrubJob })
	if len(late) > 0 {
		return fmt.Errorf("jobs overdue: %s", strings.Join(late, ", "))
	}
	return nil
}

func brand(b config.Brand) people.Brand {
	out := people.Brand{Name: b.Name, Imprint: b.Address, ExportURL: b.ExportURL, CloseURL: b.CloseURL}
	switch {
	case strings.Contains(b.Contact, "://"):
		out.HelpURL = b.Contact
	case b.Contact != "":
		out.HelpURL = "mailto:" + b.Contact
	}
	return out
}
