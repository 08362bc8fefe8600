package store

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// encodeLogins returns the column logins: [["provider","subject"],…]. JSON would
// change what is not UTF-8, and the table login would hold two equal logins once.
func encodeLogins(logins []identity.Login) (string, error) {
	pairs := make([][2]string, len(logins))
	for n, l := range logins {
		if !utf8.ValidString(l.Provider) || !utf8.ValidString(l.Subject) {
			return "", fmt.Errorf("login %d is not UTF-8", n)
		}
		if slices.Contains(logins[:n], l) {
			return "", fmt.Errorf("login %d repeats another", n)
		}
		pairs[n] = [2]string{l.Provider, l.Subject}
	}
	b, err := json.Marshal(pairs)
	return string(b), err
}

func decodeLogins(text string) ([]identity.Login, error) {
	if text == "[]" {
		return nil, nil
	}
	var pairs [][2]string
	if err := json.Unmarshal([]byte(text), &pairs); err != nil {
		return nil, fmt.Errorf("logins of an identity: %w", err)
	}
	logins := make([]identity.Login, len(pairs))
	for n, p := range pairs {
		logins[n] = identity.Login{Provider: p[0], Subject: p[1]}
	}
	return logins, nil
}

func fromBool(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// The column disabled.
const (
	rowEnabled int64 = iota
	rowMerged
	rowDisabled
)

func disabledOf(i *identity.Identity) int64 {
	switch {
	case i.Merged:
		return rowMerged
	case i.Disabled:
		return rowDisabled
	}
	return rowEnabled
}

// revokedBefore returns the column revoked_before.
func revokedBefore(i *identity.Identity) driver.Value {
	if i.RevokedBefore.IsZero() {
		return nil
	}
	return i.RevokedBefore.UnixMilli()
}

// decodeIdentity reads the columns from authenticated on.
func decodeIdentity(id, poolID string, row []driver.Value) (*identity.Identity, error) {
	logins, err := decodeLogins(row[2].(string))
	if err != nil {
		return nil, err
	}
	i := &identity.Identity{
		ID: id, PoolID: poolID,
		Authenticated: row[0].(int64) != 0,
		Disabled:      row[1].(int64) != rowEnabled,
		Merged:        row[1].(int64) == rowMerged,
		Logins:        logins,
		Created:       toTime(row[3]), Modified: toTime(row[4]),
	}
	if row[5] != nil {
		i.RevokedBefore = toTime(row[5])
	}
	return i, nil
}

func (t *tx) Identity(id string) (*identity.Identity, error) {
	r, g, ok := splitID(id)
	if !ok {
		return nil, identity.ErrNotFound
	}
	row, err := t.first(selectIdentity, g.value())
	if err != nil {
		return nil, err
	}
	// Another query would overwrite the row.
	pool, columns := toGUID(row[0]), slices.Clone(row[1:])
	p, err := t.livePool(pool)
	if err != nil {
		return nil, err
	}
	if region(p) != r {
		return nil, identity.ErrNotFound
	}
	return decodeIdentity(id, p.ID, columns)
}

func (t *tx) IdentityOfLogin(poolID string, l identity.Login) (string, error) {
	p, err := t.Pool(poolID)
	if err != nil {
		return "", err
	}
	_, pool, _ := splitID(poolID)
	row, err := t.first(selectLogin, pool.value(), []byte(l.Provider), []byte(l.Subject))
	if err != nil {
		return "", err
	}
	return joinID(region(p), toGUID(row[0])), nil
}

func (t *tx) LoginsOf(poolID, provider, prefix, after string, limit int) ([]identity.LinkedLogin, error) {
	p, err := t.Pool(poolID)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, pool, _ := splitID(p.ID)
	from := []byte(prefix)
	if after != "" {
		// The first text behind it.
		from = slices.MaxFunc([][]byte{from, []byte(after + "\x00")}, bytes.Compare)
	}
	var logins []identity.LinkedLogin
	err = t.each(selectLogins, func(row []driver.Value) error {
		logins = append(logins, identity.LinkedLogin{
			Subject: string(row[0].([]byte)), IdentityID: joinID(r, toGUID(row[1])), Disabled: row[2].(int64) != rowEnabled,
		})
		return nil
	}, // No text in UTF-8 has the last byte.
		pool.value(), []byte(provider), from, []byte(prefix+"\xff"), int64(limit))
	return logins, err
}

func (t *tx) Identities(poolID string, hideDisabled bool, after identity.Cursor, limit int) ([]*identity.Identity, error) {
	p, err := t.Pool(poolID)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, pool, _ := splitID(p.ID)
	last, err := cursorID(r, after)
	if err != nil {
		return nil, err
	}
	hidden := rowDisabled + 1
	if hideDisabled {
		hidden = rowEnabled + 1
	}
	var identities []*identity.Identity
	err = t.each(selectIdentities, func(row []driver.Value) error {
		i, err := decodeIdentity(joinID(r, toGUID(row[0])), p.ID, row[1:])
		identities = append(identities, i)
		return err
	}, pool.value(), after.Created.UnixMilli(), last, hidden, int64(limit))
	return identities, err
}

func (t *tx) InsertIdentity(i *identity.Identity) error {
	r, g, ok := splitID(i.ID)
	poolRegion, pool, poolOK := splitID(i.PoolID)
	if !ok || !poolOK || r != poolRegion {
		return fmt.Errorf("insert identity %q into pool %q: not REGION:GUID of one region", i.ID, i.PoolID)
	}
	logins, err := encodeLogins(i.Logins)
	if err != nil {
		return fmt.Errorf("insert identity %s: %w", i.ID, err)
	}
	if _, err := t.Pool(i.PoolID); err != nil {
		return err
	}
	// A conflict must be found before anything is written: the closure may
	// go on after it.
	if err := t.checkFree(pool, i.Logins); err != nil {
		return err
	}
	if err := t.execOr(identity.ErrConflict, insertIdentity, g.value(), pool.value(),
		fromBool(i.Authenticated), disabledOf(i), logins, i.Created.UnixMilli(), i.Modified.UnixMilli(), revokedBefore(i), nil); err != nil {
		return err
	}
	return t.link(pool, i.Logins, g)
}

func (t *tx) UpdateIdentity(i *identity.Identity) error {
	_, g, ok := splitID(i.ID)
	if !ok {
		return identity.ErrNotFound
	}
	old, err := t.Identity(i.ID)
	if err != nil {
		return err
	}
	if old.PoolID != i.PoolID {
		return fmt.Errorf("update identity %s of pool %s: it can not move to pool %q", i.ID, old.PoolID, i.PoolID)
	}
	logins, err := encodeLogins(i.Logins)
	if err != nil {
		return fmt.Errorf("update identity %s: %w", i.ID, err)
	}
	_, pool, _ := splitID(i.PoolID)
	added := without(i.Logins, old.Logins)
	if err := t.checkFree(pool, added); err != nil {
		return err
	}
	if err := t.unlink(pool, without(old.Logins, i.Logins)); err != nil {
		return err
	}
	if err := t.link(pool, added, g); err != nil {
		return err
	}
	return t.execOr(identity.ErrNotFound, updateIdentity, fromBool(i.Authenticated), disabledOf(i),
		logins, i.Created.UnixMilli(), i.Modified.UnixMilli(), revokedBefore(i), g.value())
}

func (t *tx) DeleteIdentity(id string) error {
	_, g, ok := splitID(id)
	if !ok {
		return identity.ErrNotFound
	}
	i, err := t.Identity(id)
	if err != nil {
		return err
	}
	_, pool, _ := splitID(i.PoolID)
	if err := t.unlink(pool, i.Logins); err != nil {
		return err
	}
	return t.execOr(identity.ErrNotFound, deleteIdentity, g.value())
}

// without returns the logins of a that are not in b.
func without(a, b []identity.Login) []identity.Login {
	return slices.DeleteFunc(slices.Clone(a), func(l identity.Login) bool { return slices.Contains(b, l) })
}

// checkFree tells whether logins can be linked: ErrConflict.
func (t *tx) checkFree(pool guid, logins []identity.Login) error {
	for _, l := range logins {
		_, err := t.first(selectLogin, pool.value(), []byte(l.Provider), []byte(l.Subject))
		if err == nil {
			return identity.ErrConflict
		}
		if !errors.Is(err, identity.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (t *tx) link(pool guid, logins []identity.Login, to guid) error {
	for _, l := range logins {
		if err := t.execOr(identity.ErrConflict, insertLogin,
			pool.value(), []byte(l.Provider), []byte(l.Subject), to.value()); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) unlink(pool guid, logins []identity.Login) error {
	for _, l := range logins {
		if _, err := t.exec(deleteLogin, pool.value(), []byte(l.Provider), []byte(l.Subject)); err != nil {
			return err
		}
	}
	return nil
}

// A deadIdentity is what is left to remove of an identity of a deleted pool.
type deadIdentity struct {
	id     guid
	logins []identity.Login
}

// purge removes at most limit identities of a deleted pool, and reports how many, and
// whether any are left.
func (t *tx) purge(pool guid, limit int) (n int, more bool, err error) {
	var dead []deadIdentity
	// One more than may go tells whether any are left.
	err = t.each(selectDeadIdentity, func(row []driver.Value) error {
		logins, err := decodeLogins(row[1].(string))
		dead = append(dead, deadIdentity{toGUID(row[0]), logins})
		return err
	}, pool.value(), int64(limit)+1)
	if err != nil {
		return 0, false, err
	}
	n = min(limit, len(dead))
	for _, i := range dead[:n] {
		if err := t.unlink(pool, i.logins); err != nil {
			return 0, false, err
		}
		if _, err := t.exec(deleteIdentity, i.id.value()); err != nil {
			return 0, false, err
		}
	}
	return n, len(dead) > n, nil
}
