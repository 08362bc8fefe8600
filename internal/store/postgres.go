package store

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A postgresEngine is a database that speaks PostgreSQL's protocol, which any number of
// processes share. Nothing of it is kept here that another process could make stale: see cache.
//
// Updates are SERIALIZABLE: closures decide by what they read (which identity has a login,
// how many logins it has, whether a policy is attached anywhere), and no list of locks would
// hold for closures yet to be written. Of two transactions that can not be put one after the
// other, the database refuses one, which runs again. What one process has to write, it writes by
// one connection, in batches: so only processes get into each other's way.
type postgresEngine struct {
	db     *DB
	config *pgconn.Config
	// prepare: statements are prepared once for each connection.
	prepare bool
	// begin is how an Update begins.
	begin  query
	cache  atomic.Pointer[cache] // never nil
	reads  reads
	events events
	pool   pgPool
	// conn is the writer's; nil before the first use and after a failure.
	conn *pgConn
	// wary: the last transaction of the writer has found a row other than it was read.
	wary bool
	// beat is how often the holder of a lease shows that it is alive.
	beat time.Duration
}

const (
	// pgReaders bounds the connections that read, unless the URL has pool_max_conns.
	pgReaders = 16

	// A transaction, or an attempt to connect, that takes longer has failed.
	pgPatience = 20 * time.Second
	// leaseBeat times leaseSilence is how long what one process does stays undone when that has died.
	leaseBeat = 2 * time.Second
	// writersKept is for how long the row of a writer is kept that has not ended in order.
	writersKept = 30 * 24 * time.Hour
)

// openPostgres connects, and sees to the schema. It returns the database's name for people, too,
// which has no password.
func openPostgres(ctx context.Context, cfg Config, db *DB) (*postgresEngine, string, error) {
	config, readers, prepare, err := parseURL(cfg.URL)
	if err != nil {
		return nil, "of --store", err
	}
	name := fmt.Sprintf("%s on %s:%d", config.Database, config.Host, config.Port)
	e := &postgresEngine{db: db, config: config, prepare: prepare, begin: beginSerializable, beat: leaseBeat}
	e.cache.Store(&cache{revision: -1})
	e.reads.e = e
	e.events.take = e.takeEvents
	e.pool.init(e, readers)
	if err := e.settleSchema(ctx, cfg); err != nil {
		return nil, name, errors.Join(err, e.pool.close())
	}
	return e, name, nil
}

// settleSchema checks the schema or brings it up to date.
func (e *postgresEngine) settleSchema(ctx context.Context, cfg Config) error {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := migratePostgres(ctx, c, cfg.Migrate, cfg.Migrating); err != nil {
		return err
	}
	_, err = c.alone(ctx, sweepWriters, e.db.now().Add(-writersKept).UnixMilli())
	return err
}

// cacheOf returns the cache of a revision. It is nil when that is not the latest one any more.
func (e *postgresEngine) cacheOf(revision int64) *cache {
	for {
		c := e.cache.Load()
		switch {
		case c.revision == revision:
			return c
		case c.revision > revision:
			return nil
		}
		if fresh := (&cache{revision: revision}); e.cache.CompareAndSwap(c, fresh) {
			return fresh
		}
	}
}

// events gives out the numbers of events, each once over all processes, and in one process in order.
type events struct {
	take func(context.Context) (end int64, err error)

	mu   sync.Mutex
	left numbers
}

// number implements [engine].
func (e *postgresEngine) number(ctx context.Context) (int64, error) { return e.events.one(ctx) }

func (n *events) one(ctx context.Context) (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.left.next == n.left.end {
		end, err := n.take(ctx)
		if err != nil {
			return 0, err
		}
		n.left = numbers{end - numberBlock, end}
	}
	n.left.next++
	return n.left.next - 1, nil
}

func (e *postgresEngine) takeEvents(ctx context.Context) (end int64, err error) {
	return e.count(ctx, takeCount, int64(numberBlock), "event")
}

// take implements [engine], by a transaction of its own: who takes some does not wait for what others
// do with theirs, nor do they get into each other's way.
func (e *postgresEngine) take(t *tx, sequence, n int64) (end int64, err error) {
	for {
		end, err = e.count(t.ctx, takeNumbers, n, sequence)
		if !errors.Is(err, errNoCounter) {
			return end, err
		}
		err = e.pool.with(t.ctx, func(c *pgConn) error {
			_, err := c.exec(insertNumbering, sequence, firstNumber)
			return err
		})
		if err != nil {
			return 0, unavailable("take numbers", err)
		}
	}
}

// count raises a count by one statement, which returns it.
func (e *postgresEngine) count(ctx context.Context, q query, args ...driver.Value) (count int64, err error) {
	for tries := 0; ; tries++ {
		err := e.pool.with(ctx, func(c *pgConn) error {
			row, err := c.first(q, args...)
			switch {
			case err != nil:
				return unavailable("take numbers", err)
			case row == nil:
				return errNoCounter // which is there at no other try either
			}
			count = row[0].(int64)
			return nil
		})
		if err == nil || !e.again(err, tries) {
			return count, err
		}
	}
}

// broken implements [engine]: the server sees to its disks.
func (*postgresEngine) broken() (<-chan struct{}, func() error) { return nil, nil }

// stop implements [engine].
func (e *postgresEngine) stop() error {
	if c := e.conn; c != nil {
		// A row that stays behind is swept later.
		_, _ = c.alone(context.Background(), deleteWriter, c.id)
		c.close()
	}
	return e.pool.close()
}

// newWriterID returns an id that no other connection has.
func newWriterID() []byte {
	id := make([]byte, 16)
	rand.Read(id)
	return id
}
