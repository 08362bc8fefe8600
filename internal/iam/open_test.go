package iam_test

import (
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// Attack 25: trust policies that let in identities of any pool.
func TestOpen(t *testing.T) {
	t.Parallel()
	const provider = "arn:aws:iam::" + acct + ":oidc-provider/issuer.example"
	names := []string{"cognito-identity.amazonaws.com", provider}
	statement := func(principal, action, condition string) string {
		return `{"Effect": "Allow", "Principal": ` + principal + `, "Action": "` + action + `", "Condition": {` + condition + `}}`
	}
	const (
		identities = `{"Federated": "cognito-identity.amazonaws.com"}`
		web        = "sts:AssumeRoleWithWebIdentity"
		amrOnly    = `"ForAnyValue:StringLike": {"` + amr + `": "authenticated"}`
		audience   = `"StringEquals": {"` + aud + `": "` + pool + `"}`
	)
	for _, tc := range []struct {
		name, statements string
		want             bool
	}{
		{"documented", statement(identities, web, audience+", "+amrOnly), false},
		{"no audience", statement(identities, web, amrOnly), true},
		{"no condition", `{"Effect": "Allow", "Principal": ` + identities + `, "Action": "` + web + `"}`, true},
		{"several pools", statement(identities, web, `"StringEquals": {"`+aud+`": ["`+pool+`", "`+otherPool+`"]}`), false},
		{"key in other letters", statement(identities, web, `"StringEquals": {"Cognito-Identity.amazonaws.com:AUD": "`+pool+`"}`), false},
		{"StringLike, spelled out", statement(identities, web, `"StringLike": {"`+aud+`": "`+pool+`"}`), false},
		{"StringLike *", statement(identities, web, `"StringLike": {"`+aud+`": "*"}`), true},
		{"one of several is *", statement(identities, web, `"StringLike": {"`+aud+`": ["`+pool+`", "us-east-1:*"]}`), true},
		{"StringEquals *", statement(identities, web, `"StringEquals": {"`+aud+`": "*"}`), false},
		{"its own value", statement(identities, web, `"StringEquals": {"`+aud+`": "${`+aud+`}"}`), true},
		{"negated", statement(identities, web, `"StringNotEquals": {"`+aud+`": "`+pool+`"}`), true},
		{"IfExists", statement(identities, web, `"StringEqualsIfExists": {"`+aud+`": "`+pool+`"}`), true},
		{"ForAllValues", statement(identities, web, `"ForAllValues:StringEquals": {"`+aud+`": "`+pool+`"}`), true},
		{"ForAnyValue", statement(identities, web, `"ForAnyValue:StringEquals": {"`+aud+`": "`+pool+`"}`), false},
		{"Null", statement(identities, web, `"Null": {"`+aud+`": "false"}`), true},
		{"another key", statement(identities, web, `"StringEquals": {"`+sub+`": "`+identity+`"}`), true},
		{"any STS action", statement(identities, "sts:*", amrOnly), true},
		{"another action", statement(identities, "sts:TagSession", amrOnly), false},
		{"everyone", statement(`"*"`, web, amrOnly), true},
		{"any provider", statement(`{"Federated": "*"}`, web, amrOnly), true},
		{"another provider", statement(`{"Federated": "accounts.google.com"}`, web, amrOnly), false},
		{"users", statement(`{"AWS": "`+acct+`"}`, "sts:*", amrOnly), false},
		{"by ARN", statement(`{"Federated": "`+provider+`"}`, web, amrOnly), true},
		{"by ARN, its audience", statement(`{"Federated": "`+provider+`"}`, web, `"StringEquals": {"issuer.example:aud": "`+pool+`"}`), false},
		{"second statement", "[" + statement(identities, web, audience) + ", " + statement(identities, web, amrOnly) + "]", true},
		{"denied elsewhere", "[" + statement(identities, web, amrOnly) + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"StringNotEquals": {"` + aud + `": "` + pool + `"}}}]`, true},
		{"Deny alone", `{"Effect": "Deny", "Principal": ` + identities + `, "Action": "` + web + `"}`, false},
	} {
		got := iam.Open(parse(t, iam.TrustPolicy, version2012(tc.statements)), names, aud, "issuer.example:aud")
		if got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}
