package identity_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

func masterKey(t *testing.T, fill byte) *seal.Key {
	t.Helper()
	k, err := seal.Parse(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The key is made once, under the master key that seals, and is never shown in the store.
func TestIDKey(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	old, next, other := masterKey(t, 1), masterKey(t, 2), masterKey(t, 3)
	read := func(k *seal.Key) (key []byte, err error) {
		err = db.Update(t.Context(), func(tx identity.Tx) error {
			key, err = identity.IDKey(tx, k)
			return err
		})
		return key, err
	}
	err = db.Update(t.Context(), func(tx identity.Tx) error {
		return tx.PutSetting(identity.SettingSeal, old.Seal("setting/"+identity.SettingSeal, []byte("x")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if key, err := read(other); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("made under a key that does not seal: got %d bytes, %v, want %v", len(key), err, seal.ErrWrongKey)
	}
	want, err := read(next.With(old)) // the old one seals as yet
	if err != nil || len(want) != 32 || bytes.Equal(want, make([]byte, 32)) {
		t.Fatalf("got %x, %v", want, err)
	}
	for name, k := range map[string]*seal.Key{"the old key": old, "both": next.With(old), "both, the other way": old.With(next)} {
		if key, err := read(k); err != nil || !bytes.Equal(key, want) {
			t.Errorf("%s: got %x, %v, want %x", name, key, err, want)
		}
	}
	for name, k := range map[string]*seal.Key{"the next key": next, "another key": other} {
		if key, err := read(k); !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("%s: got %d bytes, %v, want %v", name, len(key), err, seal.ErrWrongKey)
		}
	}
	err = db.View(t.Context(), func(tx identity.Tx) error {
		value, err := tx.Setting(identity.SettingIDKey)
		if bytes.Contains(value, want) {
			t.Error("the store has the key in clear")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
