package store

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return sqlite3.SQLITE_OK
}

// fatal tells whether a failed write transaction means that no later one may be
// acknowledged. After a failed write or sync the kernel counts the pages as
// clean: a later sync that succeeds proves nothing.
//
// A full disk shows as SQLITE_FULL, or, when it is the shared memory file that can not
// grow, as one of the codes listed here. That passes when there is space again.
func fatal(err error) bool {
	if errors.Is(err, errMoved) {
		return true
	}
	switch c := code(err); c {
	case sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP,
		sqlite3.SQLITE_IOERR_NOMEM:
		return false
	default:
		switch c & 0xff {
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return true
		}
		return false
	}
}
