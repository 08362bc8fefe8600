package store

import (
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A providerKey is a login provider of a pool, by its name. It has a number from its first login on,
// which never changes.
type providerKey struct {
	pool int64
	name string
}

// provider returns the number: ErrNotFound where there was no login of the provider yet.
func (t *tx) provider(k providerKey) (int64, error) {
	c := t.cache
	if c != nil {
		if n, ok := c.providers.get(k); ok {
			return n, nil
		}
	}
	row, err := t.first(selectProvider, k.pool, []byte(k.name))
	if err != nil {
		return 0, err
	}
	n := row[0].(int64)
	if c != nil {
		c.providers.put(k, n)
	}
	return n, nil
}

// newProvider gives the provider a number.
func (t *tx) newProvider(k providerKey) (int64, error) {
	n, err := t.newNumber(poolSequence)
	if err != nil {
		return 0, err
	}
	// That it is there already, this transaction has not seen: what it finds out is that it can
	// not be put after the other one.
	return n, t.execCached(identity.ErrConflict, insertProvider, n, k.pool, []byte(k.name))
}

// providerName returns the name of a provider by its number.
func (t *tx) providerName(number int64) (string, error) {
	c := t.cache
	if c != nil {
		if name, ok := c.providerNames.get(number); ok {
			return name, nil
		}
	}
	row, err := t.first(selectProviderName, number)
	if errors.Is(err, identity.ErrNotFound) {
		return "", fmt.Errorf("there is no login provider %d", number)
	}
	if err != nil {
		return "", err
	}
	name := string(row[0].([]byte))
	if c != nil {
		c.providerNames.put(number, name)
	}
	return name, nil
}
