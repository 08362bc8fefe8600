package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// Limits of the service; source: the published service model and quotas.
const (
	// MaxLogins is how many logins an identity may have.
	MaxLogins = 20
	// MaxTags is how many tags a resource may have.
	MaxTags = 50
	// maxPage is the page length where a call may leave it out and does.
	maxPage = 60
)

// A Caller is who calls an operation.
type Caller = api.Caller

// Config is what a [Service] needs. The fields up to NewGUID are required.
type Config struct {
	Store  Store
	Issuer Issuer
	// Seal seals the page tokens.
	Seal *seal.Key
	// Regions are the names of the regions served.
	Regions []string
	// NewGUID returns a fresh random UUID in canonical form, for a pool.
	NewGUID func() string
	// Logins verifies public logins. Nil: each is refused.
	Logins Verifier
	// Tokens verifies tokens of this service. Nil: each is refused.
	Tokens TokenVerifier
	// Credentials hands out credentials. Nil: no pool can give any.
	Credentials CredentialIssuer
	// Roles tells of roles. Nil: no pool can be given one.
	Roles Roles
	// RefuseUnsafeTrust refuses to give a pool a role that [Roles] warns of. Otherwise
	// Warn, unless nil, is told the warning.
	RefuseUnsafeTrust bool
	Warn              func(ctx context.Context, warning string)
	// Guests remembers which guests are used. Nil: that is not kept.
	Guests *Guests
}

// A Service serves the operations: one method each, of the same name.
//
// Every method returns an error that is, or wraps, either an [*api.Error] with a
// code of the operation's list, or something internal that the client must not see.
type Service struct {
	store             Store
	issuer            Issuer
	pages             *seal.Key
	regions           []string
	newGUID           func() string
	logins            Verifier
	tokens            TokenVerifier
	credentials       CredentialIssuer
	roles             Roles
	refuseUnsafeTrust bool
	warn              func(context.Context, string)
	guests            *Guests
}

// New returns a Service. It does no I/O.
func New(c Config) (*Service, error) {
	var missing []error
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Store", c.Store != nil},
		{"Issuer", c.Issuer != nil},
		{"Seal", c.Seal != nil},
		{"Regions", len(c.Regions) > 0},
		{"NewGUID", c.NewGUID != nil},
	} {
		if !f.set {
			missing = append(missing, fmt.Errorf("identity: Config.%s is not set", f.name))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	s := &Service{
		store:             c.Store,
		issuer:            c.Issuer,
		pages:             c.Seal.Derive("page-token"),
		regions:           slices.Clone(c.Regions),
		newGUID:           c.NewGUID,
		logins:            c.Logins,
		tokens:            c.Tokens,
		credentials:       c.Credentials,
		roles:             c.Roles,
		refuseUnsafeTrust: c.RefuseUnsafeTrust,
		warn:              c.Warn,
		guests:            c.Guests,
	}
	if s.logins == nil {
		s.logins = absent{}
	}
	if s.tokens == nil {
		s.tokens = absent{}
	}
	if s.credentials == nil {
		s.credentials = absent{}
	}
	if s.roles == nil {
		s.roles = absent{}
	}
	if s.warn == nil {
		s.warn = func(context.Context, string) {}
	}
	return s, nil
}

// pool returns the pool if the caller may know of it. Anything else is not found, so
// that an answer does not tell whether somebody else's pool exists.
func (s *Service) pool(tx Tx, c Caller, id string) (*Pool, error) {
	p, err := tx.Pool(id)
	if errors.Is(err, ErrNotFound) || err == nil && !p.within(c) {
		return nil, api.PoolNotFound.With(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read identity pool %s: %w", id, err)
	}
	return p, nil
}

// within reports whether the pool is of the caller's account and region.
func (p *Pool) within(c Caller) bool { return p.Account == c.Account && region(p.ID) == c.Region }

// identityIn returns an identity of the pool. One of another pool is not found.
func (s *Service) identityIn(tx Tx, p *Pool, id string) (*Identity, error) {
	i, err := tx.Identity(id)
	if errors.Is(err, ErrNotFound) || err == nil && i.PoolID != p.ID {
		return nil, api.IdentityNotFound.With(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read identity %s: %w", id, err)
	}
	return i, nil
}

// identityOf returns an identity of any pool that the caller may know of.
func (s *Service) identityOf(tx Tx, c Caller, id string) (*Identity, error) {
	i, p, err := withPool(tx, id)
	if errors.Is(err, ErrNotFound) || err == nil && !p.within(c) {
		return nil, api.IdentityNotFound.With(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read identity %s: %w", id, err)
	}
	return i, nil
}

// withPool returns the identity with the id, and its pool: [ErrNotFound].
func withPool(tx Tx, id string) (*Identity, *Pool, error) {
	i, err := tx.Identity(id)
	if err != nil {
		return nil, nil, err
	}
	p, err := tx.Pool(i.PoolID)
	return i, p, err
}

// newIdentity returns an identity that is not stored yet, and gets its id then.
func newIdentity(tx Tx, p *Pool, logins ...Login) *Identity {
	now := tx.Now()
	return &Identity{
		PoolID:        p.ID,
		Authenticated: len(logins) > 0,
		Logins:        logins,
		Created:       now,
		Modified:      now,
	}
}

// ListRegions returns the regions that are served.
func (s *Service) ListRegions(context.Context, Caller, *api.ListRegionsInput) (*api.ListRegionsOutput, error) {
	return &api.ListRegionsOutput{Regions: slices.Clone(s.regions)}, nil
}

func (s *Service) serves(region string) bool { return slices.Contains(s.regions, region) }

// view runs f in a View and returns what its last run returned.
func view[T any](ctx context.Context, s *Service, f func(Tx) (T, error)) (out T, err error) {
	err = s.store.View(ctx, func(tx Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

// update runs f in an Update and returns what its last run returned: the operation's output,
// which is what the event of the change tells.
func update[T any](ctx context.Context, s *Service, f func(Tx) (*T, error)) (out *T, err error) {
	err = s.store.Update(ctx, func(tx Tx) (err error) {
		if out, err = f(tx); err == nil {
			audit.Answer(ctx, out)
		}
		return err
	})
	return out, err
}
