package identity

import (
	"context"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// An Issuer signs OpenID Connect tokens.
type Issuer interface {
	// Issue returns a signed token that makes the claims, as a compact JWS. It
	// waits its turn when signatures are queued; when ctx ends first, it fails with
	// the cause of ctx.
	//
	// Call it after the transaction that stored what the claims say has
	// committed, never inside one: nothing may be signed that is not stored.
	//
	// The errors are for the log. A claim that the Issuer refuses (see [Claims])
	// is a fault of the caller.
	Issue(ctx context.Context, c Claims) (api.Secret, error)
	// SignsWith returns the JWS algorithm that Issue would now sign with for claims that ask for
	// one: see [Claims].
	SignsWith(ctx context.Context, algorithm string) (string, error)
	// Prepare says that pools may ask for algorithms that none has asked for before. It
	// returns at once.
	Prepare()
}

// Claims is what a token says. Its issuer belongs to the [Issuer].
//
// All strings are valid UTF-8 and are signed byte for byte.
type Claims struct {
	// Subject (sub) is the identity id and Audience (aud) the identity pool id.
	// Neither is empty.
	Subject, Audience string
	// AMR (amr) says how the identity was authenticated, in order: "authenticated" and
	// the logins used, or "unauthenticated". It is not empty.
	AMR []string
	// PrincipalTags become session tags where the token is exchanged for
	// credentials. Empty: the token has no such claim.
	PrincipalTags map[string]string
	// Algorithm is the JWS algorithm that the pool asks for. It signs once its key has been
	// published for long enough; until then, and where it is empty, the Issuer's own does.
	Algorithm string
	// PoolARN is the ARN of the identity pool. Empty: the token has no such claim.
	PoolARN string
	// IssuedAt (iat) is the time of the transaction before, not in the future;
	// tokens hold whole seconds, and the rest is cut off.
	IssuedAt time.Time
	// Lifetime is the time from iat to exp: whole seconds, at least one, and no
	// more than the Issuer allows.
	Lifetime time.Duration
}
