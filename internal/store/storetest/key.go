package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testSigningKeys(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{{"ReadBack", signingKeyReadBack}, {"Conflict", signingKeyConflict}, {"Update", signingKeyUpdate}})
}

func newSigningKey(n int) *identity.SigningKey {
	return &identity.SigningKey{
		Number: n, KeyID: fmt.Sprint("kid", n), Algorithm: "RS512", Private: []byte{1, 0, byte(n)}, Public: []byte{2, byte(n)},
		Created: at(n), Activates: at(n + 100), Expires: at(n + 1000),
	}
}

func insertSigningKey(k *identity.SigningKey) func(identity.Tx) error {
	return func(tx identity.Tx) error { return tx.InsertSigningKey(k) }
}

func checkSigningKeys(t *testing.T, s identity.Store, want ...*identity.SigningKey) {
	t.Helper()
	view(t, s, func(tx identity.Tx) error {
		got, err := tx.SigningKeys()
		return errors.Join(err, differs("signing keys", got, want))
	})
}

func signingKeyReadBack(t *testing.T, s identity.Store) {
	checkSigningKeys(t, s)
	open := newSigningKey(10)
	open.Expires = identity.SigningKey{}.Expires
	expired := newSigningKey(2)
	expired.Private, expired.ForPools = nil, true
	update(t, s, steps(insertSigningKey(open), insertSigningKey(expired), insertSigningKey(newSigningKey(3))))
	checkSigningKeys(t, s, expired, newSigningKey(3), open)
	checkSigningKeys(t, s, expired, newSigningKey(3), open)
}

func signingKeyConflict(t *testing.T, s identity.Store) {
	update(t, s, insertSigningKey(newSigningKey(1)))
	number, keyID := newSigningKey(1), newSigningKey(2)
	number.KeyID, keyID.KeyID = "other", "kid1"
	wantErr(t, s.Update, identity.ErrConflict, insertSigningKey(number))
	wantErr(t, s.Update, identity.ErrConflict, insertSigningKey(keyID))
	checkSigningKeys(t, s, newSigningKey(1))
}

func signingKeyUpdate(t *testing.T, s identity.Store) {
	update(t, s, steps(insertSigningKey(newSigningKey(1)), insertSigningKey(newSigningKey(2))))
	checkSigningKeys(t, s, newSigningKey(1), newSigningKey(2))
	k := newSigningKey(1)
	k.Private, k.Expires, k.ForPools = nil, at(5), true
	update(t, s, func(tx identity.Tx) error { return tx.UpdateSigningKey(k) })
	checkSigningKeys(t, s, k, newSigningKey(2))
	wantErr(t, s.Update, identity.ErrNotFound, func(tx identity.Tx) error { return tx.UpdateSigningKey(newSigningKey(3)) })
}

func testSettings(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{{"PutAndRead", settingPutAndRead}})
}

func settingPutAndRead(t *testing.T, s identity.Store) {
	read := func(want []byte) {
		t.Helper()
		view(t, s, func(tx identity.Tx) error {
			got, err := tx.Setting("a")
			return errors.Join(err, differs("setting", got, want))
		})
	}
	put := func(name string, value []byte) func(identity.Tx) error {
		return func(tx identity.Tx) error { return tx.PutSetting(name, value) }
	}
	absent := func(name string) {
		t.Helper()
		wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
			_, err := tx.Setting(name)
			return err
		})
	}
	absent("a")
	update(t, s, put("a", []byte{0, 1, 0xff}))
	read([]byte{0, 1, 0xff})
	update(t, s, steps(put("a", []byte("two")), put("b", []byte("three"))))
	read([]byte("two"))
	update(t, s, put("a", nil))
	read(nil)
	absent("A")
	absent("a ")
}
