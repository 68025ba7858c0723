package people

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"
)

// backCookie holds where the app wants its person back.
const backCookie = "assent_back"

// remember keeps the address an app asks to have its person sent back to, if it is one of those that are allowed. It is
// kept beside the session and not in the pages' addresses, so that pages stay the same for everybody.
func (s site) remember(c *gin.Context) {
	if to := c.Query("return"); to != "" && s.mayReturn(to) {
		http.SetCookie(c.Writer, &http.Cookie{Name: backCookie, Value: url.QueryEscape(to), Path: "/", HttpOnly: true, Secure: s.Cookie.HTTPS, SameSite: http.SameSiteLaxMode}) //nolint:gosec // Secure follows what people are served by
	}
}

// back is where the app wants its person back; empty when it did not say, or may not say so.
func (s site) back(c *gin.Context) string {
	kept, err := c.Cookie(backCookie) // unescapes it
	if err != nil || !s.mayReturn(kept) {
		return ""
	}
	return kept
}

// mayReturn reports whether an address has one of the schemes or origins that the operator allows. What could run as a
// script never is.
func (s site) mayReturn(to string) bool {
	u, err := url.Parse(to)
	if err != nil || len(to) > 1024 || u.Scheme == "" || u.User != nil || slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob", "about"}, u.Scheme) {
		return false
	}
	if slices.Contains(s.ReturnTo, u.Scheme+":") {
		return u.Scheme != "http" && u.Scheme != "https" // a scheme alone would allow every site
	}
	return u.Host != "" && slices.Contains(s.ReturnTo, u.Scheme+"://"+u.Host)
}
