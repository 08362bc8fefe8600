package store

import (
	"database/sql/driver"
	"errors"
	"slices"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A rowKey names a row that is read by its key alone, and by which query.
type rowKey struct {
	q query
	// number is that of the identity, or of the provider of the login.
	number int64
	// text is the subject of the login, or the identity's GUID.
	text string
}

func keyOfIdentity(number int64) rowKey { return rowKey{q: selectIdentity, number: number} }
func keyOfGUID(g guid) rowKey           { return rowKey{q: selectIdentityWithGUID, text: string(g[:])} }
func keyOfLogin(l login) rowKey         { return rowKey{selectLogin, l.provider, l.subject} }

// look is first for a row that is named by its key. What the transaction has read, and not written
// since, it does not read again.
func (t *tx) look(k rowKey, args ...driver.Value) ([]driver.Value, error) {
	if row, ok := t.seen[k]; ok {
		if row == nil {
			return nil, identity.ErrNotFound
		}
		return row, nil
	}
	if t.shared != nil && t.conn == nil {
		return t.lookShared(ask{k, slices.Clone(args)})
	}
	if t.ahead != nil {
		t.ahead.asks = append(t.ahead.asks, ask{k, slices.Clone(args)})
	}
	row, err := t.first(k.q, args...)
	if t.seen != nil && (err == nil || errors.Is(err, identity.ErrNotFound)) {
		t.seen[k] = slices.Clone(row)
	}
	return row, err
}

func (t *tx) lookShared(a ask) ([]driver.Value, error) {
	if t.err == nil {
		t.err = t.ctx.Err()
	}
	if t.err != nil {
		return nil, t.err
	}
	t.reach()
	row, err := t.shared(t.ctx, a)
	switch {
	case errors.Is(err, identity.ErrUnavailable):
		if t.dead, t.err = err, err; errors.Is(err, errStale) {
			panic(errUnwound)
		}
	case err != nil:
		t.err = err
	case row == nil:
		err = identity.ErrNotFound
	}
	return row, err
}

// forget is called where a row is written.
func (t *tx) forget(k rowKey) { delete(t.seen, k) }

func (t *tx) forgetIdentity(r *identityRow) {
	t.forget(keyOfIdentity(r.number))
	if r.guid != nil {
		t.forget(keyOfGUID(toGUID(r.guid)))
	}
}

// An ask is a row that a closure would have read next.
type ask struct {
	key  rowKey
	args []driver.Value
}

// A scout runs closures up to their first statement, whose answer it has not: where each answer
// takes a way to the database and back, those to all closures of a batch then take one together.
// A closure that is alone needs no scout.
type scout struct {
	us   []*update
	asks []ask
}

// run returns what the closures would read next in a transaction. Of those that it has run before,
// it runs those again that had asked.
func (s *scout) run(tr *transaction, db *DB) []ask {
	if s.asks = nil; len(s.us) == 1 {
		return nil
	}
	// Their callers wait, so that one goroutine may run them all: to wake each of them costs more. It is
	// not the writer's, which a closure that ends its goroutine would end.
	over := make(chan struct{})
	go func() {
		defer close(over)
		var asked []*update
		defer func() { s.us = asked }()
		for _, u := range s.us {
			before := len(s.asks)
			if u.take() && u.ctx.Err() == nil {
				u.runAhead(&tx{transaction: tr, db: db, ctx: u.ctx, now: db.now(), ahead: s})
			}
			if len(s.asks) > before {
				asked = append(asked, u)
			}
		}
	}()
	<-over
	return s.asks
}

// runAhead runs the closure up to its first statement. What else may end it does so again in its
// caller.
func (u *update) runAhead(t *tx) {
	defer func() { _ = recover() }()
	_ = t.run(u.f, t)
}
