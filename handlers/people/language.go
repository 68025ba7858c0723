package people

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
)

// languagePath is the page that asks for the language to go on in.
const languagePath = "/language"

// languageURL leads from a page to the one that asks for a language, and back. Of what a page was asked for only a
// comparison's views are taken along.
func languageURL(from *url.URL) string {
	back, query := from.EscapedPath(), from.Query()
	switch {
	case back == languagePath:
		back = query.Get("back")
	case strings.HasPrefix(back, "/legal/"):
		query.Del("lang")
		back = (&url.URL{Path: from.Path, RawPath: from.RawPath, RawQuery: query.Encode()}).String()
	}
	return languageAfter(back)
}

// languageAfter asks for a language and leads to a page of ours.
func languageAfter(page string) string {
	return languagePath + "?" + url.Values{"back": {page}}.Encode()
}

// askLanguage lists the languages there are.
func (s site) askLanguage(c *gin.Context) error {
	view := templates.Language{Action: languagePath, Back: c.Query("back"), Languages: s.Pages.Locales()}
	own := ""
	who, err := s.person(c)
	if view.Known = err == nil; view.Known {
		own, _, err = s.Tracker.SpokenTo(c.Request.Context(), who.person)
	}
	if err != nil && !errors.Is(err, terms.Unauthenticated) {
		return err
	}
	view.Frame = frame(s.Options, c.Request, own)
	return s.render(c, http.StatusOK, "people/language", view)
}

// setLanguage leads back, in another language. Whoever is signed in is spoken to in it from now on, also in what is
// sent; none is the language of the account again.
func (s site) setLanguage(c *gin.Context) error {
	tag, back := c.PostForm("language"), c.PostForm("back")
	if !ours(back) {
		back = "/"
	}
	if tag != "" && !slices.ContainsFunc(s.Pages.Locales(), func(l templates.Locale) bool { return l.Tag() == tag }) {
		return terms.Errorf(terms.Invalid, "language: there are no pages in %q", tag)
	}
	who, err := s.person(c)
	if errors.Is(err, terms.Unauthenticated) {
		c.Redirect(http.StatusSeeOther, inLanguage(back, tag))
		return nil
	}
	if err == nil {
		err = s.Tracker.SetLanguage(c.Request.Context(), who.person, tag)
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, back)
	return nil
}

// inLanguage asks a page of this site for a language.
func inLanguage(page, tag string) string {
	u, err := url.Parse(page)
	if err != nil {
		return "/"
	}
	query := u.Query()
	query.Set("lang", tag)
	u.RawQuery = query.Encode()
	return u.String()
}
