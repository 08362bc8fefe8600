package store

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// A kind says how the entities of one kind are kept: T is the record, D the column doc.
type kind[T, D any] struct {
	// name is the column kind.
	name   string
	cached func(*cache) *rows[entityKey, *T]
	// common is what the record has in common with those of other kinds.
	common func(*T) *principal.Entity
	// encode and decode convert between the record and its document, which has
	// all of it but what has a column of its own.
	encode func(*T) D
	decode func(D, *T)
}

// entities are those of one kind in a transaction.
type entities[T, D any] struct {
	t *tx
	k *kind[T, D]
}

func (k *kind[T, D]) of(t *tx) principal.Entities[T] { return entities[T, D]{t, k} }

func (k *kind[T, D]) ofView(t readTx) principal.Entities[T] {
	return readEntities[T, D]{entities[T, D]{t.tx, k}}
}

// An entityKey names one entity of a kind.
type entityKey struct{ account, key string }

// fold returns the name as the column key has it.
func fold(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// columns returns the columns name, id, doc and created.
func (e entities[T, D]) columns(v *T) ([]driver.Value, error) {
	c := e.k.common(v)
	// JSON would change what is not UTF-8. Printed, a record, which has no pointers,
	// has each of its texts as it is, with ASCII between them.
	if !utf8.ValidString(fmt.Sprint(v)) {
		return nil, fmt.Errorf("%s %+q of %s is not UTF-8", e.k.name, c.Name, c.Account)
	}
	doc, err := json.Marshal(e.k.encode(v))
	if err != nil {
		return nil, fmt.Errorf("%s %s of %s: %w", e.k.name, c.Name, c.Account, err)
	}
	return []driver.Value{c.Name, c.ID, string(doc), c.Created.UnixMilli()}, nil
}

// record is the inverse of columns.
func (e entities[T, D]) record(account string, columns []driver.Value) (*T, error) {
	v := new(T)
	c := e.k.common(v)
	c.Account, c.Name, c.ID, c.Created = account, columns[0].(string), columns[1].(string), toTime(columns[3])
	var doc D
	if err := json.Unmarshal([]byte(columns[2].(string)), &doc); err != nil {
		return nil, fmt.Errorf("%s %s of %s: %w", e.k.name, c.Name, account, err)
	}
	e.k.decode(doc, v)
	return v, nil
}

func (e entities[T, D]) Get(account, name string) (*T, error) {
	k := entityKey{account, fold(name)}
	c := e.t.cache
	if c != nil {
		if v, ok := e.k.cached(c).get(k); ok {
			return v, nil
		}
	}
	row, err := e.t.first(selectEntity, account, e.k.name, []byte(k.key))
	if err != nil {
		return nil, err
	}
	v, err := e.record(account, row)
	if err != nil {
		return nil, err
	}
	if c != nil && len(row[2].(string)) <= cachedDoc {
		e.k.cached(c).put(k, v)
	}
	return v, nil
}

func (e entities[T, D]) List(account, after string, limit int) ([]*T, error) {
	var list []*T
	err := e.t.each(selectEntities, func(row []driver.Value) error {
		v, err := e.record(account, row)
		list = append(list, v)
		return err
	}, account, e.k.name, []byte(fold(after)), int64(limit))
	return list, err
}

func (e entities[T, D]) Insert(v *T) error {
	columns, err := e.columns(v)
	if err != nil {
		return fmt.Errorf("insert %w", err)
	}
	c := e.k.common(v)
	key := []driver.Value{c.Account, e.k.name, []byte(fold(c.Name))}
	return e.t.execCached(identity.ErrConflict, insertEntity, append(key, columns...)...)
}

func (e entities[T, D]) Update(v *T) error {
	columns, err := e.columns(v)
	if err != nil {
		return fmt.Errorf("update %w", err)
	}
	c := e.k.common(v)
	return e.t.execCached(identity.ErrNotFound, updateEntity, append(columns, c.Account, e.k.name, []byte(fold(c.Name)))...)
}

// Rename makes another row of one with another key: a key says where a row is.
func (e entities[T, D]) Rename(name string, to *T) error {
	c := e.k.common(to)
	from, key := fold(name), fold(c.Name)
	if from == key {
		return e.Update(to)
	}
	// What can fail must before anything is written, as with logins.
	if _, err := e.columns(to); err != nil {
		return fmt.Errorf("rename %w", err)
	}
	if err := e.find(c.Account, from); err != nil {
		return err
	}
	if err := e.find(c.Account, key); !errors.Is(err, identity.ErrNotFound) {
		if err == nil {
			err = identity.ErrConflict
		}
		return err
	}
	if err := e.Delete(c.Account, name); err != nil {
		return err
	}
	return e.Insert(to)
}

// find tells whether there is an entity with the key: ErrNotFound.
func (e entities[T, D]) find(account, key string) error {
	_, err := e.t.first(selectEntityKey, account, e.k.name, []byte(key))
	return err
}

func (e entities[T, D]) Delete(account, name string) error {
	return e.t.execCached(identity.ErrNotFound, deleteEntity, account, e.k.name, []byte(fold(name)))
}
