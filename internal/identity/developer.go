package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// defaultTokenLife is the life of a developer user's token. Source: service model.
const defaultTokenLife = 15 * time.Minute

// GetOpenIdTokenForDeveloperIdentity returns the identity of a developer user and a
// token for it. The user gets a new identity at first sight, or the identity that
// the call names. Public logins beside it are verified, and belong to the user's identity
// from then on. A token is issued only for what is durably stored.
func (s *Service) GetOpenIdTokenForDeveloperIdentity(ctx context.Context, c Caller, in *api.GetOpenIdTokenForDeveloperIdentityInput) (*api.GetOpenIdTokenForDeveloperIdentityOutput, error) {
	var public []*Verified
	if len(in.Logins) > 1 {
		var err error
		if public, err = s.verifyBeside(ctx, c, in); err != nil {
			return nil, err
		}
	}
	claims := Claims{Audience: in.IdentityPoolId, Lifetime: defaultTokenLife}
	if in.TokenDuration > 0 {
		claims.Lifetime = time.Duration(in.TokenDuration) * time.Second
	}
	l, err := s.settle(ctx, func(tx Tx) (l link, err error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return l, err
		}
		user, err := p.developerLogin(in.Logins)
		if err != nil {
			return l, err
		}
		claims.PoolARN, claims.Algorithm = PoolARN(p.Account, p.ID), p.SigningAlgorithm
		claims.AMR = amr(append([]string{user.Provider, p.amrOf(user)}, amrOf(public)...)...)
		claims.PrincipalTags = p.tagsFrom(public, in.PrincipalTags)
		claims.IssuedAt = tx.Now()
		return s.resolve(tx, p, append([]Login{user}, loginsOf(public)...), in.IdentityId)
	}, func(id string) any { return &api.GetOpenIdTokenForDeveloperIdentityOutput{IdentityId: id} })
	if err != nil {
		return nil, err
	}
	claims.Subject = l.id
	token, err := s.issuer.Issue(ctx, claims)
	if err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	return &api.GetOpenIdTokenForDeveloperIdentityOutput{IdentityId: l.id, Token: token}, nil
}

// verifyBeside verifies the public logins that accompany a developer login.
func (s *Service) verifyBeside(ctx context.Context, c Caller, in *api.GetOpenIdTokenForDeveloperIdentityInput) ([]*Verified, error) {
	p, err := view(ctx, s, func(tx Tx) (*Pool, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err == nil {
			_, err = p.developerLogin(in.Logins)
		}
		return p, err
	})
	if err != nil {
		return nil, err
	}
	logins := maps.Clone(in.Logins)
	delete(logins, p.DeveloperProvider)
	public, err := s.verify(ctx, p, logins)
	var refused *api.Error
	if errors.As(err, &refused) && refused.Code == api.ExternalServiceException {
		// The operation has no such exception. This one is tried again by clients too.
		return nil, api.ProviderSilent.With().Because(err)
	}
	return public, err
}

// LookupDeveloperIdentity returns the developer users of an identity, or the identity
// of a developer user; given both, it confirms that they belong together.
func (s *Service) LookupDeveloperIdentity(ctx context.Context, c Caller, in *api.LookupDeveloperIdentityInput) (*api.LookupDeveloperIdentityOutput, error) {
	list := []string{"LookupDeveloperIdentity", c.Account, in.IdentityPoolId, in.IdentityId, in.DeveloperUserIdentifier}
	after, err := s.openPage(in.NextToken, list...)
	if err != nil {
		return nil, err
	}
	if in.IdentityId == "" && in.DeveloperUserIdentifier == "" {
		return nil, api.LookupNeedsOne.With()
	}
	return view(ctx, s, func(tx Tx) (*api.LookupDeveloperIdentityOutput, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		if p.DeveloperProvider == "" {
			return nil, api.DeveloperProviderNotSupported.With()
		}
		out := &api.LookupDeveloperIdentityOutput{IdentityId: in.IdentityId, DeveloperUserIdentifierList: []string{}}
		if in.DeveloperUserIdentifier == "" {
			i, err := s.identityIn(tx, p, in.IdentityId)
			if err != nil {
				return nil, err
			}
			users, more := page(i.developerUsers(p), after.ID, int(in.MaxResults))
			if more {
				out.NextToken = s.nextPage(Cursor{ID: users[len(users)-1]}, list...)
			}
			out.DeveloperUserIdentifierList = append(out.DeveloperUserIdentifierList, users...)
			return out, nil
		}
		if in.IdentityId != "" {
			if _, err := s.identityIn(tx, p, in.IdentityId); err != nil {
				return nil, err
			}
		}
		out.IdentityId, err = tx.IdentityOfLogin(p.ID, Login{p.DeveloperProvider, in.DeveloperUserIdentifier})
		switch {
		case errors.Is(err, ErrNotFound) && in.IdentityId == "":
			return nil, api.DeveloperUserNotFound.With()
		case errors.Is(err, ErrNotFound), err == nil && in.IdentityId != "" && in.IdentityId != out.IdentityId:
			return nil, api.LookupMismatch.With(in.IdentityId)
		case err != nil:
			return nil, fmt.Errorf("look up developer user: %w", err)
		}
		out.DeveloperUserIdentifierList = append(out.DeveloperUserIdentifierList, in.DeveloperUserIdentifier)
		return out, nil
	})
}

// MergeDeveloperIdentities moves all logins of the source user's identity to the
// destination user's, whose id it returns, and disables the source identity for good.
// Users that share an identity already are merged: the call may be repeated.
func (s *Service) MergeDeveloperIdentities(ctx context.Context, c Caller, in *api.MergeDeveloperIdentitiesInput) (*api.MergeDeveloperIdentitiesOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.MergeDeveloperIdentitiesOutput, error) {
		p, err := s.developerPool(tx, c, in.IdentityPoolId, in.DeveloperProviderName)
		if err != nil {
			return nil, err
		}
		source, err := s.identityOfUser(tx, p, in.SourceUserIdentifier)
		if err != nil {
			return nil, err
		}
		destination, err := s.identityOfUser(tx, p, in.DestinationUserIdentifier)
		if err != nil {
			return nil, err
		}
		if source.ID == destination.ID {
			return &api.MergeDeveloperIdentitiesOutput{IdentityId: destination.ID}, nil
		}
		for _, i := range []*Identity{source, destination} {
			if i.Disabled {
				return nil, api.IdentityForbidden.With(i.ID)
			}
		}
		l, err := join(tx, p, destination, []*Identity{source}, nil)
		if err == nil {
			err = l.store(tx)
		}
		if err != nil {
			return nil, err
		}
		return &api.MergeDeveloperIdentitiesOutput{IdentityId: l.id}, nil
	})
}

// UnlinkDeveloperIdentity takes a developer user from an identity. The user gets a
// new identity when seen again. An identity without its last login stays, inaccessible.
func (s *Service) UnlinkDeveloperIdentity(ctx context.Context, c Caller, in *api.UnlinkDeveloperIdentityInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		p, err := s.developerPool(tx, c, in.IdentityPoolId, in.DeveloperProviderName)
		if err != nil {
			return err
		}
		i, err := s.identityIn(tx, p, in.IdentityId)
		if err != nil {
			return err
		}
		linked, err := s.identityOfUser(tx, p, in.DeveloperUserIdentifier)
		if err != nil {
			return err
		}
		if linked.ID != i.ID {
			return api.LookupMismatch.With(i.ID)
		}
		if i.Disabled {
			return api.IdentityForbidden.With(i.ID)
		}
		i = i.Clone()
		user := Login{p.DeveloperProvider, in.DeveloperUserIdentifier}
		i.Logins = slices.DeleteFunc(i.Logins, func(l Login) bool { return l == user })
		i.Modified = tx.Now()
		if err := tx.UpdateIdentity(i); err != nil {
			return fmt.Errorf("unlink from identity %s: %w", i.ID, err)
		}
		return nil
	})
}

// developerPool returns a pool whose developer provider is provider.
func (s *Service) developerPool(tx Tx, c Caller, id, provider string) (*Pool, error) {
	p, err := s.pool(tx, c, id)
	if err != nil {
		return nil, err
	}
	if p.DeveloperProvider != provider {
		return nil, api.DeveloperProviderNotSupported.With()
	}
	return p, nil
}

// identityOfUser returns the identity of a developer user.
func (s *Service) identityOfUser(tx Tx, p *Pool, user string) (*Identity, error) {
	i, err := tx.IdentityWith(p.ID, Login{p.DeveloperProvider, user})
	if errors.Is(err, ErrNotFound) {
		return nil, api.DeveloperUserNotFound.With()
	}
	if err != nil {
		return nil, fmt.Errorf("look up developer user: %w", err)
	}
	return i, nil
}

// amrOf returns what the amr claim says of a developer user behind the provider's name.
func (p *Pool) amrOf(user Login) string { return user.Provider + ":" + p.ID + ":" + user.Subject }

// developerUsers returns the developer user identifiers of an identity, in byte order.
func (i *Identity) developerUsers(p *Pool) []string {
	var users []string
	for _, l := range i.Logins {
		if l.Provider == p.DeveloperProvider {
			users = append(users, l.Subject)
		}
	}
	slices.Sort(users)
	return users
}

// page returns at most limit of the sorted entries behind after; limit zero means the
// default.
func page(sorted []string, after string, limit int) (entries []string, more bool) {
	if limit == 0 {
		limit = maxPage
	}
	from, found := slices.BinarySearch(sorted, after)
	if found {
		from++
	}
	entries = sorted[from:]
	if len(entries) > limit {
		return entries[:limit], true
	}
	return entries, false
}
