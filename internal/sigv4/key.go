package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"maps"
	"strings"
	"sync"
)

// A Key signs the requests of one access key on one day, in one region, to one
// service. It does not print itself. The zero Key is one that nobody has.
type Key struct {
	secret [sha256.Size]byte
	// macs are HMACs that have taken in the secret, which is half of their work; copies
	// of the Key share them. Nil: this Key signs so seldom that none are kept.
	macs *sync.Pool
}

// Equal reports whether both keys make the same signatures.
func (k Key) Equal(other Key) bool { return hmac.Equal(k.secret[:], other.secret[:]) }

// remembered returns the key with room for its HMACs.
func (k Key) remembered() Key {
	secret := k.secret
	k.macs = &sync.Pool{New: func() any { return hmac.New(sha256.New, secret[:]) }}
	return k
}

// appendMAC appends the HMAC of a message.
func (k Key) appendMAC(b, message []byte) []byte {
	if k.macs == nil {
		mac := hmac.New(sha256.New, k.secret[:])
		mac.Write(message)
		return mac.Sum(b)
	}
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write(message)
	return mac.Sum(b)
}

// Format implements [fmt.Formatter]: a fixed word, whatever the verb.
func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText implements [encoding.TextMarshaler] as Format prints.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// DeriveKey derives the key from a secret access key. The date is yyyymmdd.
func DeriveKey(secret, date, region, service string) Key {
	key := []byte("AWS4" + secret)
	for _, part := range [...]string{date, region, service, terminator} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return Key{secret: [sha256.Size]byte(key)}
}

// Verify compares the signature with the one that the key makes, in a time
// that does not depend on either. It fails with an [*Error] when they differ,
// and with another error when Check has not passed before.
//
// For an access key that does not exist, verify with a key that nobody knows and
// refuse whatever the outcome: the answer then takes as long as a wrong signature.
//
// AWS normalises the path before it signs it. The SDK for Go, among others, signs
// it as it is sent. The difference shows only in paths with empty or dot segments;
// there, either is accepted.
func (s *Signature) Verify(key Key) error {
	if !s.checked {
		return errors.New("verify a signature that was not checked")
	}
	m := s.message
	sent := m.request.Path
	m.path = normalPath(sent)
	equal := s.equal(m.sign(key))
	if m.path != sent {
		m.path = sent
		equal |= s.equal(m.sign(key))
	}
	if equal != 1 {
		return mismatch.with()
	}
	return nil
}

func (s *Signature) equal(computed [2 * sha256.Size]byte) int {
	return subtle.ConstantTimeCompare(computed[:], []byte(s.signature))
}

// maxKeys bounds a KeyCache to a few megabytes.
const maxKeys = 4096

// A KeyCache remembers derived keys, at most a fixed number of them. The zero
// KeyCache is empty and ready. It is safe for concurrent use.
type KeyCache struct {
	mu sync.RWMutex
	// keys is guarded by mu.
	keys map[derivation]Key
}

// A derivation is everything that a key was derived from; version stands for the
// secret.
type derivation struct {
	id, version, date, region, service string
}

// Key returns the key of the access key id, derived now or before. The version
// must change when the secret does: that is how an old key is never found again.
// The secret is asked for only when the key is derived; its error is returned as
// it is, and nothing is remembered.
//
// Ask only for signatures that passed Check, whose dates and regions are
// bounded, and for access keys that exist.
func (c *KeyCache) Key(id, version, date, region, service string, secret func() (string, error)) (Key, error) {
	d := derivation{id, version, date, region, service}
	c.mu.RLock()
	key, found := c.keys[d]
	c.mu.RUnlock()
	if found {
		return key, nil
	}
	plain, err := secret()
	if err != nil {
		return Key{}, err
	}
	key = DeriveKey(plain, date, region, service).remembered()

	// The strings are parts of the request's header, which must not be kept alive.
	d = derivation{
		strings.Clone(id), strings.Clone(version), strings.Clone(date), strings.Clone(region), strings.Clone(service),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = make(map[derivation]Key)
	}
	if len(c.keys) >= maxKeys {
		maps.DeleteFunc(c.keys, func(old derivation, _ Key) bool { return old.date < date })
	}
	if len(c.keys) >= maxKeys {
		clear(c.keys)
	}
	c.keys[d] = key
	return key, nil
}
