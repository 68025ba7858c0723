package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/templates"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

const (
	sessionTTL  = 12 * time.Hour
	minPassword = 10 // characters; the tracker's rule, shown before it is broken
	nameField   = "name"
	sinceField  = "since" // when the member was added, so that a later one of the same name is another
	viaField    = "via"
)

// principal is the key under which a request carries who is signed in.
type principal struct{}

// member is who is signed in, "" for nobody.
func member(c *gin.Context) string { return signedIn(c).Name }

// signedIn is who is signed in, by name and role.
func signedIn(c *gin.Context) tracker.StaffMember {
	value, _ := c.Get(principal{})
	who, _ := value.(tracker.StaffMember)
	return who
}

// requireSession lets signed-in staff through and leads everybody else to the page where they can sign in. A session
// from the provider that ends soon is renewed there, which takes no click while the provider knows the browser.
func (s console) requireSession(c *gin.Context) {
	claims, err := s.Tokens.Verify(tokens.StaffSession, s.Cookie.Token(c), s.Wall())
	var who tracker.StaffMember
	fault := error(terms.Unauthenticated)
	if err == nil {
		who, fault = s.whose(c.Request.Context(), claims)
	}
	next := "?next=" + url.QueryEscape(c.Request.URL.RequestURI())
	switch {
	case errors.Is(fault, terms.Unauthenticated):
		c.Redirect(http.StatusSeeOther, "/staff/signin"+next)
		c.Abort()
	case fault != nil:
		web.Handle(func(*gin.Context) error { return fault })(c)
	case claims.Data[viaField] == viaProvider && s.Provider != nil && c.Request.Method == http.MethodGet && web.WantsPage(c) &&
		claims.ExpiresAt().Sub(s.Wall()) < renewWithin:
		c.Redirect(http.StatusSeeOther, "/staff/signin/provider"+next)
		c.Abort()
	default:
		c.Set(principal{}, who)
	}
}

// whose is the member of staff as they are now: who was removed is out at once, and a role counts as it is given or taken.
func (s console) whose(ctx context.Context, claims tokens.Claims) (tracker.StaffMember, error) {
	name := claims.Data[nameField]
	if s.Demo != nil && claims.Data[viaField] == viaDemo {
		return tracker.StaffMember{Name: name, Role: tracker.Editor}, nil
	}
	since, err := time.Parse(time.RFC3339Nano, claims.Data[sinceField])
	if err != nil {
		return tracker.StaffMember{}, terms.Errorf(terms.Unauthenticated, "this session is of an older version")
	}
	return s.Tracker.StaffInForce(ctx, name, since)
}

// requireEditor keeps those from acting who may only look.
func (s console) requireEditor(c *gin.Context) {
	if signedIn(c).Role == tracker.Editor {
		return
	}
	web.Handle(func(*gin.Context) error {
		return terms.Errorf(terms.Forbidden, "you can look at everything here, but this is for those who may act; ask one of them, or an operator")
	})(c)
	c.Abort()
}

func (s console) openSession(c *gin.Context, who tracker.StaffMember, via string, ttl time.Duration) {
	claims := tokens.Claims{Data: map[string]string{nameField: who.Name, sinceField: who.Created.UTC().Format(time.RFC3339Nano), viaField: via}}
	s.Cookie.Set(c, s.Tokens.Sign(tokens.StaffSession, claims, s.Wall(), ttl), ttl)
}

func (s console) askSignIn(c *gin.Context) error {
	return s.showSignIn(c, http.StatusOK, templates.StaffSignIn{Next: c.Query("next")})
}

func (s console) showSignIn(c *gin.Context, status int, view templates.StaffSignIn) error {
	staffed, err := s.Tracker.Staffed(c.Request.Context())
	if err != nil {
		return err
	}
	view.Unstaffed, view.Demo = !staffed && s.Provider == nil, s.Demo != nil
	view.Passwords, view.Provider = staffed && s.Passwords, s.Provider != nil
	return s.render(c, status, "staff/signin", view)
}

func (s console) signIn(c *gin.Context) error {
	name, next := c.PostForm(nameField), c.PostForm("next")
	if !s.Passwords {
		return terms.Errorf(terms.Forbidden, "names and passwords are not taken here; sign in at the provider")
	}
	who, err := s.Tracker.SignIn(c.Request.Context(), name, c.PostForm("password"))
	if errors.Is(err, terms.Unauthenticated) {
		return s.showSignIn(c, http.StatusUnauthorized, templates.StaffSignIn{Name: name, Next: next, Fault: sentence(err.Error())})
	}
	if err != nil {
		return err
	}
	s.openSession(c, who, viaPassword, sessionTTL)
	c.Redirect(http.StatusSeeOther, local(next, "/staff", "/staff"))
	return nil
}

func (s console) signOut(c *gin.Context) error {
	s.Cookie.Clear(c)
	c.Redirect(http.StatusSeeOther, "/staff/signin")
	return nil
}

// setupToken answers the token of a set-up link while the link works, else "".
func (s console) setupToken(c *gin.Context, token string) (string, error) {
	_, forged := s.Tokens.Verify(tokens.StaffSetup, token, s.Wall())
	staffed, err := s.Tracker.Staffed(c.Request.Context())
	if staffed || forged != nil || !s.Passwords {
		token = ""
	}
	return token, err
}

func (s console) askSetup(c *gin.Context) error {
	token, err := s.setupToken(c, c.Query("token"))
	if err != nil {
		return err
	}
	c.Header("Referrer-Policy", "no-referrer") // the address holds the token
	return s.showSetup(c, http.StatusOK, templates.StaffSetup{Token: token})
}

func (s console) showSetup(c *gin.Context, status int, view templates.StaffSetup) error {
	if view.Token == "" {
		status = http.StatusGone
	}
	view.MinLength = minPassword
	return s.render(c, status, "staff/setup", view)
}

func (s console) setUp(c *gin.Context) error {
	token, err := s.setupToken(c, c.PostForm("token"))
	switch {
	case err != nil:
		return err
	case token == "":
		return s.showSetup(c, http.StatusGone, templates.StaffSetup{})
	}
	view := templates.StaffSetup{Token: token, Name: c.PostForm(nameField)}
	who, err := s.Tracker.AddFirstStaff(c.Request.Context(), view.Name, c.PostForm("password"))
	var faults terms.Faults
	switch {
	case errors.As(err, &faults):
		return s.showSetup(c, http.StatusUnprocessableEntity, faulty(view, faults))
	case errors.Is(err, terms.Conflict): // another browser was faster with the same link
		return s.showSetup(c, http.StatusGone, templates.StaffSetup{})
	case err != nil:
		return err
	}
	s.openSession(c, who, viaPassword, sessionTTL)
	c.Redirect(http.StatusSeeOther, "/staff")
	return nil
}

// faulty puts each fault beside the field it is about.
func faulty(view templates.StaffSetup, faults terms.Faults) templates.StaffSetup {
	for _, f := range faults {
		text := "The " + f.Path + " " + f.Detail + "."
		if f.Path == nameField {
			view.NameFault = text
		} else {
			view.PasswordFault = text
		}
	}
	return view
}
