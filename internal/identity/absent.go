package identity

import (
	"context"
	"errors"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// absent stands for what a [Config] leaves out. It refuses whatever it is asked.
type absent struct{}

var errAbsent = errors.New("not configured")

// Verify implements [Verifier].
func (absent) Verify(context.Context, *Pool, string, api.Secret) (*Verified, error) {
	return nil, api.LoginNotVerifiable.With()
}

// VerifyOwn implements [TokenVerifier].
func (absent) VerifyOwn(context.Context, api.Secret) (*OwnClaims, error) {
	return nil, api.LoginNotVerifiable.With()
}

// ForIdentity implements [CredentialIssuer].
func (absent) ForIdentity(context.Context, ForIdentity) (*api.Credentials, error) {
	return nil, api.PoolMisconfigured.With().Because(errAbsent)
}

// MayHave implements [CredentialIssuer].
func (absent) MayHave(context.Context, ForIdentity) error {
	return api.PoolMisconfigured.With().Because(errAbsent)
}

// MayPass implements [Roles].
func (absent) MayPass(_ context.Context, _ Caller, roleARN string) error {
	return api.RoleForbidden.With(roleARN).Because(errAbsent)
}

// TrustsPool implements [Roles].
func (absent) TrustsPool(context.Context, string, string, string) (string, error) {
	return "", errAbsent
}
