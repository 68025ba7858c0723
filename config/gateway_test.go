package config_test

import (
	"strings"
	"testing"
)

func TestRoutesOfGatewaysAreCheckedTogether(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
gateway:
  listen: 127.0.0.1:9001
  person_header: X-User
  routes:
    - {match: "POST /chats/{chat}/messages", capability: messages.send}
    - {match: "GET api.example.org/chats/{rest...}", capability: chats.list}
`)
	if err != nil {
		t.Fatal(err)
	}
	if g := c.Gateway; g.Listen != "127.0.0.1:9001" || g.PersonHeader != "X-User" || len(g.Routes) != 2 || g.Routes[1].Capability != "chats.list" {
		t.Errorf("%+v", g)
	}
	_, err = load(t, `
gateway:
  listen: nowhere
  person_header: "X User"
  routes:
    - {match: "POST /chats/{chat", capability: messages.send}
    - {match: "/a/{x}", capability: chats.list}
    - {match: "/{y}/b", capability: chats.list}
    - {match: "/c", capability: chats.lists}
`, "ASSENT_GATEWAY_ROUTES=x")
	for _, part := range []string{
		"gateway.listen", "nowhere", "gateway.person_header", "gateway.routes[0].match", "gateway.routes[2].match", "conflicts with", "gateway.routes[3].capability", "chats.lists", "ASSENT_GATEWAY_ROUTES",
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
	if strings.Contains(err.Error(), ".go:") {
		t.Errorf("tells where our code is: %v", err)
	}
}
