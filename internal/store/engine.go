package store

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// An engine is the kind of database under a DB: how transactions begin and end there, and
// what makes a commit durable. What is in them is the same for all engines.
type engine interface {
	// view runs f in a transaction that reads, again as often as is needed.
	view(ctx context.Context, f func(fullTx) error) error
	// writing returns a transaction of the writer, for Updates that it may run before to find out
	// what they will read.
	writing(ahead *scout) *transaction
	// current reports whether a transaction of the writer sees all that was committed since it
	// began, by whomever: then Updates that come later may join it.
	current() bool
	// commit makes a transaction durable that has begun, and rolls back one that is dead.
	// It fails with why it is dead.
	commit(tr *transaction) error
	// abandon rolls a transaction back that has begun.
	abandon(tr *transaction)
	// again reports whether the closures of a transaction that has died of err may run once
	// more, when it has waited as long as that takes. Before, they have run tries times.
	again(err error, tries int) bool
	// number returns the number of the next event of the outbox.
	number(context.Context) (int64, error)
	// take takes n numbers of a sequence, which are lost or given back when t comes to nothing,
	// and returns the one after the last.
	take(t *tx, sequence, n int64) (end int64, err error)
	// lead calls f while this process is the one to do what is called name.
	lead(ctx context.Context, name string, f func(context.Context)) error
	// broken is closed when nothing may be written any more, because of cause.
	broken() (<-chan struct{}, func() error)
	// stop ends what runs beside transactions, of which there are none any more.
	stop() error
}

// A conn runs the statements of one transaction, in one goroutine at a time.
type conn interface {
	// exec runs a statement and returns how many rows it has changed.
	exec(q query, args ...driver.Value) (int64, error)
	// first returns the first row, or nil when there is none. The slice, not its
	// values, is valid until the next call.
	first(q query, args ...driver.Value) ([]driver.Value, error)
	// each calls f with each row, until f fails; io.EOF from f ends it without an
	// error. The slice, not its values, is valid until f returns.
	each(q query, f func([]driver.Value) error, args ...driver.Value) error
}

// unavailable wraps an error of the database. The queries are written so that
// no request can make one fail (a row that exists is counted, not reported), so
// each such error means that the store can not serve.
func unavailable(attempt string, err error) error {
	return fmt.Errorf("%w: %s: %w", identity.ErrUnavailable, attempt, err)
}
