package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A sqliteConn is one connection to the database, used by one goroutine at a time.
//
// It speaks to the driver without database/sql, whose pool costs a third of a
// point lookup, and with a context that can not end, because the driver starts
// a goroutine per statement for any other. Statements are short; whoever has a
// context looks at it between them.
type sqliteConn struct {
	c     driver.Conn
	stmts map[query]statement
	args  []driver.NamedValue
	row   []driver.Value

	// Of a connection of readers: reading, whether it is in a transaction while no one
	// has it, and epoch, in which of theirs that began.
	reading bool
	epoch   uint64
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func connectSQLite(dsn string) (*sqliteConn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c, err := connector.Connect(context.Background())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &sqliteConn{c: c, stmts: make(map[query]statement)}, nil
}

func (c *sqliteConn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.c.Close())...)
}

// rollback ends a transaction that has failed, also when SQLite has done so by
// itself, and reports whether the connection can be used again.
func (c *sqliteConn) rollback() bool {
	_, err := c.exec(rollback)
	return err == nil || code(err) == sqlite3.SQLITE_ERROR // no transaction is active
}

// endRead ends a read transaction. It reports whether the connection can be
// used again; if not, it is closed.
func (c *sqliteConn) endRead() bool {
	c.reading = false
	if _, err := c.exec(commit); err == nil || c.rollback() {
		return true
	}
	_ = c.close() // it could not even roll back: what Close says adds nothing
	return false
}

// prepare returns the statement, and the arguments as the driver takes them, which
// are valid until the next call.
func (c *sqliteConn) prepare(q query, args []driver.Value) (statement, []driver.NamedValue, error) {
	s, ok := c.stmts[q]
	if !ok {
		prepared, err := c.c.(driver.ConnPrepareContext).PrepareContext(context.Background(), string(q))
		if err != nil {
			return nil, nil, err
		}
		s = prepared.(statement)
		c.stmts[q] = s
	}
	c.args = c.args[:0]
	for i, v := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return s, c.args, nil
}

// exec implements [conn].
func (c *sqliteConn) exec(q query, args ...driver.Value) (int64, error) {
	s, named, err := c.prepare(q, args)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(context.Background(), named)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// first implements [conn].
func (c *sqliteConn) first(q query, args ...driver.Value) (row []driver.Value, err error) {
	err = c.each(q, func(r []driver.Value) error {
		row = r
		return io.EOF
	}, args...)
	return row, err
}

// each implements [conn].
func (c *sqliteConn) each(q query, f func([]driver.Value) error, args ...driver.Value) (err error) {
	s, named, err := c.prepare(q, args)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), named)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	for n := len(rows.Columns()); len(c.row) < n; {
		c.row = append(c.row, nil)
	}
	row := c.row[:len(rows.Columns())]
	for {
		err := rows.Next(row)
		if err == nil {
			err = f(row)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
