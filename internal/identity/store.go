package identity

import (
	"context"
	"errors"
	"time"
)

// What a [Tx] and a [Store] fail with. Callers inspect nothing else.
var (
	// ErrNotFound: the row asked for, or to be changed, does not exist.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a row with this key exists, or a login of the identity is
	// linked to another identity.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: the store can not serve now. After an Update it also means
	// that the outcome is not known: the change may or may not be there.
	ErrUnavailable = errors.New("store unavailable")
)

// A Store keeps everything that outlives a request.
//
// Transactions are serialisable. A closure may run more than once, and what an
// earlier run did is undone before the next: nothing outside the Tx may happen in
// it, no signing, no logging, no send on a channel, and it may assign only
// variables that each run assigns anew. A Tx must not be used after its closure
// has returned, nor by two goroutines.
//
// When Update returns nil, the change survives a power cut. When the closure
// returns an error, Update changes nothing and returns that error, which errors.Is
// and errors.As see through. When it returns ErrUnavailable, the change may
// be there or not; a caller finds out by reading. Updates that arrive together may
// share one durable commit; each still succeeds or fails by itself.
//
// View sees one state of the store, no older than the last Update that had returned
// when View was called. In a [Request] it may be older, but not than the Request and its last Update, nor than what a
// View before has seen there. A View never waits for an Update.
//
// Records returned are shared between callers and must not be modified; Clone
// first. Records passed in belong to the store afterwards.
type Store interface {
	View(ctx context.Context, f func(Tx) error) error
	Update(ctx context.Context, f func(Tx) error) error
}

// Tx is one transaction. Write methods fail with an error that is none of the
// sentinels when called in a View.
type Tx interface {
	// Now is the time of the transaction: UTC, whole milliseconds, the same for
	// all of a run.
	Now() time.Time
	Pools
	Identities
	SigningKeys
	Settings
}

// A Cursor is a position in a list of pools, which is ordered by creation time and then
// by identifier, byte by byte. The zero Cursor is the start.
type Cursor struct {
	Created time.Time
	ID      string
}

// Pools is the part of a [Tx] that keeps identity pools.
type Pools interface {
	// Pool returns the identity pool with the id, of whatever account:
	// ErrNotFound.
	Pool(id string) (*Pool, error)
	// Pools returns at most limit pools of an account and region after the
	// cursor, in order.
	Pools(account, region string, after Cursor, limit int) ([]*Pool, error)
	// SigningAlgorithms returns what pools of all accounts have as their SigningAlgorithm, each
	// once, without the empty one.
	SigningAlgorithms() ([]string, error)
	// InsertPool adds a pool: ErrConflict.
	InsertPool(*Pool) error
	// UpdatePool replaces the pool with the same id: ErrNotFound.
	UpdatePool(*Pool) error
	// DeletePool removes the pool and makes its identities and logins invisible
	// at once, whatever their number: ErrNotFound. PurgeDeleted frees their space.
	DeletePool(id string) error
	// PurgeDeleted removes at most limit identities of deleted pools, with
	// their logins, and reports whether any are left.
	PurgeDeleted(limit int) (more bool, err error)
}

// A LinkedLogin is what a provider calls the user who has an identity, which may be disabled.
type LinkedLogin struct {
	Subject, IdentityID string
	Disabled            bool
}

// Identities is the part of a [Tx] that keeps identities and their logins.
// A login (pool, provider, subject) belongs to at most one identity: the store
// itself makes that so.
type Identities interface {
	// Identity returns the identity with the id: ErrNotFound, also when its pool is
	// deleted.
	Identity(id string) (*Identity, error)
	// IdentityOfLogin returns the id of the identity to which the login is
	// linked: ErrNotFound.
	IdentityOfLogin(poolID string, l Login) (string, error)
	// IdentityWith returns that identity: ErrNotFound. It costs one look, where Identity after
	// IdentityOfLogin are two.
	IdentityWith(poolID string, l Login) (*Identity, error)
	// LoginsOf returns at most limit logins of the provider whose subjects begin with the
	// prefix, in byte order, after the subject after; empty: from the start.
	LoginsOf(poolID, provider, prefix, after string, limit int) ([]LinkedLogin, error)
	// Identities returns at most limit identities of the pool after a place, and the place to go on
	// from; empty is the start, and is returned at the end. Their order never changes: one
	// server's identities are in the order in which it made them. A place stays good
	// whatever is removed.
	Identities(poolID string, hideDisabled bool, after string, limit int) (page []*Identity, next string, err error)
	// InsertIdentity adds an identity with its logins: ErrConflict when the id or
	// one of the logins exists, ErrNotFound when the pool does not. One without an ID is given one
	// that nothing has had before, which its ID is when InsertIdentity returns: so each run of a
	// closure inserts a record of its own. An id tells nobody when its identity was made,
	// nor how many there are.
	InsertIdentity(*Identity) error
	// UpdateIdentity replaces the identity with the same id. Logins no longer
	// listed are unlinked, new ones linked: ErrNotFound, and ErrConflict when one of
	// them is linked to another identity.
	UpdateIdentity(*Identity) error
	// DeleteIdentity removes the identity and its logins: ErrNotFound.
	DeleteIdentity(id string) error
	// NoteGuestUse notes the day of a use of a guest, unless a later one is noted. It does
	// nothing where there is no guest with the id.
	NoteGuestUse(id string, at time.Time) error
	// SweepGuests looks at the next limit identities after a place, and removes the guests
	// among them that were made before a time and not noted as used on its day or later. An
	// identity that has or had logins, is disabled or was merged is no guest. It returns the
	// place to go on from; empty is the start, and is returned at the end.
	SweepGuests(before time.Time, after string, limit int) (removed int, next string, err error)
}

// SigningKeys is the part of a [Tx] that keeps the keys that sign tokens.
type SigningKeys interface {
	// SigningKeys returns all signing keys, lowest number first.
	SigningKeys() ([]*SigningKey, error)
	// InsertSigningKey adds a key: ErrConflict when its number or its key id exists.
	InsertSigningKey(*SigningKey) error
	// UpdateSigningKey replaces the key with the same number: ErrNotFound.
	UpdateSigningKey(*SigningKey) error
}

// Settings is the part of a [Tx] that keeps single values.
type Settings interface {
	// Setting returns the value called name: ErrNotFound.
	Setting(name string) ([]byte, error)
	// PutSetting sets the value called name.
	PutSetting(name string, value []byte) error
}
