package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testConcurrency(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"FindOrCreate", concurrentFindOrCreate},
		{"Crossing", concurrentCrossing},
		{"FailingNeighbours", concurrentFailingNeighbours},
		{"DeletePool", concurrentDeletePool},
	})
}

func testIsolation(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"Crossing", isolationCrossing},
		{"Keys", isolationKeys},
		{"Move", isolationMove},
		{"CacheIsExact", isolationCacheIsExact},
	})
}

// together runs f(0) to f(n-1) at the same time.
func together(n int, f func(int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for k := range n {
		wg.Go(func() {
			<-start
			f(k)
		})
	}
	close(start)
	wg.Wait()
}

func concurrentFindOrCreate(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	const callers = 200
	got := make([]string, callers)
	var made atomic.Int32
	together(callers, func(k int) {
		var mine bool
		err := s.Update(t.Context(), func(tx identity.Tx) (err error) {
			mine = false
			got[k], err = tx.IdentityOfLogin(poolID(1), login("u"))
			if errors.Is(err, identity.ErrNotFound) {
				mine, got[k] = true, identityID(k)
				return tx.InsertIdentity(newIdentity(k, login("u")))
			}
			return err
		})
		if err != nil {
			t.Errorf("caller %d: %v", k, err)
		}
		if mine {
			made.Add(1)
		}
	})
	if made.Load() != 1 {
		t.Errorf("%d callers have made the identity", made.Load())
	}
	for k := range got {
		if got[k] != got[0] {
			t.Fatalf("caller %d got %q, caller 0 %q", k, got[k], got[0])
		}
	}
	if ids := listIdentities(t, s, false, 10, func() {}); len(ids) != 1 || ids[0] != got[0] {
		t.Errorf("identities: got %q, want %q", ids, got[0])
	}
}

// checkLogins checks that the logins of identities and what logins resolve to agree.
func checkLogins(tx identity.Tx, logins []identity.Login) error {
	list, _, err := tx.Identities(poolID(1), false, "", 1000)
	if err != nil {
		return err
	}
	holder := make(map[identity.Login]string)
	for _, i := range list {
		if i.Disabled && len(i.Logins) > 0 {
			return fmt.Errorf("merged identity %s has logins %q", i.ID, i.Logins)
		}
		for _, l := range i.Logins {
			if other, ok := holder[l]; ok {
				return fmt.Errorf("login %q is linked to %s and to %s", l, other, i.ID)
			}
			holder[l] = i.ID
		}
	}
	for _, l := range logins {
		id, err := tx.IdentityOfLogin(poolID(1), l)
		if err != nil && !errors.Is(err, identity.ErrNotFound) {
			return err
		}
		if id != holder[l] {
			return fmt.Errorf("login %q resolves to %q, linked to %q", l, id, holder[l])
		}
	}
	return nil
}

func without(logins []identity.Login, l identity.Login) (rest []identity.Login) {
	for _, k := range logins {
		if k != l {
			rest = append(rest, k)
		}
	}
	return rest
}

// Merges, links and unlinks of few identities and logins cross each other; in the end the invariant
// holds.
func concurrentCrossing(t *testing.T, s identity.Store) {
	cross(t, s, func([]identity.Login) {})
}

// While they cross, the invariant holds at every instant.
func isolationCrossing(t *testing.T, s identity.Store) {
	cross(t, s, func(logins []identity.Login) {
		for range 60 {
			if err := s.View(t.Context(), func(tx identity.Tx) error { return checkLogins(tx, logins) }); err != nil {
				t.Error(err)
			}
		}
	})
}

// Rows that a View reads one after the other by their keys are of one instant.
func isolationKeys(t *testing.T, s identity.Store) {
	a, b := login("a"), login("b")
	update(t, s, func(tx identity.Tx) error {
		if err := tx.InsertPool(newPool(1)); err != nil {
			return err
		}
		if err := tx.InsertIdentity(newIdentity(1, a, b)); err != nil {
			return err
		}
		return tx.InsertIdentity(newIdentity(2))
	})
	var moved atomic.Bool
	together(5, func(w int) {
		if w == 0 {
			defer moved.Store(true)
			for n := range 100 {
				from, to := identityID(1+n%2), identityID(2-n%2)
				update(t, s, func(tx identity.Tx) error {
					return errors.Join(setLogins(tx, from), setLogins(tx, to, a, b))
				})
			}
			return
		}
		for !moved.Load() {
			if err := s.View(t.Context(), func(tx identity.Tx) error {
				first, err := tx.IdentityOfLogin(poolID(1), a)
				if err != nil {
					return err
				}
				second, err := tx.IdentityWith(poolID(1), b)
				if err != nil {
					return err
				}
				if first != second.ID || len(second.Logins) != 2 {
					return fmt.Errorf("one login is of %s, the other of %s, which has %q", first, second.ID, second.Logins)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		}
	})
}

func setLogins(tx identity.Tx, id string, logins ...identity.Login) error {
	i, err := tx.Identity(id)
	if err != nil {
		return err
	}
	i = i.Clone()
	i.Logins = logins
	return tx.UpdateIdentity(i)
}

func cross(t *testing.T, s identity.Store, look func([]identity.Login)) {
	t.Helper()
	const identities, subjects, workers, rounds = 12, 8, 8, 60
	var logins []identity.Login
	for n := range subjects {
		logins = append(logins, login(fmt.Sprint("u", n)))
	}
	update(t, s, func(tx identity.Tx) error {
		if err := tx.InsertPool(newPool(1)); err != nil {
			return err
		}
		for n := range identities {
			if err := tx.InsertIdentity(newIdentity(n)); err != nil {
				return err
			}
		}
		return nil
	})
	together(workers+1, func(w int) {
		if w == workers {
			look(logins)
			return
		}
		rnd := rand.New(rand.NewPCG(1, uint64(w)))
		for range rounds {
			a, b := identityID(rnd.IntN(identities)), identityID(rnd.IntN(identities))
			l, kind := logins[rnd.IntN(subjects)], rnd.IntN(10)
			err := s.Update(t.Context(), func(tx identity.Tx) error {
				from, err := tx.Identity(a)
				if err != nil {
					return err
				}
				to, err := tx.Identity(b)
				if err != nil {
					return err
				}
				from, to = from.Clone(), to.Clone()
				switch {
				case from.Disabled || to.Disabled:
					return nil
				case kind == 0 && a != b: // merge
					moved := from.Logins
					from.Logins, from.Disabled = nil, true
					to.Logins = append(to.Logins, moved...)
					if err := tx.UpdateIdentity(from); err != nil {
						return err
					}
					return tx.UpdateIdentity(to)
				case kind < 4: // unlink
					from.Logins = without(from.Logins, l)
					return tx.UpdateIdentity(from)
				default: // link, which conflicts when another holds it
					from.Logins = append(without(from.Logins, l), l)
					return tx.UpdateIdentity(from)
				}
			})
			if err != nil && !errors.Is(err, identity.ErrConflict) {
				t.Errorf("worker %d: %v", w, err)
			}
		}
	})
	view(t, s, func(tx identity.Tx) error { return checkLogins(tx, logins) })
}

// Closures that fail or panic after they have written leave those beside
// them alone.
func concurrentFailingNeighbours(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	const callers = 90
	failure := errors.New("changed my mind")
	together(callers, func(k int) {
		l := login(fmt.Sprint("u", k))
		defer func() {
			if got := recover(); (got != nil) != (k%3 == 2) {
				t.Errorf("caller %d: recovered %v", k, got)
			}
		}()
		err := s.Update(t.Context(), func(tx identity.Tx) error {
			if err := tx.InsertIdentity(newIdentity(k, l)); err != nil {
				return err
			}
			switch k % 3 {
			case 1:
				return failure
			case 2:
				panic(k)
			}
			return nil
		})
		if want := map[int]error{1: failure}[k%3]; !errors.Is(err, want) {
			t.Errorf("caller %d: got error %v, want %v", k, err, want)
		}
	})
	for k := range callers {
		l := login(fmt.Sprint("u", k))
		if k%3 == 0 {
			checkIdentity(t, s, newIdentity(k, l))
		} else {
			checkFree(t, s, l)
		}
	}
	if ids := listIdentities(t, s, false, 100, func() {}); len(ids) != callers/3 {
		t.Errorf("got %d identities, want %d", len(ids), callers/3)
	}
}

// A login moves between two identities, in one Update each time. A View, however often
// it looks, sees it at exactly one of them, and always the same one.
func isolationMove(t *testing.T, s identity.Store) {
	l := login("u")
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(0, l)), insert(newIdentity(1))))
	var moving sync.WaitGroup
	moving.Go(func() {
		for n := range 200 {
			if err := s.Update(t.Context(), steps(change(newIdentity(n%2)), change(newIdentity(1-n%2, l)))); err != nil {
				t.Errorf("move %d: %v", n, err)
			}
		}
	})
	done := make(chan struct{})
	go func() { moving.Wait(); close(done) }()
	look := func(tx identity.Tx) error {
		first := ""
		for range 5 {
			id, err := tx.IdentityOfLogin(poolID(1), l)
			if err != nil {
				return err
			}
			if first == "" {
				first = id
			}
			if id != first {
				return fmt.Errorf("login at %s, then at %s in one View", first, id)
			}
			for n := range 2 {
				i, err := tx.Identity(identityID(n))
				if err != nil {
					return err
				}
				if has := len(i.Logins) == 1; has != (i.ID == id) {
					return fmt.Errorf("login at %s, but identity %s has %q", id, i.ID, i.Logins)
				}
			}
		}
		return nil
	}
	together(3, func(int) {
		for {
			if err := s.View(t.Context(), look); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
}

// A pool, a setting and an identity count together.
func isolationCacheIsExact(t *testing.T, s identity.Store) {
	write := func(n int) func(identity.Tx) error {
		p, i := newPool(1), newIdentity(1)
		p.Modified, i.Modified = at(n), at(n)
		return steps(
			func(tx identity.Tx) error { return tx.UpdatePool(p) },
			change(i),
			func(tx identity.Tx) error { return tx.PutSetting("n", strconv.AppendInt(nil, at(n).UnixMilli(), 10)) },
		)
	}
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1)), write(0)))
	checkExact(t, s, write,
		func(tx identity.Tx) (time.Time, error) {
			p, err := tx.Pool(poolID(1))
			if err != nil {
				return time.Time{}, err
			}
			return p.Modified, nil
		},
		func(tx identity.Tx) (time.Time, error) {
			i, err := tx.Identity(identityID(1))
			if err != nil {
				return time.Time{}, err
			}
			return i.Modified, nil
		},
		func(tx identity.Tx) (time.Time, error) {
			v, err := tx.Setting("n")
			if err != nil {
				return time.Time{}, err
			}
			n, err := strconv.ParseInt(string(v), 10, 64)
			return time.UnixMilli(n).UTC(), err
		},
	)
}

// checkExact runs write(1), write(2) …, each of which sets what every reader reads to
// at(n). Whatever mixture of them a View reads, and in whatever order, it finds one
// time, and none that is older than an Update which had returned.
func checkExact[Tx any](t *testing.T, s store[Tx], write func(n int) func(Tx) error, readers ...func(Tx) (time.Time, error)) {
	t.Helper()
	var returned atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1; n <= 200; n++ {
			if err := s.Update(t.Context(), write(n)); err != nil {
				t.Errorf("write %d: %v", n, err)
			}
			returned.Store(int64(n))
		}
	}()
	together(len(readers), func(w int) {
		for {
			floor := at(int(returned.Load()))
			var seen time.Time
			err := s.View(t.Context(), func(tx Tx) (err error) {
				if seen, err = readers[w](tx); err != nil {
					return err
				}
				for k := range 2 * len(readers) {
					got, err := readers[(w+k)%len(readers)](tx)
					if err != nil {
						return err
					}
					if got != seen {
						return fmt.Errorf("one View has read %v and %v", seen, got)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
				return
			}
			if seen.Before(floor) {
				t.Errorf("read %v after the Update to %v had returned", seen, floor)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
}

// Identities are made while their pool is deleted: afterwards none is visible, and
// after the purge nothing is left of any.
func concurrentDeletePool(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	together(41, func(k int) {
		var err error
		if k == 40 {
			err = s.Update(t.Context(), func(tx identity.Tx) error { return tx.DeletePool(poolID(1)) })
		} else {
			err = s.Update(t.Context(), insert(newIdentity(k, login(fmt.Sprint("u", k)))))
			if errors.Is(err, identity.ErrNotFound) {
				err = nil // too late
			}
		}
		if err != nil {
			t.Errorf("caller %d: %v", k, err)
		}
	})
	for k := range 40 {
		wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error { _, err := tx.Identity(identityID(k)); return err })
		checkFree(t, s, login(fmt.Sprint("u", k)))
	}
	update(t, s, func(tx identity.Tx) error {
		more, err := tx.PurgeDeleted(100)
		if more {
			err = errors.New("more are left")
		}
		return err
	})
	update(t, s, insertPool(newPool(2)))
	for k := range 40 {
		i := newIdentity(k, login(fmt.Sprint("u", k)))
		i.PoolID = poolID(2)
		update(t, s, insert(i))
	}
}
