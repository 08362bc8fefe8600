package fault_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A proxy is the network between a node and PostgreSQL.
type proxy struct {
	t      *testing.T
	target string
	listen net.Listener
	url    string
	done   chan struct{}

	// cutting is where the next commit of a change is cut.
	cutting atomic.Int32
	cuts    atomic.Int32
	// delay is how long each packet takes, each way, in nanoseconds.
	delay atomic.Int64
	// deaf: nothing arrives any more, and nobody is told.
	deaf atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]bool // to both sides
	all   sync.WaitGroup
}

// Where a connection is cut: nowhere, before the server has heard that it is to commit, or
// before its answer has come back.
const (
	uncut int32 = iota
	cutBefore
	cutAfter
)

// newProxy returns a proxy before the database at a URL of pgtest's.
func newProxy(t *testing.T, database string) *proxy {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	p := &proxy{t: t, target: filepath.Join(q.Get("host"), ".s.PGSQL.5432"), conns: map[net.Conn]bool{}, done: make(chan struct{})}
	if p.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	q.Del("host")
	q.Set("sslmode", "disable")
	u.RawQuery, u.Host = q.Encode(), p.listen.Addr().String()
	p.url = u.String()
	t.Cleanup(func() {
		p.listen.Close()
		close(p.done)
		p.cut()
		p.all.Wait()
	})
	go func() {
		for {
			c, err := p.listen.Accept()
			if err != nil {
				return
			}
			p.all.Go(func() { p.serve(c) })
		}
	}()
	return p
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *proxy) keep(c net.Conn) (drop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
	return func() {
		c.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
	}
}

// pass holds what was read up as the network does, and reports whether it is still to arrive.
func (p *proxy) pass() bool {
	if d := time.Duration(p.delay.Load()); d > 0 {
		select {
		case <-time.After(d):
		case <-p.done:
			return false
		}
	}
	return !p.deaf.Load()
}

func (p *proxy) serve(client net.Conn) {
	defer p.keep(client)()
	server, err := net.Dial("unix", p.target)
	if err != nil {
		return // it is stopped
	}
	defer p.keep(server)()
	var lost atomic.Bool // the server's answers
	p.all.Go(func() {
		defer client.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := server.Read(b)
			if lost.Load() || err != nil {
				return
			}
			if !p.pass() {
				continue
			}
			if _, err := client.Write(b[:n]); err != nil {
				return
			}
		}
	})
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		if !p.pass() {
			continue
		}
		if at := p.cutting.Load(); at != uncut && bytes.Contains(b[:n], []byte("COMMIT\x00")) && p.cutting.CompareAndSwap(at, uncut) {
			p.cuts.Add(1)
			if at == cutBefore {
				return
			}
			lost.Store(true)
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
		if lost.Load() {
			_, _ = io.Copy(io.Discard, client) // until the server's answer has been dropped
			return
		}
	}
}
