package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
)

// A link is the identity of a call's logins, and what has to be stored to make it so.
type link struct {
	// id is empty as long as the identity is fresh and not stored.
	id string
	// emptied are identities that are merged into id.
	emptied []*Identity
	// identity is the identity to be stored; nil: all logins are linked already.
	identity *Identity
	// fresh: identity does not exist yet.
	fresh bool
}

func (l *link) store(tx Tx) error {
	// What is merged goes first: a login belongs to one identity at any time.
	for _, i := range l.emptied {
		if err := tx.UpdateIdentity(i); err != nil {
			return fmt.Errorf("merge identity %s: %w", i.ID, err)
		}
	}
	put := tx.UpdateIdentity
	if l.fresh {
		put = tx.InsertIdentity
	}
	if err := put(l.identity); err != nil {
		return fmt.Errorf("link logins to identity %q: %w", l.id, err)
	}
	l.id = l.identity.ID
	return nil
}

// A settler has it stored what resolve decides; see settle.
type settler func(ctx context.Context, resolve func(Tx) (link, error), answer func(id string) any) (link, error)

// settle stores what resolve decides. Most calls are of known users and change nothing,
// so it looks first, in a View. A change is decided anew inside the Update that makes
// it; answer is what its event tells.
func (s *Service) settle(ctx context.Context, resolve func(Tx) (link, error), answer func(id string) any) (link, error) {
	l, err := view(ctx, s, resolve)
	if err != nil || l.identity == nil {
		return l, err
	}
	err = s.store.Update(ctx, func(tx Tx) (err error) {
		if l, err = resolve(tx); err != nil || l.identity == nil {
			return err
		}
		if err = l.store(tx); err == nil {
			audit.Answer(ctx, answer(l.id))
		}
		return err
	})
	return l, err
}

// resolve decides to which identity logins belong together, each of which somebody has
// vouched for: a developer user, who comes first, or a public provider. wanted is the identity
// that the call names, or empty.
//
// Logins of several identities make them one. The identity that remains is the one named,
// unless that is a guest, who becomes the user that the logins know; else that of
// the developer user; else the oldest. AWS documents that one remains, and not which.
func (s *Service) resolve(tx Tx, p *Pool, logins []Login, wanted string) (link, error) {
	var holders []*Identity // of the logins, in their order
	var loose []Login
	for _, l := range logins {
		i, err := tx.IdentityWith(p.ID, l)
		switch {
		case errors.Is(err, ErrNotFound):
			loose = append(loose, l)
		case err != nil:
			return link{}, fmt.Errorf("look up login: %w", err)
		case !slices.ContainsFunc(holders, i.is):
			holders = append(holders, i)
		}
	}
	known := len(loose) == 0 || loose[0] != logins[0]
	ofDeveloper := p.isDeveloper(logins[0].Provider)

	var remains *Identity
	if len(holders) > 0 {
		remains = slices.MinFunc(holders, older)
		if ofDeveloper && known {
			remains = holders[0]
		}
	}
	merged := holders
	if wanted != "" {
		named, err := s.identityIn(tx, p, wanted)
		switch {
		case err != nil:
			return link{}, err
		case named.Disabled:
			return link{}, api.IdentityForbidden.With(named.ID).Because(errDisabled)
		case ofDeveloper && known && holders[0].ID != named.ID:
			return link{}, api.UserRegistered.With()
		case named.inaccessible():
			return link{}, api.IdentityForbidden.With(named.ID).Because(errInaccessible)
		case named.Authenticated && !slices.ContainsFunc(holders, named.is):
			return link{}, api.LoginsDontMatch.With().Because(errors.New("the identity has logins, and none of the call's"))
		case named.Authenticated || remains == nil:
			remains = named
		default:
			merged = append(merged, named)
		}
	}
	for _, i := range holders {
		if i.Disabled {
			return link{}, api.IdentityForbidden.With(i.ID).Because(errDisabled)
		}
	}
	if remains == nil {
		return link{identity: newIdentity(tx, p, loose...), fresh: true}, nil
	}
	merged = slices.DeleteFunc(slices.Clone(merged), remains.is)
	if len(merged) == 0 && len(loose) == 0 {
		return link{id: remains.ID}, nil
	}
	return join(tx, p, remains, merged, loose)
}

// join makes the logins of merged, and new ones, those of i.
func join(tx Tx, p *Pool, i *Identity, merged []*Identity, loose []Login) (link, error) {
	i = i.Clone()
	l := link{id: i.ID, identity: i}
	taken := func(m Login) bool {
		return !p.isDeveloper(m.Provider) && slices.ContainsFunc(i.Logins, func(l Login) bool { return l.Provider == m.Provider })
	}
	for _, source := range merged {
		source = source.Clone()
		for _, m := range source.Logins {
			if taken(m) {
				return link{}, api.OneLoginPerProvider.With(m.Provider)
			}
		}
		i.Logins = append(i.Logins, source.Logins...)
		source.Logins, source.Disabled, source.Merged, source.Modified = nil, true, true, tx.Now()
		l.emptied = append(l.emptied, source)
	}
	for _, m := range loose {
		if taken(m) {
			return link{}, api.ProviderTaken.With(m.Provider)
		}
		i.Logins = append(i.Logins, m)
	}
	if len(i.Logins) > MaxLogins {
		return link{}, api.TooManyLogins.With(MaxLogins)
	}
	i.Authenticated, i.Modified = true, tx.Now()
	return l, nil
}

// Why an identity is forbidden, for the log.
var (
	errDisabled     = errors.New("the identity is disabled")
	errInaccessible = errors.New("the identity has lost its last login")
)

// is reports whether i and j are one identity.
func (i *Identity) is(j *Identity) bool { return i.ID == j.ID }

// inaccessible: it was authenticated, and has lost its last login.
func (i *Identity) inaccessible() bool { return i.Authenticated && len(i.Logins) == 0 }

// older orders identities by age.
func older(a, b *Identity) int {
	return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
}

// isDeveloper reports whether the developer provider has the name.
func (p *Pool) isDeveloper(provider string) bool {
	return p.DeveloperProvider != "" && provider == p.DeveloperProvider
}
