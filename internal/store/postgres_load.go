package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

// connectOnce opens one connection, for what takes as long as it takes: ctx alone bounds it. It returns
// the database's name for people, too.
func connectOnce(ctx context.Context, url string) (*pgConn, string, error) {
	config, _, prepare, err := parseURL(url)
	if err != nil {
		return nil, "of the URL", err
	}
	name := fmt.Sprintf("%s on %s:%d", config.Database, config.Host, config.Port)
	e := &postgresEngine{config: config, prepare: prepare, db: &DB{closing: make(chan struct{})}}
	c, err := e.connect(ctx)
	if err != nil {
		return nil, name, err
	}
	// Who reads from us or writes to us may be slow.
	if err := c.c.Exec(ctx, "SET idle_in_transaction_session_timeout = 0").Close(); err != nil {
		c.close()
		return nil, name, unavailable("connect", err)
	}
	c.within(ctx)
	return c, name, nil
}

// A databaseLoader writes in one transaction.
type databaseLoader struct {
	c     *pgConn
	ctx   context.Context
	batch bytes.Buffer
	rows  int64
}

func newDatabaseLoader(ctx context.Context, url string) (_ *databaseLoader, name string, err error) {
	c, name, err := connectOnce(ctx, url)
	if err != nil {
		return nil, name, err
	}
	if err := migratePostgres(ctx, c, true, nil); err != nil {
		c.close()
		return nil, name, err
	}
	l := &databaseLoader{c: c, ctx: ctx}
	c.within(ctx) // the migration has bounds of its own
	_, err = c.exec(beginSettling)
	for _, t := range tables {
		var row []driver.Value
		if err == nil {
			row, err = c.first(selectOne(t))
		}
		if err == nil && row != nil {
			err = fmt.Errorf("%w: table %s", ErrNotEmpty, t.Name)
		}
	}
	if err != nil {
		l.abandon()
		return nil, name, err
	}
	return l, name, nil
}

// The form of COPY. Source: PostgreSQL's manual, COPY, "Binary Format".
var (
	copyHead = append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)
	copyTail = []byte{0xff, 0xff}
)

func (l *databaseLoader) add(t *table, row []driver.Value) error {
	if l.rows == 0 {
		l.batch.Reset()
		l.batch.Write(copyHead)
	}
	l.rows++
	b := binary.BigEndian.AppendUint16(l.batch.AvailableBuffer(), uint16(len(row)))
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			b = binary.BigEndian.AppendUint32(b, 0xffffffff)
		case int64:
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), uint64(v))
		case string:
			if strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
				return fmt.Errorf("column %s: %q is no text for PostgreSQL", t.Columns[i].Name, v)
			}
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		}
	}
	l.batch.Write(b)
	return nil
}

func (l *databaseLoader) flush(t *table) error {
	if l.rows == 0 {
		return nil
	}
	l.batch.Write(copyTail)
	tag, err := l.c.c.CopyFrom(l.ctx, &l.batch, string(copyInto(t)))
	switch {
	case pgCode(err) == codeUnique:
		return fmt.Errorf("%w, or a server has begun to use the database: %w", errTwice, err)
	case err != nil:
		return unavailable("write table "+t.Name, err)
	case tag.RowsAffected() != l.rows:
		return fmt.Errorf("table %s: of %d rows, %d were taken", t.Name, l.rows, tag.RowsAffected())
	}
	l.rows = 0
	return nil
}

func (l *databaseLoader) written() (conn, error) { return l.c, nil }

func (l *databaseLoader) finish() error {
	row, err := l.c.first(selectLastEvent)
	if err == nil && row != nil {
		_, err = l.c.exec(skipCount, row[0].(int64)+1, "event")
	}
	if err == nil {
		_, err = l.c.exec(updateRevision)
	}
	if err != nil {
		return unavailable("finish", err)
	}
	var tag pgconn.CommandTag
	results, err := l.c.c.Exec(l.ctx, string(commit)).ReadAll()
	if err == nil {
		tag = results[0].CommandTag
	}
	switch {
	case err != nil && !answered(err):
		return fmt.Errorf("the connection was lost in the commit: see whether the database has rows: %w", err)
	case err != nil:
		return unavailable("commit", err)
	case tag.String() != "COMMIT":
		return errRolledBack
	}
	l.c.close()
	return nil
}

func (l *databaseLoader) abandon() { l.c.close() }
