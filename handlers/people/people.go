// Package people serves the pages for people: reading what changes, choosing, the receipt, what works now, my terms, and
// the full legal texts. Who somebody is comes from a signed session cookie, which a signed link from the app opens.
//
// No GET records a choice. A choice is a form post from this site, with a signed token of what was shown.
package people

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/tokens"
	"assent/tracker"
)

// Options is what the pages work with. Tracker, Pages, Tokens, Cookie, SameOrigin, Wall and Brand.Name are required.
type Options struct {
	Tracker    *tracker.Tracker
	Pages      *templates.Pages
	Tokens     *tokens.Signer
	Cookie     web.Cookie       // of the person's session
	SameOrigin gin.HandlerFunc  // web.SameOrigin
	Wall       func() time.Time // the real clock, for sessions; the tracker's may be a demonstration's
	Proxies    web.Proxies      // believed about where a choice comes from
	Brand      Brand
	Home       []templates.Link // what the front page leads to, besides "My terms"
	NoHome     bool             // the front page is served by somebody else, as in a demonstration
}

// Brand is who asks. Addresses left empty are not shown.
type Brand struct {
	Name      string
	Imprint   string // name and postal address
	HelpURL   string // https: or mailto:
	ExportURL string // where people export their data
	CloseURL  string // where people close their account
}

// site is the handlers.
type site struct {
	Options
	album *album
}

// Mount adds the pages to a router.
func Mount(r gin.IRouter, o Options) {
	s := site{o, newAlbum(o)}
	if !o.NoHome {
		r.GET("/", web.Handle(s.home))
	}
	r.GET("/l/:token", web.Handle(s.openLink))
	r.GET("/legal/:document/:version", web.Handle(s.legal))
	r.GET("/legal/:document/:version/compare", web.Handle(s.compare))

	r.GET("/t/:campaign", web.Handle(s.askChoice))
	r.POST("/t/:campaign", o.SameOrigin, web.Handle(web.ReadForm), web.Handle(s.choose))
	r.GET("/t/:campaign/later", web.Handle(s.later))
	r.GET("/t/:campaign/features", web.Handle(s.features))
	r.GET("/receipts/:id/done", web.Handle(s.done))
	r.GET("/receipts/:id", web.Handle(s.receipt))
	r.GET("/receipts/:id/receipt.json", web.Handle(s.receiptFile))
	r.GET("/me/terms", web.Handle(s.mine))
}

// FaultPage renders an error for a person.
func FaultPage(o Options, r *http.Request, p *web.Problem) ([]byte, error) {
	view := templates.Error{Frame: frame(o, r, ""), Fault: fault(p), Reference: p.Reference, RetryURL: "/"}
	if strings.HasPrefix(r.URL.Path, "/t/") && p.Status != http.StatusNotFound {
		view.RetryURL = r.URL.Path
	}
	var out bytes.Buffer
	err := o.Pages.Render(&out, "people/error", view)
	return out.Bytes(), err
}

// The types of problem that only these pages know.
const (
	linkExpired = "link_expired"
	linkBroken  = "link_broken"
	formExpired = "form_expired"
)

// fault finds the words for a problem.
func fault(p *web.Problem) templates.Fault {
	switch {
	case p.Type == linkExpired:
		return templates.FaultLinkExpired
	case p.Type == linkBroken:
		return templates.FaultLinkBroken
	case p.Type == formExpired:
		return templates.FaultFormExpired
	case p.Type == "stale":
		return templates.FaultTermsChanged
	case p.Type == "too_many":
		return templates.FaultNoSnooze
	case p.Status == http.StatusUnauthorized:
		return templates.FaultUnidentified
	case p.Status == http.StatusNotFound:
		return templates.FaultNotFound
	case p.Status == http.StatusTooManyRequests:
		return templates.FaultTooMany
	case p.Status >= http.StatusInternalServerError:
		return templates.FaultOurs
	}
	return templates.FaultRequest
}

// frame is what every page shares, in the language asked for in the address, else the person's own, else the browser's.
func frame(o Options, r *http.Request, locale string) templates.Frame {
	return templates.Frame{
		Locale: o.Pages.Match(r.URL.Query().Get("lang"), locale, r.Header.Get("Accept-Language")), Languages: o.Pages.Locales(),
		Brand: o.Brand.Name, Imprint: o.Brand.Imprint, HelpURL: o.Brand.HelpURL, ExportURL: o.Brand.ExportURL, CloseURL: o.Brand.CloseURL,
		HomeURL: "/", TermsURL: "/me/terms",
	}
}

// frameFor is frame for a page about what a campaign asks of a person, in the person's own time zone.
func (s site) frameFor(c *gin.Context, o tracker.Offer) templates.Frame {
	f := frame(s.Options, c.Request, o.Person.Locale)
	f.Zone = o.Zone
	return f
}

func (s site) render(c *gin.Context, status int, page string, view any) error {
	return web.Render(c, s.Pages, status, page, view)
}

func (s site) home(c *gin.Context) error {
	f := frame(s.Options, c.Request, "")
	words, err := f.T("frame.my_terms")
	if err != nil {
		return err
	}
	links := append([]templates.Link{{URL: "/me/terms", Text: words}}, s.Home...)
	return s.render(c, http.StatusOK, "people/home", templates.Home{Frame: f, Title: s.Brand.Name, Links: links})
}
