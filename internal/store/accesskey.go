package store

import (
	"database/sql/driver"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func (t *tx) AccessKey(id string) (*identity.AccessKey, error) {
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
	k := &identity.AccessKey{
		ID: id, Account: row[0].(string),
		Secret: row[1].([]byte), Description: row[2].(string), Created: toTime(row[3]),
	}
	if c != nil {
		c.accessKeys.put(id, k)
	}
	return k, nil
}

func (t *tx) AccessKeys(account string) ([]*identity.AccessKey, error) {
	var keys []*identity.AccessKey
	err := t.each(selectAccessKeys, func(row []driver.Value) error {
		keys = append(keys, &identity.AccessKey{
			ID: row[0].(string), Account: account,
			Secret: row[1].([]byte), Description: row[2].(string), Created: toTime(row[3]),
		})
		return nil
	}, account)
	return keys, err
}

func (t *tx) InsertAccessKey(k *identity.AccessKey) error {
	return t.execCached(identity.ErrConflict, insertAccessKey,
		k.ID, k.Account, notNull(k.Secret), k.Description, k.Created.UnixMilli())
}

func (t *tx) DeleteAccessKey(account, id string) error {
	return t.execCached(identity.ErrNotFound, deleteAccessKey, id, account)
}
