package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// view implements [engine]. What is in memory is used before it is known to be current; in most
// Views a row or two by their keys are all that is asked for beside it. Such rows, and what is current, are
// read for all Views together that wait for some. What turns out not to have been there at one
// instant is read again, in a transaction of its own; so is what has other statements.
func (e *postgresEngine) view(ctx context.Context, f func(fullTx) error) error {
	v := viewing{e: e, request: identity.RequestOf(ctx), cache: e.cache.Load()}
	err := v.run(ctx, f)
	for tries := 0; err != nil && ctx.Err() == nil && (errors.Is(err, errStale) || e.again(err, tries)); tries++ {
		e.db.tally.retries.Add(1)
		v = viewing{e: e, request: v.request}
		err = v.run(ctx, f)
	}
	return err
}

// A viewing is one run of a View. With a cache, its rows may turn out to be stale; without, it begins
// a transaction first, and has the rows in memory that are current in it.
type viewing struct {
	e       *postgresEngine
	request *identity.Request
	cache   *cache
	// What was read outside a transaction, all at one instant.
	asks []ask
	rows [][]driver.Value
}

func (v *viewing) run(ctx context.Context, f func(fullTx) error) (err error) {
	e := v.e
	t := &tx{ctx: ctx, now: e.db.now(), db: e.db, transaction: &transaction{cache: v.cache, clock: e.db.readClock()}}
	t.start = v.begin
	defer func() {
		if t.conn != nil {
			e.pool.give(t.conn.(*pgConn))
		}
		e.db.viewed(t.transaction)
	}()
	if v.cache == nil {
		if err := t.begin(ctx); err != nil {
			return err
		}
		pg := t.conn.(*pgConn)
		if err := pg.flush(); err != nil {
			t.dead = unavailable("begin", err)
			return t.dead
		}
		t.cache = e.cacheOf(pg.revision)
	} else {
		t.shared = v.read
	}
	err = t.run(f, readTx{t})
	switch {
	case t.dead != nil:
		return t.dead
	case t.conn != nil:
		v.request.Sees(t.conn.(*pgConn).revision)
		return err
	case len(v.asks) > 0 || v.request.Saw(v.cache.revision):
		return err
	}
	if lookErr := v.confirm(ctx); lookErr != nil {
		return lookErr
	}
	return err
}

// begin begins a transaction, in which rows from memory must be current.
func (v *viewing) begin(ctx context.Context) (conn, error) {
	if len(v.asks) > 0 {
		return nil, unavailable("begin", errStale) // what was read before is of another instant
	}
	pg, err := v.e.pool.take(ctx)
	if err != nil {
		return nil, err
	}
	if err := pg.begin(beginSnapshot, v.cache); err != nil {
		return pg, unavailable("begin", err)
	}
	return pg, nil
}

// read is transaction.shared. It reads once more what was read before: when that is as it was, all is of
// one instant.
func (v *viewing) read(ctx context.Context, a ask) ([]driver.Value, error) {
	if n := slices.IndexFunc(v.asks, func(b ask) bool { return a.key == b.key }); n >= 0 {
		return v.rows[n], nil
	}
	if len(v.asks) == sharedMost {
		return nil, unavailable("read", errStale)
	}
	v.asks = append(v.asks, a)
	before := v.rows
	if err := v.confirm(ctx); err != nil {
		return nil, err
	}
	for n, row := range before {
		if !slices.EqualFunc(row, v.rows[n], equalValues) {
			return nil, unavailable("read", errStale)
		}
	}
	return v.rows[len(v.asks)-1], nil
}

// confirm reads what has been asked for, and that the rows in memory are current.
func (v *viewing) confirm(ctx context.Context) error {
	rows, revision, err := v.e.reads.get(ctx, v.asks)
	if err != nil {
		return err
	}
	if revision != v.cache.revision {
		return unavailable("read", errStale)
	}
	v.rows = rows
	v.request.Sees(revision)
	return nil
}

func equalValues(a, b driver.Value) bool {
	x, isBytes := a.([]byte)
	y, areBytes := b.([]byte)
	if isBytes && areBytes {
		return slices.Equal(x, y)
	}
	return isBytes == areBytes && a == b
}

// sharedMost bounds how many rows a View reads outside a transaction: each time, those before are read again.
const sharedMost = 4

// A reading that takes longer than readSlow does not make others wait for it any more. Otherwise one
// is under way at a time: so more share each.
const (
	readSlow  = 10 * time.Millisecond
	readsMost = 4
)

// reads has all who wait for rows, or for what is current, share the way to the database: a
// transaction, which begins when they wait already.
type reads struct {
	e *postgresEngine

	mu    sync.Mutex
	next  *reading  // has not begun
	under int       // how many are under way
	began time.Time // when the last one of them has
}

type reading struct {
	asks []ask
	done chan struct{}

	rows     [][]driver.Value // in the order of asks; nil: not there
	revision int64
	err      error
}

// get returns the rows in the order of asks, nil for those that are not there, and the revision at that
// instant.
func (r *reads) get(ctx context.Context, asks []ask) (rows [][]driver.Value, revision int64, err error) {
	r.mu.Lock()
	if r.next == nil {
		r.next = &reading{done: make(chan struct{})}
	}
	mine := r.next
	from := len(mine.asks)
	mine.asks = append(mine.asks, asks...)
	if r.under == 0 || r.under < readsMost && r.e.db.clock().Sub(r.began) > readSlow {
		r.under++
		go r.run()
	}
	r.mu.Unlock()
	select {
	case <-mine.done:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if mine.err != nil {
		return nil, 0, mine.err
	}
	return mine.rows[from : from+len(asks)], mine.revision, nil
}

// begin takes the next reading; nil: nobody waits for one, and the run ends.
func (r *reads) begin() *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.next
	r.next, r.began = nil, r.e.db.clock()
	if next == nil {
		r.under--
	}
	return next
}

// run runs readings until nobody waits for one.
func (r *reads) run() {
	for {
		// Who is about to ask may share this one: more than once, since the scheduler looks at the network, whence
		// they come, when it has nothing else.
		for range 3 {
			runtime.Gosched()
		}
		this := r.begin()
		if this == nil {
			return
		}
		this.err = r.e.read(this)
		close(this.done)
	}
}

// read runs a reading.
func (e *postgresEngine) read(r *reading) error {
	for tries := 0; ; tries++ {
		err := e.pool.with(context.Background(), func(c *pgConn) error { return c.readAll(r) })
		if err == nil || !e.again(err, tries) {
			return err
		}
	}
}

// readAll reads in a transaction that is sent as a whole. The revision alone needs none.
func (c *pgConn) readAll(r *reading) error {
	if len(r.asks) > 0 {
		c.raw(beginSnapshot, nil)
	}
	err := c.look(nil)
	r.rows = make([][]driver.Value, len(r.asks))
	for n, a := range r.asks {
		if err != nil {
			break
		}
		err = c.add(step{q: a.key.q, row: func(row []driver.Value) error {
			r.rows[n] = slices.Clone(row)
			return nil
		}}, a.args...)
	}
	if len(r.asks) > 0 {
		c.raw(commit, nil)
	}
	if err == nil {
		err = c.flush()
	}
	if err == nil && c.revision < 0 {
		err = errNoRevision
	}
	if err != nil {
		return unavailable("read", err)
	}
	r.revision = c.revision
	return nil
}
