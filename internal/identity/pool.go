package identity

import (
	"context"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// CreateIdentityPool makes a pool in the caller's account and region. Names need
// not be unique.
func (s *Service) CreateIdentityPool(ctx context.Context, c Caller, in *api.CreateIdentityPoolInput) (*api.IdentityPool, error) {
	p := poolFrom(&api.IdentityPool{
		IdentityPoolId:                 c.Region + ":" + s.newGUID(),
		IdentityPoolName:               in.IdentityPoolName,
		AllowUnauthenticatedIdentities: in.AllowUnauthenticatedIdentities,
		AllowClassicFlow:               in.AllowClassicFlow,
		SupportedLoginProviders:        in.SupportedLoginProviders,
		DeveloperProviderName:          in.DeveloperProviderName,
		OpenIdConnectProviderARNs:      in.OpenIdConnectProviderARNs,
		CognitoIdentityProviders:       in.CognitoIdentityProviders,
		SamlProviderARNs:               in.SamlProviderARNs,
		IdentityPoolTags:               in.IdentityPoolTags,
	})
	p.Account = c.Account
	if err := p.check(); err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx Tx) (*api.IdentityPool, error) {
		p := p.Clone()
		p.Created, p.Modified = tx.Now(), tx.Now()
		if err := tx.InsertPool(p); err != nil {
			return nil, fmt.Errorf("insert identity pool: %w", err)
		}
		return p.describe(), nil
	})
}

// UpdateIdentityPool replaces what a pool is: members left out fall back to their
// defaults. Kept when left out are the developer provider name, which can be set once
// and never changed, and the tags. Roles, role mappings, tag maps and the algorithm of tokens are
// not its business.
func (s *Service) UpdateIdentityPool(ctx context.Context, c Caller, in *api.IdentityPool) (*api.IdentityPool, error) {
	return update(ctx, s, func(tx Tx) (*api.IdentityPool, error) {
		old, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		p := poolFrom(in)
		p.Account, p.Created, p.Modified = old.Account, old.Created, tx.Now()
		p.AuthenticatedRole, p.GuestRole, p.RoleMappings, p.TagMaps = old.AuthenticatedRole, old.GuestRole, old.RoleMappings, old.TagMaps
		p.SigningAlgorithm = old.SigningAlgorithm
		if p.Tags == nil {
			p.Tags = old.Tags
		}
		switch {
		case p.DeveloperProvider == "":
			p.DeveloperProvider = old.DeveloperProvider
		case old.DeveloperProvider != "" && p.DeveloperProvider != old.DeveloperProvider:
			return nil, api.DeveloperProviderFixed.With()
		}
		if err := p.check(); err != nil {
			return nil, err
		}
		p = p.Clone()
		if err := tx.UpdatePool(p); err != nil {
			return nil, fmt.Errorf("update identity pool %s: %w", p.ID, err)
		}
		return p.describe(), nil
	})
}

// DescribeIdentityPool returns what a pool is.
func (s *Service) DescribeIdentityPool(ctx context.Context, c Caller, in *api.DescribeIdentityPoolInput) (*api.IdentityPool, error) {
	return view(ctx, s, func(tx Tx) (*api.IdentityPool, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		return p.describe(), nil
	})
}

// DeleteIdentityPool removes a pool, and with it, at once, its identities.
func (s *Service) DeleteIdentityPool(ctx context.Context, c Caller, in *api.DeleteIdentityPoolInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return err
		}
		if err := tx.DeletePool(p.ID); err != nil {
			return fmt.Errorf("delete identity pool %s: %w", p.ID, err)
		}
		return nil
	})
}

// ListIdentityPools returns the pools of the caller's account and region, oldest first.
func (s *Service) ListIdentityPools(ctx context.Context, c Caller, in *api.ListIdentityPoolsInput) (*api.ListIdentityPoolsOutput, error) {
	list := []string{"ListIdentityPools", c.Account, c.Region}
	after, err := s.openPage(in.NextToken, list...)
	if err != nil {
		return nil, err
	}
	return view(ctx, s, func(tx Tx) (*api.ListIdentityPoolsOutput, error) {
		limit := int(in.MaxResults)
		pools, err := tx.Pools(c.Account, c.Region, after, limit+1)
		if err != nil {
			return nil, fmt.Errorf("list identity pools: %w", err)
		}
		out := &api.ListIdentityPoolsOutput{IdentityPools: []api.IdentityPoolShortDescription{}}
		if len(pools) > limit {
			pools = pools[:limit]
			last := pools[limit-1]
			out.NextToken = s.nextPage(Cursor{last.Created, last.ID}, list...)
		}
		for _, p := range pools {
			out.IdentityPools = append(out.IdentityPools, api.IdentityPoolShortDescription{IdentityPoolId: p.ID, IdentityPoolName: p.Name})
		}
		return out, nil
	})
}

// check refuses what the bounds of the description can not express.
func (p *Pool) check() error {
	if err := p.checkProviders(); err != nil {
		return err
	}
	return checkTags(p.Tags)
}

// poolFrom is the inverse of describe, but for what a client can not set.
func poolFrom(d *api.IdentityPool) *Pool {
	p := &Pool{
		ID:                     d.IdentityPoolId,
		Name:                   d.IdentityPoolName,
		AllowGuests:            d.AllowUnauthenticatedIdentities,
		AllowClassicFlow:       d.AllowClassicFlow,
		DeveloperProvider:      d.DeveloperProviderName,
		LoginProviders:         d.SupportedLoginProviders,
		OpenIDConnectProviders: d.OpenIdConnectProviderARNs,
		SAMLProviders:          d.SamlProviderARNs,
		Tags:                   d.IdentityPoolTags,
	}
	for _, u := range d.CognitoIdentityProviders {
		p.CognitoProviders = append(p.CognitoProviders, CognitoProvider{u.ProviderName, u.ClientId, u.ServerSideTokenCheck})
	}
	return p
}

// describe returns the pool as clients see it. Empty members are left out but the
// tags, which are always there (observed).
func (p *Pool) describe() *api.IdentityPool {
	d := &api.IdentityPool{
		IdentityPoolId:                 p.ID,
		IdentityPoolName:               p.Name,
		AllowUnauthenticatedIdentities: p.AllowGuests,
		AllowClassicFlow:               p.AllowClassicFlow,
		DeveloperProviderName:          p.DeveloperProvider,
		IdentityPoolTags:               tagsOf(p),
	}
	if len(p.LoginProviders) > 0 {
		d.SupportedLoginProviders = p.LoginProviders
	}
	if len(p.OpenIDConnectProviders) > 0 {
		d.OpenIdConnectProviderARNs = p.OpenIDConnectProviders
	}
	if len(p.SAMLProviders) > 0 {
		d.SamlProviderARNs = p.SAMLProviders
	}
	for _, u := range p.CognitoProviders {
		d.CognitoIdentityProviders = append(d.CognitoIdentityProviders, api.CognitoIdentityProvider{
			ProviderName: u.ProviderName, ClientId: u.ClientID, ServerSideTokenCheck: u.ServerSideTokenCheck,
		})
	}
	return d
}
