package storetest

import (
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testIDs(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"New", idNew},
		{"Given", idGiven},
		{"GivenBeforeItIsMade", idGivenBeforeItIsMade},
		{"NotReused", idNotReused},
		{"Change", idChange},
		{"Guests", idGuests},
		{"Pools", idPools},
		{"Concurrent", idConcurrent},
	})
}

var canonical = regexp.MustCompile(`^` + region + `:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// made inserts an identity of a pool that has no id, and returns it with the one that it got.
func made(t *testing.T, s identity.Store, pool int, logins ...identity.Login) *identity.Identity {
	t.Helper()
	var i *identity.Identity
	update(t, s, func(tx identity.Tx) error {
		i = newIdentity(0, logins...)
		i.ID, i.PoolID = "", poolID(pool)
		return tx.InsertIdentity(i)
	})
	if !canonical.MatchString(i.ID) {
		t.Fatalf("got id %q", i.ID)
	}
	return i.Clone()
}

func checkNoIdentity(t *testing.T, s identity.Store, id string) {
	t.Helper()
	wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error { _, err := tx.Identity(id); return err })
}

func idNew(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	var all []*identity.Identity
	seen := make(map[string]bool)
	for n := range 20 {
		var logins []identity.Login
		for k := range n % 4 {
			logins = append(logins, identity.Login{Provider: fmt.Sprint("login.example", k), Subject: fmt.Sprint(n)})
		}
		i := made(t, s, 1, logins...)
		if seen[i.ID] {
			t.Fatalf("id %s was given twice", i.ID)
		}
		seen[i.ID] = true
		all = append(all, i)
	}
	for _, i := range all {
		checkIdentity(t, s, i)
	}
	// Several in one Update, one of which finds its login taken and gets none.
	update(t, s, func(tx identity.Tx) error {
		taken := newIdentity(0, all[1].Logins[0])
		taken.ID = ""
		if err := tx.InsertIdentity(taken); !errors.Is(err, identity.ErrConflict) || taken.ID != "" {
			t.Errorf("login taken: got %v, id %q", err, taken.ID)
		}
		ids := make(map[string]bool)
		for range 3 {
			i := newIdentity(0)
			i.ID = ""
			if err := tx.InsertIdentity(i); err != nil {
				return err
			}
			ids[i.ID] = true
			if got, err := tx.Identity(i.ID); err != nil || got.ID != i.ID {
				t.Errorf("in its own Update: got %v, %v", got, err)
			}
		}
		if len(ids) != 3 {
			t.Errorf("got ids %v", ids)
		}
		return nil
	})
	i := newIdentity(0)
	i.ID, i.PoolID = "", poolID(7)
	wantErr(t, s.Update, identity.ErrNotFound, insert(i))
}

// Ids that were given and ids that were made lie beside each other, and none is had twice.
func idGiven(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	given := newIdentity(1, login("given"))
	update(t, s, insert(given.Clone()))
	i := made(t, s, 1, login("made"))
	checkIdentity(t, s, given)
	checkIdentity(t, s, i)
	for _, id := range []string{given.ID, i.ID} {
		again := newIdentity(1)
		again.ID = id
		wantErr(t, s.Update, identity.ErrConflict, insert(again))
	}
	update(t, s, func(tx identity.Tx) error { return tx.DeleteIdentity(given.ID) })
	checkNoIdentity(t, s, given.ID)
	checkFree(t, s, login("given"))
	// Who had an id may have it again, made or given.
	update(t, s, func(tx identity.Tx) error { return tx.DeleteIdentity(i.ID) })
	for _, id := range []string{given.ID, i.ID} {
		back := newIdentity(1, login(id))
		back.ID = id
		update(t, s, insert(back.Clone()))
		checkIdentity(t, s, back)
	}
}

// An id that was given can be one that was about to be made, which is passed over then.
func idGivenBeforeItIsMade(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	made(t, s, 1)
	given, undone := newIdentity(1, login("given")), errors.New("undone")
	wantErr(t, s.Update, undone, func(tx identity.Tx) error {
		i := newIdentity(0)
		i.ID = ""
		err := tx.InsertIdentity(i)
		given.ID = i.ID
		return errors.Join(err, undone)
	})
	checkNoIdentity(t, s, given.ID)
	update(t, s, insert(given.Clone()))
	update(t, s, func(tx identity.Tx) error {
		for range 1100 {
			i := newIdentity(0)
			i.ID = ""
			if err := tx.InsertIdentity(i); err != nil {
				return err
			}
			if i.ID == given.ID {
				return fmt.Errorf("id %s was given twice", i.ID)
			}
		}
		return tx.NoteGuestUse(given.ID, at(0))
	})
	checkIdentity(t, s, given)
	if n := len(listIdentities(t, s, false, 500, func() {})); n != 1102 {
		t.Errorf("got %d identities, want 1102", n)
	}
}

// What is gone does not come back in another: also the newest.
func idNotReused(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	seen := make(map[string]bool)
	for range 5 {
		i := made(t, s, 1, login("u"))
		if seen[i.ID] {
			t.Fatalf("id %s was given again", i.ID)
		}
		seen[i.ID] = true
		update(t, s, func(tx identity.Tx) error { return tx.DeleteIdentity(i.ID) })
		checkFree(t, s, login("u"))
	}
	update(t, s, func(tx identity.Tx) error { return tx.DeletePool(poolID(1)) })
	update(t, s, func(tx identity.Tx) error { _, err := tx.PurgeDeleted(10); return err })
	update(t, s, insertPool(newPool(2)))
	for range 5 {
		if i := made(t, s, 2); seen[i.ID] {
			t.Fatalf("id %s was given again in another pool", i.ID)
		}
	}
}

// Logins go from an identity whose id was made to one whose id was given, and back.
func idChange(t *testing.T, s identity.Store) {
	a, b, c := login("a"), identity.Login{Provider: "other.example", Subject: "a"}, login("c")
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, a))))
	given, i := newIdentity(1, a), made(t, s, 1, b)
	given.Logins, i.Logins, i.Modified = nil, []identity.Login{b, a, c}, at(3)
	update(t, s, steps(change(given.Clone()), change(i.Clone())))
	checkIdentity(t, s, given)
	checkIdentity(t, s, i)
	i.Logins, i.Modified, i.Disabled = []identity.Login{c}, at(0), true
	given.Logins = []identity.Login{a, b}
	update(t, s, steps(change(i.Clone()), change(given.Clone())))
	checkIdentity(t, s, given)
	checkIdentity(t, s, i)
	view(t, s, func(tx identity.Tx) error {
		got, err := tx.LoginsOf(poolID(1), a.Provider, "", "", 10)
		want := []identity.LinkedLogin{{Subject: "a", IdentityID: given.ID}, {Subject: "c", IdentityID: i.ID, Disabled: true}}
		return errors.Join(err, differs("logins", got, want))
	})
	wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
		_, err := tx.Identity(otherRegion + i.ID[len(region):])
		return err
	})
	wantErr(t, s.Update, identity.ErrNotFound, func(tx identity.Tx) error {
		return tx.DeleteIdentity(otherRegion + i.ID[len(region):])
	})
	checkIdentity(t, s, i)
}

func idGuests(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	used, unused := made(t, s, 1), made(t, s, 1)
	user := made(t, s, 1, login("u"))
	later := at(0).Add(30 * 24 * time.Hour)
	update(t, s, func(tx identity.Tx) error {
		return errors.Join(tx.NoteGuestUse(used.ID, later), tx.NoteGuestUse(user.ID, later))
	})
	if n, next := sweep(t, s, later, "", 10); n != 1 || next != "" {
		t.Errorf("removed %d, next %q, want 1", n, next)
	}
	checkNoIdentity(t, s, unused.ID)
	checkIdentity(t, s, used)
	checkIdentity(t, s, user)
}

// Lists, logins and purges keep to their pool.
func idPools(t *testing.T, s identity.Store) {
	update(t, s, steps(insertPool(newPool(1)), insertPool(newPool(2)), insertPool(newPool(3))))
	u, guest := login("u"), made(t, s, 1)
	one, two, three := made(t, s, 1, u), made(t, s, 2, u), made(t, s, 3, u)
	for _, i := range []*identity.Identity{guest, one, two, three} {
		checkIdentity(t, s, i)
	}
	same(t, "first pool", listIdentities(t, s, false, 10, func() {}), []string{guest.ID, one.ID})
	update(t, s, func(tx identity.Tx) error { return tx.DeletePool(poolID(2)) })
	update(t, s, func(tx identity.Tx) error { _, err := tx.PurgeDeleted(10); return err })
	checkNoIdentity(t, s, two.ID)
	checkIdentity(t, s, one)
	checkIdentity(t, s, three)
	wantErr(t, s.Update, identity.ErrNotFound, change(two))
}

func idConcurrent(t *testing.T, s identity.Store) {
	const callers, rounds = 16, 20
	update(t, s, insertPool(newPool(1)))
	var mu sync.Mutex
	ids := make(map[string]bool)
	together(callers, func(k int) {
		for n := range rounds {
			var id string
			err := s.Update(t.Context(), func(tx identity.Tx) error {
				i := newIdentity(0, login(fmt.Sprint(k, " ", n)))
				i.ID = ""
				err := tx.InsertIdentity(i)
				id = i.ID
				if k == 0 && err == nil {
					err = errors.New("changed my mind")
				}
				return err
			})
			if (err != nil) != (k == 0) {
				t.Errorf("caller %d: %v", k, err)
			}
			mu.Lock()
			if k > 0 && ids[id] {
				t.Errorf("id %s was given twice", id)
			}
			ids[id] = ids[id] || k > 0
			mu.Unlock()
		}
	})
	if n := len(listIdentities(t, s, false, 100, func() {})); n != (callers-1)*rounds {
		t.Errorf("got %d identities, want %d", n, (callers-1)*rounds)
	}
}
