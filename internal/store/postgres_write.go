package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// errUnknown: the connection was lost in a commit, and it can not be found out what came of it.
var errUnknown = errors.New("the connection was lost in a commit whose outcome is not known")

// current implements [engine]: a transaction sees what there was when it began.
func (*postgresEngine) current() bool { return false }

// aheadRounds bounds how often it is asked what closures will read: who merges two users reads a row
// of each, and then one that each of those names.
const aheadRounds = 3

// writing implements [engine]. The transaction has begun, and has in memory the cached rows that are
// current in it, and those that several closures will read first.
func (e *postgresEngine) writing(ahead *scout) *transaction {
	tr := new(transaction)
	c, err := e.writerConn()
	if err != nil {
		tr.dead = err
		return tr
	}
	tr.conn, tr.seen = c, make(map[rowKey][]driver.Value)
	c.bound(context.Background())
	if err = c.begin(e.begin, nil); err == nil {
		err = c.flush()
	}
	if err != nil {
		tr.dead = unavailable("begin", err)
		return tr
	}
	tr.cache = e.cacheOf(c.revision)
	for range aheadRounds {
		asks := ahead.run(tr, e.db)
		if len(asks) == 0 {
			break
		}
		if err := c.answer(asks, tr.seen); err != nil {
			tr.dead = unavailable("read ahead", err)
			return tr
		}
	}
	if !e.wary {
		tr.later = c.later
	}
	return tr
}

// writerConn returns the connection of the writer. Its row is there before it is needed.
func (e *postgresEngine) writerConn() (*pgConn, error) {
	if c := e.conn; c != nil {
		return c, nil
	}
	c, err := e.connect(context.Background())
	if err != nil {
		return nil, err
	}
	c.id = newWriterID()
	if _, err := c.alone(context.Background(), insertWriter, c.id, int64(0), e.db.now().UnixMilli()); err != nil {
		c.close()
		return nil, unavailable("enter a writer", err)
	}
	e.conn = c
	return c, nil
}

// commit implements [engine].
func (e *postgresEngine) commit(tr *transaction) error {
	c := e.conn
	if tr.dead == nil {
		if err := c.settled(tr); err != nil {
			tr.dead = unavailable("write", err)
		}
	}
	if tr.dead == nil {
		if err := c.commit(); err != nil {
			tr.dead = e.outcome(tr, err)
		}
	}
	e.wary = errors.Is(tr.dead, errRaced)
	if tr.dead != nil {
		e.abandon(tr)
		return tr.dead
	}
	c.end()
	return nil
}

// settled sends all of a transaction but its commit: before that, it must be known that each row was
// as it was read.
func (c *pgConn) settled(tr *transaction) error {
	var err error
	if tr.dirty {
		err = c.later(updateRevision, true, nil)
	}
	if tr.changed && err == nil {
		c.number++
		err = c.later(updateWriter, true, []driver.Value{c.number, c.e.db.now().UnixMilli(), c.id})
	}
	if err != nil {
		return err
	}
	return c.flush()
}

func (c *pgConn) commit() error {
	ended := false
	c.raw(commit, func(tag pgconn.CommandTag) error {
		ended = tag.String() == "COMMIT"
		return nil
	})
	err := c.flush()
	if err == nil && !ended {
		err = errRolledBack
	}
	return err
}

// outcome tells what has become of a transaction whose commit has failed with err: nil, it is
// committed.
func (e *postgresEngine) outcome(tr *transaction, err error) error {
	if answered(err) || errors.Is(err, errRolledBack) || !tr.changed {
		return unavailable("commit", err)
	}
	c := e.conn
	e.conn = nil
	defer c.close()
	for tries := 0; ; tries++ {
		committed, settleErr := e.settle(c)
		switch {
		case settleErr == nil && committed:
			return nil
		case settleErr == nil:
			return unavailable("commit", fmt.Errorf("%w: %w", errNotCommitted, err))
		case !e.again(settleErr, tries):
			return unavailable("commit", fmt.Errorf("%w: %w, then %w", errUnknown, err, settleErr))
		}
	}
}

// settle finds out, by another connection, whether the last transaction of a lost one is
// committed. It writes to the row that the lost one has written to in it: so it waits until
// the server has ended that transaction, one way or the other.
func (e *postgresEngine) settle(c *pgConn) (committed bool, err error) {
	other, err := e.connect(context.Background())
	if err != nil {
		return false, err
	}
	defer other.close()
	other.bound(context.Background())
	other.raw(beginSettling, nil)
	changed, err := other.exec(settleWriter, e.db.now().UnixMilli(), c.id)
	if err == nil && changed == 0 {
		return false, errUnknown
	}
	var row []driver.Value
	if err == nil {
		row, err = other.first(selectWriter, c.id)
	}
	if err != nil || row == nil {
		return false, unavailable("settle what a lost connection has written", err)
	}
	return row[0].(int64) == c.number, nil
}

// abandon implements [engine].
func (e *postgresEngine) abandon(*transaction) {
	if c := e.conn; c != nil && !c.rollback() {
		c.close()
		e.conn = nil
	}
}
