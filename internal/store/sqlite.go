package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A sqliteEngine is one SQLite file, which this process alone has open. Readers and the
// writer have connections of their own (WAL mode), so that neither waits for the other.
type sqliteEngine struct {
	path    string
	dsn     string // of the writer
	db      *DB
	lock    *flock.Flock
	cache   atomic.Pointer[cache] // see cache
	readers *readers
	// read is readers.begin, once.
	read func(context.Context) (conn, error)
	// conn is the writer's; nil after a failure that it did not survive.
	conn *sqliteConn
	// files are the database and its log as conn has them open; nil: not known yet.
	files [2]os.FileInfo
	// last is the number of the last event of the outbox. The writer's.
	last int64

	failed chan struct{} // closed once cause is set
	cause  error
}

// openSQLite opens the file, makes it if there is none, and brings its schema up to date.
func openSQLite(ctx context.Context, cfg Config, db *DB) (*sqliteEngine, error) {
	// As every distribution builds SQLite: of what fsync does beyond
	// fdatasync, only timestamps are left out.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	path, lock, fresh, err := claim(cfg.Path)
	if err != nil {
		return nil, err
	}
	e := &sqliteEngine{path: path, dsn: writerDSN(path), db: db, lock: lock, failed: make(chan struct{})}
	if e.conn, err = connectSQLite(e.dsn); err != nil {
		// SQLite does not say why a file can not be opened.
		if f, why := os.OpenFile(path, os.O_RDWR, 0); why != nil {
			err = why
		} else {
			f.Close()
		}
		return nil, errors.Join(err, lock.Close())
	}
	err = migrate(ctx, e.conn, e.dsn, fresh, cfg.Migrating)
	if err == nil {
		e.last, err = lastEvent(e.conn)
	}
	if err != nil {
		return nil, errors.Join(err, e.conn.close(), lock.Close())
	}
	e.cache.Store(new(cache))
	e.readers = newReaders(readerDSN(path), min(max(2, runtime.GOMAXPROCS(0)), 8), db.closing)
	e.read = e.readers.begin
	return e, nil
}

// lastEvent returns the number of the last event in the outbox.
func lastEvent(c conn) (int64, error) {
	row, err := c.first(selectLastEvent)
	if err != nil || row == nil {
		return 0, err
	}
	return row[0].(int64), nil
}

// view implements [engine].
func (e *sqliteEngine) view(ctx context.Context, f func(fullTx) error) error {
	c := e.cache.Load()
	err := e.viewWith(ctx, c, f)
	if c != nil && e.cache.Load() != c {
		// Cached rows may be older than those which were read after them.
		e.db.tally.retries.Add(1)
		err = e.viewWith(ctx, nil, f)
	}
	return err
}

func (e *sqliteEngine) viewWith(ctx context.Context, c *cache, f func(fullTx) error) error {
	// One piece of memory: this is most of what a View of cached rows costs.
	v := &struct {
		tx
		of transaction
	}{
		tx: tx{ctx: ctx, now: e.db.now(), db: e.db},
		of: transaction{start: e.read, cache: c},
	}
	v.transaction = &v.of
	v.of.clock = e.db.readClock()
	defer func() {
		if v.conn != nil {
			e.readers.give(v.conn.(*sqliteConn), v.dead == nil)
		}
		e.db.viewed(&v.of)
	}()
	return v.run(f, readTx{&v.tx})
}

// current implements [engine]: nobody else writes.
func (*sqliteEngine) current() bool { return true }

// writing implements [engine]. To read is as cheap as to find out what will be read.
func (e *sqliteEngine) writing(*scout) *transaction {
	return &transaction{start: e.begin, cache: e.cache.Load(), seen: make(map[rowKey][]driver.Value)}
}

// begin begins a transaction that writes, on a new connection after a failure that the
// last one did not survive.
func (e *sqliteEngine) begin(context.Context) (conn, error) {
	if e.cause != nil {
		return nil, e.cause
	}
	if e.conn == nil {
		c, err := connectSQLite(e.dsn)
		if err != nil {
			return nil, unavailable("open a connection", err)
		}
		e.conn, e.files[1] = c, nil
	}
	if _, err := e.conn.exec(beginWrite); err != nil {
		return e.conn, unavailable("begin", err)
	}
	return e.conn, nil
}

// commit implements [engine]. No one sees a cached row that the commit
// changes: the cache is withdrawn before and replaced after it, also when it
// fails, for then the outcome is unknown.
func (e *sqliteEngine) commit(tr *transaction) error {
	if tr.dirty {
		e.cache.Store(nil)
		defer e.cache.Store(new(cache))
	}
	if tr.changed {
		e.readers.beginCommit()
		defer e.readers.endCommit()
	}
	if tr.dead == nil {
		if _, err := tr.conn.exec(commit); err != nil {
			tr.dead = unavailable("commit", err)
		} else if tr.changed {
			tr.dead = e.inPlace()
		}
	}
	if tr.dead != nil {
		e.abandon(tr)
	}
	return tr.dead
}

// errMoved: what was committed is where no start will look for it.
var errMoved = errors.New("the file of the store is not where it was")

// inPlace fails unless the files that were written to are those that a start opens.
func (e *sqliteEngine) inPlace() error {
	for i, name := range []string{e.path, e.path + "-wal"} {
		now, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("%w: %w", errMoved, err)
		}
		if e.files[i] == nil {
			e.files[i] = now
		}
		if !os.SameFile(now, e.files[i]) {
			return fmt.Errorf("%w: %s", errMoved, name)
		}
	}
	return nil
}

// abandon implements [engine].
func (e *sqliteEngine) abandon(tr *transaction) {
	e.db.numberings.forget()
	if tr.dead != nil && fatal(tr.dead) {
		e.cause = fmt.Errorf("store is broken until it is opened again: %w", tr.dead)
		close(e.failed)
	}
	if !e.conn.rollback() {
		_ = e.conn.close() // its own failure is the one that counts
		e.conn = nil
	}
}

// again implements [engine]: there is one writer, whom nobody can disturb.
func (*sqliteEngine) again(error, int) bool { return false }

// number implements [engine].
func (e *sqliteEngine) number(context.Context) (int64, error) {
	e.last++
	return e.last, nil
}

// take implements [engine], in the transaction, since there is no other: what is rolled back
// with it is forgotten with it.
func (e *sqliteEngine) take(t *tx, sequence, n int64) (end int64, err error) {
	row, err := t.first(takeNumbers, n, sequence)
	if errors.Is(err, identity.ErrNotFound) {
		if _, err := t.exec(insertNumbering, sequence, firstNumber); err != nil {
			return 0, err
		}
		row, err = t.first(takeNumbers, n, sequence)
	}
	if err != nil {
		return 0, err
	}
	return row[0].(int64), nil
}

// lead implements [engine]: the process that has the file open is the only one.
func (*sqliteEngine) lead(ctx context.Context, _ string, f func(context.Context)) error {
	f(ctx)
	return nil
}

// broken implements [engine].
func (e *sqliteEngine) broken() (<-chan struct{}, func() error) {
	return e.failed, func() error { return e.cause }
}

// stop implements [engine]. The writer goes last: the last connection to close empties the
// log into the database, and a reader may not write.
func (e *sqliteEngine) stop() error {
	err := e.readers.close()
	if e.conn != nil {
		err = errors.Join(err, e.conn.close())
	}
	return errors.Join(err, e.lock.Close())
}
