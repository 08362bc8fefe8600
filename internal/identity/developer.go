package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
)

// defaultTokenLife is the life of a developer user's token. Source: service model.
const defaultTokenLife = 15 * time.Minute

// GetOpenIdTokenForDeveloperIdentity returns the identity of a developer user and a
// token for it. The user gets a new identity at first sight, or the identity that
// the call names. A token is issued only for what is durably stored.
func (s *Service) GetOpenIdTokenForDeveloperIdentity(ctx context.Context, c Caller, in *api.GetOpenIdTokenForDeveloperIdentityInput) (*api.GetOpenIdTokenForDeveloperIdentityOutput, error) {
	claims := Claims{Audience: in.IdentityPoolId, Lifetime: defaultTokenLife, PrincipalTags: in.PrincipalTags}
	if in.TokenDuration > 0 {
		claims.Lifetime = time.Duration(in.TokenDuration) * time.Second
	}
	resolve := func(tx Tx) (l link, err error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return l, err
		}
		login, err := p.developerLogin(in.Logins)
		if err != nil {
			return l, err
		}
		claims.PoolARN = PoolARN(p.Account, p.ID)
		claims.AMR = []string{"authenticated", login.Provider, login.Provider + ":" + p.ID + ":" + login.Subject}
		claims.IssuedAt = tx.Now()
		return s.resolve(tx, p, login, in.IdentityId)
	}

	// Most calls are of known users and change nothing, so they look first, in a
	// View. A change is decided anew inside the Update that makes it.
	l, err := view(ctx, s, resolve)
	if err == nil && l.identity != nil {
		err = s.store.Update(ctx, func(tx Tx) (err error) {
			if l, err = resolve(tx); err != nil || l.identity == nil {
				return err
			}
			audit.Answer(ctx, &api.GetOpenIdTokenForDeveloperIdentityOutput{IdentityId: l.id})
			return l.store(tx)
		})
	}
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

// A link is the identity of a login, and what has to be stored to make it so.
type link struct {
	id string
	// identity is the identity to be stored; nil: the login is linked already.
	identity *Identity
	// fresh: identity does not exist yet.
	fresh bool
}

func (l link) store(tx Tx) error {
	put := tx.UpdateIdentity
	if l.fresh {
		put = tx.InsertIdentity
	}
	if err := put(l.identity); err != nil {
		return fmt.Errorf("link login to identity %s: %w", l.id, err)
	}
	return nil
}

// resolve decides to which identity a developer user belongs. wanted is the identity
// that the call names, or empty.
func (s *Service) resolve(tx Tx, p *Pool, login Login, wanted string) (link, error) {
	linked, err := tx.IdentityOfLogin(p.ID, login)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return link{}, fmt.Errorf("look up developer user: %w", err)
	}
	if wanted == "" {
		if known {
			return link{id: linked}, nil
		}
		i := s.newIdentity(tx, p, login)
		return link{id: i.ID, identity: i, fresh: true}, nil
	}
	i, err := s.identityIn(tx, p, wanted)
	switch {
	case err != nil:
		return link{}, err
	case i.Disabled:
		return link{}, api.IdentityForbidden.With(i.ID)
	case known && linked != i.ID:
		return link{}, api.UserRegistered.With()
	case known:
		return link{id: i.ID}, nil
	case i.Authenticated && len(i.Logins) == 0:
		return link{}, api.IdentityForbidden.With(i.ID)
	case i.Authenticated:
		return link{}, api.LoginsDontMatch.With()
	}
	i = i.Clone()
	i.Logins, i.Authenticated, i.Modified = append(i.Logins, login), true, tx.Now()
	return link{id: i.ID, identity: i}, nil
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
		if source.ID != destination.ID {
			if err := merge(tx, p, source, destination); err != nil {
				return nil, err
			}
		}
		return &api.MergeDeveloperIdentitiesOutput{IdentityId: destination.ID}, nil
	})
}

// merge moves the logins of source to destination.
func merge(tx Tx, p *Pool, source, destination *Identity) error {
	if len(source.Logins)+len(destination.Logins) > MaxLogins {
		return api.TooManyLogins.With(MaxLogins)
	}
	for _, l := range source.Logins {
		taken := func(m Login) bool { return m.Provider == l.Provider }
		if l.Provider != p.DeveloperProvider && slices.ContainsFunc(destination.Logins, taken) {
			return api.OneLoginPerProvider.With(l.Provider)
		}
	}
	source, destination = source.Clone(), destination.Clone()
	destination.Logins = append(destination.Logins, source.Logins...)
	source.Logins, source.Disabled = nil, true
	source.Modified, destination.Modified = tx.Now(), tx.Now()
	// The source first: a login belongs to one identity at any time.
	for _, i := range []*Identity{source, destination} {
		if err := tx.UpdateIdentity(i); err != nil {
			return fmt.Errorf("merge identity %s: %w", i.ID, err)
		}
	}
	return nil
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
	id, err := tx.IdentityOfLogin(p.ID, Login{p.DeveloperProvider, user})
	if errors.Is(err, ErrNotFound) {
		return nil, api.DeveloperUserNotFound.With()
	}
	if err != nil {
		return nil, fmt.Errorf("look up developer user: %w", err)
	}
	i, err := tx.Identity(id)
	if err != nil {
		return nil, fmt.Errorf("read identity %s: %w", id, err)
	}
	return i, nil
}

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
