package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// Audited is a store with its outbox.
type Audited struct {
	identity.Store
	Outbox audit.Store
}

// RunAudit runs the suite of [audit.Store]. open returns an empty store, which it closes by
// t.Cleanup.
func RunAudit(t *testing.T, open func(t *testing.T) Audited) {
	runAll(t, open, []test[Audited]{
		{"Change", auditChange},
		{"NoChange", auditNoChange},
		{"Order", auditOrder},
		{"LastRunCounts", auditLastRunCounts},
		{"Concurrent", auditConcurrent},
	})
}

// A call is one of CreateIdentityPool.
func call(t *testing.T, name string) (context.Context, *audit.Pending) {
	p := &audit.Pending{
		Service: api.CognitoIdentity, Operation: api.CognitoIdentity.Operation("CreateIdentityPool"),
		Caller: api.Caller{Account: account, Region: region, Now: at(0)},
		Input:  &api.CreateIdentityPoolInput{IdentityPoolName: name},
		NewID:  func() string { return "event of " + name },
	}
	return audit.With(t.Context(), p), p
}

// create is the closure of such a call, which makes pool n.
func create(ctx context.Context, n int) func(identity.Tx) error {
	return func(tx identity.Tx) error {
		audit.Answer(ctx, &api.IdentityPool{IdentityPoolId: poolID(n), IdentityPoolName: fmt.Sprint("pool ", n)})
		return tx.InsertPool(newPool(n))
	}
}

// events returns what is in the outbox, and checks that it is in order.
func events(t *testing.T, s Audited) (list []*audit.Event, last int64) {
	t.Helper()
	rows, err := s.Outbox.Events(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range rows {
		if n > 0 && r.Seq <= last {
			t.Errorf("row %d has number %d, that before it %d", n, r.Seq, last)
		}
		last = r.Seq
		e, err := audit.Parse(r.Line)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list, last
}

// wantEvents checks of which calls there are events.
func wantEvents(t *testing.T, s Audited, names ...string) {
	t.Helper()
	var got []string
	list, _ := events(t, s)
	for _, e := range list {
		got = append(got, e.EventID)
	}
	var want []string
	for _, name := range names {
		want = append(want, "event of "+name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
}

func wantAdded(t *testing.T, s Audited, want bool) {
	t.Helper()
	select {
	case <-s.Outbox.Added():
		if !want {
			t.Error("told of events where none came")
		}
	default:
		if want {
			t.Error("not told of events")
		}
	}
}

func auditChange(t *testing.T, s Audited) {
	ctx, p := call(t, "a")
	if err := s.Update(ctx, create(ctx, 1)); err != nil {
		t.Fatal(err)
	}
	list, last := events(t, s)
	if len(list) != 1 {
		t.Fatalf("got %d events, want 1", len(list))
	}
	want := `{"identityPoolId":"` + poolID(1) + `","identityPoolName":"pool 1","allowUnauthenticatedIdentities":false}`
	if got := string(list[0].ResponseElements); got != want {
		t.Errorf("response elements: got %s, want %s", got, want)
	}
	wantAdded(t, s, true)
	wantAdded(t, s, false)
	if !p.Recorded() {
		t.Error("the call was not told that it is recorded")
	}
	if err := s.Outbox.Drop(t.Context(), []audit.Row{{Seq: last}}); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s)
	wantAdded(t, s, false)
}

// There is an event only where there is a change, and a call that made it.
func auditNoChange(t *testing.T, s Audited) {
	failure := errors.New("changed my mind")
	update(t, s.Store, insertPool(newPool(1)))
	for _, c := range []struct {
		name string
		run  func(ctx context.Context) error
		want error
	}{
		{"no call", func(context.Context) error { return s.Update(t.Context(), insertPool(newPool(2))) }, nil},
		{"a View", func(ctx context.Context) error {
			return s.View(ctx, func(tx identity.Tx) error {
				audit.Answer(ctx, &api.IdentityPool{})
				_, err := tx.Pool(poolID(1))
				return err
			})
		}, nil},
		{"nothing changed", func(ctx context.Context) error {
			return s.Update(ctx, func(tx identity.Tx) error {
				audit.Answer(ctx, &api.IdentityPool{})
				_, err := tx.Pool(poolID(1))
				return err
			})
		}, nil},
		{"refused by the store", func(ctx context.Context) error { return s.Update(ctx, create(ctx, 1)) }, identity.ErrConflict},
		{"failed after it had written", func(ctx context.Context) error {
			return s.Update(ctx, steps(create(ctx, 3), func(identity.Tx) error { return failure }))
		}, failure},
		{"cancelled after it had written", func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			return s.Update(ctx, steps(create(ctx, 3), func(identity.Tx) error { cancel(); return nil }))
		}, context.Canceled},
		{"panicked after it had written", func(ctx context.Context) (err error) {
			defer func() { err = recover().(error) }()
			return s.Update(ctx, steps(create(ctx, 3), func(identity.Tx) error { panic(failure) }))
		}, failure},
	} {
		ctx, p := call(t, c.name)
		if err := c.run(ctx); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.name, err, c.want)
		}
		if p.Recorded() {
			t.Errorf("%s: the call was told that it is recorded", c.name)
		}
	}
	wantEvents(t, s)
	wantAdded(t, s, false)
	wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error { _, err := tx.Pool(poolID(3)); return err })
}

func auditOrder(t *testing.T, s Audited) {
	var names []string
	for n := range 10 {
		names = append(names, fmt.Sprint(n))
		ctx, _ := call(t, names[n])
		if err := s.Update(ctx, create(ctx, n)); err != nil {
			t.Fatal(err)
		}
	}
	wantEvents(t, s, names...)
	for len(names) > 0 {
		n := min(3, len(names))
		rows, err := s.Outbox.Events(t.Context(), n)
		if err != nil || len(rows) != n {
			t.Fatalf("got %d events, %v, want %d", len(rows), err, n)
		}
		if err := s.Outbox.Drop(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		names = names[n:]
		wantEvents(t, s, names...)
	}
	// After all were dropped, it goes on.
	for n, name := range []string{"x", "y"} {
		ctx, _ := call(t, name)
		if err := s.Update(ctx, create(ctx, 20+n)); err != nil {
			t.Fatal(err)
		}
	}
	wantEvents(t, s, "x", "y")
}

// A closure may run more than once: the event tells what the run has done that counts.
func auditLastRunCounts(t *testing.T, s Audited) {
	const callers = 40
	var runs atomic.Int64
	together(callers, func(k int) {
		ctx, _ := call(t, fmt.Sprint(k))
		err := s.Update(ctx, func(tx identity.Tx) error {
			run := runs.Add(1)
			p := newPool(k)
			p.Name = fmt.Sprint("run ", run)
			audit.Answer(ctx, &api.IdentityPool{IdentityPoolId: p.ID, IdentityPoolName: p.Name})
			if err := tx.InsertPool(p); err != nil {
				return err
			}
			if k%2 == 1 {
				return errors.New("takes its neighbours with it")
			}
			return nil
		})
		if (err == nil) != (k%2 == 0) {
			t.Errorf("caller %d: got error %v", k, err)
		}
	})
	list, _ := events(t, s)
	if len(list) != callers/2 {
		t.Errorf("got %d events, want %d", len(list), callers/2)
	}
	told := make(map[string]bool)
	for _, e := range list {
		told[string(e.ResponseElements)] = true
	}
	pools := 0
	view(t, s.Store, func(tx identity.Tx) error {
		stored, err := tx.Pools(account, region, identity.Cursor{}, 2*callers)
		pools = len(stored)
		for _, p := range stored {
			want := `{"identityPoolId":"` + p.ID + `","identityPoolName":"` + p.Name + `","allowUnauthenticatedIdentities":false}`
			if !told[want] {
				t.Errorf("no event with the elements %s", want)
			}
		}
		return err
	})
	if pools != callers/2 {
		t.Errorf("got %d pools, want %d", pools, callers/2)
	}
}

// While changes go on, events are taken away in order, and each once.
func auditConcurrent(t *testing.T, s Audited) {
	const callers, each = 8, 40
	var left atomic.Int32
	left.Store(callers)
	finished := make(chan struct{})
	seen := make(map[string]bool)
	last := make(map[string]int)
	together(callers+1, func(k int) {
		if k < callers {
			defer func() {
				if left.Add(-1) == 0 {
					close(finished)
				}
			}()
			for n := range each {
				ctx, _ := call(t, fmt.Sprintf("%d %d", k, n))
				if err := s.Update(ctx, create(ctx, k*each+n)); err != nil {
					t.Errorf("caller %d: %v", k, err)
				}
			}
			return
		}
		for {
			over := left.Load() == 0
			rows, err := s.Outbox.Events(t.Context(), 7)
			if err != nil {
				t.Error(err)
				return
			}
			if len(rows) == 0 && over {
				return
			}
			for _, r := range rows {
				e, err := audit.Parse(r.Line)
				if err != nil {
					t.Error(err)
					return
				}
				var caller string
				var n int
				if _, err := fmt.Sscanf(e.EventID, "event of %s %d", &caller, &n); err != nil || seen[e.EventID] || n < last[caller] {
					t.Errorf("event %q again, or out of order (%v)", e.EventID, err)
				}
				seen[e.EventID], last[caller] = true, n
			}
			if len(rows) == 0 {
				select {
				case <-s.Outbox.Added():
				case <-finished:
				}
				continue
			}
			if err := s.Outbox.Drop(t.Context(), rows); err != nil {
				t.Error(err)
				return
			}
		}
	})
	if len(seen) != callers*each {
		t.Errorf("got %d events, want %d", len(seen), callers*each)
	}
	wantEvents(t, s)
}
