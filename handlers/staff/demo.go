package staff

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tracker"
)

// Demo is what only a demonstration offers: a session without a password, and a clock that moves.
type Demo struct {
	Links []templates.Link // to what the people of the demonstration see
	// Move moves the clock forward through every sweep that would have run on the way. It is Invalid to move it back.
	Move func(ctx context.Context, to time.Time) error
}

// demoMember is who opens the console in a demonstration.
const demoMember = "demo"

func (s console) openDemo(c *gin.Context) error {
	s.openSession(c, tracker.StaffMember{Name: demoMember, Role: tracker.Editor}, viaDemo, sessionTTL)
	c.Redirect(http.StatusSeeOther, "/staff")
	return nil
}

// demoClock is the panel on every page.
func (s console) demoClock(c *gin.Context, now time.Time) (*templates.DemoClock, error) {
	clock := &templates.DemoClock{Back: c.Request.URL.RequestURI(), Links: s.Demo.Links}
	all, err := s.Tracker.Overviews(c.Request.Context())
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if next, ok := nextEvent(o, now); ok && (clock.Next.IsZero() || next.at.Before(clock.Next)) {
			clock.Next, clock.NextEvent = next.at, next.what
		}
	}
	return clock, nil
}

// leap says where the clock should go: to an instant, or ahead by a length of time.
type leap struct {
	To      string `json:"to"`
	Advance string `json:"advance"`
}

// moveClock answers programs with the new time, and forms with the page they came from.
func (s console) moveClock(c *gin.Context) error {
	var l leap
	program := c.ContentType() == "application/json"
	if err := l.read(c, program); err != nil {
		return err
	}
	to, err := l.target(s.Tracker.Now())
	if err != nil {
		return err
	}
	web.Unhurried(c) // months take longer than an answer usually may
	if err := s.Demo.Move(c.Request.Context(), to); err != nil {
		return err
	}
	if program {
		c.JSON(http.StatusOK, gin.H{"now": s.Tracker.Now().UTC().Format(time.RFC3339)})
		return nil
	}
	c.Redirect(http.StatusSeeOther, demoPage(c.PostForm("back")))
	return nil
}

// demoPage is where the clock was moved from: the front door, the messenger or the console.
func demoPage(back string) string {
	if back == "/" || back == "/messenger" {
		return back
	}
	return local(back, "/staff", "/staff")
}

func (l *leap) read(c *gin.Context, program bool) error {
	if program {
		return web.ReadJSON(c, l)
	}
	if err := web.ReadForm(c); err != nil {
		return err
	}
	l.To, l.Advance = c.PostForm("to"), c.PostForm("advance")
	return nil
}

// target is an instant in RFC 3339, a date, which means its midnight in UTC, or a length of time from now.
func (l leap) target(now time.Time) (time.Time, error) {
	if l.Advance != "" && l.To == "" {
		by, err := terms.ParseDuration(l.Advance)
		return now.Add(by), err
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, l.To); err == nil && l.Advance == "" {
			return at.UTC(), nil
		}
	}
	return time.Time{}, terms.Errorf(terms.Invalid, `send either "to" with an instant such as 2021-05-15T00:00:00Z, or "advance" with a length of time such as 7d`)
}
