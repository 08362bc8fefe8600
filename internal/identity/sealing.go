package identity

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// SettingSeal is the setting whose value is sealed. It tells whether a master key is the right one
// and, while one master key replaces another, under which of them values are sealed now.
const SettingSeal = "seal"

// SettingIDKey is the setting whose value is the sealed key by which a store makes the ids of
// identities.
const SettingIDKey = "identity-id-key"

// idKeySize is in bytes.
const idKeySize = 32

// Sealing returns the key under which values are sealed in the transaction. k may have two, of which
// servers do not know by themselves which one the others know, too: the store decides. It fails
// with [seal.ErrWrongKey] when k has not the one that is needed.
func Sealing(tx interface{ Setting(string) ([]byte, error) }, k *seal.Key) (*seal.Key, error) {
	sealed, err := tx.Setting(SettingSeal)
	if errors.Is(err, ErrNotFound) {
		return k, nil
	}
	if err == nil {
		k, err = k.Of(sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("the key that seals: %w", err)
	}
	return k, nil
}

// IDKey returns the key by which the store makes the ids of identities, and makes it where there is
// none: once for all time, since another one would give identities other ids. It fails with
// [seal.ErrWrongKey] when k does not open it.
func IDKey(tx Settings, k *seal.Key) ([]byte, error) {
	const purpose = "setting/" + SettingIDKey
	sealed, err := tx.Setting(SettingIDKey)
	if err == nil {
		key, err := k.Open(purpose, sealed)
		if err != nil {
			return nil, fmt.Errorf("the key of identity ids: %w", err)
		}
		return key, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if k, err = Sealing(tx, k); err != nil {
		return nil, err
	}
	key := make([]byte, idKeySize)
	rand.Read(key)
	return key, tx.PutSetting(SettingIDKey, k.Seal(purpose, key))
}
