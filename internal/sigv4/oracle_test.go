package sigv4_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// The credentials and the time of AWS's published examples.
var (
	example = sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	noon    = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
)

const (
	region  = "us-east-1"
	service = "cognito-identity"
)

func policy(now time.Time) sigv4.Policy {
	return sigv4.Policy{Now: now, Skew: 5 * time.Minute, Service: service, Region: func(r string) bool { return r == region }}
}

// authenticate does what a server does, for a server that knows one access key.
func authenticate(r *sigv4.Request, p sigv4.Policy) error {
	s, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	if err := s.Check(p); err != nil {
		return err
	}
	return s.Verify(sigv4.DeriveKey(example.SecretAccessKey, s.Date, s.Region, s.Service))
}

// call is a request as an SDK sends it, unsigned.
func call() *sigv4.Request {
	body := []byte(`{"IdentityPoolId":"us-east-1:177a950c-2c08-43f0-9983-28727134425b","Logins":{"login.example":"user-1"}}`)
	return &sigv4.Request{
		Method: "POST",
		Path:   "/",
		Host:   "cognito-identity.us-east-1.amazonaws.com",
		Header: http.Header{
			"Content-Type":   {"application/x-amz-json-1.1"},
			"Content-Length": {strconv.Itoa(len(body))},
			"X-Amz-Target":   {"AWSCognitoIdentityService.GetOpenIdTokenForDeveloperIdentity"},
			"User-Agent":     {"aws-sdk-go-v2/1.48.0"},
		},
		Body: body,
	}
}

// signedCall is call, signed in its header at noon.
func signedCall() *sigv4.Request {
	r := call()
	sigv4.Sign(r, example, region, service, noon)
	return r
}

// presignedCall is call, signed in its query string at noon.
func presignedCall(expires time.Duration) *sigv4.Request {
	r := call()
	sigv4.Presign(r, example, region, service, noon, expires)
	return r
}

func clone(r *sigv4.Request) *sigv4.Request {
	c := *r
	c.Header = r.Header.Clone()
	return &c
}

// overHTTP is r as the SDK's signer takes it. The SDK signs the length of the
// body when it knows it, so that it is told when the header has it.
func overHTTP(t testing.TB, r *sigv4.Request) (req *http.Request, payload string) {
	t.Helper()
	req = &http.Request{
		Method: r.Method,
		URL:    &url.URL{Scheme: "https", Host: r.Host, Opaque: "//" + r.Host + r.Path, RawQuery: r.RawQuery},
		Host:   r.Host,
		Header: r.Header.Clone(),
	}
	if length := r.Header.Get("Content-Length"); length != "" {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil {
			t.Fatalf("Content-Length %q: %v", length, err)
		}
		req.ContentLength = n
	}
	sum := sha256.Sum256(r.Body)
	return req, hex.EncodeToString(sum[:])
}

func sdkCredentials(c sigv4.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// sdkSign returns a copy of r that the SDK has signed in the header.
func sdkSign(t testing.TB, r *sigv4.Request, c sigv4.Credentials, now time.Time) *sigv4.Request {
	t.Helper()
	req, payload := overHTTP(t, r)
	if err := v4.NewSigner().SignHTTP(t.Context(), sdkCredentials(c), req, payload, service, region, now); err != nil {
		t.Fatalf("sign %+v: %v", r, err)
	}
	signed := clone(r)
	signed.Header = req.Header
	signed.RawQuery = req.URL.RawQuery
	return signed
}

// sdkPresign returns a copy of r that the SDK has signed in the query. With
// hoist it moves X-Amz- headers into the query, as is its default.
func sdkPresign(t testing.TB, r *sigv4.Request, c sigv4.Credentials, now time.Time, hoist bool) *sigv4.Request {
	t.Helper()
	req, payload := overHTTP(t, r)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableHeaderHoisting = !hoist })
	uri, header, err := signer.PresignHTTP(t.Context(), sdkCredentials(c), req, payload, service, region, now)
	if err != nil {
		t.Fatalf("presign %+v: %v", r, err)
	}
	signed := clone(r)
	signed.Header = header
	signed.Header.Del("Host")
	_, signed.RawQuery, _ = strings.Cut(uri, "?")
	return signed
}

// wantError fails unless err is the error of that code and message. An empty
// code wants none.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	var e *sigv4.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want %s: %s", err, code, message)
		return
	}
	if e.Code != code || e.Message != message {
		t.Errorf("got  %s: %s\nwant %s: %s", e.Code, e.Message, code, message)
	}
}

const (
	missing    = "MissingAuthenticationTokenException"
	incomplete = "IncompleteSignatureException"
	invalid    = "InvalidSignatureException"

	mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
