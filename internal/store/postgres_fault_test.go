package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// A cutter is a proxy before the server that cuts connections when they commit: before the
// server has heard of it, or before its answer has come back.
type cutter struct {
	t      *testing.T
	target string
	listen net.Listener
	// armed: the next commit of a transaction that has changed something is cut.
	armed  atomic.Bool
	before atomic.Bool
	cuts   atomic.Int32
	// silent: nothing gets through any more, and nobody is told.
	silent atomic.Bool
	conns  sync.WaitGroup
}

// cut returns a proxy and the URL by which the store is reached through it.
func cut(t *testing.T, target string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	c := &cutter{t: t, target: filepath.Join(q.Get("host"), ".s.PGSQL.5432")}
	if c.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	q.Del("host")
	q.Set("sslmode", "disable")
	u.RawQuery, u.Host = q.Encode(), c.listen.Addr().String()
	t.Cleanup(func() { c.listen.Close(); c.conns.Wait() })
	go func() {
		for {
			client, err := c.listen.Accept()
			if err != nil {
				return
			}
			c.conns.Go(func() { c.serve(client) })
		}
	}()
	return c, u.String()
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", c.target)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer server.Close()
	var deaf atomic.Bool // to the server's answers
	go func() {
		defer client.Close()
		answer := make([]byte, 64<<10)
		for {
			n, err := server.Read(answer)
			if deaf.Load() || err != nil {
				return
			}
			if _, err := client.Write(answer[:n]); err != nil {
				return
			}
		}
	}()
	request := make([]byte, 64<<10)
	for {
		n, err := client.Read(request)
		if err != nil {
			return
		}
		if bytes.Contains(request[:n], []byte("COMMIT\x00")) && c.armed.CompareAndSwap(true, false) {
			c.cuts.Add(1)
			if c.before.Load() {
				return
			}
			deaf.Store(true)
		}
		if c.silent.Load() {
			continue
		}
		if _, err := server.Write(request[:n]); err != nil {
			return
		}
		if deaf.Load() {
			// Until the server has answered, and then has been let go.
			_, _ = io.Copy(io.Discard, client)
			return
		}
	}
}

// Of a connection that is lost in a commit, what has become of it is found out: each
// acknowledged change is there, and each closure has taken effect once.
func TestPostgres_LostCommit(t *testing.T) {
	t.Parallel()
	c, through := cut(t, pgtest.Database(t))
	db := openURL(t, through)
	if err := db.Update(t.Context(), put("a", []byte("0"))); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 12; n++ {
		c.before.Store(n%2 == 0)
		c.armed.Store(true)
		runs := 0
		err := db.Update(t.Context(), func(tx identity.Tx) error {
			runs++
			v, err := tx.Setting("a")
			if err != nil {
				return err
			}
			var k int
			if _, err := fmt.Sscan(string(v), &k); err != nil {
				return err
			}
			return tx.PutSetting("a", fmt.Append(nil, k+1))
		})
		if err != nil {
			t.Fatalf("update %d: %v", n, err)
		}
		if want := 1 + (n+1)%2; runs != want {
			t.Errorf("update %d ran %d times, want %d", n, runs, want)
		}
		wantSetting(t, db, "a", fmt.Sprint(n))
	}
	if got := c.cuts.Load(); got != 12 {
		t.Errorf("%d commits were cut, want 12", got)
	}
}

// While the server is away nothing is acknowledged, and nothing that was is lost.
func TestPostgres_ServerDies(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	db := openURL(t, server.Database(t))
	if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
		t.Fatal(err)
	}
	wantSetting(t, db, "a", "b")
	server.Kill(t)
	if err := db.Update(t.Context(), put("a", []byte("c"))); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("update without a server: got %v, want %v", err, identity.ErrUnavailable)
	}
	if err := db.Check(t.Context()); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("check without a server: got %v, want %v", err, identity.ErrUnavailable)
	}
	server.Restart(t)
	wantSetting(t, db, "a", "b")
	if err := db.Update(t.Context(), put("a", []byte("d"))); err != nil {
		t.Error(err)
	}
	wantSetting(t, db, "a", "d")
}

// Who asks with a deadline whether the store is well is answered by then, whatever the server does.
func TestPostgres_CheckHasDeadline(t *testing.T) {
	t.Parallel()
	c, through := cut(t, pgtest.Database(t))
	db := openURL(t, through)
	check := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return db.Check(ctx)
	}
	if err := check(time.Minute); err != nil {
		t.Fatal(err)
	}
	c.silent.Store(true)
	began := time.Now()
	if err := check(100 * time.Millisecond); err == nil {
		t.Error("a server that says nothing is well")
	}
	if took := time.Since(began); took > pgPatience/2 {
		t.Errorf("the check took %v", took)
	}
	c.silent.Store(false)
	if err := check(time.Minute); err != nil {
		t.Errorf("when the server answers again: %v", err)
	}
}

// What one process does alone, another one takes over when it falls silent, and what the first
// one would still write then is refused.
func TestPostgres_Lease(t *testing.T) {
	t.Parallel()
	at := pgtest.Database(t)
	a, b := openURL(t, at), openURL(t, at)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var both sync.WaitGroup
	defer both.Wait()
	defer cancel()
	mine := make(chan context.Context)
	both.Go(func() {
		_ = a.Lead(ctx, "work", func(ctx context.Context) { mine <- ctx; <-ctx.Done() })
	})
	old := <-mine
	if err := a.Update(old, put("by", []byte("a"))); err != nil {
		t.Fatal(err)
	}
	theirs := make(chan context.Context)
	b.engine.(*postgresEngine).beat /= 100 // it looks often, so the holder seems to be silent
	both.Go(func() {
		_ = b.Lead(ctx, "work", func(ctx context.Context) { theirs <- ctx; <-ctx.Done() })
	})
	now := <-theirs
	if err := a.Update(old, put("by", []byte("a, late"))); err == nil {
		t.Error("the old holder has written")
	}
	wantSetting(t, a, "by", "a")
	if err := b.Update(now, put("by", []byte("b"))); err != nil {
		t.Error(err)
	}
	wantSetting(t, a, "by", "b")
}

// What is acknowledged before an Update begins, by whichever process, that Update sees: also when it
// comes while the writer of its own process is busy, with a transaction that has begun before.
func TestPostgres_UpdateSeesWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	at := pgtest.Database(t)
	here, there := openURL(t, at), openURL(t, at)
	busy, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if err := here.Update(t.Context(), func(tx identity.Tx) error {
			if _, err := tx.Setting("b"); !errors.Is(err, identity.ErrNotFound) {
				return err // it has not begun
			}
			busy <- struct{}{}
			<-release
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-busy
	if err := there.Update(t.Context(), put("a", []byte("b"))); err != nil {
		t.Fatal(err)
	}
	all.Go(func() {
		if err := here.Update(t.Context(), func(tx identity.Tx) error {
			got, err := tx.Setting("a")
			if err != nil || string(got) != "b" {
				t.Errorf("setting a: got %q, %v, want b", got, err)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); len(here.writer.queue) == 0; {
		select {
		case <-tick.C:
		case <-deadline:
			close(release)
			t.Fatal("the last Update does not wait")
		}
	}
	close(release)
	all.Wait()
}
