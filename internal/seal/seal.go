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
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
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
	// now is what the key is: for a derived one, what it was derived to be when that was last
	// asked.
	now atomic.Pointer[pair]
	// from and label are what the key is derived from, and for what.
	from  *Key
	label string
}

// A pair is the key that seals and opens, and another one or nil, which opens only.
type pair struct {
	first, second *single
	of            *pair // from which it is derived
}

// A single is one key.
type single struct {
	// secret is a pseudorandom key (RFC 5869, section 2.3). Whatever the key
	// does has a key of its own, expanded from it.
	secret []byte
	// head is what each sealed value begins with.
	head []byte
	aead cipher.AEAD
}

func newKey(master []byte) *Key { return keyOf(newSingle(master), nil) }

func keyOf(first, second *single) *Key {
	k := new(Key)
	k.now.Store(&pair{first: first, second: second})
	return k
}

func newSingle(master []byte) *single {
	secret, err := hkdf.Extract(sha256.New, master, nil)
	if err != nil {
		panic(err) // only in FIPS mode, and only for secrets shorter than these
	}
	s := &single{secret: secret}
	s.head = append([]byte{version}, s.expand("key id", idSize)...)
	block, err := aes.NewCipher(s.expand("seal", keySize))
	if err != nil {
		panic(err) // the key has a size that AES knows
	}
	if s.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		panic(err) // the block is one of crypto/aes
	}
	return s
}

func (s *single) expand(info string, size int) []byte {
	b, err := hkdf.Expand(sha256.New, s.secret, info, size)
	if err != nil {
		panic(err) // the size is far below the bound of 255 hashes
	}
	return b
}

func (s *single) derive(label string) *single {
	if s == nil {
		return nil
	}
	return newSingle(s.expand("derive/"+label, keySize))
}

// bound is the additional data: the head has a fixed size, so that no two pairs
// of head and purpose are alike.
func (s *single) bound(purpose string) []byte {
	b := make([]byte, 0, headSize+len(purpose))
	return append(append(b, s.head...), purpose...)
}

// pair returns what the key is now.
func (k *Key) pair() *pair {
	if k.from == nil {
		return k.now.Load()
	}
	of := k.from.pair()
	p := k.now.Load()
	if p == nil || p.of != of {
		p = &pair{of.first.derive(k.label), of.second.derive(k.label), of}
		k.now.Store(p)
	}
	return p
}

// by returns the one of the two keys under which sealed is: ErrWrongKey, ErrCorrupt.
func (p *pair) by(sealed []byte) (*single, error) {
	switch {
	case len(sealed) < headSize || sealed[0] != version:
		return nil, ErrCorrupt
	case bytes.Equal(sealed[:headSize], p.first.head):
		return p.first, nil
	case p.second != nil && bytes.Equal(sealed[:headSize], p.second.head):
		return p.second, nil
	}
	return nil, ErrWrongKey
}

// Seal returns plaintext, which may be empty, sealed for purpose. A purpose
// names the one place to which the value belongs, such as "access-key/AKIA…";
// elsewhere it does not open. Sealing twice gives two different results.
func (k *Key) Seal(purpose string, plaintext []byte) []byte {
	s := k.pair().first
	sealed := make([]byte, headSize, headSize+nonceSize+len(plaintext)+tagSize)
	copy(sealed, s.head)
	return s.aead.Seal(sealed, nil, plaintext, s.bound(purpose))
}

// Open returns what was sealed for purpose: ErrWrongKey, ErrCorrupt.
func (k *Key) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < headSize+nonceSize+tagSize {
		return nil, ErrCorrupt
	}
	s, err := k.pair().by(sealed)
	if err != nil {
		return nil, err
	}
	plaintext, err := s.aead.Open(nil, nil, sealed[headSize:], s.bound(purpose))
	if err != nil {
		return nil, ErrCorrupt
	}
	return plaintext, nil
}

// Derive returns the key that belongs to label. Keys of different labels are
// independent of each other and of k; the same label gives the same key. It serves
// what is sealed without being stored, such as page tokens, and so keeps its values
// apart from those at rest. When k becomes another key, what is derived from it does, too.
func (k *Key) Derive(label string) *Key { return &Key{from: k, label: label} }

// With returns a key that seals as k does, and opens what k or other has sealed: while one
// replaces the other.
func (k *Key) With(other *Key) *Key { return keyOf(k.pair().first, other.pair().first) }

// Of returns k, or k with its two keys exchanged, so that it seals under the key under which sealed
// is: ErrWrongKey, ErrCorrupt.
func (k *Key) Of(sealed []byte) (*Key, error) {
	p := k.pair()
	by, err := p.by(sealed)
	if err != nil {
		return nil, err
	}
	if by == p.first {
		return k, nil
	}
	return keyOf(p.second, p.first), nil
}

// Become has k do from now on what next does at this moment, wherever k is used. k is not derived.
func (k *Key) Become(next *Key) { k.now.Store(next.pair()) }

// Is reports whether k seals under the same key as other.
func (k *Key) Is(other *Key) bool { return same(k.pair().first, other.pair().first) }

// Knows reports whether k opens what other seals.
func (k *Key) Knows(other *Key) bool {
	p, first := k.pair(), other.pair().first
	return same(p.first, first) || p.second != nil && same(p.second, first)
}

func same(a, b *single) bool { return subtle.ConstantTimeCompare(a.secret, b.secret) == 1 }

// Format implements [fmt.Formatter], so that no verb prints the key.
func (*Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "REDACTED") }
