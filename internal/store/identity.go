package store

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

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

// modified returns the column modified, which has something to say only of what was modified.
func modified(i *identity.Identity) driver.Value {
	if i.Modified.Equal(i.Created) {
		return nil
	}
	return i.Modified.UnixMilli()
}

// A row of identity, from number to revoked_before.
type identityRow struct {
	number int64
	// guid is nil where it follows from the number.
	guid    driver.Value
	logins  []login
	columns []driver.Value // from authenticated on
}

// readIdentity copies a row, which the next query would overwrite.
func readIdentity(row []driver.Value) (*identityRow, error) {
	r := &identityRow{number: row[0].(int64), guid: row[1], columns: slices.Clone(row[2:])}
	var err error
	r.logins, err = decodeLogins(r.columns[2].([]byte))
	return r, err
}

// inLogin returns what a login has of the identity.
func (r *identityRow) inLogin() int64 {
	n := r.number & maxIdentity
	if r.guid != nil {
		return -n
	}
	return n
}

// identityID returns the id of an identity of the pool.
func (t *tx) identityID(p *pool, number int64, given driver.Value) (string, error) {
	if given != nil {
		return joinID(p.region(), toGUID(given)), nil
	}
	g, err := t.db.ids.guid(number)
	return joinID(p.region(), g), err
}

// decode returns the identity.
func (t *tx) decode(p *pool, r *identityRow) (*identity.Identity, error) {
	id, err := t.identityID(p, r.number, r.guid)
	if err != nil {
		return nil, err
	}
	logins, err := t.named(r.logins)
	if err != nil {
		return nil, fmt.Errorf("identity %s: %w", id, err)
	}
	state, created := r.columns[1].(int64), toTime(r.columns[3])
	i := &identity.Identity{
		ID: id, PoolID: p.ID,
		Authenticated: r.columns[0].(int64) != 0,
		Disabled:      state != rowEnabled,
		Merged:        state == rowMerged,
		Logins:        logins,
		Created:       created, Modified: created,
	}
	if r.columns[4] != nil {
		i.Modified = toTime(r.columns[4])
	}
	if r.columns[5] != nil {
		i.RevokedBefore = toTime(r.columns[5])
	}
	return i, nil
}

// identityRow returns the row of an identity and its pool: ErrNotFound.
func (t *tx) identityRow(id string) (*identityRow, *pool, error) {
	region, g, ok := splitID(id)
	if !ok {
		return nil, nil, identity.ErrNotFound
	}
	row, err := t.rowOf(g)
	if err != nil {
		return nil, nil, err
	}
	r, err := readIdentity(row)
	if err != nil {
		return nil, nil, fmt.Errorf("identity %s: %w", id, err)
	}
	p, err := t.livePoolNumbered(r.number >> poolShift)
	if err == nil && p.region() != region {
		err = identity.ErrNotFound
	}
	return r, p, err
}

// rowOf returns the row of the identity with the GUID: ErrNotFound.
func (t *tx) rowOf(g guid) ([]driver.Value, error) {
	if number, ok := t.db.ids.number(g); ok {
		row, err := t.look(keyOfIdentity(number), number)
		if !errors.Is(err, identity.ErrNotFound) {
			return row, err
		}
	}
	return t.look(keyOfGUID(g), g.value())
}

// locate returns the number of the identity with the GUID: ErrNotFound.
func (t *tx) locate(g guid) (int64, error) {
	row, err := t.rowOf(g)
	if err != nil {
		return 0, err
	}
	return row[0].(int64), nil
}

func (t *tx) Identity(id string) (*identity.Identity, error) {
	r, p, err := t.identityRow(id)
	if err != nil {
		return nil, err
	}
	return t.decode(p, r)
}

func (t *tx) IdentityOfLogin(poolID string, l identity.Login) (string, error) {
	p, err := t.pool(poolID)
	if err != nil {
		return "", err
	}
	provider, err := t.provider(providerKey{p.number, l.Provider})
	if err != nil {
		return "", err
	}
	row, err := t.login(p, login{provider, l.Subject})
	if err != nil {
		return "", err
	}
	return t.identityID(p, p.base()+max(row[0].(int64), -row[0].(int64)), row[1])
}

func (t *tx) IdentityWith(poolID string, l identity.Login) (*identity.Identity, error) {
	if t.seen != nil {
		// Which of two rows was written since is known of each by itself.
		id, err := t.IdentityOfLogin(poolID, l)
		if err != nil {
			return nil, err
		}
		return t.Identity(id)
	}
	p, err := t.pool(poolID)
	if err != nil {
		return nil, err
	}
	provider, err := t.provider(providerKey{p.number, l.Provider})
	if err != nil {
		return nil, err
	}
	key := rowKey{selectIdentityOfLogin, provider, l.Subject}
	row, err := t.look(key, p.base(), provider, []byte(l.Subject))
	if err != nil {
		return nil, err
	}
	r, err := readIdentity(row)
	if err != nil {
		return nil, err
	}
	return t.decode(p, r)
}

func (t *tx) LoginsOf(poolID, provider, prefix, after string, limit int) ([]identity.LinkedLogin, error) {
	p, err := t.pool(poolID)
	var number int64
	if err == nil {
		number, err = t.provider(providerKey{p.number, provider})
	}
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	from := []byte(prefix)
	if after != "" {
		// The first text behind it.
		from = slices.MaxFunc([][]byte{from, []byte(after + "\x00")}, bytes.Compare)
	}
	var logins []identity.LinkedLogin
	err = t.each(selectLogins, func(row []driver.Value) error {
		id, err := t.identityID(p, row[1].(int64), row[2])
		logins = append(logins, identity.LinkedLogin{
			Subject: string(row[0].([]byte)), IdentityID: id, Disabled: row[3].(int64) != rowEnabled,
		})
		return err
	}, // No text in UTF-8 has the last byte.
		p.base(), number, from, []byte(prefix+"\xff"), int64(limit))
	return logins, err
}

func (t *tx) Identities(poolID string, hideDisabled bool, after string, limit int) (page []*identity.Identity, next string, err error) {
	from, err := toPlace(after)
	if err != nil {
		return nil, "", err
	}
	p, err := t.pool(poolID)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	hidden := rowDisabled + 1
	if hideDisabled {
		hidden = rowEnabled + 1
	}
	var rows []*identityRow
	// One more than is returned tells whether there are any.
	err = t.each(selectIdentities, func(row []driver.Value) error {
		r, err := readIdentity(row)
		rows = append(rows, r)
		return err
	}, max(from, p.base()), p.end(), hidden, int64(limit)+1)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = fromPlace(rows[limit-1].number)
	}
	for _, r := range rows {
		i, err := t.decode(p, r)
		if err != nil {
			return nil, "", err
		}
		page = append(page, i)
	}
	return page, next, nil
}

func (t *tx) InsertIdentity(i *identity.Identity) error {
	p, err := t.pool(i.PoolID)
	if err != nil {
		return err
	}
	// A conflict must be found before anything is written: the closure may
	// go on after it.
	logins, err := t.numbered(p, i.Logins)
	if err != nil {
		return fmt.Errorf("insert identity %q: %w", i.ID, err)
	}
	if err := t.checkFree(p, logins); err != nil {
		return err
	}
	r := new(identityRow)
	if i.ID != "" {
		region, g, ok := splitID(i.ID)
		if !ok || region != p.region() {
			return fmt.Errorf("insert identity %q into pool %q: not REGION:GUID of one region", i.ID, i.PoolID)
		}
		if _, err := t.rowOf(g); !errors.Is(err, identity.ErrNotFound) {
			if err == nil {
				err = identity.ErrConflict
			}
			return err
		}
		r.guid = g.value()
	}
	if err := t.number(p, i.Logins, logins); err != nil {
		return err
	}
	if i.ID != "" {
		err = t.insertAs(p, r, i, logins)
	} else {
		err = t.insertNew(p, r, i, logins)
	}
	if err != nil {
		return err
	}
	return t.link(logins, r)
}

// insertAs inserts an identity whose GUID was given, and gives it a number.
func (t *tx) insertAs(p *pool, r *identityRow, i *identity.Identity, logins []login) (err error) {
	if r.number, err = t.newIdentityNumber(p); err != nil {
		return err
	}
	if err := t.execOne(identity.ErrConflict, insertGUID, r.guid, r.number); err != nil {
		return err
	}
	t.forgetIdentity(r)
	return t.execOne(identity.ErrConflict, insertIdentity, r.number, r.guid, fromBool(i.Authenticated), disabledOf(i),
		encodeLogins(logins), i.Created.UnixMilli(), modified(i), revokedBefore(i), nil)
}

// insertNew gives an identity a number, and the id that follows from it.
func (t *tx) insertNew(p *pool, r *identityRow, i *identity.Identity, logins []login) error {
	for {
		var err error
		if r.number, err = t.newIdentityNumber(p); err != nil {
			return err
		}
		g, err := t.db.ids.guid(r.number)
		if err != nil {
			return err
		}
		t.forgetIdentity(r)
		err = t.execOne(identity.ErrConflict, insertNewIdentity, r.number, fromBool(i.Authenticated), disabledOf(i),
			encodeLogins(logins), i.Created.UnixMilli(), modified(i), revokedBefore(i), g.value())
		if errors.Is(err, identity.ErrConflict) {
			continue // the GUID was given to another identity: the next number has another one
		}
		if err == nil {
			i.ID = joinID(p.region(), g)
		}
		return err
	}
}

func (t *tx) UpdateIdentity(i *identity.Identity) error {
	r, p, err := t.identityRow(i.ID)
	if err != nil {
		return err
	}
	if p.ID != i.PoolID {
		return fmt.Errorf("update identity %s of pool %s: it can not move to pool %q", i.ID, p.ID, i.PoolID)
	}
	logins, err := t.numbered(p, i.Logins)
	if err != nil {
		return fmt.Errorf("update identity %s: %w", i.ID, err)
	}
	if err := t.checkFree(p, without(logins, r.logins)); err != nil {
		return err
	}
	if err := t.number(p, i.Logins, logins); err != nil {
		return err
	}
	if err := t.unlink(without(r.logins, logins)); err != nil {
		return err
	}
	if err := t.link(without(logins, r.logins), r); err != nil {
		return err
	}
	t.forgetIdentity(r)
	return t.execOne(identity.ErrNotFound, updateIdentity, fromBool(i.Authenticated), disabledOf(i),
		encodeLogins(logins), i.Created.UnixMilli(), modified(i), revokedBefore(i), r.number)
}

func (t *tx) DeleteIdentity(id string) error {
	r, _, err := t.identityRow(id)
	if err != nil {
		return err
	}
	if err := t.unlink(r.logins); err != nil {
		return err
	}
	return t.removeIdentity(r)
}

// removeIdentity removes an identity that has no logins any more.
func (t *tx) removeIdentity(r *identityRow) error {
	if r.guid != nil {
		if err := t.execAny(deleteGUID, r.guid); err != nil {
			return err
		}
	}
	t.forgetIdentity(r)
	return t.execOne(identity.ErrNotFound, deleteIdentity, r.number)
}

// purge removes at most limit identities of a deleted pool, and reports how many, and
// whether any are left.
func (t *tx) purge(p *pool, limit int) (n int, more bool, err error) {
	var dead []*identityRow
	// One more than may go tells whether any are left.
	err = t.each(selectDeadIdentity, func(row []driver.Value) error {
		logins, err := decodeLogins(row[2].([]byte))
		dead = append(dead, &identityRow{number: row[0].(int64), guid: row[1], logins: logins})
		return err
	}, p.base(), p.end(), int64(limit)+1)
	if err != nil {
		return 0, false, err
	}
	n = min(limit, len(dead))
	for _, r := range dead[:n] {
		if err := t.unlink(r.logins); err != nil {
			return 0, false, err
		}
		if err := t.removeIdentity(r); err != nil {
			return 0, false, err
		}
	}
	return n, len(dead) > n, nil
}
