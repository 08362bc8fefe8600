package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// setPool replaces the settings of the world's pool by those of a public pool that change has
// changed.
func (w *world) setPool(change func(*api.IdentityPool)) error {
	in := publicPool(provider)
	p := &api.IdentityPool{
		IdentityPoolId: w.pool, IdentityPoolName: in.IdentityPoolName, AllowUnauthenticatedIdentities: true,
		SupportedLoginProviders: in.SupportedLoginProviders, CognitoIdentityProviders: in.CognitoIdentityProviders,
		OpenIdConnectProviderARNs: in.OpenIdConnectProviderARNs, SamlProviderARNs: in.SamlProviderARNs,
	}
	change(p)
	return only(w.UpdateIdentityPool(w.Context(), owner, p))
}

func TestGetOpenIdToken_Claims(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.setTags(userPool, new(true), nil)
	guest, ann := w.guest(), w.person(google, "ann")
	w.clock.goOn(90*time.Minute + 250*time.Millisecond)
	iat := float64(start.Add(90 * time.Minute).Unix())
	for _, tc := range []struct {
		name  string
		id    string
		pairs []string
		amr   []any
		tags  any
	}{
		{"guest", guest, nil, []any{"unauthenticated"}, nil},
		{"one login", ann, []string{google, "ann"}, []any{"authenticated", google, google + ":OIDC:ann"}, nil},
		{
			"a second, which is new", ann, []string{userPool, "u", google, "ann"},
			[]any{"authenticated", google, google + ":OIDC:ann", userPool, userPool + ":OIDC:u"},
			map[string]any{"principal_tags": map[string]any{"username": []any{"u"}, "client": []any{"7c1example"}}},
		},
		{
			"the second alone", ann, []string{userPool, "u"}, []any{"authenticated", userPool, userPool + ":OIDC:u"},
			map[string]any{"principal_tags": map[string]any{"username": []any{"u"}, "client": []any{"7c1example"}}},
		},
	} {
		out, err := w.openToken(tc.id, tc.pairs...)
		if err != nil || out.IdentityId != tc.id {
			t.Errorf("%s: got %+v, %v", tc.name, out, err)
			continue
		}
		want := map[string]any{
			"sub": tc.id, "aud": w.pool, "amr": tc.amr, "iss": issuer,
			"https://cognito-identity.amazonaws.com/identity-pool-arn": identity.PoolARN(owner.Account, w.pool),
			"iat": iat, "exp": iat + 600,
		}
		if tc.tags != nil {
			want["https://aws.amazon.com/tags"] = tc.tags
		}
		if diff := cmp.Diff(want, w.claims(out.Token)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
	if got := len(w.stored(ann).Logins); got != 2 {
		t.Errorf("ann has %d logins, want 2", got)
	}
}

// The identity that is named remains, unless it is a guest's and the person is known.
func TestGetOpenIdToken_LinksAndMerges(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	guest := w.guest()
	if out, err := w.openToken(guest, google, "new"); err != nil || out.IdentityId != guest || w.person(google, "new") != guest {
		t.Errorf("guest with a new login: got %+v, %v, want %s", out, err, guest)
	}
	ann, guest := w.person(google, "ann"), w.guest()
	out, err := w.openToken(guest, google, "ann", samlARN, "ann")
	if err != nil || out.IdentityId != ann || w.claims(out.Token)["sub"] != ann {
		t.Errorf("guest with a known login: got %+v, %v, want %s", out, err, ann)
	}
	if i := w.stored(guest); !i.Merged || !i.Disabled || i.Authenticated {
		t.Errorf("guest: got %+v, want it merged", i)
	}
	if got := w.person(samlARN, "ann"); got != ann {
		t.Errorf("login that came with the merge: got %s, want %s", got, ann)
	}
	older := w.person(userPool, "ann")
	w.clock.goOn(time.Minute)
	younger := w.person(google, "ben")
	if out, err := w.openToken(younger, google, "ben", userPool, "ann"); err != nil || out.IdentityId != younger {
		t.Errorf("two persons: got %+v, %v, want the one named, %s", out, err, younger)
	}
	if got := w.person(userPool, "ann"); got != younger || !w.stored(older).Merged {
		t.Errorf("login of the other: got %s, want %s", got, younger)
	}
}

func TestGetOpenIdToken_Refusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	call := func(id string, pairs ...string) func() error {
		return func() error { return only(w.openToken(id, pairs...)) }
	}
	by := func(c identity.Caller, id string, logins map[string]api.Secret) func() error {
		return func() error {
			return only(w.GetOpenIdToken(t.Context(), c, &api.GetOpenIdTokenInput{IdentityId: id, Logins: logins}))
		}
	}
	guest, ann, ben := w.guest(), w.person(google, "ann"), w.person(google, "ben", samlARN, "ben")
	dev := w.user("dev")
	unknown, deleted := newID(home), w.guest()
	must(w.delete(owner, deleted))
	merged, unlinked := w.mergedAway("a", "b"), w.unlinked("left")
	disabledGuest, disabled := w.guest(), w.person(google, "disabled")
	w.disable(disabledGuest)
	w.disable(disabled)
	asAnn, asGuest := call(ann, google, "ann"), call(guest)
	other := newPublicWorld(t)
	const bothGoogle = "ResourceConflictException: Both identities have a login of " + google + "."
	w.refuses("GetOpenIdToken", []refusal{
		{"unknown", call(unknown), noSuchIdentity(unknown), asGuest},
		{"deleted", call(deleted), noSuchIdentity(deleted), asGuest},
		{"in capitals", call("EU" + guest[2:]), noSuchIdentity("EU" + guest[2:]), asGuest},
		{"pool id", call(w.pool), noSuchIdentity(w.pool), asGuest},
		{"signed for another region", by(ownerAbroad, guest, nil), noSuchIdentity(guest), by(owner, guest, nil)},
		{"merged, without logins", call(merged), forbidden(merged), asGuest},
		{"merged, with a login", call(merged, google, "ann"), forbidden(merged), asAnn},
		{"without its last login", call(unlinked), forbidden(unlinked), asGuest},
		{"without its last login, with a login", call(unlinked, google, "x"), forbidden(unlinked), asAnn},
		{"disabled guest", call(disabledGuest), forbidden(disabledGuest), asGuest},
		{"disabled guest, with a login", call(disabledGuest, google, "ann"), forbidden(disabledGuest), asAnn},
		{"disabled", call(disabled, google, "disabled"), forbidden(disabled), asAnn},
		{"guest, with the login of one disabled", call(guest, google, "disabled"), forbidden(disabled), asGuest},
		{"authenticated, without logins", call(ann), forbidden(ann), asAnn},
		{"authenticated by the developer, without logins", call(dev), forbidden(dev), asGuest},

		{"login of another", call(ann, google, "ben"), dontMatch, call(ben, google, "ben")},
		{"login of nobody", call(ann, google, "nobody"), dontMatch, asAnn},
		{"login of nobody, developer's identity", call(dev, google, "nobody"), dontMatch, asAnn},
		{"another login of the provider", call(ben, samlARN, "ben", google, "new"), taken(google), call(ben, samlARN, "ben")},
		{"merge of two with one provider", call(ann, google, "ann", samlARN, "ben"), bothGoogle, asAnn},
		{"forged", by(anonymous, ann, logins(google, "forged")), notVerified, asAnn},
		{"one of two is forged", by(anonymous, ann, logins(google, w.notary.vouch(google, "ann"), userPool, "forged")), notVerified, asAnn},
		{"guest, forged", by(anonymous, guest, logins(google, "forged")), notVerified, asGuest},
		{"another notary's", by(anonymous, ann, other.by(google, "ann")), notVerified, asAnn},
		{"Cognito token", by(anonymous, dev, logins(cognito, "t")), cognitoToken, asAnn},
		{"developer provider", call(dev, provider, "dev"), "InvalidParameterException: Please provide a valid public provider", asAnn},
		{"provider that the pool has not", call(ann, google, "ann", facebook, "x"), "NotAuthorizedException: Token is not from a supported provider of this identity pool.", asAnn},
	})
	w.notary.silent.Store(google)
	w.refuses("GetOpenIdToken", []refusal{{"provider is silent", asAnn, unreachable, asGuest}})
	w.notary.silent.Store("")

	// What the pool's settings refuse, and take.
	const (
		off      = "InvalidParameterException: Basic (classic) flow is not enabled, please use enhanced flow."
		mappings = "InvalidParameterException: Basic (classic) flow is not supported with RoleMappings, please use enhanced flow."
		noGuests = "NotAuthorizedException: Unauthenticated access is not supported for this identity pool."
	)
	// then is what the pool has after a call that is refused.
	with := func(change func(*api.IdentityPool), call func() error) func() error {
		return func() error {
			if err := w.setPool(change); err != nil {
				return err
			}
			return call()
		}
	}
	set := func(change func(*api.IdentityPool)) {
		if err := w.setPool(change); err != nil {
			t.Fatal(err)
		}
	}
	classic := func(allowed *bool) func(*api.IdentityPool) {
		return func(p *api.IdentityPool) { p.AllowClassicFlow = allowed }
	}
	for _, who := range []struct {
		name string
		call func() error
	}{{"guest", asGuest}, {"person", asAnn}} {
		for name, twin := range map[string]*bool{"allowed": new(true), "not said": nil} {
			set(classic(new(false)))
			w.refuses("GetOpenIdToken", []refusal{{who.name + ", classic flow, then " + name, who.call, off, with(classic(twin), who.call)}})
		}
	}
	set(func(p *api.IdentityPool) { p.AllowUnauthenticatedIdentities = false })
	w.refuses("GetOpenIdToken", []refusal{{"guests not allowed", asGuest, noGuests, asAnn}})
	w.mapRole(google, api.RoleMapping{Type: "Token", AmbiguousRoleResolution: "Deny"})
	w.refuses("GetOpenIdToken", []refusal{{"role mappings", asAnn, mappings, func() error {
		w.setRoles(nil, nil)
		return asAnn()
	}}})
}

// An enhanced flow is not for the classic flow's gates, nor is the developer's call.
func TestClassicFlow_GatesNothingElse(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	if err := w.setPool(func(p *api.IdentityPool) { p.AllowClassicFlow = new(false) }); err != nil {
		t.Fatal(err)
	}
	w.giveRoles()
	ann := w.person(google, "ann")
	if _, err := w.credentials(ann, google, "ann"); err != nil {
		t.Errorf("credentials: %v", err)
	}
	if _, err := w.signIn("dev"); err != nil {
		t.Errorf("token for a developer user: %v", err)
	}
}
