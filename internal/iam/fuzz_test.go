package iam_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// FuzzParse: no document panics, what is refused is so by a SyntaxError, and what is
// taken is JSON and can be evaluated.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[`, `{"Statement": [[[[[[[[`, strings.Repeat(`{"Statement":`, 20000),
		version2012(`{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::${a:b, 'c'}*${*}", "*"]}`),
		version2012(`{"Effect": "Deny", "NotPrincipal": {"AWS": ["123456789012", "*"], "Federated": "x"}, "NotAction": "s3:Get*"}`),
		version2012(`{"Sid": "A", "Effect": "Allow", "NotAction": "s3:*", "NotResource": "*", "Condition": {
			"ForAllValues:StringLikeIfExists": {"a:b": ["c*", 1, true]}, "DateLessThan": {"a:b": "2026-01-02T03:04Z"}, "NumericEquals": {"a:b": -1e3},
			"IpAddress": {"a:b": "::/0"}, "ArnLike": {"a:b": "arn:a:b:c:d:${e:f}"}, "BinaryEquals": {"a:b": "/w=="}, "Null": {"a:b": false}, "Bool": {"a:b": "true"}}}`),
		`{"Version": "2008-10-17", "Id": "x", "Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "arn:aws:s3:::${"}}`,
	} {
		f.Add([]byte(seed), 1)
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, text []byte, kind int) {
		policy, err := iam.Parse(text, iam.Kind(kind))
		if err != nil {
			var syntax *iam.SyntaxError
			if !errors.As(err, &syntax) || syntax.Message == "" {
				t.Fatalf("got %#v, want a SyntaxError", err)
			}
			return
		}
		if !json.Valid(text) {
			t.Fatalf("taken, but no JSON: %q", text)
		}
		r := &iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: func(string) []string { return []string{"x"} }}
		one := []iam.Named{{Policy: policy}}
		for _, d := range []iam.Decision{iam.Evaluate(r, iam.Policies{Identity: one, Session: one}), iam.EvaluateTrust(r, policy)} {
			if d.Allowed && d.Denied || d.Allowed != (d.Because() == "") || d.String() == "" {
				t.Fatalf("got %+v", d)
			}
		}
	})
}

// FuzzEvaluate: a pattern means what the regular expression means that is made from
// it, and a variable's value nothing but itself.
func FuzzEvaluate(f *testing.F) {
	f.Add("a*b?c", "axxbyc", "v")
	f.Add(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 400), "*")
	f.Add(strings.Repeat("?*", 200), strings.Repeat("é", 300), "é")
	f.Add("${x:y}*", "*", "${x:y}")
	f.Fuzz(func(t *testing.T, pattern, text, value string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) || !utf8.ValidString(value) || len(pattern)+len(text)+len(value) > 1000 {
			return
		}
		holds := func(version, pattern string) bool {
			operand, err := json.Marshal(pattern)
			if err != nil {
				t.Fatal(err)
			}
			document := `{"Version": "` + version + `", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"k:k": ` + string(operand) + `}}}}`
			r := &iam.Request{Action: "a:b", Resource: "*", Context: keys{"k:k": text, "v:v": value}.context(t)}
			return iam.Evaluate(r, iam.Policies{Identity: []iam.Named{{Policy: parse(t, iam.IdentityPolicy, document)}}}).Allowed
		}
		quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`(?s)^` + quoted + `$`).MatchString(text)
		if got := holds("2008-10-17", pattern); got != want {
			t.Errorf("%q of %q: got %v, want %v", pattern, text, got, want)
		}
		if strings.Contains(pattern, "$") {
			return
		}
		want = value != "" && regexp.MustCompile(`(?s)^`+quoted+regexp.QuoteMeta(value)+`$`).MatchString(text)
		if got := holds("2012-10-17", pattern+"${v:v}"); got != want {
			t.Errorf("%q and the value %q of %q: got %v, want %v", pattern, value, text, got, want)
		}
	})
}
