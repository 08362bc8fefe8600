package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/poolkeeper/poolkeeper/internal/dump"
)

// A Snapshot is all that a store has at one instant. Whoever has the store open goes on
// meanwhile. It is used by one goroutine.
type Snapshot struct {
	c     conn
	close func() error
}

// Progress is told how many rows of a table have been read or written so far.
type Progress func(table string, rows int64)

// OpenSnapshot begins to read a store, without a lock: other processes may have it open. Of
// cfg, Migrate counts for nothing: a schema of another version than this program's is refused.
func OpenSnapshot(ctx context.Context, cfg Config) (*Snapshot, error) {
	s, name := new(Snapshot), cfg.Path
	var err error
	if cfg.Path != "" {
		err = s.openFile(cfg.Path)
	} else {
		name, err = s.openDatabase(ctx, cfg.URL)
	}
	if err != nil {
		return nil, fmt.Errorf("read store %s: %w", name, err)
	}
	return s, nil
}

// openFile begins a transaction. In WAL mode the writer does not wait for it; the log can not be
// emptied until it ends.
func (s *Snapshot) openFile(path string) error {
	path, err := filepath.EvalSymlinks(path)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return err
	}
	if err := checkMode(path); err != nil {
		return err
	}
	c, err := connectSQLite(readerDSN(path))
	if err != nil {
		return err
	}
	have := int64(0)
	if _, err = c.exec(beginRead); err == nil {
		have, err = version(c)
	}
	if err == nil {
		err = sameSchema(have)
	}
	if err != nil {
		return errors.Join(err, c.close())
	}
	s.c, s.close = c, func() error {
		c.endRead()
		return c.close()
	}
	return nil
}

func (s *Snapshot) openDatabase(ctx context.Context, url string) (name string, err error) {
	c, name, err := connectOnce(ctx, url)
	if err != nil {
		return name, err
	}
	have := int64(0)
	if _, err = c.exec(beginSnapshot); err == nil {
		have, err = pgVersion(c)
	}
	if err == nil {
		err = sameSchema(have)
	}
	if err != nil {
		c.close()
		return name, err
	}
	s.c, s.close = c, func() error {
		c.close()
		return nil
	}
	return name, nil
}

// sameSchema refuses a schema that this program would have to change.
func sameSchema(have int64) error {
	switch {
	case have > schemaVersion:
		return newerSchema(have)
	case have < schemaVersion:
		return fmt.Errorf("%w: it has version %d, this program %d", ErrOldSchema, have, schemaVersion)
	}
	return nil
}

// Close ends the reading.
func (s *Snapshot) Close() error { return s.close() }

// Dump writes all of it and returns what each table sums up to. h has its schema and account
// filled in.
func (s *Snapshot) Dump(ctx context.Context, out io.Writer, h dump.Header, progress Progress) ([]dump.Sum, error) {
	h.Schema = schemaVersion
	if row, err := s.c.first(selectSetting, "account"); err != nil {
		return nil, unavailable("read the account", err)
	} else if row != nil {
		h.Account = string(row[0].([]byte))
	}
	w, err := dump.NewWriter(out, h)
	if err != nil {
		return nil, err
	}
	sums, err := dumpTables(ctx, s.c, w, progress)
	if err != nil {
		return nil, err
	}
	return sums, w.Close()
}

// dumpTables writes all tables. After an error the connection is to be closed.
func dumpTables(ctx context.Context, c conn, w *dump.Writer, progress Progress) ([]dump.Sum, error) {
	sums := make([]dump.Sum, 0, len(tables))
	for _, t := range tables {
		if err := w.Begin(t.Table); err != nil {
			return nil, err
		}
		var rows int64
		var failed error
		err := c.each(selectAll(t), func(row []driver.Value) error {
			if rows++; rows%1024 == 0 {
				progress(t.Name, rows)
			}
			if failed = ctx.Err(); failed == nil {
				failed = w.Row(row)
			}
			if pg, ok := c.(*pgConn); ok && failed != nil {
				pg.end() // the server is not to send the rest
			}
			return failed
		})
		if failed != nil {
			err = failed
		}
		if err != nil {
			return nil, fmt.Errorf("read table %s: %w", t.Name, err)
		}
		progress(t.Name, rows)
		sum, err := w.End()
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, nil
}
