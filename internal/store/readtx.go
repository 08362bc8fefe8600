package store

import (
	"errors"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

var errReadOnly = errors.New("write in a View")

// readTx is the Tx of a View: it refuses to write before it looks at anything.
type readTx struct{ *tx }

func (readTx) InsertPool(*identity.Pool) error         { return errReadOnly }
func (readTx) UpdatePool(*identity.Pool) error         { return errReadOnly }
func (readTx) DeletePool(string) error                 { return errReadOnly }
func (readTx) PurgeDeleted(int) (bool, error)          { return false, errReadOnly }
func (readTx) InsertIdentity(*identity.Identity) error { return errReadOnly }
func (readTx) UpdateIdentity(*identity.Identity) error { return errReadOnly }
func (readTx) DeleteIdentity(string) error             { return errReadOnly }
func (readTx) NoteGuestUse(string, time.Time) error    { return errReadOnly }
func (readTx) SweepGuests(time.Time, string, int) (int, string, error) {
	return 0, "", errReadOnly
}
func (readTx) InsertSigningKey(*identity.SigningKey) error { return errReadOnly }
func (readTx) UpdateSigningKey(*identity.SigningKey) error { return errReadOnly }
func (readTx) PutSetting(string, []byte) error             { return errReadOnly }

func (readTx) InsertAccessKey(*principal.AccessKey) error { return errReadOnly }
func (readTx) UpdateAccessKey(*principal.AccessKey) error { return errReadOnly }
func (readTx) DeleteAccessKey(string) error               { return errReadOnly }
func (readTx) NoteKeyUse(string, principal.KeyUse) error  { return errReadOnly }

func (readTx) dropEvents([]audit.Row) error { return errReadOnly }

func (t readTx) Users() principal.Entities[principal.User]      { return users.ofView(t) }
func (t readTx) Roles() principal.Entities[principal.Role]      { return roles.ofView(t) }
func (t readTx) Policies() principal.Entities[principal.Policy] { return policies.ofView(t) }
func (t readTx) OIDCProviders() principal.Entities[principal.OIDCProvider] {
	return oidcProviders.ofView(t)
}
func (t readTx) SAMLProviders() principal.Entities[principal.SAMLProvider] {
	return samlProviders.ofView(t)
}

// readEntities are the entities of a View.
type readEntities[T, D any] struct{ entities[T, D] }

func (readEntities[T, D]) Insert(*T) error             { return errReadOnly }
func (readEntities[T, D]) Update(*T) error             { return errReadOnly }
func (readEntities[T, D]) Rename(string, *T) error     { return errReadOnly }
func (readEntities[T, D]) Delete(string, string) error { return errReadOnly }
