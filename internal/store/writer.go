package store

import (
	"context"
	"runtime"
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
	// own: the closure has panicked, or left by runtime.Goexit, in a goroutine of the writer, and is to do
	// so in its caller's. lent: it has run there. gone: it has left there, too, and nobody waits.
	own, lent, gone bool
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

// write is Update. The closure runs in a goroutine of the writer, since it costs more to wake
// the caller than most closures do. One that panics there runs again in the caller's, to which the writer
// lends its transaction: a panic is the caller's own.
func (db *DB) write(ctx context.Context, f func(fullTx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer identity.RequestOf(ctx).Changes()
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

// run runs the closure in its caller's goroutine.
func (u *update) run(t *tx) {
	u.gone = true
	defer func() { u.ran <- struct{}{} }()
	u.call(t)
	u.gone = false
}

// runHere runs it in this one.
func (u *update) runHere(t *tx) {
	u.own = true
	defer func() {
		if u.own {
			_ = recover() // its caller is to have it
		}
	}()
	u.call(t)
	u.own = false
}

func (u *update) call(t *tx) {
	u.err = t.run(u.f, t)
	u.recorded = t.recorded
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

// A writer runs Updates in batches: whoever waits shares a transaction. It has one transaction at
// a time. With two, of which one runs while the other is being made durable, they would get into each
// other's way more than they gain (measured, with PostgreSQL: half of them had to run again).
type writer struct {
	db      *DB
	queue   chan *update
	stopped chan struct{} // closed when it has ended

	updates, commits atomic.Uint64

	added chan struct{} // see audit.Store
}

func newWriter(db *DB) *writer {
	return &writer{
		db:      db,
		queue:   make(chan *update, batchLimit),
		stopped: make(chan struct{}),
		added:   make(chan struct{}, 1),
	}
}

// run serves the queue until the store closes.
func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case u := <-w.queue:
			// Who has had an answer of the last batch may be about to ask again.
			runtime.Gosched()
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
//
// A transaction that lost a race against another one is run again, too, each time with fewer
// updates: two nodes that get into each other's way with all they have need not do so
// with a part of it.
func (w *writer) serve(us []*update) {
	tries := 0
	for end := len(us); len(us) > 0; end = len(us) {
		if tries > 1 {
			end = max(1, len(us)>>(tries-1))
		}
		for {
			tr := w.transaction(us[:end])
			failed := w.runIn(tr, us[:end])
			if failed == len(us) && tries == 0 && w.db.engine.current() {
				// Who came while these ran shares their sync.
				us = w.gather(us)
				failed += w.runIn(tr, us[end:])
				end = len(us)
			}
			if failed == end || tr.dead != nil {
				if err := w.commit(tr); err != nil && w.db.engine.again(err, tries) {
					w.db.tally.retries.Add(uint64(min(failed+1, end))) // with the one that it died in
					tries++
					end = 0
					break
				}
				w.finish(tr, us[:end])
				tries = 0
				break
			}
			w.db.engine.abandon(tr)
			w.db.tally.retries.Add(uint64(failed))
			if failed == 0 && us[0].own && !us[0].lent {
				continue
			}
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

// transaction returns one for updates, timed where somebody asks.
func (w *writer) transaction(us []*update) *transaction {
	ahead := &scout{us: us}
	if w.db.commit == nil {
		return w.db.engine.writing(ahead)
	}
	asked := w.db.clock()
	tr := w.db.engine.writing(ahead)
	tr.clock = w.db.clock
	if tr.conn != nil { // it has begun
		tr.began = asked
	}
	return tr
}

// runIn runs the closures in one transaction. It returns the index of the first that
// failed after it had written, that must run in its caller, or with which the transaction died; otherwise
// their number.
func (w *writer) runIn(tr *transaction, us []*update) (n int) {
	over := make(chan struct{})
	// A closure may end the goroutine, which is not to be that of the writer.
	go func() {
		defer close(over)
		for n < len(us) && w.runOne(tr, us[n]) {
			n++
		}
	}()
	<-over
	return n
}

// runOne runs a closure, and reports whether the transaction may go on.
func (w *writer) runOne(tr *transaction, u *update) bool {
	if !u.take() {
		return true
	}
	if u.err = u.ctx.Err(); u.err != nil {
		return true
	}
	t := &tx{transaction: tr, db: w.db, ctx: u.ctx, now: w.db.now()}
	if u.own {
		u.lent = true
		u.turn <- t
		<-u.ran
		return tr.dead == nil && (!t.wrote || !u.gone && u.err == nil)
	}
	u.runHere(t)
	return tr.dead == nil && !u.own && (!t.wrote || u.err == nil)
}

// finish counts and answers.
func (w *writer) finish(tr *transaction, us []*update) {
	if tr.dead == nil && tr.changed {
		w.updates.Add(uint64(len(us)))
		if w.db.commit != nil {
			w.db.commit(len(us), w.db.clock().Sub(tr.began))
		}
	}
	if tr.dead == nil && tr.added {
		select {
		case w.added <- struct{}{}:
		default: // it has not been looked at since the last time
		}
	}
	for _, u := range us {
		switch {
		case u.state.Load() == withdrawn:
		case tr.dead != nil:
			u.answer(tr.dead)
		default:
			u.answer(u.err)
		}
	}
}

// commit ends the transaction, if it has begun.
func (w *writer) commit(tr *transaction) error {
	if tr.conn == nil {
		return tr.dead
	}
	err := w.db.engine.commit(tr)
	if err == nil && tr.changed {
		w.commits.Add(1)
	}
	return err
}
