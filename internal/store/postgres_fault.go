package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

var (
	// errStale: rows in memory have been changed meanwhile.
	errStale      = errors.New("cached rows are not current")
	errNoRevision = errors.New("the row of the revision is not there")
	errNoCounter  = errors.New("the row of the counter is not there")
	// errNotCommitted: a connection was lost in a commit, which has not taken place.
	errNotCommitted = errors.New("the connection was lost before the transaction was committed")
	errRolledBack   = errors.New("the server has rolled back what was to be committed")
	// errRaced: a statement whose answer nobody had waited for has not changed the row that it was to.
	errRaced = errors.New("a row is not as it was read")
	// errArgument: a value that no column takes. Nothing was sent.
	errArgument = errors.New("not a value for a statement")
	errSlow     = errors.New("the database has not answered in time")
)

// The codes of errors by which a transaction has lost a race. Source: PostgreSQL's manual,
// appendix A.
const (
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeUnique        = "23505"
	codeLockTimeout   = "55P03"
	codeTableExists   = "42P07" // although it was only to be made if it does not
	codeColumnExists  = "42701"
	codeObjectExists  = "42710"
	codeUndefined     = "42P01" // table
)

func pgCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// answered reports whether the server has said what has become of a transaction: an error, not
// that the connection or the server ends.
func answered(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.SeverityUnlocalized == "ERROR" || e.Severity == "ERROR") && e.Code != "40003"
}

// raced reports whether a transaction has lost a race.
func raced(err error) bool {
	switch pgCode(err) {
	case codeSerialization, codeDeadlock, codeUnique, codeLockTimeout, codeTableExists, codeColumnExists, codeObjectExists:
		return true
	}
	return errors.Is(err, errRaced)
}

// lost reports whether a connection has failed, or could not be had for now, as when the server starts.
func lost(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return !errors.Is(err, errClosed) && !errors.Is(err, errUnknown) && !errors.Is(err, context.Canceled)
	}
	switch e.Code[:2] {
	case "08", "57": // connection exception, operator intervention
		return true
	}
	return e.Code == "53300" // too many connections
}

const (
	// raceTries and lostTries bound how often closures run again. The last of the pauses, which
	// double, is pauseMost; a server that is started anew has some seconds.
	raceTries = 30
	lostTries = 12
	pauseMost = 500 * time.Millisecond
)

// again implements [engine]. Races end soon, since of those that race one always wins.
func (e *postgresEngine) again(err error, tries int) bool {
	if !errors.Is(err, identity.ErrUnavailable) {
		return false // it is not the database's
	}
	pause, most := time.Millisecond, raceTries
	if !raced(err) {
		if !lost(err) {
			return false
		}
		pause, most = 20*time.Millisecond, lostTries
	}
	if tries >= most {
		return false
	}
	pause = min(pause<<min(tries, 10), pauseMost)
	timer := time.NewTimer(pause/2 + rand.N(pause/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-e.db.closing:
		return false
	}
}
