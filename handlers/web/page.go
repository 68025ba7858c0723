package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/terms"
)

// Page answers with a whole page of HTML, rendered before it is called so that
// a page that fails is never half sent.
func Page(c *gin.Context, status int, html []byte) { send(c, status, html, pagePolicy, "DENY") }

// send keeps a Referrer-Policy that the handler has chosen.
func send(c *gin.Context, status int, html []byte, policy, frames string) {
	header := c.Writer.Header()
	if _, chosen := header["Referrer-Policy"]; !chosen {
		c.Header("Referrer-Policy", "same-origin")
	}
	c.Header("X-Frame-Options", frames) // for browsers that do not know frame-ancestors
	c.Header("Content-Security-Policy", policy)
	c.Header("Vary", "Accept, Accept-Language, Cookie")
	c.Header("Content-Length", strconv.Itoa(len(html))) // else it would go out in pieces
	c.Data(status, "text/html; charset=utf-8", html)
}

// Framing answers with a page that shows others of this site in frames.
func Framing(c *gin.Context, status int, html []byte) {
	send(c, status, html, pagePolicy+"; frame-src 'self'", "DENY")
}

// Lent answers with a page that a gateway shows in the place of another server's: it has its styles inside, and
// fetches nothing.
func Lent(c *gin.Context, status int, html []byte) { send(c, status, html, lentPolicy, "DENY") }

const lentPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Kept answers with a page as it was once shown, whole with its styles. It is to be looked at, alone or in a frame of
// this site: nothing in it runs, loads or can be sent.
func Kept(c *gin.Context, html []byte) {
	send(c, http.StatusOK, html, keptPolicy, "SAMEORIGIN")
}

const keptPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"

// Letter is Kept for a page that the one around it measures, to show it whole.
func Letter(c *gin.Context, html []byte) {
	send(c, http.StatusOK, html, keptPolicy+" allow-same-origin", "SAMEORIGIN")
}

// WantsPage reports whether whoever asks is a browser that wants to show the
// answer, rather than a program.
func WantsPage(c *gin.Context) bool {
	// gin goes by the order of the header, in which browsers put text/html first.
	const program, page = "application/problem+json", "text/html"
	return c.NegotiateFormat(program, "application/json", page) == page
}

// Ahead reports whether a browser asks before anybody wants to see the answer, to have it at hand (Fetch Standard,
// Sec-Purpose). What can be used once must not be used up so.
func Ahead(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if purpose := strings.ToLower(r.Header.Get(name)); strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "preview") {
			return true
		}
	}
	return false
}

// SameOrigin refuses with 403 what another site made a browser send
// (OWASP ASVS 5.0 3.5.1): a POST whose Sec-Fetch-Site or Origin names another
// origin than this server or publicURL. Put it before every form. A client
// that sends neither header is let through, so forms carry a signed token
// besides.
func SameOrigin(publicURL string) (gin.HandlerFunc, error) {
	protection := http.NewCrossOriginProtection()
	if publicURL != "" { // a proxy in front may change the Host that Origin is compared with
		if err := protection.AddTrustedOrigin(publicURL); err != nil {
			return nil, fmt.Errorf("public URL %q: %w", publicURL, err)
		}
	}
	return Handle(func(c *gin.Context) error {
		if protection.Check(c.Request) != nil {
			return terms.Errorf(terms.Forbidden, "this was sent from another site; open the page here and try again")
		}
		return nil
	}), nil
}

// Pages renders a page from its view, or writes nothing; *templates.Pages does.
type Pages interface {
	Render(w io.Writer, page string, view any) error
}

// Render answers with a page made from its view. When the page fails, nothing
// has been sent and the failure is the handler's.
func Render(c *gin.Context, pages Pages, status int, page string, view any) error {
	var out bytes.Buffer
	if err := pages.Render(&out, page, view); err != nil {
		return err
	}
	Page(c, status, out.Bytes())
	return nil
}

// ReadForm reads a form of at most MaxBody bytes, so that c.PostForm answers
// from it. The error is a *Problem: 415 for another media type or one that is
// compressed, 413 for a longer form, 400 for what is none or says something twice.
func ReadForm(c *gin.Context) error {
	return readForm(c, formType, func(r *http.Request) error { return r.ParseForm() })
}

// ReadOneClick reads what a mail program posts to end something in one click: a
// form in either of the two ways browsers write one (RFC 8058, section 3.2). It
// fails as ReadForm does.
func ReadOneClick(c *gin.Context) error {
	if utf8Type(c.GetHeader("Content-Type")) != partsType {
		return ReadForm(c)
	}
	return readForm(c, partsType, func(r *http.Request) error { return r.ParseMultipartForm(MaxBody) })
}

// The media types of forms.
const (
	formType  = "application/x-www-form-urlencoded"
	partsType = "multipart/form-data"
)

func readForm(c *gin.Context, kind string, parse func(*http.Request) error) error {
	if err := RequireType(c, kind); err != nil {
		return err
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
	if err := parse(c.Request); err != nil {
		if large := tooLarge(err); large != nil {
			return large
		}
		return &Problem{Status: http.StatusBadRequest, Type: "unreadable", Detail: "the form could not be read; go back and send it again"}
	}
	for name, values := range c.Request.PostForm {
		if len(values) > 1 { // no form of ours does, and whoever else reads it might take the other
			return &Problem{Status: http.StatusBadRequest, Type: "unreadable", Detail: fmt.Sprintf("%q stands in the form twice; go back and send it again", name)}
		}
	}
	return nil
}
