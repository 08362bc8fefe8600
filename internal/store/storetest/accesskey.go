package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

func testAccessKeys(t *testing.T, open func(t *testing.T) principal.Store) {
	runAll(t, open, []test[principal.Store]{
		{"ReadBack", accessKeyReadBack},
		{"NotFound", accessKeyNotFound},
		{"Conflict", accessKeyConflict},
		{"OfUser", accessKeyOfUser},
		{"Update", accessKeyUpdate},
		{"Delete", accessKeyDelete},
		{"Use", accessKeyUse},
	})
}

// newAccessKey returns a key of root. Keys with a higher number are older.
func newAccessKey(n int) *principal.AccessKey {
	return &principal.AccessKey{
		ID: fmt.Sprintf("AKIA%016d", n), Account: account, Secret: []byte{0, 0xff, byte(n)}, Created: at(-n),
	}
}

// userKey returns a key of a user.
func userKey(n int, user string) *principal.AccessKey {
	k := newAccessKey(n)
	k.User, k.Description = user, fmt.Sprint("key ", n)
	return k
}

func keyUse(n int) principal.KeyUse {
	return principal.KeyUse{Time: at(n), Service: "cognito-identity", Region: region}
}

func insertAccessKey(k *principal.AccessKey) func(principal.Tx) error {
	return func(tx principal.Tx) error { return tx.InsertAccessKey(k) }
}

func updateAccessKey(k *principal.AccessKey) func(principal.Tx) error {
	return func(tx principal.Tx) error { return tx.UpdateAccessKey(k) }
}

// checkAccessKey reads a key back, by its id and as one of its user's.
func checkAccessKey(t *testing.T, s principal.Store, want *principal.AccessKey) {
	t.Helper()
	for range 2 { // the second time it may come from a cache
		view(t, s, func(tx principal.Tx) error {
			got, err := tx.AccessKey(want.ID)
			if err != nil {
				return fmt.Errorf("access key %s: %w", want.ID, err)
			}
			return differs("access key", got, want)
		})
	}
	view(t, s, func(tx principal.Tx) error {
		keys, err := tx.AccessKeysOf(want.Account, want.User)
		for _, k := range keys {
			if k.ID == want.ID {
				return errors.Join(err, differs("access key in a list", k, want))
			}
		}
		return errors.Join(err, fmt.Errorf("access key %s is not one of user %q", want.ID, want.User))
	})
}

func checkKeysOf(t *testing.T, s principal.Store, account, user string, want ...*principal.AccessKey) {
	t.Helper()
	view(t, s, func(tx principal.Tx) error {
		got, err := tx.AccessKeysOf(account, user)
		return errors.Join(err, differs(fmt.Sprintf("access keys of user %q of %s", user, account), got, want))
	})
}

func checkNoKey(t *testing.T, s principal.Store, id string) {
	t.Helper()
	wantErr(t, s.View, identity.ErrNotFound, func(tx principal.Tx) error { _, err := tx.AccessKey(id); return err })
}

func checkUse(t *testing.T, s principal.Store, id string, want principal.KeyUse) {
	t.Helper()
	view(t, s, func(tx principal.Tx) error {
		got, err := tx.KeyUse(id)
		return errors.Join(err, differs("use of "+id, got, want))
	})
}

func checkNoUse(t *testing.T, s principal.Store, id string) {
	t.Helper()
	wantErr(t, s.View, identity.ErrNotFound, func(tx principal.Tx) error { _, err := tx.KeyUse(id); return err })
}

func accessKeyReadBack(t *testing.T, s principal.Store) {
	full := userKey(2, "Alice")
	full.Account, full.Inactive = otherAccount, true
	for _, k := range []*principal.AccessKey{newAccessKey(1), full, {ID: "AKIA0", Account: account}} {
		given := *k
		update(t, s, insertAccessKey(&given))
		checkAccessKey(t, s, k)
	}
}

func accessKeyNotFound(t *testing.T, s principal.Store) {
	k := newAccessKey(1)
	update(t, s, insertAccessKey(k))
	for _, id := range []string{"", "akia0000000000000001", k.ID[:19], k.ID + "0", newAccessKey(2).ID} {
		checkNoKey(t, s, id)
		checkNoUse(t, s, id)
		wantErr(t, s.Update, identity.ErrNotFound, updateAccessKey(&principal.AccessKey{ID: id, Account: account}))
		wantErr(t, s.Update, identity.ErrNotFound, func(tx principal.Tx) error { return tx.DeleteAccessKey(id) })
	}
	checkAccessKey(t, s, k)
}

func accessKeyConflict(t *testing.T, s principal.Store) {
	update(t, s, insertAccessKey(newAccessKey(1)))
	twin := userKey(1, "alice")
	twin.Account = otherAccount
	wantErr(t, s.Update, identity.ErrConflict, insertAccessKey(twin))
	checkAccessKey(t, s, newAccessKey(1))
	checkKeysOf(t, s, otherAccount, "alice")
}

// Keys of root, of a user in whatever case, and of another account's user of that name
// are apart, and are listed oldest first.
func accessKeyOfUser(t *testing.T, s principal.Store) {
	foreign := userKey(7, "alice")
	foreign.Account = otherAccount
	late := userKey(8, "alice")
	late.Created = at(-4)
	update(t, s, steps(
		insertAccessKey(newAccessKey(1)), insertAccessKey(newAccessKey(2)),
		insertAccessKey(userKey(3, "alice")), insertAccessKey(userKey(4, "Alice")),
		insertAccessKey(late), insertAccessKey(userKey(5, "álice")), insertAccessKey(userKey(6, "alicea")),
		insertAccessKey(foreign),
	))
	checkKeysOf(t, s, account, "", newAccessKey(2), newAccessKey(1))
	for _, user := range []string{"alice", "ALICE"} {
		checkKeysOf(t, s, account, user, userKey(4, "Alice"), late, userKey(3, "alice"))
		checkKeysOf(t, s, otherAccount, user, foreign)
	}
	checkKeysOf(t, s, account, "álice", userKey(5, "álice"))
	for _, user := range []string{"Álice", "alic", "alice ", " "} {
		checkKeysOf(t, s, account, user)
	}
	checkKeysOf(t, s, otherAccount, "")
}

func accessKeyUpdate(t *testing.T, s principal.Store) {
	k, other := userKey(1, "alice"), userKey(2, "alice")
	update(t, s, steps(insertAccessKey(k), insertAccessKey(other)))
	checkAccessKey(t, s, k)
	update(t, s, func(tx principal.Tx) error { return tx.NoteKeyUse(k.ID, keyUse(1)) })
	for _, change := range []func(*principal.AccessKey){
		func(k *principal.AccessKey) { k.Inactive = true },
		func(k *principal.AccessKey) { k.User = "Alice" },
		func(k *principal.AccessKey) { k.User = "bob" },
		func(k *principal.AccessKey) {
			k.Inactive, k.Secret, k.Description, k.Created = false, []byte("new"), "", at(9)
		},
		func(k *principal.AccessKey) { k.User, k.Account = "", otherAccount },
	} {
		changed := *k
		change(&changed)
		k = &changed
		given := changed
		update(t, s, updateAccessKey(&given))
		checkAccessKey(t, s, k)
		checkUse(t, s, k.ID, keyUse(1))
	}
	checkKeysOf(t, s, account, "alice", other)
	checkKeysOf(t, s, account, "bob")
}

func accessKeyDelete(t *testing.T, s principal.Store) {
	k, other := newAccessKey(1), newAccessKey(2)
	remove := func(tx principal.Tx) error { return tx.DeleteAccessKey(k.ID) }
	update(t, s, steps(insertAccessKey(k), insertAccessKey(other)))
	checkAccessKey(t, s, k)
	update(t, s, remove)
	checkNoKey(t, s, k.ID)
	checkKeysOf(t, s, account, "", other)
	wantErr(t, s.Update, identity.ErrNotFound, remove)
	checkAccessKey(t, s, other)
}

func accessKeyUse(t *testing.T, s principal.Store) {
	k, other := newAccessKey(1), newAccessKey(2)
	note := func(id string, use principal.KeyUse) func(principal.Tx) error {
		return func(tx principal.Tx) error { return tx.NoteKeyUse(id, use) }
	}
	update(t, s, steps(insertAccessKey(k), insertAccessKey(other)))
	checkNoUse(t, s, k.ID)
	for n, use := range []principal.KeyUse{keyUse(1), keyUse(2), {Time: at(3), Service: "sts"}} {
		update(t, s, note(k.ID, use))
		checkUse(t, s, k.ID, use)
		checkUse(t, s, k.ID, use)
		if n == 0 {
			checkNoUse(t, s, other.ID)
			update(t, s, note(other.ID, keyUse(9)))
		}
	}
	checkUse(t, s, other.ID, keyUse(9))
	checkAccessKey(t, s, k)

	// The use goes with the key, and there is none of a key that is gone.
	update(t, s, func(tx principal.Tx) error { return tx.DeleteAccessKey(k.ID) })
	checkNoUse(t, s, k.ID)
	wantErr(t, s.Update, identity.ErrNotFound, note(k.ID, keyUse(4)))
	update(t, s, insertAccessKey(k))
	checkNoUse(t, s, k.ID)
	checkUse(t, s, other.ID, keyUse(9))
}
