package principal

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A kind is one kind of record: where it is kept, how clients name it, and what they are
// told when it is not there.
type kind[T any] struct {
	// what is the kind's name in internal errors.
	what string
	of   func(Tx) Entities[T]
	// name returns the name in an ARN of the account and kind, by which clients call
	// the record. Nil: they call it by its name.
	name   func(account, arn string) (name string, ok bool)
	entity func(*T) *Entity
	arn    func(*T) string
	clone  func(*T) *T
	// permissions are nil where a kind has none.
	permissions func(*T) *Permissions
	// notFound is about ref, exists about a name.
	notFound, exists api.Text
}

// get returns the record of the account that a client calls ref.
func (k *kind[T]) get(tx Tx, account, ref string) (*T, error) {
	name, ok := ref, true
	if k.name != nil {
		name, ok = k.name(account, ref)
	}
	if !ok {
		return nil, k.notFound.With(ref)
	}
	r, err := k.of(tx).Get(account, name)
	if errors.Is(err, identity.ErrNotFound) || err == nil && k.name != nil && k.arn(r) != ref {
		return nil, k.notFound.With(ref)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s of %s: %w", k.what, name, account, err)
	}
	return r, nil
}

// insert adds a record.
func (k *kind[T]) insert(tx Tx, r *T) error {
	err := k.of(tx).Insert(r)
	if errors.Is(err, identity.ErrConflict) {
		return k.exists.With(k.entity(r).Name)
	}
	if err != nil {
		return fmt.Errorf("insert %s: %w", k.what, err)
	}
	return nil
}

// change replaces the record that a client calls ref by what f makes of a copy of it.
func (k *kind[T]) change(tx Tx, account, ref string, f func(*T) error) (*T, error) {
	old, err := k.get(tx, account, ref)
	if err != nil {
		return nil, err
	}
	r := k.clone(old)
	if err := f(r); err != nil {
		return nil, err
	}
	if err := k.of(tx).Update(r); err != nil {
		return nil, fmt.Errorf("update %s %s of %s: %w", k.what, k.entity(r).Name, account, err)
	}
	return r, nil
}

// remove deletes a record.
func (k *kind[T]) remove(tx Tx, r *T) error {
	e := k.entity(r)
	if err := k.of(tx).Delete(e.Account, e.Name); err != nil {
		return fmt.Errorf("delete %s %s of %s: %w", k.what, e.Name, e.Account, err)
	}
	return nil
}

// after yields the records of the account that stand after a position, in order.
func (k *kind[T]) after(tx Tx, account, position string) iter.Seq2[*T, error] {
	const chunk = 128
	return func(yield func(*T, error) bool) {
		for {
			records, err := k.of(tx).List(account, position, chunk)
			if err != nil {
				yield(nil, fmt.Errorf("list %ss of %s: %w", k.what, account, err))
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
			if len(records) < chunk {
				return
			}
			position = k.position(records[chunk-1])
		}
	}
}

// kept returns a source of the records that keep takes, for [paged].
func (k *kind[T]) kept(tx Tx, account string, keep func(*T) bool) func(after string, limit int) ([]*T, error) {
	return func(after string, limit int) (kept []*T, err error) {
		for r, err := range k.after(tx, account, after) {
			if err != nil {
				return nil, err
			}
			if keep(r) {
				kept = append(kept, r)
			}
			if len(kept) == limit {
				break
			}
		}
		return kept, nil
	}
}

// position is where a record stands in the order of its kind.
func (k *kind[T]) position(r *T) string { return strings.ToLower(k.entity(r).Name) }

var users = &kind[User]{
	what:        "user",
	of:          Tx.Users,
	entity:      func(u *User) *Entity { return &u.Entity },
	arn:         (*User).ARN,
	clone:       (*User).Clone,
	permissions: func(u *User) *Permissions { return &u.Permissions },
	notFound:    api.UserNotFound,
	exists:      api.UserExists,
}

var roles = &kind[Role]{
	what:        "role",
	of:          Tx.Roles,
	entity:      func(r *Role) *Entity { return &r.Entity },
	arn:         (*Role).ARN,
	clone:       (*Role).Clone,
	permissions: func(r *Role) *Permissions { return &r.Permissions },
	notFound:    api.RoleNotFound,
	exists:      api.RoleExists,
}

var policies = &kind[Policy]{
	what:     "policy",
	of:       Tx.Policies,
	name:     policyOf,
	entity:   func(p *Policy) *Entity { return &p.Entity },
	arn:      (*Policy).ARN,
	clone:    (*Policy).Clone,
	notFound: api.PolicyNotFound,
	exists:   api.PolicyExists,
}

var oidcProviders = &kind[OIDCProvider]{
	what:     "OIDC provider",
	of:       Tx.OIDCProviders,
	name:     func(account, arn string) (string, bool) { return resourceOf(account, "oidc-provider", arn) },
	entity:   func(p *OIDCProvider) *Entity { return &p.Entity },
	arn:      (*OIDCProvider).ARN,
	clone:    (*OIDCProvider).Clone,
	notFound: api.OIDCProviderNotFound,
	exists:   api.OIDCProviderExists,
}

var samlProviders = &kind[SAMLProvider]{
	what:     "SAML provider",
	of:       Tx.SAMLProviders,
	name:     func(account, arn string) (string, bool) { return resourceOf(account, "saml-provider", arn) },
	entity:   func(p *SAMLProvider) *Entity { return &p.Entity },
	arn:      (*SAMLProvider).ARN,
	clone:    (*SAMLProvider).Clone,
	notFound: api.SAMLProviderNotFound,
	exists:   api.SAMLProviderExists,
}

// isNotFound reports whether a kind has told a client that something is not there.
func isNotFound(err error) bool {
	refused, ok := errors.AsType[*api.Error](err)
	return ok && refused.Code == api.NoSuchEntity
}
