package principal

import (
	"context"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A Store keeps what this package is about. The contract of transactions, of shared
// records and of the sentinels (ErrNotFound, ErrConflict, ErrUnavailable) is that of
// package identity's Store: it is the same store.
type Store interface {
	View(ctx context.Context, f func(Tx) error) error
	Update(ctx context.Context, f func(Tx) error) error
}

// Tx is one transaction.
type Tx interface {
	// Now is the time of the transaction: UTC, whole milliseconds.
	Now() time.Time
	Users() Entities[User]
	Roles() Entities[Role]
	Policies() Entities[Policy]
	OIDCProviders() Entities[OIDCProvider]
	SAMLProviders() Entities[SAMLProvider]
	AccessKeys
	Settings
	Identities
}

// Identities is the part of a [Tx] that tells about identities and identity pools.
type Identities interface {
	// Identity returns the identity with the id: ErrNotFound, also when its pool is
	// deleted.
	Identity(id string) (*identity.Identity, error)
	// Pool returns the identity pool with the id, of whatever account: ErrNotFound.
	Pool(id string) (*identity.Pool, error)
}

// Entities keeps the records of one kind. Names are found without regard to ASCII case.
type Entities[T any] interface {
	// Get returns the record: ErrNotFound.
	Get(account, name string) (*T, error)
	// List returns at most limit records of the account whose names, in lower
	// case, come after the given one, in that order.
	List(account, after string, limit int) ([]*T, error)
	// Insert adds a record: ErrConflict when the name is taken.
	Insert(*T) error
	// Update replaces the record of the same account and name: ErrNotFound.
	Update(*T) error
	// Rename replaces the record called name, which gets the name of the record
	// given: ErrNotFound, and ErrConflict when that is another's.
	Rename(name string, to *T) error
	// Delete removes the record: ErrNotFound.
	Delete(account, name string) error
}

// Settings is the part of a [Tx] that keeps single values by their names, which are those
// of package identity's too.
type Settings interface {
	// Setting returns the value: ErrNotFound.
	Setting(name string) ([]byte, error)
	// PutSetting sets the value.
	PutSetting(name string, value []byte) error
}

// AccessKeys is the part of a [Tx] that keeps access keys.
type AccessKeys interface {
	// AccessKey returns the access key with the id, of whatever account: ErrNotFound.
	AccessKey(id string) (*AccessKey, error)
	// AccessKeysOf returns the access keys of a user, or with an empty name those
	// of the account's root, oldest first.
	AccessKeysOf(account, user string) ([]*AccessKey, error)
	// InsertAccessKey adds an access key: ErrConflict.
	InsertAccessKey(*AccessKey) error
	// UpdateAccessKey replaces the access key with the same id: ErrNotFound.
	UpdateAccessKey(*AccessKey) error
	// DeleteAccessKey removes the access key: ErrNotFound.
	DeleteAccessKey(id string) error
	// KeyUse returns the last use that was noted: ErrNotFound.
	KeyUse(id string) (KeyUse, error)
	// NoteKeyUse notes a use of the key.
	NoteKeyUse(id string, use KeyUse) error
}
