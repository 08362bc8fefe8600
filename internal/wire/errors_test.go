package wire

import (
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func TestAppendErrorJSON(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err  *api.Error
		want string
	}{
		{api.IdentityForbidden.With("us-east-1:x"), `{"__type":"NotAuthorizedException","message":"Access to Identity 'us-east-1:x' is forbidden."}`},
		{api.Internal.With(), `{"__type":"InternalErrorException","message":"Internal error."}`},
		{api.MissingAuthentication.With(), `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`},
		{api.UnrecognizedKey.With(), `{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`},
		{&api.Error{Code: api.InvalidSignatureException, Message: "m"}, `{"__type":"InvalidSignatureException","message":"m"}`},
		{&api.Error{Code: api.IncompleteSignatureException, Message: "m"}, `{"__type":"IncompleteSignatureException","message":"m"}`},
		{&api.Error{Code: api.ValidationException, Message: "1 'a\"\n\x01é<b>'"}, `{"__type":"ValidationException","message":"1 'a\"\n\u0001é<b>'"}`},
		{api.NotAllowed.With("u", "a", "r"), `{"__type":"AccessDeniedException","Message":"User: u is not authorized to perform: a on resource: r"}`},
		{mapExpected.With(), `{"__type":"SerializationException","Message":"Expected map or null"}`},
		{api.NotJSON.With(), `{"__type":"SerializationException"}`},
		{api.UnknownOperation.With(), `{"__type":"UnknownOperationException"}`},
	} {
		got := AppendErrorJSON([]byte("x"), tc.err)
		if string(got) != "x"+tc.want {
			t.Errorf("AppendErrorJSON(%v)\n got %s\nwant x%s", tc.err, got, tc.want)
		}
		if back := ParseErrorJSON(got[1:]); back == nil || *back != *tc.err {
			t.Errorf("ParseErrorJSON(%s) = %v, want %v", got[1:], back, tc.err)
		}
	}
}

func TestParseErrorJSON(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		body string
		want *api.Error
	}{
		{`{"__type":"com.amazonaws.cognito.identity.model#NotAuthorizedException","message":"m"}`, &api.Error{Code: api.NotAuthorizedException, Message: "m"}},
		{`{"__type":"NotAuthorizedException:http://internal.example.com/coral/a#b","Message":"m"}`, &api.Error{Code: api.NotAuthorizedException, Message: "m"}},
		{`{"__type":"a#FooException:http://internal.example.com/"}`, &api.Error{Code: "FooException"}},
		{`{"__type":"FooException","message":null,"Message":"m","other":[]}`, &api.Error{Code: "FooException", Message: "m"}},
		{`{"__type":"FooException","message":{}}`, &api.Error{Code: "FooException"}},
		{`{"message":"m"}`, nil},
		{`{"__type":1}`, nil},
		{`{"__type":"a#"}`, nil},
		{`<html>`, nil},
		{``, nil},
	} {
		got := ParseErrorJSON([]byte(tc.body))
		if (got == nil) != (tc.want == nil) || got != nil && *got != *tc.want {
			t.Errorf("ParseErrorJSON(%s) = %v, want %v", tc.body, got, tc.want)
		}
	}
}
