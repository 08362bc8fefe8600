package store

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/gofrs/flock"
)

// Private to the owner: also of what is sealed, an attacker shall not even have a copy.
const fileMode = 0o600

// claim makes the file of the database if there is none, and locks it for this
// process. It returns the path that the database is to be opened by: with links
// resolved, so that one file has one lock.
func claim(path string) (real string, lock *flock.Flock, fresh bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	switch {
	case err == nil:
		fresh = true
		err = f.Close()
	case errors.Is(err, fs.ErrExist):
		err = nil
	}
	if err != nil {
		return "", nil, false, err
	}
	if real, err = filepath.EvalSymlinks(path); err != nil {
		return "", nil, false, err
	}
	if real, err = filepath.Abs(real); err != nil {
		return "", nil, false, err
	}
	for _, name := range []string{real, real + "-wal", real + "-shm"} {
		if err := checkMode(name); err != nil {
			return "", nil, false, err
		}
	}
	if lock, err = lockFile(real); err != nil {
		return "", nil, false, err
	}
	return real, lock, fresh, nil
}

// lockFile takes the lock that who has a database open holds.
func lockFile(real string) (*flock.Flock, error) {
	lock := flock.New(real+".lock", flock.SetPermissions(fileMode))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	if !locked {
		return nil, fmt.Errorf("another process is using it (it holds the lock on %s)", lock.Path())
	}
	return lock, nil
}

// checkMode refuses a file that others may read or write. SQLite gives its side files
// the mode of the database.
func checkMode(name string) error {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// Windows has access lists instead, and reports a mode that means nothing.
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o and may hold keys: others could read them; repair with: chmod 600 %s",
			name, mode, strconv.Quote(name))
	}
	return nil
}

// Sizes are in KiB, and are what SQLite may come to use, not what it starts with.
// They hold the upper levels of the B-trees of some million identities; leaves
// come from the kernel's cache by one read. No mmap: with it a disk error would be a
// signal that ends the process instead of an error.
const (
	writerCache = 16 << 10
	readerCache = 8 << 10
)

// The pragmas of every connection. FULL is what makes a commit survive a power
// cut in WAL mode. A checkpoint each 4000 pages (16 MB) costs random inserts less than
// one each 1000, SQLite's default, and still bounds the log. Temporary files
// would be a second place on disk to run full.
var pragmas = []string{
	"busy_timeout(5000)", "synchronous(FULL)", "wal_autocheckpoint(4000)",
	"temp_store(MEMORY)", "mmap_size(0)", "trusted_schema(0)",
}

func writerDSN(path string) string {
	return dsn(path, "journal_mode(WAL)", fmt.Sprintf("cache_size(-%d)", writerCache))
}

func readerDSN(path string) string {
	return dsn(path, "query_only(1)", fmt.Sprintf("cache_size(-%d)", readerCache))
}

func dsn(path string, more ...string) string {
	q := url.Values{
		"_pragma":    append(append([]string{}, pragmas...), more...),
		"_defensive": {"1"},
		"_dqs":       {"0"},
		"_error_rc":  {"1"},
		"mode":       {"rw"},
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}
