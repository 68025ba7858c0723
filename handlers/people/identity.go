package people

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/ledger"
	"assent/signin"
	"assent/terms"
	"assent/tokens"
)

// PlatformTokens checks tokens that the platform's own sign-in made; *signin.JWT does.
type PlatformTokens interface {
	Check(ctx context.Context, token string) (signin.Subject, error)
}

// The fields of a session's token, besides the person and its own id: how it was opened.
const (
	viaField     = "via" // one of those of ledger.SignedIn
	issuerField  = "issuer"
	subjectField = "subject"
	atField      = "at" // when the person signed in there
)

// identity is who a browser is, and how we know.
type identity struct {
	person  string
	method  ledger.Method
	how     ledger.SignedIn
	session bool      // known by a cookie of ours, which can be given up
	until   time.Time // end of what says so; zero for a session
}

// person answers who sent the request; Unauthenticated when nobody is known. A token of the platform that comes in the
// header speaks for itself, good or not; one in a cookie that is not good any more leaves the session of ours.
func (s site) person(c *gin.Context) (identity, error) {
	if token, given := bearer(c); given && s.JWT != nil {
		return s.bearerOf(c, token)
	}
	var down *signin.Unavailable
	if token, err := c.Cookie(s.JWTCookie); err == nil && s.JWT != nil && s.JWTCookie != "" {
		who, err := s.platformsOwn(c, token)
		if err == nil {
			return who, nil
		}
		if !errors.Is(err, terms.Unauthenticated) && !errors.As(err, &down) {
			return identity{}, err
		}
	}
	who, err := s.session(c)
	if errors.Is(err, terms.Unauthenticated) && down != nil {
		return identity{}, unavailable(down)
	}
	return who, err
}

// session is who the cookie of ours says it is.
func (s site) session(c *gin.Context) (identity, error) {
	nobody := terms.Errorf(terms.Unauthenticated, "nobody is signed in here; open this page from the app")
	claims, err := s.Tokens.Verify(tokens.PersonSession, s.Cookie.Token(c), s.Wall())
	if err != nil || claims.ID == "" {
		return identity{}, nobody
	}
	over, err := s.Tracker.SessionOver(c.Request.Context(), claims.Person, claims.ID, claims.IssuedAt())
	if err != nil {
		return identity{}, err
	}
	if over {
		return identity{}, nobody
	}
	return identityOf(claims), nil
}

func identityOf(claims tokens.Claims) identity {
	who := identity{person: claims.Person, method: ledger.MethodPage, session: true, how: ledger.SignedIn{
		By: claims.Data[viaField], Issuer: claims.Data[issuerField], Subject: claims.Data[subjectField], At: claims.Data[atField],
	}}
	if who.how.By == ledger.ByLink {
		who.method = ledger.MethodLink
	}
	return who
}

func bearer(c *gin.Context) (string, bool) {
	scheme, token, found := strings.Cut(c.GetHeader("Authorization"), " ")
	return strings.TrimSpace(token), found && strings.EqualFold(scheme, "Bearer")
}

// bearerOf is who a token in the header speaks of. An app's view of a page sends the header with the first request only,
// so that opens a session as long as the token lives.
func (s site) bearerOf(c *gin.Context, token string) (identity, error) {
	who, err := s.platformsOwn(c, token)
	if err != nil {
		var down *signin.Unavailable
		if errors.As(err, &down) {
			err = unavailable(down)
		}
		return identity{}, err
	}
	if known, err := s.session(c); c.Request.Method != http.MethodGet || err == nil && known.person == who.person {
		return who, nil
	}
	openSession(c, s.Options, who)
	return who, nil
}

// platformsOwn is who a token of the platform speaks of, unless the person was signed out since it was made.
func (s site) platformsOwn(c *gin.Context, token string) (identity, error) {
	subject, err := s.JWT.Check(c.Request.Context(), token)
	if err != nil {
		s.note(c, err)
		return identity{}, err
	}
	over, err := s.Tracker.SessionOver(c.Request.Context(), subject.Person, "", subject.At)
	if err == nil && over {
		err = terms.Errorf(terms.Unauthenticated, "the person was signed out, or is not known here")
	}
	who := identityFrom(ledger.ByToken, subject)
	who.until = subject.Expires
	return who, err
}

func identityFrom(by string, s signin.Subject) identity {
	who := identity{person: s.Person, method: ledger.MethodPage, how: ledger.SignedIn{By: by, Issuer: s.Issuer, Subject: s.Subject}}
	if !s.At.IsZero() {
		who.how.At = s.At.UTC().Format(time.RFC3339)
	}
	return who
}

// note logs why somebody was not let in; the token itself never is.
func (s site) note(c *gin.Context, err error) {
	if s.Log != nil {
		s.Log.WarnContext(c.Request.Context(), "sign-in refused", slog.String("request_id", web.RequestID(c)), slog.Any("error", err))
	}
}

func unavailable(err *signin.Unavailable) error {
	return &web.Problem{Status: http.StatusServiceUnavailable, Type: signInDown, Detail: "the sign-in of the platform does not answer; try again in a minute",
		Header: map[string]string{"Retry-After": "60"}, Cause: err}
}

// OpenSession makes a browser known as a person. It is for whoever has made sure of that, such as the demonstration.
func OpenSession(c *gin.Context, o Options, person string) {
	openSession(c, o, identity{person: person, how: ledger.SignedIn{By: ledger.ByDemo}})
}

// openSession gives the browser a session with an id of its own, whatever it had before.
func openSession(c *gin.Context, o Options, who identity) {
	now, ttl := o.Wall(), o.SessionTTL
	if !who.until.IsZero() {
		ttl = min(ttl, who.until.Sub(now))
	}
	claims := tokens.Claims{Person: who.person, ID: "session-" + rand.Text(), Data: map[string]string{viaField: who.how.By}}
	for field, value := range map[string]string{issuerField: who.how.Issuer, subjectField: who.how.Subject, atField: who.how.At} {
		if value != "" {
			claims.Data[field] = value
		}
	}
	o.Cookie.Set(c, o.Tokens.Sign(tokens.PersonSession, claims, now, ttl), ttl)
}

// endSession takes the browser's session out of force, if it has one.
func (s site) endSession(c *gin.Context) error {
	claims, err := s.Tokens.Verify(tokens.PersonSession, s.Cookie.Token(c), s.Wall())
	if err != nil || claims.ID == "" {
		return nil //nolint:nilerr // there is nothing that could be used
	}
	err = s.Tracker.Spend(c.Request.Context(), claims.ID, claims.ExpiresAt())
	if errors.Is(err, terms.Conflict) { // it was ended before
		return nil
	}
	return err
}

// signOut ends the session of this browser, here and for whoever may have copied its cookie.
func (s site) signOut(c *gin.Context) error {
	if err := s.endSession(c); err != nil {
		return err
	}
	s.Cookie.Clear(c)
	c.Redirect(http.StatusSeeOther, "/")
	return nil
}

// openLink follows a signed link to the choice page. Only a link that the app asked for opens a session, and only once;
// one that was sent with a notice may be in anybody's hands, so it leads on without one.
func (s site) openLink(c *gin.Context) error {
	now, token := s.Tracker.Now(), c.Param("token")
	claims, err := s.Tokens.Verify(tokens.SessionLink, token, now)
	if err == nil {
		err = s.handOver(c, claims)
	} else if errors.Is(err, tokens.ErrInvalid) {
		claims, err = s.Tokens.Verify(tokens.NoticeLink, token, now)
	}
	switch {
	case errors.Is(err, tokens.ErrExpired):
		return &web.Problem{Status: http.StatusGone, Type: linkExpired, Detail: "the link has expired; ask for a new one"}
	case errors.Is(err, tokens.ErrInvalid):
		return &web.Problem{Status: http.StatusNotFound, Type: linkBroken, Detail: "the link is not complete"}
	case err != nil:
		return err
	}
	c.Header("Referrer-Policy", "no-referrer") // the address holds the token
	s.remember(c)
	c.Redirect(http.StatusSeeOther, choicePath(claims.Campaign, c.Query("lang")))
	return nil
}

// handOver uses a link up and opens the session it stands for. Opened again where it has opened one, it only leads on.
func (s site) handOver(c *gin.Context, claims tokens.Claims) error {
	if web.Ahead(c.Request) {
		return terms.Errorf(terms.Forbidden, "this link is not opened ahead of time: it can be opened once")
	}
	if claims.ID == "" {
		return tokens.ErrInvalid
	}
	err := s.Tracker.Spend(c.Request.Context(), claims.ID, claims.ExpiresAt())
	if errors.Is(err, terms.Conflict) {
		if known, err := s.session(c); err == nil && known.person == claims.Person {
			return nil
		}
		return &web.Problem{Status: http.StatusGone, Type: linkUsed, Detail: "the link was opened before; ask for a new one"}
	}
	if err != nil {
		return err
	}
	if err := s.endSession(c); err != nil {
		return err
	}
	openSession(c, s.Options, identity{person: claims.Person, how: ledger.SignedIn{By: ledger.ByLink, At: s.Wall().UTC().Format(time.RFC3339)}})
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
	mark := "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	return path + mark + "lang=" + url.QueryEscape(language)
}
