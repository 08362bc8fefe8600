package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testTransactions(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"Now", transactionNow},
		{"FailedUpdateChangesNothing", transactionFailedUpdate},
		{"UpdateSeesItsWrites", transactionUpdateSeesItsWrites},
		{"ViewRefusesWrites", transactionViewRefusesWrites},
		{"ErrorsPassThrough", transactionErrorsPassThrough},
		{"Cancelled", transactionCancelled},
		{"CancelledWithin", transactionCancelledWithin},
		{"Panic", transactionPanic},
		{"RecordsAreFresh", transactionRecordsAreFresh},
	})
}

func transactionNow(t *testing.T, s identity.Store) {
	for name, run := range map[string]func(context.Context, func(identity.Tx) error) error{"View": s.View, "Update": s.Update} {
		err := run(t.Context(), func(tx identity.Tx) error {
			now := tx.Now()
			if now.Location() != time.UTC || now.Nanosecond()%int(time.Millisecond) != 0 {
				return fmt.Errorf("got %v, want whole milliseconds UTC", now)
			}
			if _, err := tx.SigningKeys(); err != nil {
				return err
			}
			if again := tx.Now(); again != now {
				return fmt.Errorf("got %v, then %v", now, again)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func transactionFailedUpdate(t *testing.T, s identity.Store) {
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, login("a"))), insertSigningKey(newSigningKey(1))))
	failure := errors.New("changed my mind")
	wantErr(t, s.Update, failure, steps(
		insertPool(newPool(2)),
		func(tx identity.Tx) error { return tx.UpdatePool(&identity.Pool{ID: poolID(1), Account: otherAccount}) },
		insert(newIdentity(2, login("b"))),
		change(newIdentity(1, login("c"))),
		insertSigningKey(newSigningKey(2)),
		func(tx identity.Tx) error { return tx.PutSetting("a", []byte("b")) },
		// Reading what was written must not leave it in a cache either.
		func(tx identity.Tx) error { _, err := tx.Pool(poolID(2)); return err },
		func(tx identity.Tx) error { _, err := tx.Setting("a"); return err },
		func(identity.Tx) error { return failure },
	))
	checkPool(t, s, newPool(1))
	checkIdentity(t, s, newIdentity(1, login("a")))
	checkFree(t, s, login("b"))
	checkFree(t, s, login("c"))
	checkSigningKeys(t, s, newSigningKey(1))
	for _, read := range []func(identity.Tx) error{
		func(tx identity.Tx) error { _, err := tx.Pool(poolID(2)); return err },
		func(tx identity.Tx) error { _, err := tx.Identity(identityID(2)); return err },
		func(tx identity.Tx) error { _, err := tx.Setting("a"); return err },
	} {
		wantErr(t, s.View, identity.ErrNotFound, read)
	}
}

func transactionUpdateSeesItsWrites(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	checkPool(t, s, newPool(1))
	changed := newPool(1)
	changed.Name = "changed"
	update(t, s, func(tx identity.Tx) error {
		if err := steps(insert(newIdentity(1, login("a"))), func(tx identity.Tx) error { return tx.UpdatePool(changed) })(tx); err != nil {
			return err
		}
		p, err := tx.Pool(poolID(1))
		if err := errors.Join(err, differs("pool", p, changed)); err != nil {
			return err
		}
		id, err := tx.IdentityOfLogin(poolID(1), login("a"))
		if id != identityID(1) {
			t.Errorf("identity of login: got %q, want %q", id, identityID(1))
		}
		return err
	})
}

func transactionViewRefusesWrites(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	for n, write := range []func(identity.Tx) error{
		insertPool(newPool(1)), insertPool(newPool(2)),
		func(tx identity.Tx) error { return tx.UpdatePool(newPool(2)) },
		func(tx identity.Tx) error { return tx.DeletePool(poolID(2)) },
		func(tx identity.Tx) error { _, err := tx.PurgeDeleted(1); return err },
		insert(newIdentity(1)), change(newIdentity(1)),
		func(tx identity.Tx) error { return tx.DeleteIdentity(identityID(1)) },
		insertSigningKey(newSigningKey(1)),
		func(tx identity.Tx) error { return tx.UpdateSigningKey(newSigningKey(1)) },
		func(tx identity.Tx) error { return tx.PutSetting("a", nil) },
	} {
		err := s.View(t.Context(), write)
		if err == nil || errors.Is(err, identity.ErrNotFound) || errors.Is(err, identity.ErrConflict) || errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("write %d in a View: got error %v, want another", n, err)
		}
	}
	checkPool(t, s, newPool(1))
}

func transactionErrorsPassThrough(t *testing.T, s identity.Store) {
	want := &fs.PathError{Op: "think", Path: "hard", Err: errors.ErrUnsupported}
	for name, run := range map[string]func(context.Context, func(identity.Tx) error) error{"View": s.View, "Update": s.Update} {
		err := run(t.Context(), func(identity.Tx) error { return fmt.Errorf("closure: %w", want) })
		if got, ok := errors.AsType[*fs.PathError](err); !ok || got != want || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

func transactionCancelled(t *testing.T, s identity.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, run := range map[string]func(context.Context, func(identity.Tx) error) error{"View": s.View, "Update": s.Update} {
		ran := false
		err := run(ctx, func(tx identity.Tx) error {
			ran = true
			_, err := tx.SigningKeys()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want %v", name, err, context.Canceled)
		}
		if ran {
			t.Errorf("%s ran its closure", name)
		}
	}
}

// Half a transaction must not be kept, even when its closure does not look at errors.
func transactionCancelledWithin(t *testing.T, s identity.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx identity.Tx) error {
		if err := tx.InsertPool(newPool(1)); err != nil {
			return err
		}
		cancel()
		_ = tx.InsertPool(newPool(2))
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
	wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error { _, err := tx.Pool(poolID(1)); return err })
}

func transactionPanic(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	for name, run := range map[string]func(context.Context, func(identity.Tx) error) error{"View": s.View, "Update": s.Update} {
		func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("%s: recovered %v, want boom", name, got)
				}
			}()
			_ = run(t.Context(), func(tx identity.Tx) error {
				_ = tx.InsertIdentity(newIdentity(1, login("a")))
				panic("boom")
			})
			t.Errorf("%s returned after a panic", name)
		}()
	}
	checkFree(t, s, login("a"))
	update(t, s, insert(newIdentity(1, login("a"))))
	checkIdentity(t, s, newIdentity(1, login("a")))
}

// What a View returned is what it was, whatever is written later.
func transactionRecordsAreFresh(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	var before *identity.Pool
	view(t, s, func(tx identity.Tx) (err error) { before, err = tx.Pool(poolID(1)); return err })
	for n := range 20 {
		p := before.Clone()
		p.Name = fmt.Sprint("name ", n)
		update(t, s, func(tx identity.Tx) error { return tx.UpdatePool(p) })
		checkPool(t, s, p)
	}
	same(t, "pool read before", before, newPool(1))
}
