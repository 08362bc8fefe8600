package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// clockSkew is how far a signature's time may be from ours. Source: sibling services.
const clockSkew = 5 * time.Minute

// Operator is the Authenticator for callers that reached the server by a way only the
// operator has: everybody is the caller it holds.
type Operator identity.Caller

// Authenticate implements [Authenticator].
func (o Operator) Authenticate(context.Context, *api.Operation, *sigv4.Request) (identity.Caller, error) {
	return identity.Caller(o), nil
}

// Signatures is the Authenticator for everybody else: a request is signed with an
// access key, or calls a public operation unsigned. A public operation that is called
// with a signature is refused when the signature does not hold.
type Signatures struct {
	// Service is the signing name.
	Service string
	Regions []string
	Keys    AccessKeys
	// Dev is a well-known access key that is taken too; nil: none.
	Dev *DevKey
	Now func() time.Time

	derived sigv4.KeyCache
}

// AccessKeys finds access keys. The identity service does.
type AccessKeys interface {
	AccessKey(ctx context.Context, id string) (*identity.AccessKey, error)
	OpenSecret(*identity.AccessKey) (api.Secret, error)
}

// A DevKey is an access key whose secret everybody knows.
type DevKey struct {
	ID, Account string
	Secret      api.Secret
}

// Authenticate implements [Authenticator].
func (a *Signatures) Authenticate(ctx context.Context, op *api.Operation, r *sigv4.Request) (identity.Caller, error) {
	if op.Public && !sigv4.Present(r) {
		return identity.Caller{}, nil
	}
	sig, err := sigv4.Parse(r)
	if err != nil {
		return identity.Caller{}, refusal(err)
	}
	err = sig.Check(sigv4.Policy{
		Now: a.Now(), Skew: clockSkew, Service: a.Service,
		Region: func(name string) bool { return slices.Contains(a.Regions, name) },
	})
	if err != nil {
		return identity.Caller{}, refusal(err)
	}
	key, account, err := a.key(ctx, sig)
	known := err == nil
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return identity.Caller{}, err
	}
	// An unknown key costs the same work as a known one, with a key that nobody has.
	verified := sig.Verify(key)
	switch {
	case !known:
		return identity.Caller{}, api.UnrecognizedKey.With()
	case verified != nil:
		return identity.Caller{}, refusal(verified)
	case sig.SessionToken != "":
		// A long-term key has no session, and there are no others.
		return identity.Caller{}, api.UnrecognizedSession.With()
	}
	return identity.Caller{Account: account, Principal: identity.RootARN(account), AccessKeyID: sig.AccessKeyID, Region: sig.Region}, nil
}

// key returns the signing key of a signature and the account of its access key.
func (a *Signatures) key(ctx context.Context, sig *sigv4.Signature) (key sigv4.Key, account string, err error) {
	if a.Dev != nil && sig.AccessKeyID == a.Dev.ID {
		key = sigv4.DeriveKey(string(a.Dev.Secret), sig.Date, sig.Region, sig.Service)
		return key, a.Dev.Account, nil
	}
	k, err := a.Keys.AccessKey(ctx, sig.AccessKeyID)
	if err != nil {
		return key, "", fmt.Errorf("read access key: %w", err)
	}
	// The sealed secret is the version: a key made anew has another.
	key, err = a.derived.Key(k.ID, string(k.Secret), sig.Date, sig.Region, sig.Service, func() (string, error) {
		secret, err := a.Keys.OpenSecret(k)
		return string(secret), err
	})
	return key, k.Account, err
}

// refusal turns an error of sigv4 into the client's.
func refusal(err error) error {
	var e *sigv4.Error
	if errors.As(err, &e) {
		return &api.Error{Code: api.Code(e.Code), Message: e.Message}
	}
	return err
}
