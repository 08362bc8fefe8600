package store

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

// A pgConn is one connection to the database, used by one goroutine at a time. It speaks
// the protocol without database/sql or pgx's own conversions: rows have three kinds of columns.
type pgConn struct {
	e     *postgresEngine
	c     *pgconn.PgConn
	stmts map[query]*pgconn.StatementDescription
	row   []driver.Value
	// ctx bounds what is under way.
	ctx    context.Context
	cancel context.CancelFunc

	// opening is the statement that begins a transaction, sent together with the next one.
	opening query
	// revision is that which the transaction has read. Where rows were taken from a cache
	// before, it must be that of the cache.
	revision int64
	expect   *cache

	// Of a connection that writes.
	id    []byte
	batch int64
}

// The object ids of types, which are fixed. Source: PostgreSQL's catalogue pg_type.
const (
	oidBytea = 17
	oidInt8  = 20
	oidText  = 25
)

// connect opens a connection.
func (e *postgresEngine) connect(ctx context.Context) (*pgConn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pgPatience, errSlow)
	defer cancel()
	c, err := pgconn.ConnectConfig(ctx, e.config)
	if err != nil {
		return nil, unavailable("connect", err)
	}
	return &pgConn{e: e, c: c, stmts: make(map[query]*pgconn.StatementDescription), ctx: context.Background()}, nil
}

// close ends the connection; a transaction that is open is rolled back.
func (c *pgConn) close() {
	c.end()
	ctx, cancel := context.WithTimeout(context.Background(), pgPatience)
	defer cancel()
	_ = c.c.Close(ctx) // what was acknowledged is durable, and the rest must not be
}

// bound bounds what is done until end: also by the deadline of ctx. What is only not waited for any
// more comes to its end, since cutting it short would cost the connection.
func (c *pgConn) bound(ctx context.Context) {
	c.end()
	within, release := context.WithoutCancel(ctx), context.CancelFunc(nil)
	if at, ok := ctx.Deadline(); ok {
		within, release = context.WithDeadlineCause(within, at, errSlow)
	}
	var stop context.CancelFunc
	c.ctx, stop = context.WithTimeoutCause(within, pgPatience, errSlow)
	c.cancel = stop
	if release != nil {
		c.cancel = func() { stop(); release() }
	}
}

func (c *pgConn) end() {
	if c.cancel != nil {
		c.cancel()
		c.cancel = nil
	}
	c.ctx, c.opening, c.expect = context.Background(), "", nil
}

// begin has the next statement begin a transaction before, and read the revision.
func (c *pgConn) begin(how query, expect *cache) {
	c.opening, c.expect = how, expect
}

// flush begins the transaction now.
func (c *pgConn) flush() error { return c.each("", nil) }

// alone runs one statement, which is a transaction by itself.
func (c *pgConn) alone(ctx context.Context, q query, args ...driver.Value) (int64, error) {
	c.bound(ctx)
	defer c.end()
	return c.exec(q, args...)
}

// exec implements [conn].
func (c *pgConn) exec(q query, args ...driver.Value) (n int64, err error) {
	err = c.run(q, args, nil, &n)
	return n, err
}

// first implements [conn].
func (c *pgConn) first(q query, args ...driver.Value) (row []driver.Value, err error) {
	err = c.each(q, func(r []driver.Value) error {
		row = r
		return io.EOF
	}, args...)
	return row, err
}

// each implements [conn].
func (c *pgConn) each(q query, f func([]driver.Value) error, args ...driver.Value) error {
	return c.run(q, args, f, nil)
}

// run sends what begins the transaction, if that is due, and the statement, in one go.
func (c *pgConn) run(q query, args []driver.Value, f func([]driver.Value) error, changed *int64) error {
	var batch pgconn.Batch
	begins := c.opening != ""
	if begins {
		batch.ExecParams(string(c.opening), nil, nil, nil, nil)
		if err := c.add(&batch, selectRevision, nil); err != nil {
			return err
		}
	}
	if q != "" {
		if err := c.add(&batch, q, args); err != nil {
			return err
		}
	}
	c.opening = ""
	results := c.c.ExecBatch(c.ctx, &batch)
	stale, err := false, error(nil)
	if begins {
		stale, err = c.begun(results)
	}
	if err == nil && q != "" && results.NextResult() {
		var tag pgconn.CommandTag
		tag, err = c.read(results.ResultReader(), stale, f)
		if changed != nil {
			*changed = tag.RowsAffected()
		}
	}
	if closed := results.Close(); closed != nil {
		err = closed
	}
	if err == nil && stale {
		err = errStale
	}
	return err
}

// begun reads the answers to what began the transaction.
func (c *pgConn) begun(results *pgconn.MultiResultReader) (stale bool, err error) {
	c.revision = -1
	for n := 0; n < 2 && results.NextResult(); n++ {
		if _, err := c.read(results.ResultReader(), false, func(row []driver.Value) error {
			c.revision = row[0].(int64)
			return nil
		}); err != nil {
			return false, err
		}
	}
	return c.expect != nil && c.expect.revision != c.revision, nil
}

// add puts a statement into a batch.
func (c *pgConn) add(batch *pgconn.Batch, q query, args []driver.Value) error {
	values, oids, formats := make([][]byte, len(args)), make([]uint32, len(args)), make([]int16, len(args))
	for i, v := range args {
		formats[i] = 1
		switch v := v.(type) {
		case nil:
		case int64:
			values[i], oids[i] = binary.BigEndian.AppendUint64(nil, uint64(v)), oidInt8
		case string:
			if strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
				return fmt.Errorf("%w: %q is no text", errArgument, v)
			}
			values[i], oids[i] = []byte(v), oidText
		case []byte:
			values[i], oids[i] = notNull(v), oidBytea
		default:
			return fmt.Errorf("%w: %T", errArgument, v)
		}
	}
	if !c.e.prepare {
		batch.ExecParams(string(q), values, oids, formats, []int16{1})
		return nil
	}
	s, ok := c.stmts[q]
	if !ok {
		var err error
		if s, err = c.c.Prepare(c.ctx, "s"+strconv.Itoa(len(c.stmts)), string(q), nil); err != nil {
			return err
		}
		c.stmts[q] = s
	}
	batch.ExecPrepared(s.Name, values, formats, []int16{1})
	return nil
}

// read calls f with the rows of a result, unless skip is set.
func (c *pgConn) read(r *pgconn.ResultReader, skip bool, f func([]driver.Value) error) (pgconn.CommandTag, error) {
	fields := r.FieldDescriptions()
	for len(c.row) < len(fields) {
		c.row = append(c.row, nil)
	}
	row := c.row[:len(fields)]
	var failed error
	for failed == nil && !skip && f != nil && r.NextRow() {
		for i, v := range r.Values() {
			if row[i], failed = decode(fields[i].DataTypeOID, v); failed != nil {
				failed = fmt.Errorf("column %s: %w", fields[i].Name, failed)
				break
			}
		}
		if failed == nil {
			failed = f(row)
		}
	}
	tag, err := r.Close()
	if err == nil && !errors.Is(failed, io.EOF) {
		err = failed
	}
	return tag, err
}

func decode(oid uint32, v []byte) (driver.Value, error) {
	if v == nil {
		return nil, nil
	}
	switch oid {
	case oidInt8:
		if len(v) == 8 {
			return int64(binary.BigEndian.Uint64(v)), nil
		}
	case oidBytea:
		return append([]byte{}, v...), nil
	case oidText:
		return string(v), nil
	}
	return nil, fmt.Errorf("type %d of %d bytes is none that this program writes", oid, len(v))
}
