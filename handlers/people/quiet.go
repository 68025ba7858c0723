package people

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// reminders is the form that ends reminders by e-mail; nil for somebody who is not written to.
func (s site) reminders(c *gin.Context, person string) (*templates.RemindersForm, error) {
	contact, err := s.Tracker.ContactOf(c.Request.Context(), person)
	if errors.Is(err, terms.NotFound) || err == nil && (contact.Email == "" || !contact.Allows(tracker.Email)) {
		return nil, nil
	}
	return &templates.RemindersForm{Action: withLanguage("/me/reminders", c.Query("lang")), Silent: !contact.Silenced.IsZero()}, err
}

// setReminders ends reminders by e-mail for whoever is signed in, or has them sent again.
func (s site) setReminders(c *gin.Context) error {
	who, err := s.person(c)
	if err != nil {
		return err
	}
	if err := s.Tracker.Silence(c.Request.Context(), who.person, c.PostForm("reminders") != "on"); err != nil {
		return fmt.Errorf("change reminders of %s: %w", who.person, err)
	}
	c.Redirect(http.StatusSeeOther, withLanguage("/me/terms", c.Query("lang")))
	return nil
}

// quieted reads the link that ends reminders.
func (s site) quieted(c *gin.Context) (tokens.Claims, error) {
	c.Header("Referrer-Policy", "no-referrer") // the address holds the token
	claims, err := s.Tokens.Verify(tokens.Unsubscribe, c.Param("token"), s.Tracker.Now())
	switch {
	case errors.Is(err, tokens.ErrExpired):
		return claims, &web.Problem{Status: http.StatusGone, Type: linkExpired, Detail: "the link has expired; use the one in a newer message"}
	case err != nil:
		return claims, &web.Problem{Status: http.StatusNotFound, Type: linkBroken, Detail: "the link is not complete"}
	}
	return claims, nil
}

// askQuiet shows what the link is for. Looking changes nothing: mail systems open
// links before people do.
func (s site) askQuiet(c *gin.Context) error {
	claims, err := s.quieted(c)
	if err != nil {
		return err
	}
	contact, err := s.Tracker.ContactOf(c.Request.Context(), claims.Person)
	if err != nil && !errors.Is(err, terms.NotFound) {
		return err
	}
	return s.answerQuiet(c, claims.Person, templates.Quiet{Silent: !contact.Silenced.IsZero()})
}

// answerQuiet is the page in the language of the mail that led to it.
func (s site) answerQuiet(c *gin.Context, person string, view templates.Quiet) error {
	own, _, err := s.Tracker.SpokenTo(c.Request.Context(), person)
	if err != nil && !errors.Is(err, terms.NotFound) {
		return err
	}
	view.Frame, view.Action = frame(s.Options, c.Request, own), c.Request.URL.Path
	return s.render(c, http.StatusOK, "people/quiet", view)
}

// quiet ends reminders, or has them sent again. It is what a mail program posts to
// by itself, from anywhere and without a cookie (RFC 8058), so the link is all
// there is to know who it is; it can do nothing else.
func (s site) quiet(c *gin.Context) error {
	claims, err := s.quieted(c)
	if err != nil {
		return err
	}
	silent := c.Request.PostForm.Get("reminders") != "on"
	if err := s.Tracker.Silence(c.Request.Context(), claims.Person, silent); err != nil && !errors.Is(err, terms.NotFound) {
		return fmt.Errorf("change reminders of %s: %w", claims.Person, err)
	}
	return s.answerQuiet(c, claims.Person, templates.Quiet{Done: true, Silent: silent})
}
