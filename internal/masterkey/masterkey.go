// Package masterkey replaces the master key of a store while servers go on: it joins the store,
// which has what is sealed, and the rooms whose secrets that is. It owns the order in which files
// and rows change, so that whenever the process ends, the keys that a start finds open all there
// is. It does not know where else than in a data directory keys are kept.
package masterkey

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

// A Rotation replaces the master key of a store.
type Rotation struct {
	Store *store.DB
	// Seal is the key that everything in this process seals with. It becomes the new one, and opens
	// what the old one has sealed for as long as the process runs.
	Seal *seal.Key
	// Dir is the data directory where the key is kept that a start finds; empty: it is kept elsewhere,
	// by others.
	Dir string
	// Find returns what a start would find now, where Dir is empty; nil: whoever calls has both keys.
	Find func() (*seal.Key, error)

	mu sync.Mutex
}

// RotateMasterKey serves the operation of that name. When it fails, or is cut short, it may be called again.
func (r *Rotation) RotateMasterKey(ctx context.Context, _ identity.Caller, in *api.RotateMasterKeyInput) (*api.RotateMasterKeyOutput, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := seal.ReadFile(in.MasterKeyFile)
	if err != nil {
		return nil, api.MasterKeyUnusable.With(err).Because(err)
	}
	switch {
	case r.Dir != "":
		next, err = place(r.Dir, in.MasterKeyFile, next)
	case r.Find != nil:
		err = r.findable(next)
	}
	if err != nil {
		return nil, err
	}
	both := r.Seal
	if !next.Is(both) {
		both = next.With(both)
		r.Seal.Become(r.Seal.With(next)) // before anything is sealed under it
	}
	n, err := reseal(ctx, r.Store, both)
	if err != nil {
		return nil, err
	}
	r.Seal.Become(both)
	out := &api.RotateMasterKeyOutput{SealedValues: int64(n)}
	if r.Dir != "" {
		if err := exchange(r.Dir, next); err != nil {
			return nil, fmt.Errorf("all is sealed under the new master key, which is in %s yet: %w", filepath.Join(r.Dir, nextFile), err)
		}
		out.MasterKeyFile = filepath.Join(r.Dir, keyFile)
		if _, err := os.Stat(filepath.Join(r.Dir, oldFile)); err == nil {
			out.OldMasterKeyFile = filepath.Join(r.Dir, oldFile)
		}
	}
	return out, nil
}

// findable fails unless a start would have the key in use and the next one.
func (r *Rotation) findable(next *seal.Key) error {
	found, err := r.Find()
	if err != nil {
		return api.MasterKeyUnusable.With(err).Because(err)
	}
	if !found.Knows(next) || !found.Knows(r.Seal) {
		return api.MasterKeyNotFound.With()
	}
	return nil
}

// reseal seals everything as key does, which must open all there is. It looks twice: what was
// sealed otherwise meanwhile would be lost.
func reseal(ctx context.Context, db *store.DB, key *seal.Key) (n int, err error) {
	again := func(s store.Sealed) ([]byte, error) {
		plain, err := key.Open(Purpose(s), s.Value)
		if err != nil {
			return nil, fmt.Errorf("%s %s: neither of the master keys opens it: %w", s.Table, s.ID, err)
		}
		if by, err := key.Of(s.Value); err != nil || by == key {
			return nil, err
		}
		return key.Seal(Purpose(s), plain), nil
	}
	if n, err = db.Reseal(ctx, again); err != nil {
		return n, err
	}
	more, err := db.Reseal(ctx, again)
	if err == nil && more > 0 {
		err = fmt.Errorf("%d values were sealed under the old key meanwhile, by a server of an older version: stop it", more)
	}
	return n, err
}

// Purpose is what a value in the store is sealed for.
func Purpose(s store.Sealed) string {
	switch s.Table {
	case "access_key":
		return principal.SecretPurpose(s.ID)
	case "signing_key":
		return token.KeyPurpose(s.ID, s.Algorithm)
	}
	return "setting/" + s.ID
}

// Sealing returns the key with that of its two before the other under which the store is.
func Sealing(ctx context.Context, db *store.DB, master *seal.Key) (key *seal.Key, err error) {
	err = db.View(ctx, func(tx identity.Tx) error {
		key, err = identity.Sealing(tx, master)
		return err
	})
	return key, err
}
