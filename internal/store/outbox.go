package store

import (
	"context"
	"database/sql/driver"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// outbox is the part of a transaction that keeps events which wait for the audit log.
type outbox interface {
	events(limit int) ([]audit.Row, error)
	dropEvents(rows []audit.Row) error
}

// record puts into the outbox what the run has done, if it is a call that did it. A call of several
// transactions is one event, in the first that changes something.
func (t *tx) record() error {
	p := audit.From(t.ctx)
	if p == nil || p.Recorded() {
		return nil
	}
	n, err := t.db.engine.number(t.ctx)
	if err != nil {
		return err
	}
	t.recorded, t.added = true, true
	return t.execOne(identity.ErrConflict, insertEvent, n, string(p.Line()))
}

func (t *tx) events(limit int) ([]audit.Row, error) {
	var rows []audit.Row
	err := t.each(selectEvents, func(row []driver.Value) error {
		rows = append(rows, audit.Row{Seq: row[0].(int64), Line: []byte(row[1].(string))})
		return nil
	}, int64(limit))
	return rows, err
}

func (t *tx) dropEvents(rows []audit.Row) error {
	for _, r := range rows {
		if err := t.execAny(deleteEvent, r.Seq); err != nil {
			return err
		}
	}
	return nil
}

// auditStore is the [audit.Store] on a DB.
type auditStore struct{ db *DB }

// Audit returns the outbox of the store's changes.
func (db *DB) Audit() audit.Store { return auditStore{db} }

// Events implements [audit.Store].
func (s auditStore) Events(ctx context.Context, limit int) (rows []audit.Row, err error) {
	err = s.db.read(ctx, func(t fullTx) (err error) {
		rows, err = t.events(limit)
		return err
	})
	return rows, err
}

// Drop implements [audit.Store].
func (s auditStore) Drop(ctx context.Context, rows []audit.Row) error {
	return s.db.write(ctx, func(t fullTx) error { return t.dropEvents(rows) })
}

// Added implements [audit.Store].
func (s auditStore) Added() <-chan struct{} { return s.db.writer.added }
