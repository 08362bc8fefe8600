// Package outbound decides to which addresses requests of this server may go whose
// target somebody else chose: the administrator of an account, or a document that was
// fetched. It does not know what is asked, or of whom.
package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Addresses that the public Internet does not route to, or that stand for others.
// Source: the IANA special-purpose address registries.
var (
	privateNetworks = prefixes(
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
		"::1/128", "fc00::/7",
	)
	specialNetworks = prefixes(
		"0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	)
	// Of IPv6 only this is given out: what is outside it is NAT64, mapped, local or nothing.
	globalUnicast = netip.MustParsePrefix("2000::/3")
)

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, s := range list {
		all[i] = netip.MustParsePrefix(s)
	}
	return all
}

// Reachable reports whether requests may go to a: to public addresses and, if private is
// set, to loopback and private ones. Never to link-local ones, where clouds serve their
// machines' credentials.
func Reachable(a netip.Addr, private bool) bool {
	a = a.Unmap().WithZone("")
	if in(a, privateNetworks) {
		return private
	}
	return a.IsValid() && !in(a, specialNetworks) && (a.Is4() || globalUnicast.Contains(a))
}

func in(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Dialer returns a dialer that reaches what is [Reachable]. It looks after the name was
// resolved, so that no name and no spelling of an address leads elsewhere.
func Dialer(private bool, timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout: timeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !Reachable(to.Addr(), private) {
				return fmt.Errorf("%s is not a public address", to.Addr())
			}
			return nil
		},
	}
}
