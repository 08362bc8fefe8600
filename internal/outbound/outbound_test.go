package outbound_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/outbound"
)

func TestReachable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		addresses       string
		public, private bool
	}{
		{"8.8.8.8 1.1.1.1 2606:4700:4700::1111 ::ffff:8.8.8.8", true, true},
		{"127.0.0.1 127.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 ::1 fd00::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1", false, true},
		{"169.254.169.254 ::ffff:169.254.169.254 fe80::1 0.0.0.0 :: 255.255.255.255 224.0.0.1 ff02::1 64:ff9b::7f00:1 2002:7f00:1:: 192.0.2.1 198.18.0.1", false, false},
		{"172.32.0.1 100.128.0.1 11.0.0.1 9.255.255.255", true, true},
	} {
		for _, text := range strings.Fields(tc.addresses) {
			a := netip.MustParseAddr(text)
			if got := outbound.Reachable(a, false); got != tc.public {
				t.Errorf("%s: got %v, want %v", a, got, tc.public)
			}
			if got := outbound.Reachable(a, true); got != tc.private {
				t.Errorf("%s, private ones allowed: got %v, want %v", a, got, tc.private)
			}
		}
	}
	if outbound.Reachable(netip.Addr{}, true) {
		t.Error("no address is reachable")
	}
}

// Attack 8: what listens on loopback hears nothing, by whatever name.
func TestDialer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1"} {
		c, err := outbound.Dialer(false, time.Second).DialContext(t.Context(), "tcp4", net.JoinHostPort(host, port))
		if err == nil {
			c.Close()
			t.Errorf("%s was reached", host)
		}
	}
	c, err := outbound.Dialer(true, 5*time.Second).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("the twin: %v", err)
	}
	c.Close()
}
