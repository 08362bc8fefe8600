package iam_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

func TestParse_Accepts(t *testing.T) {
	t.Parallel()
	const allow = `"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"`
	for _, test := range []struct {
		name string
		kind iam.Kind
		text string
	}{
		{"one statement without a list", iam.IdentityPolicy, `{"Statement": {` + allow + `}}`},
		{"version behind the statement", iam.IdentityPolicy, `{"Statement": [{` + allow + `}], "Version": "2012-10-17"}`},
		{"old version", iam.IdentityPolicy, `{"Version": "2008-10-17", "Statement": [{` + allow + `}]}`},
		{"id", iam.IdentityPolicy, `{"Id": "any text", "Statement": [{` + allow + `}]}`},
		{"session policy", iam.SessionPolicy, version2012(`{` + allow + `}`)},
		{"two Sids, two without", iam.IdentityPolicy, version2012(`[{"Sid": "A", ` + allow + `}, {"Sid": "a", ` + allow + `}, {"Sid": "", ` + allow + `}, {"Sid": "", ` + allow + `}]`)},
		{"every action, lists", iam.IdentityPolicy, version2012(`{"Effect": "Deny", "NotAction": ["*", "S3:*", "execute-api:Invoke?"], "NotResource": ["*", "arn:aws:s3:::b/*"]}`)},
		{"ARN that stops at a star", iam.IdentityPolicy, version2012(`{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:*", "arn:*:logs:*:*", "arn:aws:s3:::b"]}`)},
		{"variables", iam.IdentityPolicy, version2012(`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${*}${?}${$}/${aws:username}/${ aws:PrincipalTag/my team , 'x:y' }"}`)},
		{"no variables in the old version", iam.IdentityPolicy, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${"}}`},
		{"empty Condition", iam.IdentityPolicy, version2012(`{` + allow + `, "Condition": {}}`)},
		{"values that are no strings", iam.IdentityPolicy, version2012(`{` + allow + `, "Condition": {"NumericLessThan": {"a:b": [1, "2", -0.5e1]}, "Bool": {"a:b": true}, "StringEquals": {"a:b": 7}}}`)},
		{"every principal", iam.TrustPolicy, version2012(`{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}`)},
		{"all kinds of principals", iam.TrustPolicy, version2012(`{"Effect": "Deny", "NotPrincipal": {
			"AWS": ["*", "123456789012", "arn:aws:iam::123456789012:root", "arn:aws-cn:iam::123456789012:user/a/b", "arn:aws:iam::123456789012:role/r",
			        "arn:aws:sts::123456789012:assumed-role/r/s", "arn:aws:sts::123456789012:federated-user/u"],
			"Federated": ["*", "cognito-identity.amazonaws.com", "arn:aws:iam::123456789012:oidc-provider/example.com"],
			"Service": "ec2.amazonaws.com", "CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "Action": "*"}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := iam.Parse([]byte(test.text), test.kind); err != nil {
				t.Errorf("%v\n%s", err, test.text)
			}
		})
	}
}

func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	// with is a policy of one statement, made of these members.
	with := func(members ...string) string {
		return version2012(`[{` + strings.Join(members, ", ") + `}]`)
	}
	const (
		effect    = `"Effect": "Allow"`
		action    = `"Action": "s3:GetObject"`
		resource  = `"Resource": "*"`
		principal = `"Principal": "*"`
	)
	condition := func(c string) string { return with(effect, action, resource, `"Condition": `+c) }
	for _, test := range []struct {
		name          string
		kind          iam.Kind
		text          string
		path, message string
	}{
		{"empty", iam.IdentityPolicy, ``, "", "the document ends early"},
		{"cut off", iam.IdentityPolicy, `{"Statement": [`, "", "the document ends early"},
		{"not JSON", iam.IdentityPolicy, "{\n \"Statement\": [{a}]}", "/Statement/0", "this is not JSON (line 2, column 17)"},
		{"not UTF-8", iam.IdentityPolicy, "{\"Id\": \"\xff\"}", "/Id", "this is not Unicode (line 1, column 9)"},
		{"lone surrogate", iam.IdentityPolicy, `{"Id": "\ud800"}`, "/Id", "this is not Unicode (line 1, column 9)"},
		{"trailing text", iam.IdentityPolicy, version2012(`{`+effect+`}`) + ` {}`, "", "more follows the policy"},
		{"trailing bracket", iam.IdentityPolicy, version2012(`{`+effect+`}`) + ` ]`, "", "this is not JSON (line 1, column 61)"},
		{"a list", iam.IdentityPolicy, `[]`, "", "this must be an object"},
		{"no statement", iam.IdentityPolicy, `{"Version": "2012-10-17"}`, "", "a policy needs a Statement"},
		{"no statements", iam.IdentityPolicy, version2012(`[]`), "/Statement", "the list is empty"},
		{"statement of a wrong kind", iam.IdentityPolicy, version2012(`["s"]`), "/Statement/0", "this must be an object or a list of objects"},
		{"nested lists", iam.IdentityPolicy, version2012(`[[{}]]`), "/Statement/0", "this must be an object or a list of objects"},
		{"unknown version", iam.IdentityPolicy, `{"Version": "2012-10-18", "Statement": []}`, "/Version", "Version is 2012-10-17 or 2008-10-17"},
		{"version twice", iam.IdentityPolicy, `{"Version": "2012-10-17", "Version": "2012-10-17"}`, "/Version", "the name stands here twice"},
		{"name twice by an escape", iam.IdentityPolicy, with(effect, `"Effec\u0074": "Deny"`, action, resource), "/Statement/0/Effect", "the name stands here twice"},
		{"condition key twice", iam.IdentityPolicy, condition(`{"Bool": {"a:b": true, "a:b": false}}`), "/Statement/0/Condition/Bool/a:b", "the name stands here twice"},
		{"condition key twice in other letters", iam.IdentityPolicy, condition(`{"Bool": {"a:b": true, "A:b": false}}`), "/Statement/0/Condition/Bool/A:b", `the condition key "A:b" stands here twice, in other letters`},
		{"unknown element of a policy", iam.IdentityPolicy, `{"statement": []}`, "/statement", `"statement" is no element of a policy`},
		{"unknown element of a statement", iam.IdentityPolicy, with(effect, action, resource, `"Ressource": "*"`), "/Statement/0/Ressource", `"Ressource" is no element of a statement`},
		{"no Effect", iam.IdentityPolicy, with(action, resource), "/Statement/0", "a statement needs an Effect"},
		{"Effect in other letters", iam.IdentityPolicy, with(`"Effect": "allow"`, action, resource), "/Statement/0/Effect", "Effect is Allow or Deny"},
		{"Effect of a wrong kind", iam.IdentityPolicy, with(`"Effect": ["Allow"]`, action, resource), "/Statement/0/Effect", "this must be a string"},
		{"no Action", iam.IdentityPolicy, with(effect, resource), "/Statement/0", "a statement needs Action or NotAction, one of them"},
		{"Action and NotAction", iam.IdentityPolicy, with(effect, action, `"NotAction": "*"`, resource), "/Statement/0", "a statement needs Action or NotAction, one of them"},
		{"no Resource", iam.IdentityPolicy, with(effect, action), "/Statement/0", "a statement needs Resource or NotResource, one of them"},
		{"no Resource for a session", iam.SessionPolicy, with(effect, action), "/Statement/0", "a statement needs Resource or NotResource, one of them"},
		{"Resource and NotResource", iam.IdentityPolicy, with(effect, action, resource, `"NotResource": "*"`), "/Statement/0", "a statement needs Resource or NotResource, one of them"},
		{"Principal", iam.IdentityPolicy, with(effect, action, resource, principal), "/Statement/0/Principal", "only a trust policy has a Principal"},
		{"Sid not alphanumeric", iam.IdentityPolicy, with(`"Sid": "a-b"`), "/Statement/0/Sid", `the Sid "a-b" is not alphanumeric`},
		{"Sid not ASCII", iam.IdentityPolicy, with(`"Sid": "š"`), "/Statement/0/Sid", `the Sid "š" is not alphanumeric`},
		{"Sid twice", iam.IdentityPolicy, version2012(`[{"Sid": "A", ` + effect + `, ` + action + `, ` + resource + `}, {"Sid": "A"}]`), "/Statement/1/Sid", `another statement has the Sid "A"`},
		{"no action in the list", iam.IdentityPolicy, with(effect, `"Action": []`, resource), "/Statement/0/Action", "the list is empty"},
		{"action of a wrong kind", iam.IdentityPolicy, with(effect, `"Action": ["s3:*", 1]`, resource), "/Statement/0/Action/1", "this must be a string or a list of strings"},
		{"action without a service", iam.IdentityPolicy, with(effect, `"Action": ["s3:*", "GetObject"]`, resource), "/Statement/0/Action/1", `the action "GetObject" is neither SERVICE:NAME nor *`},
		{"service with a wildcard", iam.IdentityPolicy, with(effect, `"Action": "s*:Get"`, resource), "/Statement/0/Action", `the action "s*:Get" is neither SERVICE:NAME nor *`},
		{"action with two colons", iam.IdentityPolicy, with(effect, `"Action": "s3:Get:Object"`, resource), "/Statement/0/Action", `the action "s3:Get:Object" is neither SERVICE:NAME nor *`},
		{"resource that is no ARN", iam.IdentityPolicy, with(effect, action, `"Resource": "b/*"`), "/Statement/0/Resource", `the resource "b/*" is neither an ARN nor *`},
		{"ARN cut off", iam.IdentityPolicy, with(effect, action, `"Resource": "arn:aws:s3:us-east-1"`), "/Statement/0/Resource", `the resource "arn:aws:s3:us-east-1" is neither an ARN nor *`},
		{"ARN of any service", iam.IdentityPolicy, with(effect, action, `"Resource": "arn:aws:*:::b"`), "/Statement/0/Resource", `the service in the resource "arn:aws:*:::b" is not spelled out`},
		{"variable in the account", iam.IdentityPolicy, with(effect, action, `"Resource": "arn:aws:s3::${a:b}:b"`), "/Statement/0/Resource", `a variable stands before the fifth colon of the resource "arn:aws:s3::${a:b}:b"`},
		{"variable not closed", iam.IdentityPolicy, with(effect, action, `"Resource": "arn:aws:s3:::${a:b"`), "/Statement/0/Resource", `a variable is neither ${KEY} nor ${KEY, 'DEFAULT'}: "${a:b"`},
		{"variable without a key", iam.IdentityPolicy, with(effect, action, `"Resource": "arn:aws:s3:::${}"`), "/Statement/0/Resource", `a variable is neither ${KEY} nor ${KEY, 'DEFAULT'}: "${}"`},
		{"default without quotes", iam.IdentityPolicy, with(effect, action, `"Resource": "arn:aws:s3:::${a:b, x}"`), "/Statement/0/Resource", `a variable is neither ${KEY} nor ${KEY, 'DEFAULT'}: "${a:b, x}"`},
		{"default not closed", iam.IdentityPolicy, with(effect, action, `"Resource": "arn:aws:s3:::${a:b, 'x}"`), "/Statement/0/Resource", `a variable is neither ${KEY} nor ${KEY, 'DEFAULT'}: "${a:b, 'x}"`},
		{"unknown operator", iam.IdentityPolicy, condition(`{"StringMatches": {"a:b": "c"}}`), "/Statement/0/Condition/StringMatches", `"StringMatches" is no condition operator`},
		{"operator in other letters", iam.IdentityPolicy, condition(`{"stringEquals": {"a:b": "c"}}`), "/Statement/0/Condition/stringEquals", `"stringEquals" is no condition operator`},
		{"unknown prefix", iam.IdentityPolicy, condition(`{"ForSomeValues:StringEquals": {"a:b": "c"}}`), "/Statement/0/Condition/ForSomeValues:StringEquals", `"ForSomeValues:StringEquals" is no condition operator`},
		{"two prefixes", iam.IdentityPolicy, condition(`{"ForAnyValue:ForAnyValue:Bool": {"a:b": "c"}}`), "/Statement/0/Condition/ForAnyValue:ForAnyValue:Bool", `"ForAnyValue:ForAnyValue:Bool" is no condition operator`},
		{"NullIfExists", iam.IdentityPolicy, condition(`{"NullIfExists": {"a:b": true}}`), "/Statement/0/Condition/NullIfExists", `"NullIfExists" is no condition operator`},
		{"Null of a set", iam.IdentityPolicy, condition(`{"ForAllValues:Null": {"a:b": true}}`), "/Statement/0/Condition/ForAllValues:Null", `"ForAllValues:Null" is no condition operator`},
		{"condition of a wrong kind", iam.IdentityPolicy, condition(`[]`), "/Statement/0/Condition", "this must be an object"},
		{"operator without keys", iam.IdentityPolicy, condition(`{"Bool": {}}`), "/Statement/0/Condition/Bool", "the operator has no condition key"},
		{"key without a prefix", iam.IdentityPolicy, condition(`{"Bool": {"username": true}}`), "/Statement/0/Condition/Bool/username", `"username" is no condition key: it has the form PREFIX:NAME`},
		{"no values", iam.IdentityPolicy, condition(`{"Bool": {"a:b": []}}`), "/Statement/0/Condition/Bool/a:b", "the list is empty"},
		{"null value", iam.IdentityPolicy, condition(`{"Bool": {"a:b": null}}`), "/Statement/0/Condition/Bool/a:b", "this must be a string, a number, a boolean or a list of them"},
		{"nested value", iam.IdentityPolicy, condition(`{"Bool": {"a:b": ["true", ["true"]]}}`), "/Statement/0/Condition/Bool/a:b/1", "this must be a string, a number, a boolean or a list of them"},
		{"not a number", iam.IdentityPolicy, condition(`{"NumericEquals": {"a:b": "0x1"}}`), "/Statement/0/Condition/NumericEquals/a:b", `"0x1" is not a number`},
		{"infinite number", iam.IdentityPolicy, condition(`{"NumericEquals": {"a:b": 1e999}}`), "/Statement/0/Condition/NumericEquals/a:b", `"1e999" is not a number`},
		{"not a date", iam.IdentityPolicy, condition(`{"DateEquals": {"a:b": "2026-02-30"}}`), "/Statement/0/Condition/DateEquals/a:b", `"2026-02-30" is neither an ISO 8601 date nor seconds since 1970`},
		{"not a boolean", iam.IdentityPolicy, condition(`{"Bool": {"a:b": 1}}`), "/Statement/0/Condition/Bool/a:b", `"1" is neither true nor false`},
		{"not base64", iam.IdentityPolicy, condition(`{"BinaryEquals": {"a:b": "Q"}}`), "/Statement/0/Condition/BinaryEquals/a:b", `"Q" is not base64`},
		{"base64 with loose bits", iam.IdentityPolicy, condition(`{"BinaryEquals": {"a:b": "QR=="}}`), "/Statement/0/Condition/BinaryEquals/a:b", `"QR==" is not base64`},
		{"not an address", iam.IdentityPolicy, condition(`{"IpAddress": {"a:b": "10.0.0.0/33"}}`), "/Statement/0/Condition/IpAddress/a:b", `"10.0.0.0/33" is neither an IP address nor a range in CIDR form`},
		{"address with a zone", iam.IdentityPolicy, condition(`{"IpAddress": {"a:b": "fe80::1%eth0"}}`), "/Statement/0/Condition/IpAddress/a:b", `"fe80::1%eth0" is neither an IP address nor a range in CIDR form`},
		{"IPv4 as IPv6", iam.IdentityPolicy, condition(`{"IpAddress": {"a:b": "::ffff:10.0.0.1"}}`), "/Statement/0/Condition/IpAddress/a:b", `"::ffff:10.0.0.1" is to be written as IPv4`},
		{"not an ARN", iam.IdentityPolicy, condition(`{"ArnLike": {"a:b": "arn:aws:s3:::*", "a:c": "*"}}`), "/Statement/0/Condition/ArnLike/a:c", `"*" has not the six segments of an ARN`},
		{"variable in a number", iam.IdentityPolicy, condition(`{"NumericEquals": {"a:b": "${c:d}"}}`), "/Statement/0/Condition/NumericEquals/a:b", `"${c:d}" is not a number`},
		{"no Principal", iam.TrustPolicy, with(effect, action), "/Statement/0", "a statement needs Principal or NotPrincipal, one of them"},
		{"Principal and NotPrincipal", iam.TrustPolicy, with(`"Effect": "Deny"`, action, principal, `"NotPrincipal": "*"`), "/Statement/0", "a statement needs Principal or NotPrincipal, one of them"},
		{"Allow NotPrincipal", iam.TrustPolicy, with(effect, action, `"NotPrincipal": {"AWS": "123456789012"}`), "/Statement/0", "NotPrincipal needs the Effect Deny"},
		{"Resource in trust", iam.TrustPolicy, with(effect, action, principal, resource), "/Statement/0/Resource", "a trust policy has no Resource: it is about its role"},
		{"bare principal", iam.TrustPolicy, with(`"Principal": "123456789012"`), "/Statement/0/Principal", "a principal is * or an object"},
		{"unknown kind of principal", iam.TrustPolicy, with(`"Principal": {"Aws": "*"}`), "/Statement/0/Principal/Aws", `"Aws" is no kind of principal`},
		{"no principals", iam.TrustPolicy, with(`"Principal": {}`), "/Statement/0/Principal", "no principal is named"},
		{"principal with a wildcard", iam.TrustPolicy, with(`"Principal": {"AWS": ["arn:aws:iam::123456789012:role/*"]}`), "/Statement/0/Principal/AWS/0", `the principal "arn:aws:iam::123456789012:role/*" holds a wildcard`},
		{"any service", iam.TrustPolicy, with(`"Principal": {"Service": "*"}`), "/Statement/0/Principal/Service", `the principal "*" holds a wildcard`},
		{"short account", iam.TrustPolicy, with(`"Principal": {"AWS": "12345678901"}`), "/Statement/0/Principal/AWS", `the principal "12345678901" is neither an account nor an ARN`},
		{"group as a principal", iam.TrustPolicy, with(`"Principal": {"AWS": "arn:aws:iam::123456789012:group/g"}`), "/Statement/0/Principal/AWS", `the principal "arn:aws:iam::123456789012:group/g" is no ARN of a user, role or session`},
		{"empty principal", iam.TrustPolicy, with(`"Principal": {"Federated": ""}`), "/Statement/0/Principal/Federated", `the principal "" is empty`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := iam.Parse([]byte(test.text), test.kind)
			var got *iam.SyntaxError
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want a SyntaxError\n%s", err, test.text)
			}
			if got.Path != test.path || got.Message != test.message {
				t.Errorf("got  %q %q\nwant %q %q\n%s", got.Path, got.Message, test.path, test.message, test.text)
			}
		})
	}
}

func TestParse_LongMessage(t *testing.T) {
	t.Parallel()
	_, err := iam.Parse([]byte(version2012(`{"Sid": "`+strings.Repeat("é", 10000)+`"}`)), iam.IdentityPolicy)
	if got := err.Error(); len(got) > 600 || !strings.HasSuffix(got, "é…") {
		t.Errorf("got %d bytes: %.700s", len(got), got)
	}
}

func TestSyntaxError_Text(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  *iam.SyntaxError
		want string
	}{
		{&iam.SyntaxError{Message: "m"}, "policy document: m"},
		{&iam.SyntaxError{Path: "/a/0", Message: "m"}, "policy document: /a/0: m"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%+v: got %q, want %q", *test.err, got, test.want)
		}
	}
}
