package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/terms"
	"assent/tokens"
	"assent/tracker"
)

// mayAsk tells about whom a caller may ask for flags: "" for anybody, with a
// key that has flags:read. A public key, which apps carry, has only flags:own;
// it comes as X-API-Key, with a token of the person as Bearer, and reads what
// concerns that person.
func (h *Handlers) mayAsk(c *gin.Context, now time.Time) (string, error) {
	secret, token := web.Header(c, "X-Api-Key"), bearer(c)
	if secret == "" || token == "" { // the one there is, is a key
		_, err := h.authorizeWith(c, secret+token, now, tracker.FlagsRead)
		return "", err
	}
	key, err := h.keys.find(c.Request.Context(), secret, now)
	switch {
	case err != nil:
		return "", err
	case key.Allows(tracker.FlagsRead):
		return "", h.keys.spend(key, useFlags, now)
	case !key.Allows(tracker.FlagsOwn):
		return "", lacks(key.APIKey, tracker.FlagsRead)
	}
	claims, err := h.Tokens.Verify(tokens.Flags, token, now)
	if err != nil {
		return "", terms.Errorf(terms.Unauthenticated, "send the person's flags token as `Authorization: Bearer TOKEN` beside the public key: %v", err)
	}
	if wait := h.crowd.of(claims.Person).take(rateOf(h.Limits.Person), now); wait > 0 {
		return "", spent(wait, "this person")
	}
	return claims.Person, nil
}

// flagsToken signs what an app needs, beside a public key, to read its person's
// flags from the device.
func (h *Handlers) flagsToken(c *gin.Context, _ tracker.APIKey) error {
	p, err := h.Tracker.Person(c.Request.Context(), c.Param("person"))
	if err != nil {
		return fmt.Errorf("sign a flags token for %s: %w", c.Param("person"), err)
	}
	now := h.Clock() // it stays good however a demo moves the other clock
	token := h.Tokens.Sign(tokens.Flags, tokens.Claims{Person: p.ID}, now, h.MessagingTTL)
	c.JSON(http.StatusCreated, gin.H{"token": token, "expires_at": expiry(now, h.MessagingTTL)})
	return nil
}
