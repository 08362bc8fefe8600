package pgtest

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A bouncer is a PgBouncer before the shared server, with its socket in a directory of its own.
type bouncer struct {
	dir string
	// wait ends it when it is closed, as it is when nothing refers to it any more.
	wait io.Closer
}

// pooler is the bouncer of a test process.
var pooler = sync.OnceValues(func() (*bouncer, error) {
	const program = "/usr/sbin/pgbouncer"
	if _, err := os.Stat(program); err != nil {
		return nil, errors.Join(errMissing, err)
	}
	server, err := shared()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pk-pool-")
	if err != nil {
		return nil, err
	}
	// A transaction gets the server's connection that has been idle for longest: so one after the other get different
	// ones.
	ini := filepath.Join(dir, "pgbouncer.ini")
	err = os.WriteFile(ini, fmt.Appendf(nil, `[databases]
* = host=%s user=poolkeeper
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = %s
auth_type = any
pool_mode = transaction
server_round_robin = 1
min_pool_size = 2
default_pool_size = 8
max_client_conn = 1000
`, server.dir, dir), 0o644)
	if err != nil {
		return nil, err
	}
	as, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	_, wait, err := run(as, dir, dir, program, ini)
	if err != nil {
		return nil, err
	}
	return &bouncer{dir, wait}, answers(through(dir, "postgres"), dir)
})

// through is the URL of a database of the shared server by the pooler in a directory.
func through(dir, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("poolkeeper"), Path: "/" + database, RawQuery: url.Values{"host": {dir}}.Encode()}
	return u.String()
}

// Pooled returns a URL at which there is nothing yet. It leads to the server of this test process by a pooler that
// gives each transaction another connection: PgBouncer in its transaction mode.
func Pooled(t testing.TB) string {
	t.Helper()
	server, err := shared()
	need(t, err)
	b, err := pooler()
	need(t, err)
	// The pooler knows databases, not schemas.
	name := fmt.Sprint("pooled", server.databases.Add(1))
	if err := execute(t.Context(), server.url(""), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return through(b.dir, name)
}
