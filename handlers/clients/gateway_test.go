package clients_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"assent/gate"
	"assent/handlers/clients"
	"assent/terms"
)

// intercepting is what the gateways of every world ask by.
func intercepting() clients.Gateway {
	return clients.Gateway{
		Routes: map[string]string{
			"POST /chats/{chat}/messages":       "messages.send",
			"GET /chats/{$}":                    "chats.list",
			"/export/":                          "data.export",
			"PUT ads.example.org/shared/{what}": "business.data_sharing",
		},
		Header: "X-Person",
		Person: func(_ context.Context, token string) (string, error) {
			switch person, genuine := strings.CutPrefix(token, "of-"); {
			case genuine:
				return person, nil
			case token == "down":
				return "", errors.New("the keys cannot be had")
			}
			return "", terms.Errorf(terms.Unauthenticated, "not a token")
		},
		Cookie: "platform",
		Page: func(r *http.Request, d gate.Decision) ([]byte, error) {
			return []byte("<html>" + d.Capability + " in " + r.Header.Get("Accept-Language")), nil
		},
	}
}

// asked is what a gateway says of a request that somebody made, with the key
// where a gateway has it.
func asked(method, uri string, headers ...string) []string {
	return append([]string{"Authorization", "", "X-API-Key", bootstrap, "X-Forwarded-Method", method, "X-Forwarded-Uri", uri, "X-Forwarded-Host", "chat.example.org"}, headers...)
}

func TestAGatewayIsToldWhichRequestsMayGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("bia", "BR")
	w.limit("bia")
	as := []string{"X-Person", "bia"}
	for name, c := range map[string]struct {
		method, uri string
		headers     []string
		capability  string // that it is refused for; "": it passes
	}{
		"what is off":                 {"POST", "/chats/7/messages?draft=1", as, "messages.send"},
		"another method":              {"GET", "/chats/7/messages", as, ""},
		"the chat list":               {"GET", "/chats/", as, "chats.list"},
		"looking at it":               {"HEAD", "/chats/", as, "chats.list"},
		"its path with two slashes":   {"GET", "//chats/", as, "chats.list"},
		"its path with dots":          {"GET", "/x/../chats/", as, "chats.list"},
		"its path with a dot":         {"GET", "/chats/%2e", as, "chats.list"},
		"its path without a slash":    {"GET", "/chats", as, "chats.list"},
		"below it":                    {"GET", "/chats/7", as, ""},
		"an exit right":               {"POST", "/export/all", as, ""},
		"what takes nothing":          {"GET", "/", as, ""},
		"another host":                {"PUT", "/shared/7", as, ""},
		"a grant":                     {"PUT", "/shared/7", append(as, "X-Forwarded-Host", "ads.example.org:443"), "business.data_sharing"},
		"dots":                        {"POST", "/x/../chats/7/messages", as, "messages.send"},
		"encoded dots":                {"POST", "/x/%2e%2e/chats/7/messages", as, "messages.send"},
		"two slashes":                 {"POST", "//chats//7/messages", as, "messages.send"},
		"an encoded slash":            {"POST", "/chats/7%2Fmessages", as, "messages.send"},
		"a slash within a name":       {"POST", "/chats/7%2F8/messages", as, "messages.send"},
		"an encoded letter":           {"POST", "/%63hats/7/messages", as, "messages.send"},
		"what cannot be decoded":      {"POST", "/chats/%zz/messages", as, "messages.send"},
		"nobody in particular":        {"POST", "/chats/7/messages", nil, ""},
		"somebody else":               {"POST", "/chats/7/messages", []string{"X-Person", "ana"}, ""},
		"a token":                     {"POST", "/chats/7/messages", []string{"Authorization", "Bearer of-bia"}, "messages.send"},
		"a token in the cookie":       {"POST", "/chats/7/messages", []string{"Cookie", "platform=of-bia"}, "messages.send"},
		"a forged token":              {"POST", "/chats/7/messages", []string{"Authorization", "Bearer bia"}, ""},
		"a token nobody can check":    {"POST", "/chats/7/messages", []string{"Authorization", "Bearer down"}, ""},
		"the header before the token": {"POST", "/chats/7/messages", []string{"Authorization", "Bearer of-ana", "X-Person", "bia"}, "messages.send"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := w.in(t)
			answer := w.send("GET", "/gateway/check", "", asked(c.method, c.uri, c.headers...)...)
			if c.capability == "" {
				if answer.is(200).Body.Len() > 0 {
					t.Errorf("answers %s", answer.Body)
				}
				return
			}
			answer.is(403).says("type", "urn:assent:problem:restricted", "capability", c.capability)
			if got := answer.Header().Get(clients.RefusedHeader); got != c.capability {
				t.Errorf("%s: %q", clients.RefusedHeader, got)
			}
		})
	}
}

func TestAGatewayGetsWhatToSendInThePlaceOfARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.campaign()
	w.person("bia", "BR")
	w.limit("bia")
	const link = `<https://terms.example.org/t/new-terms-2021>; rel="terms-of-service"`
	sending := asked("POST", "/chats/7/messages", "X-Person", "bia")
	for _, path := range []string{"/gateway/check", "/gateway/refusal"} {
		program := w.send("GET", path, "", sending...).is(403)
		if program.says("stage", "limited", "accept_url", "https://terms.example.org/t/new-terms-2021").Header().Get("Link") != link {
			t.Errorf("%s: %v", path, program.Header())
		}
		page := w.send("GET", path, "", append(sending, "Accept", "text/html,*/*;q=0.8", "Accept-Language", "fr")...).is(403)
		if page.Body.String() != "<html>messages.send in fr" || page.Header().Get("Link") != link || page.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", path, page.Header(), page.Body)
		}
	}
	for method, status := range map[string]int{"POST": 403, "PUT": 200, "DELETE": 200} {
		if got := w.send(method, "/gateway/envoy/chats/7/messages?x=y", "", "X-API-Key", bootstrap, "X-Person", "bia"); got.Code != status {
			t.Errorf("Envoy's %s: %d %s", method, got.Code, got.Body)
		}
	}
	w.choose("bia", "accepted", "k").is(201)
	w.send("GET", "/gateway/check", "", sending...).is(200)
	again := w.send("GET", "/gateway/refusal", "", asked("POST", "//evil.example/chats?x=%2F", "X-Person", "bia")...).is(307)
	if to := again.Header().Get("Location"); to != "/evil.example/chats?x=%2F" {
		t.Errorf("led to %s", to)
	}
}

func TestAGatewayIsToldWhenItAsksWrongly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send("GET", "/gateway/check", "", "X-Forwarded-Method", "GET").is(400).mentions("X-Forwarded-Uri")
	w.send("GET", "/gateway/check", "", "X-Forwarded-Method", "GET", "X-Forwarded-Uri", "http://chat.example.org/").is(400)
	w.send("GET", "/gateway/check", "", "X-Forwarded-Uri", "/").is(400)
	// The person's own token is no key, and the person's own key none of ours.
	w.send("GET", "/gateway/check", "", asked("GET", "/", "X-API-Key", "", "Authorization", "Bearer of-bia")...).is(401)
	w.send("GET", "/gateway/check", "", asked("GET", "/", "X-API-Key", "guess", "Authorization", "Bearer "+bootstrap)...).is(401)
	// A gateway that has no bearer token to pass on may put its key there.
	w.send("GET", "/gateway/check", "", "X-Forwarded-Method", "GET", "X-Forwarded-Uri", "/").is(200)
}
