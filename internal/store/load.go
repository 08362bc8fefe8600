package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/poolkeeper/poolkeeper/internal/dump"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// ErrNotEmpty is that there is something already where a store was to be written.
var ErrNotEmpty = errors.New("there is a store already; only an empty one is written to")

// A Loading says how a store is written.
type Loading struct {
	// Check, if given, is called with each sealed value before it is written. What it fails
	// with ends the loading.
	Check func(Sealed) error
	// Progress is required.
	Progress Progress
}

// A loader writes to an empty store what nobody sees until it has finished.
type loader interface {
	// add takes a row, and flush writes those that were taken.
	add(t *table, row []driver.Value) error
	flush(t *table) error
	// written reads what was written.
	written() (conn, error)
	// finish makes all of it durable and visible; it does nothing else after abandon.
	finish() error
	abandon()
}

// Load writes what a snapshot has dumped to the store that cfg names: a file that is not there,
// or a database that has no rows, whose schema it makes. All of it is there when Load returns nil, after it was
// read again and compared; else nothing is. In memory is one batch at a time.
// [ErrNotEmpty], [dump.ErrForeign], [dump.ErrDamaged].
func Load(ctx context.Context, cfg Config, in io.Reader, how Loading) (h dump.Header, sums []dump.Sum, err error) {
	r, err := dump.NewReader(in)
	if err != nil {
		return h, nil, err
	}
	h = r.Header()
	switch {
	case h.Schema > schemaVersion:
		return h, nil, newerSchema(h.Schema)
	case h.Schema < schemaVersion:
		return h, nil, fmt.Errorf("it has schema version %d, this program %d: restore it with the program that wrote it, then start this one", h.Schema, schemaVersion)
	}
	var l loader
	name := cfg.Path
	if cfg.Path != "" {
		l, err = newFileLoader(ctx, cfg.Path)
	} else {
		l, name, err = newDatabaseLoader(ctx, cfg.URL)
	}
	if err == nil {
		sums, err = load(ctx, l, r, how)
	}
	if err != nil {
		return h, nil, fmt.Errorf("write store %s: %w", name, err)
	}
	return h, sums, nil
}

func load(ctx context.Context, l loader, r *dump.Reader, how Loading) ([]dump.Sum, error) {
	sums, err := loadTables(ctx, l, r, how)
	var c conn
	if err == nil {
		c, err = l.written()
	}
	if err == nil {
		var again []dump.Sum
		again, err = sumsOf(ctx, c, how.Progress)
		for i, sum := range again {
			if sum != sums[i] {
				err = errors.Join(err, fmt.Errorf("table %s: %d rows were written and are not what was read (%d rows)", sum.Table, sum.Rows, sums[i].Rows))
			}
		}
	}
	if err == nil {
		err = l.finish()
	}
	if err != nil {
		l.abandon()
		return nil, err
	}
	return sums, nil
}

// sumsOf sums up what there is.
func sumsOf(ctx context.Context, c conn, progress Progress) ([]dump.Sum, error) {
	w, err := dump.NewWriter(io.Discard, dump.Header{})
	if err != nil {
		return nil, err
	}
	return dumpTables(ctx, c, w, func(table string, rows int64) { progress("check "+table, rows) })
}

func loadTables(ctx context.Context, l loader, r *dump.Reader, how Loading) ([]dump.Sum, error) {
	var sums []dump.Sum
	sealed := false
	for _, t := range tables {
		got, err := r.Next()
		if errors.Is(err, io.EOF) || err == nil && (got.Name != t.Name || !slices.Equal(got.Columns, t.Columns)) {
			err = fmt.Errorf("%w: table %s of schema version %d is due", dump.ErrDamaged, t.Name, schemaVersion)
		}
		for rows := int64(0); err == nil; {
			var batch dump.Batch
			if batch, err = r.Batch(); err != nil {
				break
			}
			err = batch.Each(func(row []driver.Value) error {
				rows++
				if t.sealed != nil {
					if s, ok := t.sealed(row); ok {
						sealed = sealed || s.Table == "setting" && s.ID == identity.SettingSeal
						if how.Check != nil {
							if err := how.Check(s); err != nil {
								return err
							}
						}
					}
				}
				return l.add(t, row)
			})
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = l.flush(t)
			}
			how.Progress(t.Name, rows)
		}
		if !errors.Is(err, io.EOF) {
			return nil, err
		}
		if !sealed {
			return nil, fmt.Errorf("%w: it is of a store that no server has begun to use", dump.ErrForeign)
		}
		sums = append(sums, r.Sum())
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = fmt.Errorf("%w: more tables than there are in schema version %d", dump.ErrDamaged, schemaVersion)
		}
		return nil, err
	}
	return sums, nil
}
