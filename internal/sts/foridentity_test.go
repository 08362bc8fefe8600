package sts_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const misconfigured = "InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool."

func user(arn string) identity.ForIdentity {
	return identity.ForIdentity{
		Account: owner.Account, RoleARN: arn, PoolID: poolID, IdentityID: userID, Region: "eu-central-1", AMR: userAMR,
		Tags: map[string]string{"Team": "blue"},
	}
}

func guest(arn string) identity.ForIdentity {
	f := user(arn)
	f.IdentityID, f.AMR, f.Guest, f.Tags = guestID, []string{"unauthenticated"}, true, nil
	return f
}

func TestForIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool))
	for name, f := range map[string]identity.ForIdentity{"user": user(arn), "guest": guest(arn)} {
		got, err := w.ForIdentity(t.Context(), f)
		w.check(err)
		c, err := w.as(got.AccessKeyId, got.SessionToken)
		w.check(err)
		want := &api.Session{
			Role: "app", Name: "CognitoIdentityCredentials", Tags: f.Tags,
			WebIdentity: &api.WebIdentity{Provider: api.IdentityPools, Subject: f.IdentityID, Audience: poolID, AMR: f.AMR, ScopedDown: f.Guest},
			Issued:      start, Expires: start.Add(time.Hour),
		}
		if diff := cmp.Diff(want, c.Session); diff != "" || c.Principal != "arn:aws:sts::111122223333:assumed-role/app/CognitoIdentityCredentials" {
			t.Errorf("%s: %s (-want +got)\n%s", name, c.Principal, diff)
		}
		// An hour, though the role's sessions may last two.
		if !got.Expiration.Equal(start.Add(time.Hour)) || len(got.SecretKey) != 40 {
			t.Errorf("%s: got the end %v and a secret of %d", name, got.Expiration, len(got.SecretKey))
		}
	}
}

// Whatever is wrong with the role, the client learns no more than that something is.
func TestForIdentity_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const users = ofPool + `, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`
	arn := w.role(owner, "app", lets(api.IdentityPools, users))
	theirs := w.role(stranger, "app", lets(api.IdentityPools, users))
	otherPool := w.role(owner, "other", lets(api.IdentityPools, strings.ReplaceAll(users, poolID, nowhere)))
	noTags := w.role(owner, "tagless", strings.Replace(lets(api.IdentityPools, users), `"sts:TagSession", `, "", 1))
	for name, f := range map[string]identity.ForIdentity{
		"no role":                 user(arn + "q"),
		"role of another account": user(theirs),
		"no ARN":                  user("app"),
		"of another pool":         user(otherPool),
		"no leave for tags":       user(noTags),
		"guest on a users' role":  guest(arn),
		"identity gone":           func() identity.ForIdentity { f := user(arn); f.IdentityID = nowhere; return f }(),
		"too much of a user": func() identity.ForIdentity {
			f := user(arn)
			f.AMR = append([]string{strings.Repeat("x", 6000)}, f.AMR...)
			return f
		}(),
	} {
		_, err := w.ForIdentity(t.Context(), f)
		if got := answer(err); got != misconfigured {
			t.Errorf("%s: got %s, want %s", name, got, misconfigured)
		}
		if refused, _ := errors.AsType[*api.Error](err); refused != nil && (refused.Unwrap() == nil || strings.Contains(refused.Unwrap().Error(), "Not authorized to perform")) {
			t.Errorf("%s: the log is not told why: %v", name, refused.Unwrap())
		}
		w.checkDeclared(api.CognitoIdentity, "GetCredentialsForIdentity", err)
		if err := only(w.ForIdentity(t.Context(), user(arn))); err != nil {
			t.Errorf("%s: the twin got %s", name, answer(err))
		}
	}
	f := user(noTags)
	f.Tags = nil
	if err := only(w.ForIdentity(t.Context(), f)); err != nil {
		t.Errorf("without tags: %s", answer(err))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := only(w.ForIdentity(ended, user(arn))); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a call that has ended: got %s", answer(err))
	}
}

func BenchmarkForIdentity(b *testing.B) {
	w := newWorld(b)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool+`, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`))
	f := user(arn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.ForIdentity(b.Context(), f); err != nil {
			b.Fatal(answer(err))
		}
	}
}

func BenchmarkAssumeRoleWithWebIdentity(b *testing.B) {
	w := newWorld(b)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool))
	token := w.token(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.exchange(arn, token, nil); err != nil {
			b.Fatal(answer(err))
		}
	}
}
