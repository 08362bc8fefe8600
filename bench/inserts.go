package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// New users without a server before the store, and what the disk syncs beside them.
const (
	insertSQLite = "new users, in the store on SQLite"
	rawSyncs     = "raw: append 128 bytes, fdatasync, beside it"
)

// embedded adds the step of the store on SQLite.
func (b *bench) embedded(ctx context.Context) error {
	one, err := b.stored(ctx, store.Config{Path: filepath.Join(b.dir, "users.db")})
	if err != nil {
		return err
	}
	sync := func(context.Context) error {
		rate, err := syncs(b.dir, b.part/4)
		b.add(rawSyncs, 0, point{Rate: rate})
		return err
	}
	b.steps = append(b.steps, sync)
	b.insert(insertSQLite, manyConns, one)
	return nil
}

// stored opens a store of this process, and returns what makes its user number n durable there.
func (b *bench) stored(ctx context.Context, cfg store.Config) (one func(caller int, n uint64) error, err error) {
	cfg.Now = time.Now
	db, err := store.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, func() { _ = db.Close() }) // nothing waits
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	pool := region + ":00000000-0000-4000-8000-000000000000"
	err = db.UseIDKey(ctx, func(identity.Tx) ([]byte, error) { return key, nil })
	if err == nil {
		err = db.Update(ctx, func(tx identity.Tx) error { return tx.InsertPool(&identity.Pool{ID: pool}) })
	}
	return func(_ int, n uint64) error {
		return db.Update(ctx, func(tx identity.Tx) error {
			at := tx.Now()
			return tx.InsertIdentity(&identity.Identity{
				PoolID: pool, Authenticated: true, Created: at, Modified: at,
				Logins: []identity.Login{{Provider: floorProvider, Subject: userName(n)}},
			})
		})
	}, err
}

// insert adds a step in which callers insert users for b.part.
func (b *bench) insert(row string, callers int, one func(caller int, n uint64) error) {
	// Each row has users of its own, whom no run before has left in a table.
	var from [8]byte
	_, _ = rand.Read(from[:4]) // never fails
	var next atomic.Uint64
	next.Store(binary.BigEndian.Uint64(from[:]) >> 1)
	b.steps = append(b.steps, func(context.Context) error {
		var all sync.WaitGroup
		var done atomic.Int64
		failed := make(chan error, callers)
		began := time.Now()
		for caller := range callers {
			all.Go(func() {
				for time.Since(began) < b.part {
					if err := one(caller, next.Add(1)); err != nil {
						failed <- err
						return
					}
					done.Add(1)
				}
			})
		}
		all.Wait()
		select {
		case err := <-failed:
			return fmt.Errorf("%s: %w", row, err)
		default:
		}
		b.add(row, callers, point{Rate: float64(done.Load()) / time.Since(began).Seconds()})
		return nil
	})
}
