package wire

import (
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func TestAppendErrorXML(t *testing.T) {
	t.Parallel()
	const sts = "https://sts.amazonaws.com/doc/2011-06-15/"
	for _, tc := range []struct {
		namespace string
		err       *api.Error
		want      string
	}{
		{FaultNamespace, &api.Error{Code: api.InvalidAction, Message: "Could not find operation NoSuchAction for version 2011-06-15"},
			`<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09">
  <Error>
    <Type>Sender</Type>
    <Code>InvalidAction</Code>
    <Message>Could not find operation NoSuchAction for version 2011-06-15</Message>
  </Error>
  <RequestId>id</RequestId>
</ErrorResponse>
`},
		{sts, notNumber.With(),
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>MalformedInput</Code>
  </Error>
  <RequestId>id</RequestId>
</ErrorResponse>
`},
		{sts, &api.Error{Code: api.ValidationError, Message: "Value '<a>&\x01' at 'x'"},
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>ValidationError</Code>
    <Message>Value '&lt;a&gt;&amp;` + "\uFFFD" + `' at 'x'</Message>
  </Error>
  <RequestId>id</RequestId>
</ErrorResponse>
`},
		{sts, api.Internal.With(),
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Receiver</Type>
    <Code>InternalErrorException</Code>
    <Message>Internal error.</Message>
  </Error>
  <RequestId>id</RequestId>
</ErrorResponse>
`},
	} {
		got := string(AppendErrorXML([]byte("x"), tc.namespace, "id", tc.err))
		if got != "x"+tc.want {
			t.Errorf("AppendErrorXML(%v)\n got %s\nwant x%s", tc.err, got, tc.want)
		}
		back := ParseErrorXML([]byte(got[1:]))
		if want := (api.Error{Code: tc.err.Code, Message: xmlable(tc.err.Message)}); back == nil || *back != want {
			t.Errorf("ParseErrorXML(%s) = %v, want %v", got[1:], back, &want)
		}
	}
}

func TestParseErrorXML(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		body string
		want *api.Error
	}{
		{`<ErrorResponse><Error><Code>AccessDenied</Code><Message>m &amp; n</Message></Error></ErrorResponse>`, &api.Error{Code: api.AccessDenied, Message: "m & n"}},
		{`<?xml version="1.0"?><ErrorResponse xmlns="u"><RequestId>id</RequestId><Error><Type>Sender</Type><Message/><Code>Throttling</Code><Detail/></Error></ErrorResponse>`, &api.Error{Code: api.Throttling}},
		{`<ErrorResponse><Error><Message>m</Message></Error></ErrorResponse>`, nil},
		{`<ErrorResponse><Code>AccessDenied</Code></ErrorResponse>`, nil},
		{`<Error><Code>AccessDenied</Code></Error>`, nil},
		{`<ErrorResponse><Error><Code>AccessDenied</Code></ErrorResponse>`, nil},
		{`{"__type":"AccessDenied"}`, nil},
		{`<html>`, nil},
		{``, nil},
	} {
		got := ParseErrorXML([]byte(tc.body))
		if (got == nil) != (tc.want == nil) || got != nil && *got != *tc.want {
			t.Errorf("ParseErrorXML(%s) = %v, want %v", tc.body, got, tc.want)
		}
	}
}
