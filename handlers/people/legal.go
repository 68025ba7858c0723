package people

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// legal shows the full text of a published version to anybody: terms are no secret.
func (s site) legal(c *gin.Context) error {
	ref := terms.DocumentRef{Document: c.Param("document"), Version: c.Param("version")}
	v, err := s.published(c, ref)
	if err != nil {
		return err
	}
	f := frame(s.Options, c.Request, "")
	text, _ := v.TextIn(wanted(c, f)) // a published version has a text
	if c.Query("format") == "markdown" {
		return exact(c, ref, text)
	}
	view, err := s.legalView(c, f, v, text)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "people/legal", view)
}

// wanted is the language of the text: any that is asked for, even one the pages themselves do not speak.
func wanted(c *gin.Context, f templates.Frame) string {
	if asked := c.Query("lang"); asked != "" {
		return asked
	}
	return f.Tag()
}

// exact answers the bytes that people agree to.
func exact(c *gin.Context, ref terms.DocumentRef, text tracker.Text) error {
	name := ref.Document + "." + ref.Version + "." + text.Locale + ".md"
	c.Header("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	c.Header("Content-Language", text.Locale)
	c.Data(http.StatusOK, "text/markdown; charset=utf-8", []byte(text.Markdown))
	return nil
}

func (s site) legalView(c *gin.Context, f templates.Frame, v tracker.Version, text tracker.Text) (templates.Legal, error) {
	body, err := templates.RenderMarkdown([]byte(text.Markdown))
	if err != nil {
		return templates.Legal{}, err
	}
	view := templates.Legal{
		Frame: f, Text: body, Effective: v.EffectiveAt, Published: v.Published,
		Document:    templates.Document{Title: v.Title.In(f.Tag()), Version: v.Version, Locale: text.Locale, SHA256: text.SHA256},
		DownloadURL: legalPath(v.DocumentRef, text.Locale) + "&format=markdown",
	}
	for _, one := range v.Texts {
		view.Texts = append(view.Texts, templates.TextLink{Tag: one.Locale, Name: s.ownName(one.Locale), URL: legalPath(v.DocumentRef, one.Locale)})
	}
	all, err := s.Tracker.Versions(c.Request.Context(), v.Document)
	if err != nil {
		return templates.Legal{}, err
	}
	all = slices.DeleteFunc(all, func(one tracker.Version) bool { return one.Published.IsZero() })
	if newest := all[0]; newest.Version != v.Version {
		view.Newer, view.NewerURL = newest.Version, legalPath(newest.DocumentRef, text.Locale)
	}
	if all[len(all)-1].Version != v.Version {
		view.CompareURL = "/legal/" + url.PathEscape(v.Document) + "/" + url.PathEscape(v.Version) + "/compare?lang=" + url.QueryEscape(text.Locale)
	}
	return view, nil
}

// ownName is what a language calls itself, if the pages speak it, else its tag.
func (s site) ownName(tag string) string {
	for _, locale := range s.Pages.Locales() {
		if locale.Tag() == tag {
			return locale.Name()
		}
	}
	return tag
}

// legalPath is the address of a version's text in a language.
func legalPath(ref terms.DocumentRef, locale string) string {
	return withLanguage("/legal/"+url.PathEscape(ref.Document)+"/"+url.PathEscape(ref.Version), locale)
}
