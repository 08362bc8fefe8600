package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// EnsureDeveloperIdentity returns the identity of a developer user, who gets a new one at
// first sight. That it is disabled does not matter.
func (s *Service) EnsureDeveloperIdentity(ctx context.Context, c Caller, in *api.EnsureDeveloperIdentityInput) (*api.EnsureDeveloperIdentityOutput, error) {
	l, err := s.settle(ctx, func(tx Tx) (link, error) {
		p, err := s.poolOfUsers(tx, c, in.IdentityPoolId)
		if err != nil {
			return link{}, err
		}
		user := Login{p.DeveloperProvider, in.DeveloperUserIdentifier}
		id, err := tx.IdentityOfLogin(p.ID, user)
		switch {
		case errors.Is(err, ErrNotFound):
			return link{identity: newIdentity(tx, p, user), fresh: true}, nil
		case err != nil:
			return link{}, fmt.Errorf("look up developer user: %w", err)
		}
		return link{id: id}, nil
	}, func(id string) any { return &api.EnsureDeveloperIdentityOutput{IdentityId: id, Created: new(true)} })
	if err != nil {
		return nil, err
	}
	return &api.EnsureDeveloperIdentityOutput{IdentityId: l.id, Created: &l.fresh}, nil
}

// SearchDeveloperIdentities returns the developer users of a pool whose identifiers begin with
// a prefix, in byte order.
func (s *Service) SearchDeveloperIdentities(ctx context.Context, c Caller, in *api.SearchDeveloperIdentitiesInput) (*api.SearchDeveloperIdentitiesOutput, error) {
	list := []string{"SearchDeveloperIdentities", c.Account, in.IdentityPoolId, in.Prefix}
	after, err := s.openPage(in.NextToken, list...)
	if err != nil {
		return nil, err
	}
	limit := int(in.MaxResults)
	if limit == 0 {
		limit = maxPage
	}
	return view(ctx, s, func(tx Tx) (*api.SearchDeveloperIdentitiesOutput, error) {
		p, err := s.poolOfUsers(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		found, err := tx.LoginsOf(p.ID, p.DeveloperProvider, in.Prefix, after.ID, limit+1)
		if err != nil {
			return nil, fmt.Errorf("search developer users of %s: %w", p.ID, err)
		}
		out := &api.SearchDeveloperIdentitiesOutput{DeveloperIdentities: []api.DeveloperIdentity{}}
		if len(found) > limit {
			found = found[:limit]
			out.NextToken = s.nextPage(Cursor{ID: found[limit-1].Subject}, list...)
		}
		for _, l := range found {
			out.DeveloperIdentities = append(out.DeveloperIdentities, api.DeveloperIdentity{
				DeveloperUserIdentifier: l.Subject, IdentityId: l.IdentityID, Status: status(l.Disabled, false),
			})
		}
		return out, nil
	})
}

// GetIdentityStatus returns what an administrator may know of an identity.
func (s *Service) GetIdentityStatus(ctx context.Context, c Caller, in *api.GetIdentityStatusInput) (*api.GetIdentityStatusOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetIdentityStatusOutput, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		i, err := s.identityIn(tx, p, in.IdentityId)
		if err != nil {
			return nil, err
		}
		return &api.GetIdentityStatusOutput{
			IdentityId: i.ID, Status: status(i.Disabled, i.Merged), Logins: i.describe().Logins,
			DeveloperUserIdentifiers: i.developerUsers(p), IssuedBefore: i.RevokedBefore,
			CreationDate: i.Created, LastModifiedDate: i.Modified,
		}, nil
	})
}

// status is the word of the description for the state of an identity.
func status(disabled, merged bool) string {
	switch {
	case merged:
		return "Merged"
	case disabled:
		return "Disabled"
	}
	return "Enabled"
}

// LinkDeveloperIdentity links a developer user to an identity, whatever logins that has. So
// an identity that lost its last login can be used again.
func (s *Service) LinkDeveloperIdentity(ctx context.Context, c Caller, in *api.LinkDeveloperIdentityInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		p, err := s.poolOfUsers(tx, c, in.IdentityPoolId)
		if err != nil {
			return err
		}
		i, err := s.identityIn(tx, p, in.IdentityId)
		if err != nil {
			return err
		}
		if i.Disabled {
			return api.IdentityForbidden.With(i.ID)
		}
		user := Login{p.DeveloperProvider, in.DeveloperUserIdentifier}
		holder, err := tx.IdentityOfLogin(p.ID, user)
		switch {
		case err == nil && holder == i.ID:
			return nil
		case err == nil:
			return api.UserRegistered.With()
		case !errors.Is(err, ErrNotFound):
			return fmt.Errorf("look up developer user: %w", err)
		}
		l, err := join(tx, p, i, nil, []Login{user})
		if err != nil {
			return err
		}
		return l.store(tx)
	})
}

// DisableIdentity disables an identity, whose logins stay linked. It may be called again.
func (s *Service) DisableIdentity(ctx context.Context, c Caller, in *api.DisableIdentityInput) error {
	return s.change(ctx, c, in.IdentityPoolId, in.IdentityId, func(i *Identity) error {
		i.Disabled = true
		return nil
	})
}

// EnableIdentity undoes DisableIdentity, and no merge. It may be called again.
func (s *Service) EnableIdentity(ctx context.Context, c Caller, in *api.EnableIdentityInput) error {
	return s.change(ctx, c, in.IdentityPoolId, in.IdentityId, func(i *Identity) error {
		if i.Merged {
			return api.MergedForGood.With(i.ID)
		}
		i.Disabled = false
		return nil
	})
}

// RevokeIdentity refuses, from now on, the tokens and the credentials that an identity has
// got so far, at this service: elsewhere they last until they expire. New ones can be
// had at once; but tokens hold whole seconds, and those of the rest of the second are refused
// too.
//
// What counts are the times that the store's transactions have, so the clocks of servers on
// one store must agree.
func (s *Service) RevokeIdentity(ctx context.Context, c Caller, in *api.RevokeIdentityInput) (*api.RevokeIdentityOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.RevokeIdentityOutput, error) {
		out := new(api.RevokeIdentityOutput)
		err := s.changeIn(tx, c, in.IdentityPoolId, in.IdentityId, func(i *Identity) error {
			from := tx.Now()
			if i.RevokedBefore.After(from) {
				from = i.RevokedBefore
			}
			// The first time that is later: what was issued in this millisecond is before it.
			i.RevokedBefore = from.Add(time.Millisecond)
			out.IssuedBefore = i.RevokedBefore
			return nil
		})
		return out, err
	})
}

// change is changeIn, in an Update.
func (s *Service) change(ctx context.Context, c Caller, pool, id string, f func(*Identity) error) error {
	return s.store.Update(ctx, func(tx Tx) error { return s.changeIn(tx, c, pool, id, f) })
}

// changeIn changes an identity by f, unless f fails. Where f has changed nothing, nothing is
// written.
func (s *Service) changeIn(tx Tx, c Caller, pool, id string, f func(*Identity) error) error {
	p, err := s.pool(tx, c, pool)
	if err != nil {
		return err
	}
	old, err := s.identityIn(tx, p, id)
	if err != nil {
		return err
	}
	i := old.Clone()
	if err := f(i); err != nil {
		return err
	}
	if i.Disabled == old.Disabled && i.RevokedBefore.Equal(old.RevokedBefore) {
		return nil
	}
	i.Modified = tx.Now()
	if err := tx.UpdateIdentity(i); err != nil {
		return fmt.Errorf("change identity %s: %w", i.ID, err)
	}
	return nil
}

// poolOfUsers returns a pool that has a developer provider.
func (s *Service) poolOfUsers(tx Tx, c Caller, id string) (*Pool, error) {
	p, err := s.pool(tx, c, id)
	if err == nil && p.DeveloperProvider == "" {
		return nil, api.DeveloperProviderNotSupported.With()
	}
	return p, err
}

// SetIdentityPoolSigning sets by which algorithm the tokens of a pool are signed. It may be
// called again.
func (s *Service) SetIdentityPoolSigning(ctx context.Context, c Caller, in *api.SetIdentityPoolSigningInput) error {
	err := s.store.Update(ctx, func(tx Tx) error {
		old, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil || old.SigningAlgorithm == in.SigningAlgorithm {
			return err
		}
		p := old.Clone()
		p.SigningAlgorithm, p.Modified = in.SigningAlgorithm, tx.Now()
		if err := tx.UpdatePool(p); err != nil {
			return fmt.Errorf("update identity pool %s: %w", p.ID, err)
		}
		return nil
	})
	if err == nil {
		s.issuer.Prepare()
	}
	return err
}

// GetIdentityPoolSigning tells what SetIdentityPoolSigning has set, and what signs now.
func (s *Service) GetIdentityPoolSigning(ctx context.Context, c Caller, in *api.GetIdentityPoolSigningInput) (*api.GetIdentityPoolSigningOutput, error) {
	out, err := view(ctx, s, func(tx Tx) (*api.GetIdentityPoolSigningOutput, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		return &api.GetIdentityPoolSigningOutput{SigningAlgorithm: p.SigningAlgorithm}, nil
	})
	if err == nil {
		out.ActiveAlgorithm, err = s.issuer.SignsWith(ctx, out.SigningAlgorithm)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
