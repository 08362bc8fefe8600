package store

import (
	"errors"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

var errReadOnly = errors.New("write in a View")

// readTx is the Tx of a View: it refuses to write before it looks at anything.
type readTx struct{ *tx }

func (readTx) InsertPool(*identity.Pool) error             { return errReadOnly }
func (readTx) UpdatePool(*identity.Pool) error             { return errReadOnly }
func (readTx) DeletePool(string) error                     { return errReadOnly }
func (readTx) PurgeDeleted(int) (bool, error)              { return false, errReadOnly }
func (readTx) InsertIdentity(*identity.Identity) error     { return errReadOnly }
func (readTx) UpdateIdentity(*identity.Identity) error     { return errReadOnly }
func (readTx) DeleteIdentity(string) error                 { return errReadOnly }
func (readTx) InsertAccessKey(*identity.AccessKey) error   { return errReadOnly }
func (readTx) DeleteAccessKey(string, string) error        { return errReadOnly }
func (readTx) InsertSigningKey(*identity.SigningKey) error { return errReadOnly }
func (readTx) UpdateSigningKey(*identity.SigningKey) error { return errReadOnly }
func (readTx) PutSetting(string, []byte) error             { return errReadOnly }
