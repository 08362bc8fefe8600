// Package sigv4 is AWS Signature Version 4: it signs requests, and it finds,
// checks and verifies the signature of a request received, in the Authorization
// header or in the query string. It owns the canonical form of a request and the
// texts that tell a client what is wrong with its signature.
//
// It is pure: the time, the secrets and the answer to "is this one of our regions"
// are arguments. It knows no access key, reads no network and does not route; it
// imports nothing of ours.
//
// Sources: the IAM User Guide, "AWS Signature Version 4 for API requests"; where
// that is silent, the behaviour of other AWS services on the same framework, as
// errors.go says text by text.
package sigv4

import (
	"fmt"
	"net/http"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	// isoBasic and isoDate are the "basic format" of ISO 8601 in UTC.
	isoBasic = "20060102T150405Z"
	isoDate  = "20060102"
)

// The headers and query parameters of a signature. A header and a parameter of
// the same meaning have the same name.
const (
	authorizationHeader = "Authorization"
	dateHeader          = "Date"

	amzAlgorithm     = "X-Amz-Algorithm"
	amzContentSHA256 = "X-Amz-Content-Sha256"
	amzCredential    = "X-Amz-Credential"
	amzDate          = "X-Amz-Date"
	amzExpires       = "X-Amz-Expires"
	amzSecurityToken = "X-Amz-Security-Token"
	amzSignature     = "X-Amz-Signature"
	amzSignedHeaders = "X-Amz-SignedHeaders"
	amzTarget        = "X-Amz-Target"
)

// A Request is what a signature covers, as it is on the wire.
type Request struct {
	// Method is the HTTP method, case kept.
	Method string
	// Path is the path of the request target exactly as sent: still escaped, not
	// cleaned by a router. Empty means "/".
	Path string
	// RawQuery is what follows the "?", exactly as sent.
	RawQuery string
	// Host is the value of the Host header, or of :authority.
	Host string
	// Header holds the other headers under their canonical keys, as net/http
	// makes them. Host is not among them.
	Header http.Header
	// Body is the whole body.
	Body []byte
}

// values returns the values of the header whose name is given in lower case.
// Unlike http.Header.Values it does not allocate.
func (r *Request) values(name string) []string {
	var room [64]byte
	key := room[:0]
	upper := true
	for i := range len(name) {
		c := name[i]
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper = c == '-'
		key = append(key, c)
	}
	return r.Header[string(key)]
}

// Credentials sign requests. They do not print their secrets.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	// SessionToken comes with temporary credentials; empty for others.
	SessionToken string
}

const redacted = "REDACTED"

// Format implements [fmt.Formatter]: the access key id, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.AccessKeyID, " ", redacted) }

// MarshalText implements [encoding.TextMarshaler] as Format prints.
func (c Credentials) MarshalText() ([]byte, error) { return fmt.Append(nil, c), nil }
