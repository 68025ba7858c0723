package clients

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/tracker"
)

type webhookIn struct {
	URL         string               `json:"url"`
	Description string               `json:"description"`
	Kinds       []tracker.ChangeKind `json:"kinds"`
}

type webhookOut struct {
	ID          string               `json:"id"`
	URL         string               `json:"url"`
	Description string               `json:"description,omitempty"`
	Kinds       []tracker.ChangeKind `json:"kinds"` // none: all
	Secret      string               `json:"secret,omitempty"`
	CreatedAt   time.Time            `json:"created_at"`
	DisabledAt  *time.Time           `json:"disabled_at"`
	Why         string               `json:"why,omitempty"`
	Revision    uint64               `json:"revision"` // up to which it was told, but for letters
	Failing     int                  `json:"failing"`  // calls in a row that failed
	LastError   string               `json:"last_error,omitempty"`
}

// WebhookJSON is a webhook in the form that programs get, with its newest
// secret only where that is to be shown.
func WebhookJSON(w tracker.Webhook, secret bool) any {
	out := webhookOut{
		ID: w.ID, URL: w.URL, Description: w.Description, Kinds: append([]tracker.ChangeKind{}, w.Kinds...), CreatedAt: w.Created.UTC(),
		DisabledAt: instant(w.Disabled), Why: w.Why, Revision: w.Place, Failing: w.Failing, LastError: w.Said,
	}
	if secret {
		out.Secret = w.Secrets[0].Secret
	}
	return out
}

type letterOut struct {
	Revision uint64     `json:"revision"`
	Tries    int        `json:"tries"`
	NextAt   *time.Time `json:"next_at"`     // null: as soon as those before it are delivered
	DeadAt   *time.Time `json:"given_up_at"` // null while it is tried
	Error    string     `json:"error,omitempty"`
}

// LettersJSON is a list of letters in the form that programs get.
func LettersJSON(list []tracker.WebhookLetter) any {
	return each(list, func(l tracker.WebhookLetter) letterOut {
		return letterOut{l.Revision, l.Tries, instant(l.NextAt), instant(l.Dead), l.Said}
	})
}

func (h *Handlers) mountWebhooks(r gin.IRouter, scope tracker.Scope) {
	r.GET("/webhooks", h.by(h.listWebhooks, scope))
	r.POST("/webhooks", h.by(h.addWebhook, scope))
	one := r.Group("/webhooks/:webhook")
	one.DELETE("", h.by(h.removeWebhook, scope))
	one.POST("/rotate", h.by(h.rotateWebhook, scope))
	one.POST("/enable", h.by(h.enableWebhook, scope))
	one.GET("/letters", h.by(h.letters, scope))
	one.POST("/letters/retry", h.by(h.retryLetters, scope))
}

func (h *Handlers) listWebhooks(c *gin.Context, _ tracker.APIKey) error {
	list, err := h.Tracker.Webhooks(c.Request.Context())
	if err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	c.JSON(http.StatusOK, gin.H{"webhooks": each(list, func(w tracker.Webhook) any { return WebhookJSON(w, false) })})
	return nil
}

// addWebhook answers with the secret, this once.
func (h *Handlers) addWebhook(c *gin.Context, key tracker.APIKey) error {
	var in webhookIn
	if err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	if err := h.CheckURL(in.URL); err != nil {
		return err
	}
	w, err := h.Tracker.AddWebhook(c.Request.Context(), tracker.Webhook{URL: in.URL, Description: in.Description, Kinds: in.Kinds}, actor(key))
	if err != nil {
		return fmt.Errorf("add a webhook: %w", err)
	}
	c.JSON(http.StatusCreated, WebhookJSON(w, true))
	return nil
}

func (h *Handlers) removeWebhook(c *gin.Context, key tracker.APIKey) error {
	if err := h.Tracker.RemoveWebhook(c.Request.Context(), c.Param("webhook"), actor(key)); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (h *Handlers) rotateWebhook(c *gin.Context, key tracker.APIKey) error {
	w, err := h.Tracker.RotateWebhook(c.Request.Context(), c.Param("webhook"), actor(key))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, WebhookJSON(w, true))
	return nil
}

func (h *Handlers) enableWebhook(c *gin.Context, key tracker.APIKey) error {
	w, err := h.Tracker.EnableWebhook(c.Request.Context(), c.Param("webhook"), actor(key))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, WebhookJSON(w, false))
	return nil
}

// letters lists what could not be delivered: what is still tried, and what was
// given up.
func (h *Handlers) letters(c *gin.Context, _ tracker.APIKey) error {
	ctx, id := c.Request.Context(), c.Param("webhook")
	waiting, err := h.Tracker.WebhookLetters(ctx, id, false)
	if err != nil {
		return err
	}
	dead, err := h.Tracker.WebhookLetters(ctx, id, true)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"waiting": LettersJSON(waiting), "given_up": LettersJSON(dead)})
	return nil
}

func (h *Handlers) retryLetters(c *gin.Context, key tracker.APIKey) error {
	n, err := h.Tracker.RetryWebhook(c.Request.Context(), c.Param("webhook"), actor(key))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"letters": n})
	return nil
}
