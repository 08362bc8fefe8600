package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A message is what is signed: a request, and what of it counts.
type message struct {
	request *Request
	// path is the request's path, normalised or as sent, escaped once less than
	// it is signed.
	path string
	// query is canonical.
	query string
	// signedHeaders are lower case, in order, separated by ";".
	signedHeaders string
	// payload is the SHA-256 of the body, in hex.
	payload [2 * sha256.Size]byte
	// stamp is the time in ISO basic format; scope is DATE/REGION/SERVICE/aws4_request.
	stamp, scope string
}

// hashBody sets the payload from the body's bytes: a signature never covers
// anything else here.
func (m *message) hashBody() {
	sum := sha256.Sum256(m.request.Body)
	hex.Encode(m.payload[:], sum[:])
}

// sign returns the signature in lower-case hex.
func (m *message) sign(key Key) (signature [2 * sha256.Size]byte) {
	var room [2048]byte // On the stack: only session tokens of unusual length outgrow it.
	sum := sha256.Sum256(m.appendCanonical(room[:0]))

	toSign := make([]byte, 0, 192)
	toSign = append(toSign, algorithm+"\n"...)
	toSign = append(toSign, m.stamp...)
	toSign = append(toSign, '\n')
	toSign = append(toSign, m.scope...)
	toSign = append(toSign, '\n')
	toSign = hex.AppendEncode(toSign, sum[:])

	hex.Encode(signature[:], key.appendMAC(toSign[:0], toSign))
	return signature
}

// appendCanonical appends the canonical request.
func (m *message) appendCanonical(b []byte) []byte {
	b = append(b, m.request.Method...)
	b = append(b, '\n')
	if m.path == "" {
		b = append(b, '/')
	}
	b = appendEscaped(b, m.path, '/')
	b = append(b, '\n')
	b = append(b, m.query...)
	b = append(b, '\n')
	for name := range strings.SplitSeq(m.signedHeaders, ";") {
		b = append(b, name...)
		b = append(b, ':')
		if name == "host" {
			b = appendValue(b, m.request.Host)
		} else {
			for i, v := range m.request.values(name) {
				if i > 0 {
					b = append(b, ',')
				}
				b = appendValue(b, v)
			}
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, m.signedHeaders...)
	b = append(b, '\n')
	return append(b, m.payload[:]...)
}

// appendValue appends a header value without blanks around it and with single
// blanks inside. Only spaces are collapsed, as the reference has it; net/http
// has made a space of each line fold.
func appendValue(b []byte, v string) []byte {
	v = strings.TrimSpace(v)
	for {
		i := strings.Index(v, "  ")
		if i < 0 {
			return append(b, v...)
		}
		b = append(b, v[:i+1]...)
		v = strings.TrimLeft(v[i:], " ")
	}
}

// appendEscaped appends s with all but the unreserved characters of RFC 3986 and
// keep percent-encoded. A keep of 0 keeps nothing more.
func appendEscaped(b []byte, s string, keep byte) []byte {
	const upperHex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == keep && keep != 0:
			b = append(b, c)
		default:
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// normalPath removes empty, "." and ".." segments from an escaped path. AWS asks
// for that of every service but S3. Escaped dots are not dots.
func normalPath(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	normal := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") {
		normal += "/"
	}
	return normal
}
