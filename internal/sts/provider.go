package sts

import (
	"context"
	"fmt"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// Providers verifies ID tokens of OpenID Connect providers.
type Providers interface {
	// IDToken verifies a token of the provider, which an account has registered. The token's
	// audience must be one of the client ids. It may wait for the provider's answer.
	//
	// It fails with a [*Refusal] when the token proves nothing. Any other error is internal,
	// or the end of ctx.
	IDToken(ctx context.Context, p *principal.OIDCProvider, token api.Secret) (*IDToken, error)
}

// An IDToken is what a verified ID token says.
type IDToken struct {
	Subject string
	// Audience is the registered client id that aud holds. AuthorizedParty is azp; empty: the
	// token has none.
	Audience, AuthorizedParty string
	// Payload is all that was signed, a JSON object.
	Payload []byte
}

// A Refusal is the error for an ID token that proves nothing.
type Refusal struct {
	Reason Reason
	// Now and Expires are set where the Reason is Expired.
	Now, Expires time.Time
	// Err says more, for the log; may be nil.
	Err error
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Err == nil {
		return string(r.Reason)
	}
	return fmt.Sprintf("%s: %v", r.Reason, r.Err)
}

// Unwrap returns what says more.
func (r *Refusal) Unwrap() error { return r.Err }

// A Reason is why a token was refused, in the words of package login.
type Reason string

// The reasons that clients are told. Of any other they learn that the token is no ID token.
const (
	AlgorithmRefused  Reason = "algorithm refused"
	BadSignature      Reason = "bad signature"
	Expired           Reason = "expired"
	NotYetValid       Reason = "not yet valid"
	RefusedByProvider Reason = "refused by provider"
	UnknownKey        Reason = "unknown key"
	Unreachable       Reason = "provider unreachable"
	WrongAudience     Reason = "wrong audience"
	WrongCertificate  Reason = "provider's certificate not trusted"
)

// worded is the refusal as STS puts it.
func (r *Refusal) worded() *api.Error {
	var said *api.Error
	switch r.Reason {
	case AlgorithmRefused, BadSignature:
		said = api.IDTokenNotVerified.With()
	case Expired:
		said = api.IDTokenExpired.With(r.Now.Unix(), r.Expires.Unix())
	case NotYetValid:
		said = api.IDTokenNotYetValid.With()
	case RefusedByProvider:
		said = api.IdentityProviderRejected.With()
	case UnknownKey:
		said = api.KeyNotRetrieved.With()
	case Unreachable:
		said = api.IdentityProviderSilent.With()
	case WrongAudience:
		said = api.IncorrectAudience.With()
	case WrongCertificate:
		said = api.ThumbprintMismatch.With()
	default:
		said = api.NotAnIDToken.With()
	}
	return said.Because(r)
}
