package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
	"github.com/poolkeeper/poolkeeper/internal/store/storetest"
)

func openURL(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{URL: url, Migrate: true, Now: time.Now})
	if err == nil {
		err = db.UseIDKey(t.Context(), testIDKey)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

// reused are databases that are emptied and used again: to make the tables takes longer than most tests.
type reused struct {
	// open returns the URL of another one, at which there is nothing.
	open func(testing.TB) string

	mu   sync.Mutex
	idle []emptied
}

// An emptied database has a connection by which that is done, since to open one takes long, too.
type emptied struct {
	url string
	c   *pgconn.PgConn
}

// url returns the URL of a database without rows, for as long as the test runs.
func (r *reused) url(t testing.TB) string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var e emptied
	if n := len(r.idle); n > 0 {
		e, r.idle = r.idle[n-1], r.idle[:n-1]
	} else {
		e.url = r.open(t)
		var err error
		if e.c, err = pgconn.Connect(t.Context(), e.url); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			return // it may be in use still
		}
		all := "DELETE FROM writer; DELETE FROM lease;"
		for _, table := range tables {
			all += "DELETE FROM " + table.Name + ";"
		}
		// The context of the test has ended.
		if err := e.c.Exec(context.Background(), all).Close(); err != nil {
			t.Error(err)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.idle = append(r.idle, e)
	})
	return e.url
}

// plain are databases on the server of this process, and pooled those behind a pooler, which gives a client another
// connection for each transaction.
var (
	plain  = reused{open: pgtest.Database}
	pooled = reused{open: pgtest.Pooled}
)

func TestPostgres_Contract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) identity.Store { return openURL(t, plain.url(t)) })
}

func TestPostgres_ContractPrincipals(t *testing.T) {
	t.Parallel()
	storetest.RunPrincipals(t, func(t *testing.T) principal.Store { return openURL(t, plain.url(t)).Principals() })
}

func TestPostgres_ContractAudit(t *testing.T) {
	t.Parallel()
	storetest.RunAudit(t, func(t *testing.T) storetest.Audited {
		db := openURL(t, plain.url(t))
		return storetest.Audited{Store: db, Outbox: db.Audit()}
	})
}

func openPooled(t testing.TB) *DB {
	t.Helper()
	return openURL(t, pooled.url(t)+"&default_query_exec_mode=exec")
}

func TestPostgresPooled_Contract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) identity.Store { return openPooled(t) })
}

func TestPostgresPooled_ContractPrincipals(t *testing.T) {
	t.Parallel()
	storetest.RunPrincipals(t, func(t *testing.T) principal.Store { return openPooled(t).Principals() })
}

func TestPostgresPooled_ContractAudit(t *testing.T) {
	t.Parallel()
	storetest.RunAudit(t, func(t *testing.T) storetest.Audited {
		db := openPooled(t)
		return storetest.Audited{Store: db, Outbox: db.Audit()}
	})
}

// Behind the pooler a client does have one connection after the other.
func TestPostgresPooled_Connections(t *testing.T) {
	t.Parallel()
	pool := &openPooled(t).engine.(*postgresEngine).pool
	used := make(map[int64]bool)
	use := func(c *pgConn) error {
		row, err := c.first("SELECT pg_backend_pid()::bigint")
		if err == nil {
			used[row[0].(int64)] = true
		}
		return err
	}
	// The pooler makes a second one when it needs it: for this one in a transaction, and for another beside.
	err := pool.with(t.Context(), func(c *pgConn) error {
		if _, err := c.exec(beginSnapshot); err != nil {
			return err
		}
		return pool.with(t.Context(), use)
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "there was another connection", func() bool {
		if err := pool.with(t.Context(), use); err != nil {
			t.Fatal(err)
		}
		return len(used) > 1
	})
}

// In a Request, what was current once is current enough, but for what the Request itself has changed;
// outside it, each View sees what was acknowledged by whichever process.
func TestPostgres_Request(t *testing.T) {
	t.Parallel()
	at := pgtest.Database(t)
	here, there := openURL(t, at), openURL(t, at)
	is := func(want string) func(identity.Tx) error {
		return func(tx identity.Tx) error {
			if got, err := tx.Setting("a"); err != nil || string(got) != want {
				return fmt.Errorf("got %q, %w, want %q", got, err, want)
			}
			return nil
		}
	}
	write := func(db *DB, value string) {
		t.Helper()
		if err := db.Update(t.Context(), put("a", []byte(value))); err != nil {
			t.Fatal(err)
		}
	}
	see := func(ctx context.Context, want string) {
		t.Helper()
		if err := here.View(ctx, is(want)); err != nil {
			t.Error(err)
		}
	}
	write(there, "1")
	see(t.Context(), "1")
	ctx := identity.WithRequest(t.Context())
	see(ctx, "1")
	write(there, "2")
	see(ctx, "1") // without asking
	see(t.Context(), "2")
	see(ctx, "2") // what is in memory is no older
	write(there, "3")
	if err := here.Update(ctx, func(identity.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	see(ctx, "3")
}
