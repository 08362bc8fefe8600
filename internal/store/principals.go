package store

import (
	"context"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// A fullTx is a transaction as the closures of both stores may see it.
type fullTx interface {
	identity.Tx
	principal.Tx
	outbox
}

// principals is the [principal.Store] on a DB.
type principals struct{ db *DB }

// Principals returns the store of accounts' users, roles, policies, providers and access
// keys. Its transactions are those of the DB: they queue with its Updates and
// share their commits.
func (db *DB) Principals() principal.Store { return principals{db} }

// View implements [principal.Store].
func (p principals) View(ctx context.Context, f func(principal.Tx) error) error {
	return p.db.read(ctx, func(t fullTx) error { return f(t) })
}

// Update implements [principal.Store].
func (p principals) Update(ctx context.Context, f func(principal.Tx) error) error {
	return p.db.write(ctx, func(t fullTx) error { return f(t) })
}
