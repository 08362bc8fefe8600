// Package login is inbound proof: it verifies what identity providers issue (OpenID
// Connect ID tokens, access tokens of social providers, SAML responses) and says who
// logged in. It owns the guarded HTTP client by which it asks providers, and the cache of
// their keys.
//
// Nothing is taken unverified, and nothing is fetched but what an administrator registered
// or configured, or what a document so fetched names. It does not know identities or
// roles, keeps nothing, and does not verify tokens that this server issued: those are
// package token's.
//
// Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7515, 7517, 7518, 7519, 8725;
// SAML 2.0 Core and Profiles; the providers' own documentation, named where it is used.
package login
