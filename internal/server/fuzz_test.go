package server_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// Whatever body an operation is given, it answers with JSON, or nothing, and with no error that
// it does not declare: Strict panics at one. Nothing that a client sends is an internal error.
func FuzzServeHTTP(f *testing.F) {
	s := newSite(f, change{log: io.Discard, server: func(c *server.Config) {
		c.Authenticate = server.Operator{Account: account, Principal: identity.RootARN(account), Region: region}
	}})
	names := slices.Sorted(maps.Keys(matrix))
	bodies := strings.NewReplacer("%POOL", "us-east-1:0", "%IDENTITY", "us-east-1:0")
	for i, name := range names {
		f.Add(uint8(i), bodies.Replace(matrix[name].body))
	}
	f.Add(uint8(0), `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":"yes","CognitoIdentityProviders":[{},null],"IdentityPoolTags":{"a":null}}`)
	f.Add(uint8(11), `{"MaxResults":1e0,"NextToken":"AAAA"}`)
	f.Add(uint8(0), `[{"a":"\ud83d\ude00"}`)
	f.Fuzz(func(t *testing.T, operation uint8, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", mediaType)
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+names[int(operation)%len(names)])
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
