package identity

import (
	"context"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A CredentialIssuer hands out temporary credentials of the roles that identity pools give
// to their identities.
type CredentialIssuer interface {
	// ForIdentity returns credentials of a session of the role, as the exchange of a web
	// identity token that says the same would: the trust policy of the role decides.
	// Who the identity is has been verified; the credentials are for it alone, an hour at
	// most, and those of a guest are scoped down further. Call it outside transactions.
	//
	// It fails with an [*api.Error] that carries the reason for the log: [api.PoolMisconfigured]
	// when the role does not exist, does not trust the pool, or can not be used in
	// another way, and [api.ExternalFailure] when somebody else's service did not answer.
	// Any other error is internal, or the end of ctx.
	ForIdentity(ctx context.Context, f ForIdentity) (*api.Credentials, error)
	// MayHave decides as ForIdentity does whether there would be credentials, and issues
	// none. What another service would say it does not ask.
	MayHave(ctx context.Context, f ForIdentity) error
}

// ForIdentity is whom credentials are for.
type ForIdentity struct {
	// Account is that of the pool and, unless the pool is misconfigured, of the role.
	Account, RoleARN   string
	PoolID, IdentityID string
	// Region is that of the pool.
	Region string
	// AMR is as in [Claims]. Guest: the identity has never had a login.
	AMR   []string
	Guest bool
	// Tags are principal tags. They become session tags.
	Tags map[string]string
	// SigningAlgorithm is that of the pool, for a token that is shown to others.
	SigningAlgorithm string
}

// A TokenVerifier verifies the tokens that this service has issued.
type TokenVerifier interface {
	// VerifyOwn returns what a token says that an [Issuer] of this service has signed and
	// that has not expired. It never trusts what the token says of its own key.
	//
	// It fails with an [*api.Error], NotAuthorizedException, that says to the client what
	// AWS says and carries the reason for the log. Any other error is internal, or the
	// end of ctx.
	VerifyOwn(ctx context.Context, token api.Secret) (*OwnClaims, error)
}

// OwnClaims is what a token of this service says. See [Claims].
type OwnClaims struct {
	Subject, Audience string
	AMR               []string
	PrincipalTags     map[string]string
	IssuedAt, Expires time.Time
}

// Roles is what an identity pool asks of who keeps users and roles.
type Roles interface {
	// MayPass tells whether the caller may pass the role, for which policies have the
	// action iam:PassRole: nil when it is so. Otherwise it fails with [api.RoleForbidden].
	// Any other error is internal.
	MayPass(ctx context.Context, c Caller, roleARN string) error
	// TrustsPool returns a sentence for people about what is wrong with how the role trusts
	// the pool, and nothing when all is well: foremost that its trust policy does
	// not ask for an audience, so that any identity pool anywhere could take it. There is no such
	// sentence for a role that does not exist.
	TrustsPool(ctx context.Context, account, roleARN, poolID string) (warning string, err error)
}
