package sigv4_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// Whatever comes, Parse and what follows it neither panic nor accept, and fail
// with an *Error.
func FuzzParse(f *testing.F) {
	signed, presigned := signedCall(), presignedCall(0)
	f.Add(signed.Header.Get("Authorization"), "20150830T123600Z", "", "")
	f.Add("", "", presigned.RawQuery, "")
	f.Add("AWS4-HMAC-SHA256 Credential=a/20150830/us-east-1/cognito-identity/aws4_request,SignedHeaders=host;x-amz-date,Signature=0", "Sun, 30 Aug 2015 12:36:00 GMT", "a=%", "UNSIGNED-PAYLOAD")
	f.Add("AWS4-HMAC-SHA256 Credential, =, ,=,", "2", "X-Amz-Algorithm&&=&%%%=;", "x")
	f.Add("AWS4-", "", "x-amz-expires=1&X-Amz-Expires=2", "")
	f.Fuzz(func(t *testing.T, authorization, date, query, declared string) {
		r := call()
		r.RawQuery = query
		set := func(key, value string) {
			if value != "" {
				r.Header.Set(key, value)
			}
		}
		set("Authorization", authorization)
		set("X-Amz-Date", date)
		set("X-Amz-Content-Sha256", declared)

		// Nobody who knows the example's secret took part, but for the seeds.
		if authorization == signed.Header.Get("Authorization") || query == presigned.RawQuery {
			return
		}
		s, err := sigv4.Parse(r)
		if err == nil {
			if err = s.Check(policy(noon)); err == nil {
				err = s.Verify(sigv4.Key{})
			}
		}
		var e *sigv4.Error
		if !errors.As(err, &e) {
			t.Fatalf("got %v, want an *Error", err)
		}
		if e.Code != missing && e.Code != incomplete && e.Code != invalid {
			t.Errorf("got code %q", e.Code)
		}
		if (e.Code == missing) == sigv4.Present(r) {
			t.Errorf("Present is %v, and Parse says %v", sigv4.Present(r), e)
		}
	})
}

// The SDK's canonical form is ours.
func FuzzCanonical(f *testing.F) {
	f.Add("POST", "/", "", "example.com", "My-Header", "a  b", "c", []byte("{}"), "")
	f.Add("GET", "//a/../b%20/é", "b=1&a=%e1%88%b4&a=+&=&&c", "localhost", "X-Amz-Target", " \t x ", "", []byte(nil), "to/k+en=")
	f.Fuzz(func(t *testing.T, method, path, query, host, name, value1, value2 string, body []byte, token string) {
		key := http.CanonicalHeaderKey(name)
		switch {
		case !strings.HasPrefix(path, "/") || strings.Contains(path, "?"):
			t.Skip("not a path")
		case host == "" || strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("/?#@%:", c) }):
			t.Skip("not a host")
		case key == "" || !strings.EqualFold(key, name) || strings.ContainsFunc(key, notToken):
			t.Skip("not a header name")
		}
		switch key {
		case "Authorization", "Date", "Host", "Content-Length", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256":
			t.Skip("a header of the signature itself")
		}
		r := &sigv4.Request{
			Method: method, Path: path, RawQuery: query, Host: host, Header: http.Header{key: {value1}}, Body: body,
		}
		if value2 != "" && key != "X-Amz-Target" {
			r.Header.Add(key, value2)
		}
		params, queryErr := url.ParseQuery(query)
		for name := range params {
			if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
				t.Skip("a parameter that may be part of a signature")
			}
		}
		c := example
		c.SessionToken = token
		signed := sdkSign(t, r, c, noon)
		if err := authenticate(signed, policy(noon)); err != nil {
			t.Errorf("in the header: %v\n%+v", err, signed)
		}
		if queryErr == nil {
			signed.RawQuery = query
			if err := authenticate(signed, policy(noon)); err != nil {
				t.Errorf("in the header, query as it was: %v\n%+v", err, signed)
			}
		}
		signed = sdkPresign(t, r, c, noon, false)
		if err := authenticate(signed, policy(noon)); err != nil {
			t.Errorf("in the query: %v\n%+v", err, signed)
		}
	})
}

func notToken(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", c))
}
