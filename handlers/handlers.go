// Package handlers puts the HTTP surface together: pages for people, the
// console for staff, the API for clients, and what only a demonstration shows.
package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/handlers/clients"
	"assent/handlers/people"
	"assent/handlers/staff"
	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
)

// Options is what the surface is made of. SameOrigin, Cookie and Proxies of
// the parts are set here, so that they agree.
type Options struct {
	Log       *slog.Logger
	Wall      func() time.Time // the real clock
	PublicURL string
	Proxies   []string // addresses and blocks of trusted proxies
	Pages     *templates.Pages
	People    people.Options
	Staff     staff.Options
	Clients   clients.Options
	Demo      *Demo // nil but in a demonstration
}

// New returns the handler of the whole server.
func New(o Options) (http.Handler, error) {
	proxies, err := web.ParseProxies(o.Proxies)
	if err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	sameOrigin, err := web.SameOrigin(o.PublicURL)
	if err != nil {
		return nil, err
	}
	https := strings.HasPrefix(o.PublicURL, "https://")
	o.People.SameOrigin, o.People.Proxies, o.People.Cookie = sameOrigin, proxies, web.Cookie{Name: "assent_person", HTTPS: https}
	o.People.NoHome = o.Demo != nil
	o.Staff.SameOrigin, o.Staff.Cookie = sameOrigin, web.Cookie{Name: "assent_staff", HTTPS: https}
	o.Staff.Forget = o.Clients.Messaging.Forget
	o.Clients.Proxies = proxies
	o.Clients.Reminders = clients.Reminders{Pages: o.Pages, Of: func(ctx context.Context, person, campaign, language, acceptURL string) (templates.Banner, []terms.DocumentText, error) {
		return people.Reminder(ctx, o.People, person, campaign, language, acceptURL)
	}}
	o.Staff.PublicURL, o.Staff.Gate = o.PublicURL, o.Clients.Gate
	o.Clients.Reminders.Words = func(ctx context.Context, person, language string) (templates.Locale, []string, error) {
		return people.Words(ctx, o.People, person, language)
	}
	o.Clients.Gateway.Page = func(r *http.Request, d gate.Decision) ([]byte, error) {
		return people.RefusedPage(o.People, r, d, o.Clients.Gate.Title(d.Capability))
	}
	api, err := clients.New(o.Clients)
	if err != nil {
		return nil, err
	}
	engine, err := web.Engine(web.Options{
		Log: o.Log, Now: o.Wall, HTTPS: https, ErrorPage: o.errorPage, Measure: api.Measure,
		Routine: []string{"/healthz", "/readyz", "/metrics", "/ofrep/", "/access/", "/assets/", "/messaging/v1/", "/gateway/"},
	})
	if err != nil {
		return nil, err
	}
	api.Mount(engine)
	people.Mount(engine, o.People)
	staff.Mount(engine, o.Staff)
	if o.Demo != nil {
		o.Demo.mount(engine, o)
	}
	assets := gin.WrapH(o.Pages.Assets())
	engine.GET(templates.AssetPrefix+"*file", assets)
	engine.HEAD(templates.AssetPrefix+"*file", assets)
	return engine, nil
}

// errorPage shows a failure in the looks of the part it happened in.
func (o Options) errorPage(r *http.Request, p *web.Problem) ([]byte, error) {
	if strings.HasPrefix(r.URL.Path, "/staff") {
		return staff.FaultPage(o.Pages, p)
	}
	return people.FaultPage(o.People, r, p)
}
