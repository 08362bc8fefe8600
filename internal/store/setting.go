package store

import (
	"errors"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func (t *tx) Setting(name string) ([]byte, error) {
	c := t.cache
	if c != nil {
		if value, ok := c.settings.get(name); ok {
			return value, nil
		}
	}
	row, err := t.first(selectSetting, name)
	if err != nil {
		return nil, err
	}
	value := row[0].([]byte)
	if c != nil {
		c.settings.put(name, value)
	}
	return value, nil
}

func (t *tx) PutSetting(name string, value []byte) error {
	err := t.execCached(identity.ErrNotFound, updateSetting, notNull(value), name)
	if errors.Is(err, identity.ErrNotFound) {
		err = t.execCached(identity.ErrConflict, insertSetting, name, notNull(value))
	}
	return err
}
