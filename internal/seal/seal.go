// Package seal keeps secrets at rest: it seals a value under a master key that is
// not stored beside it, and binds the value to the place where it is kept. It owns the
// form of sealed values and the file of the master key. It does not know what is sealed.
//
// A sealed value is, in this order:
//
//	1 byte    version, 1
//	4 bytes   id of the key
//	12 bytes  nonce, random
//	n bytes   the value, encrypted with AES-256-GCM
//	16 bytes  authentication tag, over all of the above and the purpose
//
// One key seals at most 2^32 values (NIST SP 800-38D, section 8.3).
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// What Open fails with.
var (
	// ErrWrongKey: the value was sealed under another key.
	ErrWrongKey = errors.New("sealed under another key")
	// ErrCorrupt: the value is damaged or no sealed value, or it was sealed
	// for another purpose. These can not be told apart.
	ErrCorrupt = errors.New("sealed value is damaged or out of place")
)

const (
	version   = 1
	keySize   = 32
	idSize    = 4
	headSize  = 1 + idSize
	nonceSize = 12
	tagSize   = 16
)

// A Key seals and opens values. It is made by [Parse], [ReadFile], [CreateFile] or
// Derive, prints as a fixed word, and may be used by several goroutines.
type Key struct {
	// secret is a pseudorandom key (RFC 5869, section 2.3). Whatever the Key
	// does has a key of its own, expanded from it.
	secret []byte
	// head is what each sealed value begins with.
	head []byte
	aead cipher.AEAD
	// other opens, too. It has none itself.
	other *Key
}

func newKey(master []byte) *Key {
	secret, err := hkdf.Extract(sha256.New, master, nil)
	if err != nil {
		panic(err) // only in FIPS mode, and only for secrets shorter than these
	}
	k := &Key{secret: secret}
	k.head = append([]byte{version}, k.expand("key id", idSize)...)
	block, err := aes.NewCipher(k.expand("seal", keySize))
	if err != nil {
		panic(err) // the key has a size that AES knows
	}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		panic(err) // the block is one of crypto/aes
	}
	return k
}

func (k *Key) expand(info string, size int) []byte {
	b, err := hkdf.Expand(sha256.New, k.secret, info, size)
	if err != nil {
		panic(err) // the size is far below the bound of 255 hashes
	}
	return b
}

// Seal returns plaintext, which may be empty, sealed for purpose. A purpose
// names the one place to which the value belongs, such as "access-key/AKIA…";
// elsewhere it does not open. Sealing twice gives two different results.
func (k *Key) Seal(purpose string, plaintext []byte) []byte {
	sealed := make([]byte, headSize, headSize+nonceSize+len(plaintext)+tagSize)
	copy(sealed, k.head)
	return k.aead.Seal(sealed, nil, plaintext, k.bound(purpose))
}

// Open returns what was sealed for purpose: ErrWrongKey, ErrCorrupt.
func (k *Key) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < headSize+nonceSize+tagSize || sealed[0] != version {
		return nil, ErrCorrupt
	}
	k, err := k.Of(sealed)
	if err != nil {
		return nil, err
	}
	plaintext, err := k.aead.Open(nil, nil, sealed[headSize:], k.bound(purpose))
	if err != nil {
		return nil, ErrCorrupt
	}
	return plaintext, nil
}

// bound is the additional data: the head has a fixed size, so that no two pairs
// of head and purpose are alike.
func (k *Key) bound(purpose string) []byte {
	b := make([]byte, 0, headSize+len(purpose))
	return append(append(b, k.head...), purpose...)
}

// Derive returns the key that belongs to label. Keys of different labels are
// independent of each other and of k; the same label gives the same key. It serves
// what is sealed without being stored, such as page tokens, and so keeps its values
// apart from those at rest.
func (k *Key) Derive(label string) *Key {
	derived := newKey(k.expand("derive/"+label, keySize))
	if k.other != nil {
		derived.other = k.other.Derive(label)
	}
	return derived
}

// With returns a key that seals as k does, and opens what k or other has sealed: while one
// replaces the other.
func (k *Key) With(other *Key) *Key {
	both, second := *k, *other
	second.other, both.other = nil, &second
	return &both
}

// Of returns k, or k with its two keys exchanged, so that it seals under the key under which sealed
// is: ErrWrongKey, ErrCorrupt.
func (k *Key) Of(sealed []byte) (*Key, error) {
	switch {
	case len(sealed) < headSize || sealed[0] != version:
		return nil, ErrCorrupt
	case bytes.Equal(sealed[:headSize], k.head):
		return k, nil
	case k.other != nil && bytes.Equal(sealed[:headSize], k.other.head):
		return k.other.With(k), nil
	}
	return nil, ErrWrongKey
}

// Format implements [fmt.Formatter], so that no verb prints the key.
func (*Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "REDACTED") }
