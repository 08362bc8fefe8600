package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/explain"
)

// tokenLife is the life of a token that GetOpenIdToken returns. Source: service model.
const tokenLife = 10 * time.Minute

// GetId returns the identity of the logins, all of which must verify, and makes it at
// their first sight. Logins of several identities make them one. Without logins, it returns a
// new guest at every call, where the pool allows it.
func (s *Service) GetId(ctx context.Context, c Caller, in *api.GetIdInput) (*api.GetIdOutput, error) {
	if len(in.Logins) == 0 {
		return update(ctx, s, func(tx Tx) (*api.GetIdOutput, error) {
			p, err := s.enterPool(ctx, tx, c, in)
			if err != nil {
				return nil, err
			}
			i := newIdentity(tx, p)
			if err := tx.InsertIdentity(i); err != nil {
				return nil, fmt.Errorf("insert identity: %w", err)
			}
			return &api.GetIdOutput{IdentityId: i.ID}, nil
		})
	}
	resolve, err := s.resolveForID(ctx, c, in)
	if err != nil {
		return nil, err
	}
	l, err := s.settle(ctx, resolve, func(id string) any { return &api.GetIdOutput{IdentityId: id} })
	if err != nil {
		return nil, err
	}
	return &api.GetIdOutput{IdentityId: l.id}, nil
}

// resolveForID verifies the logins of GetId, and returns what decides whose they are.
func (s *Service) resolveForID(ctx context.Context, c Caller, in *api.GetIdInput) (func(Tx) (link, error), error) {
	p, err := view(ctx, s, func(tx Tx) (*Pool, error) { return s.enterPool(ctx, tx, c, in) })
	if err != nil {
		return nil, err
	}
	verified, err := s.verify(ctx, p, in.Logins)
	if err != nil {
		return nil, err
	}
	return func(tx Tx) (link, error) {
		p, err := s.enterPool(ctx, tx, c, in)
		if err != nil {
			return link{}, err
		}
		return s.resolveVerified(ctx, tx, p, verified, "")
	}, nil
}

// enterPool returns the pool of GetId, unless it takes no logins like those of the call, or no
// guests.
func (s *Service) enterPool(ctx context.Context, tx Tx, c Caller, in *api.GetIdInput) (*Pool, error) {
	t := explain.From(ctx)
	t.At("identity pool", "one that there is, in a region that is served")
	t.Found("%s", in.IdentityPoolId)
	p, err := s.publicPool(tx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	audit.On(ctx, PoolARN(p.Account, p.ID))
	if in.AccountId != "" && in.AccountId != p.Account {
		return nil, api.PoolNotFound.With(p.ID)
	}
	if len(in.Logins) == 0 {
		return p, p.checkGuests(t)
	}
	return p, p.checkPublicLogins(t, in.Logins)
}

// checkGuests refuses a call without logins where the pool does.
func (p *Pool) checkGuests(t *explain.Record) error {
	t.At("guests", "the identity pool to allow guests, since the call has no logins")
	if !p.AllowGuests {
		return api.GuestsNotAllowed.With()
	}
	return nil
}

// resolveVerified is resolve for verified logins.
func (s *Service) resolveVerified(ctx context.Context, tx Tx, p *Pool, verified []*Verified, wanted string) (link, error) {
	t := explain.From(ctx)
	t.At("identity", "one that has the logins or can have them linked, and is not disabled")
	l, err := s.resolve(tx, p, loginsOf(verified), wanted)
	switch {
	case err != nil:
	case l.fresh:
		t.Found("none yet: the call would make one")
	case l.identity != nil:
		t.Found("%s, to which the call would link logins", l.id)
	default:
		t.Found("%s", l.id)
	}
	return l, err
}

// publicPool returns a pool for a public operation: of any account, in the region
// that a signed call was signed for, or else in any region served.
func (s *Service) publicPool(tx Tx, c Caller, id string) (*Pool, error) {
	p, err := tx.Pool(id)
	if errors.Is(err, ErrNotFound) || err == nil && !s.isPublicTo(c, id) {
		return nil, api.PoolNotFound.With(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read identity pool %s: %w", id, err)
	}
	return p, nil
}

func (s *Service) isPublicTo(c Caller, id string) bool {
	return s.serves(region(id)) && (c.Region == "" || c.Region == region(id))
}

// publicIdentity returns an identity for a public operation, and its pool.
func (s *Service) publicIdentity(ctx context.Context, tx Tx, c Caller, id string) (*Identity, *Pool, error) {
	t := explain.From(ctx)
	t.At("identity id", "one that there is, in a region that is served")
	t.Found("%s", id)
	i, p, err := withPool(tx, id)
	if errors.Is(err, ErrNotFound) || err == nil && !s.isPublicTo(c, id) {
		return nil, nil, api.IdentityNotFound.With(id)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read identity %s: %w", id, err)
	}
	audit.On(ctx, PoolARN(p.Account, p.ID))
	return i, p, nil
}

// A use is what a public call has proved about an identity, by its id.
type use struct {
	id    string
	pool  *Pool
	guest bool
	// logins are those that the call has proved; empty for guests, and where a token of
	// this service was the proof.
	logins []*Verified
	amr    []string
	tags   map[string]string
	// at is the time of the transaction that found it so.
	at time.Time
}

// use finds out which identity a public call may use that names one, and links logins that
// are new to it. check is asked about the pool before anything else. answer is what the event
// of a change tells; settle has it made.
func (s *Service) use(ctx context.Context, c Caller, id string, logins map[string]api.Secret, check func(*Pool) error, answer func(id string) any, settle settler) (*use, error) {
	t := explain.From(ctx)
	enter := func(tx Tx) (*Identity, *Pool, error) {
		i, p, err := s.publicIdentity(ctx, tx, c, id)
		if err == nil {
			t.At("flow", "one that the identity pool allows")
			err = check(p)
		}
		if err == nil {
			err = p.checkPublicLogins(t, logins)
		}
		if err != nil {
			return nil, nil, err
		}
		t.At("state", "an identity that is not disabled, and a call with logins unless it is a guest's")
		switch {
		case i.Disabled:
			return nil, nil, api.IdentityForbidden.With(i.ID).Because(errDisabled)
		case i.Authenticated && len(logins) == 0:
			return nil, nil, api.IdentityForbidden.With(i.ID).Because(errors.New("the identity is no guest's, and the call has no logins"))
		case len(logins) == 0:
			err = p.checkGuests(t)
		}
		return i, p, err
	}
	u := new(use)
	err := s.store.View(ctx, func(tx Tx) error {
		i, p, err := enter(tx)
		if err == nil {
			*u = use{id: i.ID, pool: p, guest: true, amr: []string{unauthenticated}, at: tx.Now()}
		}
		return err
	})
	if err == nil && u.guest && len(logins) == 0 {
		s.guests.note(u.id, u.at)
	}
	if err != nil || len(logins) == 0 {
		return u, err
	}
	verified, err := s.verify(ctx, u.pool, logins)
	if err != nil {
		return nil, err
	}
	l, err := settle(ctx, func(tx Tx) (link, error) {
		_, p, err := enter(tx)
		if err != nil {
			return link{}, err
		}
		*u = use{pool: p, logins: verified, amr: amr(amrOf(verified)...), tags: p.tagsFrom(verified, nil), at: tx.Now()}
		return s.resolveVerified(ctx, tx, p, verified, id)
	}, answer)
	u.id = l.id
	return u, err
}

// GetOpenIdToken returns a token for an identity: of a guest to whoever knows its id, and
// otherwise against logins, all of which must verify and one of which must be linked to it.
// The others are linked, and where they were linked to another identity, both become
// one, whose id may be the other's.
func (s *Service) GetOpenIdToken(ctx context.Context, c Caller, in *api.GetOpenIdTokenInput) (*api.GetOpenIdTokenOutput, error) {
	u, err := s.useForToken(ctx, c, in, s.settle)
	if err != nil {
		return nil, err
	}
	token, err := s.issuer.Issue(ctx, Claims{
		Subject: u.id, Audience: u.pool.ID, AMR: u.amr, PrincipalTags: u.tags,
		PoolARN: PoolARN(u.pool.Account, u.pool.ID), Algorithm: u.pool.SigningAlgorithm, IssuedAt: u.at, Lifetime: tokenLife,
	})
	if err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	return &api.GetOpenIdTokenOutput{IdentityId: u.id, Token: token}, nil
}

func (s *Service) useForToken(ctx context.Context, c Caller, in *api.GetOpenIdTokenInput, settle settler) (*use, error) {
	return s.use(ctx, c, in.IdentityId, in.Logins, (*Pool).checkClassicFlow,
		func(id string) any { return &api.GetOpenIdTokenOutput{IdentityId: id} }, settle)
}

// checkClassicFlow refuses the basic flow where the pool does: by its setting, or because the
// caller could choose a role other than the one that follows from the login.
func (p *Pool) checkClassicFlow() error {
	switch {
	case p.AllowClassicFlow != nil && !*p.AllowClassicFlow:
		return api.ClassicFlowDisabled.With()
	case len(p.RoleMappings) > 0:
		return api.ClassicFlowWithMappings.With()
	}
	return nil
}

// GetCredentialsForIdentity returns credentials of the role that the pool gives to an
// identity. Logins are as in [Service.GetOpenIdToken]; a developer user shows the
// token that the backend got instead.
func (s *Service) GetCredentialsForIdentity(ctx context.Context, c Caller, in *api.GetCredentialsForIdentityInput) (*api.GetCredentialsForIdentityOutput, error) {
	whom, err := s.useForCredentials(ctx, c, in, s.settle)
	if err != nil {
		return nil, err
	}
	credentials, err := s.credentials.ForIdentity(ctx, *whom)
	if err != nil {
		return nil, fmt.Errorf("credentials of role %s: %w", whom.RoleARN, err)
	}
	return &api.GetCredentialsForIdentityOutput{IdentityId: whom.IdentityID, Credentials: credentials}, nil
}

// useForCredentials returns whom credentials are for.
func (s *Service) useForCredentials(ctx context.Context, c Caller, in *api.GetCredentialsForIdentityInput, settle settler) (*ForIdentity, error) {
	var u *use
	var err error
	if token, ok := in.Logins[cognitoLogin]; ok && len(in.Logins) == 1 {
		u, err = s.useByToken(ctx, c, in.IdentityId, token)
	} else {
		u, err = s.use(ctx, c, in.IdentityId, in.Logins, func(*Pool) error { return nil },
			func(id string) any { return &api.GetCredentialsForIdentityOutput{IdentityId: id} }, settle)
	}
	if err != nil {
		return nil, err
	}
	t := explain.From(ctx)
	t.At("role choice", "a role of the pool's account that the pool gives to the identity, and that the call asks for if it asks for one")
	role, err := u.role(in.CustomRoleArn)
	if err != nil {
		return nil, err
	}
	t.Found("%s", role)
	return &ForIdentity{
		Account: u.pool.Account, RoleARN: role, PoolID: u.pool.ID, IdentityID: u.id, Region: region(u.pool.ID),
		AMR: u.amr, Guest: u.guest, Tags: u.tags, SigningAlgorithm: u.pool.SigningAlgorithm,
	}, nil
}

// useByToken is use with a token of this service, which must be for the identity. What it was
// issued for must still be so: the identity can be used, one of the logins is still
// linked, and the token has not been revoked.
func (s *Service) useByToken(ctx context.Context, c Caller, id string, token api.Secret) (*use, error) {
	t := explain.From(ctx)
	t.About(cognitoLogin)
	t.At("token", "one of this server")
	claims, err := s.tokens.VerifyOwn(ctx, token)
	t.About("")
	if err != nil {
		return nil, fmt.Errorf("verify token: %w", err)
	}
	return view(ctx, s, func(tx Tx) (*use, error) {
		i, p, err := s.publicIdentity(ctx, tx, c, id)
		if err != nil {
			return nil, err
		}
		t.At("state", "an identity that is not disabled and has a login, of which the token tells, and a token that is not revoked")
		switch {
		case i.Disabled:
			return nil, api.IdentityForbidden.With(i.ID).Because(errDisabled)
		case i.inaccessible():
			return nil, api.IdentityForbidden.With(i.ID).Because(errInaccessible)
		case claims.Subject != i.ID || claims.Audience != p.ID:
			return nil, api.LoginsDontMatch.With().Because(errors.New("the token is of another identity"))
		case !slices.Contains(claims.AMR, authenticated):
			return nil, api.LoginsDontMatch.With().Because(errors.New("the token is a guest's"))
		}
		if err := i.Vouches(claims.AMR); err != nil {
			return nil, api.LoginsDontMatch.With().Because(err)
		}
		if err := i.Takes(claims.IssuedAt); err != nil {
			return nil, api.TokenRevoked.With().Because(err)
		}
		return &use{id: i.ID, pool: p, amr: claims.AMR, tags: claims.PrincipalTags, at: tx.Now()}, nil
	})
}

// UnlinkIdentity takes logins from an identity, for whoever proves to have one that is linked
// to it. An identity without its last login stays, inaccessible.
func (s *Service) UnlinkIdentity(ctx context.Context, c Caller, in *api.UnlinkIdentityInput) error {
	enter := func(tx Tx) (*Identity, *Pool, error) {
		i, p, err := s.publicIdentity(ctx, tx, c, in.IdentityId)
		if err == nil {
			err = p.checkPublicLogins(nil, in.Logins)
		}
		if err == nil && (i.Disabled || i.inaccessible() || len(in.Logins) == 0) {
			err = api.IdentityForbidden.With(i.ID)
		}
		return i, p, err
	}
	var p *Pool
	err := s.store.View(ctx, func(tx Tx) (err error) {
		_, p, err = enter(tx)
		return err
	})
	if err != nil {
		return err
	}
	verified, err := s.verify(ctx, p, in.Logins)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		i, p, err := enter(tx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(verified, func(v *Verified) bool { return slices.Contains(i.Logins, v.Login) }) {
			return api.LoginsDontMatch.With()
		}
		i = i.Clone()
		for _, name := range slices.Compact(slices.Sorted(slices.Values(in.LoginsToRemove))) {
			if p.isDeveloper(name) {
				return api.NotAPublicProvider.With()
			}
			of := func(l Login) bool { return l.Provider == name }
			if !slices.ContainsFunc(i.Logins, of) {
				return api.LoginNotLinked.With(i.ID, name)
			}
			i.Logins = slices.DeleteFunc(i.Logins, of)
		}
		if len(in.LoginsToRemove) == 0 {
			return nil
		}
		i.Modified = tx.Now()
		if err := tx.UpdateIdentity(i); err != nil {
			return fmt.Errorf("unlink from identity %s: %w", i.ID, err)
		}
		return nil
	})
}
