package web

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Cookie keeps one signed token in a browser, out of reach of scripts and of
// other sites' posts. What the token may open is the caller's business.
type Cookie struct {
	Name  string
	HTTPS bool // the site is reached by https: the name gets the __Host- prefix
}

func (k Cookie) name() string {
	if k.HTTPS {
		return "__Host-" + k.Name // browsers then insist on Secure and on this very host
	}
	return k.Name
}

// Token returns the token, "" for none.
func (k Cookie) Token(c *gin.Context) string {
	cookie, err := c.Request.Cookie(k.name())
	if err != nil { // there is none
		return ""
	}
	return cookie.Value
}

// Set keeps a token for ttl, or until the browser closes for 0.
func (k Cookie) Set(c *gin.Context, token string, ttl time.Duration) {
	k.write(c, token, int(ttl/time.Second))
}

// Clear removes the token.
func (k Cookie) Clear(c *gin.Context) { k.write(c, "", -1) }

func (k Cookie) write(c *gin.Context, token string, seconds int) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure is for https, which localhost does not have
		Name: k.name(), Value: token, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: k.HTTPS, SameSite: http.SameSiteLaxMode,
	})
}
