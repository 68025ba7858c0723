package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"assent/handlers/web"
)

func TestTheClientAddressIsBelievedOnlyFromTrustedProxies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		trusted []string
		peer    string
		headers map[string][]string
		want    web.Address
	}{
		"nobody is trusted by default": {
			nil, "203.0.113.9:1234", map[string][]string{"X-Forwarded-For": {"1.2.3.4"}, "X-Real-Ip": {"1.2.3.4"}, "Cf-Connecting-Ip": {"1.2.3.4"}, "Forwarded": {"for=1.2.3.4"}},
			web.Address{Peer: "203.0.113.9", Client: "203.0.113.9", Rule: web.RulePeer},
		},
		"a stranger's header is not believed": {
			[]string{"10.0.0.0/8"}, "203.0.113.9:1234", map[string][]string{"X-Forwarded-For": {"1.2.3.4"}},
			web.Address{Peer: "203.0.113.9", Client: "203.0.113.9", Rule: web.RulePeer},
		},
		"the last hop before a trusted proxy counts": {
			[]string{"10.0.0.0/8"}, "10.0.0.1:1234", map[string][]string{"X-Forwarded-For": {"6.6.6.6, 1.2.3.4, 10.0.0.7"}},
			web.Address{Peer: "10.0.0.1", Client: "1.2.3.4", Rule: web.RuleForwarded},
		},
		"a forged first line does not hide the proxy's own": {
			[]string{"10.0.0.1"}, "10.0.0.1:1234", map[string][]string{"X-Forwarded-For": {"6.6.6.6", "1.2.3.4"}},
			web.Address{Peer: "10.0.0.1", Client: "1.2.3.4", Rule: web.RuleForwarded},
		},
		"garbage in the last hop leaves the peer": {
			[]string{"10.0.0.1"}, "10.0.0.1:1234", map[string][]string{"X-Forwarded-For": {"1.2.3.4, <script>"}},
			web.Address{Peer: "10.0.0.1", Client: "10.0.0.1", Rule: web.RulePeer},
		},
		"ten kilobytes are no address": {
			[]string{"10.0.0.1"}, "10.0.0.1:1234", map[string][]string{"X-Forwarded-For": {strings.Repeat("9", 10<<10)}},
			web.Address{Peer: "10.0.0.1", Client: "10.0.0.1", Rule: web.RulePeer},
		},
		"IPv4 inside IPv6 is the same address": {
			[]string{"10.0.0.1"}, "[::ffff:10.0.0.1]:1234", map[string][]string{"X-Forwarded-For": {"2001:db8::1"}},
			web.Address{Peer: "10.0.0.1", Client: "2001:db8::1", Rule: web.RuleForwarded},
		},
		"a unix socket is never trusted": {
			[]string{"10.0.0.1"}, "@", map[string][]string{"X-Forwarded-For": {"1.2.3.4"}},
			web.Address{Peer: "@", Client: "@", Rule: web.RulePeer},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxies, err := web.ParseProxies(tc.trusted)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr, r.Header = tc.peer, tc.headers
			if got := proxies.Address(r); got != tc.want {
				t.Fatalf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestTrustingEverybodyIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0.0.0.0/0", "::/0", "proxy.example", ""} {
		if _, err := web.ParseProxies([]string{text}); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
