package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// together runs f n times at once.
func together(n int, f func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(f)
	}
	wg.Wait()
}

// hold keeps the writer busy until release is called. What is queued meanwhile
// joins the batch of the Update that holds it, whose outcome release returns.
func hold(t *testing.T, db *DB) (release func() error) {
	t.Helper()
	busy, free, done := make(chan struct{}, 100), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Update(context.Background(), func(identity.Tx) error {
			busy <- struct{}{}
			<-free
			return nil
		})
	}()
	<-busy
	return func() error {
		close(free)
		return <-done
	}
}

// until polls for something that other goroutines bring about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// enqueue starts an Update behind a held writer and returns its outcome.
func enqueue(t *testing.T, db *DB, f func(identity.Tx) error) <-chan error {
	t.Helper()
	n := len(db.writer.queue)
	outcome := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				outcome <- fmt.Errorf("panic: %v", v)
			}
		}()
		outcome <- db.Update(context.Background(), f)
	}()
	until(t, "the Update is queued", func() bool { return len(db.writer.queue) == n+1 })
	return outcome
}

func TestUpdate_GroupCommit(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	release := hold(t, db)
	before := db.Stats()
	var outcomes []<-chan error
	for n := range 100 {
		outcomes = append(outcomes, enqueue(t, db, put(fmt.Sprint(n), []byte{1})))
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	for n, o := range outcomes {
		if err := <-o; err != nil {
			t.Errorf("update %d: %v", n, err)
		}
	}
	after := db.Stats()
	if got := after.Commits - before.Commits; got > 2 {
		t.Errorf("%d commits for 100 Updates that were waiting together", got)
	}
	if got := after.Updates - before.Updates; got < 100 {
		t.Errorf("%d Updates counted, want 100", got)
	}
}

// Updates of both stores queue together, and what one has written the other reads.
func TestUpdate_GroupCommitOfBothStores(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	release := hold(t, db)
	before := db.Stats()
	first := enqueue(t, db, put("a", []byte("b")))
	second := make(chan error, 1)
	go func() {
		second <- db.Principals().Update(context.Background(), func(tx principal.Tx) error {
			if _, err := tx.(fullTx).Setting("a"); err != nil {
				return err
			}
			return tx.Users().Insert(&principal.User{Entity: principal.Entity{Account: "111122223333", Name: "alice"}})
		})
	}()
	until(t, "both are queued", func() bool { return len(db.writer.queue) == 2 })
	if err := errors.Join(release(), <-first, <-second); err != nil {
		t.Error(err)
	}
	if got := db.Stats().Commits - before.Commits; got != 1 {
		t.Errorf("%d commits for two Updates that were waiting together", got)
	}
	err := db.Principals().View(t.Context(), func(tx principal.Tx) error {
		_, err := tx.Users().Get("111122223333", "alice")
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Among Updates in one batch, some fail or panic after they have written. The others
// are committed, see nothing of those, and run a few times at most.
func TestUpdate_FailingNeighbours(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	release := hold(t, db)
	failure := errors.New("changed my mind")
	const n = 60
	var runs [n]atomic.Int32
	var outcomes []<-chan error
	for k := range n {
		outcomes = append(outcomes, enqueue(t, db, func(tx identity.Tx) error {
			runs[k].Add(1)
			for j := range k {
				if _, err := tx.Setting(fmt.Sprint(j)); (err == nil) != (j%3 == 0) {
					return fmt.Errorf("setting %d seen by %d: %v", j, k, err)
				}
			}
			if err := tx.PutSetting(fmt.Sprint(k), []byte{1}); err != nil {
				return err
			}
			switch k % 3 {
			case 1:
				return failure
			case 2:
				panic("boom")
			}
			return nil
		}))
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	for k, o := range outcomes {
		err := <-o
		if want := []string{"<nil>", failure.Error(), "panic: boom"}[k%3]; fmt.Sprint(err) != want {
			t.Errorf("update %d: got %v, want %s", k, err, want)
		}
		if got := runs[k].Load(); got > 4 {
			t.Errorf("update %d ran %d times", k, got)
		}
		wantSetting(t, db, fmt.Sprint(k), map[int]string{0: "\x01"}[k%3])
	}
}

func TestUpdate_CancelledInQueue(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	release := hold(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	outcome := make(chan error, 1)
	var ran atomic.Bool
	go func() {
		outcome <- db.Update(ctx, func(tx identity.Tx) error {
			ran.Store(true)
			return tx.PutSetting("a", nil)
		})
	}()
	until(t, "the Update is queued", func() bool { return len(db.writer.queue) == 1 })
	neighbour := enqueue(t, db, put("b", []byte("c")))
	cancel()
	if err := <-outcome; !errors.Is(err, context.Canceled) { // the writer is still held
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := <-neighbour; err != nil {
		t.Errorf("neighbour: %v", err)
	}
	if ran.Load() {
		t.Error("the closure of a cancelled Update has run")
	}
	wantSetting(t, db, "b", "c")
}

func TestUpdate_Goexit(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = db.Update(context.Background(), func(tx identity.Tx) error {
			_ = tx.PutSetting("a", []byte("b"))
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	if err := db.Update(t.Context(), put("c", []byte("d"))); err != nil {
		t.Fatal(err)
	}
	wantSetting(t, db, "a", "")
	wantSetting(t, db, "c", "d")
}

func TestClose_RefusesQueued(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	release := hold(t, db)
	queued := enqueue(t, db, put("a", []byte("b")))
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	<-db.closing
	if err := release(); err != nil {
		t.Error(err)
	}
	err := <-queued
	if err != nil && !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("queued Update: got %v, want none or %v", err, identity.ErrUnavailable)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

// A full disk fails what is written then, and nothing else.
func TestUpdate_Full(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int64) {
		t.Helper()
		err := db.Update(t.Context(), func(i identity.Tx) error {
			tx := i.(*tx)
			if err := tx.ready(); err != nil {
				return err
			}
			_, err := tx.conn.first(query(fmt.Sprintf("PRAGMA max_page_count = %d", pages)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(60)
	release := hold(t, db)
	var outcomes []<-chan error
	outcomes = append(outcomes,
		enqueue(t, db, put("small", []byte("c"))),
		enqueue(t, db, put("big", make([]byte, 1<<20))),
		enqueue(t, db, put("small too", []byte("c"))))
	_ = release() // it shares the fate of the batch
	for n, o := range outcomes {
		if err := <-o; !errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("update %d on a full disk: got %v, want %v", n, err, identity.ErrUnavailable)
		}
	}
	wantSetting(t, db, "a", "b")
	wantSetting(t, db, "small", "")
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}

	limit(1 << 30)
	if err := db.Update(t.Context(), put("big", make([]byte, 1<<20))); err != nil {
		t.Errorf("when there is space again: %v", err)
	}
	wantSetting(t, db, "big", string(make([]byte, 1<<20)))
}
