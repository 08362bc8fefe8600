package store

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// batchLimit bounds how many Updates share a transaction, and so how long the first
// of them waits.
const batchLimit = 256

// An update is one call of Update.
type update struct {
	ctx   context.Context
	f     func(fullTx) error
	state atomic.Int32 // queued, then taken or withdrawn
	// turn carries the Tx each time that the closure is to run, and nil when the
	// outcome, err, is final. ran answers each Tx.
	turn chan *tx
	ran  chan struct{}
	err  error
	// recorded: the last run has put an event into the outbox.
	recorded bool
	// gone: the closure has panicked or left by runtime.Goexit. Nobody waits.
	gone bool
}

const (
	queued int32 = iota
	taken
	withdrawn
)

// Update implements [identity.Store].
func (db *DB) Update(ctx context.Context, f func(identity.Tx) error) error {
	return db.write(ctx, func(t fullTx) error { return f(t) })
}

// write is Update. The closure runs in the goroutine of the caller, to which the
// writer lends its transaction: a panic is the caller's own.
func (db *DB) write(ctx context.Context, f func(fullTx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{ctx: ctx, f: f, turn: make(chan *tx, 1), ran: make(chan struct{}, 1)}
	select {
	case db.writer.queue <- u:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return errClosed
	}
	cancelled, stopped := ctx.Done(), db.writer.stopped
	for {
		select {
		case t := <-u.turn:
			if t == nil {
				if u.err == nil && u.recorded {
					audit.From(ctx).SetRecorded()
				}
				return u.err
			}
			u.run(t)
		case <-cancelled:
			if u.state.CompareAndSwap(queued, withdrawn) {
				return ctx.Err()
			}
			cancelled = nil // its outcome is on the way
		case <-stopped:
			if u.state.CompareAndSwap(queued, withdrawn) {
				return errClosed
			}
			stopped = nil
		}
	}
}

func (u *update) run(t *tx) {
	u.gone = true
	defer func() { u.ran <- struct{}{} }()
	u.err = t.run(u.f, t)
	u.recorded = t.recorded
	u.gone = false
}

// take reports whether the closure is to run.
func (u *update) take() bool {
	return !u.gone && (u.state.CompareAndSwap(queued, taken) || u.state.Load() == taken)
}

// answer gives the caller its outcome.
func (u *update) answer(err error) {
	u.err = err
	u.turn <- nil
}

// A writer is the only one that writes to the database.
type writer struct {
	dsn     string
	db      *DB
	conn    *conn // nil after a failure that it did not survive
	queue   chan *update
	stopped chan struct{} // closed when loop has returned

	broken chan struct{} // closed once cause is set
	cause  error

	updates, commits atomic.Uint64

	added chan struct{} // see audit.Store
}

func newWriter(dsn string, c *conn, db *DB) *writer {
	return &writer{
		dsn: dsn, db: db, conn: c,
		queue:   make(chan *update, batchLimit),
		stopped: make(chan struct{}),
		broken:  make(chan struct{}),
		added:   make(chan struct{}, 1),
	}
}

func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	return w.conn.close()
}

// loop serves the queue until the store closes.
func (w *writer) loop() {
	defer close(w.stopped)
	for {
		select {
		case u := <-w.queue:
			w.serve(w.gather([]*update{u}))
		case <-w.db.closing:
			return
		}
	}
}

// gather appends what is queued, without waiting.
func (w *writer) gather(us []*update) []*update {
	for len(us) < batchLimit {
		select {
		case u := <-w.queue:
			us = append(us, u)
		default:
			return us
		}
	}
	return us
}

// serve runs updates in their order and answers each.
//
// An update that fails after it has written takes the whole transaction with it.
// Those before it are then run again and committed without it, and it begins
// the next transaction, where nothing is lost by its failing again. So each
// answer rests on committed state only, and no closure runs more than a few times,
// whatever its neighbours do.
func (w *writer) serve(us []*update) {
	for end := len(us); len(us) > 0; end = len(us) {
		for {
			tr := w.transaction()
			failed := w.run(tr, us[:end])
			if failed == len(us) {
				// Who came while these ran shares their sync.
				us = w.gather(us)
				failed += w.run(tr, us[end:])
				end = len(us)
			}
			if failed == end || tr.dead != nil {
				w.finish(tr, us[:end])
				break
			}
			w.abandon(tr)
			w.db.tally.retries.Add(uint64(failed))
			if failed == 0 {
				end = 1
				us[0].answer(us[0].err)
				break
			}
			end = failed
		}
		us = us[end:]
	}
}

func (w *writer) transaction() *transaction {
	tr := &transaction{acquire: w.acquire, start: beginWrite, cache: w.db.cache.Load()}
	if w.db.commit != nil {
		tr.clock = w.db.clock
	}
	return tr
}

// acquire returns the connection, and a new one after a failure that the last one did
// not survive.
func (w *writer) acquire(context.Context) (*conn, error) {
	if w.cause != nil {
		return nil, w.cause
	}
	if w.conn == nil {
		c, err := connect(w.dsn)
		if err != nil {
			return nil, unavailable("open a connection", err)
		}
		w.conn = c
	}
	return w.conn, nil
}

// run runs the closures in one transaction. It returns the index of the first that
// failed after it had written, or with which the transaction died; otherwise
// their number.
func (w *writer) run(tr *transaction, us []*update) int {
	for i, u := range us {
		if !u.take() {
			continue
		}
		if u.err = u.ctx.Err(); u.err != nil {
			continue
		}
		t := &tx{transaction: tr, ctx: u.ctx, now: w.db.now()}
		u.turn <- t
		<-u.ran
		if tr.dead != nil || t.wrote && (u.gone || u.err != nil) {
			return i
		}
	}
	return len(us)
}

// finish commits and answers.
func (w *writer) finish(tr *transaction, us []*update) {
	err := w.commit(tr)
	for _, u := range us {
		switch {
		case u.state.Load() == withdrawn:
		case err != nil:
			u.answer(err)
		default:
			u.answer(u.err)
		}
	}
	if err == nil && tr.changed {
		w.updates.Add(uint64(len(us)))
		if w.db.commit != nil {
			w.db.commit(len(us), w.db.clock().Sub(tr.began))
		}
	}
	if err == nil && tr.added {
		select {
		case w.added <- struct{}{}:
		default: // it has not been looked at since the last time
		}
	}
}

// commit ends the transaction. No one sees a cached row that the commit
// changes: the cache is withdrawn before and replaced after it, also when it
// fails, for then the outcome is unknown.
func (w *writer) commit(tr *transaction) error {
	if tr.conn == nil {
		return tr.dead
	}
	if tr.dirty {
		w.db.cache.Store(nil)
		defer w.db.cache.Store(new(cache))
	}
	if tr.changed {
		w.db.readers.beginCommit()
		defer w.db.readers.endCommit()
	}
	if tr.dead == nil {
		if _, err := tr.conn.exec(commit); err != nil {
			tr.dead = unavailable("commit", err)
		}
	}
	if tr.dead != nil {
		w.abandon(tr)
		return tr.dead
	}
	if tr.changed {
		w.commits.Add(1)
	}
	return nil
}

// abandon rolls the transaction back.
func (w *writer) abandon(tr *transaction) {
	if tr.dead != nil && fatal(tr.dead) {
		w.cause = fmt.Errorf("store is broken until it is opened again: %w", tr.dead)
		close(w.broken)
	}
	if !tr.conn.rollback() {
		_ = tr.conn.close() // its own failure is the one that counts
		w.conn = nil
	}
}
