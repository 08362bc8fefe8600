package fault_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// F8: the database ends at once, as its machine would, and its standby takes its place. Each commit has waited for the
// standby, so nothing acknowledged is lost; the servers know both by their URL, and find the one that takes writes.
func TestPromotion(t *testing.T) {
	onlyLong(t)
	c := &cluster{server: pgtest.Start(t)}
	c.url = c.server.Database(t)
	standby := c.server.Standby(t)
	c.sql(t, "ALTER SYSTEM SET synchronous_standby_names = '*'") // of the first one alone: it is not copied
	c.sql(t, "SELECT pg_reload_conf()")
	for deadline := time.Now().Add(patience); c.sql(t, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1"; {
		if time.Now().After(deadline) {
			t.Fatal("the standby does not follow")
		}
		after(t.Context(), 10*time.Millisecond, 20*time.Millisecond)
	}
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", filepath.Dir(c.server.Socket())+","+filepath.Dir(standby.Socket()))
	q.Set("target_session_attrs", "read-write")
	u.RawQuery = q.Encode()
	flags := []string{"--store", u.String(), "--auto-migrate", "--signing-algorithm", "ES256"}
	for i := range 2 {
		if i > 0 {
			flags = append(flags, "--master-key-file", filepath.Join(c.nodes[0].data, "master.key"))
		}
		n := newNode(t, program(t), flags...)
		n.start()
		c.nodes = append(c.nodes, n)
	}
	l := newLedger(t, c.nodes[0])
	stop := l.load(8, c.nodes...)
	l.next(time.Now())
	after(t.Context(), time.Second, 1500*time.Millisecond)
	before := l.snapshot()
	failed := time.Now()
	c.server.Kill(t)
	after(t.Context(), 500*time.Millisecond, time.Second) // somebody notices
	standby.Promote(t)
	promoted := time.Now()
	took := l.next(promoted)
	away := time.Since(failed)
	after(t.Context(), time.Second, 1500*time.Millisecond)
	stop()
	b := before.count(c.nodes[1])
	t.Logf("acknowledged before %d, known %d, found %d, lost %d; acknowledged again %v after the promotion, %v after the failure",
		len(before.latencies), b.known, b.found, b.lost, took.Round(time.Millisecond), away.Round(time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("acknowledged again %v after the promotion", took)
	}
	if b.known == 0 {
		t.Error("nothing was acknowledged before")
	}
	for _, n := range c.nodes {
		l.check(n)
	}
}

// F8: other clients of the database have all its connections. Calls that need one are errors of the server, and none
// hangs; when there are connections again, the servers take theirs and no more.
func TestConnectionsTaken(t *testing.T) {
	onlyLong(t)
	c := &cluster{server: pgtest.Start(t)}
	c.url = c.server.Database(t)
	c.sql(t, "ALTER SYSTEM SET max_connections = 60")
	c.server.Stop(t)
	c.server.Restart(t)
	n := newNode(t, program(t), "--store", c.url, "--auto-migrate", "--signing-algorithm", "ES256")
	n.start()
	n.http = client(patience) // the server waits for a connection for a while
	l := newLedger(t, n)
	stop := l.load(16, n)
	l.next(time.Now())
	after(t.Context(), 500*time.Millisecond, 600*time.Millisecond)
	known := l.snapshot()
	var others []*pgconn.PgConn
	take := func() {
		for {
			conn, err := pgconn.Connect(t.Context(), c.url)
			if err != nil {
				var full *pgconn.PgError
				if !errors.As(err, &full) || full.Code != "53300" {
					t.Fatal(err)
				}
				return
			}
			others = append(others, conn)
		}
	}
	take()
	// The servers lose the connections that they have, and others are faster.
	if _, err := others[0].Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'poolkeeper'").ReadAll(); err != nil {
		t.Fatal(err)
	}
	take()
	refused := l.errored("InternalErrorException")
	begun := time.Now()
	for l.errored("InternalErrorException") < refused+5 && time.Since(begun) < patience {
		take()
		if _, err := others[0].Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'poolkeeper'").ReadAll(); err != nil {
			t.Fatal(err)
		}
		after(t.Context(), 20*time.Millisecond, 30*time.Millisecond)
	}
	refused = l.errored("InternalErrorException") - refused
	if refused < 5 {
		t.Errorf("%d calls were refused as errors of the server", refused)
	}
	for _, conn := range others {
		_ = conn.Close(context.WithoutCancel(t.Context())) // the server sees it end
	}
	took := l.next(time.Now())
	stop()
	b := known.count(n)
	t.Logf("%d connections taken: %d calls refused; acknowledged again after %v; known %d, found %d, lost %d",
		len(others), refused, took.Round(time.Millisecond), b.known, b.found, b.lost)
	if took > 5*time.Second {
		t.Errorf("acknowledged again after %v", took)
	}
	l.check(n)
	open := c.sql(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'poolkeeper'")
	var count int
	if _, err := fmt.Sscan(open, &count); err != nil || count > 20 {
		t.Errorf("%s connections are open (%v)", open, err)
	}
	t.Logf("connections open at the end: %s", open)
	if said := n.said(); strings.Contains(said, "panic") {
		t.Error("the server has panicked")
	}
}
