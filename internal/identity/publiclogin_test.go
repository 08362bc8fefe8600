package identity_test

import (
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const (
	google       = "accounts.google.com"
	facebook     = "graph.facebook.com"
	userPool     = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"
	oidcProvider = "token.actions.githubusercontent.com"
	samlARN      = "arn:aws:iam::111122223333:saml-provider/corporate"
	cognito      = "cognito-identity.amazonaws.com"
)

// newPublicPool makes a pool that has a public provider of each kind.
func (w *world) newPublicPool(developerProvider string) string {
	w.Helper()
	p, err := w.CreateIdentityPool(w.Context(), owner, &api.CreateIdentityPoolInput{
		IdentityPoolName: "public", AllowUnauthenticatedIdentities: true, DeveloperProviderName: developerProvider,
		SupportedLoginProviders:   map[string]string{google: "app.apps.googleusercontent.com"},
		CognitoIdentityProviders:  []api.CognitoIdentityProvider{{ProviderName: userPool, ClientId: "7c1example"}},
		OpenIdConnectProviderARNs: []string{"arn:aws:iam::111122223333:oidc-provider/" + oidcProvider},
		SamlProviderARNs:          []string{samlARN},
	})
	if err != nil {
		w.Fatal(err)
	}
	return p.IdentityPoolId
}

const (
	notVerifiable = "NotAuthorizedException: Invalid login token. Tokens of this provider can not be verified by this server."
	cognitoToken  = "NotAuthorizedException: Invalid login token. Can't pass in a Cognito token."
)

// No login of a public provider is taken: its token is not verified, whatever it says.
func TestToken_PublicLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		noDeveloper  = "InvalidParameterException: Please provide a login of the developer provider of this identity pool."
		notSupported = "InvalidParameterException: This identity pool does not support the specified developer provider"
	)
	public := w.newPublicPool(provider)
	ann := must(w.tokenIn(owner, public, "", provider, "ann"))
	guest := must(w.GetId(t.Context(), anonymous, &api.GetIdInput{IdentityPoolId: public})).IdentityId
	call := func(id string, pairs ...string) func() error {
		return func() error { return only(w.tokenIn(owner, public, id, pairs...)) }
	}
	asAnn := call("", provider, "ann")
	rows := []refusal{
		{"provider that the pool has not, alone", call("", facebook, "t"), notSupported, asAnn},
		{"provider that the pool has not, beside", call("", provider, "ann", facebook, "t"), notSupported, asAnn},
		{"user pool that the pool has not, beside", call("", provider, "ann", userPool+"4", "t"), notSupported, asAnn},
		{"SAML provider by name, beside", call("", provider, "ann", "corporate", "t"), notSupported, asAnn},
		{"public provider of another pool, beside", func() error {
			return only(w.tokenIn(owner, w.pool, "", provider, "ann", google, "t"))
		}, notSupported, asAnn},
		{"Cognito token, alone", call("", cognito, "t"), cognitoToken, asAnn},
		{"Cognito token, beside", call("", provider, "ann", cognito, "t"), cognitoToken, asAnn},
		{"Cognito token, identity named", call(ann, provider, "ann", cognito, "t"), cognitoToken, call(ann, provider, "ann")},
		{"known user", call("", provider, "ann", google, "t"), notVerifiable, asAnn},
		{"identity named", call(ann, provider, "ann", google, "t"), notVerifiable, call(ann, provider, "ann")},
		{"guest", call(guest, provider, "new", google, "t"), notVerifiable, call(guest, provider, "new")},
		{"two providers", call("", provider, "ann", google, "t", userPool, "t"), notVerifiable, asAnn},
	}
	for _, name := range []string{google, userPool, oidcProvider, samlARN} {
		user := "user beside " + name
		rows = append(rows,
			refusal{name + ", alone", call("", name, "t"), noDeveloper, asAnn},
			refusal{name + ", alone, guest", call(guest, name, "t"), noDeveloper, asAnn},
			refusal{name + ", beside", call("", provider, user, name, "t"), notVerifiable, call("", provider, user)},
		)
	}
	w.refuses("GetOpenIdTokenForDeveloperIdentity", rows)
}

// A login that is linked opens nothing either: nobody has proved to have it.
func TestGetId_PublicLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		notPublic    = "InvalidParameterException: Please provide a valid public provider"
		notSupported = "NotAuthorizedException: Token is not from a supported provider of this identity pool."
	)
	public, plain := w.newPublicPool(provider), w.newPool(owner, "")
	linked := w.insert(identity.Login{Provider: google, Subject: "t"})
	call := func(pool string, pairs ...string) func() error {
		return func() error {
			return only(w.GetId(t.Context(), anonymous, &api.GetIdInput{IdentityPoolId: pool, Logins: logins(pairs...)}))
		}
	}
	notConfigured := func(pool string) string {
		return "NotAuthorizedException: Identity pool - " + pool + " does not have identity providers configured."
	}
	asGuest := call(public)
	rows := []refusal{
		{"developer provider", call(public, provider, "ann"), notPublic, asGuest},
		{"developer provider, no public one", call(w.pool, provider, "ann"), notPublic, call(w.pool)},
		{"developer provider beside a public one", call(public, provider, "ann", google, "t"), notPublic, asGuest},
		{"pool without providers", call(plain, google, "t"), notConfigured(plain), call(plain)},
		{"pool without public providers", call(w.pool, google, "t"), notConfigured(w.pool), call(w.pool)},
		{"provider that the pool has not", call(public, facebook, "t"), notSupported, asGuest},
		{"developer provider of another pool", call(public, "login.other", "ann"), notSupported, asGuest},
		{"one provider that the pool has, one not", call(public, google, "t", facebook, "t"), notSupported, asGuest},
		{"Cognito token", call(public, cognito, "t"), cognitoToken, asGuest},
		{"Cognito token, pool without providers", call(plain, cognito, "t"), cognitoToken, call(plain)},
	}
	for _, name := range []string{google, userPool, oidcProvider, samlARN} {
		rows = append(rows, refusal{name, call(public, name, "t"), notVerifiable, asGuest})
	}
	w.refuses("GetId", rows)
	if _, err := w.describe(linked); err != nil {
		t.Errorf("identity of the linked login: %v", err)
	}
}
