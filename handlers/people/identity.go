package people

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/ledger"
	"assent/terms"
	"assent/tokens"
)

// sessionTTL is how long a person stays known to a browser. Reading terms takes time; a phone is shared for longer.
const sessionTTL = 12 * time.Hour

// viaField says in a session how it was opened.
const (
	viaField = "via"
	viaLink  = "link"
)

// identity is who a browser is, and how we know.
type identity struct {
	person string
	method ledger.Method
}

// person answers who sent the request; Unauthenticated when nobody is known.
func (s site) person(c *gin.Context) (identity, error) {
	claims, err := s.Tokens.Verify(tokens.PersonSession, s.Cookie.Token(c), s.Wall())
	if err != nil {
		return identity{}, terms.Errorf(terms.Unauthenticated, "nobody is signed in here; open this page from the app")
	}
	who := identity{claims.Person, ledger.MethodPage}
	if claims.Data[viaField] == viaLink {
		who.method = ledger.MethodLink
	}
	return who, nil
}

// OpenSession makes a browser known as a person. It is for whoever has made sure of that, such as the demonstration.
func OpenSession(c *gin.Context, o Options, person string) {
	openSession(c, o, tokens.Claims{Person: person})
}

func openSession(c *gin.Context, o Options, claims tokens.Claims) {
	o.Cookie.Set(c, o.Tokens.Sign(tokens.PersonSession, claims, o.Wall(), sessionTTL), sessionTTL)
}

// openLink follows a signed link to the choice page. Only a link that the app asked for opens a session; one that was
// sent with a notice may be in anybody's hands, so it leads on without one.
func (s site) openLink(c *gin.Context) error {
	now, token := s.Tracker.Now(), c.Param("token")
	claims, err := s.Tokens.Verify(tokens.SessionLink, token, now)
	if err == nil {
		openSession(c, s.Options, tokens.Claims{Person: claims.Person, Data: map[string]string{viaField: viaLink}})
	} else if errors.Is(err, tokens.ErrInvalid) {
		claims, err = s.Tokens.Verify(tokens.NoticeLink, token, now)
	}
	switch {
	case errors.Is(err, tokens.ErrExpired):
		return &web.Problem{Status: http.StatusGone, Type: linkExpired, Detail: "the link has expired; ask for a new one"}
	case err != nil:
		return &web.Problem{Status: http.StatusNotFound, Type: linkBroken, Detail: "the link is not complete"}
	}
	c.Header("Referrer-Policy", "no-referrer") // the address holds the token
	c.Redirect(http.StatusSeeOther, choicePath(claims.Campaign, c.Query("lang")))
	return nil
}

// choicePath is the address of a choice page. An empty language is left to the page.
func choicePath(campaign, language string) string {
	return withLanguage("/t/"+url.PathEscape(campaign), language)
}

func withLanguage(path, language string) string {
	if language == "" {
		return path
	}
	return path + "?lang=" + url.QueryEscape(language)
}
