// Package staff serves the console: signing in, the campaigns with their plans, holds, reversals and next run, the runs,
// the approvals, and the look-up of a person. It reads and acts through package tracker and decides nothing; every page
// but signing in needs a session, and every act first shows what it would do: see act.
package staff

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/gate"
	"assent/handlers/web"
	"assent/templates"
	"assent/tokens"
	"assent/tracker"
)

// Options is what the console works with. All but Provider, Passwords and Demo are required.
type Options struct {
	Tracker    *tracker.Tracker
	Pages      *templates.Pages
	Tokens     *tokens.Signer
	LogKey     string           // public keys of the log, one a line
	Cookie     web.Cookie       // of the session
	SameOrigin gin.HandlerFunc  // web.SameOrigin
	Wall       func() time.Time // the real clock, for sessions; the tracker's may be a demonstration's
	PublicURL  string           // where apps reach the server
	Gate       *gate.Gate       // for what they are answered
	Launch     Judge            // looks at a plan before it is put into force
	Notices    Notices
	Provider   *Provider // where staff sign in besides; nil: nowhere
	Passwords  bool      // names and passwords are taken
	Demo       *Demo     // nil but in a demonstration

	Forget func(ctx context.Context, person string) error // has the messaging layer forget somebody who was erased; nil: there is none
}

// console is the handlers.
type console struct{ Options }

// Mount adds the console to a router under /staff and, in a demonstration only, /demo/staff and /demo/clock.
func Mount(r gin.IRouter, o Options) {
	s := console{o}
	form := []gin.HandlerFunc{o.SameOrigin, web.Handle(web.ReadForm)}
	post := func(path string, fn func(*gin.Context) error) { r.Group("", form...).POST(path, web.Handle(fn)) }
	r.GET("/staff/signin", web.Handle(s.askSignIn))
	post("/staff/signin", s.signIn)
	r.GET("/staff/signin/provider", web.Handle(s.leave))
	r.GET("/staff/signin/callback", web.Handle(s.comeBack))
	post("/staff/signout", s.signOut)
	r.GET("/staff/setup", web.Handle(s.askSetup))
	post("/staff/setup", s.setUp)

	in := r.Group("/staff", s.requireSession, web.Noted)
	act := in.Group("", s.requireEditor)
	in.GET("", web.Handle(s.campaigns))
	in.GET("/campaigns/:campaign", web.Handle(s.overview))
	in.GET("/campaigns/:campaign/plans", web.Handle(s.plans))
	in.GET("/campaigns/:campaign/plans/:plan", web.Handle(s.plan))
	in.GET("/campaigns/:campaign/holds", web.Handle(s.holds))
	in.GET("/campaigns/:campaign/reversals", web.Handle(s.reversals))
	in.GET("/campaigns/:campaign/reversals/:reversal", web.Handle(s.reversal))
	in.GET("/campaigns/:campaign/next", web.Handle(s.next))
	in.GET("/campaigns/:campaign/unreached", web.Handle(s.unreached))
	in.GET("/campaigns/:campaign/launch", web.Handle(s.launch))
	in.GET("/sheets/:sheet", web.Handle(s.sheet))
	in.GET("/campaigns/:campaign/notices", web.Handle(s.notices))
	in.GET("/campaigns/:campaign/notices/preview", web.Handle(s.previewNotices))
	in.GET("/campaigns/:campaign/notices/mail", web.Handle(s.mail))
	in.GET("/kept/:sha256", web.Handle(s.kept))
	in.GET("/people", web.Handle(s.person))
	act.GET("/people/evidence", web.Handle(s.evidencePack))
	act.GET("/people/export", web.Handle(s.heldOn))
	in.GET("/runs", web.Handle(s.runs))
	in.GET("/log", web.Handle(s.auditLog))
	in.GET("/log/:act", web.Handle(s.auditAct))
	in.GET("/developers", web.Handle(s.developers))
	in.GET("/enforcement", web.Handle(s.points))
	in.GET("/webhooks", web.Handle(s.webhooks))
	in.GET("/webhooks/:webhook", web.Handle(s.webhook))
	act.POST("/webhooks/:webhook/retry", o.SameOrigin, web.Handle(s.retryWebhook))
	act.POST("/webhooks/:webhook/enable", o.SameOrigin, web.Handle(s.enableWebhook))
	in.GET("/approvals", web.Handle(s.approvals))
	in.GET("/approvals/:approval", web.Handle(s.approval))
	for _, a := range s.acts() {
		act.GET(a.path, web.Handle(s.ask(a)))
		act.Group("", form...).POST(a.path, web.Handle(s.perform(a)))
	}

	if o.Demo != nil {
		r.POST("/demo/staff", o.SameOrigin, web.Handle(s.openDemo))
		r.POST("/demo/clock", o.SameOrigin, web.Handle(s.moveClock))
	}
}

// FaultPage renders an error for somebody who looks at the console.
func FaultPage(pages *templates.Pages, p *web.Problem) ([]byte, error) {
	heading := p.Title
	if heading == "" {
		heading = http.StatusText(p.Status)
	}
	var out bytes.Buffer
	err := pages.Render(&out, "staff/fault", templates.StaffFault{Heading: heading, Text: sentence(p.Detail)})
	return out.Bytes(), err
}

// frame is what every page shares.
func (s console) frame(c *gin.Context) (templates.StaffFrame, error) {
	f := templates.StaffFrame{Member: member(c), Looks: signedIn(c).Role == tracker.Viewer, AsOf: s.Tracker.Now(), Done: doneText(c.Query("done"))}
	if f.Member == "" {
		return f, nil
	}
	pause, err := s.Tracker.Paused(c.Request.Context())
	if err != nil {
		return f, err
	}
	if !pause.At.IsZero() {
		f.Paused = &templates.StaffPause{At: pause.At, Reason: pause.Reason, By: pause.By}
	}
	asked, err := s.Tracker.ApprovalList(c.Request.Context(), "")
	if err != nil {
		return f, err
	}
	for _, a := range asked {
		if waiting(a, f.AsOf) {
			f.Awaiting++
		}
	}
	if s.Demo != nil {
		f.Clock, err = s.demoClock(c, f.AsOf)
	}
	return f, err
}

func (s console) render(c *gin.Context, status int, page string, view any) error {
	return web.Render(c, s.Pages, status, page, view)
}

// local answers path when it leads to a page of this site below prefix, else fallback: a link must not carry anybody
// away to another site.
func local(path, prefix, fallback string) string {
	inside := path == prefix || strings.HasPrefix(path, prefix+"/") || strings.HasPrefix(path, prefix+"?")
	if !inside || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return fallback
	}
	return path
}

// sentence makes the message of an error fit for a page.
func sentence(message string) string { return strings.TrimSuffix(capital(message), ".") + "." }
