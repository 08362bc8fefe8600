package identity

import (
	"context"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A Verifier verifies what a client presents as proof of a public login.
type Verifier interface {
	// Verify verifies one entry of Logins against exactly the provider that is its key,
	// which must be one that the pool has. It may wait for the provider's answer: call it
	// outside transactions.
	//
	// It fails with an [*api.Error] that says to the client what AWS says and carries the
	// reason for the log: NotAuthorizedException when the token proves nothing, and
	// ExternalServiceException when the provider did not answer. Any other error is
	// internal, or the end of ctx.
	Verify(ctx context.Context, p *Pool, provider string, token api.Secret) (*Verified, error)
}

// Verified is a login that its provider has vouched for.
type Verified struct {
	// Login is the key of Logins and what the provider calls the user, byte for byte.
	Login
	// AMR is what the amr claim of a token says of the login, behind "authenticated": the
	// provider, and PROVIDER:KIND:USER, where the provider may be its ARN.
	AMR []string
	// ProviderARN is that of the IAM provider; empty for other kinds.
	ProviderARN string
	// Audience is the application that the login was made for, as the pool or the IAM
	// provider names it.
	Audience string
	// Claims are for role mappings and principal tags.
	Claims LoginClaims
	// Expires is until when the provider vouches; zero: it did not say.
	Expires time.Time
}

// LoginClaims holds what a provider says of a user, by name: strings, and numbers and
// booleans as JSON writes them; a list of them has several. Anything else is left out.
type LoginClaims map[string][]string

// ProviderName returns the name of an IAM provider of the given kind (oidc-provider or
// saml-provider), if arn is one of the pool's account.
func (p *Pool) ProviderName(kind, arn string) (name string, ok bool) {
	return providerOfARN(p.Account, kind, arn)
}
