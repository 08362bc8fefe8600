package store

import (
	"database/sql/driver"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// decodeAccessKey reads the columns from id to created.
func decodeAccessKey(row []driver.Value) *principal.AccessKey {
	return &principal.AccessKey{
		ID: row[0].(string), Account: row[1].(string), User: row[2].(string),
		Secret: row[3].([]byte), Inactive: row[4].(int64) != 0,
		Description: row[5].(string), Created: toTime(row[6]),
	}
}

func (t *tx) AccessKey(id string) (*principal.AccessKey, error) {
	c := t.cache
	if c != nil {
		if k, ok := c.accessKeys.get(id); ok {
			return k, nil
		}
	}
	row, err := t.first(selectAccessKey, id)
	if err != nil {
		return nil, err
	}
	k := decodeAccessKey(row)
	if c != nil {
		c.accessKeys.put(id, k)
	}
	return k, nil
}

func (t *tx) AccessKeysOf(account, user string) ([]*principal.AccessKey, error) {
	var keys []*principal.AccessKey
	err := t.each(selectAccessKeys, func(row []driver.Value) error {
		keys = append(keys, decodeAccessKey(row))
		return nil
	}, account, []byte(fold(user)))
	return keys, err
}

func (t *tx) InsertAccessKey(k *principal.AccessKey) error {
	return t.execCached(identity.ErrConflict, insertAccessKey,
		k.ID, k.Account, []byte(fold(k.User)), k.User, notNull(k.Secret), fromBool(k.Inactive),
		k.Description, k.Created.UnixMilli())
}

func (t *tx) UpdateAccessKey(k *principal.AccessKey) error {
	return t.execCached(identity.ErrNotFound, updateAccessKey,
		k.Account, []byte(fold(k.User)), k.User, notNull(k.Secret), fromBool(k.Inactive),
		k.Description, k.Created.UnixMilli(), k.ID)
}

func (t *tx) DeleteAccessKey(id string) error {
	if err := t.execCached(identity.ErrNotFound, deleteAccessKey, id); err != nil {
		return err
	}
	return t.execAny(deleteKeyUse, id)
}

func (t *tx) KeyUse(id string) (principal.KeyUse, error) {
	row, err := t.first(selectKeyUse, id)
	if err != nil {
		return principal.KeyUse{}, err
	}
	return principal.KeyUse{Time: toTime(row[0]), Service: row[1].(string), Region: row[2].(string)}, nil
}

// NoteKeyUse does not find a key that was deleted after it was used: nothing would ever
// remove its use.
func (t *tx) NoteKeyUse(id string, use principal.KeyUse) error {
	if _, err := t.AccessKey(id); err != nil {
		return err
	}
	n, err := t.exec(updateKeyUse, use.Time.UnixMilli(), use.Service, use.Region, id)
	if err == nil && n == 0 {
		_, err = t.exec(insertKeyUse, id, use.Time.UnixMilli(), use.Service, use.Region)
	}
	return err
}
