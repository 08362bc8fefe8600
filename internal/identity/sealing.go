package identity

import (
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// SettingSeal is the setting whose value is sealed. It tells whether a master key is the right one
// and, while one master key replaces another, under which of them values are sealed now.
const SettingSeal = "seal"

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
