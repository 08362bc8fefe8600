package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// A fileLoader writes a file beside the one that it is to become, and holds the lock of that.
type fileLoader struct {
	path, making string
	lock         *flock.Flock
	conn         *sqliteConn
	reading      *sqliteConn
	within       bool // in a transaction
}

// loadDSN is of a file that is thrown away unless it comes to its end: nothing is synced before.
func loadDSN(path string) string {
	return dsn(path, "journal_mode(MEMORY)", "synchronous(OFF)", fmt.Sprintf("cache_size(-%d)", 4*writerCache))
}

func newFileLoader(ctx context.Context, path string) (_ *fileLoader, err error) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return nil, err
	}
	l := &fileLoader{path: filepath.Join(dir, filepath.Base(path))}
	l.making = l.path + ".restoring"
	if err := l.free(); err != nil {
		return nil, err
	}
	if l.lock, err = lockFile(l.path); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.abandon()
		}
	}()
	if err := l.free(); err != nil {
		return nil, err
	}
	l.remove() // of one that was cut short
	f, err := os.OpenFile(l.making, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = upgrade(ctx, loadDSN(l.making), schemaVersion)
	}
	if err == nil {
		l.conn, err = connectSQLite(loadDSN(l.making))
	}
	return l, err
}

// free fails when there is a database, or the rest of one.
func (l *fileLoader) free() error {
	for _, name := range []string{l.path, l.path + "-wal", l.path + "-shm"} {
		switch _, err := os.Lstat(name); {
		case err == nil:
			return fmt.Errorf("%w: %s", ErrNotEmpty, name)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}

func (l *fileLoader) add(t *table, row []driver.Value) error {
	if !l.within {
		if _, err := l.conn.exec(beginWrite); err != nil {
			return err
		}
		l.within = true
	}
	n, err := l.conn.exec(t.insert, row...)
	if err == nil && n != 1 {
		err = errTwice
	}
	return err
}

var errTwice = errors.New("a row is there twice")

func (l *fileLoader) flush(*table) error {
	if !l.within {
		return nil
	}
	l.within = false
	_, err := l.conn.exec(commit)
	return err
}

func (l *fileLoader) written() (conn, error) {
	c := l.conn
	l.conn = nil
	if err := c.close(); err != nil {
		return nil, err
	}
	// As a server opens it, which makes it what a server's is.
	var err error
	l.reading, err = connectSQLite(writerDSN(l.making))
	return l.reading, err
}

func (l *fileLoader) finish() error {
	c := l.reading
	l.reading = nil
	if err := c.close(); err != nil {
		return err
	}
	f, err := os.OpenFile(l.making, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	// Unlike a renamed one, a link is not put over what somebody has made meanwhile.
	if err := os.Link(l.making, l.path); err != nil {
		return err
	}
	l.remove()
	return errors.Join(syncDir(filepath.Dir(l.path)), l.lock.Close())
}

func (l *fileLoader) abandon() {
	for _, c := range []*sqliteConn{l.conn, l.reading} {
		if c != nil {
			_ = c.close() // it is thrown away
		}
	}
	l.remove()
	_ = l.lock.Close() // nothing was done under it
}

func (l *fileLoader) remove() {
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		os.Remove(l.making + suffix)
	}
}

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
