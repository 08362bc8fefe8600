package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func TestToken_Claims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	w.clock.goOn(90*time.Minute + 250*time.Millisecond)
	iat := float64(start.Add(90 * time.Minute).Unix())

	for _, tc := range []struct {
		name     string
		id, user string
		duration int64
		tags     map[string]string
		life     float64
		wantTags any
	}{
		{name: "duration left out", user: "ann", life: 900},
		{name: "identity named", id: ann, user: "ann", life: 900},
		{name: "one second", user: "ann", duration: 1, life: 1},
		{name: "one day", user: "ann", duration: 86400, life: 86400},
		{name: "new user", user: "ben <b&n>\n\"é\"", life: 900},
		{name: "guest", id: w.guest(), user: "cat", life: 900},
		{name: "no tags", user: "ann", tags: map[string]string{}, life: 900},
		{
			name: "tags", user: "ann", tags: map[string]string{"team": "a", "cost center": "é 1"}, life: 900,
			wantTags: map[string]any{"principal_tags": map[string]any{"team": []any{"a"}, "cost center": []any{"é 1"}}},
		},
	} {
		out, err := w.GetOpenIdTokenForDeveloperIdentity(t.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: w.pool, IdentityId: tc.id, Logins: logins(provider, tc.user),
			TokenDuration: tc.duration, PrincipalTags: tc.tags,
		})
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		want := map[string]any{
			"sub": out.IdentityId,
			"aud": w.pool,
			"amr": []any{"authenticated", provider, provider + ":" + w.pool + ":" + tc.user},
			"iss": issuer,
			"https://cognito-identity.amazonaws.com/identity-pool-arn": "arn:aws:cognito-identity:eu-central-1:111122223333:identitypool/" + w.pool,
			"iat": iat,
			"exp": iat + tc.life,
		}
		if tc.wantTags != nil {
			want["https://aws.amazon.com/tags"] = tc.wantTags
		}
		if diff := cmp.Diff(want, w.claims(out.Token)); diff != "" {
			t.Errorf("%s: claims (-want +got)\n%s", tc.name, diff)
		}
		if got := w.user(tc.user); got != out.IdentityId {
			t.Errorf("%s: token for identity %s, but the user's is %s", tc.name, out.IdentityId, got)
		}
	}
}

// A token of a user who has been merged names the identity that remains and the user
// that was asked for, not the other one.
func TestToken_ClaimsAfterMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mergedAway("ann", "ben")
	out, err := w.GetOpenIdTokenForDeveloperIdentity(t.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: w.pool, Logins: logins(provider, "ann"),
	})
	if err != nil {
		t.Fatal(err)
	}
	claims := w.claims(out.Token)
	if ben := w.user("ben"); claims["sub"] != ben {
		t.Errorf("sub: got %v, want %s", claims["sub"], ben)
	}
	want := []any{"authenticated", provider, provider + ":" + w.pool + ":ann"}
	if diff := cmp.Diff(want, claims["amr"]); diff != "" {
		t.Errorf("amr (-want +got)\n%s", diff)
	}
}
