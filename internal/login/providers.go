package login

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A Registry knows the identity providers that accounts have registered in IAM. Nothing
// and no error means that there is none of that name.
type Registry interface {
	// TrustedOIDC returns what an account registered of the OpenID Connect provider whose
	// URL is name behind https://.
	TrustedOIDC(ctx context.Context, account, name string) (clientIDs, thumbprints []string, err error)
	// TrustedSAML returns the metadata document of a SAML provider.
	TrustedSAML(ctx context.Context, account, name string) (metadata string, err error)
}

// An Endpoint is where a provider is found when it is not where its name says.
type Endpoint struct {
	// URL replaces https:// and the provider's name, or for Facebook, Login with Amazon,
	// Twitter and Digits what stands before the path. It has no slash at its end.
	URL string
	// Issuer is what tokens and the discovery document have as issuer; empty: what the
	// provider's name says.
	Issuer string
}

// A Fetch is told to [Config].Observe.
type Fetch struct {
	Issuer string
	// Keys is how many keys are in use, and Skipped how many entries of the set were not
	// usable.
	Keys, Skipped int
	// Err is why there are no new keys; nil: there are.
	Err error
}

// SAML says what assertions for this server have in them.
type SAML struct {
	// Recipient is the Recipient of a subject's confirmation, and the Destination of a
	// response. Empty: https://signin.aws.amazon.com/saml.
	Recipient string
	// Audiences are what an audience restriction may name. Empty: Recipient and
	// urn:amazon:webservices.
	Audiences []string
}

// Config is what [Providers] need. Now and Registry are required.
type Config struct {
	Now      func() time.Time
	Registry Registry
	// OwnIssuers are the issuers of tokens of this server, which are no login tokens.
	OwnIssuers []string
	// Endpoints are by provider name, which is a key of Logins, or the host that it begins
	// with: cognito-idp.REGION.amazonaws.com stands for all user pools of the region.
	Endpoints map[string]Endpoint
	// AllowPrivate lets requests go to loopback and private addresses, and by http.
	AllowPrivate bool
	// Proxy is asked instead of providers, and trusted to keep requests away from private
	// addresses; nil: none. The environment is not looked at.
	Proxy *url.URL
	// RootCAs are the authorities to trust; nil: the system's.
	RootCAs *x509.CertPool
	SAML    SAML
	// Observe is told of each fetch of keys; nil: nobody is. It must not block.
	Observe func(Fetch)
	// Verified is told of each login that was verified or refused, and KeyLookup of each
	// lookup of a provider's keys, whether they were at hand; nil: nobody is. They must not
	// block.
	Verified  func(Verification)
	KeyLookup func(atHand bool)
}

// A Verification is told to [Config].Verified.
type Verification struct {
	// Kind is one of [Kinds].
	Kind string
	// Reason is why the login was refused; empty: it was not, or Err is set. Err is why that is
	// not known.
	Reason Reason
	Err    error
	Took   time.Duration
}

// Kinds are the kinds of providers, and none for a name that is no provider of the pool.
var Kinds = []string{"google", "apple", "facebook", "amazon", "twitter", "digits", "user-pool", "oidc", "saml", "none"}

// Providers verify what identity providers issue. They are an [identity.Verifier].
type Providers struct {
	now        func() time.Time
	registry   Registry
	ownIssuers []string
	endpoints  map[string]Endpoint
	saml       SAML
	observe    func(Fetch)
	verified   func(Verification)
	client     *client
	keys       *keyCache
}

// New returns Providers. It does no I/O.
func New(c Config) (*Providers, error) {
	var wrong []error
	if c.Now == nil {
		wrong = append(wrong, errors.New("login: Config.Now is not set"))
	}
	if c.Registry == nil {
		wrong = append(wrong, errors.New("login: Config.Registry is not set"))
	}
	for name, e := range c.Endpoints {
		u, err := checkURL(e.URL, c.AllowPrivate)
		if err == nil && (u.RawQuery != "" || u.ForceQuery || strings.HasSuffix(e.URL, "/")) {
			err = errors.New("URL ends in a query or a slash")
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("login: endpoint of %s: %w", name, err))
		}
	}
	if c.SAML.Recipient == "" {
		c.SAML.Recipient = "https://signin.aws.amazon.com/saml"
	}
	if len(c.SAML.Audiences) == 0 {
		c.SAML.Audiences = []string{c.SAML.Recipient, "urn:amazon:webservices"}
	}
	if _, err := url.Parse(c.SAML.Recipient); err != nil {
		wrong = append(wrong, errors.New("login: SAML recipient is not a URL"))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	p := &Providers{
		now: c.Now, registry: c.Registry, ownIssuers: c.OwnIssuers, endpoints: c.Endpoints,
		saml: c.SAML, observe: c.Observe, verified: c.Verified, client: newClient(c),
	}
	p.keys = &keyCache{fetch: p.fetchKeys, now: c.Now, lookup: c.KeyLookup, entries: map[source]*keyEntry{}}
	return p, nil
}

// endpoint returns where the provider of a URL is found, and what its tokens have as
// issuer.
func (p *Providers) endpoint(of string) (from, issuer string) {
	name := strings.TrimPrefix(of, "https://")
	e, ok := p.endpoints[name]
	if !ok {
		host, path, found := strings.Cut(name, "/")
		if e, ok = p.endpoints[host]; ok && found {
			e.URL += "/" + path
			if e.Issuer != "" {
				e.Issuer += "/" + path
			}
		}
	}
	if !ok {
		return of, of
	}
	if e.Issuer == "" {
		e.Issuer = of
	}
	return e.URL, e.Issuer
}

// Verify implements [identity.Verifier].
func (p *Providers) Verify(ctx context.Context, pool *identity.Pool, provider string, token api.Secret) (*identity.Verified, error) {
	began := p.now()
	v, kind, err := p.verify(ctx, pool, provider, string(token))
	p.tell(kind, err, began)
	if err != nil {
		return nil, inLogins(provider, err)
	}
	v.Provider = provider
	return v, nil
}

// tell tells the observer what came of a verification.
func (p *Providers) tell(kind string, err error, began time.Time) {
	if p.verified == nil {
		return
	}
	v := Verification{Kind: kind, Took: p.now().Sub(began)}
	if refused, ok := errors.AsType[*Refusal](err); ok {
		v.Reason = refused.Reason
	} else {
		v.Err = err
	}
	p.verified(v)
}

// verify picks the one kind of provider that the name stands for in the pool.
func (p *Providers) verify(ctx context.Context, pool *identity.Pool, provider, token string) (v *identity.Verified, kind string, err error) {
	t := explain.From(ctx)
	t.At("token", "at most %d bytes that a provider of the identity pool has issued", maxToken)
	t.Found("%d bytes", len(token))
	if len(token) > maxToken {
		return nil, "none", refuse(Malformed, "longer than %d bytes", maxToken)
	}
	if app, ok := pool.LoginProviders[provider]; ok {
		v, err = p.public(ctx, provider, app, token)
		return v, publicKind(provider), err
	}
	for _, c := range pool.CognitoProviders {
		if c.ProviderName == provider {
			v, err = p.userPool(ctx, pool, provider, token)
			return v, "user-pool", err
		}
	}
	for _, arn := range pool.OpenIDConnectProviders {
		if name, ok := pool.ProviderName("oidc-provider", arn); ok && name == provider {
			v, err = p.registered(ctx, pool.Account, name, arn, token)
			return v, "oidc", err
		}
	}
	if slices.Contains(pool.SAMLProviders, provider) {
		v, err = p.samlLogin(ctx, pool, provider, token)
		return v, "saml", err
	}
	return nil, "none", refuse(NotRegistered, "not a provider of the pool")
}

// publicKind is the one of [Kinds] that a key of SupportedLoginProviders is.
func publicKind(provider string) string {
	switch provider {
	case "accounts.google.com":
		return "google"
	case "appleid.apple.com":
		return "apple"
	case "graph.facebook.com":
		return "facebook"
	case "www.amazon.com":
		return "amazon"
	case "api.twitter.com":
		return "twitter"
	case "www.digits.com":
		return "digits"
	}
	return "none"
}

// public verifies a login of a provider that SupportedLoginProviders can have; app is the
// value there.
func (p *Providers) public(ctx context.Context, provider, app, token string) (*identity.Verified, error) {
	apps := strings.Split(app, ";")
	switch provider {
	case "accounts.google.com":
		// Google's tokens have either (developers.google.com/identity/openid-connect).
		return p.openID(ctx, provider, Issuer{URL: "https://" + provider, Aliases: []string{provider}, ClientIDs: apps}, token)
	case "appleid.apple.com":
		return p.openID(ctx, provider, Issuer{URL: "https://" + provider, ClientIDs: apps}, token)
	case "graph.facebook.com":
		return p.facebook(ctx, provider, apps, token)
	case "www.amazon.com":
		return p.amazon(ctx, provider, apps, token)
	case "api.twitter.com":
		return p.oauth1(ctx, provider, "/1.1/account/verify_credentials.json", app, token)
	case "www.digits.com":
		return p.oauth1(ctx, provider, "/1.1/sdk/account.json", app, token)
	}
	return nil, refuse(NotRegistered, "no such public provider")
}

// openID verifies an ID token of a provider that has no ARN.
func (p *Providers) openID(ctx context.Context, provider string, i Issuer, token string) (*identity.Verified, error) {
	c, err := p.IDToken(ctx, i, token)
	if err != nil {
		return nil, err
	}
	v := c.verified()
	v.AMR = []string{provider, provider + ":OIDC:" + c.Subject}
	return v, nil
}

// registered verifies an ID token of a provider that is registered in IAM.
func (p *Providers) registered(ctx context.Context, account, name, arn, token string) (*identity.Verified, error) {
	t := explain.From(ctx)
	t.At("registration", "OpenID Connect provider %s in IAM", explain.Quote(name))
	clients, thumbprints, err := p.registry.TrustedOIDC(ctx, account, name)
	if err != nil {
		return nil, fmt.Errorf("look up OpenID Connect provider %s: %w", name, err)
	}
	t.Found("%d client ids, %d thumbprints", len(clients), len(thumbprints))
	c, err := p.IDToken(ctx, Issuer{URL: "https://" + name, ClientIDs: clients, Thumbprints: thumbprints}, token)
	if err != nil {
		return nil, err
	}
	v := c.verified()
	v.ProviderARN = arn
	v.AMR = []string{name, arn + ":OIDC:" + c.Subject}
	return v, nil
}

// userPool verifies an ID token of a Cognito user pool. Source: the Cognito developer
// guide, "Verifying JSON web tokens".
func (p *Providers) userPool(ctx context.Context, pool *identity.Pool, provider, token string) (*identity.Verified, error) {
	t := explain.From(ctx)
	t.Plan("token use", "server side check")
	i := Issuer{URL: "https://" + provider}
	checked := map[string]bool{}
	for _, c := range pool.CognitoProviders {
		if c.ProviderName == provider {
			i.ClientIDs = append(i.ClientIDs, c.ClientID)
			checked[c.ClientID] = checked[c.ClientID] || c.ServerSideTokenCheck != nil && *c.ServerSideTokenCheck
		}
	}
	c, err := p.IDToken(ctx, i, token)
	if err != nil {
		return nil, err
	}
	t.At("token use", "token_use id: an ID token of the user pool, no access token")
	if use, _ := c.members.text("token_use"); use != "id" {
		return nil, refuse(WrongType, "token_use %s", explain.Quote(use))
	}
	t.At("server side check", "none: ServerSideTokenCheck of the client not to be set, since a user pool can not be asked about an ID token")
	if checked[c.Audience] {
		// AWS asks the user pool whether the user has signed out everywhere. User pools
		// have no public operation for it that takes an ID token.
		return nil, refuse(NotCheckable, "ServerSideTokenCheck is set for client %s", explain.Quote(c.Audience))
	}
	v := c.verified()
	v.AMR = []string{provider, provider + ":CognitoSignIn:" + c.Subject}
	return v, nil
}

func (c *Claims) verified() *identity.Verified {
	return &identity.Verified{
		Login:    identity.Login{Subject: c.Subject},
		Audience: c.Audience,
		Claims:   c.Values,
		Expires:  c.Expires,
	}
}
