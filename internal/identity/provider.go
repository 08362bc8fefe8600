package identity

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
)

// cognitoLogin is the Logins key under which this service's own tokens go.
const cognitoLogin = "cognito-identity.amazonaws.com"

// developerUser is what a developer user identifier may be, in every member that is meant for
// one. A value of Logins may be longer, since it may be a token.
var developerUser = api.CognitoIdentity.Operation("LookupDeveloperIdentity").Input.Member("DeveloperUserIdentifier").Shape

// publicProviders are the keys that SupportedLoginProviders may have.
// Source: the service model's documentation of CreateIdentityPool.
var publicProviders = []string{
	"accounts.google.com", "api.twitter.com", "appleid.apple.com",
	"graph.facebook.com", "www.amazon.com", "www.digits.com",
}

// userPoolProvider is the form of CognitoIdentityProviders[].ProviderName. It is compiled
// when a pool has one: every start of the program would wait for it.
var userPoolProvider = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\Acognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[\w-]+_[0-9a-zA-Z]+\z`)
})

// checkProviders tells what of a pool's providers can not be: of several, the same at
// each call.
func (p *Pool) checkProviders() error {
	// A token must never say of a developer user what it says of a verified public login.
	if name := p.DeveloperProvider; name == cognitoLogin || slices.Contains(publicProviders, name) || strings.HasPrefix(name, "cognito-idp.") ||
		name != "" && p.hasPublicProvider(name) {
		return api.ReservedDeveloperProvider.With(name)
	}
	for _, name := range sortedKeys(p.LoginProviders) {
		if !slices.Contains(publicProviders, name) {
			return api.InvalidLoginProvider.With(name)
		}
	}
	for _, c := range p.CognitoProviders {
		if !userPoolProvider().MatchString(c.ProviderName) || c.ClientID == "" {
			return api.InvalidCognitoProvider.With()
		}
	}
	for _, of := range []struct {
		kind string
		arns []string
	}{{"oidc-provider", p.OpenIDConnectProviders}, {"saml-provider", p.SAMLProviders}} {
		for _, arn := range of.arns {
			if _, ok := providerOfARN(p.Account, of.kind, arn); !ok {
				return api.InvalidARN.With(arn)
			}
		}
	}
	return nil
}

// hasPublicProviders reports whether any provider but the developer provider is set.
func (p *Pool) hasPublicProviders() bool {
	return len(p.LoginProviders)+len(p.CognitoProviders)+len(p.OpenIDConnectProviders)+len(p.SAMLProviders) > 0
}

// hasPublicProvider reports whether name, a key of Logins, is a public provider of
// the pool.
func (p *Pool) hasPublicProvider(name string) bool {
	if _, ok := p.LoginProviders[name]; ok {
		return true
	}
	for _, c := range p.CognitoProviders {
		if c.ProviderName == name {
			return true
		}
	}
	for _, arn := range p.OpenIDConnectProviders {
		if n, _ := providerOfARN(p.Account, "oidc-provider", arn); n == name {
			return true
		}
	}
	return slices.Contains(p.SAMLProviders, name)
}

// checkPublicLogins tells why logins given to a public operation are refused unseen.
func (p *Pool) checkPublicLogins(t *explain.Record, logins map[string]api.Secret) error {
	defer t.About("")
	for _, name := range sortedKeys(logins) {
		t.About(name)
		t.At("provider", "a public provider of the identity pool")
		t.Found("%s", explain.Quote(name))
		switch {
		case name == cognitoLogin:
			return api.CognitoTokenAsLogin.With()
		case p.isDeveloper(name):
			return api.NotAPublicProvider.With()
		case !p.hasPublicProviders():
			return api.NoProvidersConfigured.With(p.ID)
		case !p.hasPublicProvider(name):
			return api.ProviderNotSupported.With()
		}
	}
	return nil
}

// developerLogin picks the developer user out of Logins, and refuses those that are neither
// that nor of a public provider of the pool.
func (p *Pool) developerLogin(logins map[string]api.Secret) (Login, error) {
	for _, name := range sortedKeys(logins) {
		switch {
		case p.isDeveloper(name), p.hasPublicProvider(name):
		case name == cognitoLogin:
			return Login{}, api.CognitoTokenAsLogin.With()
		default:
			return Login{}, api.DeveloperProviderNotSupported.With()
		}
	}
	user, ok := logins[p.DeveloperProvider]
	switch {
	case !ok || p.DeveloperProvider == "":
		return Login{}, api.DeveloperProviderMissing.With()
	case int64(api.Length(string(user))) > developerUser.Max:
		return Login{}, api.DeveloperUserTooLong.With(developerUser.Max)
	}
	return Login{Provider: p.DeveloperProvider, Subject: string(user)}, nil
}
