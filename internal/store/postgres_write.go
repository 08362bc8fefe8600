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

// writers implements [engine].
func (*postgresEngine) writers() int { return pgWriters }

// current implements [engine]: a transaction sees what there was when it began.
func (*postgresEngine) current() bool { return false }

// writing implements [engine]. The transaction has begun, and has the rows in memory that are
// current in it.
func (e *postgresEngine) writing(n int) *transaction {
	tr := new(transaction)
	c, err := e.writerConn(n)
	if err != nil {
		tr.dead = err
		return tr
	}
	c.bound(context.Background())
	c.begin(e.begin, nil)
	tr.conn = c
	if err := c.flush(); err != nil {
		tr.dead = unavailable("begin", err)
		return tr
	}
	tr.cache = e.cacheOf(c.revision)
	return tr
}

// writerConn returns the connection of a loop of the writer. Its row is there before it is
// needed.
func (e *postgresEngine) writerConn(n int) (*pgConn, error) {
	if c := e.conns[n]; c != nil {
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
	e.conns[n] = c
	return c, nil
}

// commit implements [engine].
func (e *postgresEngine) commit(n int, tr *transaction) error {
	c := e.conns[n]
	if tr.dead == nil {
		if err := c.commit(tr); err != nil {
			tr.dead = e.outcome(n, tr, err)
			if tr.dead == nil {
				return nil
			}
		}
	}
	if tr.dead != nil {
		e.abandon(n, tr)
		return tr.dead
	}
	c.end()
	return nil
}

// commit sends all that ends a transaction in one go.
func (c *pgConn) commit(tr *transaction) error {
	var batch pgconn.Batch
	if tr.dirty {
		if err := c.add(&batch, updateRevision, nil); err != nil {
			return err
		}
	}
	if tr.changed {
		c.batch++
		if err := c.add(&batch, updateWriter, []driver.Value{c.batch, c.e.db.now().UnixMilli(), c.id}); err != nil {
			return err
		}
	}
	batch.ExecParams(string(commit), nil, nil, nil, nil)
	results, err := c.c.ExecBatch(c.ctx, &batch).ReadAll()
	if err != nil {
		return err
	}
	if results[len(results)-1].CommandTag.String() != "COMMIT" {
		return errRolledBack
	}
	return nil
}

// outcome tells what has become of a transaction whose commit has failed with err: nil, it is
// committed.
func (e *postgresEngine) outcome(n int, tr *transaction, err error) error {
	if answered(err) || errors.Is(err, errRolledBack) || !tr.changed {
		return unavailable("commit", err)
	}
	c := e.conns[n]
	e.conns[n] = nil
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
	other.begin(beginSettling, nil)
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
	return row[0].(int64) == c.batch, nil
}

// abandon implements [engine].
func (e *postgresEngine) abandon(n int, _ *transaction) {
	c := e.conns[n]
	if c == nil {
		return
	}
	c.opening, c.expect = "", nil
	if !c.c.IsClosed() {
		if _, err := c.exec(rollback); err == nil {
			c.end()
			return
		}
	}
	c.close()
	e.conns[n] = nil
}
