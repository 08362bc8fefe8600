package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// TestCondition_Operators tries each operator in each of its forms. A condition on
// the key k:k has the operands; yes is a value that the operator holds for, no one
// that it does not, and odd one that is not of the operator's type.
func TestCondition_Operators(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		operator     string
		operands     string
		yes, no, odd string
		negated      bool
	}{
		{"StringEquals", `["a", "B*"]`, "B*", "b*", "", false},
		{"StringNotEquals", `["a", "B*"]`, "Bx", "a", "", true},
		{"StringEqualsIgnoreCase", `["a", "B*"]`, "b*", "bx", "", false},
		{"StringNotEqualsIgnoreCase", `["a", "B*"]`, "Bx", "A", "", true},
		{"StringLike", `["a", "B*c?"]`, "Bxxcy", "Bxxc", "", false},
		{"StringNotLike", `["a", "B*c?"]`, "bxxcy", "Bcy", "", true},
		{"NumericEquals", `[1, "2.50"]`, "2.5", "3", "x", false},
		{"NumericNotEquals", `[1, "2.50"]`, "3", "1.0", "x", true},
		{"NumericLessThan", `10`, "9.9", "10", "x", false},
		{"NumericLessThanEquals", `"10"`, "10", "10.1", "0x1", false},
		{"NumericGreaterThan", `-1`, "-0.9", "-1", "inf", false},
		{"NumericGreaterThanEquals", `[-1, 5]`, "-1", "-1.1", "nan", false},
		{"DateEquals", `["2026", "2026-02-03T04:05Z"]`, "2026-02-03T05:05:00+01:00", "2026-02-03", "x", false},
		{"DateNotEquals", `"2026-02"`, "2026-02-02", "2026-02-01T00:00:00Z", "x", true},
		{"DateLessThan", `"2026-02-03T04:05:06Z"`, "2026-02-03T04:05:05.999Z", "2026-02-03T04:05:06Z", "2026-2-3", false},
		{"DateLessThanEquals", `1770091506`, "2026-02-03T04:05:06Z", "1770091507", "1770091506.5", false},
		{"DateGreaterThan", `"1770091506"`, "1770091507", "2026-02-03T04:05:06Z", "2026-02-03 04:05:07", false},
		{"DateGreaterThanEquals", `"2026-02-03"`, "2026-02-03", "2026-02-02T23:59:59Z", "x", false},
		{"Bool", `true`, "true", "false", "1", false},
		{"BinaryEquals", `"/wD+"`, "\xff\x00\xfe", "/wD+", "", false},
		{"IpAddress", `["203.0.113.7/24", "2001:db8::/32", "10.0.0.1"]`, "203.0.113.200", "10.0.0.2", "203.0.113", false},
		{"NotIpAddress", `["203.0.113.0/24", "2001:db8::/32"]`, "203.0.114.1", "2001:db8:1::1", "x", true},
		{"ArnEquals", `"arn:aws:iam::*:role/a*"`, "arn:aws:iam::123456789012:role/abc", "arn:aws:iam::1:user:role/abc", "role/abc", false},
		{"ArnLike", `["arn:*:sqs:*:*:q?", "arn:aws:sns:::x*"]`, "arn:aws:sqs:eu-north-1:123456789012:q1", "arn:aws:sqs:a:b:c:q1", "*", false},
		{"ArnNotEquals", `"arn:aws:iam::*:role/a*"`, "arn:aws:iam::1:user:role/abc", "arn:aws:iam::1:role/a:b", "", true},
		{"ArnNotLike", `"arn:aws:iam::*:role/*"`, "arn:aws:sts::1:role/x", "arn:aws:iam::1:role/x", "", true},
	} {
		t.Run(test.operator, func(t *testing.T) {
			t.Parallel()
			policy := func(operator string) (allow, deny func(string, string, keys)) {
				return permissions(t, fmt.Sprintf(`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {%q: {"K:k": %s}}}`, operator, test.operands))
			}
			// either is allow where the operator is negated, else deny.
			either := func(allow, deny func(string, string, keys)) func(string, string, keys) {
				if test.negated {
					return allow
				}
				return deny
			}
			none, empty := keys{}, keys{"k:K": []string{}}
			yes, no, odd := keys{"k:k": test.yes}, keys{"k:k": test.no}, keys{"k:k": test.odd}
			both := keys{"k:k": []string{test.yes, test.no}}
			allYes, allNo := keys{"k:k": []string{test.yes, test.yes}}, keys{"k:k": []string{test.no, test.no}}
			null := keys{"k:k": ""}

			allow, deny := policy(test.operator)
			allow("a:b", "*", yes)
			deny("a:b", "*", no)
			either(allow, deny)("a:b", "*", odd)
			either(allow, deny)("a:b", "*", none)
			either(allow, deny)("a:b", "*", empty)
			either(allow, deny)("a:b", "*", both)
			either(allow, deny)("a:b", "*", allYes)

			allow, deny = policy(test.operator + "IfExists")
			allow("a:b", "*", yes)
			deny("a:b", "*", no)
			allow("a:b", "*", none)
			allow("a:b", "*", empty)
			either(allow, deny)("a:b", "*", both)

			allow, deny = policy("ForAllValues:" + test.operator)
			allow("a:b", "*", yes)
			deny("a:b", "*", no)
			allow("a:b", "*", none)
			allow("a:b", "*", empty)
			allow("a:b", "*", null)
			deny("a:b", "*", both)
			allow("a:b", "*", allYes)
			deny("a:b", "*", allNo)

			allow, deny = policy("ForAnyValue:" + test.operator)
			allow("a:b", "*", yes)
			deny("a:b", "*", no)
			deny("a:b", "*", none)
			deny("a:b", "*", empty)
			deny("a:b", "*", null)
			allow("a:b", "*", both)
			allow("a:b", "*", allYes)
			deny("a:b", "*", allNo)

			allow, deny = policy("ForAllValues:" + test.operator + "IfExists")
			allow("a:b", "*", none)
			allow("a:b", "*", yes)
			deny("a:b", "*", both)
			allow, deny = policy("ForAnyValue:" + test.operator + "IfExists")
			allow("a:b", "*", none)
			allow("a:b", "*", both)
			deny("a:b", "*", allNo)
		})
	}
}

func TestCondition_Null(t *testing.T) {
	t.Parallel()
	statement := func(operand string) string {
		return `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"Null": {"k:k": ` + operand + `}}}`
	}
	some := []keys{{"k:k": "x"}, {"k:k": []string{"x", "y"}}, {"k:k": []string{"", "x"}}}
	none := []keys{{}, {"k:k": []string{}}, {"k:k": ""}}

	for _, operand := range []string{`true`, `"true"`, `"True"`} {
		allow, deny := permissions(t, statement(operand))
		for i := range some {
			deny("a:b", "*", some[i])
			allow("a:b", "*", none[i])
		}
	}
	for _, operand := range []string{`false`, `["false"]`} {
		allow, deny := permissions(t, statement(operand))
		for i := range some {
			allow("a:b", "*", some[i])
			deny("a:b", "*", none[i])
		}
	}
}

// TestCondition_Logic: operators and keys are joined by AND, operands by OR, those
// of a negated operator by NOR.
func TestCondition_Logic(t *testing.T) {
	t.Parallel()
	allow, deny := permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
		"StringEquals": {"a:x": ["1", "2"], "a:y": "3"},
		"StringNotEquals": {"a:z": ["4", "5"]}}}`)
	allow("a:b", "*", keys{"a:x": "1", "a:y": "3"})
	allow("a:b", "*", keys{"a:x": "2", "a:y": "3", "a:z": "6"})
	deny("a:b", "*", keys{"a:x": "2", "a:y": "3", "a:z": "5"})
	deny("a:b", "*", keys{"a:x": "2", "a:y": "4"})
	deny("a:b", "*", keys{"a:y": "3"})
	deny("a:b", "*", keys{})
}

func TestCondition_Values(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		condition string
		value     string
		want      bool
	}{
		{`{"StringEquals": {"k:k": ""}}`, "", true},
		{`{"StringLike": {"k:k": "*"}}`, "", true},
		{`{"StringLike": {"k:k": "?"}}`, "", false},
		{`{"StringLike": {"k:k": "?"}}`, "é", true},
		{`{"StringLike": {"k:k": "*??x"}}`, "éx", false},
		{`{"StringLike": {"k:k": "*??x*"}}`, "€xy", false},
		{`{"StringLike": {"k:k": "*??x"}}`, "éex", true},
		{`{"StringLike": {"k:k": "a\\*"}}`, `a\b`, true},
		{`{"StringLike": {"k:k": "a***b**"}}`, "axxbx", true},
		{`{"StringLike": {"k:k": "*ab*ab"}}`, "abxab", true},
		{`{"StringLike": {"k:k": "*ab*ab"}}`, "xabab", true},
		{`{"StringLike": {"k:k": "*ab*ab"}}`, "xaba", false},
		{`{"StringEquals": {"k:k": 5}}`, "5", true},
		{`{"StringEquals": {"k:k": true}}`, "true", true},
		{`{"NumericEquals": {"k:k": 10}}`, "1e1", true},
		{`{"NumericEquals": {"k:k": 10}}`, "1_0", false},
		{`{"NumericEquals": {"k:k": 10}}`, " 10", false},
		{`{"DateEquals": {"k:k": "2026"}}`, "1767225600", true},
		{`{"DateEquals": {"k:k": "2026"}}`, "2026-01-01T00:00+00:00", true},
		{`{"DateEquals": {"k:k": "2026"}}`, "2026-01-01T00:00", false},
		{`{"DateEquals": {"k:k": "2026"}}`, "99999999999999999999", false},
		{`{"Bool": {"k:k": "FALSE"}}`, "False", true},
		{`{"IpAddress": {"k:k": "10.0.0.0/8"}}`, "::ffff:10.1.2.3", true},
		{`{"IpAddress": {"k:k": "::/0"}}`, "10.1.2.3", false},
		{`{"IpAddress": {"k:k": "0.0.0.0/0"}}`, "::1", false},
		{`{"IpAddress": {"k:k": "fe80::/10"}}`, "fe80::1%eth0", false},
		{`{"IpAddress": {"k:k": "10.0.0.0/8"}}`, "010.0.0.1", false},
		{`{"ArnLike": {"k:k": "arn:aws:sns:*:topic:x"}}`, "arn:aws:sns:us-east-1:123456789012:topic", false},
	} {
		policy := parse(t, iam.IdentityPolicy, version2012(`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": `+test.condition+`}`))
		r := &iam.Request{Action: "a:b", Resource: "*", Context: keys{"k:k": test.value}.context(t)}
		if got := iam.Evaluate(r, iam.Policies{Identity: []iam.Named{{Policy: policy}}}); got.Allowed != test.want {
			t.Errorf("%s of %q: got %v, want %v", test.condition, test.value, got.Allowed, test.want)
		}
	}
}

// TestCondition_HostilePattern ends only if matching does not try every way in which
// the runs could share the text.
func TestCondition_HostilePattern(t *testing.T) {
	t.Parallel()
	allow, deny := permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::`+strings.Repeat("a*", 500)+`b"}`)
	deny("s3:Get", "arn:aws:s3:::"+strings.Repeat("a", 4000), nil)
	allow("s3:Get", "arn:aws:s3:::"+strings.Repeat("a", 4000)+"b", nil)
}
