package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/tracker"
)

type keyOut struct {
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	Scopes        []string   `json:"scopes"`
	CreatedAt     time.Time  `json:"created_at"`
	ExpiresAt     *time.Time `json:"expires_at"`
	RevokedAt     *time.Time `json:"revoked_at"`
	PreviousUntil *time.Time `json:"previous_until,omitempty"` // the secret before the last rotation counts until then
	Secret        string     `json:"secret,omitempty"`         // shown only when it is made
}

func keyOf(k tracker.APIKey, secret string) keyOut {
	scopes := k.Scopes
	if scopes == nil {
		scopes = []string{}
	}
	return keyOut{k.ID, k.Name, scopes, k.Created.UTC(), instant(k.Expires), instant(k.Revoked), instant(k.PreviousUntil), secret}
}

func (h *Handlers) listKeys(c *gin.Context, _ tracker.APIKey) error {
	keys, err := h.Tracker.Keys(c.Request.Context())
	if err != nil {
		return fmt.Errorf("list keys: %w", err)
	}
	list := make([]keyOut, len(keys))
	for i, k := range keys {
		list[i] = keyOf(k, "")
	}
	c.JSON(http.StatusOK, gin.H{"keys": list})
	return nil
}

func (h *Handlers) createKey(c *gin.Context, by tracker.APIKey) error {
	var in struct {
		Name      string          `json:"name"`
		Scopes    []tracker.Scope `json:"scopes"`
		ExpiresAt time.Time       `json:"expires_at"`
	}
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	key, secret, err := h.Tracker.CreateKey(c.Request.Context(), in.Name, in.Scopes, in.ExpiresAt, actor(by))
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	c.JSON(http.StatusCreated, keyOf(key, secret))
	return nil
}

// rotateKey gives a key a new secret. The one before counts until
// previous_until, which is now for a key that leaked.
func (h *Handlers) rotateKey(c *gin.Context, by tracker.APIKey) error {
	var in struct {
		PreviousUntil time.Time `json:"previous_until"`
	}
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	key, secret, err := h.Tracker.RotateKey(c.Request.Context(), c.Param("key"), in.PreviousUntil, actor(by))
	if err != nil {
		return fmt.Errorf("rotate key %s: %w", c.Param("key"), err)
	}
	c.JSON(http.StatusOK, keyOf(key, secret))
	return nil
}

func (h *Handlers) revokeKey(c *gin.Context, by tracker.APIKey) error {
	if err := h.Tracker.RevokeKey(c.Request.Context(), c.Param("key"), actor(by)); err != nil {
		return fmt.Errorf("revoke key %s: %w", c.Param("key"), err)
	}
	c.Status(http.StatusNoContent)
	return nil
}
