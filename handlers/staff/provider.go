package staff

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/signin"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// How a session was opened.
const (
	viaPassword = "password"
	viaProvider = "provider"
	viaDemo     = "demo"
)

// A session from the provider ends so soon that whoever is removed there is out here within a quarter of an hour, and is
// renewed by a page that is opened in its last minutes: a form that is filled in has at least those.
const (
	providedTTL = 15 * time.Minute
	renewWithin = 5 * time.Minute
)

// Provider is where staff sign in, and what the values of a claim of theirs let them do.
type Provider struct {
	web.Provider
	Mapped  bool     // by the next two; else a member's role is that of the invitation
	Editors []string // who has one of these is an editor
	Viewers []string // who has one of these and none of those is a viewer
	Log     *slog.Logger
}

// role is what the operator gives somebody for what the provider says; "" for nothing.
func (p Provider) role(who signin.Subject) tracker.Role {
	has := func(values []string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return slices.Contains(who.Values, v) })
	}
	switch {
	case has(p.Editors):
		return tracker.Editor
	case has(p.Viewers):
		return tracker.Viewer
	}
	return ""
}

func (s console) attempts() web.Attempts {
	return web.Attempts{
		Provider: s.Provider, Purpose: tokens.StaffSignIn, Tokens: s.Tokens, Cookie: web.Cookie{Name: s.Cookie.Name + "_attempt", HTTPS: s.Cookie.HTTPS},
		Wall: s.Wall, Spend: s.Tracker.Spend,
	}
}

// leave leads to the provider.
func (s console) leave(c *gin.Context) error {
	if s.Provider == nil || web.Ahead(c.Request) {
		return terms.Errorf(terms.NotFound, "there is nothing at %s", c.Request.URL.Path)
	}
	next := local(c.Query("next"), "/staff", "/staff")
	if err := s.attempts().Begin(c, next); err != nil {
		return s.notAdmitted(c, next, err)
	}
	return nil
}

// comeBack takes the provider's answer and opens a session for a member of staff.
func (s console) comeBack(c *gin.Context) error {
	if s.Provider == nil || web.Ahead(c.Request) {
		return terms.Errorf(terms.NotFound, "there is nothing at %s", c.Request.URL.Path)
	}
	subject, to, err := s.attempts().Finish(c)
	next := local(to, "/staff", "/staff")
	if err != nil {
		return s.notAdmitted(c, next, err)
	}
	role := s.Provider.role(subject)
	if s.Provider.Mapped && role == "" {
		return s.notAdmitted(c, next, terms.Errorf(terms.Forbidden, "this account may not use the console; ask whoever gives out its roles"))
	}
	who, err := s.Tracker.Admit(c.Request.Context(), tracker.ProvidedStaff{Issuer: subject.Issuer, Subject: subject.Subject, Email: subject.Email, Role: role})
	if err != nil {
		return s.notAdmitted(c, next, err)
	}
	s.openSession(c, who, viaProvider, providedTTL)
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// notAdmitted shows the page to sign in on again, with what somebody can do about it. What was wrong with an answer is
// for the operator's log.
func (s console) notAdmitted(c *gin.Context, next string, err error) error {
	view := templates.StaffSignIn{Next: next}
	var down *signin.Unavailable
	status := http.StatusUnauthorized
	switch {
	case errors.As(err, &down):
		status, view.Fault = http.StatusServiceUnavailable, "The provider does not answer. Try again in a minute."
	case errors.Is(err, terms.Forbidden):
		status, view.Fault = http.StatusForbidden, sentence(err.Error())
	case errors.Is(err, terms.Unauthenticated):
		view.Fault = "Signing in did not work. Try again; if it goes on, an operator finds the cause in the server's log."
	default:
		return err
	}
	s.Provider.Log.WarnContext(c.Request.Context(), "staff sign-in refused", slog.String("request_id", web.RequestID(c)), slog.Any("error", err))
	return s.showSignIn(c, status, view)
}
