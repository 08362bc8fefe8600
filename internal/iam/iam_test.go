package iam_test

import (
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

const (
	acct  = "123456789012"
	other = "210987654321"
	pool  = "us-east-1:b73cb2d2-0d00-4e77-8e80-f99d9c13da3b"
)

// keys are the condition keys of a request. A string is one value.
type keys map[string]any

func (k keys) context(t testing.TB) func(string) []string {
	return func(key string) []string {
		if key != strings.ToLower(key) {
			t.Errorf("asked for the key %q, which is not in lower case", key)
		}
		for name, v := range k {
			if strings.ToLower(name) != key {
				continue
			}
			if one, ok := v.(string); ok {
				return []string{one}
			}
			return v.([]string)
		}
		return nil
	}
}

func parse(t testing.TB, kind iam.Kind, document string) *iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(document), kind)
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return p
}

// version2012 returns a policy of the current version with these statements.
func version2012(statements string) string {
	return `{"Version": "2012-10-17", "Statement": ` + statements + `}`
}

// permissions returns what an identity policy of the statements must do with a request.
func permissions(t *testing.T, statements string) (allow, deny func(action, resource string, k keys)) {
	t.Helper()
	p := parse(t, iam.IdentityPolicy, version2012(statements))
	want := func(want bool) func(string, string, keys) {
		return func(action, resource string, k keys) {
			t.Helper()
			r := &iam.Request{Action: action, Resource: resource, Context: k.context(t)}
			if got := iam.Evaluate(r, iam.Policies{Identity: []iam.Named{{Name: "P", Policy: p}}}); got.Allowed != want {
				t.Errorf("%s on %s with %v: got allowed %v, want %v: %v", action, resource, k, got.Allowed, want, got)
			}
		}
	}
	return want(true), want(false)
}

// trust returns what a trust policy of the statements must do with a principal.
func trust(t *testing.T, statements string) (allow, deny func(iam.Principal, keys)) {
	t.Helper()
	p := parse(t, iam.TrustPolicy, version2012(statements))
	want := func(want bool) func(iam.Principal, keys) {
		return func(who iam.Principal, k keys) {
			t.Helper()
			r := &iam.Request{Action: "sts:AssumeRoleWithWebIdentity", Principal: who, Context: k.context(t)}
			if got := iam.EvaluateTrust(r, p); got.Allowed != want {
				t.Errorf("%+v with %v: got allowed %v, want %v: %v", who, k, got.Allowed, want, got)
			}
		}
	}
	return want(true), want(false)
}
