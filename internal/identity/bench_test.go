package identity_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

// rsaLogins takes the tokens of a ring as those of a public provider: so a login costs one
// verification of an RSA signature, as with an OpenID Connect provider whose keys are known.
type rsaLogins struct{ ring *token.Ring }

func (v rsaLogins) Verify(ctx context.Context, _ *identity.Pool, provider string, token api.Secret) (*identity.Verified, error) {
	claims, err := v.ring.VerifyOwn(ctx, token)
	if err != nil {
		return nil, err
	}
	return &identity.Verified{Login: identity.Login{Provider: provider, Subject: claims.Subject}, AMR: []string{provider}}, nil
}

// newRSAWorld returns a public world that signs with RS512, as AWS does, and a login.
func newRSAWorld(b *testing.B) (*world, map[string]api.Secret) {
	w := newPublicWorld(b)
	w.racing = true
	ring, err := token.New(token.Config{
		Store: w.store, Seal: w.seal, Issuer: issuer, Algorithm: token.RS512, KeyIDPrefix: home, Now: w.clock.now,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(ring.Close)
	// The world's own key signs until this one takes its place.
	if _, err := ring.Rotate(b.Context(), "", true); err != nil {
		b.Fatal(err)
	}
	w.clock.goOn(time.Minute)
	w.Service, err = identity.New(identity.Config{
		Store: w.store, Issuer: ring, Seal: w.seal, Regions: []string{home}, NewGUID: uuid.NewString,
		Logins: rsaLogins{ring}, Tokens: ring, Credentials: &w.roles, Roles: &w.roles,
	})
	if err != nil {
		b.Fatal(err)
	}
	w.giveRoles()
	login, err := ring.Issue(b.Context(), identity.Claims{
		Subject: "ann", Audience: "app", AMR: []string{"authenticated"}, IssuedAt: w.clock.now(), Lifetime: time.Hour,
	})
	if err != nil {
		b.Fatal(err)
	}
	return w, map[string]api.Secret{google: login}
}

// What a user costs who is known, by call. GetId is held to a fifth of a token.
func BenchmarkKnownUser(b *testing.B) {
	w, login := newRSAWorld(b)
	in := &api.GetIdInput{IdentityPoolId: w.pool, Logins: login}
	ann := must(w.GetId(b.Context(), anonymous, in)).IdentityId
	dev := w.user("dev")
	own := w.ownToken("dev", nil)
	for _, call := range []struct {
		name string
		call func() error
	}{
		{"GetId", func() error { return only(w.GetId(w.Context(), anonymous, in)) }},
		{"GetOpenIdTokenForDeveloperIdentity", func() error { return only(w.signIn("dev")) }},
		{"GetOpenIdToken", func() error {
			return only(w.GetOpenIdToken(w.Context(), anonymous, &api.GetOpenIdTokenInput{IdentityId: ann, Logins: login}))
		}},
		{"GetCredentialsForIdentity", func() error {
			return only(w.GetCredentialsForIdentity(w.Context(), anonymous, &api.GetCredentialsForIdentityInput{IdentityId: dev, Logins: own}))
		}},
		{"EnsureDeveloperIdentity", func() error { return only(w.ensure("dev")) }},
	} {
		b.Run(call.name, func(b *testing.B) {
			for b.Loop() {
				if err := call.call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
