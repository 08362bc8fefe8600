package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// peer returns the address of who asks, and whether the connection is encrypted. A proxy
// is believed about both, and nobody else: anybody can send these headers.
func peer(r *http.Request, proxies []netip.Prefix) (address string, secure bool) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if len(proxies) == 0 || !within(proxies, host) {
		return host, r.TLS != nil
	}
	// Each proxy appends whom it was asked by, so what is right of the last one that is not
	// a proxy of ours is true, and what is left of it is whatever somebody wrote.
	asked := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	address = host
	for i := len(asked) - 1; i >= 0 && within(proxies, address); i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(asked[i]))
		if err != nil {
			break
		}
		address = a.Unmap().WithZone("").String()
	}
	proto := r.Header.Values("X-Forwarded-Proto")
	return address, r.TLS != nil || len(proto) == 1 && proto[0] == "https"
}

func within(nets []netip.Prefix, host string) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	a = a.Unmap().WithZone("")
	for _, n := range nets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// A traceParent is what a caller says of the trace that its request is part of. Both are empty
// where it says nothing that can be read.
type traceParent struct{ trace, parent string }

// readTraceParent reads the header traceparent: W3C Trace Context, section 3.2. What does
// not conform is as good as none.
func readTraceParent(h http.Header) traceParent {
	values := h["Traceparent"]
	if len(values) != 1 {
		return traceParent{}
	}
	v := values[0]
	const length = len("00-") + 32 + len("-") + 16 + len("-00")
	if len(v) < length || v[2] != '-' || v[35] != '-' || v[52] != '-' {
		return traceParent{}
	}
	version, trace, parent, flags := v[:2], v[3:35], v[36:52], v[53:55]
	switch {
	case !lowerHex(version) || !lowerHex(trace) || !lowerHex(parent) || !lowerHex(flags),
		version == "ff",
		version == "00" && len(v) != length,
		len(v) > length && v[length] != '-',
		strings.Trim(trace, "0") == "", strings.Trim(parent, "0") == "":
		return traceParent{}
	}
	return traceParent{trace, parent}
}

func lowerHex(text string) bool { return strings.Trim(text, "0123456789abcdef") == "" }
