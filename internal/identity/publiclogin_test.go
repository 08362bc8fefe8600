package identity_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const (
	google       = "accounts.google.com"
	facebook     = "graph.facebook.com"
	userPool     = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"
	oidcProvider = "token.actions.githubusercontent.com"
	oidcARN      = "arn:aws:iam::111122223333:oidc-provider/" + oidcProvider
	samlARN      = "arn:aws:iam::111122223333:saml-provider/corporate"
	cognito      = "cognito-identity.amazonaws.com"
)

// The public providers of a public pool.
var publicProviders = []string{google, userPool, oidcProvider, samlARN}

func publicPool(developerProvider string) *api.CreateIdentityPoolInput {
	return &api.CreateIdentityPoolInput{
		IdentityPoolName: "public", AllowUnauthenticatedIdentities: true, DeveloperProviderName: developerProvider,
		SupportedLoginProviders:   map[string]string{google: "app.apps.googleusercontent.com"},
		CognitoIdentityProviders:  []api.CognitoIdentityProvider{{ProviderName: userPool, ClientId: "7c1example"}},
		OpenIdConnectProviderARNs: []string{oidcARN},
		SamlProviderARNs:          []string{samlARN},
	}
}

// newPublicPool makes a pool that has a public provider of each kind.
func (w *world) newPublicPool(developerProvider string) string {
	w.Helper()
	p, err := w.CreateIdentityPool(w.Context(), owner, publicPool(developerProvider))
	if err != nil {
		w.Fatal(err)
	}
	return p.IdentityPoolId
}

// newPublicWorld returns a world whose pool also has a public provider of each kind.
func newPublicWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.pool = w.newPublicPool(provider)
	return w
}

// by makes Logins of pairs of a public provider and a user, for whom the provider vouches;
// for the developer provider, the user alone.
func (w *world) by(pairs ...string) map[string]api.Secret {
	m := make(map[string]api.Secret)
	for n := 0; n < len(pairs); n += 2 {
		m[pairs[n]] = api.Secret(w.notary.vouch(pairs[n], pairs[n+1]))
		if pairs[n] == provider {
			m[provider] = api.Secret(pairs[n+1])
		}
	}
	return m
}

// signInBy returns the identity of public logins: pairs as for by.
func (w *world) signInBy(pairs ...string) (string, error) {
	out, err := w.GetId(w.Context(), anonymous, &api.GetIdInput{IdentityPoolId: w.pool, Logins: w.by(pairs...)})
	if err != nil {
		return "", err
	}
	return out.IdentityId, nil
}

// person is signInBy that must succeed.
func (w *world) person(pairs ...string) string {
	w.Helper()
	id, err := w.signInBy(pairs...)
	if err != nil {
		w.Fatalf("sign in by %q: %v", pairs, err)
	}
	return id
}

// tokenBy asks for a token for a developer user with public logins beside: pairs as for by.
func (w *world) tokenBy(id string, pairs ...string) (string, error) {
	out, err := w.GetOpenIdTokenForDeveloperIdentity(w.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: w.pool, IdentityId: id, Logins: w.by(pairs...),
	})
	if err != nil {
		return "", err
	}
	return out.IdentityId, nil
}

// openToken asks for a token of the basic flow: pairs as for by.
func (w *world) openToken(id string, pairs ...string) (*api.GetOpenIdTokenOutput, error) {
	return w.GetOpenIdToken(w.Context(), anonymous, &api.GetOpenIdTokenInput{IdentityId: id, Logins: w.by(pairs...)})
}

const (
	notVerifiable = "NotAuthorizedException: Invalid login token. Tokens of this provider can not be verified by this server."
	notVerified   = "NotAuthorizedException: Invalid login token. Couldn't verify signed token."
	cognitoToken  = "NotAuthorizedException: Invalid login token. Can't pass in a Cognito token."
	dontMatch     = "NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool."
	unreachable   = "ExternalServiceException: The identity provider '" + google + "' can not be reached."
)

func forbidden(id string) string {
	return "NotAuthorizedException: Access to Identity '" + id + "' is forbidden."
}
func taken(provider string) string {
	return "ResourceConflictException: The identity has another login of " + provider + "."
}
func noSuchIdentity(id string) string {
	return "ResourceNotFoundException: Identity '" + id + "' not found."
}

func TestGetId_KnownLoginKeepsIdentity(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	seen := make(map[string]bool)
	for _, name := range publicProviders {
		id := w.person(name, "ann")
		want := &identity.Identity{
			ID: id, PoolID: w.pool, Authenticated: true, Logins: []identity.Login{{Provider: name, Subject: "ann"}},
			Created: start, Modified: start,
		}
		if diff := cmp.Diff(want, w.stored(id)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if seen[id] {
			t.Errorf("%s: ann has the identity of another provider's ann", name)
		}
		seen[id] = true
	}
	before := w.state()
	for _, name := range publicProviders {
		w.reopen()
		if id := w.person(name, "ann"); !seen[id] {
			t.Errorf("%s: got another identity, %s", name, id)
		}
	}
	if diff := cmp.Diff(before, w.state()); diff != "" {
		t.Errorf("known logins changed the store (-before +after)\n%s", diff)
	}
	// Users that look alike, and the user of another pool, are others.
	for _, user := range []string{"Ann", "ann ", "an\u0301n", "ann\u200b"} {
		if id := w.person(google, user); seen[id] {
			t.Errorf("%q has the identity of ann", user)
		}
	}
	w.pool = w.newPublicPool("")
	if id := w.person(google, "ann"); seen[id] {
		t.Error("ann of another pool has the same identity")
	}
}

// Several logins are one person's.
func TestGetId_LinksLogins(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	ann := w.person(google, "1", userPool, "2")
	for _, pairs := range [][]string{{google, "1"}, {userPool, "2"}, {userPool, "2", samlARN, "3"}, {samlARN, "3"}} {
		if got := w.person(pairs...); got != ann {
			t.Errorf("%q: got %s, want %s", pairs, got, ann)
		}
	}
	if got := w.stored(ann).Logins; len(got) != 3 {
		t.Errorf("got logins %+v, want 3", got)
	}
}

// Logins of several identities make them one: the oldest remains.
func TestGetId_Merges(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	ids := make(map[string]string)
	for _, name := range []string{samlARN, google, userPool} {
		ids[name] = w.person(name, "ann")
		w.clock.goOn(time.Minute)
	}
	if got := w.person(google, "ann", userPool, "ann", samlARN, "ann", oidcProvider, "new"); got != ids[samlARN] {
		t.Errorf("got %s, want the oldest, %s", got, ids[samlARN])
	}
	for _, name := range publicProviders {
		user := "ann"
		if name == oidcProvider {
			user = "new"
		}
		if got := w.person(name, user); got != ids[samlARN] {
			t.Errorf("%s: got %s, want %s", name, got, ids[samlARN])
		}
	}
	for _, name := range []string{google, userPool} {
		if i := w.stored(ids[name]); !i.Disabled || !i.Merged || len(i.Logins) > 0 || !i.Modified.Equal(w.clock.now()) {
			t.Errorf("%s: got %+v, want it merged", name, i)
		}
	}
}

func TestGetId_LoginRefusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	const (
		notPublic    = "InvalidParameterException: Please provide a valid public provider"
		notSupported = "NotAuthorizedException: Token is not from a supported provider of this identity pool."
	)
	public, plain, developers := w.pool, w.newPool(owner, ""), w.newPool(owner, provider)
	call := func(pool, account string, logins map[string]api.Secret) func() error {
		return func() error {
			return only(w.GetId(t.Context(), anonymous, &api.GetIdInput{IdentityPoolId: pool, AccountId: account, Logins: logins}))
		}
	}
	raw := func(pool string, pairs ...string) func() error { return call(pool, "", logins(pairs...)) }
	in := func(pairs ...string) func() error { return call(public, "", w.by(pairs...)) }
	notConfigured := func(pool string) string {
		return "NotAuthorizedException: Identity pool - " + pool + " does not have identity providers configured."
	}
	good := in(google, "ann")
	w.person(google, "g1", userPool, "u1")
	w.person(google, "g2", samlARN, "s2")
	disabled := w.person(google, "disabled")
	w.disable(disabled)
	rows := []refusal{
		{"developer provider", raw(public, provider, "ann"), notPublic, good},
		{"developer provider, no public one", raw(developers, provider, "ann"), notPublic, call(developers, "", nil)},
		{"developer provider beside a public one", call(public, "", w.by(provider, "ann", google, "x")), notPublic, good},
		{"pool without providers", call(plain, "", w.by(google, "x")), notConfigured(plain), call(plain, "", nil)},
		{"pool without public providers", call(developers, "", w.by(google, "x")), notConfigured(developers), good},
		{"provider that the pool has not", in(facebook, "x"), notSupported, good},
		{"developer provider of another pool", in("login.other", "x"), notSupported, good},
		{"one provider that the pool has, one not", in(google, "x", facebook, "x"), notSupported, good},
		{"Cognito token", raw(public, cognito, "t"), cognitoToken, good},
		{"Cognito token beside a login", call(public, "", w.by(google, "x", cognito, "t")), cognitoToken, good},
		{"Cognito token, pool without providers", raw(plain, cognito, "t"), cognitoToken, call(plain, "", nil)},
		{"another account named", call(public, stranger.Account, w.by(google, "x")), "ResourceNotFoundException: IdentityPool '" + public + "' not found.", call(public, owner.Account, w.by(google, "x"))},

		{"one of two is bad", call(public, "", logins(google, w.notary.vouch(google, "new"), userPool, "forged")), notVerified, in(google, "new", userPool, "new")},
		{"known and bad", call(public, "", logins(google, w.notary.vouch(google, "g1"), samlARN, "forged")), notVerified, in(google, "g1")},
		{"token of another provider", raw(public, google, w.notary.vouch(userPool, "new")), notVerified, raw(public, userPool, w.notary.vouch(userPool, "new"))},

		{"another login of a provider", in(userPool, "u1", google, "g3"), taken(google), in(userPool, "u1", google, "g1")},
		{"merge of two with one provider", in(userPool, "u1", samlARN, "s2"), "ResourceConflictException: Both identities have a login of " + google + ".", in(userPool, "u1", samlARN, "s1")},
		{"identity that is disabled", in(google, "disabled"), forbidden(disabled), good},
		{"identity that is disabled, and a new login", in(google, "disabled", userPool, "new 1"), forbidden(disabled), in(userPool, "new 1")},
		{"identity that is disabled, and another's", in(google, "disabled", userPool, "u1"), forbidden(disabled), in(userPool, "u1")},
	}
	for _, name := range publicProviders {
		rows = append(rows, refusal{name + ", forged", raw(public, name, "forged"), notVerified, in(name, "real")})
	}
	w.refuses("GetId", rows)
	// A provider that does not answer is not the client's fault.
	w.notary.silent.Store(google)
	w.refuses("GetId", []refusal{{"provider is silent", in(google, "ann", userPool, "x"), unreachable, in(userPool, "x")}})
}

// Without anybody who verifies, a login that is linked opens nothing, whatever is said
// for it.
func TestLogins_NoVerifier(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	var err error
	w.Service, err = identity.New(identity.Config{
		Store: w.store, Issuer: w.ring, Seal: w.seal, Regions: []string{home}, NewGUID: uuid.NewString,
	})
	if err != nil {
		t.Fatal(err)
	}
	linked := w.insert(identity.Login{Provider: google, Subject: "ann"})
	guest, ann := w.guest(), w.user("ann")
	own := must(w.GetOpenIdTokenForDeveloperIdentity(t.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: w.pool, Logins: logins(provider, "ann"),
	})).Token
	before := w.state()
	credentials := func(id string, logins map[string]api.Secret) error {
		return only(w.GetCredentialsForIdentity(t.Context(), anonymous, &api.GetCredentialsForIdentityInput{IdentityId: id, Logins: logins}))
	}
	for name, err := range map[string]error{
		"GetId":                              only(w.signInBy(google, "ann")),
		"GetOpenIdToken":                     only(w.openToken(linked, google, "ann")),
		"GetOpenIdTokenForDeveloperIdentity": only(w.tokenBy("", provider, "ann", google, "ann")),
		"UnlinkIdentity": w.UnlinkIdentity(t.Context(), anonymous, &api.UnlinkIdentityInput{
			IdentityId: linked, Logins: w.by(google, "ann"), LoginsToRemove: []string{google},
		}),
		"GetCredentialsForIdentity":              credentials(linked, w.by(google, "ann")),
		"GetCredentialsForIdentity by our token": credentials(ann, map[string]api.Secret{cognito: own}),
	} {
		if got := answer(err); got != notVerifiable {
			t.Errorf("%s: got %s, want %s", name, got, notVerifiable)
		}
	}
	set := w.SetIdentityPoolRoles(t.Context(), owner, &api.SetIdentityPoolRolesInput{
		IdentityPoolId: w.pool, Roles: map[string]string{"authenticated": arnOf("a")},
	})
	if got, want := answer(set), "NotAuthorizedException: Access to Role '"+arnOf("a")+"' is forbidden."; got != want {
		t.Errorf("SetIdentityPoolRoles: got %s, want %s", got, want)
	}
	if got := answer(credentials(guest, nil)); got != misconfigured {
		t.Errorf("credentials of a guest: got %s, want %s", got, misconfigured)
	}
	if diff := cmp.Diff(before, w.state()); diff != "" {
		t.Errorf("refused calls changed the store (-before +after)\n%s", diff)
	}
}

// A login is verified before the transaction that links it, which reads the pool and the
// identity anew.
func TestLogins_ChangesWhileVerifying(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	public := w.pool
	during := func(f func()) {
		w.notary.during = func() { w.notary.during = nil; f() }
	}
	during(func() {
		in := publicPool(provider)
		_, err := w.UpdateIdentityPool(t.Context(), owner, &api.IdentityPool{
			IdentityPoolId: public, IdentityPoolName: "p", OpenIdConnectProviderARNs: in.OpenIdConnectProviderARNs,
		})
		if err != nil {
			t.Error(err)
		}
	})
	want := "NotAuthorizedException: Token is not from a supported provider of this identity pool."
	if got := answer(only(w.signInBy(google, "ann"))); got != want {
		t.Errorf("provider is taken from the pool: got %s, want %s", got, want)
	}
	ann := w.person(oidcProvider, "ann")
	during(func() { w.disable(ann) })
	if got := answer(only(w.openToken(ann, oidcProvider, "ann"))); got != forbidden(ann) {
		t.Errorf("identity is disabled: got %s", got)
	}
	ben := w.person(oidcProvider, "ben")
	during(func() { must(w.delete(owner, ben)) })
	if got := answer(only(w.openToken(ben, oidcProvider, "ben"))); got != noSuchIdentity(ben) {
		t.Errorf("identity is deleted: got %s", got)
	}
	during(func() {
		if err := w.deletePool(public); err != nil {
			t.Error(err)
		}
	})
	if got, want := answer(only(w.signInBy(oidcProvider, "cat"))), "ResourceNotFoundException: IdentityPool '"+public+"' not found."; got != want {
		t.Errorf("pool is deleted: got %s, want %s", got, want)
	}
}

// What is refused unseen is not verified: nobody is asked.
func TestLogins_RefusedUnseen(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	merged := w.mergedAway("a", "b")
	w.notary.asked.Store(0)
	for name, err := range map[string]error{
		"provider that the pool has not":   only(w.signInBy(google, "x", facebook, "x")),
		"unknown identity":                 only(w.openToken(newID(home), google, "x")),
		"merged identity":                  only(w.openToken(merged, google, "x")),
		"no developer provider":            only(w.tokenBy("", google, "x", userPool, "x")),
		"another developer provider":       only(w.tokenBy("", google, "x", "login.other", "x")),
		"Cognito token beside a developer": only(w.tokenBy("", provider, "x", cognito, "x")),
	} {
		if err == nil || w.notary.asked.Load() != 0 {
			t.Errorf("%s: got %v, and %d logins were verified", name, err, w.notary.asked.Load())
		}
	}
}

func TestToken_PublicLogins(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	// A new user, a known one, and one whose public login is new.
	ann := must(w.tokenBy("", provider, "ann", google, "ann"))
	for _, pairs := range [][]string{{google, "ann"}, {google, "ann", userPool, "ann"}, {userPool, "ann"}} {
		if got := w.person(pairs...); got != ann {
			t.Errorf("GetId by %q: got %s, want %s", pairs, got, ann)
		}
	}
	if got := must(w.tokenBy("", provider, "ann", samlARN, "ann")); got != ann {
		t.Errorf("with another login: got %s, want %s", got, ann)
	}
	want := []identity.Login{{Provider: provider, Subject: "ann"}, {Provider: google, Subject: "ann"}, {Provider: userPool, Subject: "ann"}, {Provider: samlARN, Subject: "ann"}}
	if diff := cmp.Diff(want, w.stored(ann).Logins); diff != "" {
		t.Errorf("logins (-want +got)\n%s", diff)
	}

	// A new user is linked to an identity by a login that it has: named or not.
	ben, cat := w.person(google, "ben"), w.person(google, "cat")
	if got := must(w.tokenBy("", provider, "ben", google, "ben")); got != ben {
		t.Errorf("ben: got %s, want %s", got, ben)
	}
	if got := must(w.tokenBy(cat, provider, "cat", google, "cat")); got != cat {
		t.Errorf("cat: got %s, want %s", got, cat)
	}
	if got := must(w.tokenBy(cat, provider, "cat at home", google, "cat")); got != cat || w.user("cat at home") != cat {
		t.Errorf("a second user of cat: got %s, want %s", got, cat)
	}

	// A guest becomes a person, or, where the person is known, part of that one.
	guest := w.guest()
	if got := must(w.tokenBy(guest, provider, "dan", google, "dan")); got != guest {
		t.Errorf("guest: got %s, want %s", got, guest)
	}
	eve, guest := w.person(google, "eve"), w.guest()
	if got := must(w.tokenBy(guest, provider, "eve", google, "eve")); got != eve || !w.stored(guest).Merged {
		t.Errorf("guest with a known login: got %s, want %s", got, eve)
	}
}

// A user's identity and that of a login become one: the user's remains, or the one named.
func TestToken_PublicLoginsMerge(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name          string
		userOlder     bool
		named, remain string
	}{
		{"the user's is older", true, "", "user"},
		{"the login's is older", false, "", "user"},
		{"the user's is named", false, "user", "user"},
	} {
		w := newPublicWorld(t)
		ids := make(map[string]string)
		make := []func(){
			func() { ids["user"] = w.user("ann") },
			func() { ids["login"] = w.person(google, "ann", samlARN, "ann") },
		}
		if !tc.userOlder {
			slices.Reverse(make)
		}
		for _, f := range make {
			f()
			w.clock.goOn(time.Minute)
		}
		got, err := w.tokenBy(ids[tc.named], provider, "ann", google, "ann", userPool, "new")
		if err != nil || got != ids[tc.remain] {
			t.Errorf("%s: got %s, %v, want %s", tc.name, got, err, ids[tc.remain])
		}
		for _, pairs := range [][]string{{google, "ann"}, {samlARN, "ann"}, {userPool, "new"}} {
			if got := w.person(pairs...); got != ids[tc.remain] {
				t.Errorf("%s: %q: got %s, want %s", tc.name, pairs, got, ids[tc.remain])
			}
		}
		if i := w.stored(ids["login"]); !i.Merged || len(i.Logins) > 0 {
			t.Errorf("%s: got %+v, want it merged", tc.name, i)
		}
	}
}

func TestToken_PublicLoginRefusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	const (
		noDeveloper   = "InvalidParameterException: Please provide a login of the developer provider of this identity pool."
		notSupported  = "InvalidParameterException: This identity pool does not support the specified developer provider"
		userElsewhere = "DeveloperUserAlreadyRegisteredException: Developer user is already registered with another identity."
		both          = "ResourceConflictException: Both identities have a login of " + google + "."
		tooMany       = "ResourceConflictException: An identity can not have more than 20 logins."
	)
	ann, bob := must(w.tokenBy("", provider, "ann", google, "ann")), w.user("bob")
	person := w.person(google, "person", userPool, "person")
	disabled := w.person(google, "disabled")
	w.disable(disabled)
	crowded := w.user("crowd 00")
	for n := 1; n < identity.MaxLogins; n++ {
		w.mergedAway(fmt.Sprintf("crowd %02d", n), "crowd 00")
	}
	call := func(id string, pairs ...string) func() error {
		return func() error { return only(w.tokenBy(id, pairs...)) }
	}
	raw := func(id string, pairs ...string) func() error {
		return func() error { return only(w.tokenIn(owner, w.pool, id, pairs...)) }
	}
	asAnn := call("", provider, "ann", google, "ann")
	rows := []refusal{
		{"provider that the pool has not, alone", call("", facebook, "t"), notSupported, asAnn},
		{"provider that the pool has not, beside", call("", provider, "ann", facebook, "t"), notSupported, asAnn},
		{"user pool that the pool has not, beside", call("", provider, "ann", userPool+"4", "t"), notSupported, asAnn},
		{"SAML provider by name, beside", call("", provider, "ann", "corporate", "t"), notSupported, asAnn},
		{"Cognito token, alone", raw("", cognito, "t"), cognitoToken, asAnn},
		{"Cognito token, beside", raw("", provider, "ann", cognito, "t"), cognitoToken, asAnn},
		{"Cognito token, identity named", raw(ann, provider, "ann", cognito, "t"), cognitoToken, call(ann, provider, "ann")},

		{"known user, forged", raw("", provider, "ann", google, "forged"), notVerified, asAnn},
		{"identity named, forged", raw(ann, provider, "ann", google, "forged"), notVerified, call(ann, provider, "ann")},
		{"guest, forged", raw(w.guest(), provider, "new 1", google, "forged"), notVerified, raw(w.guest(), provider, "new 1")},
		{"one of two is forged", raw("", provider, "new 2", google, w.notary.vouch(google, "new 2"), userPool, "forged"), notVerified, call("", provider, "new 2", google, "new 2", userPool, "new 2")},

		{"another login of a provider", call("", provider, "ann", google, "ann 2"), taken(google), call("", provider, "ann", userPool, "ann")},
		{"login of another identity, which has the provider too", call("", provider, "ann", userPool, "person"), both, asAnn},
		{"new user, identity named, login of another", call(bob, provider, "new 3", google, "ann"), dontMatch, call(ann, provider, "new 3", google, "ann")},
		{"new user, identity named, new login", call(ann, provider, "new 4", samlARN, "new"), dontMatch, call("", provider, "new 4", samlARN, "new")},
		{"known user, another's identity, with its login", call(person, provider, "bob", google, "person"), userElsewhere, call("", provider, "bob")},
		{"known user, guest, with a login", call(w.guest(), provider, "bob", samlARN, "bob"), userElsewhere, call("", provider, "bob", samlARN, "bob")},
		{"disabled identity's login", call("", provider, "new 5", google, "disabled"), forbidden(disabled), call("", provider, "new 5")},
		{"disabled identity's login, known user", call("", provider, "bob", google, "disabled"), forbidden(disabled), call("", provider, "bob")},
		{"disabled identity named", call(disabled, provider, "new 6", google, "disabled"), forbidden(disabled), call("", provider, "new 6")},
		{"a 21st login", call(crowded, provider, "crowd 00", google, "crowd"), tooMany, call(crowded, provider, "crowd 00")},
		{"a merge to more than 20", call("", provider, "crowd 19", google, "person"), tooMany, call("", provider, "crowd 19")},
	}
	for _, name := range publicProviders {
		user := "user beside " + name
		rows = append(rows,
			refusal{name + ", alone", call("", name, "t"), noDeveloper, asAnn},
			refusal{name + ", alone, guest", call(w.guest(), name, "t"), noDeveloper, asAnn},
			refusal{name + ", forged", raw("", provider, user, name, "forged"), notVerified, call("", provider, user, name, user)},
		)
	}
	w.refuses("GetOpenIdTokenForDeveloperIdentity", rows)

	// The operation has no exception for what does not answer.
	w.notary.silent.Store(google)
	const silent = "InternalErrorException: An identity provider did not answer. Please try again."
	w.refuses("GetOpenIdTokenForDeveloperIdentity", []refusal{{"provider is silent", asAnn, silent, call("", provider, "ann")}})
	if _, err := w.tokenBy("", provider, "ann", google, "ann"); !strings.Contains(fmt.Sprint(errors.Unwrap(err)), google) {
		t.Errorf("the log is told %v, which does not name the provider", errors.Unwrap(err))
	}
}

func TestToken_PublicLoginClaims(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.setTags(google, nil, map[string]string{"mail": "email", "TEAM": "group", "several": "groups", "none": "missing"})
	w.setTags(samlARN, new(true), nil)
	out, err := w.GetOpenIdTokenForDeveloperIdentity(t.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: w.pool, PrincipalTags: map[string]string{"team": "backend"},
		Logins: logins(provider, "ann",
			samlARN, w.notary.vouch(samlARN, "s", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "Ann"),
			google, w.notary.vouch(google, "g", "email", "ann@example.com", "group", "mine", "groups", "a", "groups", "b")),
	})
	if err != nil {
		t.Fatal(err)
	}
	claims := w.claims(out.Token)
	wantAMR := []any{"authenticated", provider, provider + ":" + w.pool + ":ann", google, google + ":OIDC:g", samlARN, samlARN + ":OIDC:s"}
	if diff := cmp.Diff(wantAMR, claims["amr"]); diff != "" {
		t.Errorf("amr (-want +got)\n%s", diff)
	}
	wantTags := map[string]any{"principal_tags": map[string]any{
		"team": []any{"backend"}, "mail": []any{"ann@example.com"}, "username": []any{"Ann"},
	}}
	if diff := cmp.Diff(wantTags, claims["https://aws.amazon.com/tags"]); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
}
