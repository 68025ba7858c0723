package config

import (
	"fmt"
	"net/http"
	"regexp"
)

// Gateway is what gateways in front of other servers ask before they let a
// request through.
type Gateway struct {
	Listen       string         `mapstructure:"listen"`        // of the gRPC server for Envoy; "": there is none
	PersonHeader string         `mapstructure:"person_header"` // "": no header names the person
	Routes       []GatewayRoute `mapstructure:"routes"`        // no two of them conflict
}

// GatewayRoute says what it takes to make a request. Match is a pattern of
// net/http's ServeMux: "POST /chats/{chat}/messages".
type GatewayRoute struct {
	Match      string `mapstructure:"match"`
	Capability string `mapstructure:"capability"`
}

func (c *Config) checkGateway(wrong *faults) {
	g := c.Gateway
	wrong.check(g.Listen == "" || isAddress(g.Listen), "gateway.listen", g.Listen, "must be HOST:PORT or :PORT, with a port from 0 to 65535, or empty")
	wrong.check(g.PersonHeader == "" || cookieName.MatchString(g.PersonHeader), "gateway.person_header", g.PersonHeader, "must be the name of a header, or empty")
	mux := http.NewServeMux()
	for i, r := range g.Routes {
		key := fmt.Sprintf("gateway.routes[%d].", i)
		if fault := register(mux, r.Match); fault != nil {
			wrong.add(key+"match", r.Match, "must be like POST /chats/{chat}/messages, and fit beside the others: "+places.ReplaceAllString(fmt.Sprint(fault), ""))
		}
		_, known := c.Catalogue.Find(r.Capability)
		wrong.check(known, key+"capability", r.Capability, "is not one of the capabilities below")
	}
}

// places are those in our code that net/http names beside a pattern.
var places = regexp.MustCompile(` \(registered at [^)]*\)`)

// register returns why a pattern cannot be used beside the others.
func register(mux *http.ServeMux, pattern string) any {
	var fault any
	func() {
		defer func() { fault = recover() }() // the only way it tells
		mux.Handle(pattern, http.NotFoundHandler())
	}()
	return fault
}
