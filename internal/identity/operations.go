package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// DescribeIdentity returns when an identity was made and changed and the names of the
// providers whose logins it has, never the users.
func (s *Service) DescribeIdentity(ctx context.Context, c Caller, in *api.DescribeIdentityInput) (*api.IdentityDescription, error) {
	return view(ctx, s, func(tx Tx) (*api.IdentityDescription, error) {
		i, err := s.identityOf(tx, c, in.IdentityId)
		if err != nil {
			return nil, err
		}
		d := i.describe()
		return &d, nil
	})
}

// ListIdentities returns the identities of a pool, in the order that [Identities] keeps.
func (s *Service) ListIdentities(ctx context.Context, c Caller, in *api.ListIdentitiesInput) (*api.ListIdentitiesOutput, error) {
	hide := in.HideDisabled != nil && *in.HideDisabled
	// Tokens of versions that listed them in another order do not open.
	list := []string{"ListIdentities by number", c.Account, in.IdentityPoolId, fmt.Sprint(hide)}
	after, err := s.openPage(in.NextToken, list...)
	if err != nil {
		return nil, err
	}
	return view(ctx, s, func(tx Tx) (*api.ListIdentitiesOutput, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		found, next, err := tx.Identities(p.ID, hide, after.ID, int(in.MaxResults))
		if err != nil {
			return nil, fmt.Errorf("list identities of %s: %w", p.ID, err)
		}
		out := &api.ListIdentitiesOutput{IdentityPoolId: p.ID, Identities: []api.IdentityDescription{}}
		if next != "" {
			out.NextToken = s.nextPage(Cursor{ID: next}, list...)
		}
		for _, i := range found {
			out.Identities = append(out.Identities, i.describe())
		}
		return out, nil
	})
}

// DeleteIdentities removes identities with their logins. One that does not exist, or is
// not the caller's, is reported as refused and does not hinder the others.
func (s *Service) DeleteIdentities(ctx context.Context, c Caller, in *api.DeleteIdentitiesInput) (*api.DeleteIdentitiesOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.DeleteIdentitiesOutput, error) {
		out := &api.DeleteIdentitiesOutput{UnprocessedIdentityIds: []api.UnprocessedIdentityId{}}
		for _, id := range slices.Compact(slices.Sorted(slices.Values(in.IdentityIdsToDelete))) {
			_, err := s.identityOf(tx, c, id)
			var refused *api.Error
			if errors.As(err, &refused) {
				out.UnprocessedIdentityIds = append(out.UnprocessedIdentityIds, api.UnprocessedIdentityId{IdentityId: id, ErrorCode: "AccessDenied"})
				continue
			}
			if err == nil {
				err = tx.DeleteIdentity(id)
			}
			if err != nil {
				return nil, fmt.Errorf("delete identity %s: %w", id, err)
			}
		}
		return out, nil
	})
}

// describe returns the identity as clients see it.
func (i *Identity) describe() api.IdentityDescription {
	d := api.IdentityDescription{IdentityId: i.ID, CreationDate: i.Created, LastModifiedDate: i.Modified}
	for _, l := range i.Logins {
		if !slices.Contains(d.Logins, l.Provider) {
			d.Logins = append(d.Logins, l.Provider)
		}
	}
	return d
}
