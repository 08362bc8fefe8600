package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sign signs the request in its header: it sets X-Amz-Date, Authorization and,
// with temporary credentials, X-Amz-Security-Token. Signed are Host and every header
// that is there, beside those that proxies and clients change on the way. Headers
// that an HTTP client adds later are not covered.
func Sign(r *Request, c Credentials, region, service string, now time.Time) {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	m := newMessage(r, region, service, now)
	r.Header.Set(amzDate, m.stamp)
	r.Header.Del(amzSecurityToken)
	if c.SessionToken != "" {
		r.Header.Set(amzSecurityToken, c.SessionToken)
	}
	params, _ := parseQuery(r.RawQuery)
	m.query = canonicalQuery(params)
	m.signedHeaders = headersToSign(r.Header)
	signature := m.sign(DeriveKey(c.SecretAccessKey, m.stamp[:len(isoDate)], region, service))
	r.Header.Set(authorizationHeader, algorithm+
		" Credential="+c.AccessKeyID+"/"+m.scope+
		", SignedHeaders="+m.signedHeaders+
		", Signature="+string(signature[:]))
}

// Presign signs the request in its query string, which it brings into canonical
// form. The headers that are there are signed, so the request must be sent with them.
// The signature lives for expires, in whole seconds; zero leaves that to
// the server.
func Presign(r *Request, c Credentials, region, service string, now time.Time, expires time.Duration) {
	for _, name := range [...]string{authorizationHeader, amzDate, amzSecurityToken} {
		r.Header.Del(name)
	}
	m := newMessage(r, region, service, now)
	m.signedHeaders = headersToSign(r.Header)
	set := []param{
		{amzAlgorithm, algorithm},
		{amzCredential, c.AccessKeyID + "/" + m.scope},
		{amzDate, m.stamp},
		{amzSignedHeaders, m.signedHeaders},
	}
	if expires > 0 {
		set = append(set, param{amzExpires, strconv.FormatInt(int64(expires/time.Second), 10)})
	}
	if c.SessionToken != "" {
		set = append(set, param{amzSecurityToken, c.SessionToken})
	}
	params, _ := parseQuery(r.RawQuery)
	params = slices.DeleteFunc(params, func(p param) bool {
		switch p.name {
		case amzAlgorithm, amzCredential, amzDate, amzSignedHeaders, amzExpires, amzSecurityToken, amzSignature:
			return true
		}
		return false
	})
	m.query = canonicalQuery(append(params, set...))
	signature := m.sign(DeriveKey(c.SecretAccessKey, m.stamp[:len(isoDate)], region, service))
	r.RawQuery = m.query + "&" + amzSignature + "=" + string(signature[:])
}

// newMessage returns the message but for query and signedHeaders.
func newMessage(r *Request, region, service string, now time.Time) *message {
	stamp := now.UTC().Format(isoBasic)
	m := &message{
		request: r,
		path:    normalPath(r.Path),
		stamp:   stamp,
		scope:   stamp[:len(isoDate)] + "/" + region + "/" + service + "/" + terminator,
	}
	m.hashBody()
	return m
}

func headersToSign(h http.Header) string {
	names := []string{"host"}
	for key := range h {
		switch key {
		case authorizationHeader, "Host", "User-Agent", "X-Amzn-Trace-Id", "Expect", "Transfer-Encoding":
		default:
			names = append(names, strings.ToLower(key))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ";")
}
