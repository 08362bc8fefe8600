package store

import (
	"bytes"
	"context"
	"time"
)

// leaseSilence is after how many looks, one each beat, a holder that shows no life is
// replaced. It counts its own looks, so no clock is compared with another's. leaseLost is
// after how many beats that did not come through a holder gives up by itself, which is sooner.
const (
	leaseSilence = 5
	leaseLost    = 3
)

// lead implements [engine].
func (e *postgresEngine) lead(ctx context.Context, name string, f func(context.Context)) error {
	me := newWriterID()
	for {
		l, err := e.await(ctx, name, me)
		if err != nil {
			return err
		}
		turn, over := context.WithCancel(withLease(ctx, l))
		renewing, renewed := context.WithCancel(context.WithoutCancel(ctx))
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			e.renew(renewing, l, me)
			over()
		}()
		f(turn)
		lostTurn := turn.Err() != nil && ctx.Err() == nil
		renewed()
		<-gone
		over()
		if !lostTurn {
			// Who waits need not wait for silence.
			_ = e.pool.with(context.WithoutCancel(ctx), func(c *pgConn) error {
				_, err := c.exec(dropLease, []byte{}, l.name, l.fence, me)
				return err
			})
			return nil
		}
	}
}

// await waits until the lease is free, or its holder silent, and takes it.
func (e *postgresEngine) await(ctx context.Context, name string, me []byte) (*lease, error) {
	ticker := time.NewTicker(e.beat)
	defer ticker.Stop()
	var fence, beat int64 = -1, -1
	silent := 0
	for {
		var l *lease
		// What fails is tried at the next beat.
		_ = e.pool.with(ctx, func(c *pgConn) error {
			row, err := c.first(selectLease, name)
			if err != nil {
				return err
			}
			if row == nil {
				_, err := c.exec(insertLease, name, []byte{}, int64(0), int64(0))
				silent = leaseSilence
				fence, beat = 0, 0
				if err != nil {
					return err
				}
			} else {
				holder := row[0].([]byte)
				if row[1].(int64) != fence || row[2].(int64) != beat {
					fence, beat, silent = row[1].(int64), row[2].(int64), 0
				} else {
					silent++
				}
				if len(holder) == 0 || bytes.Equal(holder, me) {
					silent = leaseSilence
				}
			}
			if silent < leaseSilence {
				return nil
			}
			n, err := c.exec(takeLease, me, name, fence, beat)
			if err == nil && n == 1 {
				l = &lease{name: name, fence: fence + 1}
			}
			return err
		})
		if l != nil {
			return l, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-e.db.closing:
			return nil, errClosed
		}
	}
}

// renew shows that the holder is alive until that is in vain or ctx ends.
func (e *postgresEngine) renew(ctx context.Context, l *lease, me []byte) {
	ticker := time.NewTicker(e.beat)
	defer ticker.Stop()
	for failed := 0; failed < leaseLost; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		case <-e.db.closing:
			return
		}
		beat, cancel := context.WithTimeout(ctx, leaseBeat)
		changed := int64(0)
		err := e.pool.with(beat, func(c *pgConn) (err error) {
			changed, err = c.exec(beatLease, l.name, l.fence, me)
			return err
		})
		cancel()
		switch {
		case err != nil:
			failed++
		case changed == 0:
			return
		default:
			failed = 0
		}
	}
}
