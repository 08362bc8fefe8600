package identity

import (
	"testing"
	"time"
)

// Attack 32: what was issued before is refused once the identity is no longer that.
func TestIdentity_Takes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		i      Identity
		issued time.Time
		want   bool
	}{
		{"fresh", Identity{}, at, true},
		{"disabled", Identity{Disabled: true}, at, false},
		{"revoked since", Identity{RevokedBefore: at.Add(time.Millisecond)}, at, false},
		{"revoked before", Identity{RevokedBefore: at}, at, true},
	} {
		if err := tc.i.Takes(tc.issued); (err == nil) != tc.want {
			t.Errorf("%s: got %v, want taken: %v", tc.name, err, tc.want)
		}
	}
}

func TestIdentity_Vouches(t *testing.T) {
	t.Parallel()
	const pool, arn = "eu-central-1:p", "arn:aws:iam::111122223333:oidc-provider/issuer.example/x"
	developer := []string{"authenticated", "login.app", "login.app:eu-central-1:p:ann"}
	for _, tc := range []struct {
		name   string
		logins []Login
		amr    []string
		want   bool
	}{
		{"developer user", []Login{{"login.app", "ann"}}, developer, true},
		{"one of several", []Login{{"login.app", "ben"}, {"login.app", "ann"}}, developer, true},
		{"another user", []Login{{"login.app", "ben"}}, developer, false},
		{"end of the user", []Login{{"login.app", "nn"}}, developer, false},
		{"user with a colon", []Login{{"login.app", "a:b"}}, []string{"authenticated", "login.app", "login.app:eu-central-1:p:a:b"}, true},
		{"what is behind a user's colon", []Login{{"login.app", "b"}}, []string{"authenticated", "login.app", "login.app:eu-central-1:p:a:b"}, false},
		{"another provider", []Login{{"login.other", "ann"}}, developer, false},
		{"no login left", nil, developer, false},
		{"public", []Login{{"accounts.google.com", "1"}}, []string{"authenticated", "accounts.google.com", "accounts.google.com:OIDC:1"}, true},
		{"public, another user", []Login{{"accounts.google.com", "2"}}, []string{"authenticated", "accounts.google.com", "accounts.google.com:OIDC:1"}, false},
		{"IAM provider", []Login{{"issuer.example/x", "ann"}}, []string{"authenticated", "issuer.example/x", arn + ":OIDC:ann"}, true},
		{"IAM provider by its ARN", []Login{{arn, "ann"}}, []string{"authenticated", arn, arn + ":OIDC:ann"}, true},
		{"end of a provider", []Login{{"x", "ann"}}, []string{"authenticated", "y", arn + "y:OIDC:ann"}, false},
		{"end of a path", []Login{{"x", "ann"}}, []string{"authenticated", "issuer.example/x", arn + ":OIDC:ann"}, false},
		{"user who is written as a public one", []Login{{"accounts.google.com", "1"}}, []string{"authenticated", "login.app", "login.app:eu-central-1:p:x/accounts.google.com:OIDC:1"}, false},
		{"two, one unlinked", []Login{{"accounts.google.com", "1"}}, append(developer, "accounts.google.com", "accounts.google.com:OIDC:1"), true},
		{"guest", nil, []string{"unauthenticated"}, true},
		{"guest no more", []Login{{"login.app", "ann"}}, []string{"unauthenticated"}, false},
		{"no amr", []Login{{"login.app", "ann"}}, nil, false},
	} {
		i := Identity{PoolID: pool, Logins: tc.logins, Authenticated: len(tc.logins) > 0}
		if err := i.Vouches(tc.amr); (err == nil) != tc.want {
			t.Errorf("%s: got %v, want vouched for: %v", tc.name, err, tc.want)
		}
	}
}
