package main

import (
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
)

func TestVerified_Logins(t *testing.T) {
	t.Parallel()
	const pool, github, saml = "eu-west-1:9faf", "token.actions.githubusercontent.com", "arn:aws:iam::111122223333:saml-provider/corp"
	for _, tc := range []struct {
		name      string
		amr, want []string
	}{
		{"guest", []string{"unauthenticated"}, []string{"none: a guest"}},
		{"developer user", []string{"authenticated", "login.app", "login.app:eu-west-1:9faf:ann"}, []string{`login.app, user "ann"`}},
		{"developer user with colons", []string{"authenticated", "login.app", "login.app:eu-west-1:9faf:a:b:c"}, []string{`login.app, user "a:b:c"`}},
		{
			"two", []string{"authenticated", "login.app", "login.app:eu-west-1:9faf:ann", "accounts.google.com", "accounts.google.com:OIDC:1"},
			[]string{`login.app, user "ann"`, `accounts.google.com, user "1"`},
		},
		{"SAML", []string{"authenticated", saml, saml + ":SAML:urn:x:ann"}, []string{saml + `, user "urn:x:ann"`}},
		{
			"by the ARN of its provider", []string{"authenticated", github, "arn:aws:iam::111122223333:oidc-provider/" + github + ":OIDC:repo:x/y:ref:main"},
			[]string{github + `, user "repo:x/y:ref:main"`},
		},
		{"without users", []string{"authenticated", "login.app"}, []string{"login.app"}},
		{"none", nil, nil},
	} {
		v := verified{idToken: &oidc.IDToken{Audience: []string{pool}}}
		v.claims.AMR = tc.amr
		if diff := cmp.Diff(tc.want, v.logins()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}
