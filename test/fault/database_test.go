package fault_test

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// A cluster is servers on one PostgreSQL, each with a network of its own before it.
type cluster struct {
	server  *pgtest.Server
	url     string
	nodes   []*node
	proxies []*proxy
}

func newCluster(t *testing.T, size int, flags ...string) *cluster {
	t.Helper()
	c := &cluster{server: pgtest.Start(t)}
	c.url = c.server.Database(t)
	for i := range size {
		p := newProxy(t, c.url)
		all := append([]string{"--store", p.url, "--auto-migrate"}, flags...)
		if i > 0 {
			all = append(all, "--master-key-file", filepath.Join(c.nodes[0].data, "master.key"))
		}
		n := newNode(t, program(t), all...)
		n.start()
		c.nodes, c.proxies = append(c.nodes, n), append(c.proxies, p)
	}
	return c
}

// sql asks the database directly.
func (c *cluster) sql(t *testing.T, statements string) string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), c.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	results, err := conn.Exec(t.Context(), statements).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

func (c *cluster) each(f func(*proxy)) {
	for _, p := range c.proxies {
		f(p)
	}
}

// F7 to F9: what becomes of two servers under load when their database, or the network before
// it, fails. Each fault ends; from then on it may take so long until calls are acknowledged again.
func TestDatabase(t *testing.T) {
	onlyLong(t)
	c := newCluster(t, 2)
	l := newLedger(t, c.nodes[0])
	wait := func(d time.Duration) { after(t.Context(), d, d+time.Millisecond) }
	for _, f := range []struct {
		name   string
		blow   func()
		within time.Duration
	}{
		{"restart, in order", func() { c.server.Stop(t); c.server.Restart(t) }, 5 * time.Second},
		{"restart, at once", func() { c.server.Kill(t); c.server.Restart(t) }, 5 * time.Second},
		{"away for three seconds", func() { c.server.Kill(t); wait(3 * time.Second); c.server.Restart(t) }, 5 * time.Second},
		{"sessions ended", func() {
			c.sql(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'poolkeeper'")
		}, 3 * time.Second},
		{"connections cut", func() { c.each((*proxy).cut) }, 3 * time.Second},
		{"commits not heard", func() { c.each(func(p *proxy) { p.cutting.Store(cutBefore) }); wait(300 * time.Millisecond) }, 3 * time.Second},
		{"commits not answered", func() { c.each(func(p *proxy) { p.cutting.Store(cutAfter) }); wait(300 * time.Millisecond) }, 3 * time.Second},
		{"a slow network, 250 ms each way", func() {
			c.each(func(p *proxy) { p.delay.Store(int64(250 * time.Millisecond)) })
			wait(3 * time.Second)
			c.each(func(p *proxy) { p.delay.Store(0) })
		}, 3 * time.Second},
		{"silence, and then cut", func() {
			c.each(func(p *proxy) { p.deaf.Store(true) })
			wait(2 * time.Second)
			c.each(func(p *proxy) { p.deaf.Store(false); p.cut() })
		}, 5 * time.Second},
		{"tables locked for 6 s", func() { c.sql(t, "BEGIN; LOCK TABLE login, identity; SELECT pg_sleep(6); COMMIT") }, 3 * time.Second},
		{"a server frozen for 11 s", func() {
			c.nodes[1].signal(syscall.SIGSTOP)
			wait(11 * time.Second)
			c.nodes[1].signal(syscall.SIGCONT)
		}, 3 * time.Second},
	} {
		stop := l.load(8, c.nodes...)
		l.next(time.Now())
		before := l.acknowledged()
		wait(500 * time.Millisecond)
		f.blow()
		healed := time.Now()
		took := l.next(healed)
		stop()
		if took > f.within {
			t.Errorf("%s: acknowledged again after %v, want %v", f.name, took, f.within)
		}
		t.Logf("%s: %d acknowledged, again %v after it", f.name, l.acknowledged()-before, took.Round(time.Millisecond))
	}
	for _, n := range c.nodes {
		l.check(n)
	}
	// No connection is left over: each server has at most 16 that read and 2 that write, and one more
	// for a lease.
	open := c.sql(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'poolkeeper'")
	var n int
	if _, err := fmt.Sscan(open, &n); err != nil || n > 2*20 {
		t.Errorf("%s connections are open (%v)", open, err)
	}
	t.Logf("connections open at the end: %s", open)
}
