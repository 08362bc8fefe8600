package storetest

import (
	"errors"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testIdentities(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"ReadBack", identityReadBack},
		{"NotFound", identityNotFound},
		{"InsertConflict", identityInsertConflict},
		{"ConflictWritesNothing", identityConflictWritesNothing},
		{"InsertWithoutPool", identityInsertWithoutPool},
		{"LinkAndUnlink", identityLinkAndUnlink},
		{"LoginOrder", identityLoginOrder},
		{"Merge", identityMerge},
		{"State", identityState},
		{"Delete", identityDelete},
		{"SameLoginInTwoPools", identitySameLoginInTwoPools},
	})
}

func identityReadBack(t *testing.T, s identity.Store) {
	guest := newIdentity(1)
	user := newIdentity(2, login("b"), login("a"), identity.Login{Provider: "accounts.google.com", Subject: "a"})
	user.Modified = at(5)
	left := newIdentity(3)
	left.Authenticated = true
	merged := newIdentity(4)
	merged.Authenticated, merged.Disabled, merged.Merged = true, true, true
	disabled := newIdentity(5, login("c"))
	disabled.Disabled, disabled.RevokedBefore = true, at(6)
	update(t, s, insertPool(newPool(1)))
	for _, i := range []*identity.Identity{guest, user, left, merged, disabled} {
		update(t, s, insert(i.Clone()))
		checkIdentity(t, s, i)
	}
}

func identityNotFound(t *testing.T, s identity.Store) {
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, login("u")))))
	good := identityID(1)
	for _, id := range []string{
		"", ":", region + ":", good[:len(good)-1], good + "0", good[len(region)+1:], otherRegion + good[len(region):],
		region + ":0000000A" + good[len(region)+9:], poolID(1), identityID(2),
	} {
		wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
			_, err := tx.Identity(id)
			return err
		})
		wantErr(t, s.Update, identity.ErrNotFound, func(tx identity.Tx) error {
			i := newIdentity(1)
			i.ID = id
			return tx.UpdateIdentity(i)
		})
		wantErr(t, s.Update, identity.ErrNotFound, func(tx identity.Tx) error { return tx.DeleteIdentity(id) })
	}
	for _, pool := range []string{"", poolID(2), otherRegion + poolID(1)[len(region):]} {
		wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
			_, err := tx.IdentityOfLogin(pool, login("u"))
			return err
		})
	}
	checkFree(t, s, login("v"))
	checkFree(t, s, identity.Login{Provider: "other", Subject: "u"})
	checkIdentity(t, s, newIdentity(1, login("u")))
}

func identityInsertConflict(t *testing.T, s identity.Store) {
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, login("a"), login("b")))))
	for _, i := range []*identity.Identity{
		newIdentity(1), newIdentity(1, login("c")),
		newIdentity(2, login("a")), newIdentity(2, login("c"), login("b")),
	} {
		wantErr(t, s.Update, identity.ErrConflict, insert(i))
	}
	checkFree(t, s, login("c"))
	checkIdentity(t, s, newIdentity(1, login("a"), login("b")))
	update(t, s, insert(newIdentity(2, login("c"))))
	checkIdentity(t, s, newIdentity(2, login("c")))
}

// A closure may go on after a conflict, and then the write that met it must
// have left nothing behind.
func identityConflictWritesNothing(t *testing.T, s identity.Store) {
	held, mine := newIdentity(1, login("held")), newIdentity(2, login("mine"))
	update(t, s, steps(insertPool(newPool(1)), insert(held), insert(mine)))
	update(t, s, func(tx identity.Tx) error {
		if err := tx.InsertIdentity(newIdentity(3, login("new"), login("held"))); !errors.Is(err, identity.ErrConflict) {
			t.Errorf("insert: got %v, want %v", err, identity.ErrConflict)
		}
		if err := tx.InsertIdentity(newIdentity(1, login("new"))); !errors.Is(err, identity.ErrConflict) {
			t.Errorf("insert again: got %v, want %v", err, identity.ErrConflict)
		}
		if err := tx.UpdateIdentity(newIdentity(2, login("new"), login("held"))); !errors.Is(err, identity.ErrConflict) {
			t.Errorf("update: got %v, want %v", err, identity.ErrConflict)
		}
		return tx.PutSetting("went on", nil)
	})
	checkFree(t, s, login("new"))
	checkIdentity(t, s, held)
	checkIdentity(t, s, mine)
	wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
		_, err := tx.Identity(identityID(3))
		return err
	})
}

func identityInsertWithoutPool(t *testing.T, s identity.Store) {
	wantErr(t, s.Update, identity.ErrNotFound, insert(newIdentity(1, login("u"))))
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, login("u")))))
}

func identityLinkAndUnlink(t *testing.T, s identity.Store) {
	a, b := login("a"), login("b")
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1)), insert(newIdentity(2))))
	update(t, s, change(newIdentity(1, a, b)))
	checkIdentity(t, s, newIdentity(1, a, b))
	wantErr(t, s.Update, identity.ErrConflict, change(newIdentity(2, b)))

	update(t, s, change(newIdentity(1, a)))
	checkIdentity(t, s, newIdentity(1, a))
	checkFree(t, s, b)
	update(t, s, change(newIdentity(2, b)))
	checkIdentity(t, s, newIdentity(2, b))

	update(t, s, change(newIdentity(1)))
	checkFree(t, s, a)
	checkIdentity(t, s, newIdentity(1))
}

func identityLoginOrder(t *testing.T, s identity.Store) {
	want := newIdentity(1, login("c"), login("a"), login("b"))
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, login("a"))), change(want)))
	checkIdentity(t, s, want)
}

func identityMerge(t *testing.T, s identity.Store) {
	a, b := login("a"), login("b")
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, a)), insert(newIdentity(2, b))))
	source := newIdentity(1)
	source.Authenticated, source.Disabled, source.Merged = true, true, true
	// The destination first would take a login that is still linked.
	wantErr(t, s.Update, identity.ErrConflict, steps(change(newIdentity(2, b, a)), change(source)))
	checkIdentity(t, s, newIdentity(1, a))
	update(t, s, steps(change(source), change(newIdentity(2, b, a))))
	checkIdentity(t, s, source)
	checkIdentity(t, s, newIdentity(2, b, a))
}

// An identity is disabled and enabled again with all its logins, and merged for good.
func identityState(t *testing.T, s identity.Store) {
	i := newIdentity(1, login("a"), login("b"))
	update(t, s, steps(insertPool(newPool(1)), insert(i.Clone())))
	for _, c := range []func(){
		func() { i.Disabled = true },
		func() { i.RevokedBefore = at(1) },
		func() { i.Disabled, i.RevokedBefore = false, at(2) },
		func() { i.RevokedBefore = identity.Identity{}.RevokedBefore },
		func() { i.Disabled, i.Merged, i.Logins = true, true, nil },
	} {
		c()
		update(t, s, change(i.Clone()))
		checkIdentity(t, s, i)
	}
}

func identityDelete(t *testing.T, s identity.Store) {
	update(t, s, steps(insertPool(newPool(1)), insert(newIdentity(1, login("a"), login("b"))), insert(newIdentity(2, login("c")))))
	update(t, s, func(tx identity.Tx) error { return tx.DeleteIdentity(identityID(1)) })
	checkFree(t, s, login("a"))
	checkFree(t, s, login("b"))
	wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
		_, err := tx.Identity(identityID(1))
		return err
	})
	checkIdentity(t, s, newIdentity(2, login("c")))
}

func identitySameLoginInTwoPools(t *testing.T, s identity.Store) {
	one, two := newIdentity(1, login("u")), newIdentity(2, login("u"))
	two.PoolID = poolID(2)
	update(t, s, steps(insertPool(newPool(1)), insertPool(newPool(2)), insert(one), insert(two)))
	checkIdentity(t, s, one)
	checkIdentity(t, s, two)
}
