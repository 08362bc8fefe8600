// Package store keeps pools, identities, logins, users, roles, policies, providers, keys
// and settings in one SQLite file, and of each change by a call the event that is to be
// written to the audit log: it is the embedded [identity.Store], [principal.Store] and
// [audit.Store]. It owns the schema and its migrations, the SQL, the group
// commit and the exactness of its cache. It knows nothing of what rows mean: who may
// read them, what is in a sealed secret or a policy, and which logins an identity
// may have is decided above it.
//
// Readers and the writer have connections of their own (WAL mode), so that
// neither waits for the other. Updates queue for one writer, which runs all
// that are waiting in one transaction and makes them durable by one sync.
//
// A GUID is used once, whatever the region before it: a second pool or identity
// with the same GUID is an [identity.ErrConflict]. An identity has the region of
// its pool. Identifiers that are not canonical belong to nothing.
package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// Config says where the store is. Path and Now are required.
type Config struct {
	// Path is the database file. It is made with mode 0600 when there is none;
	// its directory must exist. SQLite keeps PATH-wal and PATH-shm beside it,
	// and the store PATH.lock.
	Path string
	// Now is the clock behind [identity.Tx.Now].
	Now func() time.Time
	// Commit is told of each durable commit how many Updates it covers and how long it took
	// from its first statement, and Read how long a View took that has reached the database;
	// nil: nobody is. They must not block.
	Commit func(updates int, took time.Duration)
	Read   func(took time.Duration)
}

// DB is an open store. Its methods may be called by many goroutines at a time.
type DB struct {
	now     func() time.Time
	clock   func() time.Time // Config.Now
	commit  func(updates int, took time.Duration)
	told    func(took time.Duration) // Config.Read
	tally   tally
	lock    *flock.Flock
	cache   atomic.Pointer[cache] // see cache
	readers *readers
	take    func(context.Context) (*conn, error) // readers.take
	writer  *writer
	closing chan struct{} // closed by Close
	close   func() error
}

var (
	_ identity.Store = (*DB)(nil)
	_ audit.Store    = auditStore{}
)

// Open opens the store, makes it if there is none, and brings its schema up to
// date. It fails when another process has the store open, when the file may be
// read by others than its owner, and when its schema is newer than this program.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Path == "" || cfg.Now == nil {
		return nil, errors.New("open store: Path and Now are required")
	}
	db, err := open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", cfg.Path, err)
	}
	return db, nil
}

func open(ctx context.Context, cfg Config) (*DB, error) {
	// As every distribution builds SQLite: of what fsync does beyond
	// fdatasync, only timestamps are left out.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	path, lock, fresh, err := claim(cfg.Path)
	if err != nil {
		return nil, err
	}
	c, err := connect(writerDSN(path))
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := migrate(ctx, c, writerDSN(path), fresh); err != nil {
		return nil, errors.Join(err, c.close(), lock.Close())
	}
	db := &DB{
		now:     func() time.Time { return cfg.Now().UTC().Truncate(time.Millisecond) },
		clock:   cfg.Now,
		commit:  cfg.Commit,
		told:    cfg.Read,
		lock:    lock,
		closing: make(chan struct{}),
	}
	db.cache.Store(new(cache))
	db.readers = newReaders(readerDSN(path), min(max(2, runtime.GOMAXPROCS(0)), 8), db.closing)
	db.take = db.readers.take
	db.writer = newWriter(writerDSN(path), c, db)
	db.close = sync.OnceValue(db.shut)
	go db.writer.loop()
	return db, nil
}

// errClosed is what the methods of a closed store fail with.
var errClosed = fmt.Errorf("%w: closed", identity.ErrUnavailable)

// Close waits for Views and Updates that run, refuses those that queue, and
// gives the file free. It may be called again.
func (db *DB) Close() error { return db.close() }

func (db *DB) shut() error {
	close(db.closing)
	<-db.writer.stopped
	// The writer goes last: the last connection to close empties the log into the
	// database, and a reader may not write.
	return errors.Join(db.readers.close(), db.writer.close(), db.lock.Close())
}

// View implements [identity.Store].
func (db *DB) View(ctx context.Context, f func(identity.Tx) error) error {
	return db.read(ctx, func(t fullTx) error { return f(t) })
}

// read is View.
func (db *DB) read(ctx context.Context, f func(fullTx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-db.closing:
		return errClosed
	default:
	}
	c := db.cache.Load()
	err := db.view(ctx, c, f)
	if c != nil && db.cache.Load() != c {
		// Cached rows may be older than those which were read after them.
		db.tally.retries.Add(1)
		err = db.view(ctx, nil, f)
	}
	return err
}

func (db *DB) view(ctx context.Context, c *cache, f func(fullTx) error) error {
	// One piece of memory: this is most of what a View of cached rows costs.
	v := &struct {
		tx
		of transaction
	}{
		tx: tx{ctx: ctx, now: db.now()},
		of: transaction{acquire: db.take, start: beginRead, cache: c},
	}
	v.transaction = &v.of
	if db.told != nil {
		v.of.clock = db.clock
	}
	defer func() {
		if v.conn == nil {
			db.tally.fromMemory.Add(1)
			return
		}
		db.tally.fromDatabase.Add(1)
		db.readers.give(v.conn, v.dead == nil)
		if db.told != nil {
			db.told(db.clock().Sub(v.of.began))
		}
	}()
	return v.run(f, readTx{&v.tx})
}

// Check proves that the store can be read, and that it is not broken.
func (db *DB) Check(ctx context.Context) error {
	select {
	case <-db.writer.broken:
		return db.writer.cause
	default:
	}
	return db.View(ctx, func(t identity.Tx) error {
		_, err := t.(readTx).first(selectVersion)
		return err
	})
}

// Broken returns a channel that is closed when the disk has failed the store:
// what was being written is unknown, and each later Update fails with
// [identity.ErrUnavailable]. Views go on, but only opening the store anew tells which
// of the unknown changes are there, so its owner should end soon.
// [DB.Check] then tells why.
func (db *DB) Broken() <-chan struct{} { return db.writer.broken }

// Stats counts since Open.
type Stats struct {
	// Updates is how many closures a durable commit has covered, Commits how many of
	// those there were. Their ratio is what group commit saves.
	Updates, Commits uint64
	// FromMemory is how many Views found all their rows cached, FromDatabase how many did not.
	FromMemory, FromDatabase uint64
	// Retries is how many closures ran again.
	Retries uint64
}

// A tally is what Stats tells beside what the writer knows.
type tally struct{ fromMemory, fromDatabase, retries atomic.Uint64 }

// Stats returns the counts so far.
func (db *DB) Stats() Stats {
	return Stats{
		Updates: db.writer.updates.Load(), Commits: db.writer.commits.Load(),
		FromMemory: db.tally.fromMemory.Load(), FromDatabase: db.tally.fromDatabase.Load(),
		Retries: db.tally.retries.Load(),
	}
}
