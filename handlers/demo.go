package handlers

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"assent/handlers/people"
	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
)

// Demo is what only a demonstration has: a front door, a session as one of its
// people for the asking, and the messenger.
type Demo struct {
	Brand    string
	Campaign string
	Key      string // an API key, shown on the front door
	People   []templates.DemoPerson
	// Messenger makes the view of the messenger page.
	Messenger func(c *http.Request) (any, error)
}

func (d *Demo) mount(r gin.IRouter, o Options) {
	r.GET("/", web.Handle(func(c *gin.Context) error { return d.home(c, o) }))
	r.POST("/demo/person", o.People.SameOrigin, web.Handle(func(c *gin.Context) error { return d.become(c, o) }))
	r.GET("/demo/review/:person", web.Handle(func(c *gin.Context) error { return d.review(c, o) }))
	r.GET("/messenger", web.Handle(func(c *gin.Context) error { return d.messenger(c, o) }))
}

func (d *Demo) home(c *gin.Context, o Options) error {
	view := templates.DemoHome{
		Brand: d.Brand, Now: o.Clients.Now(), Campaign: d.Campaign, Key: d.Key, URL: o.PublicURL, People: d.People,
	}
	return web.Render(c, o.Pages, http.StatusOK, "demo/home", view)
}

// become opens a session as one of the demonstration's own people, no other.
func (d *Demo) become(c *gin.Context, o Options) error {
	id := c.PostForm("person")
	if err := d.knows(id); err != nil {
		return err
	}
	people.OpenSession(c, o.People, id)
	c.Redirect(http.StatusSeeOther, "/t/"+url.PathEscape(d.Campaign))
	return nil
}

// review does what an app does when somebody who is signed in there wants to
// read the terms: it has a link made that opens the choice page once, and opens
// it.
func (d *Demo) review(c *gin.Context, o Options) error {
	id := c.Param("person")
	if err := d.knows(id); err != nil {
		return err
	}
	link := tokens.Claims{Person: id, Campaign: d.Campaign, ID: "link-" + rand.Text()}
	c.Redirect(http.StatusSeeOther, "/l/"+o.People.Tokens.Sign(tokens.SessionLink, link, o.Clients.Now(), o.Clients.SessionTTL))
	return nil
}

func (d *Demo) knows(id string) error {
	if !slices.ContainsFunc(d.People, func(p templates.DemoPerson) bool { return p.ID == id }) {
		return terms.Errorf(terms.NotFound, "the demonstration has no visitor called %q", id)
	}
	return nil
}

func (d *Demo) messenger(c *gin.Context, o Options) error {
	if len(d.People) == 0 { // an empty demonstration has nobody to hand a phone to
		c.Redirect(http.StatusSeeOther, "/")
		return nil
	}
	view, err := d.Messenger(c.Request)
	if err != nil {
		return err
	}
	return web.Render(c, o.Pages, http.StatusOK, "messenger/index", view)
}
