package main

import (
	"net"
	"sync"
	"sync/atomic"
)

// A boundedListener has no more than a number of connections open; others wait to be
// accepted, in the system's queue.
type boundedListener struct {
	net.Listener
	free chan struct{} // nil: any number
	open atomic.Int64
	// closed is closed with the listener.
	closed chan struct{}
	once   sync.Once
}

func newBoundedListener(l net.Listener, most int) *boundedListener {
	b := &boundedListener{Listener: l, closed: make(chan struct{})}
	if most > 0 {
		b.free = make(chan struct{}, most)
	}
	return b
}

// Accept implements [net.Listener].
func (b *boundedListener) Accept() (net.Conn, error) {
	if b.free != nil {
		select {
		case b.free <- struct{}{}:
		case <-b.closed:
			return nil, net.ErrClosed
		}
	}
	c, err := b.Listener.Accept()
	if err != nil {
		b.leave()
		return nil, err
	}
	b.open.Add(1)
	return &boundedConn{Conn: c, left: sync.OnceFunc(func() {
		b.open.Add(-1)
		b.leave()
	})}, nil
}

func (b *boundedListener) leave() {
	if b.free != nil {
		<-b.free
	}
}

// Close implements [net.Listener].
func (b *boundedListener) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

type boundedConn struct {
	net.Conn
	left func()
}

// Close implements [net.Conn].
func (c *boundedConn) Close() error {
	defer c.left()
	return c.Conn.Close()
}
