// Package people serves the pages for people: reading what changes, choosing, the receipt, what works now, my terms, and
// the full legal texts. Who somebody is comes from a signed session cookie, which a link from the app opens once or a
// sign-in at the platform's provider, or from a token of the platform.
//
// No GET records a choice. A choice is a form post from this site, with a signed token of what was shown.
package people

import (
	"bytes"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/tokens"
	"assent/tracker"
)

// Options is what the pages work with. Tracker, Pages, Tokens, Cookie, SameOrigin, Wall,
// SessionTTL and Brand.Name are required.
type Options struct {
	Tracker    *tracker.Tracker
	Pages      *templates.Pages
	Tokens     *tokens.Signer
	Cookie     web.Cookie       // of the person's session
	SameOrigin gin.HandlerFunc  // web.SameOrigin
	Wall       func() time.Time // the real clock, for sessions; the tracker's may be a demonstration's
	Proxies    web.Proxies      // believed about where a choice comes from
	Brand      Brand
	LogKey     string           // public keys of the log, one a line
	ReturnTo   []string         // schemes ("harbor:") and origins (https://app.example.org) that people may be sent back to
	Home       []templates.Link // what the front page leads to, besides "My terms"
	SessionTTL time.Duration    // of a session, which ends earlier where the person signs out
	SignIn     web.Provider     // nil: people come from the app only
	JWT        PlatformTokens   // nil: tokens of the platform are not taken
	JWTCookie  string           // where they may be besides the header; "": nowhere
	Log        *slog.Logger     // for sign-ins that are refused; nil: nowhere
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
	album     *album
	abstracts *abstracts
}

// Mount adds the pages to a router.
func Mount(r gin.IRouter, o Options) {
	s := site{o, newAlbum(o), &abstracts{}}
	if !o.NoHome {
		r.GET("/", web.Handle(s.home))
	}
	r.GET("/l/:token", web.Handle(s.openLink))
	r.GET("/u/:token", web.Handle(s.askQuiet))
	r.POST("/u/:token", web.Handle(web.ReadOneClick), web.Handle(s.quiet)) // from anywhere: see quiet
	r.GET("/legal/:document/:version", web.Handle(s.legal))
	r.GET("/legal/:document/:version/compare", s.page(s.compare))

	r.GET("/t/:campaign", s.page(s.askChoice))
	r.POST("/t/:campaign", o.SameOrigin, web.Handle(web.ReadForm), web.Handle(s.choose))
	r.GET("/t/:campaign/later", s.page(s.later))
	r.GET("/t/:campaign/features", s.page(s.features))
	r.GET("/receipts/:id/done", s.page(s.done))
	r.GET("/receipts/:id", s.page(s.receipt))
	r.GET("/receipts/:id/receipt.json", s.page(s.receiptFile))
	r.GET("/me/terms", s.page(s.mine))
	r.GET(dataPath, s.page(s.myData))
	r.GET(evidencePath, s.page(s.myEvidence))
	r.POST("/me/reminders", o.SameOrigin, web.Handle(web.ReadForm), web.Handle(s.setReminders))
	r.GET(languagePath, s.page(s.askLanguage))
	r.POST(languagePath, o.SameOrigin, web.Handle(web.ReadForm), web.Handle(s.setLanguage))
	r.GET("/signin", web.Handle(s.begin))
	r.GET("/signin/callback", web.Handle(s.finish))
	r.POST("/signout", o.SameOrigin, web.Handle(s.signOut))
}

// FaultPage renders an error for a person.
func FaultPage(o Options, r *http.Request, p *web.Problem) ([]byte, error) {
	view := templates.Error{Frame: frame(o, r, ""), Fault: fault(p), Reference: p.Reference, RetryURL: "/"}
	if strings.HasPrefix(r.URL.Path, "/t/") && p.Status != http.StatusNotFound {
		view.RetryURL = r.URL.Path
	}
	if o.SignIn != nil && offersSignIn(p) {
		view.SignInURL = signInPath(local(r.URL.RequestURI()))
	}
	var out bytes.Buffer
	err := o.Pages.Render(&out, "people/error", view)
	return out.Bytes(), err
}

// offersSignIn reports whether signing in is the way out of a problem.
func offersSignIn(p *web.Problem) bool {
	return p.Status == http.StatusUnauthorized || slices.Contains([]string{linkUsed, linkExpired, signInDown, unknownAccount}, p.Type)
}

// The types of problem that only these pages know.
const (
	linkExpired    = "link_expired"
	linkBroken     = "link_broken"
	linkUsed       = "link_used"
	formExpired    = "form_expired"
	signInFailed   = "sign_in_failed"
	signInDown     = "sign_in_unavailable"
	unknownAccount = "unknown_account"
)

// fault finds the words for a problem.
func fault(p *web.Problem) templates.Fault {
	switch {
	case p.Type == linkExpired:
		return templates.FaultLinkExpired
	case p.Type == linkBroken:
		return templates.FaultLinkBroken
	case p.Type == linkUsed:
		return templates.FaultLinkUsed
	case p.Type == signInFailed:
		return templates.FaultSignIn
	case p.Type == signInDown:
		return templates.FaultSignInDown
	case p.Type == unknownAccount:
		return templates.FaultUnknownAccount
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
	asked := r.URL.Query().Get("lang")
	f := frameIn(o, o.Pages.Match(asked, locale, r.Header.Get("Accept-Language")))
	f.LanguageURL = languageURL(r.URL)
	if asked != "" {
		f.TermsURL = withLanguage(f.TermsURL, f.Tag()) // whoever has chosen a language stays in it
	}
	return f
}

// frameIn is what every page shares, in a language.
func frameIn(o Options, l templates.Locale) templates.Frame {
	return templates.Frame{
		Locale: l, LanguageURL: languagePath,
		Brand: o.Brand.Name, Imprint: o.Brand.Imprint, HelpURL: o.Brand.HelpURL, ExportURL: o.Brand.ExportURL, CloseURL: o.Brand.CloseURL,
		HomeURL: "/", TermsURL: "/me/terms",
	}
}

// frameFor is frame for a page about what a campaign asks of a person, in the person's own time zone.
func (s site) frameFor(c *gin.Context, o tracker.Offer) templates.Frame {
	f := frame(s.Options, c.Request, o.Language)
	f.Zone = o.Zone
	f.AppURL = template.URL(s.back(c)) //nolint:gosec // its scheme is one the operator allows
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
