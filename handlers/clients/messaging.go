package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"assent/handlers/web"
	"assent/messaging"
	"assent/terms"
	"assent/tokens"
)

// call runs one method of the messaging layer for the person whose token it
// comes with.
func (h *Handlers) call(c *gin.Context) error {
	claims, err := h.Tokens.Verify(tokens.Messaging, bearer(c), h.Clock())
	if err != nil {
		return terms.Errorf(terms.Unauthenticated, "send the person's messaging token as `Authorization: Bearer TOKEN`: %v", err)
	}
	if err := h.Messaging.Admit(c.Request.Context(), claims.Person); err != nil {
		return err
	}
	params, err := readParams(c)
	if err != nil {
		return err
	}
	result, err := h.Messaging.Call(c.Request.Context(), messaging.CallerOf(claims), c.Param("method"), params)
	if err != nil {
		return messagingError(c.Param("method"), err)
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", result)
	return nil
}

// readParams reads the body as it is: the method knows what it takes. It may
// be empty.
func readParams(c *gin.Context) (json.RawMessage, error) {
	body, err := web.ReadBody(c, web.MaxBody)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	return body, web.RequireType(c, "application/json")
}

// messagingError gives the layer's own errors the form they have over HTTP.
func messagingError(method string, err error) error {
	var refusal *messaging.Refusal
	var unreadable *messaging.Unreadable
	switch {
	case errors.As(err, &refusal):
		return &web.Refusal{Decision: refusal.Decision, Detail: refusal.Error()}
	case errors.As(err, &unreadable):
		return web.Unreadable(unreadable.Path, unreadable.Detail)
	}
	return fmt.Errorf("call %s: %w", method, err)
}
