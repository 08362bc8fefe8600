package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// An idKey makes the GUIDs of identities of their numbers: one block of AES (FIPS 197), which holds
// the number, eight bytes, and eight zero bytes. A block cipher is a bijection: no two numbers have one
// GUID, and a GUID whose block has the zeros is the one of that number. To who has not the key, it is
// as good as random: it tells neither an order nor how many there are.
type idKey struct{ block cipher.Block }

var errNoIDKey = errors.New("the store has no key for the ids of identities")

// UseIDKey gives the store the key, of 16 or 32 bytes, by which it makes the ids of identities: what
// read returns in an Update. It comes before the first identity: until then the store knows only those
// whose id was given to it. With another key than that by which they were made, it would find none
// of the others, and call them by wrong names: see [identity.IDKey].
func (db *DB) UseIDKey(ctx context.Context, read func(identity.Tx) ([]byte, error)) error {
	var key []byte
	err := db.Update(ctx, func(tx identity.Tx) (err error) {
		key, err = read(tx)
		return err
	})
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	db.ids = &idKey{block}
	return nil
}

// guid returns the GUID of a number.
func (k *idKey) guid(number int64) (guid, error) {
	if k == nil {
		return guid{}, errNoIDKey
	}
	var g guid
	binary.BigEndian.PutUint64(g[:], uint64(number))
	k.block.Encrypt(g[:], g[:])
	return g, nil
}

// number returns the number whose GUID this is, if it is that of any.
func (k *idKey) number(g guid) (number int64, ok bool) {
	if k == nil {
		return 0, false
	}
	k.block.Decrypt(g[:], g[:])
	number = int64(binary.BigEndian.Uint64(g[:]))
	return number, number > 0 && binary.BigEndian.Uint64(g[8:]) == 0
}
