package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Address is where a request came from: what was measured, and what was
// derived from it by which rule. Evidence keeps all three.
type Address struct {
	Peer   string // of the socket
	Client string // the person's, as far as it can be known
	Rule   string // RulePeer or RuleForwarded
}

// The rules by which the client's address is derived.
const (
	RulePeer      = "peer"            // the socket's peer is the client
	RuleForwarded = "x-forwarded-for" // named by a proxy that the operator trusts
)

// Proxies are the addresses whose X-Forwarded-For is believed; none by
// default.
type Proxies []netip.Prefix

// ParseProxies reads addresses and blocks such as 10.0.0.0/8. It refuses a
// block of all addresses: anybody could then forge the address in evidence.
func ParseProxies(list []string) (Proxies, error) {
	var proxies Proxies
	for _, text := range list {
		block, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("trusted proxy %q is neither an address nor a block", text)
			}
			block = netip.PrefixFrom(addr, addr.BitLen())
		}
		if block.Bits() == 0 {
			return nil, fmt.Errorf("trusted proxy %q means everybody", text)
		}
		proxies = append(proxies, block.Masked())
	}
	return proxies, nil
}

// Address derives the client's address: the last X-Forwarded-For hop that no
// trusted proxy stands behind, if the peer is such a proxy, else the peer.
// Every header line counts, and a hop that is no address ends the walk.
func (p Proxies) Address(r *http.Request) Address {
	at := Address{Peer: r.RemoteAddr, Client: r.RemoteAddr, Rule: RulePeer}
	socket, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return at
	}
	addr := socket.Addr().Unmap()
	at.Peer, at.Client = addr.String(), addr.String()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(addr); i-- {
		addr, err = netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = addr.Unmap().WithZone("")
		at.Client, at.Rule = addr.String(), RuleForwarded
	}
	return at
}

func (p Proxies) trust(addr netip.Addr) bool {
	for _, block := range p {
		if block.Contains(addr) {
			return true
		}
	}
	return false
}
