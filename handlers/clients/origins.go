package clients

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// origins are the pages that may ask for flags from a browser; "*" for any.
// They need a key in a header, which no browser sends by itself.
type origins []string

// share lets the pages read answers, and the headers that clients need.
func (o origins) share(c *gin.Context) {
	asking := c.Request.Header["Origin"]
	if len(asking) == 0 { // it is no page: nothing keeps these answers, so each may speak to its caller alone
		return
	}
	header, allowed := c.Writer.Header(), "*"
	if !slices.Contains(o, "*") {
		header["Vary"] = []string{"Origin"}
		if allowed = asking[0]; !slices.Contains(o, allowed) {
			return
		}
	}
	header["Access-Control-Allow-Origin"] = []string{allowed}
	header["Access-Control-Expose-Headers"] = []string{"ETag, Retry-After"}
}

// preflight answers what browsers ask before each request, for as long as
// they remember it.
func preflight(c *gin.Context) {
	if c.Writer.Header().Get("Access-Control-Allow-Origin") != "" {
		c.Header("Access-Control-Allow-Methods", "POST")
		c.Header("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, X-API-Key")
		c.Header("Access-Control-Max-Age", "7200")
	}
	c.Status(http.StatusNoContent)
}
