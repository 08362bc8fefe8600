package store

import (
	"database/sql/driver"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func (t *tx) SigningKeys() ([]*identity.SigningKey, error) {
	c := t.cache
	if c != nil {
		if keys, ok := c.signingKeys.get(struct{}{}); ok {
			return keys, nil
		}
	}
	var keys []*identity.SigningKey
	err := t.each(selectSigningKeys, func(row []driver.Value) error {
		k := &identity.SigningKey{
			Number: int(row[0].(int64)), KeyID: row[1].(string), Algorithm: row[2].(string),
			Private: row[3].([]byte), Public: row[4].([]byte),
			Created: toTime(row[5]), Activates: toTime(row[6]), ForPools: row[8].(int64) != 0,
		}
		if row[7] != nil {
			k.Expires = toTime(row[7])
		}
		keys = append(keys, k)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c != nil && len(keys) > 0 {
		c.signingKeys.put(struct{}{}, keys)
	}
	return keys, nil
}

func (t *tx) InsertSigningKey(k *identity.SigningKey) error {
	return t.execCached(identity.ErrConflict, insertSigningKey,
		int64(k.Number), k.KeyID, k.Algorithm, notNull(k.Private), notNull(k.Public),
		k.Created.UnixMilli(), k.Activates.UnixMilli(), orNull(k.Expires), fromBool(k.ForPools))
}

// UpdateSigningKey does not find a key whose number has another key id: a key id
// names one key for ever.
func (t *tx) UpdateSigningKey(k *identity.SigningKey) error {
	return t.execCached(identity.ErrNotFound, updateSigningKey,
		k.Algorithm, notNull(k.Private), notNull(k.Public),
		k.Created.UnixMilli(), k.Activates.UnixMilli(), orNull(k.Expires), fromBool(k.ForPools),
		int64(k.Number), k.KeyID)
}

// orNull writes the zero time as NULL.
func orNull(when time.Time) driver.Value {
	if when.IsZero() {
		return nil
	}
	return when.UnixMilli()
}
