package store

import (
	"context"
	"errors"
)

// errLeaseLost: an Update of what one process does alone came after another one had taken over.
var errLeaseLost = errors.New("another process has taken over")

// A lease is the right to do what one process does alone. It ends when another process has
// taken it with a higher fence.
type lease struct {
	name  string
	fence int64
}

type leaseKey struct{}

func withLease(ctx context.Context, l *lease) context.Context {
	return context.WithValue(ctx, leaseKey{}, l)
}

// checkLease makes the transaction depend on the lease, if its context has one.
func (t *tx) checkLease() error {
	l, _ := t.ctx.Value(leaseKey{}).(*lease)
	if l == nil {
		return nil
	}
	row, err := t.first(selectLease, l.name)
	if err == nil && row[1].(int64) != l.fence {
		err = errLeaseLost
	}
	return err
}
