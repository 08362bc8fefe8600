package store

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// readers lends connections that read. They are opened when first needed, and
// the last one given back is lent first, so that a quiet server keeps few warm.
//
// To begin and end a read transaction costs twice what a point lookup does: its
// locks are system calls. So a connection keeps its transaction when it is given
// back, and the next View goes on in it, which is exact as long as nothing was
// committed since, and only this process commits. Before it commits, the writer
// ends what is kept; that also lets the log be emptied.
type readers struct {
	dsn     string
	closing <-chan struct{}
	free    chan struct{} // one token per connection that may be taken

	mu   sync.Mutex // guards what follows, and the reading of idle connections
	idle []*sqliteConn
	// epoch changes when a commit begins, to odd, and when it has ended. A
	// snapshot is current if it was taken and is looked at in one even epoch.
	epoch uint64
}

func newReaders(dsn string, n int, closing <-chan struct{}) *readers {
	r := &readers{dsn: dsn, closing: closing, free: make(chan struct{}, n)}
	for range n {
		r.free <- struct{}{}
	}
	return r
}

// take returns a connection, which must be given back.
func (r *readers) take(ctx context.Context) (*sqliteConn, error) {
	select {
	case <-r.free:
	default:
		select {
		case <-r.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.closing:
			return nil, errClosed
		}
	}
	if c := r.pop(); c != nil {
		return c, nil
	}
	c, err := connectSQLite(r.dsn)
	if err != nil {
		r.free <- struct{}{}
		return nil, unavailable("open a connection", err)
	}
	return c, nil
}

// begin lends a connection in a transaction, which give takes back.
func (r *readers) begin(ctx context.Context) (conn, error) {
	c, err := r.take(ctx)
	if err != nil {
		return nil, err
	}
	if !c.reading {
		if _, err := c.exec(beginRead); err != nil {
			return c, unavailable("begin", err)
		}
	}
	return c, nil
}

// pop returns an idle connection, or nil.
func (r *readers) pop() *sqliteConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.idle) - 1
	if n < 0 {
		return nil
	}
	c := r.idle[n]
	r.idle = r.idle[:n]
	if !c.reading {
		c.epoch = r.epoch
	}
	return c
}

// keep makes the connection idle with its transaction, if that is current.
func (r *readers) keep(c *sqliteConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.epoch != r.epoch || r.epoch%2 != 0 {
		return false
	}
	c.reading = true
	r.idle = append(r.idle, c)
	return true
}

// give takes a connection back, in a transaction that is healthy unless a
// statement has failed.
func (r *readers) give(c *sqliteConn, healthy bool) {
	defer func() { r.free <- struct{}{} }()
	if healthy && r.keep(c) {
		return
	}
	if c.endRead() {
		r.mu.Lock()
		r.idle = append(r.idle, c)
		r.mu.Unlock()
	}
}

// beginCommit is called before what was read may cease to be current, endCommit after
// that.
func (r *readers) beginCommit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
	r.idle = slices.DeleteFunc(r.idle, func(c *sqliteConn) bool { return c.reading && !c.endRead() })
}

func (r *readers) endCommit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
}

// close waits for the connections that are lent and closes all.
func (r *readers) close() error {
	for range cap(r.free) {
		<-r.free
	}
	var errs []error
	for _, c := range r.idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}
