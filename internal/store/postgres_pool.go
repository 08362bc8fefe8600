package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// parseURL reads the URL of a database. pool_max_conns, how many connections may read, and
// default_query_exec_mode=exec, which prepares no statements, as behind a pooler that changes
// the server's connection under the client's, are spelled as pgx spells them.
func parseURL(text string) (config *pgconn.Config, readers int, prepare bool, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, 0, false, errors.New("not a URL like postgres://user@host:5432/database") // the text may have a password
	}
	readers, prepare = pgReaders, true
	q := u.Query()
	if v := q.Get("pool_max_conns"); v != "" {
		if readers, err = strconv.Atoi(v); err != nil || readers < 2 {
			return nil, 0, false, fmt.Errorf("pool_max_conns=%s is not a number of at least 2", v)
		}
	}
	switch v := q.Get("default_query_exec_mode"); v {
	case "", "cache_statement":
	case "exec":
		prepare = false
	default:
		return nil, 0, false, fmt.Errorf("default_query_exec_mode=%s is neither cache_statement nor exec", v)
	}
	q.Del("pool_max_conns")
	q.Del("default_query_exec_mode")
	u.RawQuery = q.Encode()
	if config, err = pgconn.ParseConfig(u.String()); err != nil {
		return nil, 0, false, err
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "poolkeeper"
	}
	// Of a process that is cut off, a transaction must not hold what it has locked for ever.
	config.AfterConnect = func(ctx context.Context, c *pgconn.PgConn) error {
		return c.Exec(ctx, "SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '5s'; SET client_min_messages = warning").Close()
	}
	return config, readers, prepare, nil
}

// CheckURL refuses what [Config.URL] may not be. It asks no server.
func CheckURL(text string) error {
	_, _, _, err := parseURL(text)
	return err
}

// A pgPool lends connections that read. The last one given back is lent first.
type pgPool struct {
	e    *postgresEngine
	free chan struct{} // one token per connection that may be taken

	mu   sync.Mutex // guards what follows
	idle []*pgConn
}

func (p *pgPool) init(e *postgresEngine, n int) {
	p.e, p.free = e, make(chan struct{}, n)
	for range n {
		p.free <- struct{}{}
	}
}

// take returns a connection, which must be given back.
func (p *pgPool) take(ctx context.Context) (*pgConn, error) {
	select {
	case <-p.free:
	default:
		select {
		case <-p.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.e.db.closing:
			return nil, errClosed
		}
	}
	c := p.pop()
	if c == nil {
		var err error
		if c, err = p.e.connect(ctx); err != nil {
			p.free <- struct{}{}
			return nil, err
		}
	}
	c.bound(ctx)
	return c, nil
}

func (p *pgPool) pop() *pgConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle) - 1
	if n < 0 {
		return nil
	}
	c := p.idle[n]
	p.idle = p.idle[:n]
	return c
}

// give takes a connection back. Nobody waits until its transaction has ended, which has
// changed nothing.
func (p *pgPool) give(c *pgConn) {
	if c.c.TxStatus() == 'I' && !c.c.IsClosed() {
		p.keep(c)
		return
	}
	go func() {
		if c.rollback() {
			p.keep(c)
			return
		}
		c.close()
		// The server may be another one since: what is idle may have been cut, too.
		p.mu.Lock()
		idle := p.idle
		p.idle = nil
		p.mu.Unlock()
		for _, other := range idle {
			other.close()
		}
		p.free <- struct{}{}
	}()
}

func (p *pgPool) keep(c *pgConn) {
	c.end()
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	p.free <- struct{}{}
}

// with calls f with a connection.
func (p *pgPool) with(ctx context.Context, f func(*pgConn) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.give(c)
	return f(c)
}

// close waits for the connections that are lent and closes all.
func (p *pgPool) close() error {
	for range cap(p.free) {
		<-p.free
	}
	for _, c := range p.idle {
		c.close()
	}
	return nil
}
