package store

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
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
	// ctx ends what is under way that may take any time: see within. Of all else it is the
	// background, and bound sees to its time.
	ctx    context.Context
	cancel context.CancelFunc

	// batch is what is to be sent, and steps say what becomes of each answer.
	batch pgconn.Batch
	steps []step
	// blocks are rows that are to be inserted after that.
	blocks blocks
	// aside is how a batch will have ended that is under way; nil: none is.
	aside chan error
	// The arguments of a statement while it is added.
	values [][]byte
	oids   []uint32
	text   []byte
	// revision is that which the transaction has read.
	revision int64

	// Of a connection that writes.
	id     []byte
	number int64
}

// A step is a statement of a batch.
type step struct {
	q query
	// row is called with each row, until it fails; io.EOF ends it without an error. nil: none is looked at.
	row func([]driver.Value) error
	// done is called with how it has ended; nil: that does not matter.
	done func(pgconn.CommandTag) error
}

// So many statements, or rows, that wait to be sent are under way while others are added.
const stepsAside = 128

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
	return &pgConn{
		e: e, c: c, stmts: make(map[query]*pgconn.StatementDescription), ctx: context.Background(),
		text: []byte{}, // an empty part of which is no NULL
	}, nil
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
	within, stop := context.WithTimeout(ctx, pgPatience)
	end, _ := within.Deadline()
	stop()                          // it would be watched anew for each statement
	_ = c.c.Conn().SetDeadline(end) // one that has failed says so itself
}

// within has what is done until end take any time, but no longer than ctx.
func (c *pgConn) within(ctx context.Context) {
	c.end()
	c.ctx, c.cancel = context.WithCancel(ctx)
}

// end is the end of what bound or within has begun.
func (c *pgConn) end() {
	c.drop()
	if c.cancel != nil {
		c.cancel()
		c.ctx, c.cancel = context.Background(), nil
	}
	_ = c.c.Conn().SetDeadline(time.Time{})
}

// drop forgets what was to be sent, and waits for what is under way.
func (c *pgConn) drop() {
	c.batch, c.steps = pgconn.Batch{}, c.steps[:0]
	c.blocks.drop()
	_ = c.joined()
}

// begin has the next statement begin a transaction before, and read the revision. When that is another one
// than that of expect, from which rows were taken before, what follows fails with errStale; nil: it does not.
func (c *pgConn) begin(how query, expect *cache) error {
	c.raw(how, nil)
	return c.look(expect)
}

// look has the next statement read the revision before. See begin.
func (c *pgConn) look(expect *cache) error {
	c.revision = -1
	return c.add(step{
		q:   selectRevision,
		row: func(row []driver.Value) error { c.revision = row[0].(int64); return nil },
		done: func(pgconn.CommandTag) error {
			if expect != nil && expect.revision != c.revision {
				return errStale
			}
			return nil
		},
	})
}

// rollback ends a transaction, and reports whether the connection can be used again.
func (c *pgConn) rollback() bool {
	c.drop()
	if c.c.IsClosed() {
		return false
	}
	if _, err := c.exec(rollback); err != nil {
		return false
	}
	c.end()
	return true
}

// alone runs one statement, which is a transaction by itself.
func (c *pgConn) alone(ctx context.Context, q query, args ...driver.Value) (int64, error) {
	c.bound(ctx)
	defer c.end()
	return c.exec(q, args...)
}

// exec implements [conn].
func (c *pgConn) exec(q query, args ...driver.Value) (n int64, err error) {
	err = c.now(step{q: q, done: func(tag pgconn.CommandTag) error { n = tag.RowsAffected(); return nil }}, args)
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
	return c.now(step{q: q, row: f}, args)
}

// later has a statement run with the next one that is sent. See transaction.later.
func (c *pgConn) later(q query, one bool, args []driver.Value) error {
	if err := checkArguments(args); err != nil {
		return err
	}
	if !one || !c.blocks.wait(q, args) {
		s := step{q: q}
		if one {
			s.done = changes(q, 1)
		}
		if err := c.add(s, args...); err != nil {
			return err
		}
	}
	if len(c.steps)+c.blocks.n < stepsAside {
		return nil
	}
	return c.sendAside()
}

// release adds what waits in blocks.
func (c *pgConn) release() error {
	return c.blocks.release(func(q query, rows int, args []driver.Value) error {
		return c.put(step{q: q, done: changes(q, rows)}, args)
	})
}

// sendAside sends what waits to be sent, and does not wait for the answers. How it has ended is told by
// what is sent next.
func (c *pgConn) sendAside() error {
	err := c.release()
	if err == nil {
		err = c.joined()
	}
	if err != nil {
		return err
	}
	batch, steps := c.batch, c.steps
	c.batch, c.steps = pgconn.Batch{}, nil
	aside := make(chan error, 1)
	go func() { aside <- c.exchange(&batch, steps) }()
	c.aside = aside
	return nil
}

// joined waits until nothing is under way.
func (c *pgConn) joined() (err error) {
	if c.aside != nil {
		err = <-c.aside
		c.aside = nil
	}
	return err
}

// answer reads what is asked for into rows, in one go, with what waits to be sent.
func (c *pgConn) answer(asks []ask, rows map[rowKey][]driver.Value) error {
	for _, a := range asks {
		rows[a.key] = nil
		err := c.add(step{q: a.key.q, row: func(row []driver.Value) error {
			rows[a.key] = slices.Clone(row)
			return nil
		}}, a.args...)
		if err != nil {
			return err
		}
	}
	return c.flush()
}

// now sends a statement, and before it what waits to be sent.
func (c *pgConn) now(s step, args []driver.Value) error {
	if err := c.add(s, args...); err != nil {
		return err
	}
	return c.flush()
}

// flush sends what waits to be sent.
func (c *pgConn) flush() error {
	err := c.release()
	if err == nil {
		err = c.joined()
	}
	if err != nil {
		return err
	}
	if len(c.steps) == 0 {
		return nil
	}
	defer c.drop()
	return c.exchange(&c.batch, c.steps)
}

// exchange sends a batch and reads the answers. After the first that fails, they tell nothing any more.
func (c *pgConn) exchange(batch *pgconn.Batch, steps []step) error {
	results := c.c.ExecBatch(c.ctx, batch)
	var failed error
	for _, s := range steps {
		if !results.NextResult() {
			break
		}
		if err := c.read(results.ResultReader(), s, failed != nil); failed == nil {
			failed = err
		}
	}
	switch err := results.Close(); {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", errSlow, err)
	case err != nil:
		return err
	}
	return failed
}

// raw adds a statement without arguments, which is not worth preparing.
func (c *pgConn) raw(q query, done func(pgconn.CommandTag) error) {
	c.batch.ExecParams(string(q), nil, nil, nil, nil)
	c.steps = append(c.steps, step{q: q, done: done})
}

// binaryForm is the form of the arguments, or of the columns, of any statement: one is for all.
var binaryForm = []int16{1}

// add adds a statement to what waits to be sent.
func (c *pgConn) add(s step, args ...driver.Value) error {
	err := checkArguments(args)
	if err == nil {
		err = c.release()
	}
	if err != nil {
		return err
	}
	return c.put(s, args)
}

// checkArguments fails with errArgument for what no column takes.
func checkArguments(args []driver.Value) error {
	for _, v := range args {
		switch v := v.(type) {
		case nil, int64, []byte:
		case string:
			if strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
				return fmt.Errorf("%w: %q is no text", errArgument, v)
			}
		default:
			return fmt.Errorf("%w: %T", errArgument, v)
		}
	}
	return nil
}

// put puts a statement behind those that wait to be sent.
func (c *pgConn) put(s step, args []driver.Value) error {
	c.values, c.oids, c.text = c.values[:0], c.oids[:0], c.text[:0]
	for _, v := range args {
		from, oid := len(c.text), uint32(0)
		switch v := v.(type) {
		case nil:
			c.values, c.oids = append(c.values, nil), append(c.oids, 0)
			continue
		case int64:
			c.text, oid = binary.BigEndian.AppendUint64(c.text, uint64(v)), oidInt8
		case string:
			c.text, oid = append(c.text, v...), oidText
		case []byte:
			c.text, oid = append(c.text, v...), oidBytea
		}
		// What was appended before may be elsewhere by now, but is as it was.
		c.values, c.oids = append(c.values, c.text[from:]), append(c.oids, oid)
	}
	if !c.e.prepare {
		c.batch.ExecParams(string(s.q), c.values, c.oids, binaryForm, binaryForm)
	} else {
		p, ok := c.stmts[s.q]
		if !ok {
			err := c.joined()
			if err != nil {
				return err
			}
			if p, err = c.c.Prepare(c.ctx, "s"+strconv.Itoa(len(c.stmts)), string(s.q), nil); err != nil {
				return err
			}
			c.stmts[s.q] = p
		}
		c.batch.ExecStatement(p, c.values, binaryForm, binaryForm)
	}
	c.steps = append(c.steps, s)
	return nil
}

// read reads the answer to a step, or only past it.
func (c *pgConn) read(r *pgconn.ResultReader, s step, past bool) error {
	fields := r.FieldDescriptions()
	for len(c.row) < len(fields) {
		c.row = append(c.row, nil)
	}
	row := c.row[:len(fields)]
	var failed error
	for failed == nil && !past && s.row != nil && r.NextRow() {
		for i, v := range r.Values() {
			if row[i], failed = decode(fields[i].DataTypeOID, v); failed != nil {
				failed = fmt.Errorf("column %s: %w", fields[i].Name, failed)
				break
			}
		}
		if failed == nil {
			failed = s.row(row)
		}
	}
	tag, err := r.Close()
	switch {
	case err != nil || past:
		return err
	case failed != nil && !errors.Is(failed, io.EOF):
		return failed
	case s.done != nil:
		return s.done(tag)
	}
	return nil
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
