package people

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// compare shows to anybody what changed between two published versions of a document. The earlier one is that of the
// address; without one, what this person accepted last; for anybody else, the version before.
func (s site) compare(c *gin.Context) error {
	after, err := s.published(c, terms.DocumentRef{Document: c.Param("document"), Version: c.Param("version")})
	if err != nil {
		return err
	}
	accepted, err := s.acceptedVersion(c, after.DocumentRef)
	if err != nil {
		return err
	}
	from := c.Query("from")
	if from == "" {
		from = accepted.Version
	}
	if from == "" {
		if from, err = s.Tracker.Earlier(c.Request.Context(), after.DocumentRef); err != nil {
			return err
		}
	}
	before, err := s.published(c, terms.DocumentRef{Document: after.Document, Version: from})
	if err != nil {
		return err
	}
	f := frame(s.Options, c.Request, "")
	view, err := s.compareView(c, f, before, after)
	if err != nil {
		return err
	}
	if view.Mine = from == accepted.Version; view.Mine {
		view.Before.At = accepted.At
	}
	return s.render(c, http.StatusOK, "people/compare", view)
}

// published answers a version that anybody may read; NotFound for any other.
func (s site) published(c *gin.Context, ref terms.DocumentRef) (tracker.Version, error) {
	v, err := s.Tracker.Version(c.Request.Context(), ref)
	if err == nil && v.Published.IsZero() {
		err = terms.Errorf(terms.NotFound, "version %s of document %q is not published", ref.Version, ref.Document)
	}
	return v, err
}

// acceptedVersion is the other version of a document that whoever asks accepted last; empty when nobody is known.
func (s site) acceptedVersion(c *gin.Context, ref terms.DocumentRef) (templates.Before, error) {
	who, err := s.person(c)
	if errors.Is(err, terms.Unauthenticated) {
		return templates.Before{}, nil
	}
	if err != nil {
		return templates.Before{}, err
	}
	past, err := s.Tracker.History(c.Request.Context(), who.person)
	if errors.Is(err, terms.NotFound) { // a session outlives the person it is of
		return templates.Before{}, nil
	}
	before, _ := acceptedBefore(ref, past)
	return before, err
}

// acceptedBefore finds the other version of a document that was accepted last, newest first.
func acceptedBefore(ref terms.DocumentRef, past []tracker.Response) (templates.Before, bool) {
	for _, response := range past {
		i := slices.IndexFunc(response.Documents, func(t terms.DocumentText) bool { return t.Document == ref.Document && t.Version != ref.Version })
		if i >= 0 && response.Action == terms.Accept {
			return templates.Before{Version: response.Documents[i].Version, At: response.RecordedAt}, true
		}
	}
	return templates.Before{}, false
}

// inCommon are the texts of two versions in one language: the one that is wished for, else English, else any.
func inCommon(before, after tracker.Version, wish string) (tracker.Text, tracker.Text, error) {
	wished, _ := after.TextIn(wish) // a published version has a text
	for _, locale := range append([]string{wished.Locale, "en"}, locales(after)...) {
		a, b := textIn(before, locale), textIn(after, locale)
		if a != nil && b != nil {
			return *a, *b, nil
		}
	}
	return tracker.Text{}, tracker.Text{}, terms.Errorf(terms.NotFound, "versions %s and %s of document %q share no language", before.Version, after.Version, after.Document)
}

func locales(v tracker.Version) []string {
	all := make([]string, len(v.Texts))
	for i, text := range v.Texts {
		all[i] = text.Locale
	}
	return all
}

func textIn(v tracker.Version, locale string) *tracker.Text {
	if i := slices.IndexFunc(v.Texts, func(t tracker.Text) bool { return t.Locale == locale }); i >= 0 {
		return &v.Texts[i]
	}
	return nil
}

func (s site) compareView(c *gin.Context, f templates.Frame, before, after tracker.Version) (templates.Compare, error) {
	was, is, err := inCommon(before, after, wanted(c, f))
	if err != nil {
		return templates.Compare{}, err
	}
	view := templates.Compare{
		Frame: f, Comparison: templates.CompareMarkdown([]byte(was.Markdown), []byte(is.Markdown)),
		Document: templates.Document{Title: after.Title.In(f.Tag()), Version: after.Version, Locale: is.Locale, SHA256: is.SHA256, URL: legalPath(after.DocumentRef, is.Locale)},
		Before:   templates.Before{Version: before.Version, URL: legalPath(before.DocumentRef, is.Locale)},
		Side:     c.Query("view") == "side", All: c.Query("show") == "all",
	}
	if campaign := c.Query("campaign"); campaign != "" {
		view.ChoiceURL = choicePath(campaign, c.Query("lang"))
	}
	address := func(set ...string) string {
		query := url.Values{}
		for key, values := range c.Request.URL.Query() {
			query[key] = values
		}
		query.Set("from", before.Version) // the address means the same to everybody it is given to
		for i := 0; i+1 < len(set); i += 2 {
			query.Set(set[i], set[i+1])
		}
		return c.Request.URL.EscapedPath() + "?" + query.Encode()
	}
	view.Views = templates.CompareViews{Inline: address("view", "inline"), Side: address("view", "side"), Changes: address("show", "changes"), All: address("show", "all")}
	for _, text := range after.Texts {
		if textIn(before, text.Locale) != nil {
			view.Texts = append(view.Texts, templates.TextLink{Tag: text.Locale, Name: s.ownName(text.Locale), URL: address("lang", text.Locale)})
		}
	}
	return view, nil
}

// comparePath is the address of what changed in a document since a version.
func comparePath(after terms.DocumentRef, before, campaign, locale string) string {
	query := url.Values{"from": {before}, "campaign": {campaign}, "lang": {locale}}
	return "/legal/" + url.PathEscape(after.Document) + "/" + url.PathEscape(after.Version) + "/compare?" + query.Encode()
}
