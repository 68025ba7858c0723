package notify_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"assent/notify"
)

// hostile are addresses that lead, or try to lead, to a machine that only this
// one can reach. CANARY stands for the port of a listener on every local
// address, which nothing may ever connect to.
var hostile = strings.Fields(`
http://example.org/ http://127.0.0.1:CANARY/ https://127.0.0.1:CANARY/ https://localhost:CANARY/ https://LOCALHOST:CANARY/
https://localhost.:CANARY/ https://localhost.localdomain:CANARY/ https://127.1:CANARY/ https://127.0.1:CANARY/
https://2130706433:CANARY/ https://0x7f000001:CANARY/ https://0x7f.0.0.1:CANARY/ https://017700000001:CANARY/ https://0177.0.0.1:CANARY/
https://127.0.0.1.:CANARY/ https://127.127.127.127:CANARY/ https://0.0.0.0:CANARY/ https://0:CANARY/ https://[::]:CANARY/ https://[::1]:CANARY/
https://[0:0:0:0:0:0:0:1]:CANARY/ https://[::ffff:127.0.0.1]:CANARY/ https://[::ffff:7f00:1]:CANARY/ https://[::127.0.0.1]:CANARY/
https://[64:ff9b::7f00:1]:CANARY/ https://[64:ff9b:1::7f00:1]:CANARY/ https://[2002:7f00:1::]:CANARY/ https://[2001:0:7f00:1::]:CANARY/
https://[::1%25lo]:CANARY/ https://[fe80::1%25eth0]/ https://[fe80::1]/ https://[fec0::1]/ https://[fc00::1]/ https://[fd12:3456::1]/ https://[ff02::1]/
https://[2001:db8::1]/ https://[100::1]/ https://10.0.0.1/ https://172.16.0.1/ https://172.31.255.255/ https://192.168.1.1/ https://169.254.169.254/latest/meta-data/
https://[fd00:ec2::254]/ https://100.64.0.1/ https://100.100.100.200/ https://192.0.0.192/ https://192.0.2.1/ https://198.18.0.1/ https://198.51.100.1/
https://203.0.113.1/ https://224.0.0.1/ https://240.0.0.1/ https://255.255.255.255/ https://metadata.google.internal/ https://printer.local/ https://intranet/
https://user:pass@127.0.0.1:CANARY/ https://example.org@127.0.0.1:CANARY/ https://127.0.0.1:CANARY#@example.org/ https://example.org:22/ https://example.org:6379/
https://internal.test/ https://rebinding.test/ https://six.test/ https://mapped.test/ https://alias.test:CANARY/ ftp://example.org/ file:///etc/passwd
gopher://127.0.0.1:CANARY/_x unix:/var/run/docker.sock //127.0.0.1:CANARY/ https:127.0.0.1 https:/// https://
`)

// canary listens on every local address of a port and counts who comes.
func canary(t *testing.T) (string, *atomic.Int64) {
	t.Helper()
	caught := &atomic.Int64{}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", ":0") // IPv6 and IPv4
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			caught.Add(1)
			_ = conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port, caught
}

// names is a resolver whose names lead here; one of them leads to the public
// network first, and then here.
func names(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	asked := 0
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			asked++
			if reply := resolve(buffer[:n], asked); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func resolve(query []byte, asked int) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	name := q.Name.String()
	switch {
	case q.Type == dnsmessage.TypeA && name == "rebinding.test." && asked%2 == 1:
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 7}}}}
	case q.Type == dnsmessage.TypeA && name != "six.test." && name != "mapped.test.":
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	case q.Type == dnsmessage.TypeAAAA && name == "mapped.test.":
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("::ffff:127.0.0.1").As16()}}}
	case q.Type == dnsmessage.TypeAAAA && name == "six.test.":
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: netip.IPv6Loopback().As16()}}}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

// TestNoAddressLeadsToAMachineOnlyThisOneCanReach calls each of them even where
// it would have been refused when it was entered: the connection is what counts.
func TestNoAddressLeadsToAMachineOnlyThisOneCanReach(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	port, caught := canary(t)
	if len(hostile) < 60 {
		t.Fatalf("only %d addresses", len(hostile))
	}
	guard := notify.Guard{Resolver: names(t)}
	client := guard.Client()
	entered := 0
	for _, address := range hostile {
		address = strings.ReplaceAll(address, "CANARY", port)
		if guard.Check(address) == nil {
			entered++ // only names whose address is not known yet
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
		if err == nil {
			if !strings.Contains(address, "example.org") || strings.Contains(address, "@") { // its ports are closed by rule
				var answer *http.Response
				if answer, err = client.Do(r); err == nil {
					_ = answer.Body.Close()
				}
			} else {
				err = errors.New("by rule")
			}
		}
		cancel()
		if err == nil {
			t.Errorf("%s was called", address)
		}
	}
	if entered > 5 || caught.Load() != 0 {
		t.Fatalf("%d were taken, %d connections came through", entered, caught.Load())
	}
}

func TestWhatTheOperatorAllowsIsCalledWithoutFollowingRedirects(t *testing.T) {
	t.Parallel()
	port, caught := canary(t)
	s := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:"+port+"/", http.StatusFound))
	defer s.Close()
	guard := notify.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	if err := guard.Check(s.URL + "/hook"); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := guard.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusFound || caught.Load() != 0 {
		t.Fatal(answer.Status, caught.Load())
	}
	if (notify.Guard{}).Check("https://example.org/hook") != nil || (notify.Guard{}).Check("https://[2606:2800:220:1::1]:8443/") != nil {
		t.Fatal("an ordinary address was refused")
	}
}
