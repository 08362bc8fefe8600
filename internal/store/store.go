// Package store keeps pools, identities, logins, users, roles, policies, providers, keys
// and settings in one SQLite file or in a PostgreSQL database, and of each change by a call the
// event that is to be written to the audit log: it is the [identity.Store], the [principal.Store] and
// the [audit.Store]. It owns the schema and its migrations, the SQL, the group
// commit and the exactness of its cache. It knows nothing of what rows mean: who may
// read them, what is in a sealed secret or a policy, and which logins an identity
// may have is decided above it.
//
// Calls go one way. A [DB] has Views run by its engine and Updates queued for its writer, which
// runs all that are waiting in one transaction and makes them durable together. The closure gets
// a tx, whose methods turn records into rows (pool.go, identity.go, kind.go …) and back by the
// texts in query.go, which are those of all engines. Under it, an engine has transactions begin,
// end and become durable: sqlite*.go and postgres*.go.
//
// A pool has a number, and so has an identity, whose GUID follows from it (idkey.go) unless it was
// given another one. A GUID is used once, whatever the region before it: a second pool or identity
// with the same GUID is an [identity.ErrConflict]. An identity has the region of
// its pool. Identifiers that are not canonical belong to nothing.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// Config says where the store is: Path or URL, and Now, are required.
type Config struct {
	// Path is the file of the embedded database. It is made with mode 0600 when there is
	// none; its directory must exist. SQLite keeps PATH-wal and PATH-shm beside it,
	// and the store PATH.lock.
	Path string
	// URL names a PostgreSQL database instead: postgres://…, with what libpq and pgx take in
	// one. Any number of processes may have it open.
	URL string
	// Migrate brings the schema of that database up to date. Without it, an old one is
	// refused with [ErrOldSchema]. A file is always brought up to date.
	Migrate bool
	// Migrating, unless nil, is told when a schema with rows is about to be brought from one version to
	// another: with many rows that takes minutes.
	Migrating func(from, to int64)
	// Now is the clock behind [identity.Tx.Now].
	Now func() time.Time
	// Commit is told of each durable commit how many Updates it covers and how long it took
	// from its first statement, and Read how long a View took that has reached the database;
	// nil: nobody is. They must not block, and are called by many goroutines at a time.
	Commit func(updates int, took time.Duration)
	Read   func(took time.Duration)
}

// ErrOldSchema is that the schema of the database is older than this program, or there is none.
var ErrOldSchema = errors.New("the schema of the database is not up to date")

// DB is an open store. Its methods may be called by many goroutines at a time.
type DB struct {
	now    func() time.Time
	clock  func() time.Time // Config.Now
	commit func(updates int, took time.Duration)
	told   func(took time.Duration) // Config.Read
	tally  tally
	engine engine
	ids    *idKey // nil until UseIDKey
	// numberings are those of numbers that are in rows.
	numberings numberings
	writer     *writer
	closing    chan struct{} // closed by Close
	close      func() error
}

var (
	_ identity.Store = (*DB)(nil)
	_ audit.Store    = auditStore{}
)

// Open opens the store. A file it makes if there is none, and brings its schema up to
// date. It fails when another process has the file open, when the file may be
// read by others than its owner, and when the schema is newer than this program.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if (cfg.Path == "") == (cfg.URL == "") || cfg.Now == nil {
		return nil, errors.New("open store: Path or URL, and Now, are required")
	}
	db := &DB{
		now:     func() time.Time { return cfg.Now().UTC().Truncate(time.Millisecond) },
		clock:   cfg.Now,
		commit:  cfg.Commit,
		told:    cfg.Read,
		closing: make(chan struct{}),
	}
	var err error
	name := cfg.Path
	if cfg.Path != "" {
		var e *sqliteEngine
		e, err = openSQLite(ctx, cfg, db)
		db.engine = e
	} else {
		var e *postgresEngine
		e, name, err = openPostgres(ctx, cfg, db)
		db.engine = e
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", name, err)
	}
	db.writer = newWriter(db)
	db.close = sync.OnceValue(db.shut)
	go db.writer.run()
	return db, nil
}

// errClosed is what the methods of a closed store fail with.
var errClosed = fmt.Errorf("%w: closed", identity.ErrUnavailable)

// Close waits for Views and Updates that run, refuses those that queue, and
// gives the database free. It may be called again.
func (db *DB) Close() error { return db.close() }

func (db *DB) shut() error {
	close(db.closing)
	<-db.writer.stopped
	return db.engine.stop()
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
	return db.engine.view(ctx, f)
}

// readClock is what times a View; nil: nobody asks.
func (db *DB) readClock() func() time.Time {
	if db.told == nil {
		return nil
	}
	return db.clock
}

// viewed counts one run of a View and tells how long it took, when its connection is given back.
func (db *DB) viewed(tr *transaction) {
	switch {
	case tr.reached:
		db.tally.fromDatabase.Add(1)
		if db.told != nil {
			db.told(db.clock().Sub(tr.began))
		}
	case tr.dead == nil:
		db.tally.fromMemory.Add(1)
	}
}

// Lead calls f while this process is the one, of all that have the store open, to do what
// is called name. It waits for its turn, ends the context of f when the turn is lost, and returns when f
// does or ctx ends. An Update in that context fails when it would change something after the turn was lost.
func (db *DB) Lead(ctx context.Context, name string, f func(context.Context)) error {
	return db.engine.lead(ctx, name, f)
}

// Check proves that the store can be read, and that it is not broken.
func (db *DB) Check(ctx context.Context) error {
	broken, cause := db.engine.broken()
	select {
	case <-broken:
		return cause()
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
// [DB.Check] then tells why. A database server sees to its disks itself.
func (db *DB) Broken() <-chan struct{} {
	broken, _ := db.engine.broken()
	return broken
}

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
