package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"assent/terms"
)

// Guard keeps calls to addresses that others name away from machines that only
// this one can reach. It looks at the address a connection is made to, after all
// names are resolved: a name that leads elsewhere the second time gains nothing.
type Guard struct {
	Allow    []netip.Prefix // internal addresses that may be called, by http as well, at any port
	Resolver *net.Resolver  // nil: the machine's
}

const (
	callTimeout = 10 * time.Second // for a whole call, reading the answer included
	headersMost = 64 << 10
)

// closed are the addresses that mean something only here, or lead here: those
// for special purposes in the registries of the IANA (RFC 6890), translation
// to IPv4 among them.
func closed() []netip.Prefix {
	var list []netip.Prefix
	for _, block := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		list = append(list, netip.MustParsePrefix(block))
	}
	return list
}

// public are the addresses of IPv6 that are in use worldwide.
func public() netip.Prefix { return netip.MustParsePrefix("2000::/3") }

func (g Guard) allowed(a netip.Addr) bool {
	return slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// reachable reports why an address may not be called.
func (g Guard) reachable(at netip.AddrPort, secure bool) error {
	a := at.Addr().Unmap().WithZone("")
	switch {
	case g.allowed(a):
		return nil
	case !secure:
		return errors.New("only https is called")
	case at.Port() != 443 && at.Port() != 8443:
		return fmt.Errorf("port %d is not called; 443 and 8443 are", at.Port())
	case a.Is6() && !public().Contains(a), slices.ContainsFunc(closed(), func(p netip.Prefix) bool { return p.Contains(a) }):
		return fmt.Errorf("%s is not an address of the public network; set webhooks.allow to call internal ones", a)
	}
	return nil
}

// Check refuses an address of which can be seen at once that it will never be
// called; terms.Invalid says why.
func (g Guard) Check(address string) error {
	fault := func(detail string) error { return terms.Faults{{Path: "url", Detail: detail}} }
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || len(address) > 2048:
		return fault("must be an address such as https://example.org/hook")
	case u.Scheme != "https" && (u.Scheme != "http" || len(g.Allow) == 0):
		return fault("must begin with https://")
	case u.User != nil:
		return fault("must not hold a name or password: calls are signed")
	case u.Fragment != "":
		return fault("must not have a fragment")
	}
	host, port := u.Hostname(), uint64(443)
	if u.Scheme == "http" {
		port = 80
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil {
			return fault("has no such port")
		}
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if err := g.reachable(netip.AddrPortFrom(a, uint16(port)), u.Scheme == "https"); err != nil {
			return fault(err.Error())
		}
		return nil
	}
	return g.checkName(host, uint16(port), fault)
}

func (g Guard) checkName(host string, port uint16, fault func(string) error) error {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := labels[len(labels)-1]
	_, err := strconv.ParseInt(last, 0, 64) // 127.1, 0x7f000001 and 017700000001 are numbers that some resolvers take
	switch {
	case err == nil || strings.ContainsAny(host, "%[]"):
		return fault("must name a host, or an address in full")
	case len(g.Allow) > 0:
		return nil
	case len(labels) < 2 || last == "localhost" || last == "local" || last == "internal":
		return fault("must name a host of the public network; set webhooks.allow to call internal ones")
	case port != 443 && port != 8443:
		return fault("must be at port 443 or 8443")
	}
	return nil
}

// Client calls what the guard lets through: no redirects, no proxy, ten seconds
// for all of it.
func (g Guard) Client() *http.Client {
	return &http.Client{
		Transport:     guarded{g.transport(true), g.transport(false)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       callTimeout,
	}
}

// guarded knows by which scheme an address is called.
type guarded struct{ https, http *http.Transport }

func (t guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return t.https.RoundTrip(r)
	}
	return t.http.RoundTrip(r)
}

// CloseIdleConnections is for http.Client.
func (t guarded) CloseIdleConnections() {
	t.https.CloseIdleConnections()
	t.http.CloseIdleConnections()
}

func (g Guard) transport(secure bool) *http.Transport {
	dialer := &net.Dialer{Timeout: callTimeout, Resolver: g.Resolver, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("connect to %q: %w", address, err)
		}
		return g.reachable(at, secure)
	}}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if network != "tcp" {
				return nil, fmt.Errorf("%s is not called", network)
			}
			return dialer.DialContext(ctx, network, address)
		},
		Proxy: nil, ForceAttemptHTTP2: true, MaxIdleConns: 64, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: callTimeout, ResponseHeaderTimeout: callTimeout, MaxResponseHeaderBytes: headersMost,
	}
}
