package identity_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const misconfigured = "InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool."

// setRoles sets the roles of the world's pool, which the owner may pass.
func (w *world) setRoles(roles map[string]string, mappings map[string]api.RoleMapping) {
	w.Helper()
	passable := func(arn string) {
		if _, ok := w.roles.get(arn); !ok {
			w.roles.add(arn, role{audience: w.pool, passers: []string{owner.Principal}})
		}
	}
	for _, arn := range roles {
		passable(arn)
	}
	for _, m := range mappings {
		if m.RulesConfiguration != nil {
			for _, r := range m.RulesConfiguration.Rules {
				passable(r.RoleARN)
			}
		}
	}
	if roles == nil {
		roles = map[string]string{}
	}
	err := w.SetIdentityPoolRoles(w.Context(), owner, &api.SetIdentityPoolRolesInput{IdentityPoolId: w.pool, Roles: roles, RoleMappings: mappings})
	if err != nil {
		w.Fatalf("set roles: %v", err)
	}
}

// giveRoles gives the world's pool a role for guests and one for others.
func (w *world) giveRoles() {
	w.Helper()
	w.setRoles(map[string]string{"authenticated": arnOf("users"), "unauthenticated": arnOf("guests")}, nil)
}

// mapRole maps roles for one provider, and gives the pool's usual roles beside.
func (w *world) mapRole(key string, m api.RoleMapping) {
	w.Helper()
	w.setRoles(map[string]string{"authenticated": arnOf("users"), "unauthenticated": arnOf("guests")}, map[string]api.RoleMapping{key: m})
}

// credentialsOf asks for credentials and returns what they are for.
func (w *world) credentialsOf(id, custom string, logins map[string]api.Secret) (f identity.ForIdentity, err error) {
	out, err := w.GetCredentialsForIdentity(w.Context(), anonymous, &api.GetCredentialsForIdentityInput{IdentityId: id, Logins: logins, CustomRoleArn: custom})
	if err != nil {
		return f, err
	}
	err = json.Unmarshal([]byte(out.Credentials.SessionToken), &f)
	if err == nil && (f.IdentityID != out.IdentityId || out.Credentials.AccessKeyId == "") {
		w.Errorf("credentials for %s: got %+v, answered for %s", id, f, out.IdentityId)
	}
	return f, err
}

func (w *world) credentials(id string, pairs ...string) (identity.ForIdentity, error) {
	return w.credentialsOf(id, "", w.by(pairs...))
}

// ownToken returns a token for a developer user, as Logins.
func (w *world) ownToken(user string, tags map[string]string) map[string]api.Secret {
	w.Helper()
	out, err := w.GetOpenIdTokenForDeveloperIdentity(w.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: w.pool, Logins: logins(provider, user), PrincipalTags: tags,
	})
	if err != nil {
		w.Fatal(err)
	}
	return map[string]api.Secret{cognito: out.Token}
}

func TestGetCredentials_For(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.giveRoles()
	w.setTags(google, nil, map[string]string{"mail": "email"})
	guest, ann, dev := w.guest(), w.person(google, "ann"), w.user("dev")
	mail := logins(google, w.notary.vouch(google, "ann", "email", "a@example.com"), samlARN, w.notary.vouch(samlARN, "ann"))
	of := func(id, role string, amr ...string) identity.ForIdentity {
		return identity.ForIdentity{
			Account: owner.Account, RoleARN: arnOf(role), PoolID: w.pool, IdentityID: id, Region: home, AMR: amr, Guest: role == "guests",
		}
	}
	tagged := func(f identity.ForIdentity, tags map[string]string) identity.ForIdentity {
		f.Tags = tags
		return f
	}
	merged := w.guest()
	for _, tc := range []struct {
		name, id string
		logins   map[string]api.Secret
		want     identity.ForIdentity
	}{
		{"guest", guest, nil, of(guest, "guests", "unauthenticated")},
		{"person", ann, w.by(google, "ann"), of(ann, "users", "authenticated", google, google+":OIDC:ann")},
		{
			"person, with another login and a tag", ann, mail,
			tagged(of(ann, "users", "authenticated", google, google+":OIDC:ann", samlARN, samlARN+":OIDC:ann"), map[string]string{"mail": "a@example.com"}),
		},
		{"guest who is ann", merged, w.by(google, "ann"), of(ann, "users", "authenticated", google, google+":OIDC:ann")},
		{"developer user", dev, w.ownToken("dev", nil), of(dev, "users", "authenticated", provider, provider+":"+w.pool+":dev")},
		{
			"developer user with tags", dev, w.ownToken("dev", map[string]string{"team": "a"}),
			tagged(of(dev, "users", "authenticated", provider, provider+":"+w.pool+":dev"), map[string]string{"team": "a"}),
		},
		{"by a token of the basic flow", ann, map[string]api.Secret{cognito: must(w.openToken(ann, google, "ann")).Token}, of(ann, "users", "authenticated", google, google+":OIDC:ann")},
	} {
		got, err := w.credentialsOf(tc.id, "", tc.logins)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
	if got := w.person(samlARN, "ann"); got != ann {
		t.Errorf("the other login: got %s, want %s", got, ann)
	}
}

func TestGetCredentials_Refusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.giveRoles()
	call := func(id string, logins map[string]api.Secret) func() error {
		return func() error { return only(w.credentialsOf(id, "", logins)) }
	}
	guest, ann, ben := w.guest(), w.person(google, "ann"), w.person(google, "ben", samlARN, "ben")
	dev, two := w.user("dev"), w.user("two")
	asAnn, asGuest, asDev := call(ann, w.by(google, "ann")), call(guest, nil), call(dev, w.ownToken("dev", nil))

	// Tokens that were good once, or are good elsewhere.
	mergedToken, merged := w.ownToken("a", nil), w.mergedAway("a", "b")
	unlinkedToken, unlinked := w.ownToken("left", nil), w.unlinked("left")
	secondToken := w.ownToken("two at home", nil)
	w.mergedAway("two at home", "two")
	movedToken := w.ownToken("two at home", nil)
	if err := w.unlink(two, "two at home"); err != nil {
		t.Fatal(err)
	}
	disabledToken, disabled := w.ownToken("disabled", nil), w.user("disabled")
	w.disable(disabled)
	guestToken := map[string]api.Secret{cognito: must(w.openToken(guest)).Token}
	became := w.guest()
	becameToken := map[string]api.Secret{cognito: must(w.openToken(became)).Token}
	if err := w.link(became, "became"); err != nil {
		t.Fatal(err)
	}
	swapped := w.person(google, "first", samlARN, "swapped")
	swappedToken := map[string]api.Secret{cognito: must(w.openToken(swapped, google, "first")).Token}
	if err := w.unlinkBy(swapped, []string{google}, samlARN, "swapped"); err != nil {
		t.Fatal(err)
	}
	w.person(google, "second", samlARN, "swapped")
	public := w.pool
	w.pool = w.newPublicPool(provider)
	elsewhereToken, elsewhere, elsewherePool := w.ownToken("dev", nil), w.user("dev"), w.pool
	w.pool = public
	// signed makes a token for dev by no operation.
	signed := func(pool string, amr ...string) map[string]api.Secret {
		return map[string]api.Secret{cognito: must(w.ring.Issue(t.Context(), identity.Claims{
			Subject: dev, Audience: pool, AMR: amr, IssuedAt: start, Lifetime: time.Hour,
		}))}
	}
	foreign := newPublicWorld(t)
	foreignToken := foreign.ownToken("dev", nil)
	unknown := newID(home)

	const notOurs = "NotAuthorizedException: Invalid login token. Not a Cognito token."
	w.refuses("GetCredentialsForIdentity", []refusal{
		{"unknown", call(unknown, nil), noSuchIdentity(unknown), asGuest},
		{"unknown, with a token", call(unknown, w.ownToken("dev", nil)), noSuchIdentity(unknown), asDev},
		{"person, without logins", call(ann, nil), forbidden(ann), asAnn},
		{"developer user, without logins", call(dev, nil), forbidden(dev), asDev},
		{"merged", call(merged, w.by(google, "ann")), forbidden(merged), asAnn},
		{"login of another", call(ann, w.by(google, "ben")), dontMatch, call(ben, w.by(google, "ben"))},
		{"forged", call(ann, logins(google, "forged")), notVerified, asAnn},
		{"one of two is forged", call(ann, logins(google, w.notary.vouch(google, "ann"), userPool, "forged")), notVerified, asAnn},
		{"developer provider", call(dev, logins(provider, "dev")), "InvalidParameterException: Please provide a valid public provider", asDev},
		{"another login of the provider", call(ben, w.by(samlARN, "ben", google, "new")), taken(google), asAnn},

		{"no token", call(dev, logins(cognito, "t")), notOurs, asDev},
		{"token of a provider", call(dev, logins(cognito, w.notary.vouch(google, "ann"))), notOurs, asDev},
		{"token of another server", call(dev, foreignToken), notVerified, asDev},
		{"token beside a login", call(ann, map[string]api.Secret{cognito: w.ownToken("dev", nil)[cognito], google: w.by(google, "ann")[google]}), cognitoToken, asAnn},
		{"token of another identity", call(ann, w.ownToken("dev", nil)), dontMatch, asDev},
		{"token of another pool", call(dev, elsewhereToken), dontMatch, asDev},
		{"token of another pool, its own identity, no roles there", call(elsewhere, elsewhereToken), misconfigured, asDev},
		{"token for the identity in another pool", call(dev, signed(elsewherePool, "authenticated", provider, provider+":"+w.pool+":dev")), dontMatch, asDev},
		{"token that does not say authenticated", call(dev, signed(w.pool, provider, provider+":"+w.pool+":dev")), dontMatch, call(dev, signed(w.pool, "authenticated", provider+":"+w.pool+":dev"))},
		{"token that names the developer provider only", call(dev, signed(w.pool, "authenticated", provider)), dontMatch, asDev},
		{"token of a guest", call(guest, guestToken), dontMatch, asGuest},
		{"token of a guest who became a person", call(became, becameToken), dontMatch, call(became, w.ownToken("became", nil))},
		{"token of before a merge, merged identity", call(merged, mergedToken), forbidden(merged), call(w.user("a"), w.ownToken("a", nil))},
		{"token of before a merge, the one that remains", call(w.user("a"), mergedToken), dontMatch, call(w.user("a"), w.ownToken("a", nil))},
		{"token of a user who was unlinked", call(unlinked, unlinkedToken), forbidden(unlinked), call(w.user("left"), w.ownToken("left", nil))},
		{"token of a user who was unlinked from one with another", call(two, movedToken), dontMatch, call(two, w.ownToken("two", nil))},
		{"token of before both", call(two, secondToken), dontMatch, call(two, w.ownToken("two", nil))},
		{"token of a login that was unlinked, where another of its provider is linked", call(swapped, swappedToken), dontMatch, call(swapped, map[string]api.Secret{cognito: must(w.openToken(swapped, google, "second")).Token})},
		{"token of a disabled identity", call(disabled, disabledToken), forbidden(disabled), func() error {
			w.enable(disabled)
			return call(disabled, disabledToken)()
		}},
	})
	w.clock.goOn(time.Second)
	old := w.ownToken("dev", nil)
	w.clock.goOn(time.Second)
	must(w.revoke(dev))
	w.refuses("GetCredentialsForIdentity", []refusal{
		{"token that was revoked", call(dev, old), "NotAuthorizedException: Invalid login token. Token is revoked.", func() error {
			return call(dev, w.ownToken("dev", nil))()
		}},
	})
	old = w.ownToken("dev", nil)
	w.clock.goOn(14 * time.Minute)
	if err := call(dev, old)(); err != nil {
		t.Errorf("token after 14 minutes: %v", err)
	}
	w.clock.goOn(time.Minute)
	if got := answer(call(dev, old)()); !strings.HasPrefix(got, "NotAuthorizedException: Invalid login token. Token expired: ") {
		t.Errorf("token after 15 minutes: got %s", got)
	}

	w.notary.silent.Store(google)
	w.refuses("GetCredentialsForIdentity", []refusal{{"provider is silent", asAnn, unreachable, asGuest}})
	w.notary.silent.Store("")
	w.roles.silent = true
	if got, want := answer(asAnn()), "ExternalServiceException: An external service did not answer. Please try again."; got != want {
		t.Errorf("issuer is silent: got %s, want %s", got, want)
	}
	w.roles.silent = false

	if err := w.setPool(func(p *api.IdentityPool) { p.AllowUnauthenticatedIdentities = false }); err != nil {
		t.Fatal(err)
	}
	w.refuses("GetCredentialsForIdentity", []refusal{{
		"guests not allowed", asGuest, "NotAuthorizedException: Unauthenticated access is not supported for this identity pool.", asAnn,
	}})
}

func TestGetCredentials_Misconfigured(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	guest, ann := w.guest(), w.person(google, "ann")
	asGuest := func() error { return only(w.credentials(guest)) }
	asAnn := func() error { return only(w.credentials(ann, google, "ann")) }
	then := func(set func(), call func() error) func() error {
		return func() error { set(); return call() }
	}
	w.refuses("GetCredentialsForIdentity", []refusal{
		{"no roles, guest", asGuest, misconfigured, then(w.giveRoles, asGuest)},
		{"no audience", func() error {
			w.roles.add(arnOf("guests"), role{passers: []string{owner.Principal}})
			return asGuest()
		}, misconfigured, asAnn},
	})
	w.setRoles(map[string]string{"unauthenticated": arnOf("guests")}, nil)
	w.refuses("GetCredentialsForIdentity", []refusal{{"no role for persons", asAnn, misconfigured, then(w.giveRoles, asAnn)}})

	// A token may name a role of another account.
	w.mapRole(userPool+":7c1example", api.RoleMapping{Type: "Token", AmbiguousRoleResolution: "Deny"})
	ben := w.person(userPool, "ben")
	by := func(arn string) func() error {
		w.roles.add(arn, role{audience: w.pool})
		return func() error {
			return only(w.credentialsOf(ben, "", logins(userPool, w.notary.vouch(userPool, "ben", "cognito:preferred_role", arn))))
		}
	}
	w.refuses("GetCredentialsForIdentity", []refusal{
		{"role of another account", by("arn:aws:iam::444455556666:role/r"), misconfigured, by(arnOf("r"))},
		{"no role at all", by("administrators"), misconfigured, by(arnOf("r"))},
	})
}
