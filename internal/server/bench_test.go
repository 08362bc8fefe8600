package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// A sink takes an answer and keeps its status.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// The cost of a call in the process: signature, JSON, store and log included, HTTP itself not.
// The request is signed once, as a client may repeat it within the window.
func BenchmarkServeHTTP(b *testing.B) {
	s := newSite(b, change{now: time.Now, log: io.Discard})
	s.clock.advance(time.Since(s.clock.Now())) // by which requests are signed
	pool := s.fresh(b, "%POOL")
	s.newUser(b, account, "governed")
	for n := range 10 {
		// The last one allows.
		made, err := s.principals.CreatePolicy(b.Context(), principal.Root(account), &api.CreatePolicyInput{
			PolicyName: fmt.Sprint("p", n), PolicyDocument: fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
				{"Effect":"Allow","Action":["iam:Get*","s3:*"],"Resource":"arn:aws:s3:::bucket-%[1]d/*"},
				{"Effect":"Deny","Action":"cognito-identity:Delete*","Resource":"*"},
				{"Effect":"Allow","Action":"cognito-identity:*","Resource":"arn:aws:cognito-identity:*:*:identitypool/*","Condition":{"NumericEquals":{"aws:EpochTime":"%[1]d"}}}]}`, n),
		})
		if err == nil {
			err = s.principals.AttachUserPolicy(b.Context(), principal.Root(account), &api.AttachUserPolicyInput{UserName: "governed", PolicyArn: made.Policy.Arn})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	s.allow(b, account, "governed", `{"Effect":"Allow","Action":"cognito-identity:LookupDeveloperIdentity","Resource":"*"}`)
	lookup := fmt.Sprintf(`{"IdentityPoolId":%q,"DeveloperUserIdentifier":"alice"}`, pool)
	for _, c := range []struct{ name, operation, who, body string }{
		{"LookupDeveloperIdentity", "LookupDeveloperIdentity", "root", lookup},
		{"by a user of eleven policies", "LookupDeveloperIdentity", "governed", lookup},
		{"GetOpenIdTokenForDeveloperIdentity", "GetOpenIdTokenForDeveloperIdentity", "root", fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":{"login.example":"alice"}}`, pool)},
		// Refused, as early as a signature can be.
		{"unsigned", "ListIdentityPools", "", poolsAsked},
	} {
		b.Run(c.name, func(b *testing.B) {
			body := []byte(c.body)
			header := http.Header{"Content-Type": {mediaType}, "X-Amz-Target": {"AWSCognitoIdentityService." + c.operation}}
			want := http.StatusOK
			if c.who == "" {
				want = http.StatusBadRequest
			} else {
				sigv4.Sign(&sigv4.Request{Method: "POST", Path: "/", Host: host, Header: header, Body: body},
					s.who[c.who], region, "cognito-identity", time.Now())
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := &http.Request{
						Method: "POST", RequestURI: "/", Host: host, Header: header, RemoteAddr: "127.0.0.1:1",
						ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
					}
					w := &sink{header: make(http.Header, 4)}
					s.handler.ServeHTTP(w, r)
					if w.status != want {
						b.Errorf("got %d, want %d", w.status, want)
						return
					}
				}
			})
		})
	}
}
