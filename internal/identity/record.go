package identity

import (
	"maps"
	"slices"
	"time"
)

// A Pool is an identity pool.
type Pool struct {
	// ID is REGION:GUID and unique over all accounts. Account has 12 digits.
	ID, Account string
	Name        string
	// AllowGuests: identities without logins can be made and used.
	AllowGuests bool
	// AllowClassicFlow has three states: nil means allowed, and not said.
	AllowClassicFlow *bool
	// DeveloperProvider is the developer provider name; empty: none.
	DeveloperProvider string
	// LoginProviders holds public providers (accounts.google.com …) and the
	// application's identifier with each.
	LoginProviders map[string]string
	// OpenIDConnectProviders and SAMLProviders are ARNs of IAM providers.
	OpenIDConnectProviders []string
	SAMLProviders          []string
	CognitoProviders       []CognitoProvider
	// AuthenticatedRole and GuestRole are the ARNs of the roles that identities get unless
	// RoleMappings says otherwise; empty: none.
	AuthenticatedRole, GuestRole string
	// RoleMappings say how a role follows from a login, by provider: a name, an ARN,
	// or a user pool with a client, as in PROVIDER:CLIENT.
	RoleMappings map[string]RoleMapping
	// TagMaps say which claims of a login become principal tags, by provider: a name
	// or an ARN.
	TagMaps map[string]TagMap
	// SigningAlgorithm is the JWS algorithm that the pool's tokens are to be signed with;
	// empty: the service's own.
	SigningAlgorithm string
	Tags             map[string]string
	// Created and Modified are UTC in whole milliseconds.
	Created, Modified time.Time
}

// A CognitoProvider is a user pool client whose tokens an identity pool takes.
type CognitoProvider struct {
	ProviderName, ClientID string
	ServerSideTokenCheck   *bool
}

// A RoleMapping says how a role follows from a login.
type RoleMapping struct {
	// ByToken: the login says it, in claims that user pools make. Otherwise the first rule
	// that matches does.
	ByToken bool
	// Deny: where no role follows, credentials are refused. Otherwise the identity gets
	// the pool's role for those that are authenticated.
	Deny  bool
	Rules []MappingRule
}

// A MappingRule gives a role for a claim. Match is Equals, Contains, StartsWith or
// NotEqual.
type MappingRule struct {
	Claim, Match, Value, RoleARN string
}

// A TagMap says which claims become principal tags: those of the provider's default
// mapping, or the values of Tags, by tag key.
type TagMap struct {
	Defaults bool
	Tags     map[string]string
}

// Clone returns a deep copy.
func (p *Pool) Clone() *Pool {
	c := *p
	c.LoginProviders = maps.Clone(p.LoginProviders)
	c.OpenIDConnectProviders = slices.Clone(p.OpenIDConnectProviders)
	c.SAMLProviders = slices.Clone(p.SAMLProviders)
	c.CognitoProviders = slices.Clone(p.CognitoProviders)
	c.RoleMappings = maps.Clone(p.RoleMappings)
	for key, m := range c.RoleMappings {
		m.Rules = slices.Clone(m.Rules)
		c.RoleMappings[key] = m
	}
	c.TagMaps = maps.Clone(p.TagMaps)
	for key, m := range c.TagMaps {
		m.Tags = maps.Clone(m.Tags)
		c.TagMaps[key] = m
	}
	c.Tags = maps.Clone(p.Tags)
	return &c
}

// An Identity is a person or device known to one identity pool.
type Identity struct {
	// ID is REGION:GUID and unique over all pools.
	ID, PoolID string
	// Authenticated: a login was linked at some time. It never becomes false again.
	Authenticated bool
	// Disabled: the identity can not be used. Its logins stay linked, so that they lead
	// nowhere else. Merged: it was merged into another, is disabled for good, and has no
	// logins.
	Disabled, Merged bool
	// Logins are the linked logins, oldest first. An authenticated identity
	// without any is inaccessible.
	Logins []Login
	// RevokedBefore refuses tokens and sessions that were issued before it. Zero: none
	// were revoked.
	RevokedBefore time.Time
	// Created and Modified are UTC in whole milliseconds.
	Created, Modified time.Time
}

// Clone returns a deep copy.
func (i *Identity) Clone() *Identity {
	c := *i
	c.Logins = slices.Clone(i.Logins)
	return &c
}

// A Login is what an identity provider calls a user: for the developer
// provider, Subject is the developer user identifier. Both are opaque
// bytes in UTF-8 without NUL, compared byte by byte.
type Login struct {
	Provider, Subject string
}

// A SigningKey signs tokens from Activates on, until the next key
// of its line activates, and stays published until Expires. The service's own keys are one
// line, and those for pools one for each algorithm.
type SigningKey struct {
	// Number counts from 1 and is never used again.
	Number int
	// KeyID is the kid of tokens. Algorithm is the JWS name, fixed for the key.
	KeyID, Algorithm string
	// ForPools: it signs for the pools that ask for its algorithm. Otherwise it is one of the
	// service's own.
	ForPools bool
	// Private is the private key (PKCS #8), sealed; the key id is bound to it. It is
	// empty once the key has expired.
	Private []byte
	// Public is the public key (PKIX, DER).
	Public []byte
	// Created and Activates are when the key was published and when it may
	// first sign. Expires is when its last token has expired; zero while no
	// later key is set to replace it, and for pools, while any asks for its algorithm.
	Created, Activates, Expires time.Time
}
