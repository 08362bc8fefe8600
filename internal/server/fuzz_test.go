package server_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// Whatever body an operation is given, it answers with JSON, or nothing, and with no error that
// it does not declare: Strict panics at one. Nothing that a client sends is an internal error.
func FuzzServeHTTP(f *testing.F) {
	s := newSite(f, change{log: io.Discard, server: func(c *server.Config) {
		operator := server.Operator{Account: account, Region: region}
		operator.Region = region
		c.Authenticate, c.Authorize = operator, operator
	}})
	// Those of our own come last, so that inputs kept from before mean what they meant.
	var targets []string
	nobodys := s.things(f, "%POOL").nobodys()
	for _, service := range []*api.Service{api.CognitoIdentity, api.Identities} {
		for _, op := range service.Operations {
			f.Add(uint8(len(targets)), nobodys.in(matrix[op.Name].body))
			targets = append(targets, service.TargetPrefix+"."+op.Name)
		}
	}
	f.Add(uint8(0), `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":"yes","CognitoIdentityProviders":[{},null],"IdentityPoolTags":{"a":null}}`)
	f.Add(uint8(11), `{"MaxResults":1e0,"NextToken":"AAAA"}`)
	f.Add(uint8(0), `[{"a":"\ud83d\ude00"}`)
	f.Fuzz(func(t *testing.T, operation uint8, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", mediaType)
		r.Header.Set("X-Amz-Target", targets[int(operation)%len(targets)])
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		answer := w.Body.Bytes()
		if len(answer) > 0 && !json.Valid(answer) {
			t.Errorf("answer %q is no JSON", answer)
		}
		switch w.Code {
		case 200, 400, 413:
		default:
			t.Errorf("status %d: %s", w.Code, answer)
		}
	})
}

// The same of forms, whose answers are XML.
func FuzzServeHTTP_Query(f *testing.F) {
	s := newSite(f, change{log: io.Discard, server: func(c *server.Config) {
		operator := server.Operator{Account: account, Region: region}
		operator.Region = region
		c.Authenticate, c.Authorize = operator, operator
	}})
	th := s.things(f, "%USER %user %ROLE %role %policy %OIDC %SAML")
	for _, service := range []*api.Service{api.IAM, api.STS} {
		for _, op := range service.Operations {
			f.Add("Action=" + op.Name + "&Version=" + service.Version + "&" + th.nobodys().in(matrix[op.Name].body))
		}
	}
	f.Add("Action=ListUsers&Version=2010-05-08&MaxItems=1&Marker=AAAA")
	f.Add("Action=TagUser&Version=2010-05-08&Tags.member.2.Key=a&Tags.member.1.Value=%ff")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", mediaForm)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		answer := w.Body.Bytes()
		for d := xml.NewDecoder(bytes.NewReader(answer)); ; {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("answer %q is no XML: %v", answer, err)
			}
		}
		if w.Code >= 500 {
			t.Errorf("status %d: %s", w.Code, answer)
		}
	})
}
