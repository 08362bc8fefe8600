package server

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// How far a signature's time may be from ours. Source: sibling services; STS observed.
const (
	jsonSkew  = 5 * time.Minute
	querySkew = 15 * time.Minute
)

// globalRegion is for which requests to services without regions are signed.
const globalRegion = "us-east-1"

// Headers by which the operator says what a call is about; both may be left out.
const (
	OperatorAccount = "X-Poolkeeper-Account"
	OperatorRegion  = "X-Poolkeeper-Region"
)

// Operator is the Authenticator and Authorizer for calls that reached the server by a way
// which only the operator has: everybody is the root of an account, and may do everything
// in it. It is that of [OperatorAccount], or else Account, in the region of [OperatorRegion],
// or else Region.
type Operator struct{ Account, Region string }

// Authenticate implements [Authenticator].
func (o Operator) Authenticate(_ context.Context, _ *api.Service, _ *api.Operation, r *sigv4.Request) (api.Caller, error) {
	account := cmp.Or(r.Header.Get(OperatorAccount), o.Account)
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return api.Caller{}, api.NoSuchAccount.With(account)
	}
	c := principal.Root(account)
	c.Region = cmp.Or(r.Header.Get(OperatorRegion), o.Region)
	return c, nil
}

// Authorize implements [Authorizer].
func (o Operator) Authorize(context.Context, api.Caller, *api.Service, *api.Operation, any) error {
	return nil
}

// Signatures is the Authenticator for everybody else: a request is signed with an
// access key, or calls a public operation unsigned. A public operation that is called
// with a signature is refused when the signature does not hold.
type Signatures struct {
	Regions []string
	Keys    AccessKeys
	// Dev is a well-known access key that is taken too; nil: none.
	Dev *DevKey
	Now func() time.Time

	derived sigv4.KeyCache
}

// AccessKeys finds out what access keys stand for. The principal service does.
type AccessKeys interface {
	Credential(ctx context.Context, accessKeyID, sessionToken string, now time.Time) (principal.Credential, error)
}

// A DevKey is an access key of the account's root whose secret everybody knows.
type DevKey struct {
	ID, Account string
	Secret      api.Secret
}

// Authenticate implements [Authenticator].
func (a *Signatures) Authenticate(ctx context.Context, service *api.Service, op *api.Operation, r *sigv4.Request) (api.Caller, error) {
	if op.Public && !sigv4.Present(r) {
		return api.Caller{}, nil
	}
	sig, err := sigv4.Parse(r)
	if err != nil {
		return api.Caller{}, refusal(err)
	}
	policy := sigv4.Policy{Now: a.Now(), Skew: jsonSkew, Service: service.Name, Region: a.serves}
	if service.Protocol == api.Query {
		policy.Skew = querySkew
		policy.Region = func(name string) bool { return name == globalRegion || a.serves(name) }
	}
	if err := sig.Check(policy); err != nil {
		return api.Caller{}, refusal(err)
	}
	key, caller, err := a.key(ctx, sig, policy.Now)
	var unknown *api.Error
	if err != nil && !errors.As(err, &unknown) {
		return api.Caller{}, err
	}
	// An unknown key costs the same work as a known one.
	verified := sig.Verify(key)
	switch {
	case unknown != nil:
		return api.Caller{}, unknown
	case verified != nil:
		return api.Caller{}, refusal(verified)
	}
	caller.AccessKeyID, caller.Region = sig.AccessKeyID, sig.Region
	return caller, nil
}

func (a *Signatures) serves(region string) bool { return slices.Contains(a.Regions, region) }

// key returns the signing key of a signature and whom its access key stands for.
func (a *Signatures) key(ctx context.Context, sig *sigv4.Signature, now time.Time) (key sigv4.Key, caller api.Caller, err error) {
	if a.Dev != nil && sig.AccessKeyID == a.Dev.ID && sig.SessionToken == "" {
		key = sigv4.DeriveKey(string(a.Dev.Secret), sig.Date, sig.Region, sig.Service)
		return key, principal.Root(a.Dev.Account), nil
	}
	c, err := a.Keys.Credential(ctx, sig.AccessKeyID, sig.SessionToken, now)
	if err != nil {
		return key, caller, err
	}
	key, err = a.derived.Key(sig.AccessKeyID, c.Version, sig.Date, sig.Region, sig.Service, func() (string, error) {
		secret, err := c.Secret()
		return string(secret), err
	})
	return key, c.Caller, err
}

// refusal turns an error of sigv4 into the client's.
func refusal(err error) error {
	var e *sigv4.Error
	if errors.As(err, &e) {
		return &api.Error{Code: api.Code(e.Code), Message: e.Message}
	}
	return err
}
