package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

var errFinished = errors.New("use of a Tx whose closure has returned")

// A transaction is one transaction of the database: of one View, or of all
// Updates of a batch, one after the other. It begins with its first statement:
// what needs only cached rows never touches the database.
type transaction struct {
	// start begins it, once. A connection that is returned with an error must be
	// given back all the same.
	start func(context.Context) (conn, error)
	conn  conn // nil until then
	// clock tells when it began; nil: nobody asks.
	clock func() time.Time
	began time.Time
	// reached: the database was asked for something.
	reached bool
	// cache is nil when cached rows may not be used.
	cache *cache
	// changed: a row was written. dirty: one of a cached table. added: one of the outbox.
	changed, dirty, added bool
	// dead is the error of the database that ended this transaction, which the engine
	// may have rolled back by itself: no statement may follow.
	dead error
	// seen has rows that were read by their keys and not written since, and nil for those that are not
	// there. It is nil itself where none are kept.
	seen map[rowKey][]driver.Value
	// shared reads a row before the transaction has begun, which then must not; nil: it begins to read one.
	shared func(context.Context, ask) ([]driver.Value, error)
	// later sends a statement with the next one, or when the transaction ends, which then fails with
	// errRaced when one row was to be changed and was not; nil: a statement is sent at once.
	later func(q query, one bool, args []driver.Value) error
	// values has the arguments of a statement while it begins. Those of a call through an
	// interface would be a piece of memory each time.
	values []driver.Value
}

// bind returns the arguments in memory of the transaction.
func (tr *transaction) bind(args []driver.Value) []driver.Value {
	tr.values = append(tr.values[:0], args...)
	return tr.values
}

// begin makes sure that the transaction has begun.
func (tr *transaction) begin(ctx context.Context) error {
	if tr.dead != nil || tr.conn != nil {
		return tr.dead
	}
	tr.reach()
	c, err := tr.start(ctx)
	tr.conn = c
	if c != nil || errors.Is(err, identity.ErrUnavailable) {
		tr.dead = err
	}
	return err
}

// reach is called before the database is asked for something.
func (tr *transaction) reach() {
	if !tr.reached && tr.clock != nil {
		tr.began = tr.clock()
	}
	tr.reached = true
}

// tx is one run of a closure in a transaction.
type tx struct {
	*transaction
	db  *DB
	ctx context.Context
	now time.Time
	// wrote: this run has changed a row. recorded: and put an event into the outbox.
	wrote, recorded bool
	// ahead, unless nil, is told what would be read, and nothing is.
	ahead *scout
	// err is why this run can not succeed any more, whatever its closure makes
	// of it.
	err error
}

var _ fullTx = (*tx)(nil)

// errUnwound is the panic that ends a run which is to be run again. A closure gets no error for it, which
// it could take for an answer.
var errUnwound = errors.New("to be run again")

// run runs the closure once, and gives it t as that which it may see of it. What it has
// changed is recorded.
func (t *tx) run(f func(fullTx) error, as fullTx) (err error) {
	defer func() {
		if t.err == nil {
			t.err = errFinished
		}
		switch v := recover(); v {
		case nil:
		case errUnwound:
			err = errUnwound
		default:
			panic(v)
		}
	}()
	if err := f(as); err != nil {
		return err
	}
	if t.err == nil && t.wrote {
		t.err = t.checkLease()
	}
	if t.err == nil && t.wrote {
		t.err = t.record()
	}
	return t.err
}

func (t *tx) Now() time.Time { return t.now }

// ready is called before each statement.
func (t *tx) ready() error {
	if t.err != nil {
		return t.err
	}
	switch err := t.ctx.Err(); {
	case err != nil:
		t.err = err
	case t.ahead != nil:
		panic(errUnwound)
	default:
		if t.err = t.begin(t.ctx); errors.Is(t.err, errStale) {
			panic(errUnwound)
		}
	}
	return t.err
}

// fail records an error of the database.
func (t *tx) fail(q query, err error) error {
	if errors.Is(err, errArgument) {
		t.err = err
		return err
	}
	t.dead = unavailable(strings.Join(strings.Fields(string(q)), " "), err)
	t.err = t.dead
	if errors.Is(err, errStale) {
		panic(errUnwound)
	}
	return t.err
}

// exec runs a statement that writes and returns how many rows it has changed.
func (t *tx) exec(q query, args ...driver.Value) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	n, err := t.conn.exec(q, t.bind(args)...)
	if err != nil {
		return 0, t.fail(q, err)
	}
	if n > 0 {
		t.wrote, t.changed = true, true
	}
	return n, nil
}

// execOr is exec, and fails with none when no row was changed.
func (t *tx) execOr(none error, q query, args ...driver.Value) error {
	n, err := t.exec(q, args...)
	if err == nil && n == 0 {
		err = none
	}
	return err
}

// execOne is execOr where only a lost race can have no row changed. Then all who share the
// transaction may run again instead.
func (t *tx) execOne(none error, q query, args ...driver.Value) error {
	if t.later == nil {
		return t.execOr(none, q, args...)
	}
	return t.send(q, true, args)
}

// execAny is exec where it does not matter how many rows are changed.
func (t *tx) execAny(q query, args ...driver.Value) error {
	if t.later == nil {
		_, err := t.exec(q, args...)
		return err
	}
	return t.send(q, false, args)
}

func (t *tx) send(q query, one bool, args []driver.Value) error {
	if err := t.ready(); err != nil {
		return err
	}
	if err := t.later(q, one, args); err != nil {
		return t.fail(q, err)
	}
	t.wrote, t.changed = true, true
	return nil
}

// execCached is execOr for a cached table.
func (t *tx) execCached(none error, q query, args ...driver.Value) error {
	err := t.execOr(none, q, args...)
	if err == nil {
		t.dirty, t.cache = true, nil
	}
	return err
}

// first returns the first row: ErrNotFound.
func (t *tx) first(q query, args ...driver.Value) ([]driver.Value, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	row, err := t.conn.first(q, t.bind(args)...)
	if err != nil {
		return nil, t.fail(q, err)
	}
	if row == nil {
		return nil, identity.ErrNotFound
	}
	return row, nil
}

// each calls f with each row, until f fails.
func (t *tx) each(q query, f func([]driver.Value) error, args ...driver.Value) error {
	if err := t.ready(); err != nil {
		return err
	}
	var failed error
	err := t.conn.each(q, func(row []driver.Value) error {
		if failed = f(row); failed != nil {
			return io.EOF
		}
		return nil
	}, t.bind(args)...)
	if err != nil {
		return t.fail(q, err)
	}
	return failed
}

// toTime and toGUID read columns. The database keeps times as milliseconds
// since 1970.
func toTime(v driver.Value) time.Time { return time.UnixMilli(v.(int64)).UTC() }
func toGUID(v driver.Value) guid      { return guid(v.([]byte)) }

// notNull keeps an empty value from being written as NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
