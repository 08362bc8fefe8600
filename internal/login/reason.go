package login

import (
	"errors"
	"fmt"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A Reason is why a token was refused.
type Reason string

// The reasons. Callers word them in their own protocol.
const (
	// Malformed: not a token of the kind at all, or one that no provider may issue.
	Malformed Reason = "malformed token"
	// AlgorithmRefused: signed by an algorithm that is not on the list, or not the provider's.
	AlgorithmRefused Reason = "algorithm refused"
	// WrongType: a token of another kind, such as an access token.
	WrongType Reason = "wrong type of token"
	// OwnToken: issued by this server, where only others' tokens are taken.
	OwnToken Reason = "token of this server"
	// WrongIssuer: issued by another provider than the one named.
	WrongIssuer Reason = "wrong issuer"
	// WrongAudience: made for another application.
	WrongAudience Reason = "wrong audience"
	// MissingClaim and BadClaim: Claim is not there, or can not be what it is.
	MissingClaim Reason = "missing claim"
	BadClaim     Reason = "bad claim"
	// Expired and NotYetValid: the times do not include now.
	Expired     Reason = "expired"
	NotYetValid Reason = "not yet valid"
	// UnknownKey: the provider publishes no such key.
	UnknownKey Reason = "unknown key"
	// BadSignature: the signature is not of the provider's key.
	BadSignature Reason = "bad signature"
	// Unreachable: the provider did not answer, or not with what it must.
	Unreachable Reason = "provider unreachable"
	// WrongCertificate: the provider's TLS certificate is neither of a trusted authority
	// nor of one with a registered thumbprint.
	WrongCertificate Reason = "provider's certificate not trusted"
	// RefusedByProvider: the provider was asked, and does not accept the token.
	RefusedByProvider Reason = "refused by provider"
	// NotRegistered: the account has no such provider.
	NotRegistered Reason = "provider not registered"
	// NotCheckable: the pool asks for a check that can not be made from here.
	NotCheckable Reason = "check not possible"
)

// A Refusal is the error for a token that proves nothing. Its text is for the log: it
// holds no token and no subject.
type Refusal struct {
	Reason Reason
	// Claim is the claim in question; empty: none.
	Claim string
	// Now and Expires are set when the token says when it expires and Reason is Expired.
	Now, Expires time.Time
	// Err says more; may be nil.
	Err error
}

// Error implements error.
func (r *Refusal) Error() string {
	text := string(r.Reason)
	if r.Claim != "" {
		text += " " + r.Claim
	}
	if !r.Expires.IsZero() {
		text += fmt.Sprintf(": %d >= %d", r.Now.Unix(), r.Expires.Unix())
	}
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

// Unwrap returns what says more.
func (r *Refusal) Unwrap() error { return r.Err }

// refuse returns a Refusal; format is as for [fmt.Errorf].
func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// inLogins words a refusal as the identity pool service does. Other errors stay.
// Source: the texts were observed, but for those that the catalogue marks as ours.
func inLogins(provider string, err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	var said *api.Error
	switch r.Reason {
	case OwnToken:
		said = api.CognitoTokenAsLogin.With()
	case WrongIssuer:
		said = api.LoginIssuerMismatch.With()
	case WrongAudience, NotRegistered:
		said = api.ProviderNotSupported.With()
	case MissingClaim:
		said = api.LoginClaimMissing.With(r.Claim)
	case Expired:
		said = api.LoginExpired.With()
		if !r.Expires.IsZero() {
			said = api.LoginTokenExpired.With(r.Now.Unix(), r.Expires.Unix())
		}
	case NotYetValid:
		said = api.LoginNotYetValid.With()
	case AlgorithmRefused, UnknownKey, BadSignature:
		said = api.LoginNotVerified.With()
	case Unreachable, WrongCertificate:
		said = api.ProviderUnreachable.With(provider)
	case RefusedByProvider:
		said = api.LoginRefused.With(provider)
	case NotCheckable:
		said = api.LoginNotVerifiable.With()
	default:
		said = api.LoginNotIDToken.With()
	}
	return said.Because(err)
}
