package store

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// resealPage is how many access keys Reseal reads at a time, and resealStep how many a transaction writes:
// few, since beside others that write, a long one loses the race again and again.
const (
	resealPage = 500
	resealStep = 8
)

// Reseal has each sealed value replaced by what f makes of it, which is nil for one that stays,
// and returns how many were replaced. The setting that says how comes first, in a transaction of its own: whoever seals reads it in
// the transaction that writes what was sealed, so from then on all that is new is sealed as it is. The others
// follow in bounded transactions. When it fails, it may be called again. f may be called more
// than once for a value.
func (db *DB) Reseal(ctx context.Context, f func(Sealed) ([]byte, error)) (replaced int, err error) {
	var n int
	count := func(s Sealed, put func([]byte) error) error {
		if len(s.Value) == 0 {
			return nil
		}
		value, err := f(s)
		if err != nil || value == nil {
			return err
		}
		n++
		return put(value)
	}
	step := func(f func(*tx) error) error {
		err := db.write(ctx, func(t fullTx) error {
			n = 0
			return f(t.(*tx))
		})
		if err == nil {
			replaced += n
		}
		return err
	}
	setting := func(tx *tx, name string) error {
		value, err := tx.Setting(name)
		if err != nil {
			return err
		}
		return count(Sealed{Table: "setting", ID: name, Value: value}, func(value []byte) error {
			return tx.PutSetting(name, value)
		})
	}
	err = step(func(tx *tx) error { return setting(tx, identity.SettingSeal) })
	if err != nil {
		return replaced, err
	}
	err = step(func(tx *tx) error {
		if err := setting(tx, identity.SettingIDKey); err != nil && !errors.Is(err, identity.ErrNotFound) {
			return err
		}
		keys, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		for _, k := range keys {
			err := count(Sealed{Table: "signing_key", ID: k.KeyID, Algorithm: k.Algorithm, Value: k.Private}, func(value []byte) error {
				changed := *k
				changed.Private = value
				return tx.UpdateSigningKey(&changed)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for after, more := "", true; err == nil && more; {
		var page, due []Sealed
		err = db.read(ctx, func(t fullTx) error {
			page = page[:0]
			return t.(readTx).each(selectSecrets, func(row []driver.Value) error {
				page = append(page, Sealed{Table: "access_key", ID: row[0].(string), Value: row[1].([]byte)})
				return nil
			}, after, int64(resealPage))
		})
		if err != nil {
			return replaced, err
		}
		if more = len(page) == resealPage; more {
			after = page[len(page)-1].ID
		}
		for _, s := range page {
			value, err := f(s)
			if err != nil && len(s.Value) > 0 {
				return replaced, err
			}
			if value != nil {
				due = append(due, s)
			}
		}
		for size := resealStep; err == nil && len(due) > 0; {
			size = min(size, len(due))
			err = step(func(tx *tx) error {
				for _, s := range due[:size] {
					k, err := tx.AccessKey(s.ID)
					if errors.Is(err, identity.ErrNotFound) {
						continue // deleted since
					}
					if err != nil {
						return err
					}
					s.Value = k.Secret
					err = count(s, func(value []byte) error {
						return tx.execCached(identity.ErrNotFound, updateSecret, value, s.ID)
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
			switch {
			case err == nil:
				due, size = due[size:], resealStep
			case errors.Is(err, identity.ErrUnavailable) && size > 1:
				size, err = size/2, nil
			}
		}
	}
	return replaced, err
}
